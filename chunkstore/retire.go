package chunkstore

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"telekeep/crypto"
)

// A commit can retire packs: from it on they do not belong to the vault, and may be
// deleted wherever that commit is. Nothing else ever makes a pack superfluous.
//
//	commit 7   packs A B C
//	commit 9   packs D          what is still needed of A and B, stored once more
//	           retired A B
//	           owner            MAC under a key that the vault key gives
//
// The writer's signature alone is not enough for that: whoever steals the machine that
// writes must not be able to talk the copies, or a reader, out of what is stored. The MAC
// can be made, and checked, by whoever opens the vault key. Without it nobody
// deletes, and a check without keys says that packs are retired and by which commit.

// retireContext derives the key of that MAC.
const retireContext = "telekeep 2026-11 retire packs 1"

// ErrRetired says that a chunk is not there because its pack was retired, and deleted.
var ErrRetired = errors.New("it was pruned")

// ErrNotOwner says that no owner has agreed to packs being retired.
var ErrNotOwner = errors.New("no owner agreed to it")

// parseRetired reads the two fields of a commit: there are both or none.
func (c *Commit) parseRetired(list []objectJSON, owner string) (err error) {
	if c.Retired, err = parseObjects(list); err != nil {
		return err
	}
	if len(list) == 0 && owner == "" {
		return nil
	}
	mac, err := hex.DecodeString(owner)
	if err != nil || len(mac) != len(c.Owner) || [32]byte(mac) == c.Owner || len(list) == 0 {
		return errors.New("an owner's word belongs to them, of 64 hex digits")
	}
	c.Owner = [32]byte(mac)
	for _, p := range c.Retired {
		if slices.ContainsFunc(c.Packs, func(other Object) bool { return other.Hash == p.Hash }) {
			return errors.New("a pack is new and retired at once")
		}
	}
	return nil
}

// ownerMAC is what Owner should be. It covers everything that the commit says.
func (k *VaultKey) ownerMAC(c *Commit) (mac [32]byte, ok bool) {
	return ownerMAC(k.Identity, c)
}

func ownerMAC(id crypto.Identity, c *Commit) (mac [32]byte, ok bool) {
	key, ok := id.Derive(retireContext)
	bare := *c
	bare.Owner = [32]byte{}
	return key.ID(bare.marshalValue()), ok
}

// checkRetired checks an owner's word. No retired packs need none.
func (k *VaultKey) checkRetired(c *Commit) error {
	if len(c.Retired) == 0 {
		return nil
	}
	for _, id := range k.identities() { // the newest at the time, which nobody knows any more
		if mac, ok := ownerMAC(id, c); ok && subtle.ConstantTimeCompare(mac[:], c.Owner[:]) == 1 {
			return nil
		}
	}
	return fmt.Errorf("%w: it retires %d packs, and %w", ErrForged, len(c.Retired), ErrNotOwner)
}

// retiredBy maps the packs that do not belong to the vault any more to the commit that
// says so. A pack that a later commit of the writer lists again belongs to it again.
// believe says whether what a commit retires counts; nil: always.
func retiredBy(chains []*chain, believe func(*Commit) bool) map[Hash]*Commit {
	retired := make(map[Hash]*Commit)
	for _, ch := range chains {
		own := make(map[Hash]bool) // packs of this writer: it may retire no other's
		for _, c := range ch.commits {
			for _, p := range c.Packs {
				own[p.Hash] = true
				delete(retired, p.Hash)
			}
			if believe != nil && !believe(c) {
				continue
			}
			for _, p := range c.Retired {
				if own[p.Hash] || len(ch.problems) > 0 { // a commit that is lost may have listed it
					retired[p.Hash] = c
				}
			}
		}
	}
	return retired
}

// checkRetired finds the packs that do not belong to the vault any more. Whether an owner
// agreed is checked if there is a key for it.
func (v *verifier) checkRetired(chains []*chain) {
	v.retired = retiredBy(chains, func(c *Commit) bool {
		if v.key == nil {
			return true
		}
		err := v.key.checkRetired(c)
		if err != nil {
			v.problem(commitName(c.Writer, c.Seq), err)
		}
		return err == nil
	})
}

// tellRetired notes for every commit that retires packs how many, and counts what is there.
func (v *verifier) tellRetired(found *listing) {
	type sum struct {
		packs int
		bytes int64
	}
	told := make(map[*Commit]sum)
	for h, c := range v.retired {
		i := slices.IndexFunc(c.Retired, func(p Object) bool { return p.Hash == h })
		s := told[c]
		told[c] = sum{s.packs + 1, s.bytes + c.Retired[i].Size}
		if size, there := found.packs[h]; there {
			v.report.Retired++
			v.report.RetiredBytes += size
		}
	}
	for c, s := range told {
		detail := fmt.Sprintf("since then packs do not belong to the vault any more: %d, of %d bytes", s.packs, s.bytes)
		if v.key == nil {
			detail += "; whether an owner agreed to that only an owner key can tell"
		}
		v.notice(&Problem{Kind: ProblemRetired, Object: commitName(c.Writer, c.Seq), Detail: detail})
	}
	slices.SortStableFunc(v.report.Notices, func(a, b *Problem) int { return strings.Compare(a.Object, b.Object) })
}
