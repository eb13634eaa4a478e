//go:build unix

package chunkstore

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes an exclusive lock that ends with the process, however that ends.
// The file itself stays: removing it would race with whoever waits for it.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the local state: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close() // nothing was written
		if err == unix.EWOULDBLOCK {
			return nil, ErrStateBusy
		}
		return nil, fmt.Errorf("lock the local state: %w", err)
	}
	return f, nil
}
