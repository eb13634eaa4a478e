package archive

import (
	"context"
	"errors"
	"fmt"

	"telekeep/chunkstore"
)

// openWriter is OpenWriter over any store.
func openWriter(ctx context.Context, s store, o WriterOptions) (*Writer, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	j, damage, err := openJournal(o.Journal, o.Secrets.IndexIdentity, o.Now, o.through)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	w := &Writer{store: s, options: o, journal: j, media: make(map[MediaKey]*transfer), used: s.Held() > 0}
	if damage != nil {
		w.found.Damage = damage
	}
	lost, err := w.mustForget()
	switch {
	case err == nil && lost > 0:
		err = w.catchUpForgetting(ctx, lost)
	case err == nil:
		err = w.catchUp(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// catchUp replays the journal. Behind it, everything is as it was when the last
// step returned, and nobody fetches any media.
func (w *Writer) catchUp(ctx context.Context) error {
	var now head
	now.seq, now.hash = w.store.Head()
	j := w.journal
	if len(j.chain) == 0 {
		j.base = now
		return nil
	}
	if j.base.seq > now.seq || j.base.seq == now.seq && j.base.hash != now.hash {
		return fmt.Errorf("%w: the journal builds upon commit %d, the vault's last is %d", chunkstore.ErrRollback, j.base.seq, now.seq)
	}
	committed := j.base.seq < now.seq
	passed := make(map[MediaKey]bool)
	damage, err := j.replay(ctx, func(o *op) error { return w.replay(o, committed, passed) })
	if err != nil {
		return fmt.Errorf("replay the journal: %w", err)
	}
	if damage != nil {
		w.found.Damage = damage
	}
	for key := range passed {
		if err := w.forgetProgress(key); err != nil {
			return err
		}
	}
	w.idle = w.inFlight()
	w.found.InFlight, w.found.Committed = len(w.idle), committed
	if !committed {
		return nil
	}
	w.bytes.Store(0)
	return j.rotate(now, w.carry())
}

// replay takes one entry of the journal. If committed is set, the vault holds
// its records and state already, and only media in flight count. Passed over are
// files that were in flight when they came another way; see settleMedia.
func (w *Writer) replay(o *op, committed bool, passed map[MediaKey]bool) error {
	if w.forgetting && o.Kind != opBatch {
		return nil // it went on from where a file is forgotten to have been
	}
	w.found.Steps++
	w.dirty.Store(w.dirty.Load() || !committed)
	switch o.Kind {
	case opBatch:
		if committed {
			return nil
		}
		w.found.Records += o.Records
		if w.forgetting {
			o.State = nil
		}
		return w.applyBatch(o)
	case opBegin:
		_, stored, err := w.HasMedia(o.Key)
		switch {
		case err != nil || stored && committed:
			return err
		case stored && w.used:
			return errUsedStore
		case stored:
			passed[o.Key] = true
			return nil
		}
		delete(passed, o.Key)
		return w.applyBegin(o)
	}
	t := w.media[o.Key]
	switch {
	case t == nil && (committed || passed[o.Key]):
		return nil // in the vault
	case t == nil:
		return errBadStep
	case o.Kind == opPart:
		w.found.MediaBytes += int64(len(o.body))
		return badStep(w.applyPart(t, o))
	case o.Kind == opFinish:
		return badStep(w.applyFinish(t, o))
	case o.Kind == opDrop:
		return w.applyDrop(t)
	}
	return errBadStep
}

// errUsedStore says that the store remembers steps that are about to be replayed.
// Going on could leave a file without its record.
var errUsedStore = errors.New("the vault must be opened anew before its archive writer is")

// badStep turns errors about the entry itself into errBadStep.
func badStep(err error) error {
	_, outside := errors.AsType[*RangeError](err)
	_, incomplete := errors.AsType[*IncompleteError](err)
	if outside || incomplete {
		return fmt.Errorf("%w: %w", errBadStep, err)
	}
	return err
}
