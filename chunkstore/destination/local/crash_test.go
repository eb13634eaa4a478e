package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"telekeep/internal/durable"
	"telekeep/internal/durable/crash"
)

// A deed is a call that changes an object. What it leads to must be there at every cut
// after its end, if it ended well, and may be there at every cut after its begin.
type deed struct {
	name       string
	value      []byte // nil for none
	begin, end int    // steps of the disk; end is -1 if it failed
}

// crashSeed is that of TELEKEEP_SEED, or a new one.
func crashSeed(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("TELEKEEP_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return seed
	}
	return rand.Uint64()
}

// Objects are stored, exchanged and removed, with steps that fail now and then, and the power
// is cut after each step. What was acknowledged is there, what was not is there whole or not
// at all.
func TestPowerCut(t *testing.T) {
	seed := crashSeed(t)
	t.Logf("TELEKEEP_SEED=%d", seed)
	cuts, states, different := 0, 0, make(map[[32]byte]bool)
	for life := range uint64(110) {
		random := rand.New(rand.NewPCG(seed, life))
		disk, deeds := liveOn(t, random)
		r := disk.Replay()
		for r.Next() {
			cuts++
			for range 12 {
				states++
				state := r.State(random)
				different[state.Key(func(string) bool { return true })] = true
				if err := checkState(state, deeds, r.At()); err != nil {
					t.Fatalf("life %d, cut after step %d: %v", life, r.At(), err)
				}
			}
		}
	}
	t.Logf("%d cuts, %d states, %d of them different", cuts, states, len(different))
	if states < 100_000 || len(different) < 8_000 {
		t.Errorf("%d states, %d different: too few to prove anything", states, len(different))
	}
}

// liveOn does random deeds at a new place.
func liveOn(t *testing.T, random *rand.Rand) (*crash.Disk, []deed) {
	t.Helper()
	d := create(t, t.TempDir())
	often := 0 // in a thousand steps so many fail
	if random.IntN(2) == 0 {
		often = 60
	}
	var disk *crash.Disk
	d.Through(func(inner durable.Tree) durable.Tree {
		disk = crash.New(inner, func(what string) error {
			if random.IntN(1000) < often {
				return errors.New("no " + what)
			}
			return nil
		})
		return disk
	})
	var deeds []deed
	for i := range 30 {
		one := deed{name: fmt.Sprintf("packs/%d/%d", random.IntN(3), random.IntN(4)), begin: disk.Steps(), end: -1}
		one.value = bytes.Repeat([]byte{byte(i + 1)}, 1+random.IntN(3000))
		err := one.do(t, d, random)
		if errors.Is(err, fs.ErrExist) {
			continue // refused: nothing may have changed
		}
		if err == nil {
			one.end = disk.Steps()
		}
		deeds = append(deeds, one)
	}
	return disk, deeds
}

func (o *deed) do(t *testing.T, d *Destination, random *rand.Rand) error {
	switch random.IntN(4) {
	case 0:
		o.value = nil
		return d.Remove(t.Context(), o.name)
	case 1:
		return d.Replace(t.Context(), o.name, o.value)
	case 2: // the same bytes once more, if there are any
		if f, err := d.root.ReadFile(o.name); err == nil {
			o.value = f
		}
	}
	return d.Put(t.Context(), o.name, o.value)
}

// checkState compares what a cut left with what was done before it.
func checkState(state crash.State, deeds []deed, at int) error {
	may := make(map[string][][]byte)
	for _, o := range deeds {
		switch {
		case o.end >= 0 && o.end <= at:
			may[o.name] = [][]byte{o.value}
		case o.begin < at:
			if may[o.name] == nil {
				may[o.name] = [][]byte{nil}
			}
			may[o.name] = append(may[o.name], o.value)
		}
	}
	for name, file := range state {
		if may[name] == nil && !durable.IsTemporary(name) {
			return fmt.Errorf("%s is there, %d bytes", name, len(file.Data))
		}
	}
	for name, values := range may {
		if !fits(state[name], values) {
			return fmt.Errorf("%s is %s; %d values are right", name, describe(state[name]), len(values))
		}
	}
	return nil
}

func fits(file *crash.File, values [][]byte) bool {
	for _, v := range values {
		if file == nil && v == nil || file != nil && v != nil && bytes.Equal(file.Data, v) {
			return true
		}
	}
	return false
}

func describe(file *crash.File) string {
	if file == nil {
		return "not there"
	}
	return fmt.Sprintf("%d bytes, %.8x…", len(file.Data), file.Data)
}
