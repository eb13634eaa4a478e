package copies

import (
	"context"
	"errors"
	"slices"

	"telekeep/chunkstore"
)

// planSmall reads the small things that the copy lacks, and the entries of the writers of
// which it lacks commits.
func (c *catchUp) planSmall(ctx context.Context, p *plan) (map[string]*chunkstore.WriterEntry, error) {
	vault, err := chunkstore.ReadVault(ctx, c.handle.driver)
	if err != nil {
		return nil, c.to.failed(ctx, c.handle, err)
	}
	entries := make(map[string]*chunkstore.WriterEntry)
	for _, writer := range p.writers() {
		if entries[writer], err = c.planWriter(ctx, p, writer); err != nil {
			return nil, err
		}
	}
	if err := c.planKeys(ctx, p, vault, entries); err != nil {
		return nil, err
	}
	return entries, c.planTexts(ctx, p)
}

// writers returns the writers of which the copy lacks anything.
func (p *plan) writers() []string {
	var ids []string
	for name := range p.where {
		if id := chunkstore.ParseName(name).Writer; id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// planWriter returns a writer's entry, and plans entry and secrets if they lack. Nil means
// that nothing of this writer can be copied.
func (c *catchUp) planWriter(ctx context.Context, p *plan, id string) (*chunkstore.WriterEntry, error) {
	name := chunkstore.WriterName(id)
	var entry *chunkstore.WriterEntry
	check := func(data []byte) (err error) {
		if entry, err = chunkstore.ParseWriterEntry(data, c.set.o.Vault, id); err == nil && c.set.secrets() != nil {
			err = entry.CheckMAC(c.set.secrets().IDKey)
		}
		return err
	}
	var data []byte
	var err error
	_, there := p.there[name]
	if there {
		if data, err = readSmall(ctx, c.handle.driver, name, chunkstore.MaxSmall); err == nil {
			err = check(data)
		}
	} else {
		data, err = c.fetch(ctx, p, item{name: name, size: chunkstore.MaxSmall}, false, nil, check)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case there && err != nil && problemOf(name, err) == chunkstore.ProblemUnreadable:
		return nil, c.to.failed(ctx, c.handle, err)
	case err != nil:
		if !errors.Is(err, ErrLost) { // each source has told already
			c.bad(c.to.Name, name, err)
		}
		p.blocked = true
		return nil, nil
	}
	if err := c.planSecrets(ctx, p, entry); err != nil {
		return nil, err
	}
	if !there {
		p.addSmall(name, data)
	}
	return entry, nil
}

// planSecrets plans a writer's sealed secrets if they lack.
func (c *catchUp) planSecrets(ctx context.Context, p *plan, entry *chunkstore.WriterEntry) error {
	name := chunkstore.SecretsName(entry.ID)
	if p.where[name] == 0 {
		return nil
	}
	data, err := c.fetch(ctx, p, item{name: name, size: chunkstore.MaxSmall}, false, nil, func(data []byte) error {
		return chunkstore.CheckBytes(name, data, chunkstore.Object{Hash: entry.SecretsHash, Size: int64(len(data))})
	})
	if err == nil {
		p.addSmall(name, data)
	}
	return ctx.Err()
}

// planKeys plans the owners' key files that lack: those that the newest commit lists, and in
// a vault without one all that can be key files.
func (c *catchUp) planKeys(ctx context.Context, p *plan, vault *chunkstore.Vault, entries map[string]*chunkstore.WriterEntry) error {
	removed, added, err := c.planNotes(ctx, p)
	if err != nil {
		return err
	}
	p.removed = removed
	if err := c.dropRemoved(ctx, p, removed); err != nil {
		return err
	}
	var names []string
	for name := range p.where {
		if _, gone := removed[name]; !gone && chunkstore.ParseName(name).Kind == chunkstore.KeyObject {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	listed, err := c.newestKeys(ctx, p, entries)
	if err != nil {
		return err
	}
	for _, name := range names {
		i := slices.IndexFunc(listed, func(k chunkstore.OwnerKey) bool { return k.Name == chunkstore.ParseName(name).Owner })
		want, sure := added[name]
		if i >= 0 {
			want, sure = chunkstore.Object{Hash: listed[i].Hash, Size: listed[i].Size}, true
		}
		if len(listed) > 0 && !sure {
			continue // that owner was removed, or is not listed yet
		}
		data, err := c.fetch(ctx, p, item{name: name, size: chunkstore.MaxSmall}, false, nil, func(data []byte) error {
			if sure {
				return chunkstore.CheckBytes(name, data, want)
			}
			return chunkstore.CheckKeyFile(vault, name, data)
		})
		if err == nil {
			p.addSmall(name, data)
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// newestKeys returns what the newest of all commits that list key files lists.
func (c *catchUp) newestKeys(ctx context.Context, p *plan, entries map[string]*chunkstore.WriterEntry) ([]chunkstore.OwnerKey, error) {
	var newest *chunkstore.Commit
	note := func(commit *chunkstore.Commit) {
		if len(commit.Keys) > 0 && (newest == nil || commit.Time.After(newest.Time)) {
			newest = commit
		}
	}
	lacking := p.lackingCommits()
	for id, seqs := range lacking {
		name := chunkstore.CommitName(id, seqs[len(seqs)-1])
		if entries[id] == nil {
			continue
		}
		_, err := c.fetch(ctx, p, item{name: name, size: chunkstore.MaxCommit}, false, nil, func(data []byte) error {
			commit, err := chunkstore.ParseCommit(name, data, c.set.o.Vault, entries[id])
			if err == nil {
				note(commit)
			}
			return err
		})
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	for id, h := range c.to.allHeads() {
		commit, err := readCommit(ctx, c.handle.driver, chunkstore.CommitName(id, h.Seq), c.set.o.Vault)
		if err == nil {
			note(commit)
		} else if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if newest == nil {
		return nil, nil
	}
	return newest.Keys, nil
}

// planTexts plans README.txt and recover.sh if they lack and are what they should be
// somewhere.
func (c *catchUp) planTexts(ctx context.Context, p *plan) error {
	return errors.Join(c.planText(ctx, p, chunkstore.ReadmeName), c.planText(ctx, p, chunkstore.RecoverName))
}

func (c *catchUp) planText(ctx context.Context, p *plan, text string) error {
	if p.where[text] == 0 {
		return nil
	}
	var owners []string
	for _, names := range []map[string]int64{p.there, p.whereNames()} {
		for name := range names {
			if n := chunkstore.ParseName(name); n.Kind == chunkstore.KeyObject {
				owners = append(owners, n.Owner)
			}
		}
	}
	for name := range p.removed { // the text is as old as the vault
		owners = append(owners, chunkstore.ParseName(name).Owner)
	}
	data, err := c.fetch(ctx, p, item{name: text, size: chunkstore.MaxSmall}, false, nil, func(data []byte) error {
		if !chunkstore.IsText(text, c.set.o.Vault, owners, data) {
			return errOtherText
		}
		return nil
	})
	if err == nil {
		p.addSmall(text, data)
	}
	return ctx.Err()
}

func (p *plan) whereNames() map[string]int64 {
	names := make(map[string]int64, len(p.where))
	for name := range p.where {
		names[name] = 0
	}
	return names
}

// addSmall plans a small thing.
func (p *plan) addSmall(name string, data []byte) {
	p.small = append(p.small, &object{ObjectName: chunkstore.ParseName(name), name: name, data: data})
}

// keepSmall keeps in the spool what a Writer needs to be opened when every place is away:
// vault.json, the owners' key files, the entries and secrets of the writers, and, if nothing
// newer is there, the newest commit of each writer and its index. What places fail to show
// now is kept another time.
func (s *Set) keepSmall(ctx context.Context) error {
	var names []string
	for _, folder := range []string{chunkstore.KeysFolder, chunkstore.WritersFolder, chunkstore.VaultName} {
		err := s.List(ctx, folder, func(name string, _ int64) error {
			names = append(names, name)
			return nil
		})
		if err != nil {
			return ctx.Err() // the places' states say why
		}
	}
	removed, err := chunkstore.RemovedKeys(ctx, s, s.o.Vault, s.ownerKey())
	if err != nil {
		return ctx.Err() // likewise
	}
	if names, err = s.forgetRemoved(ctx, names, removed); err != nil {
		return err
	}
	hashes := make(map[string]chunkstore.Hash)
	for writer, h := range s.knownHeads() {
		names = append(names, chunkstore.IndexName(writer, h.Seq), chunkstore.CommitName(writer, h.Seq))
		hashes[chunkstore.CommitName(writer, h.Seq)] = h.Hash
	}
	for _, name := range names {
		if err := s.keepOne(ctx, name, hashes[name]); err != nil {
			return err
		}
	}
	return nil
}

// keepOne keeps one object; a commit only if it has the hash that is known of it.
func (s *Set) keepOne(ctx context.Context, name string, hash chunkstore.Hash) error {
	n := chunkstore.ParseName(name)
	if n.Kind == chunkstore.ForeignObject || s.spool.waits(name) {
		return nil
	}
	if n.Seq > 0 && s.secrets() != nil && n.Writer != s.secrets().WriterID {
		return nil // another machine's
	}
	if n.Kind != chunkstore.VaultObject && n.Kind != chunkstore.KeyObject {
		if there, err := s.spool.keeps(ctx, name); there || err != nil {
			return err // it never changes
		}
	}
	data, err := readSmall(ctx, s, name, maxIndex)
	if err != nil {
		return ctx.Err() // the places' states say why
	}
	if n.Kind == chunkstore.CommitObject && chunkstore.HashOf(data) != hash {
		return nil // damaged where it was read
	}
	if valid, err := s.keepsValid(ctx, name, n); valid || err != nil {
		return err
	}
	return s.spool.keepAs(ctx, name, n, data)
}

// keepsValid reports whether vault.json or a key file is kept that can be one. Neither is ever
// rewritten, so what was kept first is what heals the copies: one of them that is alone, and bad,
// must not take its place.
func (s *Set) keepsValid(ctx context.Context, name string, n chunkstore.ObjectName) (bool, error) {
	switch n.Kind {
	case chunkstore.VaultObject:
		return s.spool.hasVault(ctx), ctx.Err()
	case chunkstore.KeyObject:
		return s.keptKey(ctx, name) != nil, ctx.Err()
	}
	return false, nil
}

// keptKey returns an owner's key file as it is kept; nil if it is not, or cannot be one.
func (s *Set) keptKey(ctx context.Context, name string) []byte {
	vault, err := chunkstore.ReadVault(ctx, s.spool.keep)
	if err != nil || vault.ID != s.o.Vault {
		return nil
	}
	data, err := readSmall(ctx, s.spool.keep, name, chunkstore.MaxSmall)
	if err != nil || chunkstore.CheckKeyFile(vault, name, data) != nil {
		return nil
	}
	return data
}

// maxIndex is how long an index is at most that is kept, in bytes.
const maxIndex = 2 << 30

// errOtherText says that README.txt or recover.sh is not the one that telekeep writes.
var errOtherText = errors.New("its text is not the one that telekeep writes")
