package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"telekeep/internal/durable"
)

// Replace stores data under name whatever is there, durably and atomically: readers
// see the old bytes or the new ones. It is for exchanging a damaged object, never for
// storing a new one. Something that is no object, such as a folder, is fs.ErrExist.
func (d *Destination) Replace(ctx context.Context, name string, data []byte) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	d.sweep.Do(func() { durable.Sweep(d.root) })
	if err := d.replace(name, data); err != nil {
		d.forget(path.Dir(name)) // as after a failed Put
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return nil
}

func (d *Destination) replace(name string, data []byte) error {
	if err := d.ensureDir(path.Dir(name)); err != nil {
		return err
	}
	info, err := d.root.Lstat(name)
	if err == nil && !exchangeable(info) {
		return fmt.Errorf("there is something with this name that is no file: %w", fs.ErrExist)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return durable.Replace(d.tree, name, data, durable.PrivateFile)
}

// Remove deletes an object, durably. One that is not there is fine: nil. What is no
// object, such as a folder, stays. Folders that become empty stay too.
func (d *Destination) Remove(ctx context.Context, name string) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	if err := d.remove(name); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func (d *Destination) remove(name string) error {
	info, err := d.root.Lstat(name)
	switch {
	case err == nil && !exchangeable(info):
		return nil
	case err == nil:
		err = d.tree.Remove(name)
	}
	if err != nil && !errors.Is(absent(err), fs.ErrNotExist) {
		return err
	}
	// Also if it was gone: whoever removed it may have been stopped before this.
	if err := d.tree.SyncDir(path.Dir(name)); !errors.Is(absent(err), fs.ErrNotExist) {
		return err
	}
	return nil
}

// exchangeable reports whether a directory entry may be put in another's place or be
// removed: a file, or a link, which is not followed.
func exchangeable(info fs.FileInfo) bool {
	return info.Mode().IsRegular() || info.Mode().Type() == fs.ModeSymlink
}
