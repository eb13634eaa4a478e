package crypto

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
)

// SignatureSize is the length of a signature in bytes.
const SignatureSize = ed25519.SignatureSize

// Prefixes keep the two halves from being taken for each other.
const (
	signingPrefix = "ed25519-secret:"
	verifyPrefix  = "ed25519:"
)

// A SigningKey is the secret half of one writer's Ed25519 key pair: the 32-byte
// seed. The zero SigningKey is invalid; Sign panics on it.
type SigningKey struct{ seed Key }

// NewSigningKey makes a fresh key.
func NewSigningKey() SigningKey {
	var k SigningKey
	rand.Read(k.seed[:])
	return k
}

// SigningKeyOf makes the key whose seed is k, which was derived for nothing else.
func SigningKeyOf(k Key) SigningKey { return SigningKey{k} }

// ParseSigningKey reads "ed25519-secret:" and 64 lower-case hex digits. Errors
// are ErrBadKey and never repeat the text.
func ParseSigningKey(s string) (SigningKey, error) {
	digits, ok := strings.CutPrefix(s, signingPrefix)
	if !ok {
		return SigningKey{}, fmt.Errorf("%w: a signing key starts with %s", ErrBadKey, signingPrefix)
	}
	seed, err := ParseKey(digits)
	if err != nil || seed.IsZero() {
		return SigningKey{}, fmt.Errorf("%w: the signing key is mistyped or cut off", ErrBadKey)
	}
	return SigningKey{seed}, nil
}

// Sign returns the 64-byte Ed25519 signature of message.
func (k SigningKey) Sign(message []byte) []byte {
	if k.IsZero() {
		panic("crypto: sign with the zero key")
	}
	return ed25519.Sign(ed25519.NewKeyFromSeed(k.seed[:]), message)
}

// VerifyKey returns the public half.
func (k SigningKey) VerifyKey() VerifyKey {
	private := ed25519.NewKeyFromSeed(k.seed[:])
	var public VerifyKey
	copy(public[:], private[ed25519.SeedSize:])
	return public
}

// IsZero reports whether k was never set.
func (k SigningKey) IsZero() bool { return k.seed.IsZero() }

// String returns the secret text that ParseSigningKey reads. Only a direct call
// gives it: package fmt and log/slog print a placeholder.
func (k SigningKey) String() string { return signingPrefix + k.seed.String() }

// Format prints a placeholder for every verb.
func (k SigningKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(secret signing key)") }

// LogValue is Format for log/slog.
func (k SigningKey) LogValue() slog.Value { return slog.StringValue("(secret signing key)") }

// A VerifyKey is the public half of a SigningKey. It is comparable; the zero
// VerifyKey verifies nothing.
type VerifyKey [ed25519.PublicKeySize]byte

// ParseVerifyKey reads "ed25519:" and 64 lower-case hex digits.
func ParseVerifyKey(s string) (VerifyKey, error) {
	digits, ok := strings.CutPrefix(s, verifyPrefix)
	if !ok {
		return VerifyKey{}, fmt.Errorf("%w: a verify key starts with %s", ErrBadKey, verifyPrefix)
	}
	var k VerifyKey
	if err := parseHex(k[:], digits); err != nil || k.IsZero() {
		return VerifyKey{}, fmt.Errorf("%w: the verify key is mistyped or cut off", ErrBadKey)
	}
	return k, nil
}

// Verify reports whether signature is the signature of message by the owner of
// the secret half.
func (k VerifyKey) Verify(message, signature []byte) bool {
	return !k.IsZero() && len(signature) == SignatureSize &&
		ed25519.Verify(ed25519.PublicKey(k[:]), message, signature)
}

// String returns the text that ParseVerifyKey reads.
func (k VerifyKey) String() string { return verifyPrefix + hex.EncodeToString(k[:]) }

// IsZero reports whether k was never set.
func (k VerifyKey) IsZero() bool { return k == VerifyKey{} }

// Fingerprint returns the first 16 bytes of the key's SHA-256 as 32 lower-case
// hex digits: a name that cannot be given to another key.
func (k VerifyKey) Fingerprint() string {
	sum := sha256.Sum256(k[:])
	return hex.EncodeToString(sum[:16])
}

// MarshalText is String, for JSON.
func (k VerifyKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText is ParseVerifyKey, for JSON.
func (k *VerifyKey) UnmarshalText(text []byte) error {
	parsed, err := ParseVerifyKey(string(text))
	if err == nil {
		*k = parsed
	}
	return err
}
