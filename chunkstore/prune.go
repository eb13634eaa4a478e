package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"telekeep/crypto"
)

// PruneOptions says what PlanPrune goes by.
type PruneOptions struct {
	// Writer is whose packs may be retired. A machine knows of its own packs only which
	// chunks are in them, and would rely on chunks that are gone of another's.
	Writer string
	// Wanted reports whether a chunk is needed by anything of any writer that is to be
	// kept. The chunks of records always are, and it is not asked about them.
	Wanted func(crypto.ID) bool
	// MaxUnused is which part of a pack may be unused before what is used of it is stored
	// once more, so that the pack can go: 0.1 is a tenth.
	MaxUnused float64
}

// A PrunePlan says which packs are not worth their room.
type PrunePlan struct {
	Writer string
	Unused []Object // nothing in them is needed, ascending by hash
	Repack []Object // too little in them is needed, ascending by hash
	Stay   int      // packs of the writer that stay
	// Move are the chunks of Repack that are needed, and MoveBytes how many bytes those
	// take as they are stored.
	Move      []crypto.ID
	MoveBytes int64
	// Unwanted is how many bytes of what nobody needs stay in packs that are mostly needed.
	Unwanted int64
}

// FreedBytes is how many bytes the vault will be shorter, more or less: it is not known
// before how well the new packs are filled.
func (p *PrunePlan) FreedBytes() int64 {
	freed := -p.MoveBytes
	for _, o := range p.retired() {
		freed += o.Size
	}
	return freed
}

// retired are all packs that the plan retires, ascending by hash.
func (p *PrunePlan) retired() []Object {
	all := slices.Concat(p.Unused, p.Repack)
	slices.SortFunc(all, func(a, b Object) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	return all
}

// packUse is how much of a pack somebody needs.
type packUse struct {
	stored, used int64 // bytes of chunks
	move         []crypto.ID
}

// PlanPrune finds the packs of a writer of which too little is needed. A Reader of a
// damaged vault plans nothing: what cannot be read now may be found again later.
func (r *Reader) PlanPrune(o PruneOptions) (*PrunePlan, error) {
	if len(r.faults) > 0 {
		return nil, fmt.Errorf("the vault is not whole: %w", r.faults[0])
	}
	needed := r.recordChunks()
	uses := r.usePacks(func(id crypto.ID) bool { return needed[id] || o.Wanted(id) })
	plan := &PrunePlan{Writer: o.Writer}
	writers := r.writersOfPacks()
	for i, p := range r.index.packs {
		use := &uses[i]
		switch {
		case r.index.retired[i] || writers[p.Hash] != o.Writer:
		case use.used == 0:
			plan.Unused = append(plan.Unused, p)
		case float64(use.stored-use.used) > o.MaxUnused*float64(use.stored):
			plan.Repack = append(plan.Repack, p)
			plan.Move = append(plan.Move, use.move...)
			plan.MoveBytes += use.used
		default:
			plan.Stay++
			plan.Unwanted += use.stored - use.used
		}
	}
	for _, list := range [][]Object{plan.Unused, plan.Repack} {
		slices.SortFunc(list, func(a, b Object) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	}
	return plan, nil
}

// recordChunks are the chunks of all records of all writers.
func (r *Reader) recordChunks() map[crypto.ID]bool {
	needed := make(map[crypto.ID]bool)
	for _, ids := range r.records {
		for _, id := range ids {
			needed[id] = true
		}
	}
	return needed
}

// writersOfPacks says which writer's commits list each pack.
func (r *Reader) writersOfPacks() map[Hash]string {
	writers := make(map[Hash]string, len(r.index.packs))
	for _, c := range r.commits {
		for _, p := range c.Packs {
			writers[p.Hash] = c.Writer
		}
	}
	return writers
}

// usePacks counts what is needed of each pack. A chunk that stands in several packs is
// needed in the one of which most is needed anyway.
func (r *Reader) usePacks(wanted func(crypto.ID) bool) []packUse {
	uses := make([]packUse, len(r.index.packs))
	r.index.each(func(places []chunkPlace) {
		need := wanted(places[0].ID)
		for _, p := range places {
			uses[p.pack].stored += int64(p.Stored)
			if need {
				uses[p.pack].used += int64(p.Stored)
			}
		}
	})
	share := make([]float64, len(uses))
	for i := range uses {
		share[i] = float64(uses[i].used) / float64(max(1, uses[i].stored))
		uses[i].used = 0
	}
	r.index.each(func(places []chunkPlace) {
		if !wanted(places[0].ID) {
			return
		}
		best := places[0] // one of a pack that is not retired, if there is any
		for _, p := range places[1:] {
			if !r.index.retired[p.pack] && share[p.pack] > share[best.pack] {
				best = p
			}
		}
		use := &uses[best.pack]
		use.used += int64(best.Stored)
		use.move = append(use.move, best.ID)
	})
	return uses
}

// each calls f with all copies of each chunk.
func (x *chunkIndex) each(f func(places []chunkPlace)) {
	for first := 0; first < len(x.chunks); {
		last := first + 1
		for last < len(x.chunks) && x.chunks[last].ID == x.chunks[first].ID {
			last++
		}
		f(x.chunks[first:last])
		first = last
	}
}

// Repack stores once more what is needed of the packs that a plan retires. The next Commit
// of w then retires them; until then nothing has changed but that some chunks are stored
// twice. r must have been opened since the last commit of w.
func (r *Reader) Repack(ctx context.Context, w *Writer, p *PrunePlan, progress func(done, total int64)) error {
	if p.Writer != w.secrets().WriterID {
		return errors.New("the plan is for packs of another writer")
	}
	// Also those of Unused: a chunk may stand in several packs, and the writer knows it in any of them.
	if err := w.forgetPacks(p.retired()); err != nil {
		return err
	}
	var done int64
	for ids := range slices.Chunk(p.Move, 64) {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(4)
		for _, id := range ids {
			group.Go(func() error { return r.move(ctx, w, id) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if done += int64(len(ids)); progress != nil {
			progress(done, int64(len(p.Move)))
		}
	}
	return w.retireNext(r.key, p.retired())
}

// move stores one chunk once more. A stream that is as long as the chunk is cut nowhere
// else, because where a chunk ends depends on its own bytes only.
func (r *Reader) move(ctx context.Context, w *Writer, id crypto.ID) error {
	data, err := r.Chunk(ctx, id)
	if err != nil {
		return fmt.Errorf("read what is needed: %w", err)
	}
	s := w.NewStream()
	if _, err := s.Write(data); err != nil {
		s.Abort()
		return err
	}
	ids, err := s.Close()
	if err == nil && !slices.Equal(ids, []crypto.ID{id}) {
		return fmt.Errorf("chunk %s is cut anew into %d: was it made by another writer's cuts?", id, len(ids))
	}
	return err
}

// forgetPacks makes the writer store again what comes again of these packs.
func (w *Writer) forgetPacks(packs []Object) error {
	numbers, err := w.state.numbers(packs)
	if err != nil {
		return err
	}
	return w.state.forgetChunks(numbers)
}

// A retirement is what the next commit retires, and on whose word.
type retirement struct {
	packs []Object
	owner *VaultKey
}

// sign puts it into a commit that is otherwise complete.
func (t retirement) sign(c *Commit) error {
	if len(t.packs) == 0 {
		return nil
	}
	c.Retired = t.packs
	mac, ok := t.owner.ownerMAC(c)
	if !ok {
		return fmt.Errorf("retire packs: %w", ErrNotOwner)
	}
	c.Owner = mac
	return nil
}

// retireNext makes the next Commit retire packs, ascending by hash.
func (w *Writer) retireNext(key *VaultKey, packs []Object) error {
	w.committing.Lock()
	defer w.committing.Unlock()
	if w.closed {
		return ErrClosed
	}
	w.retiring = retirement{packs, key}
	return nil
}
