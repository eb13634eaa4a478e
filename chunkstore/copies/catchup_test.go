package copies

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"telekeep/chunkstore"
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

// Packs that are stored at the same time leave the reserve free all together.
func TestReserveOfManyPacks(t *testing.T) {
	f := newFixture(t, "a")
	f.options.Reserve = 1 << 20
	s := f.open()
	gate := make(chan struct{})
	f.drives[0].set(func(d *drive) { d.free = 1<<20 + 250_000 })
	f.drives[0].fail(func(c memory.Call) error {
		if c.Op == memory.Put {
			<-gate
		}
		return nil
	})
	ended := make(chan error)
	const packs = 8
	for i := range uint64(packs) {
		go func() {
			data := noise(i, 100_000)
			ended <- s.Put(t.Context(), chunkstore.PackName(chunkstore.HashOf(data)), data)
		}()
	}
	for i := range packs {
		if i == packs-2 { // the others found no room
			close(gate)
		}
		select {
		case err := <-ended:
			check(t, err)
		case <-time.After(time.Minute):
			t.Fatalf("more packs than there is room for are stored at once: %d were not", i)
		}
	}
	stored := slices.DeleteFunc(f.drives[0].Names(), func(name string) bool { return chunkstore.ParseName(name).Kind != chunkstore.PackObject })
	if len(stored) != 2 {
		t.Errorf("%d packs are there", len(stored))
	}
}

// A drive that is mounted to be read is told as that before anything is written there.
func TestMountedReadOnly(t *testing.T) {
	f := newFixture(t, "a", "b")
	f.drives[1].set(func(d *drive) { d.mounted = syscall.EROFS })
	s := f.open()
	if all := must(s.Look(t.Context()))(t); all[1].State != ReadOnly || all[0].State != Current {
		t.Errorf("status %+v", all)
	}
	f.drives[1].set(func(d *drive) { d.mounted = nil })
	check(t, s.Release("b"))
	if all := must(s.Look(t.Context()))(t); all[1].State != Current {
		t.Errorf("mounted to be written: %+v", all[1])
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

// behind makes two drives of which the second lacks some commits, and closes the Writer.
func behind(t *testing.T, commits int) (*fixture, *Set) {
	t.Helper()
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 50_000))
	f.drives[1].unplug()
	for i := range commits {
		store(t, w, noise(uint64(2+i), 200_000))
	}
	check(t, w.Close())
	f.drives[1].plug()
	return f, s
}

// A CatchUp that is stopped goes on where it was.
func TestCatchUpGoesOn(t *testing.T) {
	f, s := behind(t, 6)
	lack := must(s.Look(t.Context()))(t)[1].Behind
	ctx, cancel := context.WithCancel(t.Context())
	first, err := s.CatchUp(ctx, "b", func(done, total int64) {
		if done > total/2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("CatchUp = %v", err)
	}
	f.verify()
	second, err := s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	sum := Lack{first.Copied.Objects + second.Copied.Objects, first.Copied.Bytes + second.Copied.Bytes}
	if first.Copied.Objects == 0 || second.Copied.Objects == 0 || sum != lack {
		t.Errorf("copied %+v and %+v of %+v", first.Copied, second.Copied, lack)
	}
	f.equal()
}

// What is damaged at one place comes from another, and is told.
func TestCatchUpFromTheGoodOne(t *testing.T) {
	f := newFixture(t, "a", "b", "c")
	s := f.open()
	w := f.writer(s)
	f.drives[2].unplug()
	c := store(t, w, noise(1, 200_000))
	flip := func(data []byte) []byte { data[len(data)/2] ^= 1; return data }
	bad := []string{chunkstore.PackName(c.Packs[0].Hash), chunkstore.IndexName(c.Writer, 1), chunkstore.CommitName(c.Writer, 1)}
	for _, name := range bad {
		f.drives[0].Damage(name, flip)
	}
	f.drives[2].plug()
	result, err := s.CatchUp(t.Context(), "c", nil)
	check(t, err)
	if len(result.Bad) != len(bad) || len(result.Absent) > 0 {
		t.Errorf("result %+v", result)
	}
	for _, name := range bad {
		if !bytes.Equal(f.drives[2].Object(name), f.drives[1].Object(name)) {
			t.Errorf("%s is not the good one", name)
		}
	}
}

// What nobody has holds a copy up only as long as somebody is away who may have it.
func TestCatchUpWithoutWhatIsLost(t *testing.T) {
	f := newFixture(t, "a", "b", "c")
	s := f.open()
	w := f.writer(s)
	f.drives[1].unplug()
	c := store(t, w, noise(1, 200_000))
	store(t, w, noise(2, 200_000))
	name := chunkstore.PackName(c.Packs[0].Hash)
	f.drives[0].Delete(name)
	f.drives[2].unplug()
	f.drives[1].plug()
	result, err := s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	if len(result.Absent) != 1 || result.Absent[0].Object != name || len(f.commits(1)) != 0 {
		t.Errorf("with c away: %+v, commits %q", result, f.commits(1))
	}
	f.drives[2].Delete(name)
	f.drives[2].plug()
	f.drives[1].vault = "" // from here on the order does not hold, because nobody can have it
	check(t, s.reachAll(t.Context(), func(*place) bool { return true }))
	result, err = s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	if len(result.Absent) != 1 || len(f.commits(1)) != 2 {
		t.Errorf("with everyone there: %+v, commits %q", result, f.commits(1))
	}
}

// What is none of the vault's, or was made by who is no writer, is not passed on.
func TestCatchUpPassesNothingFalse(t *testing.T) {
	f, s := behind(t, 1)
	stranger := f.secondWriter()
	entry := stranger[1].data
	stranger[1].data = bytes.Replace(entry, []byte(`"mac":"`), []byte(`"mac":"00`), 1)
	stranger[1].data = append(stranger[1].data[:len(stranger[1].data)-5], "\"}\n"...)
	junk := noise(3, 16384)
	false1 := append(stranger,
		stored{chunkstore.PackName(chunkstore.HashOf(junk)), junk},
		stored{"keys/thief.age", f.drives[0].Object("keys/owner.age")},
		stored{chunkstore.CommitName(f.secrets.WriterID, 3), []byte(`{"commit":{},"signature":""}` + "\n")})
	for _, o := range false1 {
		check(t, f.drives[0].Destination.Put(t.Context(), o.name, o.data))
	}
	result, err := s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	for _, o := range false1 {
		if slices.Contains(f.drives[1].Names(), o.name) {
			t.Errorf("%s was passed on", o.name)
		}
	}
	if len(f.commits(1)) != 2 || len(result.Bad) == 0 {
		t.Errorf("commits %q, result %+v", f.commits(1), result)
	}
	w := f.writer(s) // which goes on past what lies at the first place
	store(t, w, noise(8, 50_000))
	store(t, w, noise(9, 50_000))
	if len(f.commits(1)) != 4 {
		t.Errorf("commits %q", f.commits(1))
	}
	f.drives = f.drives[1:] // the other one is to be healed
	f.verify()
}
