package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Replace stores data under name whatever is there, durably where the server can sync,
// and atomically: readers see the old bytes or the new ones. It is for exchanging a
// damaged object, never for storing a new one. Something that is no object, such as a
// folder, is fs.ErrExist; a server without posix-rename@openssh.com cannot do it, which
// is errors.ErrUnsupported.
func (d *Destination) Replace(ctx context.Context, name string, data []byte) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	err := d.do(ctx, func(c *conn, moved func()) error { return d.replace(ctx, c, moved, name, data) })
	if err != nil {
		d.forget(path.Dir(name)) // as after a failed Put
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return nil
}

func (d *Destination) replace(ctx context.Context, c *conn, moved func(), name string, data []byte) error {
	if !c.has("posix-rename@openssh.com") {
		return fmt.Errorf("the server cannot put one file in another's place: %w", errors.ErrUnsupported)
	}
	info, err := c.sftp.Lstat(d.at(name))
	if err == nil && !exchangeable(info) {
		return fmt.Errorf("there is something with this name that is no file: %w", fs.ErrExist)
	}
	if err = d.absent(c, name, err); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	moved()
	if err := d.ensureFolder(ctx, c, moved, path.Dir(name)); err != nil {
		return err
	}
	return d.save(ctx, c, moved, name, data, func(c *conn, temporary, name string) error {
		return c.sftp.PosixRename(d.at(temporary), d.at(name))
	})
}

// Remove deletes an object. One that is not there is fine: nil. What is no object, such
// as a folder, stays. Folders that become empty stay too.
func (d *Destination) Remove(ctx context.Context, name string) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	err := d.do(ctx, func(c *conn, moved func()) error { return d.remove(c, moved, name) })
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func (d *Destination) remove(c *conn, moved func(), name string) error {
	info, err := c.sftp.Lstat(d.at(name))
	moved()
	switch {
	case err == nil && !exchangeable(info):
		return nil
	case err == nil:
		err = c.sftp.Remove(d.at(name))
		moved()
	}
	if err = d.absent(c, name, err); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d.explain(c, err, 0)
	}
	// Also if it was gone: whoever removed it may have been stopped before this.
	if folder, err := c.sftp.Stat(d.at(path.Dir(name))); err != nil || !folder.IsDir() {
		return nil //nolint:nilerr // nothing can be in what is no folder
	}
	moved()
	return d.syncNames(c, path.Dir(name))
}

// exchangeable reports whether a directory entry may be put in another's place or be
// removed: a file, or a link, which is not followed.
func exchangeable(info fs.FileInfo) bool {
	return info.Mode().IsRegular() || info.Mode().Type() == fs.ModeSymlink
}
