package chunkstore

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"telekeep/chunkstore/destination/local"
	"telekeep/chunkstore/destination/memory"
	"telekeep/internal/durable"
	"telekeep/internal/durable/crash"
)

// A cutVault is a vault on a disk whose every step was written down, and what it was given.
type cutVault struct {
	*fixture
	disk    *crash.Disk
	made    int      // steps until there was a vault
	stored  [][]byte // by commit
	acked   []int    // steps until the commit was acknowledged
	checked map[[33]byte]bool
}

// The power is cut after each step of making a vault and of its commits. What was
// acknowledged is read back, what is there besides is whole, and the vault is without a
// problem. TELEKEEP_SEED chooses what the cuts leave; keys and with them the packs are new in
// each run.
func TestPowerCut(t *testing.T) {
	random := rand.New(rand.NewPCG(powerSeed(t), 1))
	v := newCutVault(t)
	cuts, states, different := 0, 0, make(map[[32]byte]bool)
	inside := make(map[int]*memory.Destination) // by acknowledged commits: a cut inside the next
	for r := v.disk.Replay(); r.Next(); {
		cuts++
		for range 40 {
			states++
			state := r.State(random)
			different[state.Key(func(string) bool { return true })] = true
			if dst, acked := v.check(state, r.At()); dst != nil && (inside[acked] == nil || random.IntN(2) == 0) {
				inside[acked] = dst
			}
			if t.Failed() {
				t.Fatalf("after a cut behind step %d", r.At())
			}
		}
	}
	t.Logf("%d cuts, %d states, %d of them different; %d were opened, the others show the vault no difference", cuts, states, len(different), len(v.checked))
	if cuts < 100 || len(v.checked) < 20 {
		t.Errorf("%d cuts, %d states opened: too few to prove anything", cuts, len(v.checked))
	}
	for _, dst := range inside {
		v.goOn(dst)
	}
}

// powerSeed is that of TELEKEEP_SEED, or a new one.
func powerSeed(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("TELEKEEP_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	t.Logf("TELEKEEP_SEED=%d", seed)
	return seed
}

func newCutVault(t *testing.T) *cutVault {
	place, err := local.Create(filepath.Join(t.TempDir(), "vault"))
	check(t, err)
	t.Cleanup(func() { check(t, place.Close()) })
	v := &cutVault{fixture: newFixture(t, nil), checked: make(map[[33]byte]bool)}
	place.Through(func(inner durable.Tree) durable.Tree {
		v.disk = crash.New(inner, nil)
		return v.disk
	})
	o := CreateOptions{Owners: []Owner{{Name: "owner", Recipient: v.owner.Recipient()}}, Now: v.now}
	_, v.secrets, err = Create(t.Context(), place, o)
	check(t, err)
	v.made = v.disk.Steps()
	w, err := OpenWriter(t.Context(), place, v.options())
	check(t, err)
	defer func() { check(t, w.Close()) }()
	for i := range 10 {
		data := append(text(uint64(i), 5000), noise(byte(i), 3000+i*40_000)...)
		commit(t, w, store(t, w, data))
		v.stored, v.acked = append(v.stored, data), append(v.acked, v.disk.Steps())
	}
	return v
}

// check opens what a cut left and returns it, unless the same was opened before or no vault
// was acknowledged yet.
func (v *cutVault) check(state crash.State, at int) (dst *memory.Destination, acked int) {
	v.t.Helper()
	for acked < len(v.acked) && v.acked[acked] <= at {
		acked++
	}
	key := state.Key(func(name string) bool { return !durable.IsTemporary(name) })
	seen := [33]byte(append(key[:], byte(acked)))
	if at < v.made || v.checked[seen] {
		return nil, acked // before the vault was promised to be there nothing was
	}
	v.checked[seen] = true
	dst = memory.New()
	for name, file := range state {
		if !durable.IsTemporary(name) {
			check(v.t, dst.Put(v.t.Context(), name, file.Data))
		}
	}
	there := v.at(dst)
	v.holds(there.reader(), acked)
	there.verify()
	return dst, acked
}

// holds reads every commit. Those that were acknowledged must be there.
func (v *cutVault) holds(r *Reader, acked int) {
	v.t.Helper()
	commits := r.Commits()
	if len(commits) < acked || len(commits) > acked+1 {
		v.t.Errorf("%d commits are there, %d were acknowledged", len(commits), acked)
		return
	}
	for i, c := range commits {
		ids, err := r.Records(v.t.Context(), c)
		check(v.t, err)
		if !bytes.Equal(readAll(v.t, r, ids), v.stored[i]) {
			v.t.Errorf("commit %d holds something else", i)
		}
	}
}

// goOn loses the local state as well: the next run finishes what was cut, and the one after it
// adds nothing.
func (v *cutVault) goOn(dst *memory.Destination) {
	v.t.Helper()
	there := v.at(dst).newState()
	n := len(there.reader().Commits())
	w, err := OpenWriter(v.t.Context(), dst, there.options())
	check(v.t, err)
	for _, data := range v.stored[n:] {
		commit(v.t, w, store(v.t, w, data))
	}
	check(v.t, w.Close())
	w, err = OpenWriter(v.t.Context(), dst, there.options())
	check(v.t, err)
	for _, data := range v.stored {
		store(v.t, w, data)
	}
	if again := w.Stats().BytesNew; again != 0 {
		v.t.Errorf("cut after %d commits: a further run adds %d bytes", n, again)
	}
	c, err := w.Commit(v.t.Context(), nil)
	check(v.t, err)
	if c != nil {
		v.t.Errorf("cut after %d commits: a further run commits", n)
	}
	check(v.t, w.Close())
	v.holds(there.reader(), len(v.stored))
	there.verify()
}
