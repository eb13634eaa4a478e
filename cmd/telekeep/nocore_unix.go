//go:build unix

package main

import "golang.org/x/sys/unix"

// limitCore sets the size of core dumps to 0.
func limitCore() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) == nil {
		limit.Cur = 0
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &limit) // what cannot be forbidden does no harm to the rest
	}
}
