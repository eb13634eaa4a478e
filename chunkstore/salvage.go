package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// salvage reads what can be read of a vault that is not whole. What is lost in one place
// is taken from where else it stands:
//
//	vault.json      ◀─ the vault key in keys/ holds all of it
//	writer.json     ◀─ secrets.age, if it holds the vault's id key
//	a commit        ◀─ its index, if the chain proves that there was a commit
//	an index        ◀─ the directories in the packs; which chunks were records is lost
//
// Nothing is believed that a stranger could have put there: signatures are checked, and
// what is read without one is found by ids that only a writer of the vault can make.
func (r *Reader) salvage(ctx context.Context, o ReaderOptions) error {
	if err := r.salvageVault(ctx, o); err != nil {
		return err
	}
	writers, err := r.salvageWriters(ctx)
	if err != nil {
		return err
	}
	found, err := listVault(ctx, r.dst)
	if err != nil {
		return err
	}
	r.lostWriters(found)
	var chains []*chain
	for _, w := range writers {
		ch, err := readChain(ctx, r.dst, r.vault.ID, w)
		if err != nil {
			return err
		}
		chains = append(chains, ch)
	}
	r.retired = retiredBy(chains, r.believe)
	whole, err := r.salvageIndexes(ctx, chains, found)
	if err != nil {
		return err
	}
	if err := r.salvagePacks(ctx, found, whole); err != nil {
		return err
	}
	r.commits = mergeByTime(chains)
	r.index.sort(r.retired)
	return nil
}

// salvageVault opens the vault key, with vault.json or without it.
func (r *Reader) salvageVault(ctx context.Context, o ReaderOptions) error {
	vault, lost := OpenVault(ctx, r.dst)
	if errors.Is(lost, ErrUnknownFormat) || ctx.Err() != nil {
		return lost
	}
	if lost != nil {
		vault = &Vault{}
	}
	key, err := o.vaultKey(ctx, r.dst, vault)
	if err != nil && lost != nil {
		return lost // ErrNoVault says more than that there are no keys either
	}
	if err != nil {
		return err
	}
	r.key, r.vault = key, vault
	if lost == nil {
		return nil
	}
	r.fault(vaultName, lost)
	r.vault = &Vault{ID: key.VaultID, Recipient: key.first().Recipient()}
	return r.vault.readWriters(ctx, r.dst)
}

// salvageWriters returns the writers whose commits can be checked.
func (r *Reader) salvageWriters(ctx context.Context) ([]*WriterEntry, error) {
	bad := make(map[string]error)
	for _, f := range r.vault.Faults {
		bad[f.WriterID] = f.Err
	}
	var writers []*WriterEntry
	for _, w := range r.vault.Writers {
		w, err := r.genuine(ctx, w)
		if err != nil {
			bad[w.ID] = err
			continue
		}
		writers = append(writers, w)
	}
	for _, id := range slices.Sorted(maps.Keys(bad)) {
		p := r.fault(writerName(id), bad[id])
		w, err := r.writerFromSecrets(ctx, id)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			p.Lost = "what this writer stored: its commits cannot be checked"
			continue
		}
		writers = append(writers, w)
	}
	return writers, nil
}

// writerFromSecrets makes the entry of a writer from its sealed secrets. Anybody can seal
// some to the vault; only a writer of the vault knows its id key.
func (r *Reader) writerFromSecrets(ctx context.Context, id string) (*WriterEntry, error) {
	sealed, err := readObject(ctx, r.dst, secretsName(id))
	if err != nil {
		return nil, err
	}
	s, err := openSecrets(sealed, r.key, id)
	if err != nil {
		return nil, err
	}
	if s.IDKey != r.key.IDKey {
		return nil, fmt.Errorf("%w: %s", ErrForgedWriter, id)
	}
	return &WriterEntry{ID: id, VerifyKey: s.SigningKey.VerifyKey(), IndexRecipient: s.IndexIdentity.Recipient()}, nil
}

// lostWriters lists the writers that have commits and nothing else.
func (r *Reader) lostWriters(found *listing) {
	for _, id := range slices.Sorted(maps.Keys(found.commits)) {
		if !found.writers[id] {
			p := r.fault(writerName(id), fmt.Errorf("%w: there are commits of it", ErrMissing))
			p.Lost = "what this writer stored: its commits cannot be checked"
		}
	}
}

// salvageIndexes reads the indexes of all commits, and of those that are lost. It reports
// whether none is missing, so that every pack is accounted for.
func (r *Reader) salvageIndexes(ctx context.Context, chains []*chain, found *listing) (whole bool, err error) {
	whole = len(r.faults) == 0
	seen := make(map[Hash]bool) // indexes that belong somewhere
	for _, ch := range chains {
		for _, c := range ch.commits {
			seen[c.Index.Hash] = true
			err := r.loadIndex(ctx, c)
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			if err != nil {
				r.fault(indexName(c.Writer, c.Seq), err).Lost = fmt.Sprintf("the records of commit %d of writer %s; its media is still there", c.Seq, c.Writer)
				r.unindexed = append(r.unindexed, c.Packs...)
				whole = false
			}
		}
	}
	for _, ch := range chains {
		head := r.headOf(ch)
		if len(ch.problems) > 0 || head != nil {
			whole = false
		}
		if err := r.salvageChain(ctx, ch, head, found, seen); err != nil {
			return false, err
		}
	}
	return whole, nil
}

// headOf returns the remembered head of a chain if it is not there or cannot be read.
func (r *Reader) headOf(ch *chain) *Head {
	for _, h := range r.heads {
		there := func(c *Commit) bool { return c.Seq == h.Seq && c.Hash == h.Hash }
		if h.Seq > 0 && h.Vault == r.vault.ID && h.Writer == ch.writer.ID && !slices.ContainsFunc(ch.commits, there) {
			return &h
		}
	}
	return nil
}
