package chunkstore

import (
	"encoding/binary"

	"telekeep/crypto"
)

// Where streams are cut. These constants are part of the format.
const (
	minCut    = 512 << 10 // no chunk but the last is shorter or as short
	normalCut = 896 << 10 // up to here a cut is rare, after it four times as likely
	rareCut   = uint64(1) << 44
	easyCut   = uint64(1) << 46
	cutWindow = 64 // bytes that decide about a cut
)

// A cutTable holds the numbers that the rolling hash adds up, made from the chunker
// key. It is large enough that callers share one by pointer.
type cutTable [256]uint64

func newCutTable(key crypto.Key) *cutTable {
	var t cutTable
	h := key.Hasher()
	for i := range 64 {
		block := h.ID([]byte{byte(i)})
		for j := range 4 {
			t[4*i+j] = binary.LittleEndian.Uint64(block[8*j:])
		}
	}
	return &t
}

// A chunker finds where the chunk that is being filled ends. It remembers how far it
// has looked, so bytes are looked at once however they arrive.
type chunker struct {
	table  *cutTable
	looked int    // length of the part of the chunk that has no cut
	hash   uint64 // over the last bytes of that part
}

// next looks for the end of the chunk in b, which holds the bytes from the chunk's
// start on: at least those of the call before. It returns the chunk's length, or 0 if
// it does not end in b.
func (c *chunker) next(b []byte) int {
	if len(b) <= minCut {
		return 0
	}
	if c.looked == 0 {
		c.hash = c.table.roll(0, b[minCut-cutWindow:minCut])
		c.looked = minCut
	}
	n := c.search(b[:min(len(b), normalCut)], rareCut)
	if n == 0 {
		n = c.search(b[:min(len(b), MaxChunk-1)], easyCut)
	}
	if n == 0 && len(b) >= MaxChunk {
		n = MaxChunk
	}
	if n != 0 {
		c.looked = 0
	}
	return n
}

// search goes on to the end of b and returns where the hash is below the limit
// first, or 0.
func (c *chunker) search(b []byte, limit uint64) int {
	if len(b) <= c.looked {
		return 0
	}
	n, hash := c.table.search(c.hash, b[c.looked:], limit)
	if n != 0 {
		return c.looked + n
	}
	c.looked, c.hash = len(b), hash
	return 0
}

// roll adds bytes to the hash.
func (t *cutTable) roll(hash uint64, b []byte) uint64 {
	for _, x := range b {
		hash = hash<<1 + t[x]
	}
	return hash
}

// search rolls through b until the hash is below the limit and returns how many
// bytes that took, or 0 and the hash after all of b.
//
// Four bytes are done at once: their sums do not wait for the hash before them, which
// nearly doubles the speed. It is the innermost loop of the whole program.
func (t *cutTable) search(hash uint64, b []byte, limit uint64) (int, uint64) {
	i := 0
	for ; len(b)-i >= 4; i += 4 {
		x := b[i : i+4 : i+4]
		s0 := t[x[0]]
		s1 := s0<<1 + t[x[1]]
		s2 := s1<<1 + t[x[2]]
		s3 := s2<<1 + t[x[3]]
		if hash<<1+s0 < limit {
			return i + 1, 0
		}
		if hash<<2+s1 < limit {
			return i + 2, 0
		}
		if hash<<3+s2 < limit {
			return i + 3, 0
		}
		hash = hash<<4 + s3
		if hash < limit {
			return i + 4, 0
		}
	}
	for ; i < len(b); i++ {
		hash = hash<<1 + t[b[i]]
		if hash < limit {
			return i + 1, 0
		}
	}
	return 0, hash
}
