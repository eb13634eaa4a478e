package copies

import (
	"slices"
	"testing"
)

// What is written goes straight to all places that are there.
func TestPutReachesAll(t *testing.T) {
	f := newFixture(t, "a", "b", "c")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	store(t, w, noise(2, 100_000))
	f.verify()
	for _, d := range f.drives[1:] {
		if !slices.Equal(d.Names(), f.drives[0].Names()) {
			t.Errorf("drive %s holds %q, drive a %q", d.name, d.Names(), f.drives[0].Names())
		}
	}
	if waiting := s.spool.queued(); len(waiting) != 0 {
		t.Errorf("the spool holds %q", waiting)
	}
	all, err := s.Status()
	check(t, err)
	for _, st := range all {
		if st.State != Current || len(st.Heads) != 1 || st.Heads[0].Seq != 2 || st.Behind.Objects != 0 || st.Caught.IsZero() {
			t.Errorf("status %+v", st)
		}
	}
}

// A place that is away costs nobody anything, and gets no commit afterwards.
func TestAwayThenBehind(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	f.drives[1].unplug()
	store(t, w, noise(2, 100_000))
	f.drives[1].plug()
	f.later()
	store(t, w, noise(3, 100_000))
	f.verify()
	if h := s.places[1].head(f.secrets.WriterID); h.Seq != 1 {
		t.Errorf("the head of b is %d", h.Seq)
	}
	if h := s.places[0].head(f.secrets.WriterID); h.Seq != 3 {
		t.Errorf("the head of a is %d", h.Seq)
	}
	all, err := s.Status()
	check(t, err)
	if all[1].State != Behind || all[1].Behind.Objects == 0 {
		t.Errorf("status %+v", all[1])
	}
}
