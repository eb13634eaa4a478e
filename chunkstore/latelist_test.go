package chunkstore

import (
	"context"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
)

// lateLists is a place that lists nothing of what was stored.
type lateLists struct {
	*memory.Destination
	hide string // names with this in them
}

func (l lateLists) List(ctx context.Context, prefix string, visit func(string, int64) error) error {
	return l.Destination.List(ctx, prefix, func(name string, size int64) error {
		if strings.Contains(name, l.hide) {
			return nil
		}
		return visit(name, size)
	})
}

// A place that is late to list its objects frightens nobody: what is there is not missing,
// and is not stored again.
func TestLateListLosesNothing(t *testing.T) {
	for _, hide := range []string{packsPrefix, commitsPrefix, indexPrefix} {
		f := newFixture(t, nil)
		w, err := OpenWriter(t.Context(), f.dst, f.options())
		check(t, err)
		data := []byte(strings.Repeat("late ", 1000))
		ids := store(t, w, data)
		commit(t, w, ids)
		check(t, w.Close())
		late, err := OpenWriter(t.Context(), lateLists{f.dst, hide}, f.options())
		check(t, err)
		store(t, late, data)
		again, err := late.Commit(t.Context(), nil)
		check(t, err)
		if again != nil || len(late.Problems()) > 0 {
			t.Errorf("without %s in lists: stored again: %v, %v", hide, again != nil, late.Problems())
		}
		check(t, late.Close())
	}
	f := newFixture(t, nil)
	w, err := OpenWriter(t.Context(), f.dst, f.options())
	check(t, err)
	commit(t, w, store(t, w, []byte("gone")))
	for _, name := range f.dst.Names() {
		if strings.HasPrefix(name, packsPrefix) {
			f.dst.Delete(name)
		}
	}
	again := f.dst.CrashClone()
	check(t, w.Close())
	found, err := OpenWriter(t.Context(), again, f.options())
	check(t, err)
	defer found.Close()
	if len(found.Problems()) == 0 {
		t.Error("a pack that is gone is not told")
	}
}
