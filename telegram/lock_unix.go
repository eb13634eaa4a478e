//go:build unix

package telegram

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks the file at path for this process until the returned file is
// closed. The lock goes with the process, however that ends; the file stays.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the session: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(ErrSessionInUse, f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the session: %w", err), f.Close())
	}
	return f, nil
}
