package chunkstore

import (
	"slices"

	"telekeep/crypto"
)

// A chunkIndex knows where every chunk of a vault is: 52 bytes each in one sorted
// list, because a map of a million chunks would take three times that.
type chunkIndex struct {
	packs  []Object
	chunks []chunkPlace // sorted by id once sealed
}

// A chunkPlace is one copy of a chunk.
type chunkPlace struct {
	dirEntry
	pack uint32 // position in packs
}

// add takes the chunks of one pack.
func (x *chunkIndex) add(p Object, dir directory) {
	number := uint32(len(x.packs))
	x.packs = append(x.packs, p)
	x.chunks = slices.Grow(x.chunks, dir.len())
	for i := range dir.len() {
		x.chunks = append(x.chunks, chunkPlace{dir.entry(i), number})
	}
}

// sort makes find work; copies of a chunk stay in the order they came in.
func (x *chunkIndex) sort() {
	slices.SortStableFunc(x.chunks, func(a, b chunkPlace) int { return a.ID.Compare(b.ID) })
}

// find returns all copies of a chunk.
func (x *chunkIndex) find(id crypto.ID) []chunkPlace {
	first, ok := slices.BinarySearchFunc(x.chunks, id, func(c chunkPlace, id crypto.ID) int { return c.ID.Compare(id) })
	if !ok {
		return nil
	}
	last := first
	for last < len(x.chunks) && x.chunks[last].ID == id {
		last++
	}
	return x.chunks[first:last]
}
