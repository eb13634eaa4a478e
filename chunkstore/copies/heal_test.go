package copies

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A ward is a vault with some commits of which there are several copies, all alike.
type ward struct {
	*fixture
	copies  []*memory.Destination
	commits []*chunkstore.Commit
	heads   []chunkstore.Head
	data    [][]byte // of each commit
	quick   bool     // whole compares bytes only
}

// newWard makes a vault of four commits, with one pack each, and n copies of it.
func newWard(t *testing.T, n int) *ward {
	t.Helper()
	v := &ward{fixture: newFixture(t, "first")}
	w := v.writer(v.drives[0])
	for i := range 4 {
		v.data = append(v.data, noise(uint64(i+1), 50_000))
		v.commits = append(v.commits, store(t, w, v.data[i]))
	}
	v.heads = chunkstore.HeadsOf(v.commits)
	for range n {
		v.copies = append(v.copies, v.drives[0].CrashClone())
	}
	return v
}

// again returns the same vault with new copies, all alike.
func (v *ward) again() *ward {
	other := *v
	other.copies = nil
	for range v.copies {
		other.copies = append(other.copies, v.drives[0].CrashClone())
	}
	return &other
}

func (v *ward) members() []Member {
	var all []Member
	for i, c := range v.copies {
		all = append(all, Member{Name: string(rune('A' + i)), Place: c, Heads: v.heads})
	}
	return all
}

// options are those of the machine that writes.
func (v *ward) options() HealOptions { return HealOptions{Secrets: v.secrets, Heads: v.heads} }

func (v *ward) heal(o HealOptions) *Comparison {
	v.t.Helper()
	found, err := Heal(v.t.Context(), v.members(), o)
	check(v.t, err)
	return found
}

// whole checks that a copy holds the vault as it was, byte for byte. What was set aside
// and what no commit lists does not count.
func (v *ward) whole(what string, c *memory.Destination) {
	v.t.Helper()
	first := v.drives[0]
	for _, name := range first.Names() {
		if !slices.Contains(c.Names(), name) {
			v.t.Errorf("%s: %s is missing", what, name)
		} else if !bytes.Equal(c.Object(name), first.Object(name)) {
			v.t.Errorf("%s: %s is not what it was", what, name)
		}
	}
	if v.quick {
		return
	}
	report, err := chunkstore.Verify(context.Background(), c, chunkstore.VerifyOptions{Secrets: v.secrets, Heads: v.heads})
	check(v.t, err)
	for _, p := range report.Problems {
		v.t.Errorf("%s: verify: %v", what, p)
	}
}

func (v *ward) pack(i int) string { return chunkstore.PackName(v.commits[i].Packs[0].Hash) }
func (v *ward) index(seq uint64) string {
	return chunkstore.IndexName(v.secrets.WriterID, seq)
}
func (v *ward) commit(seq uint64) string {
	return chunkstore.CommitName(v.secrets.WriterID, seq)
}

func flip(data []byte) []byte {
	data[len(data)/2] ^= 1
	return data
}

func cut(data []byte) []byte { return data[:len(data)*2/3] }

// kinds are all faults as "copy kind object".
func kinds(c *Comparison) []string {
	var all []string
	for _, f := range slices.Concat(c.Faults, c.Notices) {
		all = append(all, fmt.Sprintf("%s %s %s", f.Copy, f.Kind, f.Object))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestHealNothing(t *testing.T) {
	v := newWard(t, 2)
	for _, m := range v.copies {
		m.Counts()
	}
	found := v.heal(v.options())
	if len(kinds(found)) > 0 || !found.OK() || found.Commits != 4 || found.Packs != 4 || found.Bytes == 0 {
		t.Errorf("whole copies: %v, %+v", kinds(found), found)
	}
	for i, c := range v.copies {
		if n := c.Counts().Calls; n[memory.Put]+n[memory.Replace]+n[memory.Remove] > 0 {
			t.Errorf("copy %d was written to: %v", i, n)
		}
	}
	if !slices.Equal(found.Heads, v.heads) {
		t.Errorf("heads %v, want %v", found.Heads, v.heads)
	}
}

// Every object of the vault, in every way it can be bad at one copy, is healed from the
// other one, with the keys of a machine that writes and, every other time, with none.
func TestHealEveryObject(t *testing.T) {
	v := newWard(t, 2)
	v.quick = true
	for i, damage := range []struct {
		what string
		do   func(c *memory.Destination, name string)
	}{
		{"missing", func(c *memory.Destination, name string) { c.Delete(name) }},
		{"flipped", func(c *memory.Destination, name string) { c.Damage(name, flip) }},
		{"cut", func(c *memory.Destination, name string) { c.Damage(name, cut) }},
		{"empty", func(c *memory.Destination, name string) { c.Damage(name, func([]byte) []byte { return nil }) }},
		{"longer", func(c *memory.Destination, name string) {
			c.Damage(name, func(b []byte) []byte { return append(b, b...) })
		}},
		{"huge", func(c *memory.Destination, name string) {
			c.Damage(name, func(b []byte) []byte { return append(b, make([]byte, 2<<20)...) })
		}},
	} {
		for j, name := range v.drives[0].Names() {
			v, o := v.again(), HealOptions{}
			if (i+j)%2 == 0 {
				o = v.options()
			}
			damage.do(v.copies[0], name)
			found := v.heal(o)
			if len(found.Faults) == 0 || !found.OK() || found.Faults[0].Copy != "A" {
				t.Errorf("%s %s: %v", damage.what, name, found.Faults)
			}
			v.whole(damage.what+" "+name, v.copies[0])
			v.untouched(1)
		}
	}
}

// untouched checks that nothing was written to a copy.
func (v *ward) untouched(i int) {
	v.t.Helper()
	if n := v.copies[i].Counts().Calls; n[memory.Put]+n[memory.Replace]+n[memory.Remove] > 0 {
		v.t.Errorf("copy %d was good, and was written to: %v", i, n)
	}
}

// Two copies that are bad in different objects heal each other.
func TestHealEachOther(t *testing.T) {
	v := newWard(t, 2)
	names := v.drives[0].Names()
	for i, name := range names {
		if i%3 == 0 {
			v.copies[i%2].Delete(name)
		} else {
			v.copies[i%2].Damage(name, flip)
		}
	}
	found := v.heal(v.options())
	if !found.OK() || found.Healed != len(names) {
		t.Errorf("%d of %d objects healed: %v", found.Healed, len(names), found.Faults)
	}
	v.whole("A", v.copies[0])
	v.whole("B", v.copies[1])
}

// What no copy has good is named with what is lost, and the rest is healed.
func TestHealWhatIsLost(t *testing.T) {
	v := newWard(t, 2)
	v.copies[0].Damage(v.pack(1), flip)
	v.copies[1].Delete(v.pack(1))
	v.copies[0].Delete(v.pack(2))
	bad := v.copies[0].Object(v.pack(1))
	found := v.heal(v.options())
	if found.OK() || found.Healed != 1 {
		t.Errorf("healed %d: %v", found.Healed, found.Faults)
	}
	for _, f := range found.Faults {
		if f.Object == v.pack(1) && (f.Healed || f.Why != noneGood || !strings.Contains(f.Lost, "commit 2 of writer "+v.secrets.WriterID)) {
			t.Errorf("what is lost is told as %v", f)
		}
	}
	if !bytes.Equal(v.copies[0].Object(v.pack(1)), bad) || slices.Contains(v.copies[1].Names(), v.pack(1)) {
		t.Error("a bad pack was changed or copied")
	}
}

// A copy that was away gets packs before indexes before commits, and is told of once.
func TestHealBehind(t *testing.T) {
	v := newWard(t, 2)
	var mu sync.Mutex // packs go at the same time
	var order []string
	later := memory.WithFaults(func(c memory.Call) error {
		if c.Op == memory.Put {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, c.Name)
		}
		return nil
	})
	for _, name := range v.copies[1].Names() {
		n := chunkstore.ParseName(name)
		if n.Seq > 2 || n.Kind == chunkstore.PackObject && (name == v.pack(2) || name == v.pack(3)) {
			continue
		}
		check(t, later.Put(t.Context(), name, v.copies[1].Object(name)))
	}
	order = nil
	v.copies[1] = later
	members := v.members()
	members[1].Heads = nil
	found, err := Heal(t.Context(), members, v.options())
	check(t, err)
	want := []string{"B behind " + v.commit(3)}
	if !slices.Equal(kinds(found), want) || !found.OK() || found.Healed != 6 {
		t.Errorf("%v, healed %d", found.Faults, found.Healed)
	}
	if len(order) != 6 || order[4] != v.commit(3) || order[5] != v.commit(4) {
		t.Errorf("stored in the order %q", order)
	}
	v.whole("B", later)
}

// A commit does not come before what it lists: a place that cannot take a pack stays
// behind, and what is there can be read.
func TestHealIntoAFullPlace(t *testing.T) {
	v := newWard(t, 2)
	full := memory.WithFaults(func(c memory.Call) error {
		if c.Op == memory.Put && c.Name == v.pack(2) {
			return fmt.Errorf("no space: %w", fs.ErrPermission)
		}
		return nil
	})
	for _, name := range v.copies[1].Names() {
		if n := chunkstore.ParseName(name); n.Seq <= 2 && name != v.pack(2) {
			check(t, full.Put(t.Context(), name, v.copies[1].Object(name)))
		}
	}
	v.copies[1] = full
	found := v.heal(v.options())
	if found.OK() || slices.Contains(full.Names(), v.commit(3)) {
		t.Errorf("the place took commit 3 without its pack: %v", found.Faults)
	}
}

// Nothing is written to an empty mount point or to another vault, also if some commits of
// this one were mixed in.
func TestHealLeavesOtherPlacesAlone(t *testing.T) {
	v := newWard(t, 2)
	other := newWard(t, 1)
	for what, place := range map[string]*memory.Destination{"empty": memory.New(), "other": other.copies[0].CrashClone(), "mixed": other.copies[0].CrashClone()} {
		v := v.again()
		v.copies[1] = place
		if what == "mixed" {
			for _, name := range []string{v.commit(1), v.pack(0), v.index(1), chunkstore.WriterName(v.secrets.WriterID)} {
				check(t, place.Put(t.Context(), name, v.copies[0].Object(name)))
			}
		}
		before := slices.Clone(place.Names())
		found := v.heal(v.options())
		want := map[string]FaultKind{"empty": FaultNoVault, "other": FaultOtherVault, "mixed": FaultOtherVault}[what]
		if len(found.Faults) != 1 || found.Faults[0].Kind != want || found.OK() {
			t.Errorf("%s: %v", what, found.Faults)
		}
		if !slices.Equal(before, place.Names()) {
			t.Errorf("%s: something was stored there: %v", what, place.Names())
		}
	}
}

// A read that fails once does not make an object bad.
func TestHealUnsteady(t *testing.T) {
	v := newWard(t, 2)
	reads := 0
	shaky := memory.WithFaults(func(c memory.Call) error {
		if c.Op == memory.Get && c.Name == v.pack(1) {
			if reads++; reads == 1 {
				return fs.ErrInvalid
			}
		}
		return nil
	})
	for _, name := range v.copies[1].Names() {
		check(t, shaky.Put(t.Context(), name, v.copies[1].Object(name)))
	}
	v.copies[1] = shaky
	found := v.heal(v.options())
	if want := []string{"B unsteady " + v.pack(1)}; !slices.Equal(kinds(found), want) || shaky.Counts().Calls[memory.Replace] > 0 {
		t.Errorf("%v", found.Faults)
	}
}

// Compare changes nothing, reads no pack, and says what another copy has.
func TestCompare(t *testing.T) {
	v := newWard(t, 2)
	v.copies[0].Delete(v.pack(1))
	v.copies[0].Damage(v.pack(2), cut)
	v.copies[0].Damage(v.commit(2), flip)
	v.copies[1].Damage(v.index(1), flip) // is not seen: only reading shows it
	found, err := Compare(t.Context(), v.members(), v.options())
	check(t, err)
	want := []string{"A missing " + v.pack(1), "A cut " + v.pack(2), "A forged " + v.commit(2)}
	slices.Sort(want)
	got := kinds(found)
	got = slices.DeleteFunc(got, func(s string) bool { return s == "A damaged "+v.commit(2) }) // by where the flipped byte is
	want = slices.DeleteFunc(want, func(s string) bool { return strings.Contains(s, "commits/") })
	got = slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "commits/") })
	if !slices.Equal(got, want) || found.Bytes > 0 {
		t.Errorf("got %v, want %v; %d bytes read", got, want, found.Bytes)
	}
	for _, f := range found.Faults {
		if !strings.Contains(f.Why, "copy B has it") {
			t.Errorf("%v does not say who has it", f)
		}
	}
	for i, c := range v.copies {
		if n := c.Counts().Calls; n[memory.Put]+n[memory.Replace]+n[memory.Remove] > 0 {
			t.Errorf("copy %d was written to: %v", i, maps.Keys(n))
		}
	}
}

// Two machines write to one vault, each with copies that the other has not brought up to
// date: healing brings both chains everywhere, and an entry that only one copy has is
// believed by who knows the id key.
func TestHealTwoWriters(t *testing.T) {
	v := newWard(t, 2)
	v.quick = true
	secrets, err := chunkstore.AddWriter(t.Context(), v.copies[0], []crypto.Identity{v.owner}, v.now)
	check(t, err)
	o := v.writerOptions()
	o.Secrets, o.StatePath = secrets, filepath.Join(t.TempDir(), "state.db")
	w, err := chunkstore.OpenWriter(t.Context(), v.copies[0], o)
	check(t, err)
	c := store(t, w, noise(20, 30_000))
	check(t, w.Close())
	for _, name := range []string{v.pack(3), v.index(4), v.commit(4)} {
		v.copies[0].Delete(name)
	}
	all := v.drives[0].CrashClone() // both chains
	for _, name := range v.copies[0].Names() {
		check(t, all.Put(t.Context(), name, v.copies[0].Object(name)))
	}
	v.drives[0].Destination = all
	found := v.heal(v.options())
	want := []string{"A rollback " + v.commit(4), "B behind " + chunkstore.CommitName(secrets.WriterID, 1), "B missing " + chunkstore.SecretsName(secrets.WriterID), "B missing " + chunkstore.WriterName(secrets.WriterID)}
	slices.Sort(want)
	if !slices.Equal(kinds(found), want) || !found.OK() || len(found.Heads) != 2 || c.Seq != 1 {
		t.Errorf("%v", found.Faults)
	}
	v.whole("A", v.copies[0])
	v.whole("B", v.copies[1])
}
