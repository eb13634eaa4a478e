package copies

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
)

// A scrubbing is a ward whose copies are scrubbed over and over by machines that restart.
type scrubbing struct {
	*ward
	state string
	reads []string // packs that were read, "copy hash"
}

func newScrubbing(t *testing.T, n int) *scrubbing {
	t.Helper()
	s := &scrubbing{ward: newWard(t, n), state: filepath.Join(t.TempDir(), "copies.db")}
	for i := range s.copies {
		watched := memory.WithFaults(func(c memory.Call) error {
			if c.Op == memory.Get && chunkstore.ParseName(c.Name).Kind == chunkstore.PackObject {
				s.reads = append(s.reads, string(rune('A'+i))+" "+c.Name)
			}
			return nil
		})
		for _, name := range s.copies[i].Names() {
			check(t, watched.Put(t.Context(), name, s.copies[i].Object(name)))
		}
		s.copies[i] = watched
	}
	return s
}

// scrub is one call in a process of its own.
func (s *scrubbing) scrub(o ScrubOptions) *Scrubbed {
	s.t.Helper()
	options := Options{Vault: s.vault.ID, Now: s.now, State: s.state}
	for _, m := range s.members() {
		options.Places = append(options.Places, Place{Name: m.Name, Open: func(context.Context) (Driver, error) { return plain{m.Place.(*memory.Destination)}, nil }})
	}
	set, err := Open(s.t.Context(), options)
	check(s.t, err)
	defer set.Close()
	found, err := set.Scrub(s.t.Context(), o)
	check(s.t, err)
	all, err := set.Status()
	check(s.t, err)
	for _, st := range all {
		if st.Checked.Before(found.Oldest) {
			s.t.Errorf("the status of %s says %v, the scrub %v", st.Name, st.Checked, found.Oldest)
		}
	}
	return found
}

func (s *scrubbing) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// Every pack of every copy is read within the time, evenly, whatever restarts
// there are; and then all over again, in the same order.
func TestScrubRotates(t *testing.T) {
	s := newScrubbing(t, 2)
	const within = 10 * 24 * time.Hour
	most := 0
	var rounds [][]string
	for range 2 {
		s.reads = nil
		for day := range 10 {
			found := s.scrub(ScrubOptions{Within: within})
			most = max(most, found.Packs)
			if len(found.Faults) > 0 || found.Left == 0 != found.By.IsZero() || found.Total == 0 {
				t.Errorf("day %d: %+v", day, found)
			}
			if found.Left > 0 && found.By.Sub(s.now()) > within {
				t.Errorf("day %d: all is to be read by %v, later than asked for", day, found.By)
			}
			s.pass(24 * time.Hour)
		}
		once := slices.Compact(slices.Sorted(slices.Values(s.reads)))
		if len(once) != 8 || len(s.reads) > 10 {
			t.Errorf("%d packs were read, %d times", len(once), len(s.reads))
		}
		rounds = append(rounds, s.reads)
	}
	if most > 3 {
		t.Errorf("%d of 8 packs were read in one day of ten", most)
	}
	if found := s.scrub(ScrubOptions{Within: within}); found.Left > 0 || found.Oldest.IsZero() {
		t.Errorf("after two rounds: %+v", found)
	}
	if !slices.Contains(rounds[0][:3], rounds[1][0]) {
		t.Errorf("the first that was read again is %s, not one of those that were read first: %q", rounds[1][0], rounds[0])
	}
}

// A machine that was off for long reads everything, as far as the budget goes; what was
// read already is not read again.
func TestScrubCatchesUp(t *testing.T) {
	s := newScrubbing(t, 2)
	s.scrub(ScrubOptions{})
	s.pass(365 * 24 * time.Hour)
	s.reads = nil
	for range 20 {
		found := s.scrub(ScrubOptions{Budget: time.Nanosecond})
		if found.Packs > 1 {
			t.Fatalf("the budget was passed: %+v", found)
		}
		if found.Left == 0 {
			break
		}
		s.pass(24 * time.Hour)
	}
	once := slices.Compact(slices.Sorted(slices.Values(s.reads)))
	if len(once) != 8 {
		t.Errorf("%d of 8 packs were read: %q", len(once), s.reads)
	}
	s.pass(365 * 24 * time.Hour)
	if found := s.scrub(ScrubOptions{}); found.Packs != 8 || found.Left > 0 {
		t.Errorf("without a budget: %+v", found)
	}
}

// What a scrub finds it heals; what it cannot heal is remembered until it is good again.
func TestScrubHeals(t *testing.T) {
	s := newScrubbing(t, 2)
	s.copies[0].Damage(s.pack(0), flip)
	s.copies[0].Damage(s.pack(1), cut)
	s.copies[1].Damage(s.pack(2), func(data []byte) []byte { return append(data, 0) })
	for _, c := range s.copies {
		c.Damage(s.pack(3), flip)
	}
	good := s.drives[0]
	s.scrub(ScrubOptions{}) // so that the time since the last one counts
	s.pass(365 * 24 * time.Hour)
	found := s.scrub(ScrubOptions{})
	for _, c := range s.copies {
		for i := range 3 {
			if string(c.Object(s.pack(i))) != string(good.Object(s.pack(i))) {
				t.Errorf("pack %d is not what it was: %v", i, found.Faults)
			}
		}
	}
	if found.Bad != 2 {
		t.Errorf("%d packs are bad, want 2: %v", found.Bad, found.Faults)
	}
	check(t, s.copies[1].Replace(t.Context(), s.pack(3), good.Object(s.pack(3))))
	s.pass(365 * 24 * time.Hour)
	found = s.scrub(ScrubOptions{})
	if found.Bad != 0 || found.Healed != 1 {
		t.Errorf("one good copy came back: %+v", found)
	}
	s.whole("A", s.copies[0])
}

// A Set heals its places, also one that it cannot open because vault.json is bad, and
// looks again at what they hold afterwards.
func TestSetHeals(t *testing.T) {
	v := newWard(t, 3)
	set := v.set(t)
	v.copies[0].Damage(chunkstore.VaultName, flip)
	v.copies[1].Delete(v.pack(1))
	for _, name := range []string{v.pack(3), v.index(4), v.commit(4)} {
		v.copies[2].Delete(name)
	}
	check(t, set.Release("A"))
	check(t, set.Release("C"))
	found, err := set.Heal(t.Context(), HealOptions{Secrets: v.secrets})
	check(t, err)
	if !found.OK() || !slices.Contains(kinds(found), "C rollback "+v.commit(4)) {
		t.Errorf("%v", found.Faults)
	}
	for i, c := range v.copies {
		v.whole(string(rune('A'+i)), c)
	}
	v.later()
	all, err := set.Look(t.Context())
	check(t, err)
	for _, st := range all {
		if st.State != Current {
			t.Errorf("%s is %s: %v", st.Name, st.State, st.Err)
		}
	}
}
