package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
)

// A Tree is a directory with everything below it, reduced to the steps that saving
// needs. Names are relative slash paths; "." is the directory itself. Root makes one
// of an os.Root; tests wrap it to watch the steps or to let one fail.
type Tree interface {
	// Mkdir makes one directory. fs.ErrExist if there is something with that name.
	Mkdir(name string, perm fs.FileMode) error
	// Create makes a new file for writing. fs.ErrExist if there is something.
	Create(name string, perm fs.FileMode) (File, error)
	// Rename gives a file another name in the same directory. If replace is false and
	// the name is taken it is fs.ErrExist and nothing changes.
	Rename(from, to string, replace bool) error
	// Remove removes one file.
	Remove(name string) error
	// Sync makes the bytes of a file durable that is there already.
	Sync(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
}

// A File is a new file that is being written.
type File interface {
	io.WriteCloser
	Sync() error
}

// A Root is the Tree of the real file system below an os.Root.
type Root struct {
	root   *os.Root
	naming *sync.Mutex // held where a name is looked at before it is given
}

// Below returns the Tree of everything below root, which stays the caller's to close.
func Below(root *os.Root) Root { return Root{root, new(sync.Mutex)} }

// Mkdir implements Tree.
func (r Root) Mkdir(name string, perm fs.FileMode) error { return r.root.Mkdir(name, perm) }

// Create implements Tree. On Unix the file is locked for as long as it is open, which
// is how Sweep sees that somebody is still writing it.
func (r Root) Create(name string, perm fs.FileMode) (File, error) {
	f, err := r.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, err
	}
	lock(f) // where locks do not work, Sweep waits for days instead
	return f, nil
}

// Rename implements Tree.
func (r Root) Rename(from, to string, replace bool) error {
	if replace {
		return r.root.Rename(from, to)
	}
	err := renameNew(r.root, from, to)
	if errors.Is(err, errNoLinks) {
		r.naming.Lock()
		defer r.naming.Unlock()
		return checkedRename(r.root, from, to)
	}
	return err
}

// Remove implements Tree.
func (r Root) Remove(name string) error { return r.root.Remove(name) }

// Sync implements Tree.
func (r Root) Sync(name string) error {
	f, err := r.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// SyncDir implements Tree. File systems that cannot sync a directory (some FUSE and
// SMB mounts answer EINVAL or ENOTSUP) are taken as they are: there is nothing
// better to do there.
func (r Root) SyncDir(name string) error {
	err := r.Sync(name)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// errNoLinks is a file system without hard links.
var errNoLinks = errors.New("no hard links here")

// linkNew is renameNew with a hard link, which no system replaces a file with.
func linkNew(root *os.Root, from, to string) error {
	err := root.Link(from, to)
	switch {
	case err == nil:
		return root.Remove(from)
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EMLINK), errors.Is(err, errors.ErrUnsupported):
		return errNoLinks
	default:
		return err
	}
}

// checkedRename is renameNew where there are no hard links either (exFAT): it looks and
// renames. Two processes, or two Roots, that give a file the same name at the same instant
// could then both succeed. Names in a vault are hashes or belong to one writer, so the two
// would be storing the same bytes.
func checkedRename(root *os.Root, from, to string) error {
	_, err := root.Lstat(to)
	if err == nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return root.Rename(from, to)
}

// sameDir panics if two names are not in one directory: then one fsync would not do.
func sameDir(from, to string) {
	if path.Dir(from) != path.Dir(to) {
		panic("durable: internal error: rename across directories")
	}
}
