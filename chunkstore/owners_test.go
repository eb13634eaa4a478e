package chunkstore

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"telekeep/crypto"
)

// addOwner adds a new owner and returns its key.
func addOwner(t *testing.T, f *fixture, name string) crypto.Identity {
	t.Helper()
	id, err := crypto.NewIdentity()
	check(t, err)
	c, err := AddOwner(t.Context(), f.dst, vaultKeyOf(t, f), Owner{name, id.Recipient()}, f.now())
	check(t, err)
	check(t, c.Apply(t.Context(), f.dst))
	check(t, c.Apply(t.Context(), f.dst)) // again is fine
	return id
}

func ownerNames(t *testing.T, f *fixture) string {
	t.Helper()
	files, err := ListOwners(t.Context(), f.dst, f.secrets.OwnerKey)
	check(t, err)
	var names []string
	for _, o := range files {
		if o.Err != nil {
			t.Errorf("%s: %v", o.Name, o.Err)
		}
		names = append(names, o.Name)
	}
	return strings.Join(names, " ")
}

func TestOwnersComeAndGo(t *testing.T) {
	f := newFixture(t, nil)
	f.commitOne("first")
	second := addOwner(t, f, "second")
	before := sizes(f.dst, packsPrefix)
	if c := f.commitOne("after"); len(c.Keys) != 2 {
		t.Errorf("the commit lists %v", c.Keys)
	}
	if got := ownerNames(t, f); got != "owner second" {
		t.Errorf("owners: %s", got)
	}
	for name := range before {
		if _, err := f.dst.Stat(t.Context(), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{second})
	check(t, err)
	if _, err := AddOwner(t.Context(), f.dst, key, Owner{"owner", second.Recipient()}, f.now()); !errors.Is(err, ErrNameUsed) {
		t.Errorf("a name that is taken: %v", err)
	}
	if _, err := RemoveOwner(t.Context(), f.dst, key, []crypto.Identity{second}, "second", f.now()); !errors.Is(err, ErrLastKey) {
		t.Errorf("the only key at hand: %v", err)
	}
	if _, err := RemoveOwner(t.Context(), f.dst, key, []crypto.Identity{second}, "third", f.now()); !errors.Is(err, ErrNoKeyFile) {
		t.Errorf("a key that is not there: %v", err)
	}
	c, err := RemoveOwner(t.Context(), f.dst, key, []crypto.Identity{second}, "owner", f.now())
	check(t, err)
	file := f.dst.Object(keyName("owner"))
	check(t, c.Apply(t.Context(), f.dst))
	check(t, c.Apply(t.Context(), f.dst))
	if got := ownerNames(t, f); got != "second" {
		t.Errorf("owners: %s", got)
	}
	if _, err := AddOwner(t.Context(), f.dst, key, Owner{"owner", second.Recipient()}, f.now()); !errors.Is(err, ErrNameUsed) {
		t.Errorf("a name that was removed: %v", err)
	}
	// Somebody puts the file back: no commit lists it again, and no check minds.
	check(t, f.dst.Put(t.Context(), keyName("owner"), file))
	if c := f.commitOne("later"); len(c.Keys) != 1 || c.Keys[0].Name != "second" {
		t.Errorf("the commit lists %v", c.Keys)
	}
	report, err := Verify(t.Context(), f.dst, VerifyOptions{Secrets: f.secrets})
	check(t, err)
	told := slices.ContainsFunc(report.Notices, func(p *Problem) bool { return p.Object == keyName("owner") })
	if len(report.Problems) > 0 || !told {
		t.Errorf("problems %v, notices %v", report.Problems, report.Notices)
	}
}

// What nobody signed who opens the vault takes no key away.
func TestForgedKeyNotes(t *testing.T) {
	f := newFixture(t, nil)
	addOwner(t, f, "second")
	f.commitOne("first")
	key := vaultKeyOf(t, f)
	file := Object{hashOf(f.dst.Object(keyName("owner"))), int64(len(f.dst.Object(keyName("owner"))))}
	genuine := &KeyNote{Vault: key.VaultID, Name: "second", Removed: true, File: file, Time: f.now().UTC()}
	name, data := genuine.sign(key.ownerSigning())
	if _, err := ParseKeyNote(name, data, key.VaultID); err != nil {
		t.Fatal(err)
	}
	forged := &KeyNote{Vault: key.VaultID, Name: "owner", Removed: true, File: file, Time: f.now().UTC()}
	forgedName, forgedData := forged.sign(crypto.NewSigningKey())
	check(t, f.dst.Put(t.Context(), forgedName, forgedData))
	lent := noteName("owner", key.OwnerKey(), true)
	check(t, f.dst.Put(t.Context(), lent, data)) // that of another owner
	for what, k := range map[string]struct {
		name string
		data []byte
		want error
	}{
		"another's":     {lent, data, ErrForged},
		"cut":           {name, data[:len(data)-9], crypto.ErrDamaged},
		"changed":       {name, bytes.Replace(data, []byte(`"removed"`), []byte(`"added"`), 1), ErrForged},
		"another key":   {name, bytes.Replace(data, []byte("ed25519:"), []byte("ed25519:0"), 1), crypto.ErrDamaged},
		"spaces":        {name, append([]byte(" "), data...), crypto.ErrDamaged},
		"newer version": {name, bytes.Replace(data, []byte(`"version":1`), []byte(`"version":2`), 1), ErrUnknownFormat},
	} {
		if _, err := ParseKeyNote(k.name, k.data, key.VaultID); !errors.Is(err, k.want) {
			t.Errorf("%s: %v, want %v", what, err, k.want)
		}
	}
	if _, err := ParseKeyNote(name, data, strings.Repeat("0", 32)); !errors.Is(err, ErrOtherVault) {
		t.Errorf("another vault: %v", err)
	}
	removed, err := RemovedKeys(t.Context(), f.dst, key.VaultID, key.OwnerKey())
	check(t, err)
	if len(removed) > 0 {
		t.Errorf("forged notes remove %v", removed)
	}
	if c := f.commitOne("after"); len(c.Keys) != 2 {
		t.Errorf("the commit lists %v", c.Keys)
	}
	if got := f.verify().Problems; len(got) > 0 {
		t.Errorf("problems: %v", got)
	}
}

// A key file that somebody sealed to an owner's public key, with a vault key of their own.
func TestKeyFileOfAnotherVaultIsNoOwner(t *testing.T) {
	f := newFixture(t, nil)
	f.commitOne("first")
	stranger, err := newVaultKey()
	check(t, err)
	stranger.VaultID = f.secrets.VaultID
	check(t, putOwners(t.Context(), f.dst, stranger, []Owner{{"mallory", f.owner.Recipient()}}))
	tests, err := TestOwners(t.Context(), f.dst, []crypto.Identity{f.owner})
	check(t, err)
	for _, k := range tests {
		if opens := k.Name == "owner"; k.Opens != opens || opens != (k.Err == nil) {
			t.Errorf("%s: opens %v, %v", k.Name, k.Opens, k.Err)
		}
		if k.Name == "mallory" && !errors.Is(k.Err, ErrOtherVault) {
			t.Errorf("the stranger's key file: %v", k.Err)
		}
	}
	key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{f.owner})
	check(t, err)
	if key.Fingerprint() != f.secrets.Fingerprint() {
		t.Error("another key was taken")
	}
}

// A writer that was set up before owners signed anything believes no note until an owner
// was there.
func TestOldSecretsLearnWhoTheOwnersAre(t *testing.T) {
	f := newFixture(t, nil)
	old := *f.secrets
	old.OwnerKey, old.SealTo = crypto.VerifyKey{}, crypto.Recipient{}
	if text := old.Marshal(); !bytes.Contains(text, []byte(secretsFormat+"\n")) {
		t.Fatalf("secrets without owners are written as %q", text)
	}
	again, err := ParseWriterSecrets(old.Marshal())
	check(t, err)
	changed, err := again.Take(vaultKeyOf(t, f))
	check(t, err)
	if !changed || !bytes.Equal(again.Marshal(), f.secrets.Marshal()) {
		t.Errorf("changed %v", changed)
	}
	other, err := newVaultKey()
	check(t, err)
	if _, err := again.Take(other); !errors.Is(err, ErrOtherVault) {
		t.Errorf("the key of another vault: %v", err)
	}
}
