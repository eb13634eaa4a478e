package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

func vaultKeyOf(t testing.TB, f *fixture) *VaultKey {
	t.Helper()
	key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{f.owner})
	check(t, err)
	return key
}

// age takes the content of keys/<name>.age as an identity file, as it is.
func TestVaultKeyIsAnIdentityFile(t *testing.T) {
	key := vaultKeyOf(t, newFixture(t, nil))
	ids, err := crypto.ParseIdentities(bytes.NewReader(key.Marshal()), nil)
	check(t, err)
	if len(ids) != 1 || ids[0].String() != key.Identity.String() {
		t.Error("another identity")
	}
	again, err := parseVaultKey(key.Marshal())
	check(t, err)
	if !bytes.Equal(again.Marshal(), key.Marshal()) {
		t.Error("a vault key does not survive its text")
	}
}

func TestParseVaultKeyRefuses(t *testing.T) {
	key, other := vaultKeyOf(t, newFixture(t, nil)), vaultKeyOf(t, newFixture(t, nil))
	text := string(key.Marshal())
	for what, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":        {"", crypto.ErrDamaged},
		"newer":          {strings.Replace(text, "vault key 1", "vault key 2", 1), ErrUnknownFormat},
		"plain identity": {key.Identity.String() + "\n", crypto.ErrDamaged},
		"two keys":       {text + other.Identity.String() + "\n", crypto.ErrDamaged},
		"no id key":      {strings.Replace(text, "# id-key: "+key.IDKey.String()+"\n", "", 1), crypto.ErrDamaged},
		"short id key":   {strings.Replace(text, key.IDKey.String(), "00", 1), crypto.ErrDamaged},
		"no chunker key": {strings.Replace(text, "# chunker-key", "# chunker", 1), crypto.ErrDamaged},
		"a note":         {strings.Replace(text, "# public", "# my note\n# public", 1), crypto.ErrDamaged},
		"other public":   {strings.Replace(text, key.Identity.Recipient().String(), other.Identity.Recipient().String(), 1), crypto.ErrDamaged},
		"cut":            {text[:len(text)-10], crypto.ErrDamaged},
	} {
		if _, err := parseVaultKey([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
}

func TestOpenVaultKeyErrors(t *testing.T) {
	stranger, err := crypto.NewIdentity()
	check(t, err)
	f := newFixture(t, nil)
	open := func(dst Destination, ids ...crypto.Identity) error {
		_, err := OpenVaultKey(t.Context(), dst, ids)
		return err
	}
	wantError(t, open(memory.New(), f.owner), ErrNoVault)
	wantError(t, open(f.dst, stranger), crypto.ErrWrongKey)
	wantError(t, open(f.dst), crypto.ErrWrongKey)

	noKeys := f.dst.CrashClone()
	noKeys.Delete("keys/owner.age")
	wantError(t, open(noKeys, f.owner), ErrKeyFile)

	cut := f.dst.CrashClone()
	cut.Damage("keys/owner.age", func(data []byte) []byte { return data[:len(data)-5] })
	wantError(t, open(cut, f.owner), crypto.ErrDamaged)
	if err := open(cut, f.owner); !strings.Contains(err.Error(), "keys/owner.age") {
		t.Errorf("the error does not name the object: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = OpenVaultKey(ctx, f.dst, []crypto.Identity{f.owner})
	wantError(t, err, context.Canceled)
}

// One whole key object is enough, whatever lies beside it.
func TestOpenVaultKeyPassesDamageOver(t *testing.T) {
	f := newFixture(t, nil)
	whole := f.dst.Object("keys/owner.age")
	for name, data := range map[string][]byte{
		"keys/a-cut.age":   whole[:100],
		"keys/b-prose.age": []byte("hello\n"),
		"keys/c-notes.txt": []byte("hello\n"),
		"keys/z-after.age": whole[:len(whole)-1],
	} {
		check(t, f.dst.Put(t.Context(), name, data))
	}
	vaultKeyOf(t, f)
}

// Somebody seals a key of their own to the owner: it does not belong to vault.json, so
// nothing would be opened or written with it.
func TestForgedVaultKey(t *testing.T) {
	f, evil := newFixture(t, nil), newFixture(t, nil)
	forged, err := crypto.SealBytes(vaultKeyOf(t, evil).Marshal(), f.owner.Recipient())
	check(t, err)
	f.dst.Damage("keys/owner.age", func([]byte) []byte { return forged })
	_, err = OpenVaultKey(t.Context(), f.dst, []crypto.Identity{f.owner})
	wantError(t, err, ErrOtherVault)

	// The same with the right vault's id written into it.
	mixed := vaultKeyOf(t, evil)
	mixed.VaultID = f.secrets.VaultID
	forged, err = crypto.SealBytes(mixed.Marshal(), f.owner.Recipient())
	check(t, err)
	f.dst.Damage("keys/owner.age", func([]byte) []byte { return forged })
	_, err = OpenVaultKey(t.Context(), f.dst, []crypto.Identity{f.owner})
	wantError(t, err, ErrOtherVault)
}
