package crypto

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestSign(t *testing.T) {
	k := NewSigningKey()
	public := k.VerifyKey()
	message := []byte("commit 1")
	signature := k.Sign(message)
	if len(signature) != SignatureSize || !public.Verify(message, signature) {
		t.Fatal("a signature does not verify")
	}
	if public.Verify([]byte("commit 2"), signature) || NewSigningKey().VerifyKey().Verify(message, signature) {
		t.Error("a signature passes for something else")
	}
	for i := range signature {
		flipped := bytes.Clone(signature)
		flipped[i] ^= 1
		if public.Verify(message, flipped) {
			t.Errorf("a signature with byte %d flipped passes", i)
		}
	}
	for _, n := range []int{0, 1, 63} {
		if public.Verify(message, signature[:n]) {
			t.Errorf("%d bytes of a signature pass", n)
		}
	}
	if public.Verify(message, append(signature, 0)) || (VerifyKey{}).Verify(message, signature) {
		t.Error("a long signature or the zero key passes")
	}
}

func TestSigningKeyText(t *testing.T) {
	k := NewSigningKey()
	if again, err := ParseSigningKey(k.String()); err != nil || again != k {
		t.Errorf("ParseSigningKey(String): %v", err)
	}
	zero := strings.Repeat("0", 64)
	for _, bad := range []string{"", signingPrefix, signingPrefix + zero, k.String()[:40], k.String() + "0", strings.ToUpper(k.String()), k.VerifyKey().String(), k.String()[len(signingPrefix):]} {
		got, err := ParseSigningKey(bad)
		checkClass(t, "ParseSigningKey", err, ErrBadKey)
		if !got.IsZero() || err != nil && len(bad) > 30 && strings.Contains(err.Error(), bad[20:30]) {
			t.Errorf("ParseSigningKey leaks: %v", err)
		}
	}
}

func TestVerifyKeyText(t *testing.T) {
	k := NewSigningKey().VerifyKey()
	if again, err := ParseVerifyKey(k.String()); err != nil || again != k {
		t.Errorf("ParseVerifyKey(String): %v", err)
	}
	data, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	var back VerifyKey
	if err := json.Unmarshal(data, &back); err != nil || back != k {
		t.Errorf("json: %v", err)
	}
	for _, bad := range []string{"", verifyPrefix, verifyPrefix + strings.Repeat("0", 64), k.String()[:40], NewSigningKey().String()} {
		_, err := ParseVerifyKey(bad)
		checkClass(t, "ParseVerifyKey", err, ErrBadKey)
	}
}

func TestFingerprint(t *testing.T) {
	a, b := NewSigningKey().VerifyKey(), NewSigningKey().VerifyKey()
	if len(a.Fingerprint()) != 32 || a.Fingerprint() == b.Fingerprint() {
		t.Errorf("fingerprints %s and %s", a.Fingerprint(), b.Fingerprint())
	}
}

func TestZeroSigningKeyDoesNotSign(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the zero key signed something")
		}
	}()
	SigningKey{}.Sign([]byte("x"))
}
