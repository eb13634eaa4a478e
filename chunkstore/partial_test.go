package chunkstore

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
)

// A partialDestination hides what lies at a place that is away, and says so unless it lies.
type partialDestination struct {
	*memory.Destination
	hidden func(name string) bool
	whole  bool // it says that nothing is hidden
}

func (d *partialDestination) Partial() bool { return !d.whole }

func (d *partialDestination) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if d.hidden(name) {
		return nil, fmt.Errorf("get %s: %w", name, fs.ErrNotExist)
	}
	return d.Destination.Get(ctx, name)
}

func (d *partialDestination) Stat(ctx context.Context, name string) (int64, error) {
	if d.hidden(name) {
		return 0, fmt.Errorf("stat %s: %w", name, fs.ErrNotExist)
	}
	return d.Destination.Stat(ctx, name)
}

func (d *partialDestination) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	return d.Destination.List(ctx, prefix, func(name string, size int64) error {
		if d.hidden(name) {
			return nil
		}
		return visit(name, size)
	})
}

// hiding returns what is seen of a fixture's vault while objects with some prefixes are away.
func (f *fixture) hiding(prefixes ...string) *partialDestination {
	return &partialDestination{Destination: f.dst, hidden: func(name string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(name, p) {
				return true
			}
		}
		return false
	}}
}

// What is away is not taken for what somebody set back.
func TestPartialIsNoRollback(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	commit(t, w, store(t, w, []byte("one")))
	check(t, w.Close())
	d := f.hiding(commitsPrefix)
	_, err := OpenWriter(t.Context(), d, f.options())
	wantError(t, err, ErrPartial)
	d.whole = true
	_, err = OpenWriter(t.Context(), d, f.options())
	wantError(t, err, ErrRollback)
}

// Packs that are away are not missing: nothing is told, nothing stored again, and the next
// commit follows.
func TestPartialForgetsNoPacks(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	ids := store(t, w, noise(1, 100_000))
	commit(t, w, ids)
	check(t, w.Close())
	d := f.hiding(packsPrefix)
	w, err := OpenWriter(t.Context(), d, f.options())
	check(t, err)
	known, err := w.Has(ids[0])
	check(t, err)
	if !known || len(w.Problems()) > 0 {
		t.Errorf("known: %v, problems %v", known, w.Problems())
	}
	commit(t, w, store(t, w, noise(2, 100_000)))
	check(t, w.Close())
	f.verify()

	d.whole = true // the same, all being there: then the packs are gone
	w, err = OpenWriter(t.Context(), d, f.options())
	check(t, err)
	defer w.Close()
	if known, err = w.Has(ids[0]); err != nil || known || len(w.Problems()) == 0 {
		t.Errorf("known: %v, %v, problems %v", known, err, w.Problems())
	}
}

// A pack that was stored before a crash, at a place that is away now, is listed by the next
// commit.
func TestPartialAdoptsPending(t *testing.T) {
	f := newFixture(t, nil)
	f.single = true
	w := f.writer()
	s := w.NewStream()
	_, err := s.Write(noise(1, 24<<20)) // full packs and more
	check(t, err)
	_, _, err = s.Cuts() // waits
	check(t, err)
	pending, err := w.state.pending()
	check(t, err)
	if len(pending) == 0 {
		t.Fatal("no pack was stored")
	}
	s.Abort()
	check(t, w.Close())
	w, err = OpenWriter(t.Context(), f.hiding(packsPrefix), f.options())
	check(t, err)
	defer w.Close()
	c := commit(t, w, nil)
	for _, p := range pending { // Close may have let one more be stored
		if !slices.Contains(c.Packs, p) {
			t.Errorf("the commit lists %v, and not %v", c.Packs, p)
		}
	}
}

// Without a local state the whole chain is needed: from its end alone nobody goes on.
func TestPartialNeedsState(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	first := commit(t, w, store(t, w, []byte("one")))
	commit(t, w, store(t, w, []byte("two")))
	commit(t, w, store(t, w, []byte("three")))
	check(t, w.Close())
	_, err := OpenWriter(t.Context(), f.hiding(commitName(first.Writer, 1), commitName(first.Writer, 2)), f.newState().options())
	wantError(t, err, ErrPartial)
	_, err = OpenWriter(t.Context(), f.hiding(indexName(first.Writer, 2)), f.newState().options())
	wantError(t, err, ErrPartial)
}
