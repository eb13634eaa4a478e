package daemon

import "time"

// A Clock is where the daemon takes time from. Timers run on the monotonic clock of
// the process besides, which stands still while the machine sleeps.
type Clock struct {
	// Wall is what people call the time. It may jump by years, both ways: it is shown
	// and written down, and nothing is decided by it alone.
	Wall func() time.Time
	// Boot never jumps, and goes on while the machine sleeps: time since the machine
	// was started. Ages are measured by it.
	Boot func() time.Duration
	// BootID names the start of the machine that Boot counts from; "" if nobody knows.
	BootID string
}

// A reading is both clocks at one moment.
type reading struct {
	wall time.Time
	boot time.Duration
	run  time.Time // monotonic: stands still while the machine sleeps
}

func (c Clock) read() reading { return reading{c.Wall(), c.Boot(), time.Now()} }

// A lapse is what happened to time between two readings.
type lapse struct {
	slept  time.Duration // how long the machine slept
	jumped time.Duration // how far the wall clock was set, either way
}

// The least that counts: timers are late by less, and clocks are corrected by less.
const (
	leastSleep = 30 * time.Second
	leastJump  = 30 * time.Second
)

func (before reading) until(now reading) lapse {
	var l lapse
	passed := now.boot - before.boot
	if slept := passed - now.run.Sub(before.run); slept >= leastSleep {
		l.slept = slept
	}
	// Wall times may carry a monotonic reading: without it they differ as their dials do.
	if jumped := now.wall.Round(0).Sub(before.wall.Round(0)) - passed; jumped >= leastJump || jumped <= -leastJump {
		l.jumped = jumped
	}
	return l
}
