package crypto

import (
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"
)

// A class groups the recipients that age lets into one file together.
type class int

const (
	classNone       class = iota // the zero Recipient
	classHybrid                  // ML-KEM-768 + X25519
	classClassic                 // X25519, SSH
	classPassphrase              // scrypt; always alone
	classPlugin                  // of an age plugin; always alone
)

// A Recipient is somebody bytes can be sealed to: the public half of an
// Identity, or a passphrase. The zero Recipient is invalid and Seal refuses it.
type Recipient struct {
	text  string
	class class
	age   age.Recipient
}

// ParseRecipient reads one recipient: "age1pq1…" (hybrid post-quantum),
// "age1…" (X25519), "ssh-ed25519 …" or "ssh-rsa …" (a line of a .pub file; its
// comment is dropped). It returns ErrBadKey for anything else.
func ParseRecipient(s string) (Recipient, error) {
	s = strings.TrimSpace(s)
	switch {
	case strings.HasPrefix(s, "age1pq1"):
		r, err := age.ParseHybridRecipient(s)
		if err != nil {
			return Recipient{}, fmt.Errorf("%w: the age1pq1 recipient is mistyped or cut off", ErrBadKey)
		}
		return Recipient{r.String(), classHybrid, r}, nil
	case strings.HasPrefix(s, "ssh-"):
		return parseSSHRecipient(s)
	case strings.HasPrefix(s, "age1"):
		r, err := age.ParseX25519Recipient(s)
		if err != nil {
			return Recipient{}, fmt.Errorf("%w: the age1 recipient is mistyped, cut off, or of a plugin, which cannot be used here", ErrBadKey)
		}
		return Recipient{r.String(), classClassic, r}, nil
	case strings.HasPrefix(s, "AGE-"):
		// The text is a secret: do not repeat any of it.
		return Recipient{}, fmt.Errorf("%w: this is a secret key; its public half is needed (age1…)", ErrBadKey)
	default:
		return Recipient{}, fmt.Errorf("%w: a recipient starts with age1, ssh-ed25519 or ssh-rsa", ErrBadKey)
	}
}

func parseSSHRecipient(s string) (Recipient, error) {
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s))
	if err != nil {
		return Recipient{}, fmt.Errorf("%w: the SSH public key is mistyped or cut off", ErrBadKey)
	}
	r, err := agessh.ParseRecipient(s)
	if err != nil {
		return Recipient{}, fmt.Errorf("%w: an SSH key must be ssh-ed25519, or ssh-rsa of 2048 bits or more", ErrBadKey)
	}
	text := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
	return Recipient{text, classClassic, r}, nil
}

// PassphraseRecipient seals to a passphrase with scrypt (2^18 rounds: about a
// second and 256 MiB of memory). It must be the only recipient of a file. An
// empty passphrase is ErrBadKey.
func PassphraseRecipient(passphrase string) (Recipient, error) {
	if passphrase == "" {
		return Recipient{}, fmt.Errorf("%w: the passphrase is empty", ErrBadKey)
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return Recipient{}, fmt.Errorf("%w: the passphrase cannot be used", ErrBadKey)
	}
	return Recipient{"passphrase", classPassphrase, r}, nil
}

// WithWorkFactor returns a passphrase recipient that does 2^logN rounds of
// scrypt, 1 ≤ logN ≤ 22, for tests and for machines with little memory. Other
// recipients are returned as they are.
func (r Recipient) WithWorkFactor(logN int) Recipient {
	if scrypt, ok := r.age.(*age.ScryptRecipient); ok {
		copied := *scrypt
		copied.SetWorkFactor(min(max(logN, 1), maxWorkFactor))
		r.age = &copied
	}
	return r
}

// String returns the text that ParseRecipient reads, or "passphrase". It holds
// no secret.
func (r Recipient) String() string { return r.text }

// PostQuantum reports whether what is sealed to r stays sealed against a quantum
// computer. A passphrase is symmetric and counts as such.
func (r Recipient) PostQuantum() bool {
	return r.class == classHybrid || r.class == classPassphrase
}

// IsZero reports whether r is the invalid zero Recipient.
func (r Recipient) IsZero() bool { return r.class == classNone }
