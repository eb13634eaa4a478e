package sha256pair

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
)

// A state is a hash of crypto/sha256 between two blocks:
//
//	"sha" 3 │ eight words, big-endian │ 64 bytes of a block that is not full │ length
//
// That is the form in which crypto/sha256 hands its state out. Package hash promises that
// a state in this form will be taken back for ever; that it will be handed out so is
// not promised, and what looks otherwise is not touched.
type state struct {
	words  [8]uint32
	length uint64
	form   [stateSize]byte
}

const (
	stateMagic  = "sha\x03"
	stateWords  = len(stateMagic)
	stateLength = stateWords + 8*4 + sha256.BlockSize
	stateSize   = stateLength + 8
)

// begin takes the state out of h, which it brings to the end of a block with the beginning
// of p, and returns the rest of p.
func (s *state) begin(h hash.Hash, p []byte) (rest []byte, ok bool) {
	if !s.read(h) {
		return p, false
	}
	n := int(-s.length % sha256.BlockSize)
	if n == 0 {
		return p, true
	}
	h.Write(p[:n])
	return p[n:], s.read(h)
}

func (s *state) read(h hash.Hash) bool {
	from, ok := h.(encoding.BinaryAppender)
	if !ok {
		return false
	}
	form, err := from.AppendBinary(s.form[:0])
	if err != nil || len(form) != stateSize || string(form[:stateWords]) != stateMagic {
		return false
	}
	copy(s.form[:], form)
	for i := range s.words {
		s.words[i] = binary.BigEndian.Uint32(form[stateWords+4*i:])
	}
	s.length = binary.BigEndian.Uint64(form[stateLength:])
	return true
}

// end gives the state, which is n blocks further, back to h. It reports whether h
// has taken it.
func (s *state) end(h hash.Hash, n int) bool {
	for i, w := range s.words {
		binary.BigEndian.PutUint32(s.form[stateWords+4*i:], w)
	}
	binary.BigEndian.PutUint64(s.form[stateLength:], s.length+uint64(n)*sha256.BlockSize)
	to, ok := h.(encoding.BinaryUnmarshaler)
	return ok && to.UnmarshalBinary(s.form[:]) == nil
}
