package chunkstore

import (
	"bytes"
	"testing"

	"telekeep/crypto"
)

// A vault that got a second key: what was stored before it and since is read with an
// owner's new key file, and a writer that has taken it seals to it alone.
func TestSeveralVaultKeys(t *testing.T) {
	f := newFixture(t, nil)
	f.commitOne("before")
	first := vaultKeyOf(t, f)
	id, err := crypto.NewIdentity()
	check(t, err)
	second := &VaultKey{VaultID: first.VaultID, Identity: id, Older: first.identities(), IDKey: first.IDKey, ChunkerKey: first.ChunkerKey}
	again, err := parseVaultKey(second.Marshal())
	check(t, err)
	if !bytes.Equal(again.Marshal(), second.Marshal()) || again.Number() != 2 || !again.follows(first) || first.follows(again) {
		t.Error("a second vault key does not survive its text")
	}
	check(t, putOwners(t.Context(), f.dst, second, []Owner{{"owner-2", f.owner.Recipient()}}))
	if _, err := f.secrets.Take(second); err != nil {
		t.Fatal(err)
	}
	c := f.commitOne("after")
	if _, err := openPackFile(t.Context(), f.dst, c.Packs[0], first.Identity); err == nil {
		t.Error("the first key opens what was stored since")
	}
	r := f.reader()
	var got []byte
	for _, c := range r.Commits() {
		ids, err := r.Records(t.Context(), c)
		check(t, err)
		got = append(got, readAll(t, r, ids)...)
	}
	if string(got) != "beforeafter" {
		t.Errorf("read %q", got)
	}
	if p := f.verify().Problems; len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
	// Somebody who was an owner forges another second key: it is not taken.
	forged := *second
	if forged.Identity, err = crypto.NewIdentity(); err != nil {
		t.Fatal(err)
	}
	check(t, putOwners(t.Context(), f.dst, &forged, []Owner{{"forged", f.owner.Recipient()}}))
	key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{f.owner})
	check(t, err)
	if _, err := f.secrets.Take(key); err == nil {
		t.Error("a writer takes one of two second keys")
	}
}
