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
	looked  bool  // since the daemon began; else what follows is not known
	err     error // why it is not there
	refused error // why nothing is written to it
	free    int64 // -1: nobody knows
	objects int   // that it lacks
	bytes   int64
	seen    mark // when it was there
	current mark // and had everything
	proved  bool // current was seen since the machine was started: no set clock can make it younger
	first   mark // when it was looked for first
	begun   mark // when it was backed up to first
	history []sample
	verify  verifyState
	drill   drillState
}

// shift notes that the clock on the wall was set.
func (c *copyState) shift(by time.Duration) {
	for _, m := range []*mark{&c.first, &c.begun, &c.verify.done, &c.verify.begun, &c.drill.done, &c.drill.last} {
		m.shift(by)
	}
}

// lacks reports whether it is not known to have everything.
func (c *copyState) lacks() bool {
	return !c.looked || c.err != nil || c.refused != nil || c.objects > 0
}

// sinceCurrent is when it had everything, or was looked for first.
func (c *copyState) sinceCurrent() mark {
	if c.current.known {
		return c.current
	}
	return c.first
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
	done    bool // once at least
	again   bool // something happened while it was being looked
	since   time.Time
}

func (d *Daemon) lookIfDue(ctx context.Context, now reading) {
	d.mu.Lock()
	l := &d.looks
	due := !l.looking && (l.again || now.boot-l.at >= lookEvery)
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

// Drives tells the daemon that a drive may have come or gone: what was away is looked for
// now.
func (d *Daemon) Drives() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looks.again = true
	if d.vault.lost.known {
		d.stir()
	}
	signal(d.wake)
}

// look looks at the copies beside everything else: a file system that hangs must hang
// nothing but that.
func (d *Daemon) look(ctx context.Context) {
	now := d.o.Clock.read()
	d.mu.Lock()
	l := &d.looks
	if l.looking {
		d.mu.Unlock()
		return
	}
	l.looking, l.again, l.at, l.since = true, false, now.boot, time.Now()
	vault, turn := d.plan.Vault, d.turn
	d.mu.Unlock()
	go func() {
		found := vault.Look(ctx)
		now := d.o.Clock.read()
		d.mu.Lock()
		defer d.mu.Unlock()
		l.looking = false
		if ctx.Err() == nil && turn == d.turn { // else of another plan: the next look counts
			d.seenAll(found, now)
			l.done = true
		} else {
			l.again = true
		}
		signal(d.wake)
	}()
}

// seenAll takes a look at all copies, and forgets those that are none any more. The
// caller holds mu.
func (d *Daemon) seenAll(found []Look, now reading) {
	there := map[string]bool{}
	for i := range found {
		there[found[i].Copy] = true
		d.seen(&found[i], now)
	}
	for name := range d.copies {
		if there[name] {
			continue
		}
		delete(d.copies, name)
		if name == d.verifying {
			d.stopVerify()
		}
	}
}

// copyNamed returns a copy, which is new if it was never heard of. The caller holds mu.
func (d *Daemon) copyNamed(name string, now reading) *copyState {
	c := d.copies[name]
	if c == nil {
		c = &copyState{name: name, free: -1, first: markNow(now)}
		d.copies[name] = c
	}
	return c
}

// copyTold returns a copy that somebody tells of: nil if there is none of that name, as far
// as is known. The caller holds mu.
func (d *Daemon) copyTold(name string, now reading) *copyState {
	if d.copies[name] == nil && d.looks.done {
		return nil
	}
	return d.copyNamed(name, now)
}

// seen takes one look. The caller holds mu.
func (d *Daemon) seen(l *Look, now reading) {
	c := d.copyNamed(l.Copy, now)
	was := c.err
	c.looked, c.err, c.refused, c.free = true, l.Err, l.Refused, l.Free
	if !c.begun.known && !l.Begun.IsZero() {
		d.begin(c, l.Begun, now)
	}
	if l.Err != nil {
		c.free = -1
		return
	}
	c.seen = markNow(now)
	if !l.Unsure {
		c.objects, c.bytes = l.Objects, l.Bytes
	}
	if l.current() {
		c.current, c.proved = c.seen, true
	}
	if was != nil {
		d.stir() // the vault may be waiting for it
	}
	if l.Free < 0 {
		return
	}
	if n := len(c.history); n == 0 || now.boot-c.history[n-1].At >= sampleEvery {
		c.history = append(c.history, sample{now.boot, l.Free})
		c.history = c.history[max(0, len(c.history)-sampleKept):]
	}
}

// begin notes since when there is something to restore from a copy: since the vault was
// backed up to first, but not longer than there is such a copy, if others are known for longer. The
// caller holds mu.
func (d *Daemon) begin(c *copyState, begun time.Time, now reading) {
	c.begun = ago(now, max(0, now.wall.Sub(begun)))
	for _, other := range d.copies {
		if other.first.age(now) > c.first.age(now)+time.Hour && c.begun.age(now) > c.first.age(now) {
			c.begun = c.first
		}
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
