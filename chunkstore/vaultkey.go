package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"telekeep/crypto"
)

// A VaultKey is what an owner key opens: the identity that packs and indexes are
// sealed to, and the keys that name chunks and place cuts.
type VaultKey struct {
	VaultID    string
	Identity   crypto.Identity
	IDKey      crypto.Key
	ChunkerKey crypto.Key
}

// newVaultKey makes the key of a new vault.
func newVaultKey() (*VaultKey, error) {
	id, err := crypto.NewIdentity()
	if err != nil {
		return nil, err
	}
	return &VaultKey{vaultID(id.Recipient()), id, crypto.NewKey(), crypto.NewKey()}, nil
}

// Marshal returns the content of keys/<name>.age: an age identity file. What
// telekeep needs besides the identity stands in comments, which age skips.
func (k *VaultKey) Marshal() []byte {
	return fmt.Appendf(nil, vaultKeyText, k.VaultID, k.IDKey.String(), k.ChunkerKey.String(), k.Identity.Recipient(), k.Identity.String())
}

const vaultKeyText = `# telekeep vault key 1
# vault: %s
# id-key: %s
# chunker-key: %s
# public key: %s
%s
`

// parseVaultKey reads what Marshal wrote, byte for byte.
func parseVaultKey(data []byte) (*VaultKey, error) {
	text := string(data)
	if first, _, _ := strings.Cut(text, "\n"); first != "# telekeep vault key 1" {
		if strings.HasPrefix(first, "# telekeep vault key ") {
			return nil, fmt.Errorf("%w: %q", ErrUnknownFormat, strings.TrimPrefix(first, "# "))
		}
		return nil, fmt.Errorf("%w: it is not a telekeep vault key", crypto.ErrDamaged)
	}
	ids, err := crypto.ParseIdentities(bytes.NewReader(data), nil)
	if err != nil || len(ids) != 1 {
		return nil, fmt.Errorf("%w: it does not hold one secret key", crypto.ErrDamaged)
	}
	k := &VaultKey{VaultID: comment(text, "vault"), Identity: ids[0]}
	if k.IDKey, err = crypto.ParseKey(comment(text, "id-key")); err != nil {
		return nil, fmt.Errorf("%w: id-key: %w", crypto.ErrDamaged, err)
	}
	if k.ChunkerKey, err = crypto.ParseKey(comment(text, "chunker-key")); err != nil {
		return nil, fmt.Errorf("%w: chunker-key: %w", crypto.ErrDamaged, err)
	}
	if !bytes.Equal(k.Marshal(), data) {
		return nil, fmt.Errorf("%w: the text is not as telekeep writes it", crypto.ErrDamaged)
	}
	return k, nil
}

// comment returns the value of the line "# key: value".
func comment(text, key string) string {
	_, rest, _ := strings.Cut(text, "\n# "+key+": ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// OpenVaultKey tries the given owner keys on every object under keys/ and returns
// the vault key. crypto.ErrWrongKey means that none of them opens any, ErrKeyFile
// that this may be because a key file is damaged or gone: it is named. Damaged objects
// are passed over as long as another one opens. The key is checked against vault.json.
func OpenVaultKey(ctx context.Context, dst Destination, ids []crypto.Identity) (*VaultKey, error) {
	vault, err := readVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	return openVaultKey(ctx, dst, vault, ids)
}

// openVaultKey is OpenVaultKey for a vault that is known. Without an id, that of the
// key counts.
func openVaultKey(ctx context.Context, dst Destination, vault *Vault, ids []crypto.Identity) (*VaultKey, error) {
	names, err := listKeys(ctx, dst)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, name := range names {
		key, err := openKeyObject(ctx, dst, name, vault, ids)
		switch {
		case err == nil:
			return key, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !errors.Is(err, crypto.ErrWrongKey):
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, errors.Join(faults...))
	}
	return nil, explainNoKey(ctx, dst, vault)
}

// explainNoKey says why no key file opens: the wrong key was given, or the right one's
// file is not what the commits list.
func explainNoKey(ctx context.Context, dst Destination, vault *Vault) error {
	wrong := fmt.Errorf("%w: none of the given keys is an owner of vault %s", crypto.ErrWrongKey, vault.ID)
	found, err := readKeyFiles(ctx, dst, vault)
	if err != nil {
		return errors.Join(wrong, err)
	}
	chains, err := readChains(ctx, dst, vault)
	if err != nil {
		return errors.Join(wrong, err)
	}
	check := compareKeys(found, newestListings(chains), nil)
	if len(check.problems) == 0 {
		return wrong
	}
	var faults []error
	for _, p := range check.problems {
		faults = append(faults, p)
	}
	return fmt.Errorf("%w: %w", ErrKeyFile, errors.Join(faults...))
}

// readChains reads the commits of all writers, as far as they can be read.
func readChains(ctx context.Context, dst Destination, vault *Vault) ([]*chain, error) {
	full := &Vault{ID: vault.ID}
	if err := full.readWriters(ctx, dst); err != nil {
		return nil, err
	}
	var chains []*chain
	for _, w := range full.Writers {
		ch, err := readChain(ctx, dst, vault.ID, w)
		if err != nil {
			return nil, err
		}
		chains = append(chains, ch)
	}
	return chains, nil
}

func openKeyObject(ctx context.Context, dst Destination, name string, vault *Vault, ids []crypto.Identity) (*VaultKey, error) {
	tried := make(map[Hash]bool) // a passphrase takes a second
	return anywhere(ctx, dst, func(dst Destination) (*VaultKey, error) {
		sealed, err := readObject(ctx, dst, name)
		if err != nil {
			return nil, err
		}
		if tried[hashOf(sealed)] {
			return nil, fmt.Errorf("%s: %w: it is the same there", name, crypto.ErrDamaged)
		}
		tried[hashOf(sealed)] = true
		key, err := openSealedKey(sealed, vault, ids)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return key, nil
	})
}

// openSealedKey opens the bytes of a key file and checks what is in it.
func openSealedKey(sealed []byte, vault *Vault, ids []crypto.Identity) (*VaultKey, error) {
	text, err := crypto.OpenBytes(sealed, ids...)
	if err != nil {
		return nil, err
	}
	key, err := parseVaultKey(text)
	if err != nil {
		return nil, err
	}
	if vault.ID != "" && key.VaultID != vault.ID || key.VaultID != vaultID(key.Identity.Recipient()) {
		return nil, fmt.Errorf("%w: it is the key of another vault", ErrOtherVault)
	}
	return key, nil
}

func listKeys(ctx context.Context, dst Destination) ([]string, error) {
	var names []string
	err := dst.List(ctx, keysPrefix, func(name string, _ int64) error {
		if strings.HasSuffix(name, ".age") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the owner keys: %w", err)
	}
	return names, nil
}
