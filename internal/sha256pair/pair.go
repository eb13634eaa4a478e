package sha256pair

import (
	"crypto/sha256"
	"hash"
)

// shortest is the length in bytes from which on two sequences are hashed together. For
// less, taking the hashes in and out costs more than it saves.
const shortest = 4 << 10

// Fast reports whether Write is faster than one sequence after the other.
func Fast() bool { return fast }

// Write writes p to a and q to b, two hashes of crypto/sha256, together as far as the
// shorter of p and q reaches. Of other hashes it writes one after the other.
func Write(a hash.Hash, p []byte, b hash.Hash, q []byte) {
	if fast && min(len(p), len(q)) >= shortest {
		p, q = together(a, p, b, q)
	}
	a.Write(p)
	b.Write(q)
}

// together writes the beginnings of p and q and returns what is left of them.
func together(a hash.Hash, p []byte, b hash.Hash, q []byte) (restP, restQ []byte) {
	var s, r state
	p, ok := s.begin(a, p)
	if !ok {
		return p, q
	}
	q, ok = r.begin(b, q)
	if !ok {
		return p, q
	}
	n := min(len(p), len(q)) / sha256.BlockSize
	blocks(&s.words, &r.words, &p[0], &q[0], n)
	if s.end(a, n) {
		p = p[n*sha256.BlockSize:]
	}
	if r.end(b, n) {
		q = q[n*sha256.BlockSize:]
	}
	return p, q
}
