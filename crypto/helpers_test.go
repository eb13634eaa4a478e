package crypto

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"
)

// newClassic makes an X25519 identity, which telekeep itself never makes.
func newClassic(t testing.TB) Identity {
	t.Helper()
	x, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	id, err := ParseIdentity(x.String())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newHybrid(t testing.TB) Identity {
	t.Helper()
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sshPEM returns a private key as OpenSSH writes it, locked if passphrase is not empty.
func sshPEM(t testing.TB, key any, passphrase string) []byte {
	t.Helper()
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "somebody@somewhere")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "somebody@somewhere", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

func newSSHKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func parseOne(t testing.TB, file []byte, passphrase func() (string, error)) Identity {
	t.Helper()
	ids, err := ParseIdentities(bytes.NewReader(file), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != 1 {
		t.Fatalf("%d identities, want 1", len(ids))
	}
	return ids[0]
}

func mustSeal(t testing.TB, plaintext []byte, to ...Recipient) []byte {
	t.Helper()
	sealed, err := SealBytes(plaintext, to...)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// testPassphrase is scrypt at its cheapest.
func testPassphrase(t testing.TB, passphrase string) Recipient {
	t.Helper()
	r, err := PassphraseRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return r.WithWorkFactor(1)
}

func random(n int) []byte {
	p := make([]byte, n)
	rand.Read(p)
	return p
}

// checkClass expects exactly one of this package's errors, told in its own words.
func checkClass(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
		return
	}
	for _, other := range []error{ErrWrongKey, ErrDamaged, ErrBadKey, ErrMixedRecipients, ErrPassphraseNeeded} {
		if other != want && errors.Is(err, other) {
			t.Errorf("%s: %v is both %v and %v", what, err, want, other)
		}
	}
	for _, raw := range []string{"stanza", "header MAC", "intro", "identity did not match", "corrupted or tampered", "chacha20", "bech32", "failed to"} {
		if strings.Contains(err.Error(), raw) {
			t.Errorf("%s: the text of a library shows through: %v", what, err)
		}
	}
}

// isSorted reports whether an error is one of the kinds that callers branch on.
func isSorted(err error) bool {
	for _, kind := range []error{ErrWrongKey, ErrDamaged, ErrBadKey, ErrPassphraseNeeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// A failingFile is a FrameFile and a reader that remembers what was done with it.
type failingFile struct {
	bytes.Buffer
	writes   int
	syncs    int
	failAt   int // number of the write that fails; 0 is none
	short    int // bytes of the failing write that arrive
	failSync bool
}

var errDisk = errors.New("the disk is full")

func (f *failingFile) Write(p []byte) (int, error) {
	f.writes++
	if f.writes == f.failAt {
		f.Buffer.Write(p[:f.short])
		return f.short, errDisk
	}
	return f.Buffer.Write(p)
}

func (f *failingFile) Sync() error {
	f.syncs++
	if f.failSync {
		return errDisk
	}
	return nil
}
