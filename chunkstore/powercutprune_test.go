package chunkstore

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"telekeep/chunkstore/destination/local"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
	"telekeep/internal/durable"
	"telekeep/internal/durable/crash"
)

// A cutHoard is a vault that loses packs, on a disk whose every step was written down.
type cutHoard struct {
	*hoard
	work  func(c *cutHoard, dst Remover, w *Writer) bool // stores anew and retires; false if there was nothing to do
	needs func(crypto.ID) bool
	reads func(f *fixture)

	place   *local.Destination
	disk    *crash.Disk
	made    int   // steps until the vault lay there
	done    []int // steps until packs were retired, something was stored, and they were deleted
	commits []int // of the vault by then
}

// A small hoard keeps files of which every other one is not wanted, each in a pack of its own
// or with one that is.
func smallHoard(t testing.TB) *hoard {
	h := &hoard{fixture: newFixture(t, nil)}
	w := h.writer()
	for i, sizes := range [][]int{{30_000, 40_000}, {1000, 200_000}, {70_000}, {5000}} {
		for j, size := range sizes {
			data := noise(byte(10*i+j+1), size)
			h.files = append(h.files, data)
			h.chunks = append(h.chunks, store(t, w, data))
		}
		commit(t, w, store(t, w, text(uint64(i), 3000)))
	}
	check(t, w.Close())
	return h
}

// Files are pruned, and the packs deleted, and the power is cut after each step.
func TestPowerCutPrune(t *testing.T) {
	h := smallHoard(t)
	c := &cutHoard{hoard: h, needs: h.wanted(), reads: h.readsBack}
	c.work = func(c *cutHoard, dst Remover, w *Writer) bool {
		r := c.readerAt(dst)
		plan, err := r.PlanPrune(PruneOptions{Writer: c.secrets.WriterID, Wanted: c.needs, MaxUnused: 0.05})
		check(t, err)
		check(t, r.Repack(t.Context(), w, plan, nil))
		_, err = w.Commit(t.Context(), nil)
		check(t, err)
		return len(plan.retired()) > 0
	}
	c.run()
}

// Everything is sealed to a new key, and the old packs are deleted, and the power is cut after
// each step.
func TestPowerCutReseal(t *testing.T) {
	h := smallHoard(t)
	old := rotated(t, h.fixture)
	c := &cutHoard{hoard: h, needs: func(crypto.ID) bool { return true }, reads: h.readsAll}
	c.work = func(c *cutHoard, dst Remover, w *Writer) bool {
		r := c.readerAt(dst)
		plan, err := r.PlanReseal(t.Context(), c.secrets.WriterID)
		check(t, err)
		plan.batch = 1
		check(t, r.Reseal(t.Context(), w, plan, nil))
		return len(plan.Packs) > 0
	}
	for _, there := range c.run() {
		for _, name := range there.verify().Orphans { // of a commit that was cut
			there.dst.Delete(name)
		}
		opensNothing(there, old)
	}
}

func (c *cutHoard) readerAt(dst Destination) *Reader {
	c.t.Helper()
	r, err := OpenReader(c.t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{c.owner}})
	check(c.t, err)
	return r
}

// run cuts, and goes on from one cut inside each part of the work. It returns what came of those.
func (c *cutHoard) run() (ends []*fixture) {
	t := c.t.(*testing.T)
	seed := powerSeed(t)
	random := rand.New(rand.NewPCG(seed, 1))
	c.live()
	cuts, states, opened := 0, 0, make(map[[33]byte]bool)
	inside := make(map[int]*memory.Destination)
	for r := c.disk.Replay(); r.Next(); {
		if r.At() < c.made {
			continue
		}
		cuts++
		for range 30 {
			states++
			state := r.State(random)
			done := 0
			for done < len(c.done) && c.done[done] <= r.At() {
				done++
			}
			key := state.Key(func(name string) bool { return !durable.IsTemporary(name) })
			seen := [33]byte(append(key[:], byte(done)))
			if opened[seen] {
				continue
			}
			opened[seen] = true
			dst := c.check(state, done)
			if t.Failed() {
				t.Fatalf("after a cut behind step %d", r.At())
			}
			if inside[done] == nil || random.IntN(2) == 0 {
				inside[done] = dst
			}
		}
	}
	t.Logf("%d cuts, %d states; %d were opened, the others show the vault no difference", cuts, states, len(opened))
	if cuts < 25 || len(opened) < 6 {
		t.Errorf("%d cuts, %d states opened: too few to prove anything", cuts, len(opened))
	}
	for _, dst := range inside {
		ends = append(ends, c.goOn(dst))
	}
	return ends
}

// live does the work on the disk.
func (c *cutHoard) live() {
	t := c.t
	t.Helper()
	var err error
	c.place, err = local.Create(filepath.Join(t.TempDir(), "vault"))
	check(t, err)
	t.Cleanup(func() { check(t, c.place.Close()) })
	c.place.Through(func(inner durable.Tree) durable.Tree {
		c.disk = crash.New(inner, nil)
		return c.disk
	})
	for _, name := range c.dst.Names() {
		check(t, c.place.Put(t.Context(), name, c.dst.Object(name)))
	}
	c.made = c.disk.Steps()
	w, err := OpenWriter(t.Context(), c.place, c.newState().options())
	check(t, err)
	defer func() { check(t, w.Close()) }()
	c.parts(c.place, w, func() {
		c.done = append(c.done, c.disk.Steps())
		c.commits = append(c.commits, len(c.readerAt(c.place).Commits()))
	})
	if n := len(c.left(c.place)); n > 0 {
		t.Fatalf("%d retired packs are still there", n)
	}
}

// parts does all of the work, and calls done behind each part of it.
func (c *cutHoard) parts(dst Remover, w *Writer, done func()) {
	c.t.Helper()
	c.work(c, dst, w)
	done()
	commit(c.t, w, store(c.t, w, text(uint64(c.now().Unix()), 1000)))
	done()
	o := DeleteOptions{Writer: c.secrets.WriterID, Wanted: c.needs, Before: *c.clock}
	o.Before = o.Before.AddDate(1, 0, 0)
	_, _, err := c.readerAt(dst).DeleteRetired(c.t.Context(), dst, o)
	check(c.t, err)
	done()
}

// left are the retired packs that lie at a place.
func (c *cutHoard) left(dst Destination) []RetiredPack {
	c.t.Helper()
	packs, err := c.readerAt(dst).Retired(c.t.Context(), dst, c.secrets.WriterID)
	check(c.t, err)
	return packs
}

// check opens what a cut left, when so many parts of the work were done.
func (c *cutHoard) check(state crash.State, done int) *memory.Destination {
	c.t.Helper()
	dst := memory.New()
	for name, file := range state {
		if !durable.IsTemporary(name) {
			check(c.t, dst.Put(c.t.Context(), name, file.Data))
		}
	}
	there := c.at(dst)
	c.reads(there)
	there.verify()
	if n := len(there.reader().Commits()); done > 0 && n < c.commits[done-1] {
		c.t.Errorf("%d commits are there, %d were acknowledged", n, c.commits[done-1])
	}
	if n := len(c.left(dst)); done == len(c.done) && n > 0 {
		c.t.Errorf("%d packs that were deleted are there", n)
	}
	return dst
}

// goOn loses the local state as well, and does all of the work: then there is none.
func (c *cutHoard) goOn(dst *memory.Destination) *fixture {
	c.t.Helper()
	there := c.at(dst).newState()
	w, err := OpenWriter(c.t.Context(), dst, there.options())
	check(c.t, err)
	c.parts(&remover{Destination: dst}, w, func() {})
	if c.work(c, &remover{Destination: dst}, w) {
		c.t.Error("there is still something to do")
	}
	check(c.t, w.Close())
	if n := len(c.left(dst)); n > 0 {
		c.t.Errorf("%d retired packs are left", n)
	}
	c.reads(there)
	there.verify()
	return there
}
