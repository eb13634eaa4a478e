package copies

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"telekeep/chunkstore"
)

// A CaughtUp is what a CatchUp did.
type CaughtUp struct {
	Copied Lack                  // what the copy got
	Absent []*chunkstore.Problem // what it lacks still: no place that is there has it whole
	Bad    []BadObject           // what was found damaged or false on the way
}

// A BadObject is an object of a copy that is not what it should be.
type BadObject struct {
	Copy    string
	Problem *chunkstore.Problem
}

// maxRounds is how often a CatchUp looks for what came while it was copying.
const maxRounds = 20

// CatchUp copies to a copy what it lacks, from whichever places and the spool have it:
// small things, then of every commit its packs, its index, and the commit. Each object is
// checked before it is written: packs and indexes by their hashes, commits by signature and
// chain, entries of writers by what Options.Secrets can check. What is there is not copied
// again, so that it can be stopped at any time and started again. Packs are copied several
// at once, as far as Options.Memory goes.
//
// A copy that was set back is brought forward again. One that holds something false, or
// another vault, is left alone: the error says what it is. Objects that no place has whole
// are in Absent; the commits that need them are copied only if no place is away that might
// have them. What waited in the spool for this copy leaves it.
//
// progress, if not nil, is told the bytes that were copied and those that have to be in all;
// it is never called twice at once. Errors are those of the copy: ErrAway, ErrFull,
// syscall.EROFS, and of ctx.
func (s *Set) CatchUp(ctx context.Context, name string, progress func(done, total int64)) (CaughtUp, error) {
	p, err := s.place(name)
	if err != nil {
		return CaughtUp{}, err
	}
	p.catching.Lock()
	defer p.catching.Unlock()
	h, err := p.use(ctx, true)
	if err != nil {
		return CaughtUp{}, err
	}
	defer p.done(h)
	if barred := p.barredBy(h); barred != nil && !errors.Is(barred, chunkstore.ErrRollback) {
		return CaughtUp{}, fmt.Errorf("copy %s: %w", name, barred)
	}
	if err := p.recheck(ctx, h); err != nil {
		return CaughtUp{}, fmt.Errorf("copy %s: %w", name, err)
	}
	c := &catchUp{set: s, to: p, handle: h, progress: progress, told: make(map[string]bool)}
	err = c.run(ctx)
	return c.result, err
}

// CatchUpAll is CatchUp for every copy that is there, one after the other. The errors of
// one do not keep the others from being brought up to date.
func (s *Set) CatchUpAll(ctx context.Context, progress func(name string, done, total int64)) (map[string]CaughtUp, error) {
	if err := s.reachAll(ctx, rested); ctx.Err() != nil { // those that are not there stay behind
		return nil, err
	}
	all := make(map[string]CaughtUp)
	var errs []error
	for _, p := range s.places {
		if !p.present() {
			continue
		}
		var tell func(done, total int64)
		if progress != nil {
			tell = func(done, total int64) { progress(p.Name, done, total) }
		}
		c, err := s.CatchUp(ctx, p.Name, tell)
		all[p.Name] = c
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

// A catchUp is one run of CatchUp.
type catchUp struct {
	set      *Set
	to       *place
	handle   *handle
	progress func(done, total int64)

	mu     sync.Mutex // guards the rest
	result CaughtUp
	told   map[string]bool // problems that are in result already
	total  int64           // bytes, as far as known
}

// run plans and copies until nothing is left that could be copied.
func (c *catchUp) run(ctx context.Context) error {
	for range maxRounds {
		done, err := c.round(ctx)
		if done || err != nil {
			return err
		}
	}
	c.to.settleState(false) // a writer is faster than this copy, which stays behind
	return nil
}

// round plans and copies once, and reports whether there was nothing to copy.
func (c *catchUp) round(ctx context.Context) (done bool, err error) {
	missed := c.to.missedNow()
	sources, release := c.set.sources(ctx, c.to)
	defer release()
	p, err := c.plan(ctx, sources)
	if err != nil {
		return false, err
	}
	if p.empty() && missed == c.to.missedNow() {
		return true, c.finish(ctx, p)
	}
	before := c.begin(p)
	if err := c.copy(ctx, p); err != nil {
		return false, err
	}
	if c.sofar() == before { // all that lacks is lost, or in the way
		p.blocked = true
		return true, c.finish(ctx, p)
	}
	return false, nil
}

// begin sets how much is to be copied in all, and returns what was so far.
func (c *catchUp) begin(p *plan) Lack {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total = c.result.Copied.Bytes + p.lack.Bytes
	return c.result.Copied
}

func (c *catchUp) sofar() Lack {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.result.Copied
}

// finish notes that the copy holds all that could be found.
func (c *catchUp) finish(ctx context.Context, p *plan) error {
	if err := c.emptySpool(ctx, p); err != nil {
		return err
	}
	to := c.to
	back, err := c.forward()
	if err != nil {
		return err
	}
	clean := len(c.result.Absent) == 0 && !p.blocked && c.set.reached(to)
	to.mu.Lock()
	if back {
		c.handle.barred = nil
	}
	if clean {
		to.missed = Lack{}
	}
	to.mu.Unlock()
	if clean {
		err = c.set.notes.setCaught(to.Name, c.set.o.Now())
	}
	to.settleState(clean)
	return err
}

// forward reports whether a copy that was set back is where it was before again.
func (c *catchUp) forward() (bool, error) {
	remembered, err := c.set.notes.headsOf(c.to.Name)
	if err != nil {
		return false, err
	}
	for writer, h := range remembered {
		if c.to.head(writer).Seq < h.Seq {
			return false, nil
		}
	}
	return true, nil
}

// reached reports whether a place holds the last commit of every writer.
func (s *Set) reached(p *place) bool {
	heads := p.allHeads()
	for writer, h := range s.knownHeads() {
		if !reaches(heads[writer], h) {
			return false
		}
	}
	return true
}

// reaches reports whether a place whose last commit is have holds a commit that is known. Of
// a later one that cannot be read nothing follows.
func reaches(have, known chunkstore.Head) bool {
	return have.Seq == known.Seq || have.Seq > known.Seq && !have.Hash.IsZero()
}

// bad notes a problem of an object of a place once.
func (c *catchUp) bad(copyName, object string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := copyName + " " + object
	if c.told[key] {
		return
	}
	c.told[key] = true
	c.result.Bad = append(c.result.Bad, BadObject{copyName, chunkstore.NewProblem(object, err)})
}

// absent notes once that no place has an object whole.
func (c *catchUp) absent(object string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told[object] {
		return
	}
	c.told[object] = true
	c.result.Absent = append(c.result.Absent, chunkstore.NewProblem(object, fmt.Errorf("%w: %w", chunkstore.ErrMissing, ErrLost)))
}

// copied counts what was copied, and ends its waiting in the spool.
func (c *catchUp) copied(ctx context.Context, name string, size int64) error {
	c.count(size)
	if c.set.spool == nil || !c.set.spool.waits(name) {
		return nil
	}
	return c.set.holds(ctx, name, []string{c.to.Name})
}

func (c *catchUp) count(size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result.Copied = c.result.Copied.add(size)
	if c.progress != nil {
		c.progress(c.result.Copied.Bytes, max(c.total, c.result.Copied.Bytes))
	}
}
