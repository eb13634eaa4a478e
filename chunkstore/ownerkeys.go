package chunkstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"telekeep/crypto"
)

// ErrKeyFile says that a key file of an owner, an object below keys/, is damaged or
// missing: not the key that was given is wrong, but what it should open.
var ErrKeyFile = errors.New("an owner's key file in the vault cannot be used")

// An OwnerKey is one key file of an owner as a commit lists it.
type OwnerKey struct {
	Name string // of the owner: keys/<name>.age
	Hash Hash
	Size int64 // bytes
}

// keyJSON is an OwnerKey in a commit.
type keyJSON struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

func keysJSON(keys []OwnerKey) []keyJSON {
	var list []keyJSON
	for _, k := range keys {
		list = append(list, keyJSON{k.Name, k.Hash.String(), k.Size})
	}
	return list
}

func parseKeysJSON(list []keyJSON) ([]OwnerKey, error) {
	var keys []OwnerKey
	for _, j := range list {
		o, err := objectJSON{j.SHA256, j.Size}.object(maxMetadata)
		switch {
		case err != nil:
			return nil, err
		case !validOwnerName(j.Name):
			return nil, errors.New("a name is none")
		case o.Size > maxMetadata:
			return nil, errors.New("one is too long")
		case len(keys) > 0 && keys[len(keys)-1].Name >= j.Name:
			return nil, errors.New("they are not in order")
		}
		keys = append(keys, OwnerKey{j.Name, o.Hash, o.Size})
	}
	return keys, nil
}

// parseKeyName is the reverse of keyName.
func parseKeyName(name string) (owner string, ok bool) {
	owner, ok = strings.CutPrefix(name, keysPrefix)
	owner, age := strings.CutSuffix(owner, ".age")
	return owner, ok && age && validOwnerName(owner)
}

// A keyFile is one object below keys/, as it is there.
type keyFile struct {
	OwnerKey
	sealed []byte
	err    error // of reading it, or of its shape
	// added says that an owner, by a note that can be checked, put it there as it is.
	added bool
}

// noteAdded marks the files of which notes say that an owner added them as they are.
func noteAdded(found []keyFile, notes []*KeyNote) {
	for i := range found {
		f := &found[i]
		f.added = f.err == nil && slices.ContainsFunc(notes, func(n *KeyNote) bool {
			return !n.Removed && n.Name == f.Name && n.File == Object{f.Hash, f.Size}
		})
	}
}

// readKeyFiles reads all key files, by name. They are few and short.
func readKeyFiles(ctx context.Context, dst Destination, vault *Vault) ([]keyFile, error) {
	names, err := listKeys(ctx, dst)
	if err != nil {
		return nil, err
	}
	return readKeyFilesOf(ctx, dst, names, vault)
}

// readKeyFilesOf is readKeyFiles where the names in the folder are known.
func readKeyFilesOf(ctx context.Context, dst Destination, names []string, vault *Vault) ([]keyFile, error) {
	var files []keyFile
	for _, name := range names {
		f := keyFile{}
		var ours bool
		if f.Name, ours = parseKeyName(name); !ours {
			continue
		}
		if f.sealed, f.err = readObject(ctx, dst, name); ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if f.err == nil {
			f.Hash, f.Size = hashOf(f.sealed), int64(len(f.sealed))
			f.err = checkKeyShape(vault, f.sealed)
		}
		files = append(files, f)
	}
	return files, nil
}

// checkKeyShape looks whether the bytes can be a sealed vault key: without a key, its
// header and its length tell.
func checkKeyShape(vault *Vault, sealed []byte) error {
	length, err := crypto.ContentLength(sealed)
	if err != nil || vault.Recipient.IsZero() {
		return err
	}
	for n := 1; n <= maxVaultKeys; n++ {
		if length == vaultKeyLength(vault, n) {
			return nil
		}
	}
	return fmt.Errorf("%w: it is too short or too long for a vault key", crypto.ErrDamaged)
}

// identityLength is how long the text of a hybrid identity is.
const identityLength = len("AGE-SECRET-KEY-PQ-1") + 58

// vaultKeyLength returns how long the text of a vault key is that holds n identities: all
// its parts have fixed lengths.
func vaultKeyLength(vault *Vault, n int) int64 {
	var none crypto.Key
	head := fmt.Sprintf(vaultKeyHead, 1, vault.ID, none.String(), none.String())
	one := fmt.Sprintf(vaultKeyIdentity, vault.Recipient, "")
	return int64(len(head) + n*(len(one)+identityLength))
}

// nextKeys returns what a commit should list: known is what the writer's commit before
// it listed, found what is there. A file that is not what it was stays listed as it
// was, or its damage would become the truth; so does one that is gone, unless another
// listed one is whole, or one that an owner is known to have added: then an owner was
// removed. New ones are listed if they can be what they should be.
func nextKeys(known []OwnerKey, found []keyFile) []OwnerKey {
	var next []OwnerKey
	whole := slices.ContainsFunc(found, func(f keyFile) bool { return f.added || slices.Contains(known, f.OwnerKey) })
	for _, k := range known {
		there := slices.ContainsFunc(found, func(f keyFile) bool { return f.Name == k.Name })
		if there || !whole {
			next = append(next, k)
		}
	}
	for _, f := range found {
		named := slices.ContainsFunc(next, func(k OwnerKey) bool { return k.Name == f.Name })
		if !named && f.err == nil {
			next = append(next, f.OwnerKey)
		}
	}
	slices.SortFunc(next, func(a, b OwnerKey) int { return cmp.Compare(a.Name, b.Name) })
	return next
}

// A keyListing is what the newest commit of one writer says about the owners' keys.
type keyListing struct {
	commit string // its name
	keys   []OwnerKey
}

// newestListings returns the listing of each writer, that of the newest commit last.
func newestListings(chains []*chain) []keyListing {
	var listings []keyListing
	signed := slices.DeleteFunc(slices.Clone(chains), func(ch *chain) bool { return ch.unsigned })
	for _, c := range mergeByTime(signed) {
		if len(c.Keys) == 0 {
			continue
		}
		listings = slices.DeleteFunc(listings, func(l keyListing) bool {
			writer, _, _ := parseCommitName(l.commit)
			return writer == c.Writer
		})
		listings = append(listings, keyListing{commitName(c.Writer, c.Seq), c.Keys})
	}
	return listings
}

// A keyCheck is what comparing key files with listings gave.
type keyCheck struct {
	problems []*Problem
	notices  []*Problem
}

// compareKeys compares the key files with what the newest commits list, the newest of
// all last. opened tells which of them were opened with a key at hand.
func compareKeys(found []keyFile, listings []keyListing, opened map[string]bool) keyCheck {
	var c keyCheck
	whole := len(opened)
	for _, f := range found {
		listed, changed := isListed(listings, f)
		switch {
		case changed && f.err == nil:
			f.err = fmt.Errorf("%w: its bytes are not those that the commits list", crypto.ErrDamaged)
		case (listed || f.added) && f.err == nil && !opened[f.Name]:
			whole++
		}
		if f.err != nil {
			c.problem(keyName(f.Name), f.err)
		}
	}
	if len(listings) == 0 {
		if len(found) == 0 {
			c.problem(keysPrefix, fmt.Errorf("%w: no owner's key file is left, so nobody can read the vault", ErrMissing))
		}
		return c
	}
	newest := listings[len(listings)-1]
	for _, k := range newest.keys {
		if slices.ContainsFunc(found, func(f keyFile) bool { return f.Name == k.Name }) {
			continue
		}
		if whole > 0 {
			c.notice(keyName(k.Name), fmt.Sprintf("%s lists it and it is gone: that owner was removed", newest.commit))
			continue
		}
		c.problem(keyName(k.Name), fmt.Errorf("%w: %s lists it, and no other key file is known to be whole", ErrMissing, newest.commit))
	}
	return c
}

// isListed reports whether any listing names a key file, and whether any does with
// other bytes: key files are never rewritten.
func isListed(listings []keyListing, f keyFile) (listed, changed bool) {
	for _, l := range listings {
		for _, k := range l.keys {
			if k.Name == f.Name {
				listed = true
				changed = changed || k != f.OwnerKey
			}
		}
	}
	return listed, changed
}

func (c *keyCheck) problem(object string, err error) {
	c.problems = append(c.problems, newProblem(object, err))
}

func (c *keyCheck) notice(object, detail string) {
	c.notices = append(c.notices, &Problem{Kind: ProblemMissing, Object: object, Detail: detail})
}
