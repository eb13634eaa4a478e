package daemon

import (
	"context"
	"time"
)

// How often the copies are looked at, and what is known is written down.
const (
	lookEvery = 10 * time.Minute
	lookLimit = 2 * time.Minute // a look that takes longer found a drive that hangs
	saveEvery = 30 * time.Minute
)

// schedule looks at the clocks again and again, and has done what is due.
func (d *Daemon) schedule(ctx context.Context) {
	const loop = "schedule"
	every := d.o.Check
	if d.o.Watchdog > 0 {
		every = min(every, d.o.Watchdog/3)
	}
	d.beat(loop, every)
	d.look(ctx)
	for ctx.Err() == nil {
		d.check(ctx)
		d.beat(loop, every)
		timer := time.NewTimer(every)
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	d.unbeat(loop)
}

// check is one look at everything.
func (d *Daemon) check(ctx context.Context) {
	now := d.o.Clock.read()
	d.mu.Lock()
	l := d.last.until(now)
	d.last = now
	if l.slept > 0 {
		d.grace = max(d.grace, now.boot+d.plan.Limits.Grace)
		d.rested = now.boot + verifyRest
	}
	if l.jumped != 0 {
		for _, c := range d.copies {
			c.shift(l.jumped)
		}
	}
	d.mu.Unlock()
	d.tellLapse(l)
	d.reconcile(now, l)
	d.unpause(now)
	d.lookIfDue(ctx, now)
	d.verifyIfDue(ctx, now)
	d.judge(now)
	d.mu.Lock()
	due := now.boot-d.saved >= saveEvery
	d.mu.Unlock()
	if due {
		d.save(now)
	}
	d.tellStatus()
}

func (d *Daemon) tellLapse(l lapse) {
	if l.slept > 0 {
		d.event(Event{Kind: EventClock, Text: "the machine slept " + l.slept.Round(time.Second).String()})
	}
	if l.jumped != 0 {
		d.event(Event{Kind: EventClock, Text: "the clock was set by " + l.jumped.Round(time.Second).String()})
	}
}

// reconcile asks for a look through everything where it is time to, and everywhere
// after a sleep: what was pushed meanwhile is lost.
func (d *Daemon) reconcile(now reading, l lapse) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.accounts {
		if !a.following || a.paused {
			continue
		}
		if a.next == 0 {
			a.next = now.boot + around(d.plan.Reconcile, d.o.Random)
		}
		if l.slept > 0 || now.boot >= a.next {
			a.next = now.boot + around(d.plan.Reconcile, d.o.Random)
			a.ask()
		}
	}
}

// unpause ends pauses whose time is over.
func (d *Daemon) unpause(now reading) {
	d.mu.Lock()
	defer d.mu.Unlock()
	over := false
	for _, a := range d.accounts {
		if a.paused && a.until.known && now.boot >= a.until.at {
			a.paused, a.until, a.state, over = false, mark{}, StateStarting, true
		}
	}
	if over {
		d.change()
	}
}

// tellStatus tells the supervisor what the daemon does, if that changed.
func (d *Daemon) tellStatus() {
	line := d.statusLine()
	d.mu.Lock()
	same := line == d.status
	d.status = line
	d.mu.Unlock()
	if !same {
		d.o.Supervisor.Notify(Note{Kind: NoteStatus, Status: line})
	}
}
