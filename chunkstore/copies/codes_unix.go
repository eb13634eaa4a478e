//go:build unix

package copies

import "syscall"

// noSpace is what systems say when there is no room left.
var noSpace = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}

// gone is what systems say when a device or a server is not there any more.
var gone = []syscall.Errno{
	syscall.ENODEV, syscall.ENXIO, syscall.ESTALE, syscall.ENOTCONN, syscall.ESHUTDOWN,
	syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ECONNREFUSED,
}
