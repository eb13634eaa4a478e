package copies

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"telekeep/chunkstore"
)

// A Set is several places that hold one vault, as one chunkstore.Destination. Its methods
// may be used from many goroutines.
type Set struct {
	o      Options
	places []*place
	spool  *spool // nil if there is none
	notes  *notebook
	taken  atomic.Pointer[chunkstore.WriterSecrets] // see secrets

	mu      sync.Mutex
	known   map[string]chunkstore.Head // the last commit of each writer that any place or the spool has shown
	orphans map[string]bool            // packs and indexes that were seen at places and that no commit lists
	closed  bool
	forgot  bool
}

// Forgot reports whether the memory of the copies was damaged when the Set was opened, and began
// anew: a copy that was set back meanwhile passes for one that is behind, and all are read again
// sooner than they would be. The old file has ".damaged" behind its name.
func (s *Set) Forgot() bool { return s.forgot }

// Open opens what is there. A place that is not is no error: it is tried again when it is
// needed. Open fails if nothing can be known of the vault: no place is there, and the
// spool does not hold vault.json either. Then the error says why, of each place.
func Open(ctx context.Context, o Options) (*Set, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Set{o: o, known: make(map[string]chunkstore.Head), orphans: make(map[string]bool)}
	s.taken.Store(o.Secrets)
	if s.notes, s.forgot, err = openNotebook(ctx, o.State, o.Vault); err != nil {
		return nil, err
	}
	if s.spool, err = openSpool(ctx, o); err != nil {
		return nil, errors.Join(err, s.notes.close())
	}
	for _, p := range o.Places {
		missed, err := s.notes.missedBy(p.Name)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.places = append(s.places, &place{Place: p, set: s, state: Unknown, missed: missed})
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// secrets are those of Options, or the last that were taken; nil if this machine has none.
func (s *Set) secrets() *chunkstore.WriterSecrets { return s.taken.Load() }

// Take has the Set go by other secrets of this machine's writer from now on: an owner has let it
// take a later vault key, so that other notes about key files count.
func (s *Set) Take(secrets *chunkstore.WriterSecrets) { s.taken.Store(secrets) }

// start finds out which places are there.
func (s *Set) start(ctx context.Context) error {
	heads, err := s.notes.heads()
	if err != nil {
		return err
	}
	s.learnHeads(heads)
	if s.spool != nil {
		if heads, err = s.spool.heads(ctx); err != nil {
			return err
		}
		s.learnHeads(heads)
	}
	if err := s.reachAll(ctx, rested); s.anyPresent() {
		if s.spool == nil {
			return nil
		}
		return s.keepSmall(ctx)
	} else if s.spool == nil || !s.spool.hasVault(ctx) {
		return fmt.Errorf("no copy of vault %s is there: %w", s.o.Vault, err)
	}
	return nil
}

// reachAll opens the places that are not open, all at once, and returns the errors of
// those that cannot be opened; force says which do not wait until it is time to try again.
func (s *Set) reachAll(ctx context.Context, force func(*place) bool) error {
	errs := make([]error, len(s.places))
	var group sync.WaitGroup
	for i, p := range s.places {
		group.Go(func() {
			h, err := p.use(ctx, force(p))
			if err != nil {
				errs[i] = err
				return
			}
			p.done(h)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// rested is for reachAll: none is tried before it is time.
func rested(*place) bool { return false }

func (s *Set) anyPresent() bool { return slices.ContainsFunc(s.places, (*place).present) }

// learnHeads notes commits that were seen. What only has the name of one is not: it would
// make every other place look behind.
func (s *Set) learnHeads(heads map[string]chunkstore.Head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for writer, h := range heads {
		if h.Seq > s.known[writer].Seq && !h.Hash.IsZero() {
			s.known[writer] = h
		}
	}
}

func (s *Set) knownHeads() map[string]chunkstore.Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.known)
}

// Partial reports whether places that are away may hold what no place that is there does,
// so that what List shows is not all of the vault. chunkstore.Writer asks: it takes
// nothing for lost then that it does not find. A Set all of whose places are there is not
// partial, however much is missing in it.
func (s *Set) Partial() bool {
	away := false
	for _, p := range s.places {
		if !p.present() {
			away = true
		} else if s.complete(p) {
			return false
		}
	}
	return away || len(s.places) == 0
}

// complete reports whether a place together with the spool holds every commit that is
// known.
func (s *Set) complete(p *place) bool {
	heads := p.allHeads()
	for writer, h := range s.knownHeads() {
		if !reaches(heads[writer], h) && !s.spool.bridges(heads[writer], h) {
			return false
		}
	}
	return !p.isBarred()
}

// Release closes a copy, so that its drive can be unmounted. It waits until nobody reads
// or writes there. The copy is opened again when it is needed.
func (s *Set) Release(name string) error {
	p, err := s.place(name)
	if err != nil {
		return err
	}
	return p.release(false)
}

// Adopt accepts that a copy lies on another file system than before: a drive was restored
// to a new one. The vault's id is still checked.
func (s *Set) Adopt(ctx context.Context, name string) error {
	p, err := s.place(name)
	if err != nil {
		return err
	}
	if err := p.release(false); err != nil {
		return err
	}
	if err := s.notes.forgetIdentity(name); err != nil {
		return err
	}
	h, err := p.use(ctx, true)
	if err != nil {
		return err
	}
	p.done(h)
	return nil
}

// Names returns the names of the copies, in the order in which they are read.
func (s *Set) Names() []string {
	var names []string
	for _, p := range s.places {
		names = append(names, p.Name)
	}
	return names
}

func (s *Set) place(name string) (*place, error) {
	for _, p := range s.places {
		if p.Name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknownCopy, name)
}

func (s *Set) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Close closes all places. What is under way may fail.
func (s *Set) Close() error {
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	if was {
		return nil
	}
	var errs []error
	for _, p := range s.places {
		errs = append(errs, p.release(true))
	}
	if s.spool != nil {
		errs = append(errs, s.spool.close())
	}
	return errors.Join(append(errs, s.notes.close())...)
}

// due reports whether the time to look again has come, or the clock was set back since.
func (s *Set) due(last time.Time) bool {
	since := s.o.Now().Sub(last)
	return since < 0 || since >= recheck*time.Second
}

var _ chunkstore.Destination = (*Set)(nil)
