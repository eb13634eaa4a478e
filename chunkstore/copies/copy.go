package copies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/sync/semaphore"

	"telekeep/chunkstore"
)

// maxCopying is how many objects are copied at once.
const maxCopying = 6

// copy copies what a plan lists: small things, then packs and indexes several at once, and
// each commit as soon as all that it needs is there.
func (c *catchUp) copy(ctx context.Context, p *plan) error {
	for _, o := range p.small {
		if err := c.put(ctx, o); err != nil {
			return err
		}
	}
	l := newLoader(c, p)
	defer l.wait()
	l.start(ctx)
	defer l.stop()
	for _, n := range p.loose {
		if err := c.settled(ctx, l.result(ctx, n.name)); err != nil {
			return err
		}
	}
	retired := retiredLater(p)
	stuck := make(map[string]bool) // writers whose later commits must wait
	for _, s := range p.steps {
		if stuck[s.commit.Writer] {
			continue
		}
		ok, err := c.ready(ctx, l, s, retired)
		if err != nil {
			return err
		}
		if !ok {
			stuck[s.commit.Writer], p.blocked = true, true
			continue
		}
		if ok, err = c.putCommit(ctx, s); err != nil {
			return err
		}
		stuck[s.commit.Writer] = !ok
		p.blocked = p.blocked || !ok
	}
	return nil
}

// settled passes on the errors that end a CatchUp; that one object is lost, or that
// something is in its way, does not.
func (c *catchUp) settled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, ErrLost) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// ready waits for what a commit needs and reports whether the commit may go. What is lost for
// good does not keep it: nobody has it, or a later commit says that nobody needs it.
func (c *catchUp) ready(ctx context.Context, l *loader, s step, retired map[chunkstore.Hash]bool) (bool, error) {
	ok := true
	for _, n := range s.needs {
		err := l.result(ctx, n.name)
		if fatal := c.settled(ctx, err); fatal != nil {
			return false, fatal
		}
		if errors.Is(err, ErrLost) && retired[n.hash] {
			continue
		}
		if errors.Is(err, ErrLost) {
			c.absent(n.name)
		}
		if err != nil && !(errors.Is(err, ErrLost) && l.p.whole()) {
			ok = false
		}
	}
	return ok, nil
}

// retiredLater returns the packs that commits of a plan retire: places may have deleted them.
func retiredLater(p *plan) map[chunkstore.Hash]bool {
	retired := make(map[chunkstore.Hash]bool)
	for _, s := range p.steps {
		for _, o := range s.commit.Retired {
			retired[o.Hash] = true
		}
	}
	return retired
}

// putCommit stores a commit at the copy. It reports false if something else has its name.
func (c *catchUp) putCommit(ctx context.Context, s step) (bool, error) {
	o := &object{name: chunkstore.CommitName(s.commit.Writer, s.commit.Seq), data: s.file, commit: s.commit}
	o.ObjectName = chunkstore.ParseName(o.name)
	c.to.chain.Lock()
	defer c.to.chain.Unlock()
	if err := c.to.mayCatchUp(ctx, c.handle, o); err != nil {
		return false, err
	}
	err := c.handle.put(ctx, o)
	if errors.Is(err, fs.ErrExist) {
		c.bad(c.to.Name, o.name, err)
		return false, nil
	}
	if err != nil {
		return false, c.to.failed(ctx, c.handle, err)
	}
	if c.to.head(o.Writer).Seq < o.Seq { // otherwise it fills a hole
		err = c.to.extend(o)
	}
	return true, errors.Join(err, c.copied(ctx, o.name, int64(len(o.data))))
}

// put stores a pack, an index or a small thing at the copy.
func (c *catchUp) put(ctx context.Context, o *object) error {
	if err := c.to.mayCatchUp(ctx, c.handle, o); err != nil {
		return err
	}
	if err := c.to.expect(ctx, c.handle, o); err != nil {
		return fmt.Errorf("copy %s: %w", c.to.Name, err)
	}
	defer c.to.arrived(o)
	if err := c.handle.put(ctx, o); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil {
		return c.to.failed(ctx, c.handle, err)
	}
	c.to.has(o)
	c.to.wrote(o)
	return c.copied(ctx, o.name, int64(len(o.data)))
}

// mayCatchUp is mayWrite for a CatchUp, which was asked for: a bar for being set back does
// not hold, and no rest.
func (p *place) mayCatchUp(ctx context.Context, h *handle, o *object) error {
	if err := p.recheck(ctx, h); err != nil {
		return fmt.Errorf("copy %s: %w", p.Name, err)
	}
	return nil
}

// A loader copies packs and indexes in the order in which they are needed, several at once,
// within a number of bytes.
type loader struct {
	c     *catchUp
	p     *plan
	items []item
	room  *semaphore.Weighted // bytes
	slots chan struct{}
	quit  chan struct{}
	end   sync.Once
	group sync.WaitGroup
	ready map[string]chan struct{} // closed when the result is known

	mu      sync.Mutex
	results map[string]error
	failed  error    // the first error that is the copy's own: nothing more is begun
	buffers [][]byte // that nobody uses
}

func newLoader(c *catchUp, p *plan) *loader {
	l := &loader{
		c: c, p: p, room: semaphore.NewWeighted(c.set.o.Memory), slots: make(chan struct{}, maxCopying),
		quit: make(chan struct{}), ready: make(map[string]chan struct{}), results: make(map[string]error),
	}
	l.items = append(l.items, p.loose...)
	for _, s := range p.steps {
		l.items = append(l.items, s.needs...)
	}
	for _, n := range l.items {
		l.ready[n.name] = make(chan struct{})
	}
	return l
}

func (l *loader) stop() { l.end.Do(func() { close(l.quit) }) }
func (l *loader) wait() { l.group.Wait() }

// start begins to copy; stop ends it, and wait waits for that.
func (l *loader) start(ctx context.Context) {
	l.group.Go(func() {
		for _, n := range l.items {
			select {
			case <-l.quit:
				return
			case <-ctx.Done():
				return
			case l.slots <- struct{}{}:
			}
			weight := min(n.size, l.c.set.o.Memory)
			if err := l.room.Acquire(ctx, weight); err != nil {
				return
			}
			l.group.Go(func() {
				l.finish(n, l.copy(ctx, n))
				l.room.Release(weight)
				<-l.slots
			})
		}
	})
}

// copy copies one object, unless the copy takes no more.
func (l *loader) copy(ctx context.Context, n item) error {
	l.mu.Lock()
	err := l.failed
	l.mu.Unlock()
	if err != nil {
		return err
	}
	buf := l.buffer(n.size)
	defer func() { l.giveBack(buf) }()
	data, err := l.c.fetch(ctx, l.p, n, true, buf, func(data []byte) error {
		return chunkstore.CheckBytes(n.name, data, chunkstore.Object{Hash: n.hash, Size: n.size})
	})
	if err != nil {
		return err
	}
	return l.c.put(ctx, &object{ObjectName: chunkstore.ParseName(n.name), name: n.name, data: data})
}

func (l *loader) finish(n item, err error) {
	l.mu.Lock()
	l.results[n.name] = err
	if err != nil && l.failed == nil && !errors.Is(err, ErrLost) && !errors.Is(err, fs.ErrExist) {
		l.failed = err
	}
	l.mu.Unlock()
	if errors.Is(err, fs.ErrExist) {
		l.c.bad(l.c.to.Name, n.name, err)
	}
	close(l.ready[n.name])
}

// result waits for an object.
func (l *loader) result(ctx context.Context, name string) error {
	select {
	case <-l.ready[name]:
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.results[name]
}

// buffer returns room for size bytes, used before if there is any that is long enough.
func (l *loader) buffer(size int64) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, b := range l.buffers {
		if int64(cap(b)) >= size {
			l.buffers[i] = l.buffers[len(l.buffers)-1]
			l.buffers = l.buffers[:len(l.buffers)-1]
			return b
		}
	}
	l.buffers = nil // they are too short for what comes
	return make([]byte, size)
}

func (l *loader) giveBack(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffers = append(l.buffers, b)
}
