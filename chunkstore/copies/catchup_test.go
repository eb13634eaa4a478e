package copies

import (
	"slices"
	"syscall"
	"testing"

	"telekeep/chunkstore/destination/memory"
)

// A copy that was away gets all that it missed, and the commits after that straight.
func TestCatchUp(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	f.drives[1].unplug()
	for i := range uint64(4) {
		store(t, w, noise(2+i, 3_000_000))
	}
	f.drives[1].plug()
	before := f.drives[1].Counts()
	var done, total int64
	result, err := s.CatchUp(t.Context(), "b", func(d, all int64) { done, total = d, all })
	check(t, err)
	f.verify()
	f.equal()
	if len(result.Absent)+len(result.Bad) != 0 || result.Copied.Objects != 12 || done != total || done != result.Copied.Bytes {
		t.Errorf("result %+v, progress %d of %d", result, done, total)
	}
	if in := f.drives[1].Counts().BytesIn - before.BytesIn; in != result.Copied.Bytes {
		t.Errorf("%d bytes went to b, the result says %d", in, result.Copied.Bytes)
	}
	result, err = s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	if result.Copied.Objects != 0 {
		t.Errorf("copied again: %+v", result)
	}
	store(t, w, noise(9, 100_000))
	f.equal()
}

// With every drive away the spool takes what comes, and empties itself when one is back.
func TestSpool(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	f.drives[0].unplug()
	f.drives[1].unplug()
	store(t, w, noise(2, 100_000))
	check(t, w.Close())
	check(t, s.Close())

	s = f.open() // everything is away: the spool knows enough
	w = f.writer(s)
	if !s.Partial() {
		t.Error("with no place there the set is not partial")
	}
	store(t, w, noise(3, 100_000))
	if problems := w.Problems(); len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
	if n := len(s.spool.queued()); n != 6 {
		t.Errorf("%d objects wait, want 2 packs, 2 indexes, 2 commits: %q", n, s.spool.queued())
	}
	f.drives[1].plug()
	_, err := s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	if waiting := s.spool.queued(); len(waiting) != 0 {
		t.Errorf("the spool holds %q", waiting)
	}
	store(t, w, noise(4, 100_000))
	f.verify()
	f.drives[0].plug()
	_, err = s.CatchUp(t.Context(), "a", nil)
	check(t, err)
	f.verify()
	f.equal()
}

// A full place gets no packs, others go on, and it catches up when there is room.
func TestFullPlace(t *testing.T) {
	f := newFixture(t, "a", "b")
	f.options.Reserve = 1 << 20
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	f.drives[1].set(func(d *drive) { d.free = 1<<20 + 50_000 })
	store(t, w, noise(2, 100_000))
	f.verify()
	all, err := s.Status()
	check(t, err)
	if all[1].State != Full || all[0].State != Current {
		t.Errorf("status %+v", all)
	}
	f.drives[1].set(func(d *drive) { d.free = 1 << 40 })
	_, err = s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	f.equal()
	all, err = s.Status()
	check(t, err)
	if all[1].State != Current {
		t.Errorf("status %+v", all[1])
	}
}

// A read-only place is told once, and read from.
func TestReadOnlyPlace(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	f.drives[1].fail(func(c memory.Call) error {
		if c.Op == memory.Put {
			return syscall.EROFS
		}
		return nil
	})
	for i := range uint64(3) {
		store(t, w, noise(i, 50_000))
	}
	all, err := s.Status()
	check(t, err)
	if all[1].State != ReadOnly {
		t.Errorf("status %+v", all[1])
	}
	told := slices.DeleteFunc(slices.Clone(f.events), func(e Event) bool { return e.Copy != "b" || e.State != ReadOnly })
	if len(told) != 1 {
		t.Errorf("told %d times: %+v", len(told), told)
	}
	f.verify()
}
