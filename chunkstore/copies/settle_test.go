package copies

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
)

// What a process left that was killed, or that had an error, the next one makes durable before it takes
// it for stored; behind one that came to its end there is nothing to do.
func TestSettle(t *testing.T) {
	f := newFixture(t, "A", "B")
	stored := uint64(0)
	process := func(end func(*Set)) {
		t.Helper()
		f.later()
		s, err := Open(t.Context(), f.options)
		check(t, err)
		w, err := chunkstore.OpenWriter(t.Context(), s, f.writerOptions())
		check(t, err)
		stored++
		store(t, w, noise(stored, 1000))
		check(t, w.Close())
		end(s)
	}
	well := func(s *Set) { check(t, s.Close()) }
	killed := func(s *Set) { // what it noted is there, and nothing is closed
		copied := filepath.Join(t.TempDir(), "copies.db")
		for _, suffix := range []string{"", "-wal"} {
			data, err := os.ReadFile(f.options.State + suffix)
			check(t, err)
			check(t, os.WriteFile(copied+suffix, data, 0o600))
		}
		check(t, s.Close())
		f.options.State = copied
	}
	expect := func(what string, a, b int) {
		t.Helper()
		if f.drives[0].settled != a || f.drives[1].settled != b {
			t.Errorf("%s: settled %d and %d times, want %d and %d", what, f.drives[0].settled, f.drives[1].settled, a, b)
		}
	}
	process(well)
	process(well)
	expect("two that ended well", 0, 0)
	process(killed)
	expect("one that is killed", 0, 0)
	process(well)
	expect("behind one that was killed", 1, 1)
	process(well)
	expect("behind one that ended well", 1, 1)

	process(killed)
	f.drives[1].unplug()
	process(well)
	expect("behind one that was killed, with B away", 2, 1)
	f.drives[1].plug()
	process(well)
	expect("B is there again", 2, 2)

	process(func(s *Set) {
		f.drives[1].fail(func(c memory.Call) error {
			if c.Op == memory.Put {
				return syscall.EIO
			}
			return nil
		})
		w, err := chunkstore.OpenWriter(t.Context(), s, f.writerOptions())
		check(t, err)
		store(t, w, noise(99, 1000))
		check(t, w.Close())
		well(s)
		f.drives[1].fail(nil)
	})
	process(well)
	if n := f.drives[1].settled; n < 3 { // it may have been opened again at once
		t.Errorf("behind an error at B it was settled %d times", n)
	}
}

// A damaged memory of the copies is set aside, and told; a backup goes on.
func TestDamagedMemory(t *testing.T) {
	for name, data := range map[string][]byte{"no database": noise(7, 20000), "cut": nil} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, "A")
			s, err := Open(t.Context(), f.options)
			check(t, err)
			check(t, s.Close())
			whole, err := os.ReadFile(f.options.State)
			check(t, err)
			if data == nil {
				data = whole[:len(whole)-4096]
			}
			check(t, os.WriteFile(f.options.State, data, 0o600))
			s = f.open()
			if !s.Forgot() {
				t.Error("nothing is told")
			}
			store(t, f.writer(s), noise(1, 1000))
			kept, err := os.ReadFile(f.options.State + ".damaged")
			if err != nil || len(kept) != len(data) {
				t.Errorf("of the damaged file %d bytes are kept, %v", len(kept), err)
			}
		})
	}
}
