//go:build unix

package chunkstore

import (
	"errors"
	"syscall"
)

// errNoSpace is what the system says when a disk is full.
var errNoSpace error = syscall.ENOSPC

// isNoSpace reports whether err says that a disk, or what of it may be used, is full.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
