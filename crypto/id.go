package crypto

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"

	"github.com/zeebo/blake3"
)

// An ID names a chunk: the keyed BLAKE3-256 of its plaintext under the vault's
// id key. It is comparable and may be a map key; the zero ID names nothing.
type ID [32]byte

// ParseID reads 64 lower-case hex digits. Anything else is an error.
func ParseID(s string) (ID, error) {
	var id ID
	err := parseHex(id[:], s)
	return id, err
}

// String returns 64 lower-case hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether id is the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders ids by their bytes: -1, 0 or +1.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// MarshalText is String, for JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseID, for JSON.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// A Key is 32 secret random bytes: the id key or the chunker key of a vault, or
// a key derived from one.
type Key [32]byte

// NewKey makes a fresh random key.
func NewKey() Key {
	var k Key
	rand.Read(k[:]) // never fails: it would end the process
	return k
}

// ParseKey reads 64 lower-case hex digits. Errors never repeat the text.
func ParseKey(s string) (Key, error) {
	var k Key
	err := parseHex(k[:], s)
	return k, err
}

// String returns the secret as 64 lower-case hex digits. Only a direct call
// gives it: package fmt and log/slog print a placeholder.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Format prints a placeholder for every verb.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(secret key)") }

// LogValue is Format for log/slog.
func (k Key) LogValue() slog.Value { return slog.StringValue("(secret key)") }

// MarshalText gives JSON the placeholder too; there is no way to read it back.
func (k Key) MarshalText() ([]byte, error) { return []byte("(secret key)"), nil }

// IsZero reports whether k was never set.
func (k Key) IsZero() bool { return k == Key{} }

// ID names plaintext. It allocates a hasher of some 10 KiB on every call; a
// worker that names many chunks keeps a Hasher.
func (k Key) ID(plaintext []byte) ID { return k.Hasher().ID(plaintext) }

// MAC authenticates a message for one purpose: keyed BLAKE3-256 under the key
// that BLAKE3's derive-key mode makes of k for context. Because of the derivation
// a MAC is never the ID of the same bytes, nor the MAC for another context.
func (k Key) MAC(context string, message []byte) [32]byte {
	return k.Derive(context).ID(message)
}

// CheckMAC reports whether mac is the MAC of message, in constant time.
func (k Key) CheckMAC(context string, message, mac []byte) bool {
	want := k.MAC(context, message)
	return subtle.ConstantTimeCompare(want[:], mac) == 1
}

// Derive makes a key for one purpose from k: BLAKE3 in derive-key mode. Contexts
// are constants in the code, written once and never changed.
func (k Key) Derive(context string) Key {
	var derived Key
	blake3.DeriveKey(context, k[:], derived[:])
	return derived
}

// Hasher returns a Hasher for ids under k.
func (k Key) Hasher() *Hasher {
	h, err := blake3.NewKeyed(k[:])
	if err != nil {
		panic("crypto: internal error: " + err.Error()) // a Key is always 32 bytes
	}
	return &Hasher{h}
}

// A Hasher computes ids without allocating. It belongs to one goroutine.
type Hasher struct{ keyed *blake3.Hasher }

// ID returns what Key.ID returns.
func (h *Hasher) ID(plaintext []byte) ID {
	h.keyed.Reset()
	h.keyed.Write(plaintext)
	return h.sum()
}

func (h *Hasher) sum() ID {
	var id ID
	h.keyed.Sum(id[:0])
	return id
}

// parseHex fills dst from exactly 2·len(dst) lower-case hex digits.
func parseHex(dst []byte, s string) error {
	if len(s) != 2*len(dst) {
		return fmt.Errorf("%d characters instead of %d hex digits", len(s), 2*len(dst))
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("character %d is not a lower-case hex digit", i+1)
		}
	}
	_, err := hex.Decode(dst, []byte(s))
	return err
}
