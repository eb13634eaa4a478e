package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"telekeep/config"
	"telekeep/daemon"
	"telekeep/internal/durable"
)

// clock is the machine's clocks, and which start of the machine they count from.
func (a *app) clock() daemon.Clock {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		id = nil // a machine without it counts from nobody knows when
	}
	return daemon.Clock{Wall: a.now, Boot: bootTime(), BootID: strings.TrimSpace(string(id))}
}

// bootTime is a clock that cannot be set and goes on while the machine sleeps; where
// there is none, the one of the process.
func bootTime() func() time.Duration {
	start := time.Now() //nolint:forbidigo // the monotonic clock, which only measures
	return func() time.Duration {
		var t unix.Timespec
		if err := unix.ClockGettime(bootClock, &t); err != nil {
			return time.Since(start)
		}
		return time.Duration(t.Nano())
	}
}

// daemonMemory keeps what a daemon knows in the state folder. It can be deleted: then
// nothing is known of times before.
type daemonMemory struct{ config *config.Config }

func (m daemonMemory) path() string { return filepath.Join(m.config.State, "daemon.json") }

func (m daemonMemory) Load() ([]byte, error) { return os.ReadFile(m.path()) }

func (m daemonMemory) Save(data []byte) error {
	err := durable.WriteFile(m.path(), data, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no state folder: nothing was written yet
	}
	return err
}
