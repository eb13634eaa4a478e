package copies

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A harm is one way in which one object can be bad. at are the places where it is tried.
type harm struct {
	name string
	do   func(c *memory.Destination, name, other string, at int)
	at   func(size int) []int
}

// regions are places in an object: magic or age header, what is sealed to each recipient, the date
// in vault.json, first, middle and last chunk of age's payload, directory, padding, trailer, signature.
// TELEKEEP_DAMAGES tries all of them.
func regions(size int) []int {
	at := []int{1, 102, size / 2, size - 20}
	if os.Getenv("TELEKEEP_DAMAGES") != "" {
		at = append(at, 0, size/8, size/4, size*3/4, size*7/8, size-2, size-1)
	}
	return slices.DeleteFunc(at, func(i int) bool { return i < 0 || i >= size })
}

// changed makes one byte another digit: what is written in digits is well formed still, and
// not what it was.
func changed(b []byte, at int) []byte {
	if b[at] == '0' {
		b[at] = '1'
	} else {
		b[at] = '0'
	}
	return b
}

func once(int) []int { return []int{0} }

// harms stand in the order of the columns of the table.
func harms() []harm {
	change := func(f func(data []byte, at int) []byte) func(c *memory.Destination, name, other string, at int) {
		return func(c *memory.Destination, name, _ string, at int) {
			c.Damage(name, func(data []byte) []byte { return f(data, at) })
		}
	}
	return []harm{
		{"changed", change(changed), regions},
		{"cut", change(func(b []byte, at int) []byte { return b[:at] }), regions},
		{"zeroed", change(func(b []byte, at int) []byte { clear(b[at:min(len(b), at+4096)]); return b }), regions},
		{"longer", change(func(b []byte, _ int) []byte { return append(b, 0) }), once},
		{"swapped", func(c *memory.Destination, name, other string, _ int) {
			a, b := c.Object(name), c.Object(other)
			c.Damage(name, func([]byte) []byte { return b })
			c.Damage(other, func([]byte) []byte { return a })
		}, once},
		{"copied", func(c *memory.Destination, name, _ string, _ int) {
			c.Put(context.Background(), copiedTo(name), c.Object(name))
		}, once},
		{"gone", func(c *memory.Destination, name, _ string, _ int) { c.Delete(name) }, once},
	}
}

// copiedTo is a name that an object may have and that is not taken.
func copiedTo(name string) string {
	const zeros = "00000000000000000000000000000000"
	n := chunkstore.ParseName(name)
	switch n.Kind {
	case chunkstore.PackObject:
		return chunkstore.PackName(chunkstore.Hash{1})
	case chunkstore.IndexObject:
		return chunkstore.IndexName(n.Writer, 9)
	case chunkstore.CommitObject:
		return chunkstore.CommitName(n.Writer, 9)
	case chunkstore.KeyObject:
		return chunkstore.KeyName("copied")
	case chunkstore.NoteObject:
		return strings.Replace(name, "keys/"+n.Owner+".", "keys/copied.", 1)
	case chunkstore.SecretsObject:
		return chunkstore.SecretsName(zeros)
	case chunkstore.WriterObject:
		return chunkstore.WriterName(zeros)
	}
	return "copied/" + name
}

// newMatrix is a ward whose vault has an object of every kind, and two of most.
func newMatrix(t *testing.T) (v *ward, rows map[string][2]string) {
	t.Helper()
	v = newWard(t, 3) // where nothing else tells, most decide
	ctx, first := t.Context(), v.drives[0]
	owners := []crypto.Identity{v.owner}
	key, err := chunkstore.OpenVaultKey(ctx, first, owners)
	check(t, err)
	now := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"second", "third"} {
		id, err := crypto.NewIdentity()
		check(t, err)
		change, err := chunkstore.AddOwner(ctx, first, key, chunkstore.Owner{Name: name, Recipient: id.Recipient()}, now)
		check(t, err)
		check(t, change.Apply(ctx, first))
	}
	change, err := chunkstore.RemoveOwner(ctx, first, key, owners, "third", now)
	check(t, err)
	check(t, change.Apply(ctx, first))
	if v.second, err = chunkstore.AddWriter(ctx, first, owners, v.now); err != nil {
		t.Fatal(err)
	}
	for i, secrets := range []*chunkstore.WriterSecrets{v.second, v.secrets} { // both list the key files as they are now
		w, err := chunkstore.OpenWriter(ctx, first, chunkstore.WriterOptions{Secrets: secrets, StatePath: fmt.Sprintf("%s/again%d.db", v.dir, i), PackSize: 8 << 20, Workers: 1, OpenPacks: 1, Now: v.now})
		check(t, err)
		v.commits = append(v.commits, store(t, w, noise(uint64(50+i), 150_000)))
		check(t, w.Close())
	}
	v.heads = chunkstore.HeadsOf(v.commits)
	return v.again(), matrixRows(v)
}

// matrixRows are, by the first column of the table, an object and another of its kind.
func matrixRows(v *ward) map[string][2]string {
	me, you := v.secrets.WriterID, v.second.WriterID
	var notes []string
	for _, name := range v.drives[0].Names() {
		if strings.HasSuffix(name, ".added") || strings.HasSuffix(name, ".removed") {
			notes = append(notes, name)
		}
	}
	large := chunkstore.PackName(v.commits[4].Packs[0].Hash)
	return map[string][2]string{
		"`vault.json`":           {chunkstore.VaultName, chunkstore.WriterName(me)},
		"`README.txt`":           {chunkstore.ReadmeName, chunkstore.RecoverName},
		"`recover.sh`":           {chunkstore.RecoverName, chunkstore.ReadmeName},
		"key file":               {chunkstore.KeyName("owner"), chunkstore.KeyName("second")},
		"note of an owner":       {notes[0], notes[1]},
		"`writer.json`":          {chunkstore.WriterName(me), chunkstore.WriterName(you)},
		"`secrets.age`":          {chunkstore.SecretsName(me), chunkstore.SecretsName(you)},
		"pack":                   {large, chunkstore.PackName(v.commits[5].Packs[0].Hash)},
		"index":                  {chunkstore.IndexName(me, 2), chunkstore.IndexName(me, 3)},
		"commit, not the newest": {chunkstore.CommitName(me, 2), chunkstore.CommitName(me, 3)},
		"commit, the newest":     {chunkstore.CommitName(me, 5), chunkstore.CommitName(you, 1)},
	}
}

// Levels of knowledge, from nothing on. The words are those of the table.
var matrixLevels = []string{"nothing", "notice", "orphan", "secrets", "owner key", "copies", "never"}

// level is which check is the first to tell of damage: as a problem, or as a notice.
func (v *ward) level(c *memory.Destination, name, other string) string {
	v.t.Helper()
	for i, o := range []chunkstore.VerifyOptions{
		{}, {Secrets: v.secrets, Heads: v.heads}, {Secrets: v.secrets, Heads: v.heads, Identities: []crypto.Identity{v.owner}},
	} {
		level := []string{"nothing", "secrets", "owner key"}[i]
		report, err := chunkstore.Verify(v.t.Context(), c, o)
		if err != nil {
			return level // it says itself that this is no vault it knows
		}
		if isTold(report.Problems, name, other) {
			return level
		}
		if isTold(report.Notices, name, other) {
			return "notice"
		}
		if slices.Contains(report.Orphans, name) {
			return "orphan"
		}
		if len(report.Problems) > 0 {
			v.t.Errorf("%s is bad, and told is %v", name, report.Problems)
		}
	}
	found, err := Heal(v.t.Context(), v.members(), HealOptions{Secrets: v.secrets, Heads: v.heads, Look: true})
	check(v.t, err)
	if slices.ContainsFunc(slices.Concat(found.Faults, found.Notices), func(f *Fault) bool { return f.Object == name }) {
		return "copies"
	}
	return "never"
}

// isTold reports whether an object is named, or what leads to it: a commit that is gone
// shows at its writer's next, an entry at the secrets that it names.
func isTold(told []*chunkstore.Problem, names ...string) bool {
	return slices.ContainsFunc(told, func(p *chunkstore.Problem) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			n, q := chunkstore.ParseName(name), chunkstore.ParseName(p.Object)
			return p.Object == name || n.Writer != "" && q.Writer == n.Writer &&
				(n.Kind == chunkstore.CommitObject && q.Kind == chunkstore.CommitObject || n.Kind == chunkstore.WriterObject && q.Kind == chunkstore.SecretsObject ||
					n.Kind == chunkstore.SecretsObject && q.Kind == chunkstore.WriterObject)
		})
	})
}

// Every kind of object, bad in every way at every place, is found at the level that
// docs/format.md says, and healed, byte for byte, by a copy that is good.
func TestDamageMatrix(t *testing.T) {
	v, rows := newMatrix(t)
	v.quick = true
	claims := readMatrix(t)
	if got, want := slices.Sorted(maps.Keys(rows)), slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) {
		t.Errorf("the table has the rows %q, want %q", want, got)
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		var cells []string
		for _, h := range harms() {
			cells = append(cells, v.worst(rows[row], h))
		}
		if !slices.Equal(cells, claims[row]) {
			t.Errorf("| %s | %s |\nthe format says %q", row, strings.Join(cells, " | "), claims[row])
		}
	}
}

// worst tries one harm at all places and returns the highest level that one of them needs.
func (v *ward) worst(pair [2]string, h harm) string {
	v.t.Helper()
	worst := ""
	name, other := pair[0], pair[1]
	size := len(v.drives[0].Object(name))
	for _, at := range h.at(size) {
		v := v.again()
		c := v.copies[0]
		h.do(c, name, other, at)
		if h.name == "zeroed" && bytes.Equal(c.Object(name), v.drives[0].Object(name)) {
			continue // zeros were there before
		}
		bad := name
		if h.name == "copied" {
			bad = copiedTo(name)
		}
		level := v.level(c, bad, other)
		if worst == "" || slices.Index(matrixLevels, level) > slices.Index(matrixLevels, worst) {
			worst = level
		}
		v.heal(v.options())
		v.whole(fmt.Sprintf("%s %s at %d", name, h.name, at), c)
		v.untouched(1)
		v.untouched(2)
	}
	return worst
}

// readMatrix reads the table of docs/format.md.
func readMatrix(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("../../docs/format.md")
	check(t, err)
	_, rest, found := strings.Cut(string(data), "| bad object | changed |")
	if !found {
		t.Fatal("docs/format.md has no table of damage")
	}
	table, _, _ := strings.Cut(rest, "\n\n")
	rows := make(map[string][]string)
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		rows[cells[0]] = cells[1:]
	}
	return rows
}
