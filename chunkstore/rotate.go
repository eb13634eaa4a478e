package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"telekeep/crypto"
)

var (
	// ErrTooManyKeys says that a vault has had as many keys as a key file can hold.
	ErrTooManyKeys = errors.New("the vault has had as many keys as it can have")
	// ErrOwnersLeft says that somebody can open the vault now of whom nobody said whether
	// they shall later: OwnersLeft names them.
	ErrOwnersLeft = errors.New("not every owner is accounted for")
)

// generation is what Rotate puts behind the name of a key file.
var generation = regexp.MustCompile(`-[0-9]+-[0-9a-f]{4}$`)

// OwnersLeft are key files that a rotation would take away without anybody having said so.
type OwnersLeft struct{ Names []string }

func (e *OwnersLeft) Error() string {
	return ErrOwnersLeft.Error() + ": " + strings.Join(e.Names, ", ")
}

// Unwrap makes it ErrOwnersLeft.
func (e *OwnersLeft) Unwrap() error { return ErrOwnersLeft }

// RotateOptions say who opens the vault after a rotation. Every key file that is there must
// be accounted for: opened by one of Identities, or named in Recipients or Drop.
type RotateOptions struct {
	Identities []crypto.Identity           // whoever they open a key file for stays an owner
	Recipients map[string]crypto.Recipient // by the name of the key file now: owners whose secret half is elsewhere
	Drop       []string                    // names of the key files that get none
	Now        time.Time
}

// A Rotation is a new vault key and what makes it that of a vault.
type Rotation struct {
	Key    *VaultKey
	Change *KeyChange
	Names  map[string]string // of the new key file, by that of the one it stands for
}

// Rotate makes a new vault key. Nothing is written before Change is applied, and no pack is
// sealed anew: the new key file holds the earlier keys too. What is written from then on,
// by a writer that has taken the new key (WriterSecrets.Take), no earlier key opens.
//
// What changes about key files is said under the owners' key of all vault keys: machines that
// have not taken the new one, or not the one before, would otherwise miss the files that
// go, and give them back. If two people made a new key at once, the one that is made now
// follows on both: a vault that has several newest keys has one again.
func Rotate(ctx context.Context, dst Destination, key *VaultKey, o RotateOptions) (*Rotation, error) {
	if key.Number() >= maxVaultKeys {
		return nil, ErrTooManyKeys
	}
	files, err := currentFiles(ctx, dst, key, o.Identities)
	if err != nil {
		return nil, err
	}
	used, err := usedNames(ctx, dst, key)
	if err != nil {
		return nil, err
	}
	id, err := crypto.NewIdentity()
	if err != nil {
		return nil, err
	}
	next := &VaultKey{VaultID: key.VaultID, Identity: id, Older: key.identities(), IDKey: key.IDKey, ChunkerKey: key.ChunkerKey}
	r := &Rotation{Key: next, Change: new(KeyChange), Names: make(map[string]string)}
	owners, err := r.owners(files, used, o)
	if err != nil {
		return nil, err
	}
	for _, owner := range owners {
		if err := r.Change.add(next, owner, o.Now); err != nil {
			return nil, err
		}
		file := r.Change.put[len(r.Change.put)-1].data
		r.Change.say(key.each(), owner.Name, false, Object{hashOf(file), int64(len(file))}, o.Now, nil)
	}
	return r, r.removals(ctx, dst, key, files, o.Now)
}

// currentFiles are the key files that no owner has removed, and which of them ids open.
func currentFiles(ctx context.Context, dst Destination, key *VaultKey, ids []crypto.Identity) ([]ownerFile, error) {
	vault, err := readVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	var files []ownerFile
	for i := range max(1, len(ids)) { // one by one: whom a file belongs to counts
		tried, err := ownerFiles(ctx, dst, vault, ids[i:min(i+1, len(ids))])
		if err != nil {
			return nil, err
		}
		if err := judge(ctx, dst, tried, key); err != nil {
			return nil, err
		}
		if i == 0 {
			files = tried
		}
		for j := range files {
			if j < len(tried) && tried[j].Name == files[j].Name && tried[j].key != nil {
				files[j].key, files[j].opens = tried[j].key, tried[j].opens
				files[j].by = ids[i].Recipient()
			}
		}
	}
	return slices.DeleteFunc(files, func(f ownerFile) bool { return f.removed }), nil
}

// owners returns who opens the vault from now on, under names that were never used.
func (r *Rotation) owners(files []ownerFile, used map[string]bool, o RotateOptions) ([]Owner, error) {
	var owners []Owner
	var left []string
	given := maps.Clone(o.Recipients)
	drop := slices.Clone(o.Drop)
	for _, f := range files {
		to, named := given[f.Name]
		delete(given, f.Name)
		i := slices.Index(drop, f.Name)
		switch {
		case i >= 0 && named:
			return nil, fmt.Errorf("%s is both to stay and to go", f.Name)
		case i >= 0:
			drop = slices.Delete(drop, i, i+1)
			continue
		case named:
		case f.key != nil && f.opens:
			to = f.by
		case f.key != nil:
			continue // of an earlier key: a rotation that was cut short left it
		default:
			left = append(left, f.Name)
			continue
		}
		name := nextName(f.Name, r.Key, used)
		used[name] = true
		r.Names[f.Name] = name
		owners = append(owners, Owner{name, to})
	}
	for _, name := range append(drop, slices.Sorted(maps.Keys(given))...) {
		return nil, fmt.Errorf("%w: %s", ErrNoKeyFile, name)
	}
	if len(left) > 0 {
		return nil, &OwnersLeft{left}
	}
	if len(owners) == 0 {
		return nil, ErrLastKey
	}
	return owners, (CreateOptions{Owners: owners}).validate()
}

// nextName is the name of an owner's key file for a vault key: its number and the beginning of
// its fingerprint, anna-2-9f3c for anna. Two people who make a new key at once, each at a
// copy of their own, give no two files the same name.
func nextName(name string, key *VaultKey, used map[string]bool) string {
	base := generation.ReplaceAllString(name, "")
	for n := key.Number(); ; n++ {
		suffix := fmt.Sprintf("-%d-%s", n, key.Fingerprint()[:4])
		if next := base[:min(len(base), maxOwnerName-len(suffix))] + suffix; !used[next] {
			return next
		}
	}
}

// removals takes the key files away that were there, and says of those that went before what
// nobody has said yet under one of the owners' keys: a copy that was away since then has
// them still, and a rotation that was cut short did not say everything.
func (r *Rotation) removals(ctx context.Context, dst Destination, key *VaultKey, files []ownerFile, now time.Time) error {
	gone, err := RemovedKeys(ctx, dst, key.VaultID, key.OwnerKey())
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Size == 0 {
			return fmt.Errorf("%s: %w", keyName(f.Name), f.err) // it could not be read at all
		}
		gone[keyName(f.Name)] = Object{f.Hash, f.Size}
	}
	names, err := listKeysFolder(ctx, dst)
	if err != nil {
		return fmt.Errorf("list the owner keys: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		owner, _ := parseKeyName(name)
		r.Change.say(r.Key.each()[:1], owner, true, gone[name], now, names)
		// Two people who rotate at once say the same under the earlier keys, byte for byte.
		r.Change.say(key.each(), owner, true, gone[name], time.Unix(0, 0), names)
		r.Change.remove = append(r.Change.remove, name)
	}
	return nil
}

// say puts notes about a key file under the owners' keys of several vault keys, but those
// that are there: a note is never changed.
func (c *KeyChange) say(keys []*VaultKey, owner string, removed bool, file Object, now time.Time, there []string) {
	n := &KeyNote{Vault: keys[0].VaultID, Name: owner, Removed: removed, File: file, Time: now.UTC().Truncate(time.Second)}
	for _, k := range keys {
		if name, data := n.sign(k.ownerSigning()); !slices.Contains(there, name) {
			c.put = append(c.put, keyPut{name, data})
		}
	}
}
