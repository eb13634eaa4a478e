package crypto

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"telekeep/internal/vector"
)

// expected returns the error that a vector names, nil for "ok".
func expected(t testing.TB, v *vector.Vector) error {
	t.Helper()
	switch name := v.Header(t, "expect"); name {
	case "ok":
		return nil
	case "ErrWrongKey":
		return ErrWrongKey
	case "ErrDamaged":
		return ErrDamaged
	case "ErrBadKey":
		return ErrBadKey
	case "ErrPassphraseNeeded":
		return ErrPassphraseNeeded
	default:
		t.Fatalf("%s expects %q, which is unknown", v.File, name)
		return nil
	}
}

func checkExpected(t testing.TB, v *vector.Vector, err error) {
	t.Helper()
	if want := expected(t, v); want != nil {
		checkClass(t, v.File, err, want)
	} else if err != nil {
		t.Errorf("%s: %v", v.File, err)
	}
}

// vectorKeys returns the identities of the header "keys": an identity file in hex.
func vectorKeys(t testing.TB, v *vector.Vector) []Identity {
	t.Helper()
	if passphrase, ok := v.Headers["passphrase"]; ok {
		id, err := PassphraseIdentity(passphrase)
		if err != nil {
			t.Fatal(err)
		}
		return []Identity{id}
	}
	file, err := hex.DecodeString(v.Header(t, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := ParseIdentities(bytes.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestVectorsOpen(t *testing.T) {
	vector.Run(t, "testdata/vectors/open", 18, func(t *testing.T, v *vector.Vector) {
		ids := vectorKeys(t, v)
		content, err := OpenBytes(v.Body, ids...)
		checkExpected(t, v, err)
		at, n, atErr := OpenAt(bytes.NewReader(v.Body), int64(len(v.Body)), ids...)
		if atErr == nil {
			_, atErr = io.Copy(io.Discard, io.NewSectionReader(at, 0, n))
		}
		checkExpected(t, v, atErr)
		if err != nil {
			return
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != v.Header(t, "sha256") {
			t.Errorf("the content has SHA-256 %x", sum)
		}
	})
}

func TestVectorsIdentities(t *testing.T) {
	vector.Run(t, "testdata/vectors/identities", 12, func(t *testing.T, v *vector.Vector) {
		var ask func() (string, error)
		if passphrase, ok := v.Headers["passphrase"]; ok {
			ask = say(passphrase)
		}
		ids, err := ParseIdentities(bytes.NewReader(v.Body), ask)
		checkExpected(t, v, err)
		if err != nil {
			return
		}
		var recipients []string
		for _, id := range ids {
			recipients = append(recipients, id.Recipient().String())
		}
		if got := strings.Join(recipients, ","); got != v.Header(t, "recipients") {
			t.Errorf("recipients %s", got)
		}
	})
}

func TestVectorsFrames(t *testing.T) {
	vector.Run(t, "testdata/vectors/frames", 11, func(t *testing.T, v *vector.Vector) {
		frames, r, err := readFrames(bytes.NewReader(v.Body), vectorKeys(t, v)...)
		checkExpected(t, v, err)
		var got []string
		for _, f := range frames {
			got = append(got, hex.EncodeToString(f))
		}
		if frames := strings.Join(got, ","); frames != v.Header(t, "frames") {
			t.Errorf("frames %s", frames)
		}
		if err == nil && (strconv.FormatBool(r.Torn()) != v.Header(t, "torn") || fmt.Sprint(r.Offset()) != v.Header(t, "offset")) {
			t.Errorf("torn %t, offset %d", r.Torn(), r.Offset())
		}
	})
}

func TestVectorsNames(t *testing.T) {
	vector.Run(t, "testdata/vectors/names", 7, func(t *testing.T, v *vector.Vector) {
		key, err := ParseKey(v.Header(t, "key"))
		if err != nil {
			t.Fatal(err)
		}
		if id := key.ID(v.Body); id.String() != v.Header(t, "id") {
			t.Errorf("id %s", id)
		}
		if mac := key.MAC(v.Header(t, "context"), v.Body); hex.EncodeToString(mac[:]) != v.Header(t, "mac") {
			t.Errorf("mac %x", mac)
		}
	})
}

func TestVectorsSign(t *testing.T) {
	vector.Run(t, "testdata/vectors/sign", 3, func(t *testing.T, v *vector.Vector) {
		key, err := ParseSigningKey(v.Header(t, "signing-key"))
		if err != nil {
			t.Fatal(err)
		}
		verify, err := ParseVerifyKey(v.Header(t, "verify-key"))
		if err != nil {
			t.Fatal(err)
		}
		if key.VerifyKey() != verify || verify.Fingerprint() != v.Header(t, "fingerprint") {
			t.Errorf("verify key %s, fingerprint %s", key.VerifyKey(), verify.Fingerprint())
		}
		signature := key.Sign(v.Body) // Ed25519 signatures are not random
		if hex.EncodeToString(signature) != v.Header(t, "signature") || !verify.Verify(v.Body, signature) {
			t.Errorf("signature %x", signature)
		}
	})
}
