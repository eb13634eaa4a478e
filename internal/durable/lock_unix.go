//go:build linux || darwin || freebsd || openbsd || netbsd

package durable

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the exclusive lock of an open file without waiting and reports whether
// it has it now. The lock ends with the process, however that ends.
func lock(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}
