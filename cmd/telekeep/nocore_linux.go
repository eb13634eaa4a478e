package main

import "golang.org/x/sys/unix"

// noCore keeps what this process has in memory out of core dumps, and away from other
// processes of the same user: keys are in it. Commands that it starts are dumped as ever,
// but for the limit of size, which they inherit.
func noCore() {
	limitCore()
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // what cannot be forbidden does no harm to the rest
}
