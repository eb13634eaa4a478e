package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"telekeep/crypto"
	"telekeep/internal/objectname"
)

// CreateOptions says how a new vault is made.
type CreateOptions struct {
	// Owners are those who will be able to read the vault: one at least.
	Owners []Owner
	// Now gives the time that is stored as the date of creation. Nil means time.Now.
	Now func() time.Time
}

// An Owner is somebody who can read the vault.
type Owner struct {
	// Name is the name of the object under keys/: 1 to 32 lower-case letters, digits
	// and '-', starting with a letter. Anybody who sees the place sees it, so it
	// should not be a person's.
	Name string
	// Recipient is the public half of the owner's key, or a passphrase.
	Recipient crypto.Recipient
}

// Create makes a new vault in an empty place: a vault key sealed to each owner, one
// writer, README.txt, recover.sh, and at last vault.json, which makes it a vault. The
// secret half of the vault key is forgotten; the writer's secrets are returned and lie
// sealed in the vault too.
//
// A place that holds a vault is ErrVaultExists, one that holds anything else is
// ErrNotEmpty. If Create fails half way there is no vault: the place has to be
// emptied by hand, because nothing here ever deletes.
func Create(ctx context.Context, dst Destination, o CreateOptions) (*Vault, *WriterSecrets, error) {
	if err := o.validate(); err != nil {
		return nil, nil, err
	}
	if err := requireEmpty(ctx, dst); err != nil {
		return nil, nil, err
	}
	key, err := newVaultKey()
	if err != nil {
		return nil, nil, err
	}
	secrets, err := newWriterSecrets(key)
	if err != nil {
		return nil, nil, err
	}
	created := o.now().UTC().Truncate(time.Second)
	vault := &Vault{ID: key.VaultID, Created: created, Recipient: key.Identity.Recipient()}
	if err := putNew(ctx, dst, readmeName, readme(vault.ID, o.Owners[0].Name)); err != nil {
		return nil, nil, err
	}
	if err := putNew(ctx, dst, recoverName, RecoverScript()); err != nil {
		return nil, nil, err
	}
	if err := putOwners(ctx, dst, key, o.Owners); err != nil {
		return nil, nil, err
	}
	if err := putWriter(ctx, dst, secrets, created); err != nil {
		return nil, nil, err
	}
	if err := putNew(ctx, dst, vaultName, vault.Marshal()); err != nil {
		return nil, nil, err
	}
	vault, err = OpenVault(ctx, dst) // what is returned is what is stored
	if err == nil {
		err = vault.CheckSecrets(secrets)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the new vault back: %w", err)
	}
	return vault, secrets, nil
}

func (o CreateOptions) now() time.Time {
	if o.Now == nil {
		return time.Now() //nolint:forbidigo // the default
	}
	return o.Now()
}

func (o CreateOptions) validate() error {
	if len(o.Owners) == 0 {
		return errors.New("a vault needs an owner, or nobody could read it")
	}
	seen := make(map[string]bool)
	for _, owner := range o.Owners {
		if !validOwnerName(owner.Name) {
			return fmt.Errorf("owner name %q: 1 to 32 lower-case letters, digits and '-', starting with a letter", owner.Name)
		}
		if seen[owner.Name] {
			return fmt.Errorf("owner name %q is given twice", owner.Name)
		}
		seen[owner.Name] = true
		if owner.Recipient.IsZero() {
			return fmt.Errorf("owner %q has no recipient", owner.Name)
		}
	}
	return nil
}

func keyName(owner string) string { return keysPrefix + owner + ".age" }

// maxOwnerName is how long the name of an owner may be.
const maxOwnerName = 32

func validOwnerName(name string) bool {
	return name != "" && len(name) <= maxOwnerName && name[0] >= 'a' && name[0] <= 'z' &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		objectname.Check(keyName(name)) == nil // "con" is a device on Windows
}

// requireEmpty refuses a place that holds anything at all.
func requireEmpty(ctx context.Context, dst Destination) error {
	_, err := dst.Stat(ctx, vaultName)
	if err == nil {
		return ErrVaultExists
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for a vault: %w", err)
	}
	return dst.List(ctx, "", func(name string, _ int64) error {
		return fmt.Errorf("%w: it holds %s", ErrNotEmpty, name)
	})
}

// putNew stores an object that nobody else can have stored: in a race of two
// Creates, both read the place as empty and one of them fails here.
func putNew(ctx context.Context, dst Destination, name string, data []byte) error {
	err := dst.Put(ctx, name, data)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s has just appeared", ErrNotEmpty, name)
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// putOwners seals the vault key to each owner, each in an object of its own: that is
// what lets one be added or removed later, and a passphrase stand beside keys.
func putOwners(ctx context.Context, dst Destination, key *VaultKey, owners []Owner) error {
	text := key.Marshal()
	defer clear(text)
	for _, owner := range owners {
		sealed, err := crypto.SealBytes(text, owner.Recipient)
		if err != nil {
			return fmt.Errorf("seal the vault key to owner %s: %w", owner.Name, err)
		}
		if err := putNew(ctx, dst, keyName(owner.Name), sealed); err != nil {
			return err
		}
	}
	return nil
}

// AddWriter makes another writer of a vault, for another machine, and returns its secrets.
// An owner's identity is needed. Writers need not know of each other: each has a chain and
// packs of its own.
func AddWriter(ctx context.Context, dst Destination, identities []crypto.Identity, now func() time.Time) (*WriterSecrets, error) {
	key, err := OpenVaultKey(ctx, dst, identities)
	if err != nil {
		return nil, err
	}
	secrets, err := newWriterSecrets(key)
	if err != nil {
		return nil, err
	}
	return secrets, putWriter(ctx, dst, secrets, now())
}

// putWriter stores the writer's sealed secrets, then its public entry.
func putWriter(ctx context.Context, dst Destination, s *WriterSecrets, created time.Time) error {
	text := s.Marshal()
	defer clear(text)
	sealed, err := crypto.SealBytes(text, s.sealTo())
	if err != nil {
		return fmt.Errorf("seal the writer's secrets: %w", err)
	}
	if err := putNew(ctx, dst, secretsName(s.WriterID), sealed); err != nil {
		return err
	}
	return putNew(ctx, dst, writerName(s.WriterID), newWriterEntry(s, sealed, created).Marshal())
}
