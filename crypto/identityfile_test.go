package crypto

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age/armor"
)

func say(passphrase string) func() (string, error) {
	return func() (string, error) { return passphrase, nil }
}

func TestParseIdentities(t *testing.T) {
	a, b := newHybrid(t), newClassic(t)
	file := "# created: yesterday\n\n  # indented\n" + a.String() + "\r\n\n" + b.String()
	ids, err := ParseIdentities(iotest.OneByteReader(strings.NewReader(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != 2 || ids[0].String() != a.String() || ids[1].String() != b.String() {
		t.Errorf("%d identities", len(ids))
	}
}

func TestParseSSHIdentities(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for what, key := range map[string]any{"ed25519": newSSHKey(t), "rsa": rsaKey} {
		plain := parseOne(t, sshPEM(t, key, ""), nil)
		locked := parseOne(t, sshPEM(t, key, "horse"), say("horse"))
		if plain.Recipient().String() != locked.Recipient().String() {
			t.Errorf("%s: locked and plain key differ", what)
		}
		recipient, err := ParseRecipient(plain.Recipient().String())
		if err != nil {
			t.Fatal(err)
		}
		sealed := mustSeal(t, []byte("to ssh"), recipient)
		if got, err := OpenBytes(sealed, locked); err != nil || string(got) != "to ssh" {
			t.Errorf("%s: OpenBytes = %q, %v", what, got, err)
		}
	}
}

func TestParseLockedIdentities(t *testing.T) {
	id := newHybrid(t)
	sshFile := sshPEM(t, newSSHKey(t), "")
	r := testPassphrase(t, "horse")
	asked := 0
	ask := func() (string, error) { asked++; return "horse", nil }

	binary := mustSeal(t, []byte("# mine\n"+id.String()+"\n"), r)
	if got := parseOne(t, binary, ask); got.String() != id.String() {
		t.Error("binary: another identity came out")
	}
	var armored bytes.Buffer
	w := armor.NewWriter(&armored)
	if _, err := w.Write(binary); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := parseOne(t, append([]byte("\n"), armored.Bytes()...), ask); got.String() != id.String() {
		t.Error("armored: another identity came out")
	}
	if got := parseOne(t, mustSeal(t, sshFile, r), ask); got.Recipient().String() != parseOne(t, sshFile, nil).Recipient().String() {
		t.Error("ssh key inside: another identity came out")
	}
	if asked != 3 {
		t.Errorf("asked %d times for 3 files", asked)
	}
}

func TestParseIdentitiesRefuses(t *testing.T) {
	id := newHybrid(t)
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	locked := mustSeal(t, []byte(id.String()), testPassphrase(t, "horse"))
	lockedSSH := sshPEM(t, newSSHKey(t), "horse")
	flipped := bytes.Clone(locked)
	flipped[len(flipped)-1] ^= 1
	noAsk := func() (string, error) { t.Error("asked for a passphrase that nothing needs"); return "", nil }
	for _, c := range []struct {
		what string
		file []byte
		ask  func() (string, error)
		want error
	}{
		{"empty", nil, noAsk, ErrBadKey},
		{"only comments", []byte("# nothing\n\n"), noAsk, ErrBadKey},
		{"prose", []byte("dear diary\n"), noAsk, ErrBadKey},
		{"binary", random(1000), noAsk, ErrBadKey},
		{"second line bad", []byte(id.String() + "\n" + id.String()[:50] + "\n"), noAsk, ErrBadKey},
		{"public key", []byte(id.Recipient().String()), noAsk, ErrBadKey},
		{"too large", bytes.Repeat([]byte("# comment\n"), 200_000), noAsk, ErrBadKey},
		{"ecdsa", sshPEM(t, ecdsaKey, ""), noAsk, ErrBadKey},
		{"not a private key", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), noAsk, ErrBadKey},
		{"cut ssh key", lockedSSH[:len(lockedSSH)/2], noAsk, ErrBadKey},
		{"nobody to ask", locked, nil, ErrPassphraseNeeded},
		{"nobody to ask for ssh", lockedSSH, nil, ErrPassphraseNeeded},
		{"wrong passphrase", locked, say("cow"), ErrWrongKey},
		{"wrong passphrase for ssh", lockedSSH, say("cow"), ErrWrongKey},
		{"empty passphrase", locked, say(""), ErrBadKey},
		{"flipped", flipped, say("horse"), ErrDamaged},
		{"cut in the payload", locked[:len(locked)-20], say("horse"), ErrDamaged},
		{"cut in the header", locked[:40], say("horse"), ErrDamaged},
		{"sealed to a key", mustSeal(t, []byte(id.String()), id.Recipient()), say("horse"), ErrBadKey},
		{"nothing inside", mustSeal(t, nil, testPassphrase(t, "horse")), say("horse"), ErrBadKey},
		{"locked twice", mustSeal(t, lockedSSH, testPassphrase(t, "horse")), say("horse"), ErrPassphraseNeeded},
	} {
		ids, err := ParseIdentities(bytes.NewReader(c.file), c.ask)
		checkClass(t, c.what, err, c.want)
		if ids != nil {
			t.Errorf("%s: identities came with the error", c.what)
		}
		if err != nil && strings.Contains(err.Error(), id.String()[20:40]) {
			t.Errorf("%s: the error repeats the secret: %v", c.what, err)
		}
	}
}

func TestParseIdentitiesNamesTheLine(t *testing.T) {
	_, err := ParseIdentities(strings.NewReader("# one\n\nthree\n"), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "line 3: ") {
		t.Errorf("error %v does not name line 3", err)
	}
}

func TestParseIdentitiesPassesErrorsOn(t *testing.T) {
	broken := errors.New("the stick was pulled out")
	if _, err := ParseIdentities(io.MultiReader(strings.NewReader("# x\n"), iotest.ErrReader(broken)), nil); !errors.Is(err, broken) {
		t.Errorf("error of the file = %v", err)
	}
	gone := errors.New("no terminal")
	locked := mustSeal(t, []byte("x"), testPassphrase(t, "horse"))
	if _, err := ParseIdentities(bytes.NewReader(locked), func() (string, error) { return "", gone }); !errors.Is(err, gone) {
		t.Errorf("error of the question = %v", err)
	}
}
