//go:build unix

package telegram

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"telekeep/internal/durable"
)

// maxSession is the most a session file may hold, in bytes.
const maxSession = 1 << 20

// lockFile locks the file at path for this process until the returned file is
// closed. The lock goes with the process, however that ends; the file stays.
func lockFile(path string) (*os.File, error) {
	f, err := openOwn(path, os.O_CREATE|os.O_RDWR, true)
	if err != nil {
		return nil, fmt.Errorf("lock the session: %w", err)
	}
	return lockOpen(f, path)
}

// lockThere is lockFile for a file that is there; nil if it is not.
func lockThere(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock the session: %w", err)
	}
	return lockOpen(f, path)
}

func lockOpen(f *os.File, path string) (*os.File, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(ErrSessionInUse, f.Close())
	}
	if err == nil {
		err = stillThere(f, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the session: %w", err), f.Close())
	}
	return f, nil
}

// stillThere makes sure that path names f: somebody may have removed the lock
// file, and another process locked a new one, while this one opened the old.
func stillThere(f *os.File, path string) error {
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Lstat(path)
	if err != nil || !os.SameFile(opened, named) {
		return errors.Join(ErrSessionInUse, err)
	}
	return nil
}

// readOwn reads a file that is for its owner alone, and makes it so if narrow.
func readOwn(path string, narrow bool) ([]byte, error) {
	f, err := openOwn(path, os.O_RDONLY, narrow)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	data, err := io.ReadAll(io.LimitReader(f, maxSession+1))
	if err == nil && len(data) > maxSession {
		err = fmt.Errorf("it is larger than %d bytes", maxSession)
	}
	return data, err
}

// openOwn opens a file that is for its owner alone, who is this user. It looks
// at what it opened, not at what the name meant a moment before. Permissions that are
// too wide are narrowed, or else let pass.
func openOwn(path string, flag int, narrow bool) (*os.File, error) {
	// O_NONBLOCK: a pipe in the file's place must not hang.
	f, err := os.OpenFile(path, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if errors.Is(err, unix.ELOOP) {
		return nil, &unsafeError{path, "it is a symbolic link"}
	}
	if err != nil {
		return nil, err
	}
	if err := checkOwn(f, path, narrow); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func checkOwn(f *os.File, path string, narrow bool) error {
	var s unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &s); err != nil {
		return err
	}
	switch {
	case s.Mode&unix.S_IFMT != unix.S_IFREG:
		return &unsafeError{path, "it is no regular file"}
	case int(s.Uid) != os.Geteuid():
		return &unsafeError{path, fmt.Sprintf("it belongs to user %d and not to %d, who runs this", s.Uid, os.Geteuid())}
	case s.Nlink != 1:
		return &unsafeError{path, fmt.Sprintf("it has %d names (hard links)", s.Nlink)}
	case s.Mode&0o077 != 0 && narrow:
		return f.Chmod(0o600)
	}
	return nil
}

// ownFolder makes the folder of the session if it is not there, and sees to it
// that nobody else can put another file in the session's place.
func ownFolder(dir string) error {
	if err := durable.MkdirPath(dir, durable.PrivateDir); err != nil {
		return fmt.Errorf("folder of the session: %w", err)
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("folder of the session: %w", err)
	}
	var s unix.Stat_t
	if err := unix.Stat(dir, &s); err != nil {
		return fmt.Errorf("folder of the session: %w", err)
	}
	if s.Mode&0o022 == 0 {
		return nil
	}
	if int(s.Uid) != os.Geteuid() {
		return &unsafeError{dir, "others can write to the folder, which belongs to another user"}
	}
	if err := os.Chmod(dir, os.FileMode(s.Mode)&0o755); err != nil {
		return fmt.Errorf("folder of the session: %w", err)
	}
	return nil
}
