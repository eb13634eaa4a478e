package chunkstore

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"telekeep/crypto"
)

// salvagePacks lists the packs that are gone. If some index is lost (whole is false) it
// also opens every pack that no index names and reads the directory at its end: three
// short reads each.
func (r *Reader) salvagePacks(ctx context.Context, found *listing, whole bool) error {
	named := make(map[Hash]bool)
	for i, p := range r.index.packs {
		if !named[p.Hash] {
			r.checkPack(ctx, p, found, func() string { return r.contentOf(uint32(i)) })
		}
		named[p.Hash] = true
	}
	if whole {
		return nil
	}
	listed := make(map[Hash]Object) // by commits whose index is lost
	for _, p := range r.unindexed {
		if !named[p.Hash] {
			listed[p.Hash] = p
			r.checkPack(ctx, p, found, func() string { return unknownChunks })
		}
	}
	for _, h := range slices.SortedFunc(maps.Keys(found.packs), func(a, b Hash) int { return bytes.Compare(a[:], b[:]) }) {
		if named[h] {
			continue
		}
		p := Object{h, found.packs[h]}
		if other, ok := listed[h]; ok && other != p {
			continue // told already
		}
		dir, err := r.directoryOf(ctx, p)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			r.index.add(p, dir)
		} else if _, ok := listed[h]; ok {
			r.fault(packName(h), err).Lost = unknownChunks
		}
	}
	return nil
}

const unknownChunks = "chunks that no readable index names"

// checkPack lists a pack that is not there, or not as long as it should be.
func (r *Reader) checkPack(ctx context.Context, p Object, found *listing, lost func() string) {
	size, ok := found.packs[p.Hash]
	switch {
	case r.retired[p.Hash] != nil: // as far as it is there, it is of use
	case !ok:
		r.fault(packName(p.Hash), fmt.Errorf("%w: a commit lists it", ErrMissing)).Lost = lost()
	case size != p.Size && !sizedAnywhere(ctx, r.dst, packName(p.Hash), p.Size):
		r.fault(packName(p.Hash), wrongLength(size, p.Size)).Lost = lost()
	}
}

// contentOf says how much a pack of the index holds.
func (r *Reader) contentOf(pack uint32) string {
	n, size := 0, int64(0)
	for _, c := range r.index.chunks {
		if c.pack == pack {
			n++
			size += int64(c.Raw)
		}
	}
	return fmt.Sprintf("%d chunks, %d bytes", n, size)
}

// directoryOf opens a pack and reads its directory. Its chunks are checked by their ids
// when they are read.
func (r *Reader) directoryOf(ctx context.Context, p Object) (directory, error) {
	if p.Size < smallestBucket || p.Size > maxPackFile {
		return nil, fmt.Errorf("%w: no pack is %d bytes long", crypto.ErrDamaged, p.Size)
	}
	return anywhere(ctx, r.dst, func(dst Destination) (directory, error) {
		f, err := openPackFile(ctx, dst, p, r.key.identities()...)
		if err != nil {
			return nil, err
		}
		return f.directory(ctx)
	})
}
