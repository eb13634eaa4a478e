package copies

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A plain is a place of a Set that is only memory.
type plain struct{ *memory.Destination }

func (v *ward) set(t *testing.T) *Set {
	t.Helper()
	o := Options{Vault: v.vault.ID, Now: v.now}
	for _, m := range v.members() {
		o.Places = append(o.Places, Place{Name: m.Name, Open: func(context.Context) (Driver, error) { return plain{m.Place.(*memory.Destination)}, nil }})
	}
	s, err := Open(t.Context(), o)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

// readsBack opens the copies to restore, in both ways, and expects everything.
func (v *ward) readsBack(t *testing.T, s *Set) error {
	t.Helper()
	for _, damaged := range []bool{false, true} {
		r, err := chunkstore.OpenReader(t.Context(), s, chunkstore.ReaderOptions{Identities: []crypto.Identity{v.owner}, Damaged: damaged, Heads: v.heads})
		if err != nil {
			return err
		}
		if len(r.Faults()) > 0 || len(r.Commits()) != len(v.commits) {
			return fmt.Errorf("damaged %v: %d commits, faults %v", damaged, len(r.Commits()), r.Faults())
		}
		for i, c := range r.Commits() {
			ids, err := r.Records(t.Context(), c)
			if err != nil {
				return err
			}
			stream := r.Stream(t.Context(), ids)
			data, err := io.ReadAll(stream)
			stream.Close()
			if err != nil || !bytes.Equal(data, v.data[i]) {
				return fmt.Errorf("commit %d: %d bytes, %w", c.Seq, len(data), err)
			}
		}
	}
	return nil
}

// Whatever is bad at one copy is read from the other, each object from whichever has it.
func TestRestoreFromSeveral(t *testing.T) {
	v := newWard(t, 2)
	for what, damage := range map[string]func(c *memory.Destination, name string){
		"missing": func(c *memory.Destination, name string) { c.Delete(name) },
		"flipped": func(c *memory.Destination, name string) { c.Damage(name, flip) },
		"header": func(c *memory.Destination, name string) {
			c.Damage(name, func(b []byte) []byte { b[40] ^= 1; return b })
		},
		"cut": func(c *memory.Destination, name string) { c.Damage(name, cut) },
		"longer": func(c *memory.Destination, name string) {
			c.Damage(name, func(b []byte) []byte { return append(b, b...) })
		},
	} {
		for first := range 2 {
			t.Run(fmt.Sprintf("%s %d", what, first), func(t *testing.T) {
				v := v.again()
				for i, name := range v.drives[0].Names() {
					if name != chunkstore.VaultName { // a Set reads from no place without it
						damage(v.copies[(i+first)%2], name)
					}
				}
				if err := v.readsBack(t, v.set(t)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// Neither of two copies that lack different packs is enough by itself.
func TestRestoreLacksWhatNoCopyHas(t *testing.T) {
	v := newWard(t, 2)
	v.copies[0].Delete(v.pack(1))
	v.copies[1].Delete(v.pack(1))
	if v.readsBack(t, v.set(t)) == nil {
		t.Error("a pack that no copy has was read")
	}
}

// What is done to one copy does no harm to who restores from two, whichever comes first.
func TestRestoreUnderAttack(t *testing.T) {
	v, s := newWard(t, 2), stranger(t)
	for what, a := range attacks(s) {
		for bad := range 2 {
			t.Run(fmt.Sprintf("%s %d", what, bad), func(t *testing.T) {
				v := v.again()
				v.t = t
				a.do(v, v.copies[bad])
				o := chunkstore.ReaderOptions{Identities: []crypto.Identity{v.owner}, Damaged: true, Heads: v.heads}
				r, err := chunkstore.OpenReader(t.Context(), v.set(t), o)
				check(t, err)
				back := 0
				for _, c := range r.Commits() {
					ids, err := r.Records(t.Context(), c)
					check(t, err)
					stream := r.Stream(t.Context(), ids)
					data, err := io.ReadAll(stream)
					stream.Close()
					check(t, err)
					if c.Seq > uint64(len(v.data)) || !bytes.Equal(data, v.data[c.Seq-1]) {
						t.Errorf("commit %d comes back as other bytes", c.Seq)
					}
					back++
				}
				if back != len(v.data) {
					t.Errorf("%d of %d commits come back; faults %v", back, len(v.data), r.Faults())
				}
			})
		}
	}
}
