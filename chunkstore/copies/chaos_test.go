package copies

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
)

// mess does something to some objects of a copy, the same for the same seed.
func mess(v *ward, r *rand.Rand, c *memory.Destination) {
	names := c.Names()
	for range 1 + r.IntN(len(names)) {
		name := names[r.IntN(len(names))]
		if !slices.Contains(c.Names(), name) {
			continue
		}
		switch r.IntN(6) {
		case 0:
			c.Delete(name)
		case 1:
			c.Damage(name, flip)
		case 2:
			c.Damage(name, cut)
		case 3:
			c.Damage(name, func(data []byte) []byte { return append(data, noise(r.Uint64(), 1+r.IntN(200))...) })
		case 4:
			other := names[r.IntN(len(names))]
			put(v, c, name, v.drives[0].Object(other))
		case 5:
			put(v, c, name, noise(r.Uint64(), 1+r.IntN(3000)))
		}
	}
}

// Whatever is done to a minority of the copies, after healing each is what it was, byte for
// byte, and the good ones were not touched. Only a place of which nothing is left that
// shows what it was is left alone.
func TestHealChaos(t *testing.T) {
	v := newWard(t, 5)
	v.quick = true
	for seed := range uint64(10) {
		v := v.again()
		r := rand.New(rand.NewPCG(seed, 1))
		for _, bad := range []int{1, 3} {
			mess(v, r, v.copies[bad])
		}
		o := v.options()
		if seed%2 == 0 {
			o.Secrets, o.Heads = nil, nil
		}
		found := v.heal(o)
		for i, c := range v.copies {
			name := string(rune('A' + i))
			alone := slices.ContainsFunc(found.Faults, func(f *Fault) bool {
				return f.Copy == name && (f.Kind == FaultNoVault || f.Kind == FaultOtherVault && !f.Healed)
			})
			if !alone {
				v.whole(name, c)
			}
			if i != 1 && i != 3 {
				v.untouched(i)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, found.Faults)
		}
	}
}

// Whatever is done to all copies, no object that was good at a place is changed there, what
// any copy has good all have afterwards, and nobody gets other bytes than were stored.
func TestHealChaosEverywhere(t *testing.T) {
	v := newWard(t, 2)
	for seed := range uint64(12) {
		v := v.again()
		r := rand.New(rand.NewPCG(seed, 2))
		for _, c := range v.copies {
			mess(v, r, c)
		}
		before := []*memory.Destination{v.copies[0].CrashClone(), v.copies[1].CrashClone()}
		found, err := Heal(t.Context(), v.members(), v.options())
		if err != nil {
			continue // no copy says which vault it is
		}
		for _, name := range v.drives[0].Names() {
			want := v.drives[0].Object(name)
			good := func(c *memory.Destination) bool {
				return slices.Contains(c.Names(), name) && bytes.Equal(c.Object(name), want)
			}
			for i, c := range v.copies {
				if good(before[i]) && !good(c) {
					t.Errorf("seed %d: %s was good at copy %d and is not any more", seed, name, i)
				}
			}
			if len(found.Copies) == 2 && (good(before[0]) || good(before[1])) && !(good(v.copies[0]) && good(v.copies[1])) && !isListed(found, name) {
				t.Errorf("seed %d: %s was good at one copy; it is not at both, and nothing is said", seed, name)
			}
		}
		for _, c := range v.copies {
			v.restores(c)
		}
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, found.Faults)
		}
	}
}

// isListed reports whether an unhealed fault is about an object, or about a commit or a
// writer's entry: of one that is lost nobody knows what it lists, or signed.
func isListed(c *Comparison, name string) bool {
	kind := chunkstore.ParseName(name).Kind
	return slices.ContainsFunc(c.Faults, func(f *Fault) bool {
		of := chunkstore.ParseName(f.Object).Kind
		return !f.Healed && (f.Object == name || of == chunkstore.CommitObject && (kind == chunkstore.PackObject || kind == chunkstore.IndexObject) ||
			of == chunkstore.WriterObject && kind >= chunkstore.SecretsObject)
	})
}
