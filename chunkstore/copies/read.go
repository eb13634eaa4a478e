package copies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"telekeep/chunkstore"
)

// candidates returns the places in the order in which they are read: those that nothing
// may be written to come last, because something is wrong with them.
func (s *Set) candidates() []*place {
	var good, bad []*place
	for _, p := range s.places {
		if p.present() && p.isBarred() {
			bad = append(bad, p)
		} else {
			good = append(good, p)
		}
	}
	return append(good, bad...)
}

// A use is what somebody who reads from a place owes it.
type use struct {
	done   func()
	failed func(error) // notes an error that came after f
}

// each calls f for the places that are there, one after the other, until one succeeds, and
// then for the spool. If none does, the error is fs.ErrNotExist if all that could be asked
// say so, and says which could not be asked. The place that succeeds is in use until f's use
// is done.
func (s *Set) each(ctx context.Context, name string, f func(d chunkstore.Destination, u use) error) error {
	var failed []error
	var away []error
	for _, p := range s.candidates() {
		h, err := p.use(ctx, false)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			away = append(away, err)
			continue
		}
		err = f(h.driver, use{func() { p.done(h) }, func(err error) { p.note(ctx, h, err) }})
		if err == nil {
			return nil
		}
		if ctx.Err() == nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, p.failed(ctx, h, err))
		}
		p.done(h)
		if ctx.Err() != nil {
			return err
		}
	}
	for _, d := range s.spooled() {
		if err := f(d, use{func() {}, func(error) {}}); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return notThere(name, away)
}

// notThere is the error for an object that no place that could be asked has.
func notThere(name string, away []error) error {
	if len(away) == 0 {
		return fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return fmt.Errorf("%s: %w at any copy that is there (%w)", name, fs.ErrNotExist, unsorted(errors.Join(away...)))
}

// unsorted is an error that only says something: what it wraps is not what the caller met.
func unsorted(err error) error { return errors.New(err.Error()) }

// spooled returns the parts of the spool that may answer for places: what waits always; what
// is kept only while places are away that should have it.
func (s *Set) spooled() []chunkstore.Destination {
	switch {
	case s.spool == nil:
		return nil
	case s.Partial():
		return []chunkstore.Destination{s.spool.queue, s.spool.keep}
	}
	return []chunkstore.Destination{s.spool.queue}
}

// Stat returns the length of an object; see chunkstore.Destination.
func (s *Set) Stat(ctx context.Context, name string) (size int64, err error) {
	err = s.each(ctx, name, func(d chunkstore.Destination, u use) error {
		ctx, cancel := within(ctx, 0)
		defer cancel()
		var err error
		if size, err = d.Stat(ctx, name); err == nil {
			u.done()
		}
		return err
	})
	return size, err
}

// ReadAt reads a part of an object; see chunkstore.Destination. A place that fails is
// passed over.
func (s *Set) ReadAt(ctx context.Context, name string, p []byte, off int64) (n int, err error) {
	var end error
	err = s.each(ctx, name, func(d chunkstore.Destination, u use) error {
		ctx, cancel := within(ctx, int64(len(p)))
		defer cancel()
		read, err := d.ReadAt(ctx, name, p, off)
		if err != nil && err != io.EOF {
			return err
		}
		n, end = read, err
		u.done()
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, end
}

// Get opens an object; see chunkstore.Destination. If the place fails in the middle, what
// is left is read from the next one that has the object. An owner's key file that is another
// one than this machine keeps is given as it is kept: before a commit lists key files nothing
// else tells that one went bad, and the first commit says for ever what they are.
func (s *Set) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r := &reader{set: s, ctx: ctx, name: name}
	err := s.each(ctx, name, r.begin)
	if err != nil {
		return nil, err
	}
	if n := chunkstore.ParseName(name); n.Kind == chunkstore.KeyObject && s.spool != nil {
		if kept := s.keptKey(ctx, name); kept != nil {
			return io.NopCloser(bytes.NewReader(kept)), r.Close()
		}
	}
	return r, nil
}

// A reader reads an object, from another place if one fails.
type reader struct {
	set   *Set
	ctx   context.Context //nolint:containedctx // of the Get: a Read that goes on elsewhere has no other
	name  string
	from  io.ReadCloser
	use   use
	off   int64
	tries int
}

// begin opens the object at one place and goes to where the last one failed.
func (r *reader) begin(d chunkstore.Destination, u use) error {
	from, err := d.Get(r.ctx, r.name)
	if err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, from, r.off); err != nil {
		if err == io.EOF {
			err = fmt.Errorf("%s is only %d bytes long there: %w", r.name, n, io.ErrUnexpectedEOF)
		}
		return errors.Join(err, from.Close())
	}
	r.from, r.use = from, u
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		n, err := r.from.Read(p)
		r.off += int64(n)
		if n > 0 && err != io.EOF {
			return n, nil // an error comes again
		}
		if err == nil || err == io.EOF || r.ctx.Err() != nil || r.tries >= len(r.set.places) {
			return n, err
		}
		r.tries++
		r.use.failed(err)
		if again := r.resume(); again != nil {
			return 0, errors.Join(err, again)
		}
	}
}

// resume opens the object again, at whichever place has it.
func (r *reader) resume() error {
	r.from.Close() // it failed already
	r.use.done()
	r.from, r.use = io.NopCloser(eof{}), use{func() {}, func(error) {}}
	return r.set.each(r.ctx, r.name, r.begin)
}

func (r *reader) Close() error {
	err := r.from.Close()
	r.use.done()
	r.use.done = func() {}
	return err
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// List visits the union of what lies at all places that are there, and in the spool; see
// chunkstore.Destination. It fails if a place failed that may hold what the others lack.
// Where places disagree about a length, the longest is told: files get cut off, they do not
// grow.
func (s *Set) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	sizes, err := s.union(ctx, prefix)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(sizes))
	for name := range sizes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if ctx.Err() != nil {
			return fmt.Errorf("list %s: %w", prefix, ctx.Err())
		}
		if err := visit(name, sizes[name]); err != nil {
			return err
		}
	}
	return nil
}
