package chunkstore

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"telekeep/crypto"
)

// ResumeState returns the resume state that writers have left, taken from their indexes: what
// a new machine goes on from. writer chooses one; "" is all of them, where of a key that
// several have set the latest value counts. The whole state is held in memory.
func (r *Reader) ResumeState(ctx context.Context, writer string) (map[string][]byte, error) {
	state := make(map[string][]byte)
	for _, c := range r.commits { // by time
		if writer != "" && c.Writer != writer {
			continue
		}
		sealed, err := readIndexObject(ctx, r.dst, c)
		if err != nil {
			return nil, missing(indexName(c.Writer, c.Seq), err)
		}
		err = openIndex(sealed, indexVisitor{
			records: func([]crypto.ID) error { return nil },
			pack:    func(Object, directory) error { return nil },
			change: func(ch change) error {
				if ch.value == nil {
					delete(state, ch.key)
				} else {
					state[ch.key] = slices.Clone(ch.value)
				}
				return nil
			},
		}, r.key.identities()...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", indexName(c.Writer, c.Seq), err)
		}
	}
	return state, nil
}

// Inherit makes a resume state that of a writer which has committed nothing yet, with one
// commit. What others have stored it takes for stored; chunks it stores itself.
func (w *Writer) Inherit(ctx context.Context, state map[string][]byte) error {
	if seq, _ := w.Head(); seq > 0 {
		return fmt.Errorf("the writer has %d commits of its own", seq)
	}
	for _, key := range slices.Sorted(maps.Keys(state)) {
		if err := w.Set(key, state[key]); err != nil {
			return err
		}
	}
	_, err := w.Commit(ctx, nil)
	return err
}
