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

// Commit makes everything durable that was written and set before it was called, and
// ties it to records: the ids of the chunks of the record stream that this commit
// adds, in order. It waits for the workers, stores what is open, then the index, then
// the commit, each durable before the next. Nothing new means (nil, nil) and no file.
//
// If it fails, what is stored stays stored and Commit can be called again with the
// same records. Should the failed one have reached the vault after all, it is found
// there, its records are not written twice, and it is what is returned.
func (w *Writer) Commit(ctx context.Context, records []crypto.ID) (*Commit, error) {
	w.committing.Lock()
	defer w.committing.Unlock()
	if w.closed {
		return nil, ErrClosed
	}
	w.pipeline.retry()
	if err := w.pipeline.flush(ctx); err != nil {
		return nil, fmt.Errorf("store packs: %w", err)
	}
	landed, err := w.settle(ctx, records)
	if err != nil {
		return nil, err
	}
	if landed != nil {
		records = nil
		if slices.Equal(landed.Retired, w.retiring.packs) {
			w.retiring = retirement{}
		}
	}
	next, err := w.prepare(records)
	if err != nil || next == nil {
		return landed, errors.Join(err, w.freeMemory())
	}
	c, err := w.publish(ctx, next)
	if err != nil {
		w.unsure = true
		return nil, err
	}
	w.retiring = retirement{}
	w.pipeline.committed()
	w.resume.settled(next.changes)
	return c, w.freeMemory()
}

// freeMemory gives up what nobody needs until there is something to store again.
func (w *Writer) freeMemory() error {
	return errors.Join(w.pipeline.freeMemory(), w.state.shrink())
}

// settle finds out what became of a Commit that failed. It returns that commit if it
// reached the vault with these records.
func (w *Writer) settle(ctx context.Context, records []crypto.ID) (*Commit, error) {
	if !w.unsure {
		return nil, nil
	}
	found, err := w.catchUp(ctx)
	if err != nil {
		return nil, err
	}
	w.unsure = false
	for _, f := range found {
		if slices.Equal(f.records, records) {
			return f.commit, nil
		}
	}
	return nil, nil
}

// A draft is what the next commit has to say.
type draft struct {
	records []crypto.ID
	packs   []Object
	changes []change
}

// prepare gathers what is new; nil if nothing is.
func (w *Writer) prepare(records []crypto.ID) (*draft, error) {
	for _, id := range records {
		known, err := w.state.has(id)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, fmt.Errorf("%w: %s was never written to a stream", ErrUnknownChunk, id)
		}
	}
	packs, err := w.state.pending()
	if err != nil {
		return nil, err
	}
	changes, err := w.resume.changes()
	if err != nil {
		return nil, err
	}
	if len(records) == 0 && len(packs) == 0 && len(changes) == 0 && len(w.retiring.packs) == 0 {
		return nil, nil
	}
	return &draft{records, packs, changes}, nil
}

// publish stores index and commit and takes the commit over as if somebody else had
// written it: the code that recovers is the code that runs every time.
func (w *Writer) publish(ctx context.Context, d *draft) (*Commit, error) {
	if err := w.checkHead(ctx); err != nil {
		return nil, err
	}
	w.refreshKeys(ctx)
	index, err := w.sealIndex(d)
	if err != nil {
		return nil, err
	}
	seq, err := w.storeIndex(ctx, index)
	if err != nil {
		return nil, err
	}
	c := &Commit{
		Vault:    w.secrets().VaultID,
		Writer:   w.secrets().WriterID,
		Seq:      seq,
		Time:     w.now().UTC().Truncate(time.Second),
		Previous: w.last.Load().hash,
		Index:    Object{hashOf(index), int64(len(index))},
		Packs:    d.packs,
		Keys:     w.keys,
	}
	if err := w.retiring.sign(c); err != nil {
		return nil, err
	}
	file := c.sign(w.secrets().SigningKey)
	if len(file) > maxCommitFile {
		return nil, fmt.Errorf("%w: a commit of %d packs", ErrTooLarge, len(d.packs))
	}
	if err := storeObject(ctx, w.dst, commitName(c.Writer, c.Seq), file); err != nil {
		return nil, err
	}
	_, err = w.takeOver(c, index, false)
	return c, err
}

// refreshKeys looks which key files are there now: an owner may have been added or removed
// since the Writer was opened. Should that fail, the commit lists what the last one did.
func (w *Writer) refreshKeys(ctx context.Context) {
	if names, err := listKeysFolder(ctx, w.dst); err != nil || slices.Equal(names, w.keyNames) && w.keyOwner == w.secrets().OwnerKey {
		return // an object is never changed: the same names are the same keys
	}
	vault := &Vault{ID: w.secrets().VaultID, Recipient: w.secrets().VaultRecipient}
	found, err := w.readKeys(ctx, vault)
	if err != nil {
		return
	}
	w.keys = nextKeys(w.keys, found)
}

// sealIndex makes the bytes of the index.
func (w *Writer) sealIndex(d *draft) ([]byte, error) {
	ix, err := newIndexWriter()
	if err != nil {
		return nil, err
	}
	ix.records(d.records)
	ix.packs(len(d.packs))
	for _, p := range d.packs {
		dir, err := w.state.pendingDirectory(p)
		if err != nil {
			return nil, err
		}
		ix.pack(p, dir)
	}
	ix.changes(d.changes)
	return ix.seal(w.secrets().sealTo(), w.secrets().IndexIdentity.Recipient())
}

// storeIndex stores the index under the next number that is free and returns it. One
// that is taken has an index and no commit: a writer was stopped between the two.
func (w *Writer) storeIndex(ctx context.Context, index []byte) (uint64, error) {
	for seq := w.last.Load().seq + 1; seq <= maxSeq; seq++ {
		err := storeObject(ctx, w.dst, indexName(w.secrets().WriterID, seq), index)
		if !errors.Is(err, fs.ErrExist) {
			return seq, err
		}
		_, err = w.dst.Stat(ctx, commitName(w.secrets().WriterID, seq))
		if err == nil {
			return 0, fmt.Errorf("%w: commit %d is there already", ErrForked, seq)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("look for a commit: %w", err)
		}
	}
	return 0, fmt.Errorf("%w: there is no number left for a commit", ErrTooLarge)
}

// takeOver makes a commit that is in the vault part of the state. lost says that the
// one before it is not.
func (w *Writer) takeOver(c *Commit, index []byte, lost bool) (records []crypto.ID, err error) {
	records, err = w.state.apply(c, index, w.secrets().IndexIdentity, lost)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", indexName(c.Writer, c.Seq), err)
	}
	w.last.Store(&head{c.Seq, c.Hash})
	return records, nil
}

// takeOverLost makes a commit whose index is lost part of the state: its packs, and
// that nobody knows what it changed.
func (w *Writer) takeOverLost(c *Commit) error {
	if err := w.state.applyLost(c); err != nil {
		return err
	}
	w.last.Store(&head{c.Seq, c.Hash})
	return nil
}
