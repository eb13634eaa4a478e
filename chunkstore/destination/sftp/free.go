package sftp

import (
	"context"
	"errors"
	"fmt"
)

// Free returns how many bytes the file system of the folder still takes from this login.
// It is errors.ErrUnsupported where the server has no statvfs@openssh.com. Quotas do not
// show.
func (d *Destination) Free(ctx context.Context) (int64, error) {
	var free int64
	err := d.do(ctx, func(c *conn, _ func()) error {
		if !c.has("statvfs@openssh.com") {
			return fmt.Errorf("the server does not tell: %w", errors.ErrUnsupported)
		}
		v, err := c.sftp.StatVFS(d.base)
		if err == nil {
			free = int64(v.Bavail * v.Frsize)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("free space: %w", err)
	}
	return free, nil
}
