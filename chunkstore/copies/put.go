package copies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"telekeep/chunkstore"
)

// Put stores an object at all places that are there and may take it, at once. It returns
// nil when the object is durable at as many places as needed, or in the spool. Indexes and
// commits are in the spool before they go anywhere, so that what a place that is away has
// seen is known here even after a crash.
//
// fs.ErrExist: other bytes have this name at a place or in the spool. ErrSpoolFull: too few
// places took a pack and the spool has no room. ErrTooFew: too few places took it and there
// is no spool. Both name what was wrong with each place.
func (s *Set) Put(ctx context.Context, name string, data []byte) error {
	o := &object{name: name, ObjectName: chunkstore.ParseName(name), data: data}
	if err := o.parse(s.o.Vault); err != nil {
		return err
	}
	if o.goesAhead() && s.spool != nil {
		if err := s.spool.put(ctx, name, data); err != nil {
			return fmt.Errorf("put %s: %w", name, err)
		}
	}
	took, failed := s.fan(ctx, o)
	if ctx.Err() != nil {
		return fmt.Errorf("put %s: %w", name, ctx.Err())
	}
	if errors.Is(failed, fs.ErrExist) && o.Kind != chunkstore.PackObject && (len(took) == 0 || o.Kind == chunkstore.IndexObject) {
		return errors.Join(fmt.Errorf("put %s: %w", name, failed), s.withdraw(name))
	}
	if err := s.settle(ctx, o, took, failed); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	if o.commit == nil {
		return nil
	}
	s.learnHeads(map[string]chunkstore.Head{o.Writer: o.head()})
	for _, p := range s.places {
		if err := p.after(o); err != nil {
			return fmt.Errorf("put %s: %w", name, err)
		}
	}
	return nil
}

// after notes whether the place holds all that is known, now that a commit is stored.
func (p *place) after(o *object) error {
	if p.head(o.Writer) != o.head() || !p.set.reached(p) {
		p.settleState(false)
		return nil
	}
	p.mu.Lock()
	p.missed = Lack{}
	p.mu.Unlock()
	p.settleState(false)
	return p.set.notes.setCaught(p.Name, p.set.o.Now())
}

// An object is what is being stored.
type object struct {
	chunkstore.ObjectName
	name   string
	data   []byte
	commit *chunkstore.Commit // if it is one
}

func (o *object) parse(vault string) error {
	if o.Kind != chunkstore.CommitObject {
		return nil
	}
	var err error
	o.commit, err = chunkstore.ParseCommit(o.name, o.data, vault, nil)
	return err
}

// goesAhead reports whether the object must be in the spool before it is anywhere else.
func (o *object) goesAhead() bool {
	return o.Kind == chunkstore.IndexObject || o.Kind == chunkstore.CommitObject
}

func (o *object) head() chunkstore.Head {
	return chunkstore.Head{Vault: o.commit.Vault, Writer: o.Writer, Seq: o.Seq, Hash: o.commit.Hash}
}

// fan stores an object at all places at once and returns those that took it.
func (s *Set) fan(ctx context.Context, o *object) (took []string, failed error) {
	errs := make([]error, len(s.places))
	var group sync.WaitGroup
	for i, p := range s.places {
		group.Go(func() { errs[i] = p.put(ctx, o) })
	}
	group.Wait()
	for i, p := range s.places {
		if errs[i] == nil {
			took = append(took, p.Name)
		}
	}
	return took, errors.Join(errs...)
}

// settle decides whether an object counts as stored, and whether it must wait in the spool.
func (s *Set) settle(ctx context.Context, o *object, took []string, failed error) error {
	if len(took) >= s.o.Need && s.spool == nil {
		return nil
	}
	if s.spool == nil {
		return errors.Join(fmt.Errorf("%w: %d of %d", ErrTooFew, len(took), s.o.Need), failed)
	}
	if len(took) < s.o.Need && !o.goesAhead() {
		if err := s.spool.put(ctx, o.name, o.data); err != nil {
			return errors.Join(err, failed)
		}
	}
	if !s.spool.waits(o.name) {
		return nil
	}
	return s.holds(ctx, o.name, took)
}

// holds notes that copies hold an object of the spool, and ends its waiting if they are
// enough.
func (s *Set) holds(ctx context.Context, name string, copies []string) error {
	n, err := s.notes.hold(name, copies)
	if err != nil || n < s.o.Need {
		return err
	}
	if err := s.spool.drop(ctx, name); err != nil {
		return err
	}
	return s.notes.forgetHolders(name)
}

// withdraw takes an index out of the spool whose name is taken at a place.
func (s *Set) withdraw(name string) error {
	if s.spool == nil {
		return nil
	}
	return s.spool.forget(name)
}

// put stores an object at one place. An error means that the place did not take it, which
// is noted.
func (p *place) put(ctx context.Context, o *object) error {
	h, err := p.use(ctx, false)
	if err == nil {
		err = p.putInto(ctx, h, o)
		p.done(h)
	}
	if err != nil && ctx.Err() == nil {
		err = errors.Join(err, p.miss(o))
	}
	return err
}

func (p *place) putInto(ctx context.Context, h *handle, o *object) error {
	if err := p.mayWrite(ctx, h, o); err != nil {
		return fmt.Errorf("copy %s: %w", p.Name, err)
	}
	if o.commit != nil {
		return p.putCommit(ctx, h, o)
	}
	if err := p.expect(ctx, h, o); err != nil {
		return fmt.Errorf("copy %s: %w", p.Name, err)
	}
	defer p.arrived(o)
	if err := h.put(ctx, o); err != nil {
		return p.failed(ctx, h, err)
	}
	p.has(o)
	p.wrote(o)
	return nil
}

// put stores an object, unless that takes too long.
func (h *handle) put(ctx context.Context, o *object) error {
	ctx, cancel := within(ctx, int64(len(o.data)))
	defer cancel()
	return h.driver.Put(ctx, o.name, o.data)
}

// putCommit stores a commit if the place holds all that it builds on.
func (p *place) putCommit(ctx context.Context, h *handle, o *object) error {
	p.chain.Lock()
	defer p.chain.Unlock()
	if err := p.follows(ctx, h, o); err != nil {
		return fmt.Errorf("copy %s: %w", p.Name, err)
	}
	if err := h.put(ctx, o); err != nil {
		if errors.Is(err, fs.ErrExist) {
			p.giveUp(h) // opening it again finds out what lies there
		}
		return p.failed(ctx, h, err)
	}
	p.wrote(o)
	return p.extend(o)
}

// extend notes that a commit is the last one at the place.
func (p *place) extend(o *object) error {
	head := o.head()
	p.mu.Lock()
	p.heads[o.Writer] = head
	delete(p.stored, chunkstore.IndexName(o.Writer, o.Seq))
	for _, pack := range o.commit.Packs {
		delete(p.stored, chunkstore.PackName(pack.Hash))
	}
	p.mu.Unlock()
	return p.set.notes.setHead(p.Name, head)
}

// follows reports whether the place holds what a commit builds on: the one before it, its
// index and its packs. What was stored by this process counts; the rest is looked for.
func (p *place) follows(ctx context.Context, h *handle, o *object) error {
	if p.head(o.Writer).Hash != o.commit.Previous && !p.holdsPrevious(ctx, h, o) {
		return ErrBehind
	}
	for _, n := range neededBy(o.commit) {
		p.mu.Lock()
		size, ok := p.stored[n.name]
		p.mu.Unlock()
		if ok && size == n.size {
			continue
		}
		size, err := h.driver.Stat(ctx, n.name)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && size != n.size:
			return fmt.Errorf("%w: it lacks %s", ErrBehind, n.name)
		case err != nil:
			return p.failed(ctx, h, err)
		}
	}
	return nil
}

// holdsPrevious looks whether another process brought the place the commit that o follows on.
func (p *place) holdsPrevious(ctx context.Context, h *handle, o *object) bool {
	last := p.set.knownHeads()[o.Writer]
	if last.Hash.IsZero() || last.Hash != o.commit.Previous {
		return false
	}
	ctx, cancel := within(ctx, 0)
	defer cancel()
	data, err := readSmall(ctx, h.driver, chunkstore.CommitName(last.Writer, last.Seq), chunkstore.MaxCommit)
	return err == nil && chunkstore.HashOf(data) == last.Hash
}

// maxStored is how many packs that no commit lists are remembered by name; of the others
// the place is asked.
const maxStored = 8192

// has notes that a pack or an index is there.
func (p *place) has(o *object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.stored) >= maxStored {
		clear(p.stored)
	}
	p.stored[o.name] = int64(len(o.data))
}

// miss notes that the place lacks an object.
func (p *place) miss(o *object) error {
	p.mu.Lock()
	p.missed = p.missed.add(int64(len(o.data)))
	missed, there := p.missed, p.handle != nil
	p.mu.Unlock()
	if there {
		p.settleState(false)
	}
	return p.set.notes.setMissed(p.Name, missed)
}

// mayWrite looks whether the place may be written to now: it is still the right one, and takes
// something again after it was full.
func (p *place) mayWrite(ctx context.Context, h *handle, o *object) error {
	if err := p.barredBy(h); err != nil {
		return err
	}
	if err := p.recheck(ctx, h); err != nil {
		return err
	}
	p.mu.Lock()
	state, err, rests := p.state, p.err, p.rests()
	p.mu.Unlock()
	if rests && (state == ReadOnly || state == Full && o.Kind == chunkstore.PackObject) {
		return err
	}
	return nil
}

// recheck looks, if the last time was long ago, whether the place is still the right one.
// Whether its path still leads there is looked at every time.
func (p *place) recheck(ctx context.Context, h *handle) error {
	err := mounted(ctx, h.driver)
	p.mu.Lock()
	due := p.set.due(p.checked)
	p.mu.Unlock()
	if err == nil && due {
		if err = p.checkMarker(ctx, h.driver); err == nil {
			_, err = p.checkFileSystem(ctx, h.driver)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		p.change(stateOfOpening(err), err)
		p.giveUp(h)
		return err
	}
	if due {
		p.mu.Lock()
		p.checked = p.set.o.Now()
		p.mu.Unlock()
	}
	return nil
}

// expect looks whether a pack leaves the reserve free, beside those that are on their way to
// the place. The caller calls arrived when the pack is there, or will not come.
func (p *place) expect(ctx context.Context, h *handle, o *object) error {
	f, ok := h.driver.(freer)
	if !ok || p.set.o.Reserve <= 0 || o.Kind != chunkstore.PackObject {
		p.come(o, 1)
		return nil
	}
	free, err := f.Free(ctx)
	if err != nil {
		p.note(ctx, h, err)
		return err
	}
	if coming := p.come(o, 1); free-coming < p.set.o.Reserve {
		p.arrived(o)
		err := fmt.Errorf("%w: %d bytes are free, %d must stay so", ErrFull, free, p.set.o.Reserve)
		p.change(Full, err)
		return err
	}
	return nil
}

func (p *place) arrived(o *object) { p.come(o, -1) }

// come counts the bytes of packs that are on their way, and returns them.
func (p *place) come(o *object, sign int64) int64 {
	if o.Kind != chunkstore.PackObject {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.coming += sign * int64(len(o.data))
	return p.coming
}
