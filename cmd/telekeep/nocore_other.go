//go:build unix && !linux

package main

// noCore keeps what this process has in memory out of core dumps: keys are in it.
func noCore() { limitCore() }
