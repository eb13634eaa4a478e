package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// watchMounts calls changed whenever something was mounted or unmounted, until ctx ends.
// It wakes up for nothing else.
func watchMounts(ctx context.Context, changed func()) error {
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("watch the mounts: %w", err)
	}
	defer mounts.Close() // read only
	end, stop, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("watch the mounts: %w", err)
	}
	defer end.Close() // nothing is in it
	context.AfterFunc(ctx, func() { _ = stop.Close() })
	fds := []unix.PollFd{{Fd: int32(mounts.Fd()), Events: unix.POLLPRI}, {Fd: int32(end.Fd()), Events: unix.POLLIN}}
	for ctx.Err() == nil {
		switch n, err := unix.Poll(fds, -1); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("watch the mounts: %w", err)
		case n > 0 && fds[0].Revents != 0:
			changed()
		}
	}
	return nil
}
