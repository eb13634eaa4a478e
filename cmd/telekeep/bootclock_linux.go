package main

import "golang.org/x/sys/unix"

// bootClock counts also while the machine sleeps.
const bootClock = unix.CLOCK_BOOTTIME
