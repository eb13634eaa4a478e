package chunkstore

import (
	"bytes"
	"encoding/hex"
	"testing"

	"telekeep/crypto"
	"telekeep/internal/vector"
)

// How many vectors there are. They are added, never edited or deleted.
const (
	packVectors   = 10
	indexVectors  = 9
	commitVectors = 16
)

// wantVector compares an error with the one that a vector expects.
func wantVector(t *testing.T, v *vector.Vector, err error) {
	t.Helper()
	sentinels := map[string]error{
		"ok":               nil,
		"ErrDamaged":       crypto.ErrDamaged,
		"ErrUnknownFormat": ErrUnknownFormat,
		"ErrForged":        ErrForged,
	}
	want, known := sentinels[v.Header(t, "expect")]
	if !known {
		t.Fatalf("unknown expectation %q", v.Header(t, "expect"))
	}
	if want == nil {
		check(t, err)
		return
	}
	wantError(t, err, want)
}

func TestPackVectors(t *testing.T) {
	vector.Run(t, "testdata/vectors/pack", packVectors, func(t *testing.T, v *vector.Vector) {
		key, err := crypto.ParseKey(v.Header(t, "id-key"))
		check(t, err)
		_, codec := newCodec(t)
		checker := &packChecker{verifier: &verifier{}, hasher: key.Hasher(), codec: codec}
		_, err = checker.checkOpened(bytes.NewReader(v.Body), int64(len(v.Body)))
		wantVector(t, v, err)
	})
}

func TestIndexVectors(t *testing.T) {
	vector.Run(t, "testdata/vectors/index", indexVectors, func(t *testing.T, v *vector.Vector) {
		x, err := collect(bytes.NewReader(v.Body))
		wantVector(t, v, err)
		if err == nil && hex.EncodeToString(x.body()) != v.Header(t, "body") {
			t.Error("the body was read differently")
		}
	})
}

func TestCommitVectors(t *testing.T) {
	vector.Run(t, "testdata/vectors/commit", commitVectors, func(t *testing.T, v *vector.Vector) {
		key, err := crypto.ParseVerifyKey(v.Header(t, "verify"))
		check(t, err)
		c, err := parseCommit(testCommitName, v.Body, key)
		wantVector(t, v, err)
		if err != nil {
			return
		}
		// The test's signing key made the good ones; Ed25519 gives one signature only.
		if !bytes.Equal(c.sign(testSigningKey(t)), v.Body) {
			t.Error("a commit is not written as it was read")
		}
	})
}
