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
	return fmt.Appendf(nil, `# telekeep vault key 1
# vault: %s
# id-key: %s
# chunker-key: %s
# public key: %s
%s
`, k.VaultID, k.IDKey.String(), k.ChunkerKey.String(), k.Identity.Recipient(), k.Identity.String())
}

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
// the vault key. crypto.ErrWrongKey means that none of them opens any. Damaged objects
// are passed over as long as another one opens; if none does, their errors are
// returned. The key is checked against vault.json.
func OpenVaultKey(ctx context.Context, dst Destination, ids []crypto.Identity) (*VaultKey, error) {
	vault, err := readVault(ctx, dst)
	if err != nil {
		return nil, err
	}
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
		return nil, fmt.Errorf("no owner key could be used: %w", errors.Join(faults...))
	}
	return nil, fmt.Errorf("%w: none of the given keys is an owner of vault %s", crypto.ErrWrongKey, vault.ID)
}

func openKeyObject(ctx context.Context, dst Destination, name string, vault *Vault, ids []crypto.Identity) (*VaultKey, error) {
	sealed, err := readObject(ctx, dst, name)
	if err != nil {
		return nil, err
	}
	text, err := crypto.OpenBytes(sealed, ids...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	key, err := parseVaultKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if key.VaultID != vault.ID || vaultID(key.Identity.Recipient()) != vault.ID {
		return nil, fmt.Errorf("%s: %w: it is the key of another vault", name, ErrOtherVault)
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
