package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"telekeep/crypto"
)

var (
	// ErrNameUsed says that an owner's name was used before. A key file is never rewritten,
	// so each gets a name of its own.
	ErrNameUsed = errors.New("the name was used before")
	// ErrLastKey says that nobody could read the vault any more.
	ErrLastKey = errors.New("no other key is known to open the vault")
	// ErrNoKeyFile says that there is no key file of that name.
	ErrNoKeyFile = errors.New("no key file of that name")
)

// An OwnerFile is what can be told of one key file without a key.
type OwnerFile struct {
	Name    string
	Kinds   []string // of keys it is sealed to (crypto.SealedTo)
	File    Object
	Err     error     // why it cannot be used
	Added   time.Time // when, by an owner's note; zero if none says so
	Removed bool      // an owner has removed it, and this place had not heard of it yet
}

// ListOwners returns the key files of a place, by name. With the owners' key (of a VaultKey
// or WriterSecrets) notes are read too; the zero one is fine.
func ListOwners(ctx context.Context, dst Destination, key crypto.VerifyKey) ([]OwnerFile, error) {
	vault, err := readVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	found, err := readKeyFiles(ctx, dst, vault)
	if err != nil {
		return nil, err
	}
	notes, err := readNotes(ctx, dst, vault.ID, key)
	if err != nil {
		return nil, err
	}
	files := make([]OwnerFile, len(found))
	for i, f := range found {
		files[i] = OwnerFile{Name: f.Name, File: Object{f.Hash, f.Size}, Err: f.err}
		if f.err == nil {
			files[i].Kinds, files[i].Err = crypto.SealedTo(f.sealed)
		}
		for _, n := range notes {
			switch {
			case n.Name != f.Name:
			case n.Removed:
				files[i].Removed = true
			case n.File == files[i].File:
				files[i].Added = n.Time
			default:
				files[i].Err = errors.Join(files[i].Err, damagedObject(keyName(f.Name), "its bytes are not those that an owner added"))
			}
		}
	}
	return files, nil
}

// A KeyChange is what every place has to hold, and must not hold any more, for owners to
// be what they should be. Applying it twice is fine, and so is being stopped in between.
type KeyChange struct {
	put    []keyPut // in this order
	remove []string
}

type keyPut struct {
	name string
	data []byte
}

// Apply makes the change at one place: first what is new, then what goes. A place that
// cannot remove objects keeps them, and says so: errors.ErrUnsupported.
func (c *KeyChange) Apply(ctx context.Context, dst Destination) error {
	for _, p := range c.put {
		if err := dst.Put(ctx, p.name, p.data); err != nil {
			return fmt.Errorf("store %s: %w", p.name, err)
		}
	}
	for _, name := range c.remove {
		r, ok := dst.(Remover)
		if !ok {
			return fmt.Errorf("remove %s: %w", name, errors.ErrUnsupported)
		}
		if err := r.Remove(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	return nil
}

// Notes are the names of the owners' notes that the change puts.
func (c *KeyChange) Notes() []string {
	var names []string
	for _, p := range c.put {
		if ParseName(p.name).Kind == NoteObject {
			names = append(names, p.name)
		}
	}
	return names
}

// add puts the note that there is a key file, and the file: one that is there and of which nobody says so
// may be anybody's.
func (c *KeyChange) add(key *VaultKey, owner Owner, now time.Time) error {
	text := key.Marshal()
	defer clear(text)
	sealed, err := crypto.SealBytes(text, owner.Recipient)
	if err != nil {
		return fmt.Errorf("seal the vault key to owner %s: %w", owner.Name, err)
	}
	n := &KeyNote{Vault: key.VaultID, Name: owner.Name, File: Object{hashOf(sealed), int64(len(sealed))}, Time: now.UTC().Truncate(time.Second)}
	name, data := n.sign(key.ownerSigning())
	c.put = append(c.put, keyPut{name, data}, keyPut{keyName(owner.Name), sealed})
	return nil
}

// drop puts a note that a key file is removed, and removes the file.
func (c *KeyChange) drop(key *VaultKey, owner string, file Object, now time.Time) {
	n := &KeyNote{Vault: key.VaultID, Name: owner, Removed: true, File: file, Time: now.UTC().Truncate(time.Second)}
	name, data := n.sign(key.ownerSigning())
	c.put = append(c.put, keyPut{name, data})
	c.remove = append(c.remove, keyName(owner))
}

// AddOwner makes a key file for one more owner of a vault that was opened with another's
// key. Its name must be new: ErrNameUsed. What is sealed to already is not touched.
func AddOwner(ctx context.Context, dst Destination, key *VaultKey, owner Owner, now time.Time) (*KeyChange, error) {
	if err := (CreateOptions{Owners: []Owner{owner}}).validate(); err != nil {
		return nil, err
	}
	used, err := usedNames(ctx, dst, key)
	if err != nil {
		return nil, err
	}
	if used[owner.Name] {
		return nil, fmt.Errorf("%w: %q: each key file has a name of its own, for ever", ErrNameUsed, owner.Name)
	}
	c := new(KeyChange)
	return c, c.add(key, owner, now)
}

// usedNames are the names that any key file, note or commit has.
func usedNames(ctx context.Context, dst Destination, key *VaultKey) (map[string]bool, error) {
	used := make(map[string]bool)
	err := dst.List(ctx, keysPrefix, func(name string, _ int64) error {
		if n := ParseName(name); n.Owner != "" {
			used[n.Owner] = true
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the owner keys: %w", err)
	}
	chains, err := readChains(ctx, dst, &Vault{ID: key.VaultID})
	if err != nil {
		return nil, err
	}
	for _, ch := range chains {
		for _, c := range ch.commits {
			for _, k := range c.Keys {
				used[k.Name] = true
			}
		}
	}
	return used, nil
}

// RemoveOwner makes the change that takes one owner's key file away. ids must open another
// one, or the last key would go: ErrLastKey. ErrNoKeyFile if there is none of that name.
//
// Whoever had the key may have a copy of the vault and of the key file: what was stored so
// far stays open to them. Rotate seals what is written from then on anew.
func RemoveOwner(ctx context.Context, dst Destination, key *VaultKey, ids []crypto.Identity, name string, now time.Time) (*KeyChange, error) {
	vault, err := readVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	files, err := ownerFiles(ctx, dst, vault, ids)
	if err != nil {
		return nil, err
	}
	if err := judge(ctx, dst, files, key); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(files, func(f ownerFile) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoKeyFile, name)
	}
	others := slices.ContainsFunc(files, func(f ownerFile) bool { return f.Name != name && f.opens && !f.removed })
	if !others {
		return nil, fmt.Errorf("%w than %s: give one that stays", ErrLastKey, name)
	}
	c := new(KeyChange)
	c.drop(key, name, Object{files[i].Hash, files[i].Size}, now)
	return c, nil
}

// An ownerFile is a key file, and whether the keys at hand open it.
type ownerFile struct {
	keyFile
	opens   bool             // to the newest vault key
	key     *VaultKey        // what came out; nil if it does not open
	by      crypto.Recipient // of the key at hand that opens it; set by currentFiles
	removed bool
	openErr error // why it does not; nil if it is another owner's
}

// ownerFiles tries the identities on every key file.
func ownerFiles(ctx context.Context, dst Destination, vault *Vault, ids []crypto.Identity) ([]ownerFile, error) {
	found, err := readKeyFiles(ctx, dst, vault)
	if err != nil {
		return nil, err
	}
	files := make([]ownerFile, len(found))
	for i, f := range found {
		files[i] = ownerFile{keyFile: f, openErr: f.err}
		if f.err != nil {
			continue
		}
		got, err := openSealedKey(f.sealed, vault, ids)
		if err == nil {
			files[i].key = got
		} else if !errors.Is(err, crypto.ErrWrongKey) {
			files[i].openErr = err
		}
	}
	return files, nil
}

// judge finds out which of the files open the newest vault key, and which are removed.
func judge(ctx context.Context, dst Destination, files []ownerFile, key *VaultKey) error {
	removed, err := RemovedKeys(ctx, dst, key.VaultID, key.OwnerKey())
	for i := range files {
		f := &files[i]
		f.opens = f.key != nil && f.key.Identity.String() == key.Identity.String()
		_, f.removed = removed[keyName(f.Name)]
	}
	return err
}

// A KeyTest is what TestOwners found of one key file.
type KeyTest struct {
	Name  string
	File  Object
	Kinds []string
	Opens bool  // one of the identities opens it, and what comes out opens the vault
	Older bool  // it opens, but to an earlier vault key: what was written since stays shut
	Gone  bool  // an owner has removed it; this place had not heard of it yet
	Err   error // why it cannot be used; nil if it is sealed to a key that was not given
	// Writers is how many writers' secrets were opened with what came out.
	Writers int
}

// TestOwners proves which key files of one place the identities open: with what comes out
// of each, the secrets of every writer are opened.
func TestOwners(ctx context.Context, dst Destination, ids []crypto.Identity) ([]KeyTest, error) {
	vault, err := OpenVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	files, err := ownerFiles(ctx, dst, vault, ids)
	if err != nil {
		return nil, err
	}
	var newest *VaultKey
	for _, f := range files {
		if f.key != nil && newest != nil {
			newest = newest.join(f.key)
		} else if f.key != nil {
			newest = f.key
		}
	}
	if newest == nil {
		for _, f := range files {
			if errors.Is(f.openErr, crypto.ErrPlugin) {
				return nil, f.openErr
			}
		}
		return nil, explainNoKey(ctx, dst, vault)
	}
	if err := judge(ctx, dst, files, newest); err != nil {
		return nil, err
	}
	tests := make([]KeyTest, len(files))
	for i, f := range files {
		t := &tests[i]
		*t = KeyTest{Name: f.Name, File: Object{f.Hash, f.Size}, Gone: f.removed, Err: f.openErr}
		if f.err == nil {
			t.Kinds, _ = crypto.SealedTo(f.sealed) // its shape was checked
		}
		if f.key == nil {
			continue // openErr says why, or it is another's
		}
		t.Older = !f.opens
		if t.Writers, t.Err = opensVault(ctx, dst, vault, f.key); t.Err == nil {
			t.Opens = true
		}
	}
	return tests, nil
}

// opensVault opens with a vault key what it should open of every writer.
func opensVault(ctx context.Context, dst Destination, vault *Vault, key *VaultKey) (writers int, err error) {
	for _, w := range vault.Writers {
		if err := w.CheckMAC(key.IDKey); err != nil {
			return writers, err
		}
		sealed, err := w.readSecrets(ctx, dst)
		if err != nil {
			return writers, err
		}
		if _, err := openSecrets(sealed, key, w.ID); err != nil {
			return writers, fmt.Errorf("%s: %w", secretsName(w.ID), err)
		}
		writers++
	}
	return writers, nil
}
