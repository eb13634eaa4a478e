package chunkstore

import (
	"crypto/sha256"
	"hash"

	"telekeep/internal/sha256pair"
)

// How far hashing may be behind sealing, in bytes.
const (
	worthTogether = 64 << 10 // from here on two packs are hashed together
	farBehind     = 16 << 20 // from here on one is hashed alone: it should not take long in the end
)

// A packHash is the SHA-256 of a pack that is being filled. It comes behind the sealing,
// so that two packs can be hashed at once, which takes little longer than one:
//
//	pack 1 │ hashed ──────────│ behind ───────────│ still to come
//	pack 2 │ hashed ────────────────│ behind ─────│ still to come
//	                                 ╰ as much of both is next
//
// All but hash is guarded by pipeline.mu.
type packHash struct {
	hash   hash.Hash // belongs to whoever made it busy
	busy   bool
	sealed []byte // the age file as far as it does not change any more
	hashed int    // bytes of it that hash has, or is being given
}

func newPackHash() packHash { return packHash{hash: sha256.New()} }

// behind returns what is not hashed yet.
func (h *packHash) behind() []byte { return h.sealed[h.hashed:] }

// sum returns the hash of a pack that is hashed to its end.
func (h *packHash) sum() (sum Hash) {
	h.hash.Sum(sum[:0])
	return sum
}

// hash hashes what is behind in a pack as far as another pack is behind too; if it is the
// last time, or has become too much, all of it. It unlocks meanwhile.
func (p *pipeline) hash(k *openPack, last bool) {
	for {
		other := p.behindToo(k)
		switch {
		case k.hash.busy && last:
			p.changed.Wait()
		case k.hash.busy || len(k.hash.behind()) == 0:
			return
		case other != nil:
			p.hashTwo(&k.hash, &other.hash)
		case last || !p.limits.hashTwo || len(k.hash.behind()) > farBehind:
			p.hashOne(&k.hash)
		default:
			return
		}
	}
}

// behindToo returns the pack that k is hashed together with: the one that is furthest
// behind, if both are far enough for it to pay.
func (p *pipeline) behindToo(k *openPack) *openPack {
	if !p.limits.hashTwo || len(k.hash.behind()) < worthTogether {
		return nil
	}
	var furthest *openPack
	most := worthTogether
	for _, other := range p.open {
		if n := len(other.hash.behind()); other != k && !other.hash.busy && n >= most {
			furthest, most = other, n
		}
	}
	return furthest
}

func (p *pipeline) hashTwo(a, b *packHash) {
	n := min(len(a.behind()), len(b.behind()))
	nextA, nextB := a.begin(n), b.begin(n)
	p.mu.Unlock()
	sha256pair.Write(a.hash, nextA, b.hash, nextB)
	p.mu.Lock()
	a.busy, b.busy = false, false
	p.changed.Broadcast()
}

func (p *pipeline) hashOne(h *packHash) {
	next := h.begin(len(h.behind()))
	p.mu.Unlock()
	h.hash.Write(next)
	p.mu.Lock()
	h.busy = false
	p.changed.Broadcast()
}

// begin makes the hash busy with the next n bytes and returns them.
func (h *packHash) begin(n int) []byte {
	next := h.behind()[:n]
	h.busy = true
	h.hashed += n
	return next
}
