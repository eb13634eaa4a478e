package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"telekeep/crypto"
)

// A Remover is a Destination that objects can be removed from. What is not there is no
// error.
type Remover interface {
	Destination
	Remove(ctx context.Context, name string) error
}

// ErrTooEarly says that retired packs must lie for longer.
var ErrTooEarly = errors.New("it is too early to delete retired packs")

// ErrStillNeeded says that retired packs hold what stands nowhere else and is needed.
var ErrStillNeeded = errors.New("retired packs hold what is needed")

// A RetiredPack is one that does not belong to the vault any more and lies there still.
type RetiredPack struct {
	Object
	By *Commit // that retired it
}

// Retired lists the retired packs of a writer that lie at a place, ascending by hash.
// They are those on which an owner agreed.
func (r *Reader) Retired(ctx context.Context, dst Destination, writer string) ([]RetiredPack, error) {
	found, err := listVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	var packs []RetiredPack
	for h, c := range r.retired {
		if _, there := found.packs[h]; !there || c.Writer != writer {
			continue
		}
		i := slices.IndexFunc(c.Retired, func(p Object) bool { return p.Hash == h })
		packs = append(packs, RetiredPack{c.Retired[i], c})
	}
	slices.SortFunc(packs, func(a, b RetiredPack) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	return packs, nil
}

// DeleteOptions says what DeleteRetired goes by.
type DeleteOptions struct {
	Writer string
	Wanted func(crypto.ID) bool // as in PruneOptions
	// Before is the moment at which a commit that retires packs must have been made at
	// the latest. That is not all: the clock that wrote it can have been wrong.
	Before time.Time
	// All reads all places that hold the vault; nil if there is one. A pack that a commit
	// takes back that has not reached this place stays.
	All      *Reader
	Progress func(done, total int64) // bytes of packs that were read to be sure; may be nil
}

// DeleteRetired removes retired packs of a writer from a place for good, and returns how
// many and how many bytes. r must have been opened on that place.
//
// It removes nothing unless the vault is whole there, everything that is needed stands in
// packs that stay, and the packs that were stored instead can be read. Of each commit
// that retires packs it wants besides that it is old enough and that the writer went on:
// a later commit is there too. ErrTooEarly, if that holds for none. It can be stopped
// anywhere and called again.
//
// The caller commits first: what Reinstate noted must not wait for a commit.
func (r *Reader) DeleteRetired(ctx context.Context, dst Remover, o DeleteOptions) (packs int, size int64, err error) {
	if len(r.faults) > 0 {
		return 0, 0, fmt.Errorf("the vault is not whole: %w", r.faults[0])
	}
	all, err := r.Retired(ctx, dst, o.Writer)
	if o.All != nil {
		all = slices.DeleteFunc(all, func(p RetiredPack) bool { return o.All.retired[p.Hash] == nil })
	}
	if err != nil || len(all) == 0 {
		return 0, 0, err
	}
	due := slices.DeleteFunc(all, func(p RetiredPack) bool { return !p.By.Time.Before(o.Before) || !r.wentOn(p.By) })
	if len(due) == 0 {
		return 0, 0, ErrTooEarly
	}
	if err := r.checkStaying(ctx, dst, o.Wanted); err != nil {
		return 0, 0, err
	}
	if err := r.readReplacements(ctx, dst, due, o.Progress); err != nil {
		return 0, 0, err
	}
	for _, p := range due {
		if err := dst.Remove(ctx, packName(p.Hash)); err != nil {
			return packs, size, fmt.Errorf("delete %s: %w", packName(p.Hash), err)
		}
		packs, size = packs+1, size+p.Size
	}
	return packs, size, nil
}

// wentOn reports whether the writer made another commit after c.
func (r *Reader) wentOn(c *Commit) bool {
	return slices.ContainsFunc(r.commits, func(later *Commit) bool { return later.Writer == c.Writer && later.Seq > c.Seq })
}

// checkStaying makes sure that everything that is needed is in packs that stay, and that
// those are there.
func (r *Reader) checkStaying(ctx context.Context, dst Destination, wanted func(crypto.ID) bool) error {
	problems, err := Absent(ctx, dst, r.commits)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return fmt.Errorf("the vault is not whole: %w", problems[0])
	}
	needed := r.recordChunks()
	lost := 0
	r.index.each(func(places []chunkPlace) {
		if id := places[0].ID; r.index.retired[places[0].pack] && (needed[id] || wanted(id)) {
			lost++
		}
	})
	if lost > 0 {
		return fmt.Errorf("%w: %d chunks", ErrStillNeeded, lost)
	}
	return nil
}

// readReplacements reads the packs that were stored by the commits that retired others.
func (r *Reader) readReplacements(ctx context.Context, dst Destination, due []RetiredPack, progress func(done, total int64)) error {
	var packs []Object
	seen := make(map[*Commit]bool)
	for _, p := range due {
		if !seen[p.By] {
			seen[p.By] = true
			packs = append(packs, p.By.Packs...)
		}
	}
	var done, total int64
	for _, p := range packs {
		total += p.Size
	}
	for _, p := range packs {
		if r.retired[p.Hash] != nil {
			continue // by a later prune, which has others in its place
		}
		if err := r.readPack(ctx, dst, p); err != nil {
			return fmt.Errorf("what was stored in the place of retired packs: %w", err)
		}
		if done += p.Size; progress != nil {
			progress(done, total)
		}
	}
	return nil
}

// readPack reads a pack at a place, and every chunk in it.
func (r *Reader) readPack(ctx context.Context, dst Destination, p Object) error {
	codec, err := newDecompressor(1)
	if err != nil {
		return err
	}
	defer codec.close()
	v := &verifier{dst: dst, key: r.key}
	w := &packChecker{verifier: v, step: make([]byte, readStep), hasher: r.key.IDKey.Hasher(), codec: codec}
	if err := w.check(ctx, p); err != nil {
		return fmt.Errorf("%s: %w", packName(p.Hash), err)
	}
	return nil
}

// Reinstate takes retired packs that lie there still back into the vault, with the next
// Commit of w. Each is opened, and its directory read.
func (r *Reader) Reinstate(ctx context.Context, w *Writer, packs []RetiredPack) error {
	for _, p := range packs {
		if p.By.Writer != w.secrets().WriterID {
			return errors.New("the packs are another writer's")
		}
		dir, err := r.directoryOf(ctx, p.Object)
		if err != nil {
			return err
		}
		if err := w.state.addPending(p.Object, dir); err != nil {
			return err
		}
	}
	return nil
}
