package durable

import (
	"errors"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// renameNew renames in one step that fails if the name is taken. Some file systems
// (NFS, old FUSE) do not have that step and get a hard link instead.
func renameNew(root *os.Root, from, to string) error {
	sameDir(from, to)
	dir, err := root.Open(path.Dir(from))
	if err != nil {
		return err
	}
	defer dir.Close() // read only
	fd := int(dir.Fd())
	err = unix.Renameat2(fd, path.Base(from), fd, path.Base(to), unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) {
		return linkNew(root, from, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
