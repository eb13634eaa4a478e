package daemon

import (
	"context"
	"errors"
	"time"
)

// The pauses between two tries to follow an account that ended with an error.
const (
	followFirst = 10 * time.Second
	followMost  = 30 * time.Minute
)

// An account is what is known about one account. All under Daemon.mu.
type account struct {
	name     string
	state    State
	paused   bool
	until    mark  // when a pause ends, on Boot; not known: when somebody says so
	err      error // the last one, until all is well again
	person   error // why somebody must do something; nil if nobody must
	retry    mark  // when it is tried again
	progress *Progress
	failing  int
	blocked  int // that wait for room to fetch media

	begun     mark // when it was heard of first: the age of a round that never was
	round     mark // everything was looked through
	whole     mark // and was there
	proved    bool // round was seen since the machine was started: no set clock can make it younger
	next      time.Duration
	following bool
	stop      context.CancelFunc // ends the Follow that runs

	wishes   chan int
	wish     int // the newest that was asked
	waiting  []*wisher
	messages int
	media    int
}

func newAccount(name string, now reading) *account {
	return &account{name: name, state: StateStarting, begun: markNow(now)}
}

// supervise follows an account until ctx ends, whatever happens.
func (d *Daemon) supervise(ctx context.Context, end context.CancelCauseFunc, s Session, a *account) {
	pause := backoff{first: followFirst, most: followMost, random: d.o.Random}
	for ctx.Err() == nil {
		changed := d.changes()
		if state, waits := d.stands(a); waits {
			d.setState(a, state, nil)
			rest(ctx, forever, changed)
			continue
		}
		began := d.roundOf(a)
		stopped, err := d.follow(ctx, s, a)
		switch {
		case ctx.Err() != nil || err == nil && stopped:
			if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errIdle) {
				d.failWaiting(a, errStopped)
			} // or it goes on: a pause answered who had asked, and who asked behind it waits for what follows
			continue
		case d.roundOf(a) != began:
			pause.reset()
		}
		switch d.o.Classify(err) {
		case EndVault, EndNoSpace, EndNoMount:
			d.setState(a, StateWaiting, err)
			end(err)
			return
		case EndPerson:
			rest(ctx, forever, d.ended(a, err))
		default:
			wait := pause.pause()
			d.failed(a, err, wait)
			rest(ctx, wait, changed)
		}
	}
}

// stands reports whether nothing is to be done about an account now, and the word for it.
func (d *Daemon) stands(a *account) (State, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a.paused {
		return StatePaused, true
	}
	return StateHeld, d.thrift == ThriftAll
}

func (d *Daemon) roundOf(a *account) mark {
	d.mu.Lock()
	defer d.mu.Unlock()
	return a.round
}

// follow follows an account once. It was stopped if it ended because of a pause, or with
// ctx.
func (d *Daemon) follow(ctx context.Context, s Session, a *account) (stopped bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.mu.Lock()
	a.remind()
	if a.paused || d.thrift == ThriftAll { // since it was looked at
		d.mu.Unlock()
		return true, nil
	}
	a.stop, a.following, a.person = cancel, true, nil
	if a.state != StateOffline {
		a.state = StateSyncing
	}
	wishes := a.wishes
	d.mu.Unlock()
	loop := "account " + a.name
	d.beat(loop, 0)
	err = s.Follow(ctx, Following{
		Account: a.name, Wishes: wishes,
		Tell:     func(n News) { d.news(a, n) },
		Progress: func(p Progress) { d.progress(a, p) },
		Alive:    func(quiet time.Duration) { d.pulse.Add(1); d.beat(loop, quiet) },
		Room:     func(ctx context.Context) error { return d.room(ctx, a) },
	})
	d.unbeat(loop)
	d.mu.Lock()
	a.following, a.stop, a.progress = false, nil, nil
	d.mu.Unlock()
	return ctx.Err() != nil, err
}

// news takes what happened in an account.
func (d *Daemon) news(a *account, n News) {
	now := d.o.Clock.read()
	d.mu.Lock()
	stored := n.Messages+n.Edited+n.Deleted+n.Media > 0
	told := a.state != n.State || stored || n.Failing > a.failing || n.Err != nil
	a.state, a.failing = n.State, n.Failing
	a.messages, a.media = a.messages+n.Messages, a.media+n.Media
	if n.Err != nil {
		a.err = n.Err
		a.answer(wishAnswer{err: n.Err}, a.wish)
	} else if n.State == StateLive {
		a.err = nil
	}
	if stored && !d.vault.pending.known {
		d.vault.pending = markNow(now)
	}
	if n.Round {
		a.round, a.proved, a.err, a.progress = markNow(now), true, nil, nil
		a.next = now.boot + around(d.plan.Reconcile, d.o.Random)
		if n.Whole {
			a.whole = a.round
		}
		a.answer(wishAnswer{report: n.Report}, n.Wish)
		signal(d.wake)
	}
	d.mu.Unlock()
	if told {
		d.event(Event{
			Kind: EventAccount, Account: a.name, State: n.State, Messages: n.Messages, Edited: n.Edited, Deleted: n.Deleted,
			Media: n.Media, Failing: n.Failing, Error: d.words(n.Err),
		})
	}
}

func (d *Daemon) progress(a *account, p Progress) {
	d.pulse.Add(1)
	d.mu.Lock()
	a.progress = &p
	if a.state == StateLive && p.Files >= p.FilesTotal && a.round.known {
		a.progress = nil // what was pushed is fetched
	}
	for _, w := range a.waiting {
		w.progress(a.name, p)
	}
	d.mu.Unlock()
	d.event(Event{Kind: EventProgress, Account: a.name, Progress: &p})
}

// setState notes a state that is none of Follow's.
func (d *Daemon) setState(a *account, state State, err error) {
	d.mu.Lock()
	told := a.state != state
	a.state = state
	if err != nil {
		a.err = err
		a.answer(wishAnswer{err: err}, a.wish)
	}
	signal(d.wake)
	d.mu.Unlock()
	if told {
		d.event(Event{Kind: EventAccount, Account: a.name, State: state, Error: d.words(err)})
	}
}

// ended notes that no try helps until a change, which it returns. It is the answer to
// every wish so far.
func (d *Daemon) ended(a *account, err error) (changed <-chan struct{}) {
	d.mu.Lock()
	told := a.state != StateEnded
	a.state, a.person, a.err = StateEnded, err, err
	select {
	case <-a.wishes:
	default:
	}
	a.answer(wishAnswer{err: err}, a.wish)
	changed = d.asked
	signal(d.wake)
	d.mu.Unlock()
	if told {
		d.event(Event{Kind: EventAccount, Account: a.name, State: StateEnded, Error: d.words(err)})
	}
	return changed
}

// failed notes an error after which it is tried again.
func (d *Daemon) failed(a *account, err error, wait time.Duration) {
	now := d.o.Clock.read()
	d.mu.Lock()
	a.state, a.err = StateWaiting, err
	a.retry = mark{at: now.boot + wait, wall: now.wall.Add(wait), known: true}
	a.answer(wishAnswer{err: err}, a.wish)
	signal(d.wake)
	d.mu.Unlock()
	d.event(Event{Kind: EventAccount, Account: a.name, State: StateWaiting, Error: d.words(err), Retry: wait.Seconds()})
}
