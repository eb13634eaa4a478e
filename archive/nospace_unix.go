//go:build unix

package archive

import (
	"errors"
	"syscall"
)

// isNoSpace reports whether err says that a disk, or what of it may be used, is full.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
