package copies

import (
	"slices"
	"testing"
	"time"
)

// A copy that nobody uses is closed, so that its drive can be unmounted, and opened again
// when something is to be stored. One that lacks something stays open: it is to be caught up.
func TestReleaseIdle(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	if closed, err := s.ReleaseIdle(10 * time.Minute); err != nil || len(closed) != 0 {
		t.Errorf("closed at once: %q, %v", closed, err)
	}
	f.drives[1].unplug()
	store(t, w, noise(2, 100_000))
	f.drives[1].plug()
	f.later()
	store(t, w, noise(3, 100_000)) // b is opened again, and behind
	f.later()
	closed, err := s.ReleaseIdle(10 * time.Minute)
	if err != nil || !slices.Equal(closed, []string{"a"}) || f.drives[0].opened != 0 {
		t.Fatalf("closed %q, %v; a is open %d times", closed, err, f.drives[0].opened)
	}
	store(t, w, noise(4, 100_000))
	if f.drives[0].opened != 1 || s.places[0].head(f.secrets.WriterID).Seq != 4 {
		t.Errorf("a is open %d times and its head is %d", f.drives[0].opened, s.places[0].head(f.secrets.WriterID).Seq)
	}
	f.verify()
}

// Looking notices a drive that is gone though what was opened of it still answers.
func TestLookSeesThatADriveIsGone(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	store(t, f.writer(s), noise(1, 100_000))
	f.drives[1].set(func(d *drive) { d.identity = "uuid=another" })
	f.later()
	all, err := s.Look(t.Context())
	check(t, err)
	if all[0].State != Current || all[1].State == Current {
		t.Errorf("a is %s, b is %s", all[0].State, all[1].State)
	}
}
