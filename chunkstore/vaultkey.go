package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"telekeep/crypto"
)

// A VaultKey is what an owner key opens: the identity that packs and indexes are
// sealed to, and the keys that name chunks and place cuts.
type VaultKey struct {
	VaultID    string
	Identity   crypto.Identity   // the newest: what is written now is sealed to it
	Older      []crypto.Identity // those before it, which older packs are sealed to; newest first
	IDKey      crypto.Key
	ChunkerKey crypto.Key

	conflict bool // key files disagree about what follows on what
}

// ErrKeyConflict says that there are several newest vault keys: two people made a new one
// at once, or somebody who was an owner forged one.
var ErrKeyConflict = errors.New("the vault has several newest keys")

// identities are all that open packs and indexes of the vault, newest first.
func (k *VaultKey) identities() []crypto.Identity {
	return append([]crypto.Identity{k.Identity}, k.Older...)
}

// first is the key that the vault's id belongs to.
func (k *VaultKey) first() crypto.Identity {
	if n := len(k.Older); n > 0 {
		return k.Older[n-1]
	}
	return k.Identity
}

// has reports whether one of the identities opens what is sealed to r.
func (k *VaultKey) has(r crypto.Recipient) bool {
	return slices.ContainsFunc(k.identities(), func(id crypto.Identity) bool { return id.Recipient().String() == r.String() })
}

// Opens reports whether the key opens what a writer seals now.
func (k *VaultKey) Opens(s *WriterSecrets) bool { return k.has(s.sealTo()) }

// short is a name for a recipient: the id of the vault that would have it as its first key.
func (k *VaultKey) short(r crypto.Recipient) string { return vaultID(r)[:16] }

// Fingerprint names the newest vault key in 16 hex digits, so that people can compare what
// they see on two machines.
func (k *VaultKey) Fingerprint() string { return k.short(k.Identity.Recipient()) }

// Number is how many vault keys there were so far, this one included.
func (k *VaultKey) Number() int { return 1 + len(k.Older) }

// Fingerprint names the vault key that the writer seals to, as VaultKey.Fingerprint does.
func (s *WriterSecrets) Fingerprint() string { return vaultID(s.sealTo())[:16] }

// follows reports whether k is a later key than other, or other itself: it opens all that
// other opens, and more unless their newest is the same.
func (k *VaultKey) follows(other *VaultKey) bool {
	theirs := other.identities()
	for _, id := range theirs {
		if !k.has(id.Recipient()) {
			return false
		}
	}
	return k.Number() > len(theirs) || k.Identity.String() == other.Identity.String()
}

// each returns the key as it was when each of its identities was the newest, newest first.
// They differ in who signs as the owners.
func (k *VaultKey) each() []*VaultKey {
	all := k.identities()
	keys := make([]*VaultKey, len(all))
	for i, id := range all {
		keys[i] = &VaultKey{VaultID: k.VaultID, Identity: id, Older: all[i+1:], IDKey: k.IDKey, ChunkerKey: k.ChunkerKey}
	}
	return keys
}

// join is the key that opens what either opens.
func (k *VaultKey) join(other *VaultKey) *VaultKey {
	switch {
	case k.follows(other):
		return k
	case other.follows(k):
		return other
	}
	both := *k
	both.conflict = true
	both.Older = slices.Clone(k.Older)
	for _, id := range other.identities() {
		if !both.has(id.Recipient()) {
			both.Older = slices.Insert(both.Older, 0, id) // not at the end: that is the first key
		}
	}
	return &both
}

// newVaultKey makes the key of a new vault.
func newVaultKey() (*VaultKey, error) {
	id, err := crypto.NewIdentity()
	if err != nil {
		return nil, err
	}
	return &VaultKey{VaultID: vaultID(id.Recipient()), Identity: id, IDKey: crypto.NewKey(), ChunkerKey: crypto.NewKey()}, nil
}

// Marshal returns the content of keys/<name>.age: an age identity file. What
// telekeep needs besides the identity stands in comments, which age skips.
func (k *VaultKey) Marshal() []byte {
	version := 1
	if len(k.Older) > 0 {
		version = 3 // there was never a 2
	}
	text := fmt.Appendf(nil, vaultKeyHead, version, k.VaultID, k.IDKey.String(), k.ChunkerKey.String())
	for _, id := range k.identities() {
		text = fmt.Appendf(text, vaultKeyIdentity, id.Recipient(), id.String())
	}
	return text
}

const vaultKeyHead = `# telekeep vault key %d
# vault: %s
# id-key: %s
# chunker-key: %s
`

const vaultKeyIdentity = "# public key: %s\n%s\n"

// maxVaultKeys is how many keys a vault can have had, so that the length of a key file
// says whether it can be one.
const maxVaultKeys = 200

// parseVaultKey reads what Marshal wrote, byte for byte.
func parseVaultKey(data []byte) (*VaultKey, error) {
	text := string(data)
	first, _, _ := strings.Cut(text, "\n")
	if first != "# telekeep vault key 1" && first != "# telekeep vault key 3" {
		if strings.HasPrefix(first, "# telekeep vault key ") {
			return nil, fmt.Errorf("%w: %q", ErrUnknownFormat, strings.TrimPrefix(first, "# "))
		}
		return nil, fmt.Errorf("%w: it is not a telekeep vault key", crypto.ErrDamaged)
	}
	ids, err := crypto.ParseIdentities(bytes.NewReader(data), nil)
	if err != nil || len(ids) > maxVaultKeys || (len(ids) > 1) != (first == "# telekeep vault key 3") {
		return nil, fmt.Errorf("%w: it does not hold as many secret keys as it says", crypto.ErrDamaged)
	}
	k := &VaultKey{VaultID: comment(text, "vault"), Identity: ids[0], Older: ids[1:]}
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
	var found *VaultKey
	for _, name := range names {
		if found != nil && !mayHoldMore(ctx, dst, name, vault) {
			continue
		}
		key, err := openKeyObject(ctx, dst, name, vault, ids)
		switch {
		case err == nil && found != nil:
			found = found.join(key)
		case err == nil:
			found = key
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !errors.Is(err, crypto.ErrWrongKey):
			faults = append(faults, err)
		}
	}
	if found != nil {
		return found, nil
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, errors.Join(faults...))
	}
	return nil, explainNoKey(ctx, dst, vault)
}

// mayHoldMore reports whether a key file is as long as one that holds several vault keys:
// where there is none, the first that opens is as good as any, and no passphrase is tried
// and no token asked without need. Files of an earlier key may lie at a copy that was away.
func mayHoldMore(ctx context.Context, dst Destination, name string, vault *Vault) bool {
	sealed, err := readObject(ctx, dst, name)
	if err != nil {
		return true // what is wrong with it is told when it is opened
	}
	length, err := crypto.ContentLength(sealed)
	return err == nil && (vault.Recipient.IsZero() || length > vaultKeyLength(vault, 1))
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
	said, err := saidRemoved(ctx, dst, vault.ID)
	if err != nil {
		return errors.Join(wrong, err)
	}
	listings := newestListings(chains)
	for i := range listings {
		listings[i].keys = listedWithoutRemoved(listings[i].keys, said)
	}
	check := compareKeys(found, listings, nil)
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
	defer clear(text)
	key, err := parseVaultKey(text)
	if err != nil {
		return nil, err
	}
	if vault.ID != "" && key.VaultID != vault.ID || key.VaultID != vaultID(key.first().Recipient()) {
		return nil, fmt.Errorf("%w: it is the key of another vault", ErrOtherVault)
	}
	return key, nil
}

func listKeys(ctx context.Context, dst Destination) ([]string, error) {
	names, err := listKeysFolder(ctx, dst)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, ".age") }), err
}

// listKeysFolder lists key files and the owners' notes about them.
func listKeysFolder(ctx context.Context, dst Destination) ([]string, error) {
	var names []string
	err := dst.List(ctx, keysPrefix, func(name string, _ int64) error {
		names = append(names, name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the owner keys: %w", err)
	}
	return names, nil
}
