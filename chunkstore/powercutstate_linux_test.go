package chunkstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"telekeep/chunkstore/destination/memory"
)

// The power is cut after each step that SQLite does for the state of a Writer that commits, is
// closed and opened again. The file is never damaged, the head of every acknowledged commit is in
// it, and with it the state is what the vault's last commit says; a run from there adds nothing
// that was stored.
func TestPowerCutState(t *testing.T) {
	c := newCutState(t, rand.New(rand.NewPCG(powerSeed(t), 1)))
	many := 2
	if text := os.Getenv("TELEKEEP_POWER_CUT_LIVES"); text != "" {
		var err error
		many, err = strconv.Atoi(text)
		check(t, err)
	}
	cuts, states, seen := 0, 0, make(map[string]bool)
	for r := c.disk.replay(); r.next(); {
		cuts++
		done := 0
		for done < len(c.acked) && c.acked[done] <= r.at {
			done++
		}
		for range many {
			states++
			files := r.state(c.random)
			key := fmt.Sprint(done, stateKey(files))
			if seen[key] {
				continue
			}
			seen[key] = true
			if c.check(files, done); t.Failed() {
				t.Fatalf("after a cut behind step %d of %d", r.at, len(c.disk.steps))
			}
		}
	}
	t.Logf("%d cuts, %d states, %d different and opened, %d went on", cuts, states, c.opened, c.wentOn)
	if cuts < 200 || c.opened < 100 || c.wentOn < 2 {
		t.Error("too few to prove anything")
	}
}

// A cutState is a Writer's state, every step of which was written down, and what it was told.
type cutState struct {
	*fixture
	random *rand.Rand
	disk   *stateDisk
	stored [][]byte // by commit
	acked  []int    // steps until the commit was acknowledged
	vaults []*memory.Destination
	opened int
	wentOn int
}

func newCutState(t *testing.T, random *rand.Rand) *cutState {
	c := &cutState{fixture: newFixture(t, nil), random: random}
	before, err := OpenWriter(t.Context(), c.dst, c.options())
	check(t, err)
	for range inherited {
		c.commit(before, func() int { return 0 })
	}
	check(t, before.Close())
	c.state = filepath.Join(fastDir(t), "state.db")
	c.disk = newStateDisk(t, filepath.Dir(c.state))
	for len(c.stored) < inherited+9 {
		w, err := OpenWriter(t.Context(), c.dst, c.options())
		check(t, err)
		for range 3 {
			c.commit(w, c.disk.count)
		}
		check(t, w.Close())
	}
	return c
}

// commit makes a commit, which is acknowledged after so many steps.
func (c *cutState) commit(w *Writer, steps func() int) {
	c.t.Helper()
	n := len(c.stored) + 1
	data := noise(byte(n), 3000)
	check(c.t, w.Set("number", fmt.Append(nil, n)))
	check(c.t, w.Set(fmt.Sprint("large/", n%4), noise(byte(n), 20_000)))
	commit(c.t, w, store(c.t, w, data))
	c.stored, c.acked, c.vaults = append(c.stored, data), append(c.acked, steps()), append(c.vaults, c.dst.CrashClone())
}

// inherited is how many commits are in the vault before there is a state: it is made from them,
// with writes that do not wait for the disk.
const inherited = 2

// check opens what a cut left.
func (c *cutState) check(files map[string][]byte, done int) {
	c.t.Helper()
	c.opened++
	there := c.withState(putState(c.t, files))
	defer os.RemoveAll(filepath.Dir(there.state))
	s, err := openState(there.state, c.secrets.VaultID, c.secrets.WriterID)
	check(c.t, err)
	h, err := s.head()
	check(c.t, errors.Join(err, s.close()))
	if h.seq < uint64(done) && done > inherited || h.seq > uint64(done)+1 {
		c.t.Errorf("the head is %d, %d commits were acknowledged", h.seq, done)
	}
	if _, err := os.Stat(there.state + ".damaged"); err == nil {
		c.t.Error("the state is damaged")
	}
	if h.seq > 0 && c.opened%40 == 0 && !c.t.Failed() {
		c.wentOn++
		goOnFrom(there.at(c.vaults[h.seq-1].CrashClone()), int(h.seq), c.stored)
	}
}

// putState makes the files of a state in a new folder.
func putState(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := fastDir(t)
	for name, data := range files {
		check(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	return filepath.Join(dir, "state.db")
}

// goOnFrom opens a Writer on a state and a vault with so many commits.
func goOnFrom(f *fixture, commits int, stored [][]byte) {
	f.t.Helper()
	w, err := OpenWriter(f.t.Context(), f.dst, f.options())
	check(f.t, err)
	number, _, err := w.Get("number")
	check(f.t, err)
	if string(number) != fmt.Sprint(commits) {
		f.t.Errorf("of %d commits the resume state is that of %s", commits, number)
	}
	for _, data := range stored[:commits] {
		store(f.t, w, data)
	}
	if n := w.Stats().BytesNew; n != 0 {
		f.t.Errorf("%d bytes are new that were stored", n)
	}
	c, err := w.Commit(f.t.Context(), nil)
	check(f.t, err)
	if c != nil {
		f.t.Error("a further run commits")
	}
	for _, data := range stored[commits:] {
		commit(f.t, w, store(f.t, w, data))
	}
	check(f.t, w.Close())
	f.verify()
}

// fastDir returns a folder that is gone after the test; where there is one, on a file system in
// memory: what is synced there is of no interest.
func fastDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "telekeep-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	return dir
}
