package chunkstore

import (
	"crypto/sha256"
	"hash"
	"slices"

	"telekeep/internal/sha256pair"
)

// worthTogether is how many bytes two packs must be behind to be hashed together.
const worthTogether = 64 << 10

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

// hash hashes what is behind in a pack as far as another pack is behind too; if it is the
// last time, all of it. It unlocks meanwhile.
func (p *pipeline) hash(k *openPack, last bool) {
	for {
		other := p.behindToo(k)
		switch {
		case k.hash.busy && last:
			p.changed.Wait()
		case k.hash.busy || len(k.hash.behind()) == 0:
			return
		case other != nil:
			p.hashTwo(k, other)
		case last || !p.limits.hashTwo:
			p.hashOne(k)
		default:
			return
		}
	}
}

// hashFinished hashes a finished pack to its end, if there is one that nobody is at.
func (p *pipeline) hashFinished() bool {
	for _, k := range p.finished {
		if !k.hash.busy {
			p.hash(k, true)
			return true
		}
	}
	return false
}

// behindToo returns the pack that k is hashed together with, if both are far enough behind
// for it to pay: a finished one, or else the one that is furthest behind.
func (p *pipeline) behindToo(k *openPack) *openPack {
	if !p.limits.hashTwo || len(k.hash.behind()) < worthTogether {
		return nil
	}
	for _, packs := range [][]*openPack{p.finished, p.open} {
		var furthest *openPack
		most := worthTogether
		for _, other := range packs {
			if n := len(other.hash.behind()); other != k && !other.hash.busy && n >= most {
				furthest, most = other, n
			}
		}
		if furthest != nil {
			return furthest
		}
	}
	return nil
}

func (p *pipeline) hashTwo(k, other *openPack) {
	n := min(len(k.hash.behind()), len(other.hash.behind()))
	a, b := k.beginHash(n), other.beginHash(n)
	p.mu.Unlock()
	sha256pair.Write(k.hash.hash, a, other.hash.hash, b)
	p.mu.Lock()
	p.endHash(k)
	p.endHash(other)
}

func (p *pipeline) hashOne(k *openPack) {
	rest := k.beginHash(len(k.hash.behind()))
	p.mu.Unlock()
	k.hash.hash.Write(rest)
	p.mu.Lock()
	p.endHash(k)
}

// beginHash makes the hash busy with the next n bytes and returns them: a few more if
// that is the rest of a finished pack.
func (k *openPack) beginHash(n int) []byte {
	behind := k.hash.behind()
	if k.sealed != nil && len(behind)-n < worthTogether {
		n = len(behind)
	}
	k.hash.busy = true
	k.hash.hashed += n
	return behind[:n]
}

// endHash ends it. A finished pack that is hashed to its end has a name, and is next for the
// putters.
func (p *pipeline) endHash(k *openPack) {
	k.hash.busy = false
	if k.sealed != nil && len(k.hash.behind()) == 0 {
		k.hash.hash.Sum(k.sealed.name[:0])
		p.finished = slices.DeleteFunc(p.finished, func(other *openPack) bool { return other == k })
		p.sealed = append(p.sealed, k.sealed)
	}
	p.changed.Broadcast()
}
