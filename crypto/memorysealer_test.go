package crypto

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"filippo.io/age"
)

// What is sealed in place is what age would have made, down to the byte: its reader takes
// only one, because a key, a nonce and a content have only one sealed form.
func TestSealInto(t *testing.T) {
	hybrid, classic := newHybrid(t), newClassic(t)
	sshID := parseOne(t, sshPEM(t, newSSHKey(t), ""), nil)
	for _, id := range []Identity{hybrid, classic, sshID} {
		for _, size := range sealSizes {
			plaintext := random(size)
			for _, piece := range []int{1000, 64 << 10, 64<<10 + 1, 1 << 20} {
				sealed := sealInPieces(t, plaintext, piece, id.Recipient())
				if n, err := ContentLength(sealed); err != nil || n != int64(size) {
					t.Fatalf("ContentLength: %d, %v; want %d", n, err, size)
				}
				r, err := age.Decrypt(bytes.NewReader(sealed), id.age)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plaintext) {
					t.Fatalf("%d bytes in pieces of %d: age reads %d bytes, %v", size, piece, len(got), err)
				}
			}
			checkOpens(t, sealInPieces(t, plaintext, 64<<10, id.Recipient()), plaintext, id)
		}
	}
}

// sealInPieces seals into memory that has exactly the room and is dirty, and checks that
// nothing changes once it is sealed.
func sealInPieces(t *testing.T, plaintext []byte, piece int, to ...Recipient) []byte {
	t.Helper()
	buf := bytes.Repeat([]byte{0xaa}, len(mustSeal(t, plaintext, to...)))
	var seen []byte
	s, err := SealInto(buf, to...)
	if err != nil {
		t.Fatal(err)
	}
	for p := plaintext; len(p) > 0; {
		n, err := s.Write(p[:min(piece, len(p))])
		if err != nil {
			t.Fatal(err)
		}
		p = p[n:]
		seen = append(seen, s.Sealed()[len(seen):]...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(s.Sealed(), seen) {
		t.Error("what was sealed has changed")
	}
	if &s.Sealed()[0] != &buf[0] || len(s.Sealed()) != len(buf) {
		t.Errorf("%d bytes at %p, want %d at %p", len(s.Sealed()), s.Sealed(), len(buf), buf)
	}
	return s.Sealed()
}

func TestSealIntoRefuses(t *testing.T) {
	hybrid, classic := newHybrid(t).Recipient(), newClassic(t).Recipient()
	_, err := SealInto(make([]byte, 10_000))
	checkClass(t, "nobody", err, ErrBadKey)
	_, err = SealInto(make([]byte, 10_000), hybrid, classic)
	checkClass(t, "hybrid and classic", err, ErrMixedRecipients)
	if _, err = SealInto(make([]byte, 100), hybrid); !errors.Is(err, ErrNoRoom) {
		t.Errorf("no room for the header: %v", err)
	}

	content := random(100_000)
	whole := mustSeal(t, content, hybrid)
	s, err := SealInto(make([]byte, len(whole)), hybrid)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Write(append(content, 0)); n != 0 || !errors.Is(err, ErrNoRoom) {
		t.Errorf("a byte too much: %d, %v", n, err)
	}
	if n, err := s.Write(content); n != len(content) || err != nil {
		t.Errorf("after it: %d, %v", n, err)
	}
	if n, err := s.Write([]byte{0}); n != 0 || !errors.Is(err, ErrNoRoom) {
		t.Errorf("when it is full: %d, %v", n, err)
	}
	if err := s.Close(); err != nil || len(s.Sealed()) != len(whole) {
		t.Errorf("Close: %v, %d bytes", err, len(s.Sealed()))
	}
	if _, err := s.Write(nil); err == nil {
		t.Error("Write after Close succeeds")
	}
	if err := s.Close(); err == nil {
		t.Error("Close after Close succeeds")
	}
}

// Many blocks, a second byte of their number, and a passphrase.
func TestSealIntoLong(t *testing.T) {
	pass := testPassphrase(t, "horse")
	id, err := PassphraseIdentity("horse")
	if err != nil {
		t.Fatal(err)
	}
	plaintext := random(17 << 20)
	sealed := sealInPieces(t, plaintext, 1<<20-5, pass)
	if got, err := OpenBytes(sealed, id); err != nil || !bytes.Equal(got, plaintext) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
