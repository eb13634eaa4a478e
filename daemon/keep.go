package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The pauses between two tries to open the vault. Somebody who plugs a drive in waits
// for the longer one at most.
const (
	reopenFirst = 5 * time.Second
	reopenMost  = 5 * time.Minute
)

// commitTries is the pause after a commit that failed.
const commitAgain = 5 * time.Minute

// errIdle ends a session that nobody needs any more, or that another plan follows.
var errIdle = errors.New("nothing to do in this session")

// forever is longer than any pause.
const forever = 1 << 62

// keep opens the vault and works in it, again and again until ctx ends. The error is
// of the end: what was fetched is not in the vault.
func (d *Daemon) keep(ctx context.Context) error {
	pause := backoff{first: reopenFirst, most: reopenMost, random: d.o.Random}
	var left error // something was left behind by an earlier session
	for ctx.Err() == nil {
		changed := d.changes()
		if !d.hold() {
			rest(ctx, forever, changed)
			continue
		}
		s, err := d.open(ctx)
		if err == nil {
			before := time.Now()
			var broken error
			if broken, left = d.session(ctx, s); broken == nil {
				pause.reset()
				continue
			}
			if err = broken; time.Since(before) > reopenMost {
				pause.reset()
			}
		}
		if ctx.Err() != nil {
			break
		}
		wait := pause.pause()
		d.vaultLost(err)
		rest(ctx, wait, changed)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.accounts {
		a.answer(wishAnswer{err: errStopped}, a.wish)
	}
	return left
}

// wanted reports whether there is anything to do in the vault.
func (d *Daemon) wanted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wants()
}

// hold says, if the vault is wanted, that from now on this process may have it.
func (d *Daemon) hold() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.vault.held = d.wants()
	return d.vault.held
}

func (d *Daemon) wants() bool {
	if d.thrift == ThriftAll {
		return false
	}
	for _, a := range d.accounts {
		if !a.paused {
			return true
		}
	}
	return false
}

func (d *Daemon) open(ctx context.Context) (Session, error) {
	d.mu.Lock()
	vault := d.plan.Vault
	d.mu.Unlock()
	s, err := vault.Open(ctx)
	if err != nil {
		d.mu.Lock()
		d.vault.held = false
		d.mu.Unlock()
		return nil, err
	}
	d.mu.Lock()
	d.vault.open, d.vault.session, d.vault.err, d.vault.lost = true, s, nil, mark{}
	d.mu.Unlock()
	d.event(Event{Kind: EventVault, Text: "open"})
	return s, nil
}

// vaultLost notes why the vault cannot be written to.
func (d *Daemon) vaultLost(err error) {
	now := d.o.Clock.read()
	d.mu.Lock()
	v := &d.vault
	news := v.err == nil || v.err.Error() != err.Error()
	v.err, v.ending = err, d.o.Classify(err)
	if !v.lost.known {
		v.lost = markNow(now)
	}
	signal(d.wake)
	d.mu.Unlock()
	if news {
		d.event(Event{Kind: EventVault, Text: "not open", Error: d.words(err)})
	}
}

// session works in an open vault until ctx ends, the plan changes, everybody is paused,
// or the vault broke, which it says. What was left says is not in the vault then.
func (d *Daemon) session(ctx context.Context, s Session) (broken, left error) {
	inner, end := context.WithCancelCause(ctx)
	defer end(nil)
	d.mu.Lock()
	turn := d.turn
	var group sync.WaitGroup
	for _, a := range d.accounts {
		group.Go(func() { d.supervise(inner, end, s, a) })
	}
	d.mu.Unlock()
	group.Go(func() { d.commits(inner, end, s) })
	for inner.Err() == nil {
		changed := d.changes()
		d.mu.Lock()
		over := d.turn != turn
		d.mu.Unlock()
		if over || !d.wanted() {
			end(errIdle)
			break
		}
		rest(inner, forever, changed)
	}
	group.Wait()
	if cause := context.Cause(inner); !errors.Is(cause, errIdle) && !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		broken = cause
	}
	left = d.lastCommit(ctx, s)
	d.mu.Lock()
	d.vault.session = nil
	d.mu.Unlock()
	if err := s.Close(); err != nil && broken == nil {
		broken = err
	}
	d.mu.Lock()
	d.vault.open, d.vault.held = false, false // now others may have it
	d.mu.Unlock()
	return broken, left
}

// lastCommit puts what is left into the vault before it is closed.
func (d *Daemon) lastCommit(ctx context.Context, s Session) error {
	if !s.Pending() {
		now := d.o.Clock.read()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.committed(now)
		return nil
	}
	limited, cancel := d.patient(ctx, s)
	defer cancel()
	if err := d.commit(limited, s); err != nil {
		return fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	return nil
}

// commit commits, and notes how that went.
func (d *Daemon) commit(ctx context.Context, s Session) error {
	err := s.Commit(ctx)
	now := d.o.Clock.read()
	d.mu.Lock()
	if err == nil {
		d.vault.pending = markNow(now)
		d.committed(now)
		d.vault.err = nil
	} else {
		d.vault.err, d.vault.ending = err, d.o.Classify(err)
	}
	signal(d.wake)
	d.mu.Unlock()
	d.event(Event{Kind: EventCommit, Error: d.words(err)})
	return err
}

// committed notes that nothing waits for a commit any more. The caller holds mu.
func (d *Daemon) committed(now reading) {
	if d.vault.pending.known {
		d.vault.pending, d.vault.commit = mark{}, markNow(now)
	}
}

// commits commits when what waits gets old. The archive itself asks for commits too, by
// amount; but its ages go by a clock that can be set.
func (d *Daemon) commits(ctx context.Context, end context.CancelCauseFunc, s Session) {
	for ctx.Err() == nil {
		wait, due := d.o.Check, false
		now := d.o.Clock.read()
		pending := s.Pending()
		d.mu.Lock()
		switch {
		case !pending:
			d.committed(now)
		case !d.vault.pending.known:
			d.vault.pending = markNow(now)
		default:
			due = d.vault.pending.age(now) >= d.plan.Commit
		}
		d.mu.Unlock()
		if due {
			if err := d.commit(ctx, s); err != nil && ctx.Err() == nil {
				if d.o.Classify(err) == EndVault {
					end(err)
					return
				}
				wait = commitAgain
			}
		}
		rest(ctx, wait, nil)
	}
}
