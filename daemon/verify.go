package daemon

import (
	"context"
	"errors"
	"time"
)

// A verifyState is what is known of verifications. Under Daemon.mu.
type verifyState struct {
	looks    lookState
	done     mark // the last that came to its end
	first    mark // when one was wanted first
	problems int
	detail   string
	running  bool
	err      error // why the last one came to no end
	again    time.Duration
	read     int64
	total    int64
}

// verifyAgain is the pause after a verification that came to no end.
const verifyAgain = 6 * time.Hour

// verifyIfDue begins a verification if the last one is old enough.
func (d *Daemon) verifyIfDue(ctx context.Context, now reading) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := &d.verify
	if !v.first.known {
		v.first = markNow(now)
	}
	if d.plan.Verify < 0 || v.running || d.ending || now.boot < v.again || now.boot < d.grace {
		return
	}
	if v.done.known && v.done.age(now) < d.plan.Verify {
		return
	}
	if !v.done.known && v.first.age(now) < min(d.plan.Verify, 24*time.Hour) {
		return // a new vault has more urgent things to do
	}
	if c := d.copies["vault"]; c == nil || c.err != nil {
		return
	}
	v.running, v.read, v.total = true, 0, 0
	vault := d.plan.Vault
	go d.verifyNow(ctx, vault)
}

func (d *Daemon) verifyNow(ctx context.Context, vault Vault) {
	d.event(Event{Kind: EventVerify, Text: "began"})
	found, err := vault.Verify(ctx, func(done, total int64) {
		d.mu.Lock()
		d.verify.read, d.verify.total = done, total
		d.mu.Unlock()
	})
	now := d.o.Clock.read()
	d.mu.Lock()
	v := &d.verify
	v.running, v.err = false, err
	if err == nil {
		v.done, v.problems, v.detail = markNow(now), found.Problems, found.Detail
	} else {
		v.again = now.boot + around(verifyAgain, d.o.Random)
	}
	signal(d.wake)
	d.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		return
	}
	e := Event{Kind: EventVerify, Text: "whole", Error: d.words(err)}
	switch {
	case err != nil:
		e.Text = "not to its end"
	case found.Problems > 0:
		e.Text, e.Error = "damaged", found.Detail
	}
	d.event(e)
	d.save(now)
}

// Verified tells the daemon of a verification that somebody else made, so long ago.
func (d *Daemon) Verified(age time.Duration, found Verified) {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.verify.done.known && d.verify.done.age(now) <= age {
		return
	}
	d.verify.done = mark{now.boot - age, now.wall.Add(-age), true}
	d.verify.problems, d.verify.detail = found.Problems, found.Detail
}
