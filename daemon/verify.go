package daemon

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// A verifyState is what is known of the verifications of one copy. Under Daemon.mu.
type verifyState struct {
	done     mark // when the last round began that came to its end
	problems int
	detail   string
	err      error // why the last one came to no end
	again    time.Duration

	begun mark   // of a round that came to no end yet
	place string // where that is
	read  int64
	total int64
}

// verifyAgain is the pause after a verification that came to no end, verifyRest how long
// after a start none begins, and placeEvery how often its place is written down.
const (
	verifyAgain = 6 * time.Hour
	verifyRest  = 5 * time.Minute
	placeEvery  = 5 * time.Minute
)

// verifyIfDue begins the verification of a copy, or goes on with it, if the last one is
// old enough: one copy at a time, the one first that was not verified for longest.
func (d *Daemon) verifyIfDue(ctx context.Context, now reading) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plan.Verify < 0 || d.verifying != "" || d.ending || now.boot < d.rested || d.thrift > ThriftNone {
		return
	}
	var due []*copyState
	for _, c := range d.copies {
		if d.verifyDue(c, now) {
			due = append(due, c)
		}
	}
	if len(due) == 0 {
		return
	}
	c := slices.MinFunc(due, func(a, b *copyState) int {
		return cmp.Or(-cmp.Compare(a.verify.since(a).likely(now), b.verify.since(b).likely(now)), cmp.Compare(a.name, b.name))
	})
	if c.verify.place == "" || !c.verify.begun.known {
		c.verify.begun, c.verify.place = markNow(now), ""
	}
	c.verify.read, c.verify.total = 0, 0
	d.verifying = c.name
	ctx, d.stopVerify = context.WithCancel(ctx)
	vault, place := d.plan.Vault, c.verify.place
	go d.verifyNow(ctx, vault, c.name, place)
}

// since is when the copy was verified last, or looked for first.
func (v *verifyState) since(c *copyState) mark {
	if v.done.known {
		return v.done
	}
	return c.first
}

func (d *Daemon) verifyDue(c *copyState, now reading) bool {
	v := &c.verify
	switch {
	case !c.looked || c.err != nil || now.boot < v.again:
		return false
	case v.done.known:
		return v.done.likely(now) >= d.plan.Verify
	}
	return c.first.likely(now) >= min(d.plan.Verify, 24*time.Hour) // a new vault has more urgent things to do
}

func (d *Daemon) verifyNow(ctx context.Context, vault Vault, name, place string) {
	text := "began"
	if place != "" {
		text = "goes on"
	}
	d.event(Event{Kind: EventVerify, Copy: name, Text: text})
	found, err := vault.Verify(ctx, Verification{
		Copy: name, Place: place,
		Reached:  func(place string) { d.reached(name, place) },
		Progress: func(done, total int64) { d.readSoFar(name, done, total) },
	})
	if err == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	e := d.verified(name, found, err)
	if errors.Is(err, context.Canceled) {
		return
	}
	d.event(e)
	d.save(d.o.Clock.read())
}

// verified notes how a verification ended.
func (d *Daemon) verified(name string, found Verified, err error) Event {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.verifying = ""
	d.stopVerify()
	signal(d.wake)
	e := Event{Kind: EventVerify, Copy: name, Text: "whole", Error: d.words(err)}
	switch {
	case err != nil:
		e.Text = "not to its end"
	case found.Problems > 0:
		e.Text, e.Error = "damaged", found.Detail
	}
	c := d.copies[name]
	if c == nil {
		return e // it is none any more
	}
	v := &c.verify
	switch {
	case err == nil:
		v.done, v.problems, v.detail, v.err = v.begun, found.Problems, found.Detail, nil
		v.begun, v.place = mark{}, ""
	case errors.Is(err, context.Canceled): // it goes on when it may
	default:
		v.err, v.again = err, now.boot+around(verifyAgain, d.o.Random)
	}
	return e
}

func (d *Daemon) readSoFar(name string, done, total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.copies[name]; c != nil {
		c.verify.read, c.verify.total = done, total
	}
}

// reached notes where a verification is, and has it written down now and then: a machine
// may be switched off at any moment.
func (d *Daemon) reached(name, place string) {
	now := d.o.Clock.read()
	d.mu.Lock()
	c := d.copies[name]
	if c != nil {
		c.verify.place = place
	}
	due := c != nil && now.boot-d.saved >= placeEvery
	d.mu.Unlock()
	if due {
		d.save(now)
	}
}

// Verified tells the daemon of a verification of a copy that somebody else made, and which
// began then by the clock on the wall. It may be told again and again: each counts once,
// so that a clock that is set later makes it no younger.
func (d *Daemon) Verified(name string, at time.Time, found Verified) {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.copyTold(name, now)
	if c == nil {
		return
	}
	v := &c.verify
	if made, ok := v.done.younger(at, now); ok {
		v.done, v.problems, v.detail = made, found.Problems, found.Detail
	}
}

// younger is the mark of something that was so at a time on the wall; false if that is
// what m is already, or older, or lies ahead, so that nobody can know its age.
func (m mark) younger(at time.Time, now reading) (mark, bool) {
	at = at.UTC().Round(0)
	age := now.wall.Round(0).Sub(at)
	if age < 0 || m.known && (m.wall.Equal(at) || m.likely(now) <= age) {
		return mark{}, false
	}
	return mark{at: now.boot - age, wall: at, known: true}, true
}
