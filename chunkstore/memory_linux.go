package chunkstore

import "golang.org/x/sys/unix"

// hugePages asks for pages of 2 MiB, which are cheaper to get and to find. Where there
// are none, small ones do.
func hugePages(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
