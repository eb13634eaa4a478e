package archive

import (
	"context"
	"fmt"
	"slices"

	"telekeep/crypto"
)

// Commit makes everything taken so far part of the vault: records, state, media
// that are finished, and the chunks of media in flight with the note how far they
// got. It waits for steps that are under way; steps that come meanwhile wait for
// it. With nothing new, or nothing but what Soft batches brought, it writes nothing and
// returns an empty Summary.
//
// If it fails, the Writer is broken (ErrBroken): whether the vault has the commit
// is only known when vault and Writer are opened again. Where the Summary is not
// nil beside an error, the commit is durable and only the journal failed.
func (w *Writer) Commit(ctx context.Context) (*Summary, error) {
	w.gate.Lock()
	defer w.gate.Unlock()
	if err := w.usable(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !w.dirty.Load() {
		return &Summary{}, nil
	}
	if err := w.settleMedia(); err != nil {
		return nil, w.fail(err)
	}
	roots, err := w.prepareCommit()
	if err != nil {
		return nil, w.fail(err)
	}
	c, err := w.store.Commit(ctx, roots)
	if err != nil {
		return nil, w.fail(fmt.Errorf("commit: %w", err))
	}
	done := w.counts
	done.Commit, done.Bytes = c, w.bytes.Swap(0)
	w.counts = Summary{}
	w.dirty.Store(false)
	if c == nil { // the steps changed nothing, and need not be replayed either
		done = Summary{}
	}
	var base head
	base.seq, base.hash = w.store.Head()
	if err := w.journal.rotate(base, w.carry()); err != nil {
		return &done, w.fail(fmt.Errorf("behind a commit: %w", err))
	}
	w.store.FillReserve() // now that the journal takes no room
	return &done, nil
}

// CommitAll is a Commit of what only the store has, too: packs that an earlier process left there.
func (w *Writer) CommitAll(ctx context.Context) (*Summary, error) {
	w.dirty.Store(true)
	return w.Commit(ctx)
}

// prepareCommit ends the record stream and notes how far media in flight got. It
// returns the chunks of the record stream.
func (w *Writer) prepareCommit() ([]crypto.ID, error) {
	for _, t := range w.inFlight() {
		if err := w.saveProgress(t); err != nil {
			return nil, err
		}
	}
	err := w.endPiece()
	roots := w.roots
	w.roots = nil
	return roots, err
}

// settleMedia gives up what is in flight of files that came another way in the meantime: they
// were taken out, begun again, and taken back (ReinstateMedia).
func (w *Writer) settleMedia() error {
	for _, t := range w.inFlight() {
		if t.held { // its MediaWriter goes on with it
			continue
		}
		_, stored, err := w.HasMedia(t.key)
		if err != nil {
			return err
		}
		if !stored {
			continue
		}
		t.stream.Abort()
		delete(w.media, t.key)
		w.idle = slices.DeleteFunc(w.idle, func(other *transfer) bool { return other == t })
		if err := w.forgetProgress(t.key); err != nil {
			return err
		}
	}
	return nil
}

// carry returns the steps that bring media in flight from their last cut, which
// the vault knows, to where they are.
func (w *Writer) carry() []*op {
	var ops []*op
	for _, t := range w.inFlight() {
		ops = append(ops, &op{Kind: opBegin, Key: t.key, Size: t.size})
		if len(t.tail) > 0 {
			ops = append(ops, &op{Kind: opPart, Key: t.key, Off: t.cut, body: t.tail})
		}
		for _, p := range t.early {
			ops = append(ops, &op{Kind: opPart, Key: t.key, Off: p.off, body: p.data})
		}
	}
	return ops
}
