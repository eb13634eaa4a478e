package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of a wish.
var (
	// ErrPaused says that the account is paused.
	ErrPaused = errors.New("backing up is paused")
	// ErrNoAccount says that the daemon keeps no account of that name.
	ErrNoAccount = errors.New("the daemon keeps no such account")

	errStopped = errors.New("the daemon stopped working on it")
)

// A wisher waits for the answer to a wish.
type wisher struct {
	wish     int
	progress func(account string, p Progress)
	answer   chan wishAnswer
}

type wishAnswer struct {
	report any
	err    error
}

// answer gives the answer to all who wait for a wish up to n. The caller holds
// Daemon.mu.
func (a *account) answer(with wishAnswer, n int) {
	a.waiting = slices.DeleteFunc(a.waiting, func(w *wisher) bool {
		if w.wish > n {
			return false
		}
		w.answer <- with // it has room
		return true
	})
}

func (d *Daemon) failWaiting(a *account, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a.answer(wishAnswer{err: err}, a.wish)
}

// ask leaves a wish for the account's Follow, in place of one that it did not take yet.
// The caller holds Daemon.mu.
func (a *account) ask() int {
	a.wish++
	a.leave()
	return a.wish
}

// remind leaves the newest wish once more if somebody waits for it: a Follow that ended
// may have taken it and not answered. The caller holds Daemon.mu.
func (a *account) remind() {
	if len(a.waiting) > 0 {
		a.leave()
	}
}

func (a *account) leave() {
	select {
	case <-a.wishes:
	default:
	}
	a.wishes <- a.wish
}

// Sync looks through everything of an account, now, and puts it into the vault. It
// returns the report of that; what stands in the way is an error. An account that was
// given up is tried again.
func (d *Daemon) Sync(ctx context.Context, name string, progress func(account string, p Progress)) (any, error) {
	d.mu.Lock()
	a := d.accounts[name]
	switch {
	case a == nil:
		d.mu.Unlock()
		return nil, fmt.Errorf("%w: %q", ErrNoAccount, name)
	case a.paused:
		d.mu.Unlock()
		return nil, ErrPaused
	case d.thrift == ThriftAll || d.thrift == ThriftMedia && a.blocked > 0:
		defer d.mu.Unlock()
		return nil, d.held()
	}
	w := &wisher{wish: a.ask(), progress: progress, answer: make(chan wishAnswer, 1)}
	a.waiting = append(a.waiting, w)
	opened, lost := d.vault.open, d.vault.lost
	d.change()
	d.mu.Unlock()
	defer d.forget(a, w)
	if !opened {
		if err := d.waitForVault(ctx, lost); err != nil {
			return nil, err
		}
	}
	select {
	case got := <-w.answer:
		if got.err == nil {
			got.err = d.Commit(ctx)
		}
		return got.report, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *Daemon) forget(a *account, w *wisher) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a.waiting = slices.DeleteFunc(a.waiting, func(o *wisher) bool { return o == w })
}

// vaultPatience is how long somebody who waits is kept waiting for a vault.
const vaultPatience = 20 * time.Second

// waitForVault waits until the vault is open, or could not be opened once more.
func (d *Daemon) waitForVault(ctx context.Context, before mark) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); ; {
		d.mu.Lock()
		open, err := d.vault.open, d.vault.err
		d.mu.Unlock()
		switch {
		case open:
			return nil
		case err != nil && (!before.known || time.Since(began) > time.Second):
			return err
		case time.Since(began) > vaultPatience:
			return errStopped
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Commit puts what was stored into the vault, now.
func (d *Daemon) Commit(ctx context.Context) error {
	d.mu.Lock()
	s := d.vault.session
	d.mu.Unlock()
	if s == nil || !s.Pending() {
		return nil
	}
	return d.commit(ctx, s)
}

// Pause stops backing up an account, or all of them for "", after what is in hand was
// stored; for as long as it says, or until Resume for 0. It outlives the daemon.
func (d *Daemon) Pause(name string, span time.Duration) error {
	return d.setPaused(name, true, span)
}

// Resume ends a pause.
func (d *Daemon) Resume(name string) error { return d.setPaused(name, false, 0) }

// GaveWay reports whether nothing is in hand any more of an account that was paused, or of
// all of them for "", and, while all are paused, whether the vault is closed.
func (d *Daemon) GaveWay(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.wants() {
		return !d.vault.held
	}
	for _, a := range d.accounts {
		if a.paused && a.following && (name == "" || a.name == name) {
			return false
		}
	}
	return true
}

func (d *Daemon) setPaused(name string, paused bool, span time.Duration) error {
	now := d.o.Clock.read()
	d.mu.Lock()
	var found []string
	for _, a := range d.accounts {
		if name != "" && a.name != name {
			continue
		}
		found = append(found, a.name)
		a.paused, a.until = paused, mark{}
		if span > 0 {
			a.until = mark{at: now.boot + span, wall: now.wall.Add(span), known: true}
		}
		if paused {
			if a.stop != nil {
				a.stop()
			}
			a.answer(wishAnswer{err: ErrPaused}, a.wish)
			a.state = StatePaused
		} else {
			a.state = StateStarting
		}
	}
	d.change()
	d.mu.Unlock()
	if len(found) == 0 {
		return fmt.Errorf("%w: %q", ErrNoAccount, name)
	}
	state := StateStarting
	if paused {
		state = StatePaused
	}
	for _, account := range found {
		d.event(Event{Kind: EventAccount, Account: account, State: state})
	}
	d.save(now)
	return nil
}

// Reload goes on with another plan, after what is in hand was stored.
func (d *Daemon) Reload(p Plan) {
	p.setDefaults()
	d.o.Supervisor.Notify(Note{Kind: NoteReloading, Status: "reading the settings anew"})
	d.mu.Lock()
	d.plan = p
	d.turn++
	for _, a := range d.accounts {
		a.answer(wishAnswer{err: errStopped}, a.wish)
	}
	d.adopt()
	d.looks.again = true
	events := d.economise()
	d.change()
	d.mu.Unlock()
	for _, e := range append(events, Event{Kind: EventSettings, Text: "read anew"}) {
		d.event(e)
	}
	d.o.Supervisor.Notify(Note{Kind: NoteReady, Status: d.statusLine()})
}
