package chunkstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A gap is a place in a chain where commits are lost: a verified commit, or somebody's
// memory, says that there was one.
type gap struct {
	after, before uint64  // seqs of its neighbours; 0 if it is at the start
	next          *Commit // the commit behind it; nil at the end
}

// gapsOf finds the gaps of a chain; head is a remembered commit that is not there, or
// nil. A commit that cannot be read and that nothing speaks for makes no gap.
func gapsOf(ch *chain, head *Head) []gap {
	var gaps []gap
	var last Commit // of the chain so far
	known := make(map[Hash]bool)
	for _, c := range ch.commits {
		if c.Previous != last.Hash && !known[c.Previous] { // else somebody else went on from there
			gaps = append(gaps, gap{last.Seq, c.Seq, c})
		}
		known[c.Previous] = true
		last = *c
	}
	if head != nil && head.Seq > last.Seq {
		gaps = append(gaps, gap{last.Seq, head.Seq + 1, nil})
	}
	return gaps
}

// salvageChain puts what the indexes of lost commits say in their places, and lists what
// stays lost.
func (r *Reader) salvageChain(ctx context.Context, ch *chain, head *Head, found *listing, seen map[Hash]bool) error {
	problems := ch.problems
	if head != nil {
		if p := ch.remembers(*head); p != nil {
			problems = append(problems, p)
		}
	}
	for _, p := range problems {
		p.Lost = "its records, if the writer made it"
		r.faults = append(r.faults, p)
	}
	for _, g := range gapsOf(ch, head) {
		var lost []string
		for seq := g.after + 1; seq < g.before; seq++ {
			c, err := r.salvageCommit(ctx, ch.writer.ID, seq, found, seen)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				lost = append(lost, fmt.Sprint(seq))
				continue
			}
			c.Time = g.time(ch)
			ch.commits = append(ch.commits, c)
		}
		g.tell(ch.writer.ID, problems, lost)
	}
	slices.SortStableFunc(ch.commits, func(a, b *Commit) int { return cmp.Compare(a.Seq, b.Seq) })
	return nil
}

// time returns when a lost commit was made at the latest, or the last time that is known.
func (g gap) time(ch *chain) (t time.Time) {
	if g.next != nil {
		return g.next.Time
	}
	for _, c := range ch.commits {
		if c.Seq <= g.after {
			t = c.Time
		}
	}
	return t
}

// tell says with the problems of a gap what is lost: the records of some of its commits.
func (g gap) tell(writer string, problems []*Problem, lost []string) {
	text := ""
	if len(lost) > 0 {
		text = fmt.Sprintf("the records of commit %s of writer %s; its media is still there", strings.Join(lost, ", "), writer)
	}
	for _, p := range problems {
		if _, seq, ok := parseCommitName(p.Object); ok && g.after < seq && seq <= g.before {
			p.Lost = text
		}
	}
}

// maxSalvagedIndex is the longest index file in bytes that is taken on no commit's word.
const maxSalvagedIndex = 128 << 20

// salvageCommit makes a stand-in of a lost commit from its index. That index is not
// signed. But only a writer of the vault can name chunks that exist, and a copy of
// another index is not taken: the worst that somebody can do is leave things out.
func (r *Reader) salvageCommit(ctx context.Context, writer string, seq uint64, found *listing, seen map[Hash]bool) (*Commit, error) {
	name := indexName(writer, seq)
	size, ok := found.indexes[name]
	if !ok || size > maxSalvagedIndex {
		return nil, fmt.Errorf("%w: %s", ErrMissing, name)
	}
	var o Object
	content, err := anywhere(ctx, r.dst, func(dst Destination) (*commitIndex, error) {
		sealed, err := readLimited(ctx, dst, name, size)
		if err != nil {
			return nil, err
		}
		o = Object{hashOf(sealed), int64(len(sealed))}
		if seen[o.Hash] {
			return nil, fmt.Errorf("%s: %w: it is a copy of another", name, ErrForged)
		}
		return readWholeIndex(sealed, r.key.identities()...)
	})
	if err != nil {
		return nil, err
	}
	seen[o.Hash] = true
	c := &Commit{Vault: r.vault.ID, Writer: writer, Seq: seq, Index: o, Packs: content.packs}
	r.take(c, content)
	return c, nil
}
