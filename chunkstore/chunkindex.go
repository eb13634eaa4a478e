package chunkstore

import (
	"slices"

	"telekeep/crypto"
)

// A chunkIndex knows where every chunk of a vault is: 52 bytes each in one sorted
// list, because a map of a million chunks would take three times that.
type chunkIndex struct {
	packs   []Object
	chunks  []chunkPlace // sorted by id once sealed
	retired []bool       // of packs, once sealed
	known   map[Hash]bool
}

// A chunkPlace is one copy of a chunk.
type chunkPlace struct {
	dirEntry
	pack uint32 // position in packs
}

// add takes the chunks of one pack. One that was retired and taken back stands in two indexes.
func (x *chunkIndex) add(p Object, dir directory) {
	if x.known[p.Hash] {
		return
	}
	if x.known == nil {
		x.known = make(map[Hash]bool)
	}
	x.known[p.Hash] = true
	number := uint32(len(x.packs))
	x.packs = append(x.packs, p)
	x.chunks = slices.Grow(x.chunks, dir.len())
	for i := range dir.len() {
		x.chunks = append(x.chunks, chunkPlace{dir.entry(i), number})
	}
}

// sort makes find work; copies of a chunk stay in the order they came in, but for those in
// retired packs, which may be gone: they come last.
func (x *chunkIndex) sort(retired map[Hash]*Commit) {
	x.retired = make([]bool, len(x.packs))
	for i, p := range x.packs {
		x.retired[i] = retired[p.Hash] != nil
	}
	slices.SortStableFunc(x.chunks, func(a, b chunkPlace) int {
		if order := a.ID.Compare(b.ID); order != 0 || x.retired[a.pack] == x.retired[b.pack] {
			return order
		}
		if x.retired[a.pack] {
			return 1
		}
		return -1
	})
}

// belongs reports whether a pack that is not retired has the chunk.
func (x *chunkIndex) belongs(id crypto.ID) bool {
	places := x.find(id)
	return len(places) > 0 && !x.retired[places[0].pack]
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
