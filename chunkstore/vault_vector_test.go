package chunkstore

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"telekeep/crypto"
	"telekeep/internal/vector"
)

// checkVaultVector compares an error with the one that a vector names.
func checkVaultVector(t *testing.T, v *vector.Vector, err error) {
	t.Helper()
	kinds := map[string]error{
		"ok": nil, "ErrDamaged": crypto.ErrDamaged, "ErrUnknownFormat": ErrUnknownFormat,
		"ErrForgedWriter": ErrForgedWriter, "ErrOtherVault": ErrOtherVault, "ErrForged": ErrForged,
	}
	want, known := kinds[v.Header(t, "expect")]
	if !known {
		t.Fatalf("unknown expectation %q", v.Header(t, "expect"))
	}
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%v, want %s", err, v.Header(t, "expect"))
	}
}

func TestVectorsVault(t *testing.T) {
	vector.Run(t, "testdata/vectors/vault", 6, func(t *testing.T, v *vector.Vector) {
		vault, err := ParseVault(v.Body)
		checkVaultVector(t, v, err)
		if err == nil && vault.ID != v.Header(t, "id") {
			t.Errorf("id %s", vault.ID)
		}
	})
}

func TestVectorsWriter(t *testing.T) {
	vector.Run(t, "testdata/vectors/writer", 6, func(t *testing.T, v *vector.Vector) {
		w, err := parseWriterEntry(v.Body, v.Header(t, "vault"), v.Header(t, "writer"))
		if err == nil {
			key, keyErr := crypto.ParseKey(v.Header(t, "id-key"))
			check(t, keyErr)
			err = w.CheckMAC(key)
		}
		checkVaultVector(t, v, err)
	})
}

func TestVectorsSecrets(t *testing.T) {
	vector.Run(t, "testdata/vectors/secrets", 13, func(t *testing.T, v *vector.Vector) {
		s, err := ParseWriterSecrets(v.Body)
		checkVaultVector(t, v, err)
		if err == nil && s.WriterID != v.Header(t, "writer") {
			t.Errorf("writer %s", s.WriterID)
		}
		if owners, knows := v.Headers["owner-keys"]; knows && err == nil {
			if got := textsOf(append([]crypto.VerifyKey{s.OwnerKey}, s.EarlierOwners...)); got != owners {
				t.Errorf("owners' keys %s", got)
			}
			if s.Fingerprint() != v.Header(t, "seals-to") {
				t.Errorf("it seals to %s", s.Fingerprint())
			}
			if !bytes.Equal(s.Marshal(), v.Body) {
				t.Error("the secrets are not written as they were read")
			}
		}
	})
}

func TestVectorsVaultKey(t *testing.T) {
	vector.Run(t, "testdata/vectors/vaultkey", 11, func(t *testing.T, v *vector.Vector) {
		owner, err := crypto.NewIdentity()
		check(t, err)
		sealed, err := crypto.SealBytes(v.Body, owner.Recipient())
		check(t, err)
		k, err := openSealedKey(sealed, &Vault{ID: v.Header(t, "vault")}, []crypto.Identity{owner})
		checkVaultVector(t, v, err)
		if owners, several := v.Headers["owner-keys"]; several && err == nil {
			if got := textsOf(append([]crypto.VerifyKey{k.OwnerKey()}, k.earlierOwners()...)); got != owners {
				t.Errorf("owners' keys %s", got)
			}
			if k.Fingerprint() != v.Header(t, "fingerprint") {
				t.Errorf("fingerprint %s", k.Fingerprint())
			}
		}
	})
}

// A note counts for a machine that believes some owners' keys; a vault key signs a good one as it
// stands there.
func TestVectorsNote(t *testing.T) {
	vector.Run(t, "testdata/vectors/note", 19, func(t *testing.T, v *vector.Vector) {
		s := new(WriterSecrets)
		for i, text := range strings.Fields(v.Header(t, "owner-keys")) {
			key, err := crypto.ParseVerifyKey(text)
			check(t, err)
			if i == 0 {
				s.OwnerKey = key
			} else {
				s.EarlierOwners = append(s.EarlierOwners, key)
			}
		}
		name, vault := v.Header(t, "name"), v.Header(t, "vault")
		err := CheckKeyNote(name, v.Body, vault, s)
		checkVaultVector(t, v, err)
		if err != nil {
			return
		}
		n, err := ParseKeyNote(name, v.Body, vault)
		check(t, err)
		id, err := crypto.ParseIdentity(v.Header(t, "identity"))
		check(t, err)
		if got, data := n.sign((&VaultKey{Identity: id}).ownerSigning()); got != name || !bytes.Equal(data, v.Body) {
			t.Errorf("it is written as %s: %s", got, data)
		}
	})
}

func textsOf(keys []crypto.VerifyKey) string {
	var texts []string
	for _, k := range keys {
		texts = append(texts, k.String())
	}
	return strings.Join(texts, " ")
}
