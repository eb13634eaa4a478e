package copies

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"telekeep/chunkstore/destination/memory"
)

// faults are what places do.
var faults = []struct {
	name string
	err  error
}{
	{"full", syscall.ENOSPC},
	{"broken", syscall.EIO},
	{"read-only", syscall.EROFS},
	{"stale", syscall.ESTALE},
	{"slow", context.DeadlineExceeded},
	{"answer lost", memory.Kept(syscall.EIO)},
	{"half a list", errHalf},
}

// withSet returns the same vault on fresh drives that hold what the small things are, and
// fresh folders.
func (f *fixture) fresh(t *testing.T) *fixture {
	t.Helper()
	g := &fixture{t: t, vault: f.vault, secrets: f.secrets, second: f.second, owner: f.owner, dir: fastDir(t), clock: f.clock}
	g.options = f.options
	g.options.Places = nil
	g.options.Now, g.options.Notice = g.now, g.notice
	g.options.Spool, g.options.State = filepath.Join(g.dir, "spool"), filepath.Join(g.dir, "copies.db")
	for _, old := range f.drives {
		d := newDrive(old.name)
		for _, name := range old.Names() {
			check(t, d.Put(t.Context(), name, old.Object(name)))
		}
		d.vault = f.vault.ID
		g.drives = append(g.drives, d)
		g.options.Places = append(g.options.Places, d.place())
	}
	t.Cleanup(func() {
		for _, d := range g.drives {
			if d.wrong != nil {
				t.Errorf("drive %s: %v", d.name, d.wrong)
			}
		}
	})
	return g
}

// putStored stores until it is stored: what Put says is stored is, whatever the drives do.
func putStored(t *testing.T, s *Set, o stored) {
	t.Helper()
	if err := s.Put(t.Context(), o.name, o.data); err != nil {
		t.Fatalf("Put with a spool = %v", err)
	}
}

// healed plugs everything in, brings everything up to date and expects that nothing that was
// stored is missing anywhere.
func (f *fixture) healed(t *testing.T, s *Set, all []stored) {
	t.Helper()
	for _, d := range f.drives {
		d.set(func(d *drive) { d.away, d.fault = false, nil })
	}
	f.later()
	for range 2 { // what the last one has, the first one gets the second time
		for name, result := range must(s.CatchUpAll(t.Context(), nil))(t) {
			if len(result.Absent)+len(result.Bad) > 0 {
				t.Errorf("copy %s: %+v", name, result)
			}
		}
	}
	f.equal()
	for _, d := range f.drives {
		names := d.Names()
		for _, o := range all {
			if _, ok := slices.BinarySearch(names, o.name); !ok {
				t.Errorf("drive %s lacks %s, which was stored", d.name, o.name)
			} else if string(d.Object(o.name)) != string(o.data) {
				t.Errorf("drive %s holds other bytes as %s", d.name, o.name)
			}
		}
	}
	if waiting := s.spool.queued(); len(waiting) != 0 {
		t.Errorf("the spool still holds %q", waiting)
	}
	for _, st := range must(s.Status())(t) {
		if st.State != Current {
			t.Errorf("at the end: %+v", st)
		}
	}
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return v
	}
}

// Every fault at the n-th call to a place, for every n: nothing is lost, no commit comes
// before what it needs, and afterwards everything is everywhere.
func TestFaultAtEveryCall(t *testing.T) {
	f := newFixture(t, "a", "b")
	own, _ := f.record(3)
	every := os.Getenv("TELEKEEP_FAULTS") == "all"
	for kind, fault := range faults {
		for n := 1; ; n++ {
			if !every && n%len(faults) != kind { // each n with one kind, each kind with some n
				if n > 400 {
					break
				}
				continue
			}
			met := false
			ok := t.Run(fmt.Sprintf("%s at %d", fault.name, n), func(t *testing.T) {
				met = f.fresh(t).faultAt(t, own, n, fault.err)
			})
			if !met || !ok {
				break
			}
		}
	}
}

// faultAt stores everything, with a fault at the n-th call to the second drive and two more
// after it, and catches up in the middle. It reports whether there were that many calls.
func (f *fixture) faultAt(t *testing.T, own []stored, n int, fault error) bool {
	calls := 0
	bad := f.drives[1]
	bad.fail(func(memory.Call) error {
		bad.mu.Lock()
		defer bad.mu.Unlock()
		if calls++; calls >= n && calls < n+3 {
			return fault
		}
		return nil
	})
	s, err := Open(t.Context(), f.options)
	check(t, err)
	defer s.Close()
	for i, o := range own {
		putStored(t, s, o)
		if i == len(own)/2 {
			f.later()
			s.CatchUp(t.Context(), "b", nil) // which may meet the fault
			f.later()
		}
	}
	f.healed(t, s, own)
	return calls >= n
}

// Places that go away, fail and return as they like, a second machine that writes to one of
// them, restarts: nothing that was stored is lost.
func TestRandomWeather(t *testing.T) {
	f := newFixture(t, "a", "b", "c")
	own, other := f.record(8)
	seeds := uint64(12)
	if os.Getenv("TELEKEEP_FAULTS") == "all" {
		seeds = 300
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { f.fresh(t).weather(t, own, other, seed) })
	}
}

func (f *fixture) weather(t *testing.T, own, other []stored, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	f.options.Need = 1 + r.IntN(2)
	s, err := Open(t.Context(), f.options)
	check(t, err)
	defer func() { check(t, s.Close()) }()
	var done []stored
	var log []string
	for len(own) > 0 || len(other) > 0 {
		d := f.drives[r.IntN(len(f.drives))]
		op := r.IntN(12)
		log = append(log, fmt.Sprintf("%d@%s", op, d.name))
		switch {
		case op == 0:
			d.unplug()
		case op == 1:
			d.plug()
		case op == 2:
			d.fail(weatherFault(r))
		case op == 3:
			d.fail(nil)
		case op == 4:
			s.CatchUp(t.Context(), d.name, nil) // which fails if the drive is away or fails
		case op == 5:
			f.later()
		case op == 6 && r.IntN(3) == 0:
			check(t, s.Close())
			if s, err = Open(t.Context(), f.options); err != nil {
				t.Fatalf("after %q: %v", log, err)
			}
		case op == 7 && len(other) > 0: // the other machine has drive c at home
			o := other[0]
			if f.drives[2].Destination.Put(t.Context(), o.name, o.data) == nil {
				done, other = append(done, o), other[1:]
			}
		case len(own) > 0:
			putStored(t, s, own[0])
			done, own = append(done, own[0]), own[1:]
		}
	}
	f.healed(t, s, done)
	if t.Failed() {
		t.Logf("what happened: %q", log)
	}
}

// weatherFault makes a fault function that fails some calls in some way.
func weatherFault(r *rand.Rand) func(memory.Call) error {
	fault := faults[r.IntN(len(faults))]
	often := 1 + r.IntN(4)
	writes := r.IntN(2) == 0
	n := r.IntN(4)
	return func(c memory.Call) error {
		if writes && c.Op != memory.Put {
			return nil
		}
		if (c.Number+n)%often == 0 {
			return fault.err
		}
		return nil
	}
}
