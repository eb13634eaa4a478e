package crypto

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestParseRecipient(t *testing.T) {
	public, err := ssh.NewPublicKey(newSSHKey(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	sshLine := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
	hybrid, classic := newHybrid(t).Recipient().String(), newClassic(t).Recipient().String()
	for _, c := range []struct {
		in, want    string
		postQuantum bool
	}{
		{hybrid, hybrid, true},
		{" " + classic + "\n", classic, false},
		{sshLine, sshLine, false},
		{sshLine + " somebody@somewhere", sshLine, false},
	} {
		r, err := ParseRecipient(c.in)
		if err != nil {
			t.Errorf("ParseRecipient(%.40q): %v", c.in, err)
			continue
		}
		if r.String() != c.want || r.PostQuantum() != c.postQuantum || r.IsZero() {
			t.Errorf("ParseRecipient(%.40q) = %.40q, post-quantum %t", c.in, r, r.PostQuantum())
		}
		again, err := ParseRecipient(r.String())
		if err != nil || again.String() != r.String() {
			t.Errorf("String of %.40q does not parse back: %v", c.in, err)
		}
	}
}

func TestParseRecipientRefuses(t *testing.T) {
	id := newHybrid(t)
	hybrid, classic := id.Recipient().String(), newClassic(t).Recipient().String()
	for _, in := range []string{
		"", "age", "age1", "age1pq1", "hello", hybrid[:len(hybrid)-1], hybrid + "q", classic[:20], swapCase(classic),
		"age1yubikey1qwerty", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAA", id.String(), classic + " " + classic,
		"ecdsa-sha2-nistp256 AAAA",
	} {
		r, err := ParseRecipient(in)
		checkClass(t, "ParseRecipient("+in[:min(len(in), 20)]+")", err, ErrBadKey)
		if !r.IsZero() {
			t.Errorf("ParseRecipient(%.20q) returned a recipient with its error", in)
		}
		if err != nil && strings.Contains(err.Error(), "AGE-SECRET-KEY") {
			t.Errorf("the error repeats a secret: %v", err)
		}
	}
}

// swapCase mixes upper and lower case, which bech32 forbids.
func swapCase(s string) string { return s[:10] + strings.ToUpper(s[10:]) }

func TestPassphraseRecipient(t *testing.T) {
	if _, err := PassphraseRecipient(""); !errors.Is(err, ErrBadKey) {
		t.Errorf("empty passphrase: %v", err)
	}
	r := testPassphrase(t, "correct horse")
	if strings.Contains(r.String(), "horse") || !r.PostQuantum() {
		t.Errorf("passphrase recipient prints as %q, post-quantum %t", r, r.PostQuantum())
	}
}

func TestWithWorkFactor(t *testing.T) {
	r, err := PassphraseRecipient("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	cheap := r.WithWorkFactor(2)
	if sealed := mustSeal(t, nil, cheap); !strings.Contains(string(sealed), " 2\n") {
		t.Error("the work factor does not stand in the file")
	}
	if sealed := mustSeal(t, nil, cheap.WithWorkFactor(-5)); !strings.Contains(string(sealed), " 1\n") {
		t.Error("a work factor below 1 is not raised to 1")
	}
	if classic := newClassic(t).Recipient(); classic.WithWorkFactor(1) != classic {
		t.Error("WithWorkFactor changes another kind of recipient")
	}
}
