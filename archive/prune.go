package archive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"telekeep/crypto"
)

// pruneBatch is how many files are taken out in one step.
const pruneBatch = 1000

// PruneMedia says of stored media files that they are not kept any more: with the next
// commit they count as missing (MissingPruned), and HasMedia does not know them. Their
// chunks are the vault's business. Detail says why, for people. State goes along with
// the first of them.
func (w *Writer) PruneMedia(ctx context.Context, files []*MediaFile, detail string, state map[string][]byte) error {
	for batch := range slices.Chunk(files, pruneBatch) {
		b := Batch{State: state}
		state = nil
		for _, f := range batch {
			b.Records = append(b.Records, &Record{
				Kind: KindMissing, Seen: w.options.Now().Unix(),
				Missing: &Missing{Key: f.Key, Size: f.Size, Reason: MissingPruned, Detail: detail},
			})
		}
		err := w.applyMedia(ctx, b, batch, func(*MediaFile) []byte { return nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// ReinstateMedia takes PruneMedia back for files whose chunks are in the vault; each
// needs all of its record (Snapshot.Pruned).
func (w *Writer) ReinstateMedia(ctx context.Context, files []*MediaFile) error {
	for batch := range slices.Chunk(files, pruneBatch) {
		var b Batch
		for _, f := range batch {
			b.Records = append(b.Records, &Record{Kind: KindMedia, Seen: w.options.Now().Unix(), Media: f})
		}
		err := w.applyMedia(ctx, b, batch, func(f *MediaFile) []byte { return strconv.AppendInt(nil, f.Size, 10) })
		if err != nil {
			return err
		}
	}
	return nil
}

// applyMedia applies a batch together with what the state knows of media files.
func (w *Writer) applyMedia(ctx context.Context, b Batch, files []*MediaFile, value func(*MediaFile) []byte) error {
	o, err := batchOp(b)
	if err != nil {
		return err
	}
	state := make(map[string][]byte, len(o.State)+len(files))
	for key, value := range o.State {
		state[key] = value
	}
	for _, f := range files {
		state[StoredKey(f.Key)] = value(f)
	}
	o.State = state
	return w.step(ctx, func() error {
		w.state.Lock()
		defer w.state.Unlock()
		return w.do(o, w.applyBatch)
	})
}

// PartialChunks are the chunks of media files that are half fetched: no record names
// them yet, and they are needed all the same.
func (w *Writer) PartialChunks() ([]crypto.ID, error) {
	var ids []crypto.ID
	err := w.store.Range(statePrefixPartial, func(_ string, value []byte) error {
		p, err := parseProgress(value)
		if err == nil { // else it begins anew, and needs none
			ids = append(ids, p.chunks...)
		}
		return nil
	})
	return ids, err
}

// Pruned lists the media files that were taken out with PruneMedia and did not come
// again, each with the whole record of when it was stored, in the order of their keys.
func (s *Snapshot) Pruned(ctx context.Context) ([]*MediaFile, error) {
	var files []*MediaFile
	reader := s.recordReader(ctx)
	for key, ref := range s.pruned {
		r, err := reader.at(ref.at)
		if err == nil && (r.Media == nil || r.Media.Key != key) {
			err = &FormatError{Offset: ref.at.offset(), Reason: "another record stands where a media file was"}
		}
		if err != nil {
			return nil, fmt.Errorf("record of media %s: %w", key, err)
		}
		files = append(files, r.Media)
	}
	slices.SortFunc(files, func(a, b *MediaFile) int { return cmp.Compare(a.Key, b.Key) })
	return files, nil
}

// takeMissing notes that a file is not stored. One that was stays stored, unless it was
// taken out.
func (s *Snapshot) takeMissing(m *Missing) {
	s.missing[m.Key] = m
	if ref, ok := s.media[m.Key]; ok && m.Reason == MissingPruned {
		s.pruned[m.Key] = ref
		delete(s.media, m.Key)
	}
}
