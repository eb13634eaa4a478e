package crypto

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
)

// maxIdentityFile is the most that ParseIdentities reads, in bytes. A thousand
// keys fit; a video that was named by mistake does not.
const maxIdentityFile = 1 << 20

// ageMagic starts every binary age file.
const ageMagic = "age-encryption.org/"

// ParseIdentities reads a file of secret keys, in any of these forms:
//
//   - lines of AGE-SECRET-KEY-PQ-1… and AGE-SECRET-KEY-1…, with comments (#) and
//     empty lines between them, as age-keygen writes;
//   - one SSH private key (ed25519, or rsa), locked with a passphrase or not;
//   - either of these inside an age file, binary or armored, that is sealed with a
//     passphrase.
//
// passphrase is called at most once, and only where one is needed; if it is nil,
// ErrPassphraseNeeded is returned instead. A wrong passphrase is ErrWrongKey, a
// damaged age file ErrDamaged, anything unreadable ErrBadKey with the number of
// the line. No error repeats any of the text.
//
// Keys of plugins are ErrPlugin: see Plugins.ParseIdentities.
func ParseIdentities(r io.Reader, passphrase func() (string, error)) ([]Identity, error) {
	return Plugins{}.ParseIdentities(r, passphrase)
}

// ParseIdentities is ParseIdentities, which reads lines of AGE-PLUGIN-NAME-1… of allowed
// plugins too. No plugin is run by it.
func (p Plugins) ParseIdentities(r io.Reader, passphrase func() (string, error)) ([]Identity, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxIdentityFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	if len(data) > maxIdentityFile {
		return nil, fmt.Errorf("%w: larger than %d bytes, so not a file of keys", ErrBadKey, maxIdentityFile)
	}
	if locked, ok := lockedIdentities(data); ok {
		if data, err = unlock(locked, passphrase); err != nil {
			return nil, err
		}
		passphrase = nil // asked already; one lock is enough for one file
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN ")) {
		return parseSSHIdentity(data, passphrase)
	}
	return p.parseIdentityLines(data)
}

// lockedIdentities returns the reader of the age file that data is, if it is one.
func lockedIdentities(data []byte) (io.Reader, bool) {
	trimmed := bytes.TrimSpace(data)
	switch {
	case bytes.HasPrefix(data, []byte(ageMagic)):
		return bytes.NewReader(data), true
	case bytes.HasPrefix(trimmed, []byte(armor.Header)):
		return armor.NewReader(bytes.NewReader(trimmed)), true
	}
	return nil, false
}

func unlock(locked io.Reader, passphrase func() (string, error)) ([]byte, error) {
	text, err := ask(passphrase)
	if err != nil {
		return nil, err
	}
	id, err := PassphraseIdentity(text)
	if err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(locked, id.age)
	if err != nil {
		return nil, sortUnlockError(err)
	}
	data, err := io.ReadAll(plain)
	if err != nil {
		return nil, damaged("the locked key file does not authenticate")
	}
	return data, nil
}

func sortUnlockError(err error) error {
	noMatch, ok := errors.AsType[*age.NoIdentityMatchError](err)
	switch {
	case !ok:
		return damaged("the locked key file cannot be read")
	case len(noMatch.StanzaTypes) == 1 && noMatch.StanzaTypes[0] == "scrypt":
		return fmt.Errorf("%w: wrong passphrase for the key file", ErrWrongKey)
	default:
		return fmt.Errorf("%w: the key file is sealed, but not with a passphrase", ErrBadKey)
	}
}

func ask(passphrase func() (string, error)) (string, error) {
	if passphrase == nil {
		return "", ErrPassphraseNeeded
	}
	text, err := passphrase()
	if err != nil {
		return "", fmt.Errorf("ask for the passphrase of the key: %w", err)
	}
	return text, nil
}

func (p Plugins) parseIdentityLines(data []byte) ([]Identity, error) {
	var ids []Identity
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxIdentityFile+1)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parse := ParseIdentity
		if strings.HasPrefix(line, "AGE-PLUGIN-") {
			parse = p.parseIdentity
		}
		id, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		ids = append(ids, id)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: a line is too long", ErrBadKey)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: the file holds no key", ErrBadKey)
	}
	return ids, nil
}

// parseSSHIdentity decrypts a locked SSH key at once, so that a wrong passphrase
// is known here and not in the middle of a restore.
func parseSSHIdentity(pem []byte, passphrase func() (string, error)) ([]Identity, error) {
	private, err := ssh.ParseRawPrivateKey(pem)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		text, askErr := ask(passphrase)
		if askErr != nil {
			return nil, askErr
		}
		private, err = ssh.ParseRawPrivateKeyWithPassphrase(pem, []byte(text))
	}
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, fmt.Errorf("%w: wrong passphrase for the SSH key", ErrWrongKey)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the SSH private key is damaged or of an unknown kind", ErrBadKey)
	}
	id, err := sshIdentity(private)
	if err != nil {
		return nil, err
	}
	return []Identity{id}, nil
}

func sshIdentity(private any) (Identity, error) {
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the SSH private key is of an unknown kind", ErrBadKey)
	}
	recipient, err := parseSSHRecipient(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	if err != nil {
		return Identity{}, err
	}
	var id age.Identity
	switch key := private.(type) {
	case *ed25519.PrivateKey:
		id, err = agessh.NewEd25519Identity(*key)
	case ed25519.PrivateKey:
		id, err = agessh.NewEd25519Identity(key)
	case *rsa.PrivateKey:
		id, err = agessh.NewRSAIdentity(key)
	default:
		err = ErrBadKey
	}
	if err != nil {
		return Identity{}, fmt.Errorf("%w: an SSH key must be ed25519 or rsa", ErrBadKey)
	}
	return Identity{"", recipient, id}, nil
}
