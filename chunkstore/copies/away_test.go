package copies

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
)

// restart closes everything and opens it again.
func (f *fixture) restart(s *Set, w *chunkstore.Writer) (*Set, *chunkstore.Writer) {
	f.t.Helper()
	check(f.t, w.Close())
	check(f.t, s.Close())
	s = f.open()
	return s, f.writer(s)
}

// Two drives that are never there together, and a machine that starts anew each time: the
// chain does not fork, and both end up with all of it.
func TestDrivesInTurns(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(0, 50_000))
	for i := range uint64(4) {
		f.drives[i%2].unplug()
		f.drives[1-i%2].plug()
		s, w = f.restart(s, w)
		if problems := w.Problems(); len(problems) > 0 {
			t.Errorf("turn %d: %v", i, problems)
		}
		store(t, w, noise(1+i, 50_000))
		_, err := s.CatchUpAll(t.Context(), nil)
		check(t, err)
		f.verify()
	}
	for _, d := range f.drives {
		d.plug()
	}
	s, w = f.restart(s, w)
	for range 2 {
		_, err := s.CatchUpAll(t.Context(), nil)
		check(t, err)
	}
	store(t, w, noise(9, 50_000))
	f.equal()
	f.verify()
	if n := len(f.commits(0)); n != 6 {
		t.Errorf("%d commits, want 6", n)
	}
}

// commits returns the names of the commits on a drive.
func (f *fixture) commits(i int) []string {
	return slices.DeleteFunc(f.drives[i].Names(), func(name string) bool {
		return chunkstore.ParseName(name).Kind != chunkstore.CommitObject
	})
}

// A commit reached a drive, the machine stopped before it knew, and the drive was taken away:
// the next commit follows on that one all the same.
func TestNoForkAfterCrash(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	f.drives[1].unplug()
	// The machine stops: what the Writer knows is what it knew before.
	state := filepath.Join(f.dir, "state.db")
	check(t, w.Close())
	before := readFile(t, state)
	w = f.writer(s)
	store(t, w, noise(2, 50_000))
	check(t, w.Close())
	writeFile(t, state, before)
	check(t, s.Close())
	f.drives[0].unplug()
	f.drives[1].plug()

	s = f.open()
	w = f.writer(s)
	if seq, _ := w.Head(); seq != 2 {
		t.Errorf("the writer goes on after commit %d", seq)
	}
	store(t, w, noise(3, 50_000))
	f.drives[0].plug()
	f.later()
	for range 2 {
		_, err := s.CatchUpAll(t.Context(), nil)
		check(t, err)
	}
	f.equal()
	f.verify()
}

// An index that a drive got before the machine stopped does not keep its number.
func TestLeftoverIndex(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	name := chunkstore.IndexName(f.secrets.WriterID, 2)
	check(t, f.drives[0].Put(t.Context(), name, noise(5, 16384)))
	c := store(t, w, noise(2, 50_000))
	if c.Seq != 3 {
		t.Errorf("commit %d, want 3", c.Seq)
	}
	f.verify()
	if waiting := s.spool.queued(); len(waiting) > 0 {
		t.Errorf("the spool holds %q", waiting)
	}
}

// One vault at one place that was set back is told, and not written to.
func TestRollbackOfAll(t *testing.T) {
	f := newFixture(t, "a")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	c := store(t, w, noise(2, 50_000))
	check(t, w.Close())
	check(t, s.Close())
	f.drives[0].Delete(chunkstore.CommitName(c.Writer, c.Seq))
	s = f.open()
	if _, err := chunkstore.OpenWriter(t.Context(), s, f.writerOptions()); !errors.Is(err, chunkstore.ErrRollback) {
		t.Errorf("OpenWriter = %v", err)
	}
	all := must(s.Status())(t)
	if all[0].State != Refused || !errors.Is(all[0].Err, chunkstore.ErrRollback) {
		t.Errorf("status %+v", all[0])
	}
}

// One of two places was set back: it is told, the other one goes on, and CatchUp brings it
// forward again.
func TestRollbackOfOne(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	c := store(t, w, noise(2, 50_000))
	check(t, w.Close())
	check(t, s.Close())
	f.drives[0].Delete(chunkstore.CommitName(c.Writer, c.Seq))
	s = f.open()
	w = f.writer(s)
	store(t, w, noise(3, 50_000))
	if len(f.commits(0)) != 1 || len(f.commits(1)) != 3 {
		t.Errorf("commits at a %q, at b %q", f.commits(0), f.commits(1))
	}
	told := slices.ContainsFunc(f.events, func(e Event) bool {
		return e.Copy == "a" && e.State == Refused && errors.Is(e.Err, chunkstore.ErrRollback)
	})
	if !told {
		t.Errorf("nobody was told: %+v", f.events)
	}
	_, err := s.CatchUp(t.Context(), "a", nil)
	check(t, err)
	store(t, w, noise(4, 50_000))
	f.equal()
	f.verify()
}

// Another file system under the same name is not written to until somebody says that it is
// meant.
func TestOtherFileSystem(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	s, w = f.restart(s, w)
	f.drives[1].set(func(d *drive) { d.identity = "uuid=other" })
	before := f.drives[1].Names()
	f.later()
	store(t, w, noise(2, 50_000))
	if !slices.Equal(f.drives[1].Names(), before) {
		t.Error("something was written to another file system")
	}
	all := must(s.Status())(t)
	if all[1].State != Refused || !errors.Is(all[1].Err, ErrOtherFileSystem) {
		t.Errorf("status %+v", all[1])
	}
	if _, err := s.CatchUp(t.Context(), "b", nil); !errors.Is(err, ErrOtherFileSystem) {
		t.Errorf("CatchUp = %v", err)
	}
	check(t, s.Adopt(t.Context(), "b"))
	_, err := s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	_, w = f.restart(s, w)
	store(t, w, noise(3, 50_000))
	f.equal()
}

// A place whose marker goes away while it is open, as when its drive is unmounted, gets
// nothing more.
func TestMarkerGoes(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	b := f.drives[1]
	empty := memory.New()
	vault := b.Destination
	b.set(func(d *drive) { d.Destination = empty })
	f.later()
	store(t, w, noise(2, 50_000))
	if names := empty.Names(); len(names) > 0 {
		t.Errorf("%q landed where the drive was", names)
	}
	if st := must(s.Status())(t)[1]; st.State != Away {
		t.Errorf("status %+v", st)
	}
	b.set(func(d *drive) { d.Destination = vault })
	_, err := s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	f.equal()
}

// Release closes a place, which is opened again when something is to be stored.
func TestRelease(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	check(t, s.Release("b"))
	if f.drives[1].opened != 0 {
		t.Errorf("the drive is opened %d times after Release", f.drives[1].opened)
	}
	if st := must(s.Status())(t)[1]; st.State != Released {
		t.Errorf("status %+v", st)
	}
	store(t, w, noise(2, 50_000))
	f.equal()
	if err := s.Release("nobody"); !errors.Is(err, ErrUnknownCopy) {
		t.Errorf("Release of no copy = %v", err)
	}
}

// The spool takes no more packs than it may, and says so; what it holds is safe.
func TestSpoolFull(t *testing.T) {
	f := newFixture(t, "a")
	f.options.SpoolMax = 200_000
	s := f.open()
	w := f.writer(s)
	f.drives[0].unplug()
	store(t, w, noise(1, 100_000))
	stream := w.NewStream()
	_, err := stream.Write(noise(2, 150_000))
	check(t, err)
	ids, err := stream.Close()
	check(t, err)
	if _, err := w.Commit(t.Context(), ids); !errors.Is(err, ErrSpoolFull) {
		t.Fatalf("Commit with a full spool = %v", err)
	}
	f.drives[0].plug()
	f.later()
	_, err = s.CatchUp(t.Context(), "a", nil)
	check(t, err)
	_, err = w.Commit(t.Context(), ids)
	check(t, err)
	f.verify()
	if n := len(f.commits(0)); n != 2 {
		t.Errorf("%d commits", n)
	}
}

// Need says how many places must hold an object until it leaves the spool.
func TestNeedTwo(t *testing.T) {
	f := newFixture(t, "a", "b", "c")
	f.options.Need = 2
	s := f.open()
	w := f.writer(s)
	f.drives[1].unplug()
	f.drives[2].unplug()
	store(t, w, noise(1, 50_000))
	if n := len(s.spool.queued()); n != 3 {
		t.Errorf("%d objects wait, want 3", n)
	}
	f.drives[0].unplug() // a has it; b alone is the second
	f.drives[1].plug()
	s, _ = f.restart(s, w)
	_, err := s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	if waiting := s.spool.queued(); len(waiting) > 0 {
		t.Errorf("the spool holds %q", waiting)
	}
}

// Without a spool, too few copies are an error that says which.
func TestTooFew(t *testing.T) {
	f := newFixture(t, "a", "b")
	f.options.Need, f.options.Spool = 2, ""
	s := f.open()
	f.drives[1].unplug()
	err := s.Put(t.Context(), "packs/aa/x", []byte("x"))
	if !errors.Is(err, ErrTooFew) {
		t.Errorf("Put = %v", err)
	}
}

// A place that does not answer is given up after a while, and nobody waits for it again soon.
func TestHangingPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, "a", "b")
		f.options.Now = time.Now
		own, _ := f.record(2)
		f.options.Spool, f.options.State = "", "" // what waits for a disk is no clock's business
		s := f.open()
		f.drives[1].set(func(d *drive) { d.hangs = true })
		began := time.Now()
		for _, o := range own {
			putStored(t, s, o)
		}
		if took := time.Since(began); took < patience || took > 3*patience {
			t.Errorf("storing took %v", took)
		}
		if st := must(s.Status())(t)[1]; st.State != Failing {
			t.Errorf("status %+v", st)
		}
	})
}

// Whoever asks how the copies are hears it soon, also of one that never answers.
func TestSilentPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, "a", "b")
		f.options.Now = time.Now
		f.options.Spool, f.options.State = "", "" // what waits for a disk is no clock's business
		f.drives[1].set(func(d *drive) { d.silent = true })
		began := time.Now()
		s := f.open()
		all := must(s.Look(t.Context()))(t)
		if took := time.Since(began); took > opening+time.Second {
			t.Errorf("it took %v", took)
		}
		if all[0].State != Current || all[1].State != Away || !errors.Is(all[1].Err, ErrAway) {
			t.Errorf("status %+v", all)
		}
		f.drives[1].set(func(d *drive) { d.silent = false })
		time.Sleep(opening)
		if all = must(s.Look(t.Context()))(t); all[1].State != Current {
			t.Errorf("it answers again: %+v", all[1])
		}
	})
}

// Two processes with one spool: what one brings to a place no longer waits in the other.
func TestSharedSpool(t *testing.T) {
	f := newFixture(t, "a")
	s := f.open()
	w := f.writer(s)
	f.drives[0].unplug()
	store(t, w, noise(1, 50_000))
	store(t, w, noise(2, 50_000))
	f.drives[0].plug()
	other := f.open()
	_, err := other.CatchUp(t.Context(), "a", nil)
	check(t, err)
	check(t, other.Close())
	_, err = s.CatchUp(t.Context(), "a", nil)
	check(t, err)
	if waiting := s.spool.queued(); len(waiting) > 0 || s.spool.packs != 0 {
		t.Errorf("%q wait, %d bytes of packs", waiting, s.spool.packs)
	}
	if st := must(s.Status())(t)[0]; st.State != Current {
		t.Errorf("status %+v", st)
	}
	store(t, w, noise(3, 50_000))
	f.verify()
}

// A place is closed although somebody still reads from it.
func TestCloseWhileReading(t *testing.T) {
	f := newFixture(t, "a")
	s, err := Open(t.Context(), f.options)
	check(t, err)
	r, err := s.Get(t.Context(), chunkstore.VaultName)
	check(t, err)
	check(t, s.Close())
	check(t, r.Close())
	if f.drives[0].opened != 0 {
		t.Errorf("the drive is opened %d times", f.drives[0].opened)
	}
}

// Reading goes on at another place when one fails in the middle of an object.
func TestReadGoesOn(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	c := store(t, f.writer(s), noise(1, 300_000))
	name := chunkstore.PackName(c.Packs[0].Hash)
	want := f.drives[0].Object(name)
	f.drives[0].set(func(d *drive) { d.cut = 100_000 })
	got, err := readSmall(t.Context(), s, name, chunkstore.MaxPack)
	check(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("%d bytes came, not the %d of the pack", len(got), len(want))
	}
	if st := must(s.Status())(t)[0]; st.State == Current {
		t.Errorf("status %+v", st)
	}
}

// A place that was set back, while nobody is there who has what it lost, is not trusted again.
func TestRollbackIsNotForgotten(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	c := store(t, w, noise(2, 50_000))
	check(t, w.Close())
	check(t, s.Close())
	f.drives[0].Delete(chunkstore.CommitName(c.Writer, c.Seq))
	f.options.Spool = filepath.Join(f.dir, "other") // the machine's own memory of it is gone as well
	f.drives[1].unplug()
	s = f.open()
	for range 2 {
		_, err := s.CatchUp(t.Context(), "a", nil)
		check(t, err)
		if st := must(s.Status())(t)[0]; st.State != Refused {
			t.Errorf("status %+v", st)
		}
	}
	f.drives[1].plug()
	f.later()
	_, err := s.CatchUp(t.Context(), "a", nil)
	check(t, err)
	f.equal()
	if st := must(s.Status())(t)[0]; st.State != Current {
		t.Errorf("status %+v", st)
	}
}

// What another process brought to a place is seen by the next commit.
func TestCaughtUpByOther(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	f.drives[1].unplug()
	store(t, w, noise(1, 50_000))
	f.drives[1].plug()
	f.later()
	other := f.open()
	_, err := other.CatchUp(t.Context(), "b", nil)
	check(t, err)
	check(t, other.Close())
	store(t, w, noise(2, 50_000))
	f.equal()
	for range 2 {
		if st := must(s.Look(t.Context()))(t)[1]; st.State != Current || st.Behind.Objects != 0 {
			t.Errorf("status %+v", st)
		}
	}
}

func TestIdentities(t *testing.T) {
	for _, c := range []struct {
		known, found string
		same         bool
	}{
		{"", "type=ef53 uuid=1", true},
		{"type=ef53 uuid=1", "type=ef53 uuid=1", true},
		{"type=ef53 uuid=1", "type=ef53 uuid=2", false},
		{"type=ef53 uuid=1 fsid=7", "type=ef53 fsid=7", true},
		{"type=ef53 uuid=1 fsid=7", "type=ef53 fsid=8", false},
		{"type=4d44 uuid=1", "type=4d44", true},
		{"type=4d44 uuid=1", "type=ef53", false},
	} {
		if same := sameFileSystem(c.known, c.found); same != c.same {
			t.Errorf("%q and %q: %v", c.known, c.found, same)
		}
	}
	if got := mergeIdentity("type=ef53 uuid=1", "type=ef53 fsid=7"); got != "type=ef53 fsid=7 uuid=1" {
		t.Errorf("merged: %q", got)
	}
}

// Somebody puts a commit of theirs under the next number at one place: that place is left
// alone, and nobody is kept from going on.
func TestForgedNextCommit(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	c := store(t, w, noise(1, 50_000))
	f.drives[0].vault = ""
	check(t, f.drives[0].Put(t.Context(), chunkstore.CommitName(c.Writer, 2), f.drives[0].Object(chunkstore.CommitName(c.Writer, 1))))
	for i := range uint64(3) {
		store(t, w, noise(2+i, 50_000))
	}
	if st := must(s.Status())(t)[0]; st.State != Refused {
		t.Errorf("status %+v", st)
	}
	_, w = f.restart(s, w)
	store(t, w, noise(9, 50_000))
	if n := len(f.commits(1)); n != 5 {
		t.Errorf("%d commits at b, want 5", n)
	}
	f.drives = f.drives[1:]
	f.verify()
}
