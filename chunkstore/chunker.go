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
// It is the innermost loop of the whole program. Bytes are added by twos, whose sum does
// not wait for the hash before them. Of sixteen it is only asked whether a chunk ends
// among them; the loop below finds where.
func (t *cutTable) search(hash uint64, b []byte, limit uint64) (int, uint64) {
	i := 0
	for one, two := uint64(0), hash; len(b)-i >= 16; i += 16 {
		x := b[i : i+16 : i+16]
		if one, two = t.rollTwo(two, x[0], x[1]); one < limit || two < limit {
			break
		}
		if one, two = t.rollTwo(two, x[2], x[3]); one < limit || two < limit {
			break
		}
		if one, two = t.rollTwo(two, x[4], x[5]); one < limit || two < limit {
			break
		}
		if one, two = t.rollTwo(two, x[6], x[7]); one < limit || two < limit {
			break
		}
		if one, two = t.rollTwo(two, x[8], x[9]); one < limit || two < limit {
			break
		}
		if one, two = t.rollTwo(two, x[10], x[11]); one < limit || two < limit {
			break
		}
		if one, two = t.rollTwo(two, x[12], x[13]); one < limit || two < limit {
			break
		}
		if one, two = t.rollTwo(two, x[14], x[15]); one < limit || two < limit {
			break
		}
		hash = two
	}
	for ; i < len(b); i++ {
		hash = hash<<1 + t[b[i]]
		if hash < limit {
			return i + 1, 0
		}
	}
	return 0, hash
}

// rollTwo returns the hash after one byte more and after two.
func (t *cutTable) rollTwo(hash uint64, x, y byte) (one, two uint64) {
	s := t[x]
	return hash<<1 + s, hash<<2 + (s<<1 + t[y])
}
