package archive

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// worthRoom is how many bytes must have been taken since the last commit to make one for
// the room in the journal alone: less would litter the vault with small packs.
const worthRoom = 4 << 20

// step runs f, which takes one step or none. Where the journal's disk is full a commit
// empties the journal, and f runs once more. If the store used up what it kept for that
// commit, the journal must not take the room.
func (w *Writer) step(ctx context.Context, f func() error) error {
	if w.commitFirst.Swap(false) || w.store.Tight() && w.bytes.Load() >= worthRoom {
		if _, err := w.Commit(ctx); err != nil {
			return err
		}
	}
	err := w.gated(f)
	if !isNoSpace(err) || errors.Is(err, ErrBroken) || w.bytes.Load() < worthRoom {
		return err
	}
	if _, commitErr := w.Commit(ctx); commitErr != nil {
		return commitErr
	}
	return w.gated(f)
}

// gated runs f while there is no commit.
func (w *Writer) gated(f func() error) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if err := w.usable(); err != nil {
		return err
	}
	return f()
}

// do takes one step: into the journal, then its effect. A replay calls the same
// effects. The caller holds gate, and the lock that orders the step.
func (w *Writer) do(o *op, effect func(*op) error) error {
	if err := w.usable(); err != nil {
		return err
	}
	if w.forked() {
		return w.fail(errForeignCommit)
	}
	if err := w.journal.append(o); errors.Is(err, ErrTooLarge) || isNoSpace(err) {
		return err // nothing has happened
	} else if err != nil {
		return w.fail(err)
	}
	w.dirty.Store(true)
	w.stepped.Store(w.options.Now().UnixNano())
	return w.fail(effect(o))
}

// errForeignCommit says that somebody else used the store. The journal builds upon an earlier
// commit then, and a replay would take for stored what is not.
var errForeignCommit = errors.New("the vault was committed to by somebody else: its archive writer must be opened anew")

// forked reports whether the store has another last commit than the journal builds upon.
func (w *Writer) forked() bool {
	seq, hash := w.store.Head()
	return w.journal.forked(head{seq, hash})
}

// applyBatch is the effect of a batch.
func (w *Writer) applyBatch(o *op) error {
	size := int64(len(o.body))
	for key, value := range o.State {
		if err := w.store.Set(key, value); err != nil {
			return err
		}
		size += int64(len(key) + len(value))
	}
	w.bytes.Add(size)
	return w.addRecords(o.body, o.Records)
}

// pieceSize is how many bytes of records, at most, are put into one chunk: few enough
// that the store does not cut them itself. So most chunks begin with a record, and one
// that is lost costs no others.
const pieceSize = 512 << 10

// addRecords puts n encoded records into the record stream of the coming commit.
func (w *Writer) addRecords(encoded []byte, n int) error {
	if n == 0 {
		return nil
	}
	if w.records != nil && w.piece+len(encoded) > pieceSize {
		if err := w.endPiece(); err != nil {
			return err
		}
	}
	if w.records == nil {
		w.records, w.piece = w.store.NewStream(), 0
	}
	w.counts.Records += n
	w.piece += len(encoded)
	_, err := w.records.Write(encoded)
	return err
}

// endPiece ends the chunk that is being filled with records.
func (w *Writer) endPiece() error {
	if w.records == nil {
		return nil
	}
	ids, err := w.records.Close()
	w.records = nil
	w.roots = append(w.roots, ids...)
	return err
}

// applyBegin is the effect of a begin: the transfer starts where the state says
// that it got to. One of another size is given up.
func (w *Writer) applyBegin(o *op) error {
	if old := w.media[o.Key]; old != nil {
		if old.size == o.Size {
			return nil
		}
		old.stream.Abort()
	}
	value, ok, err := w.store.Get(statePrefixPartial + string(o.Key))
	if err != nil {
		return err
	}
	var from *progress
	if ok {
		// What cannot be read is of no use, and costs no more than a download.
		from, _ = parseProgress(value)
	}
	w.media[o.Key] = newTransfer(o.Key, o.Size, from, w.store.NewStream())
	return nil
}

// applyPart is the effect of a part.
func (w *Writer) applyPart(t *transfer, o *op) error {
	w.bytes.Add(int64(len(o.body)))
	return t.write(o.Off, o.body)
}

// applyFinish is the effect of a finish: the record of the file, and the state
// that says it is stored.
func (w *Writer) applyFinish(t *transfer, o *op) error {
	if err := t.close(); err != nil {
		return err
	}
	return w.stored(t, &Record{Kind: KindMedia, Seen: o.Seen, Media: t.file(o.Hashed)})
}

// stored appends the record of a file all chunks of which are in the store, and says in the
// state that it is stored.
func (w *Writer) stored(t *transfer, record *Record) error {
	encoded, err := AppendRecord(nil, record)
	if err != nil {
		return err
	}
	if err := w.addRecords(encoded, 1); err != nil {
		return err
	}
	if err := w.store.Set(statePrefixMedia+string(t.key), strconv.AppendInt(nil, t.size, 10)); err != nil {
		return err
	}
	delete(w.media, t.key)
	w.counts.MediaFiles++
	return w.forgetProgress(t.key)
}

// forgetProgress deletes what the state knows of a file in flight.
func (w *Writer) forgetProgress(key MediaKey) error {
	_, ok, err := w.store.Get(statePrefixPartial + string(key))
	if err != nil || !ok {
		return err
	}
	return w.store.Set(statePrefixPartial+string(key), nil)
}

// applyDrop is the effect of a drop: the transfer goes back to its last cut,
// which the state remembers.
func (w *Writer) applyDrop(t *transfer) error {
	if err := w.saveProgress(t); err != nil {
		return err
	}
	t.stream.Abort()
	delete(w.media, t.key)
	return nil
}

// saveProgress puts the last cut of t into the state if the state lags behind.
func (w *Writer) saveProgress(t *transfer) error {
	if err := t.trim(); err != nil {
		return err
	}
	if t.cut == t.saved {
		return nil
	}
	p, err := t.progress()
	if err != nil {
		return err
	}
	t.saved = t.cut
	return w.store.Set(statePrefixPartial+string(t.key), p.marshal())
}

// inFlight returns all media in flight in the order of their keys.
func (w *Writer) inFlight() []*transfer {
	all := make([]*transfer, 0, len(w.media))
	for _, t := range w.media {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *transfer) int { return strings.Compare(string(a.key), string(b.key)) })
	return all
}
