package copies

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"telekeep/chunkstore"
)

// How long a place that failed is left alone: the first time and at most.
const (
	firstPause = time.Second
	lastPause  = 10 * time.Minute
)

// How long one call to a place may take: so long, and a second more for so many bytes. A
// place that is slower fails.
const (
	patience = time.Minute
	slowest  = 32 << 10
	listing  = 10 * time.Minute // a whole list
	opening  = 30 * time.Second // all that is asked of a place when it is opened; a drive may have to start
)

// within returns the context of one call that moves so many bytes.
func within(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience+time.Duration(size/slowest)*time.Second)
}

// A place is one copy as this process knows it.
type place struct {
	Place
	set *Set

	opening  sync.Mutex // held while the place is opened and looked at
	chain    sync.Mutex // held while a commit is stored there
	catching sync.Mutex // held while the place is brought up to date

	mu       sync.Mutex
	handle   *handle // nil: not open
	state    State
	err      error     // why, if state is not Current
	failures int       // since it last worked
	retry    time.Time // until then it is left alone (for Full and ReadOnly: with what is to be stored)
	heads    map[string]chunkstore.Head
	stored   map[string]int64 // packs and indexes that were stored there and no commit lists yet ▶ length
	missed   Lack
	checked  time.Time // when it was last seen to be the right place
	used     time.Time // when somebody last ended using it
	tried    time.Time // when it could not be opened last
	coming   int64     // bytes of packs that are being stored there
}

// A handle is an opened place. It is closed by whoever uses it last.
type handle struct {
	driver Driver
	barred error        // why nothing may be written there until it is settled
	ended  func() error // notes that what was written is durable; nil if nobody asks
	users  int          // guarded by the place's mu, as are given and doubt
	doubt  bool         // a call failed: what it wrote may be seen and not be durable
	given  bool         // up: nobody may begin to use it
	once   sync.Once
	closed chan struct{} // when the driver is
	err    error         // of closing it
}

// use returns the opened place, opening it if that is not too soon after a failure;
// force makes any time right. The caller calls done.
func (p *place) use(ctx context.Context, force bool) (*handle, error) {
	if h := p.take(); h != nil {
		return h, nil
	}
	p.opening.Lock()
	defer p.opening.Unlock()
	if h := p.take(); h != nil {
		return h, nil
	}
	if err := p.resting(force); err != nil {
		return nil, err
	}
	soon, cancel := context.WithTimeout(ctx, opening)
	defer cancel()
	h, err := p.openNow(soon)
	if err != nil {
		if soon.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w: no answer within %d s", ErrAway, int(opening.Seconds()))
		}
		if ctx.Err() == nil {
			p.change(stateOfOpening(err), err)
			p.mu.Lock()
			p.tried = p.set.o.Now()
			p.mu.Unlock()
		}
		return nil, fmt.Errorf("copy %s: %w", p.Name, err)
	}
	return h, nil
}

// openNow opens the place, looks whether it is the right one and what is there.
func (p *place) openNow(ctx context.Context) (*handle, error) {
	driver, err := p.Open(ctx)
	if err != nil {
		return nil, err
	}
	found, err := p.inspect(ctx, driver)
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	h := &handle{driver: driver, barred: found.barred, users: 1, closed: make(chan struct{})}
	if err := p.settle(ctx, h); err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	p.mu.Lock()
	p.handle, p.heads, p.checked = h, found.heads, p.set.o.Now()
	p.stored = make(map[string]int64)
	p.mu.Unlock()
	p.set.learnHeads(found.heads)
	if found.barred == nil {
		err = p.set.notes.saw(p.Name, found.identity, p.set.o.Now(), found.heads)
	}
	p.settleState(false)
	if err := writable(ctx, driver); err != nil {
		p.change(ReadOnly, err)
	}
	return h, err
}

// settle sees to it that what is there stays: an earlier process may have been killed while it
// stored something, which the next one sees and takes for stored.
func (p *place) settle(ctx context.Context, h *handle) error {
	d, ok := h.driver.(settler)
	if !ok || h.barred != nil || p.set.spool == nil {
		return nil // or nothing is written there
	}
	again, err := p.set.notes.begin(p.Name)
	if err != nil {
		return err
	}
	if again {
		if err := d.Settle(ctx); err != nil {
			return err
		}
	}
	h.ended = func() error {
		p.mu.Lock()
		doubt := h.doubt
		p.mu.Unlock()
		if doubt {
			return nil
		}
		return p.set.notes.end(p.Name)
	}
	return nil
}

// writable asks the driver, if it can tell, whether the place takes anything at all.
func writable(ctx context.Context, d Driver) error {
	if w, ok := d.(writer); ok {
		return w.Writable(ctx)
	}
	return nil
}

// take returns the handle if the place is open.
func (p *place) take() *handle {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle != nil {
		p.handle.users++
	}
	return p.handle
}

// resting returns why the place is not to be opened now.
func (p *place) resting(force bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set.isClosed() {
		return ErrClosed
	}
	if !force && p.rests() && p.err != nil {
		return fmt.Errorf("copy %s: %w", p.Name, p.err)
	}
	return nil
}

// done ends one use.
func (p *place) done(h *handle) {
	p.mu.Lock()
	h.users--
	last := h.given && h.users == 0
	p.used = p.set.o.Now()
	p.mu.Unlock()
	if last {
		h.close()
	}
}

// close closes the driver, once.
func (h *handle) close() {
	h.once.Do(func() {
		if h.err = h.driver.Close(); h.err == nil && h.ended != nil {
			h.err = h.ended()
		}
		close(h.closed)
	})
}

// giveUp keeps everybody from using the handle further and closes it when the last user
// is done.
func (p *place) giveUp(h *handle) {
	p.mu.Lock()
	last := !h.given && h.users == 0
	h.given = true
	if p.handle == h {
		p.handle = nil
	}
	p.mu.Unlock()
	if last {
		h.close()
	}
}

// release closes the place and waits until nobody uses it any more; now does not wait, so
// that what is under way fails.
func (p *place) release(now bool) error {
	p.opening.Lock() // what is being opened is closed too
	p.mu.Lock()
	h := p.handle
	p.mu.Unlock()
	p.opening.Unlock()
	if h == nil {
		return nil
	}
	p.giveUp(h)
	if now {
		h.close()
	}
	<-h.closed
	if !p.present() {
		p.change(Released, nil)
	}
	return h.err
}

// failed notes the error of a call to the place and returns it, with the name of the copy.
func (p *place) failed(ctx context.Context, h *handle, err error) error {
	p.note(ctx, h, err)
	return fmt.Errorf("copy %s: %w", p.Name, err)
}

// note sorts the error of a call to the place, and gives the place up if it is gone.
func (p *place) note(ctx context.Context, h *handle, err error) {
	state, drop, ok := stateOf(ctx, err)
	p.mu.Lock()
	h.doubt = true
	old := p.handle != h // somebody was faster, and it may have been opened again
	p.mu.Unlock()
	if ok && !old {
		p.change(state, err)
	}
	if drop {
		p.giveUp(h)
	}
}

// change sets the state and tells of it if it is another one. A state that is an error
// makes the place rest, longer each time.
func (p *place) change(state State, err error) {
	p.mu.Lock()
	before := p.state
	p.state, p.err = state, err
	switch state {
	case Away, Failing, Refused, Full, ReadOnly:
		p.retry = p.set.o.Now().Add(min(firstPause<<min(p.failures, 10), lastPause))
		p.failures++
	}
	p.mu.Unlock()
	if before != state && p.set.o.Notice != nil {
		p.set.o.Notice(Event{Copy: p.Name, Time: p.set.o.Now(), Before: before, State: state, Err: err})
	}
}

// rests reports whether it is too early to try the place again. A clock that was set back makes
// no wait longer. The caller holds mu.
func (p *place) rests() bool {
	wait := p.retry.Sub(p.set.o.Now())
	return wait > 0 && wait <= lastPause
}

// head returns the last commit of a writer there.
func (p *place) head(writer string) chunkstore.Head {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heads[writer]
}

// allHeads returns the last commits of all writers there.
func (p *place) allHeads() map[string]chunkstore.Head {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.heads)
}

// present reports whether the place is open.
func (p *place) present() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handle != nil
}

func (p *place) isBarred() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handle == nil || p.handle.barred != nil
}

// settleState finds the state of a place that is there. One that could not be written to
// stays so until something was written: worked says that this has just been done.
func (p *place) settleState(worked bool) {
	known := p.set.knownHeads()
	p.mu.Lock()
	h, missed := p.handle, p.missed
	behind := missed.Objects > 0
	for writer, k := range known {
		behind = behind || !reaches(p.heads[writer], k)
	}
	sticks := p.state == Full || p.state == ReadOnly || p.state == Failing
	if worked {
		sticks, p.failures, p.retry = false, 0, time.Time{}
	}
	p.mu.Unlock()
	switch {
	case h == nil || sticks:
	case h.barred != nil:
		p.change(Refused, h.barred)
	case behind:
		p.change(Behind, ErrBehind)
	default:
		p.change(Current, nil)
	}
}

// wrote notes that an object was stored.
func (p *place) wrote(o *object) {
	p.mu.Lock()
	was := p.state
	p.mu.Unlock()
	if was == ReadOnly || was == Failing || was == Full && o.Kind == chunkstore.PackObject {
		p.settleState(true)
	}
}

// bar keeps everybody from writing to an opened place until that is settled.
func (p *place) bar(h *handle, err error) {
	p.mu.Lock()
	first := h.barred == nil && p.handle == h
	if first {
		h.barred = err
	}
	p.mu.Unlock()
	if first {
		p.change(Refused, err)
	}
}

// barredBy returns why nothing may be written to an opened place, nil if that is fine.
func (p *place) barredBy(h *handle) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return h.barred
}

func (p *place) missedNow() Lack {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.missed
}

// advance notes commits that somebody else stored at the place.
func (p *place) advance(heads map[string]chunkstore.Head) error {
	p.set.learnHeads(heads)
	for writer, h := range heads {
		if h.Hash.IsZero() {
			continue // it is none that the writer made
		}
		p.mu.Lock()
		ahead := h.Seq > p.heads[writer].Seq
		if ahead {
			p.heads[writer] = h
		}
		p.mu.Unlock()
		if ahead {
			if err := p.set.notes.setHead(p.Name, h); err != nil {
				return err
			}
		}
	}
	return nil
}
