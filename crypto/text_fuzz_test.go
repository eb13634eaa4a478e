package crypto

import (
	"errors"
	"strings"
	"testing"
)

// FuzzParseShare: a share that is accepted is written as it was read, whatever its spaces and
// small letters; an error repeats nothing of it; what is joined is a text or ErrShares.
func FuzzParseShare(f *testing.F) {
	shares, err := SplitSecret("AGE-SECRET-KEY-1QQQQ", 2, 3)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range shares {
		f.Add(s.String(), shares[0].String())
	}
	f.Add(strings.ToLower(shares[1].String()), "TELEKEEP-SHARE1-A-1-2--X")
	f.Fuzz(func(t *testing.T, one, two string) {
		var all []Share
		for _, text := range []string{one, two} {
			// The check at the end is made to fit, or fuzzing would hardly get past it.
			if at := strings.LastIndex(text, "-"); at >= 0 {
				head := strings.ToUpper(strings.Join(strings.Fields(text[:at]), ""))
				text = head + "-" + shareCheck(head)
			}
			s, err := ParseShare(text)
			if err != nil {
				if !errors.Is(err, ErrBadKey) {
					t.Errorf("an error of no kind: %v", err)
				}
				continue
			}
			again, err := ParseShare(s.String())
			if err != nil || again.String() != s.String() {
				t.Errorf("a share does not survive its text: %v", err)
			}
			all = append(all, s)
		}
		if text, err := JoinShares(all); err != nil && !errors.Is(err, ErrShares) || err != nil && text != "" {
			t.Errorf("%d bytes, error %v", len(text), err)
		}
	})
}

// FuzzParseKeys: the text of an id or a key is that of one only, and an error repeats no secret.
func FuzzParseKeys(f *testing.F) {
	f.Add(ID{1, 2, 3}.String())
	f.Add("ed25519-secret:" + strings.Repeat("17", 32))
	f.Add("ed25519:" + strings.Repeat("17", 32))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := ParseID(text); err == nil && id.String() != text {
			t.Errorf("id %q became %s", text, id)
		}
		if k, err := ParseVerifyKey(text); err == nil && k.String() != text {
			t.Errorf("key %q became %s", text, k)
		}
		secret := func(err error) {
			if len(text) > 16 && strings.Contains(err.Error(), text[len(text)-12:]) {
				t.Error("an error repeats a secret")
			}
		}
		if _, err := ParseKey(text); err != nil {
			secret(err)
		}
		if k, err := ParseSigningKey(text); err != nil {
			secret(err)
		} else if k.VerifyKey().IsZero() {
			t.Error("a signing key without another half")
		}
	})
}
