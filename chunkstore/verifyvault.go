package chunkstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"telekeep/crypto"
)

// openVault reads vault.json and the writers' entries. Where only vault.json is lost,
// everything else is checked all the same: its id stands in other places too.
func (v *verifier) openVault(ctx context.Context, found *listing) error {
	if !found.readme {
		v.notice(&Problem{Kind: ProblemMissing, Object: readmeName, Detail: "people who find the vault are not told what it is; nothing else needs it"})
	}
	if !found.script {
		v.notice(&Problem{Kind: ProblemMissing, Object: recoverName, Detail: "who has no telekeep has to find the script elsewhere; the next backup writes it anew"})
	}
	var err error
	v.vault, err = OpenVault(ctx, v.dst)
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrUnknownFormat) || !found.holdsVault() {
		v.setVault()
		return err
	}
	id := v.idWithoutVault(ctx)
	if id == "" || problemKind(err) == ProblemUnreadable {
		return err
	}
	v.problem(vaultName, err)
	v.vault = &Vault{ID: id}
	v.setVault()
	return v.vault.readWriters(ctx, v.dst)
}

func (v *verifier) setVault() {
	if v.vault != nil {
		v.report.Vault = v.vault.ID
	}
}

// idWithoutVault finds the id of a vault that has no readable vault.json: in the keys
// at hand, in what is remembered, in the first writer's entry that can be read.
func (v *verifier) idWithoutVault(ctx context.Context) string {
	if key, err := openVaultKey(ctx, v.dst, &Vault{}, v.options.Identities); err == nil {
		return key.VaultID
	}
	if v.options.Secrets != nil {
		return v.options.Secrets.VaultID
	}
	for _, h := range v.options.Heads {
		return h.Vault
	}
	ids, err := listWriters(ctx, v.dst)
	if err != nil {
		return ""
	}
	for _, id := range ids {
		if vault := vaultOfWriter(ctx, v.dst, id); vault != "" {
			return vault
		}
	}
	return ""
}

// vaultOfWriter returns the vault that a writer's entry names, "" if it cannot be read.
func vaultOfWriter(ctx context.Context, dst Destination, id string) string {
	data, err := readObject(ctx, dst, writerName(id))
	if err != nil {
		return ""
	}
	var j writerJSON
	var value writerValueJSON
	if json.Unmarshal(data, &j) != nil || json.Unmarshal(j.Writer, &value) != nil {
		return ""
	}
	if _, err := parseWriterEntry(data, value.Vault, id); err != nil {
		return ""
	}
	return value.Vault
}

// checkWriters checks the writers' entries as far as the keys at hand allow.
func (v *verifier) checkWriters(found *listing) {
	v.report.Writers = len(v.vault.Writers)
	for _, f := range v.vault.Faults {
		v.problem(writerName(f.WriterID), f.Err)
	}
	for _, id := range slices.Sorted(maps.Keys(found.commits)) {
		if !found.writers[id] {
			v.problem(writerName(id), fmt.Errorf("%w: there are commits of it, which nobody can check", ErrMissing))
		}
	}
	if s := v.options.Secrets; s != nil {
		if err := v.vault.CheckSecrets(s); err != nil {
			object := writerName(s.WriterID)
			if errors.Is(err, ErrOtherVault) && s.VaultID != v.vault.ID {
				object = vaultName
			}
			v.problem(object, err)
			v.options.Secrets = nil
		}
	}
	for _, w := range v.vault.Writers {
		var err error
		switch {
		case v.key != nil:
			err = w.CheckMAC(v.key.IDKey)
		case v.options.Secrets != nil:
			err = w.CheckMAC(v.options.Secrets.IDKey)
		}
		if err != nil {
			v.problem(writerName(w.ID), err)
		}
	}
}

// checkKeys checks the owners' key files: their shape, what the commits list of them,
// and, with identities, what is in those that they open.
func (v *verifier) checkKeys(ctx context.Context, chains []*chain) error {
	found, err := readKeyFiles(ctx, v.dst, v.vault)
	if err != nil {
		return err
	}
	opened := make(map[string]bool)
	for i := range found {
		f := &found[i]
		if f.err != nil || len(v.options.Identities) == 0 {
			continue
		}
		_, err := openSealedKey(f.sealed, v.vault, v.options.Identities)
		switch {
		case err == nil:
			opened[f.Name] = true
		case !errors.Is(err, crypto.ErrWrongKey): // which it is for other owners'
			f.err = err
		}
	}
	notes, err := v.ownersNotes(ctx)
	if err != nil {
		return err
	}
	noteAdded(found, notes)
	removed := removedBy(notes)
	listings := newestListings(chains)
	for i := range listings {
		listings[i].keys = listedWithoutRemoved(listings[i].keys, removed)
	}
	for _, f := range found {
		if _, gone := removed[keyName(f.Name)]; gone {
			v.notice(&Problem{Kind: ProblemRetired, Object: keyName(f.Name), Detail: "an owner has removed this key file: this place had not heard of it yet"})
		}
	}
	found = withoutRemoved(found, removed)
	check := compareKeys(found, listings, opened)
	for _, p := range check.problems {
		v.problem(p.Object, p)
	}
	v.report.Notices = append(v.report.Notices, check.notices...)
	return nil
}

// ownersNotes are what the owners say of key files, if a key at hand can tell.
func (v *verifier) ownersNotes(ctx context.Context) ([]*KeyNote, error) {
	var owner crypto.VerifyKey
	switch s := v.options.Secrets; {
	case v.key != nil:
		owner = v.key.OwnerKey()
	case s != nil:
		owner = s.OwnerKey
	}
	return readNotes(ctx, v.dst, v.vault.ID, owner)
}

// checkSecrets checks that the sealed secrets of every writer are there and what was
// stored: without them no new machine could take over.
func (v *verifier) checkSecrets(ctx context.Context, found *listing) error {
	for _, w := range v.vault.Writers {
		sealed, err := w.readSecrets(ctx, v.dst)
		if err == nil && v.key != nil {
			_, err = openSecrets(sealed, v.key, w.ID)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.problem(secretsName(w.ID), err)
		}
	}
	for _, f := range v.vault.Faults { // where nobody knows the hash the shape must do
		if found.secrets[f.WriterID] {
			if err := v.checkShape(ctx, secretsName(f.WriterID), maxMetadata); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkShape checks that an object that nothing names by its hash is a whole age file. It is read
// to its end and not kept.
func (v *verifier) checkShape(ctx context.Context, name string, limit int64) error {
	err := v.readShape(ctx, name, limit)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		v.problem(name, err)
	}
	return nil
}

func (v *verifier) readShape(ctx context.Context, name string, limit int64) error {
	size, err := v.dst.Stat(ctx, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if size > limit {
		return damagedObject(name, "it is longer than it can be")
	}
	r, err := v.dst.Get(ctx, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer r.Close() // read only: an error of Close says nothing about the bytes
	read := &counter{r: io.LimitReader(r, size+1)}
	_, err = crypto.ContentLengthOf(read, size)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if _, err := io.Copy(io.Discard, read); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if read.n != size {
		return damagedObject(name, "it is not as long as it is said to be")
	}
	return nil
}

// A counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// checkLostIndexes checks the shape of the indexes of commits that cannot be read.
func (v *verifier) checkLostIndexes(ctx context.Context, chains []*chain, found *listing) error {
	for _, ch := range chains {
		for _, p := range ch.problems {
			writer, seq, ok := parseCommitName(p.Object)
			name := indexName(writer, seq)
			read := slices.ContainsFunc(ch.commits, func(c *Commit) bool { return c.Seq == seq })
			if _, there := found.indexes[name]; ok && there && !read {
				if err := v.checkShape(ctx, name, maxIndexFile); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
