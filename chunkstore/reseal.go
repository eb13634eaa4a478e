package chunkstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"telekeep/crypto"
)

// ErrStaleWriter says that a writer seals to an earlier vault key than the newest.
var ErrStaleWriter = errors.New("the writer has not taken the newest vault key")

// resealBatch is how many bytes of packs are stored once more before a commit retires them:
// so much work at most is done again after a stop.
const resealBatch = 512 << 20

// A ResealPlan says which packs an earlier vault key opens.
type ResealPlan struct {
	Writer string
	Packs  []Object // of the writer, oldest first
	Bytes  int64    // of Packs
	// Done are packs of the writer that no earlier key opens.
	Done      int
	DoneBytes int64
	// Others are packs of other writers that an earlier key opens. Each writer's machine
	// seals its own anew.
	Others int

	numbers []uint32 // of Packs in the Reader's index
	batch   int64    // resealBatch
}

// PlanReseal finds the packs that an earlier vault key opens. Of each pack that is not
// retired the head is read. A Reader of a damaged vault plans nothing.
func (r *Reader) PlanReseal(ctx context.Context, writer string) (*ResealPlan, error) {
	switch {
	case len(r.faults) > 0:
		return nil, fmt.Errorf("the vault is not whole: %w", r.faults[0])
	case r.key.conflict:
		return nil, ErrKeyConflict
	}
	plan := &ResealPlan{Writer: writer, batch: resealBatch}
	writers := r.writersOfPacks()
	for i, p := range r.index.packs {
		if r.index.retired[i] {
			continue
		}
		old, err := r.isSealedToEarlier(ctx, p)
		switch mine := writers[p.Hash] == writer; {
		case err != nil:
			return nil, err
		case old && mine:
			plan.Packs, plan.numbers, plan.Bytes = append(plan.Packs, p), append(plan.numbers, uint32(i)), plan.Bytes+p.Size
		case old:
			plan.Others++
		case mine:
			plan.Done, plan.DoneBytes = plan.Done+1, plan.DoneBytes+p.Size
		}
	}
	return plan, nil
}

func (r *Reader) isSealedToEarlier(ctx context.Context, p Object) (bool, error) {
	if len(r.key.Older) == 0 {
		return false, nil
	}
	_, err := openPackFile(ctx, r.dst, p, r.key.Identity)
	if errors.Is(err, crypto.ErrWrongKey) {
		return true, nil
	}
	return false, err
}

// Reseal stores all chunks of the plan's packs once more, in packs sealed to the newest vault
// key, and retires the old ones. It commits after every 512 MiB: what it did until it was stopped
// is done, and another plan has the rest. At no time is anything needed in a retired
// pack alone. The old packs lie there until DeleteRetired.
//
// Nothing is judged: what nobody needs is stored once more as well. Memory does not grow with
// the packs, but for 4 bytes per chunk. ErrStaleWriter if w seals to an earlier key. r must have
// been opened since the last commit of w, and nobody else may use w.
func (r *Reader) Reseal(ctx context.Context, w *Writer, p *ResealPlan, progress func(done, total int64)) error {
	switch {
	case p.Writer != w.secrets().WriterID:
		return errors.New("the plan is for packs of another writer")
	case w.secrets().sealTo().String() != r.key.Identity.Recipient().String():
		return ErrStaleWriter
	}
	chunks := r.chunksOf(p.numbers)
	var done int64
	for first := 0; first < len(p.Packs); {
		last, size := first, int64(0)
		for last < len(p.Packs) && (last == first || size+p.Packs[last].Size <= p.batch) {
			size += p.Packs[last].Size
			last++
		}
		n := 0
		for n < len(chunks) && r.index.chunks[chunks[n]].pack <= p.numbers[last-1] {
			n++
		}
		batch := slices.Clone(p.Packs[first:last])
		err := r.resealBatch(ctx, w, batch, chunks[:n], func(stored int64) {
			if progress != nil {
				progress(done+min(stored, size), p.Bytes)
			}
		})
		if err != nil {
			return err
		}
		done, first, chunks = done+size, last, chunks[n:]
	}
	return nil
}

// chunksOf are the positions of the chunks of some packs in the index, by pack and offset: each
// pack is read once, from its begin to its end.
func (r *Reader) chunksOf(packs []uint32) []uint32 {
	chosen := make([]bool, len(r.index.packs))
	for _, n := range packs {
		chosen[n] = true
	}
	var chunks []uint32
	for i := range r.index.chunks {
		if chosen[r.index.chunks[i].pack] {
			chunks = append(chunks, uint32(i))
		}
	}
	slices.SortFunc(chunks, func(a, b uint32) int {
		x, y := &r.index.chunks[a], &r.index.chunks[b]
		return cmp.Or(cmp.Compare(x.pack, y.pack), cmp.Compare(x.Offset, y.Offset))
	})
	return chunks
}

// resealBatch stores the chunks of some packs once more and commits that the packs are retired.
func (r *Reader) resealBatch(ctx context.Context, w *Writer, packs []Object, chunks []uint32, progress func(stored int64)) error {
	if err := w.forgetPacks(packs); err != nil {
		return err
	}
	var stored int64
	for some := range slices.Chunk(chunks, 64) {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(4)
		for _, i := range some {
			stored += int64(r.index.chunks[i].Stored)
			group.Go(func() error { return r.move(ctx, w, r.index.chunks[i].ID) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		progress(stored)
	}
	slices.SortFunc(packs, func(a, b Object) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	if err := w.retireNext(r.key, packs); err != nil {
		return err
	}
	if _, err := w.Commit(ctx, nil); err != nil {
		return fmt.Errorf("commit what is sealed anew: %w", err)
	}
	return nil
}
