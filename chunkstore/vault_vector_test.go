package chunkstore

import (
	"errors"
	"testing"

	"telekeep/crypto"
	"telekeep/internal/vector"
)

// checkVaultVector compares an error with the one that a vector names.
func checkVaultVector(t *testing.T, v *vector.Vector, err error) {
	t.Helper()
	kinds := map[string]error{
		"ok": nil, "ErrDamaged": crypto.ErrDamaged, "ErrUnknownFormat": ErrUnknownFormat,
		"ErrForgedWriter": ErrForgedWriter, "ErrOtherVault": ErrOtherVault,
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
	vector.Run(t, "testdata/vectors/secrets", 4, func(t *testing.T, v *vector.Vector) {
		s, err := ParseWriterSecrets(v.Body)
		checkVaultVector(t, v, err)
		if err == nil && s.WriterID != v.Header(t, "writer") {
			t.Errorf("writer %s", s.WriterID)
		}
	})
}

func TestVectorsVaultKey(t *testing.T) {
	vector.Run(t, "testdata/vectors/vaultkey", 4, func(t *testing.T, v *vector.Vector) {
		k, err := parseVaultKey(v.Body)
		checkVaultVector(t, v, err)
		if err == nil && k.VaultID != v.Header(t, "vault") {
			t.Errorf("vault %s", k.VaultID)
		}
	})
}
