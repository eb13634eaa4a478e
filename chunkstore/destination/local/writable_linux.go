package local

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// Writable returns syscall.EROFS if the folder's file system is mounted to be read only.
func (d *Destination) Writable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := d.root.Open(".")
	if err != nil {
		return fmt.Errorf("how it is mounted: %w", err)
	}
	defer f.Close() // read only
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &s); err != nil {
		return fmt.Errorf("how it is mounted: %w", err)
	}
	if s.Flags&unix.ST_RDONLY != 0 {
		return unix.EROFS
	}
	return nil
}
