package crypto

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/zeebo/blake3"
)

// maxWorkFactor is the largest scrypt cost that Open accepts, as a power of two:
// 2^22 is 4 GiB of memory. A hostile file must not be able to ask for more.
const maxWorkFactor = 22

// An Identity is a secret that opens what was sealed to its Recipient. The zero
// Identity is invalid and Open refuses it.
type Identity struct {
	text      string // secret; empty for SSH keys and passphrases
	recipient Recipient
	age       age.Identity
}

// NewIdentity makes a fresh hybrid identity (ML-KEM-768 and X25519).
func NewIdentity() (Identity, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return Identity{}, fmt.Errorf("make a key: %w", err)
	}
	return hybridIdentity(id), nil
}

// ParseIdentity reads the text of one native identity: "AGE-SECRET-KEY-PQ-1…" or
// "AGE-SECRET-KEY-1…". Errors are ErrBadKey and never repeat the text. For files
// of keys use ParseIdentities.
func ParseIdentity(s string) (Identity, error) {
	s = strings.TrimSpace(s)
	switch {
	case strings.HasPrefix(s, "AGE-SECRET-KEY-PQ-1"):
		id, err := age.ParseHybridIdentity(s)
		if err != nil {
			return Identity{}, fmt.Errorf("%w: the secret key is mistyped or cut off", ErrBadKey)
		}
		return hybridIdentity(id), nil
	case strings.HasPrefix(s, "AGE-SECRET-KEY-1"):
		id, err := age.ParseX25519Identity(s)
		if err != nil {
			return Identity{}, fmt.Errorf("%w: the secret key is mistyped or cut off", ErrBadKey)
		}
		public := id.Recipient()
		return Identity{id.String(), Recipient{public.String(), classClassic, public}, id}, nil
	case strings.HasPrefix(s, "AGE-PLUGIN-"):
		return Identity{}, fmt.Errorf("%w: a key of an age plugin cannot be used here", ErrBadKey)
	case strings.HasPrefix(s, "age1"), strings.HasPrefix(s, "ssh-"):
		return Identity{}, fmt.Errorf("%w: this is a public key; the secret half is needed (AGE-SECRET-KEY-…)", ErrBadKey)
	default:
		return Identity{}, fmt.Errorf("%w: a secret key starts with AGE-SECRET-KEY-", ErrBadKey)
	}
}

func hybridIdentity(id *age.HybridIdentity) Identity {
	public := id.Recipient()
	return Identity{id.String(), Recipient{public.String(), classHybrid, public}, id}
}

// PassphraseIdentity opens what was sealed to the same passphrase. An empty
// passphrase is ErrBadKey.
func PassphraseIdentity(passphrase string) (Identity, error) {
	recipient, err := PassphraseRecipient(passphrase)
	if err != nil {
		return Identity{}, err
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the passphrase cannot be used", ErrBadKey)
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	return Identity{"", recipient, id}, nil
}

// Recipient returns the public half: what to seal to so that i opens it.
func (i Identity) Recipient() Recipient { return i.recipient }

// IsZero reports whether i is the invalid zero Identity.
func (i Identity) IsZero() bool { return i.age == nil }

// String returns the secret text that ParseIdentity reads. It is empty for SSH
// keys and passphrases, which live elsewhere. Only a direct call gives the secret:
// package fmt and log/slog print a placeholder.
func (i Identity) String() string { return i.text }

// Derive makes a key for one purpose from the secret of a native identity, as Key.Derive
// does from a Key. Those that String gives nothing for have none: ok is false.
func (i Identity) Derive(context string) (k Key, ok bool) {
	if i.text == "" {
		return k, false
	}
	blake3.DeriveKey(context, []byte(i.text), k[:])
	return k, true
}

// File returns the text of an age identity file for a native identity, as age-keygen
// writes it: two comments and the secret. It is for a file of mode 0600.
func (i Identity) File(created time.Time) []byte {
	return fmt.Appendf(nil, "# created: %s\n# public key: %s\n%s\n",
		created.UTC().Format(time.RFC3339), i.recipient, i.text)
}

// Format prints a placeholder for every verb, so that a secret does not get into
// a log or an error by accident.
func (i Identity) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "(secret key of %s)", i.recipient.short())
}

// LogValue is Format for log/slog.
func (i Identity) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(i)) }

// short returns enough of a recipient to recognise it; a hybrid one is almost
// two thousand characters long.
func (r Recipient) short() string {
	if len(r.text) <= 24 {
		return r.text
	}
	return r.text[:24] + "…"
}
