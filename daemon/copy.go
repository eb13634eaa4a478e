package daemon

import (
	"context"
	"errors"
	"time"
)

// errHangs says that a copy does not answer.
var errHangs = errors.New("the file system does not answer")

// A copyState is what is known of one place that holds the vault. Under Daemon.mu.
type copyState struct {
	name    string
	err     error
	free    int64 // -1: nobody knows
	seen    mark  // when it was there
	first   mark  // when it was looked for first
	history []sample
}

// A sample is how much was free at one moment. It is written down.
type sample struct {
	At   time.Duration `json:"age"` // on Boot; in Memory as an age
	Free int64         `json:"free"`
}

// The samples of two weeks, one every six hours, are enough to see where it goes.
const (
	sampleEvery = 6 * time.Hour
	sampleKept  = 56
	sampleLeast = 24 * time.Hour // of history, before anything is foretold
)

type lookState struct {
	at      time.Duration
	looking bool
	since   time.Time
}

func (d *Daemon) lookIfDue(ctx context.Context, now reading) {
	d.mu.Lock()
	l := &d.verify.looks
	due := !l.looking && now.boot-l.at >= lookEvery
	if l.looking && time.Since(l.since) > lookLimit {
		for _, c := range d.copies {
			c.err = errHangs
		}
	}
	d.mu.Unlock()
	if due {
		d.look(ctx)
	}
}

// look looks at the copies beside everything else: a file system that hangs must hang
// nothing but that.
func (d *Daemon) look(ctx context.Context) {
	now := d.o.Clock.read()
	d.mu.Lock()
	l := &d.verify.looks
	if l.looking {
		d.mu.Unlock()
		return
	}
	l.looking, l.at, l.since = true, now.boot, time.Now()
	vault := d.plan.Vault
	d.mu.Unlock()
	go func() {
		found := vault.Look(ctx)
		now := d.o.Clock.read()
		d.mu.Lock()
		defer d.mu.Unlock()
		l.looking = false
		for _, one := range found {
			d.seen(one, now)
		}
		signal(d.wake)
	}()
}

// seen takes one look. The caller holds mu.
func (d *Daemon) seen(l Look, now reading) {
	c := d.copies[l.Copy]
	if c == nil {
		c = &copyState{name: l.Copy, first: markNow(now)}
		d.copies[l.Copy] = c
	}
	c.err, c.free = l.Err, l.Free
	if l.Err != nil {
		c.free = -1
		return
	}
	c.seen = markNow(now)
	if l.Free < 0 {
		return
	}
	if n := len(c.history); n == 0 || now.boot-c.history[n-1].At >= sampleEvery {
		c.history = append(c.history, sample{now.boot, l.Free})
		c.history = c.history[max(0, len(c.history)-sampleKept):]
	}
}

// full foretells when there is no room left but the reserve, if it goes on as it did.
// False: never, or nobody can tell.
func (c *copyState) full(now reading, reserve int64) (in time.Duration, ok bool) {
	if c.free < 0 {
		return 0, false
	}
	if c.free <= reserve {
		return 0, true
	}
	if len(c.history) == 0 {
		return 0, false
	}
	first := c.history[0]
	span, used := now.boot-first.At, first.Free-c.free
	if span < sampleLeast || used <= 0 {
		return 0, false
	}
	left := float64(c.free-reserve) / float64(used) * float64(span)
	if left > float64(forever) {
		return 0, false
	}
	return time.Duration(left), true
}
