package chunkstore

import (
	"bytes"
	"errors"
	"testing"

	"telekeep/crypto"
	"telekeep/internal/vector"
)

// The fuzz targets start from the vectors; vector.Load fails if there are none.

func isKnownFault(err error) bool {
	return errors.Is(err, crypto.ErrDamaged) || errors.Is(err, ErrUnknownFormat) ||
		errors.Is(err, ErrForgedWriter) || errors.Is(err, ErrOtherVault)
}

func FuzzParseVault(f *testing.F) {
	for _, v := range vector.Load(f, "testdata/vectors/vault") {
		f.Add(v.Body)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ParseVault(data)
		if err != nil {
			if !isKnownFault(err) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if !bytes.Equal(v.Marshal(), data) {
			t.Errorf("%q is accepted but written differently", data)
		}
	})
}

func FuzzParseWriterEntry(f *testing.F) {
	vectors := vector.Load(f, "testdata/vectors/writer")
	for _, v := range vectors {
		f.Add(v.Body)
	}
	vault, id := vectors[0].Header(f, "vault"), vectors[0].Header(f, "writer")
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := parseWriterEntry(data, vault, id)
		if err != nil {
			if !isKnownFault(err) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if !bytes.Equal(w.Marshal(), data) {
			t.Errorf("%q is accepted but written differently", data)
		}
	})
}

func FuzzParseWriterSecrets(f *testing.F) {
	for _, v := range vector.Load(f, "testdata/vectors/secrets") {
		f.Add(v.Body)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseWriterSecrets(data)
		if err != nil {
			if !isKnownFault(err) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		again, err := ParseWriterSecrets(s.Marshal())
		if err != nil || !bytes.Equal(again.Marshal(), s.Marshal()) {
			t.Errorf("secrets do not survive their text: %v", err)
		}
	})
}

func FuzzParseVaultKey(f *testing.F) {
	for _, v := range vector.Load(f, "testdata/vectors/vaultkey") {
		f.Add(v.Body)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := parseVaultKey(data)
		if err != nil {
			if !isKnownFault(err) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if !bytes.Equal(k.Marshal(), data) {
			t.Errorf("%q is accepted but written differently", data)
		}
	})
}
