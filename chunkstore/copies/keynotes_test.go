package copies

import (
	"testing"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// twoKeys adds the owner "second" at the drives that are there and returns the vault key.
func (f *fixture) twoKeys() (*chunkstore.VaultKey, []crypto.Identity) {
	f.t.Helper()
	id, err := crypto.NewIdentity()
	check(f.t, err)
	key, err := chunkstore.OpenVaultKey(f.t.Context(), f.drives[0], []crypto.Identity{f.owner})
	check(f.t, err)
	c, err := chunkstore.AddOwner(f.t.Context(), f.drives[0], key, chunkstore.Owner{Name: "second", Recipient: id.Recipient()}, f.now())
	check(f.t, err)
	f.apply(c)
	return key, []crypto.Identity{f.owner, id}
}

func (f *fixture) apply(c *chunkstore.KeyChange) {
	f.t.Helper()
	for _, d := range f.drives {
		if !d.away {
			check(f.t, c.Apply(f.t.Context(), d))
		}
	}
}

func (f *fixture) remove(name string, key *chunkstore.VaultKey, ids []crypto.Identity) {
	f.t.Helper()
	c, err := chunkstore.RemoveOwner(f.t.Context(), f.drives[0], key, ids, name, f.now())
	check(f.t, err)
	f.apply(c)
}

// A copy that was away while owners came and went is as the others when it comes back, and
// brings none back.
func TestOwnersWhileAway(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	key, ids := f.twoKeys() // at both
	f.drives[1].unplug()
	f.remove("owner", key, ids)
	id, err := crypto.NewIdentity()
	check(t, err)
	c, err := chunkstore.AddOwner(t.Context(), f.drives[0], key, chunkstore.Owner{Name: "third", Recipient: id.Recipient()}, f.now())
	check(t, err)
	f.apply(c)
	f.drives[1].plug()
	f.later()
	_, err = s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	f.equal()
	if _, err := f.drives[1].Stat(t.Context(), chunkstore.KeyName("owner")); err == nil {
		t.Error("the removed key file is still there")
	}
	store(t, w, noise(2, 100_000))
	f.equal()
	f.verify()
	if _, err := chunkstore.OpenVaultKey(t.Context(), f.drives[1], []crypto.Identity{id}); err != nil {
		t.Errorf("the new owner at the copy that was away: %v", err)
	}
}

// Healing does not bring a removed key file back either, whichever copy has it.
func TestHealOwners(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	key, ids := f.twoKeys()
	store(t, w, noise(1, 100_000))
	f.drives[0].set(func(d *drive) { d.away = true })
	c, err := chunkstore.RemoveOwner(t.Context(), f.drives[1], key, ids, "second", f.now())
	check(t, err)
	check(t, c.Apply(t.Context(), f.drives[1]))
	f.drives[0].plug()
	var members []Member
	for _, d := range f.drives {
		members = append(members, Member{Name: d.name, Place: d})
	}
	for _, look := range []bool{true, false} {
		report, err := Heal(t.Context(), members, HealOptions{Secrets: f.secrets, Look: look})
		check(t, err)
		_, gone := f.drives[0].Stat(t.Context(), chunkstore.KeyName("second"))
		if look != (gone == nil) {
			t.Errorf("look %v: the removed file is there: %v; faults %v", look, gone == nil, report.Faults)
		}
	}
	f.equal()
	report, err := Heal(t.Context(), members, HealOptions{Secrets: f.secrets})
	check(t, err)
	if len(report.Faults) > 0 {
		t.Errorf("healed twice: %v", report.Faults)
	}
}

// Whoever can write to a copy, and even signs notes with some key, takes no owner away.
func TestForgedNotesDoNotSpread(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	f.twoKeys()
	store(t, w, noise(1, 100_000))
	other := newFixture(t, "c")
	key, ids := other.twoKeys()
	c, err := chunkstore.RemoveOwner(t.Context(), other.drives[0], key, ids, "owner", f.now())
	check(t, err)
	for _, name := range c.Notes() {
		check(t, c.Apply(t.Context(), other.drives[0]))
		check(t, f.drives[1].Put(t.Context(), name, other.drives[0].Object(name)))
	}
	_, err = s.CatchUp(t.Context(), "a", nil)
	check(t, err)
	for _, d := range f.drives {
		for _, name := range []string{"owner", "second"} {
			if _, err := d.Stat(t.Context(), chunkstore.KeyName(name)); err != nil {
				t.Errorf("drive %s: %v", d.name, err)
			}
		}
	}
	for _, name := range c.Notes() {
		if _, err := f.drives[0].Stat(t.Context(), name); err == nil {
			t.Errorf("the forged %s has spread", name)
		}
	}
	// They are told, and are no fault: an owner may have made a new vault key elsewhere.
	var members []Member
	for _, d := range f.drives {
		members = append(members, Member{Name: d.name, Place: d})
	}
	report, err := Heal(t.Context(), members, HealOptions{Secrets: f.secrets})
	check(t, err)
	if len(report.Faults) > 0 || len(report.Notices) != len(c.Notes()) || report.Notices[0].Kind != FaultStray {
		t.Errorf("faults %v, notices %v", report.Faults, report.Notices)
	}
}

// A Set that is open goes by the owners of a new vault key as soon as this machine has taken it:
// what only they sign spreads.
func TestTakeSpreadsNotes(t *testing.T) {
	f := newFixture(t, "a", "b")
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	key, err := chunkstore.OpenVaultKey(t.Context(), f.drives[0], []crypto.Identity{f.owner})
	check(t, err)
	f.drives[1].unplug()
	made, err := chunkstore.Rotate(t.Context(), f.drives[0], key, chunkstore.RotateOptions{Identities: []crypto.Identity{f.owner}, Now: f.now()})
	check(t, err)
	f.apply(made.Change)
	id, err := crypto.NewIdentity()
	check(t, err)
	c, err := chunkstore.AddOwner(t.Context(), f.drives[0], made.Key, chunkstore.Owner{Name: "second", Recipient: id.Recipient()}, f.now())
	check(t, err)
	f.apply(c)
	taken := *f.secrets
	_, err = taken.Take(made.Key)
	check(t, err)
	check(t, w.Take(&taken))
	s.Take(&taken)
	f.drives[1].plug()
	f.later()
	_, err = s.CatchUp(t.Context(), "b", nil)
	check(t, err)
	f.equal()
	if key, err := chunkstore.OpenVaultKey(t.Context(), f.drives[1], []crypto.Identity{id}); err != nil || key.Number() != 2 {
		t.Errorf("the owner who was added since, at the copy that was away: %v", err)
	}
	f.secrets = &taken
	store(t, w, noise(2, 100_000))
	f.equal()
	f.verify()
}
