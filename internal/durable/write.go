package durable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Permissions of nearly everything that telekeep stores: its owner's alone.
const (
	PrivateFile fs.FileMode = 0o600
	PrivateDir  fs.FileMode = 0o700
)

// Create saves data under a name that must be free: fs.ErrExist if it is taken. The
// directory must exist. ready, if not nil, is asked just before the file gets its
// name; an error of it stops everything and is returned.
func Create(t Tree, name string, data []byte, perm fs.FileMode, ready func() error) error {
	return save(t, name, data, perm, false, ready)
}

// Replace saves data under a name that may be taken; then readers see the old bytes or
// the new ones and nothing between. The directory must exist.
func Replace(t Tree, name string, data []byte, perm fs.FileMode) error {
	return save(t, name, data, perm, true, nil)
}

// WriteFile is Replace for one path of the file system: state, keys and sessions.
// perm are the permissions of the new file, less the umask.
func WriteFile(name string, data []byte, perm fs.FileMode) error {
	return inDir(name, func(t Tree, base string) error { return Replace(t, base, data, perm) })
}

// CreateFile is Create for one path of the file system: what must not be overwritten.
func CreateFile(name string, data []byte, perm fs.FileMode) error {
	return inDir(name, func(t Tree, base string) error { return Create(t, base, data, perm, nil) })
}

func inDir(name string, f func(t Tree, base string) error) error {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(f(Below(root), filepath.Base(name)), root.Close())
}

// MkdirAll makes a directory and its parents below t, durably. Directories that are
// there already are fine, but their names are synced too: whoever made them may not
// have got that far.
func MkdirAll(t Tree, name string, perm fs.FileMode) error {
	if name == "." || name == "" {
		return nil
	}
	parent := path.Dir(name)
	if err := MkdirAll(t, parent, perm); err != nil {
		return err
	}
	if err := t.Mkdir(name, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return t.SyncDir(parent)
}

// MkdirPath is MkdirAll for a path of the file system. Only directories that are
// missing are made and synced; their parents exist and are not ours.
func MkdirPath(dir string, perm fs.FileMode) error {
	dir = filepath.Clean(dir)
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("there is a file with this name")}
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirPath(parent, perm); err != nil {
			return err
		}
	}
	root, err := os.OpenRoot(parent)
	if err != nil {
		return err
	}
	err = MkdirAll(Below(root), filepath.Base(dir), perm)
	if err != nil {
		_ = root.Remove(filepath.Base(dir)) // next time it would be there, and taken for durable
	}
	return errors.Join(err, root.Close())
}

func save(t Tree, name string, data []byte, perm fs.FileMode, replace bool, ready func() error) error {
	temporary := path.Join(path.Dir(name), TemporaryName())
	f, err := t.Create(temporary, perm)
	if err != nil {
		return err
	}
	if err := fill(f, data); err != nil {
		return discard(t, temporary, err)
	}
	if ready != nil {
		if err := ready(); err != nil {
			return discard(t, temporary, err)
		}
	}
	if err := t.Rename(temporary, name, replace); err != nil {
		return discard(t, temporary, err)
	}
	return t.SyncDir(path.Dir(name))
}

// fill writes, syncs and closes. Close comes last and always: some network file
// systems report a full disk only there.
func fill(f File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// discard removes a temporary file after err. If that fails too there is a file left
// that Sweep will find; the first error is the one to tell.
func discard(t Tree, temporary string, err error) error {
	if removeErr := t.Remove(temporary); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
		return fmt.Errorf("%w (and its temporary file stays: %w)", err, removeErr)
	}
	return err
}

// TemporaryName returns a new hidden name, ".tk-" and 26 random characters and ".tmp".
func TemporaryName() string {
	return temporaryPrefix + strings.ToLower(rand.Text()) + temporarySuffix
}

const (
	temporaryPrefix = ".tk-"
	temporarySuffix = ".tmp"
)

// IsTemporary reports whether the last element of name is that of a file which this
// package is writing or was writing when it was stopped.
func IsTemporary(name string) bool {
	base := path.Base(name)
	middle, ok := strings.CutPrefix(base, temporaryPrefix)
	if !ok {
		return false
	}
	middle, ok = strings.CutSuffix(middle, temporarySuffix)
	return ok && len(middle) == 26 && strings.Trim(middle, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
