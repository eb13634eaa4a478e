//go:build linux || darwin

package local

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// Free returns how many bytes the file system of the folder still takes from an
// ordinary user. It is not there on systems that cannot tell.
func (d *Destination) Free(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	f, err := d.root.Open(".")
	if err != nil {
		return 0, fmt.Errorf("free space: %w", err)
	}
	defer f.Close() // read only
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &s); err != nil {
		return 0, fmt.Errorf("free space: %w", err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
