package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// A chain is what the place holds of one writer's commits.
type chain struct {
	writer   *WriterEntry
	unsigned bool      // its signatures could not be checked: anybody may have made it
	commits  []*Commit // those that can be read, ascending
	problems []*Problem
}

// readChain reads and checks all commits of a writer. It fails only when ctx ends or
// the destination cannot list; all else is in problems.
func readChain(ctx context.Context, dst Destination, vault string, w *WriterEntry) (*chain, error) {
	return readChainWith(ctx, dst, vault, w, func(name string, data []byte) (*Commit, error) {
		return parseCommit(name, data, w.VerifyKey)
	})
}

func readChainWith(ctx context.Context, dst Destination, vault string, w *WriterEntry, parse commitParser) (*chain, error) {
	seqs, err := listCommits(ctx, dst, w.ID)
	if err != nil {
		return nil, err
	}
	ch := &chain{writer: w}
	broken := false // a commit before this one is not readable, so nobody knows its hash
	for _, seq := range seqs {
		c, err := readCommitWith(ctx, dst, vault, w.ID, seq, parse)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			ch.problems = append(ch.problems, newProblem(commitName(w.ID, seq), err))
			broken = true
			continue
		}
		if err := ch.follows(c, broken); err != nil {
			ch.problems = append(ch.problems, newProblem(commitName(w.ID, seq), err))
		}
		ch.commits = append(ch.commits, c)
		broken = false
	}
	return ch, nil
}

// follows compares c with the commit before it. After a broken one there is nothing
// to compare with, and that one was told already.
func (ch *chain) follows(c *Commit, broken bool) error {
	if broken {
		return nil
	}
	var last Hash
	before := "the first commit"
	if n := len(ch.commits); n > 0 {
		last = ch.commits[n-1].Hash
		before = fmt.Sprintf("a commit after number %d", ch.commits[n-1].Seq)
	}
	if c.Previous == last {
		return nil
	}
	for _, earlier := range ch.commits {
		if earlier.Previous == c.Previous {
			return fmt.Errorf("%w: commits %d and %d follow on the same one", ErrForked, earlier.Seq, c.Seq)
		}
	}
	return fmt.Errorf("%w: it is not %s", ErrChain, before)
}

// remembers checks a remembered head against the chain.
func (ch *chain) remembers(h Head) *Problem {
	if h.Seq == 0 || h.Writer != ch.writer.ID {
		return nil
	}
	name := commitName(h.Writer, h.Seq)
	for _, c := range ch.commits {
		if c.Seq == h.Seq && c.Hash == h.Hash {
			return nil
		}
		if c.Seq == h.Seq {
			return newProblem(name, fmt.Errorf("%w: it is not the commit that this machine remembers", ErrRollback))
		}
	}
	for _, p := range ch.problems {
		if p.Object == name {
			return nil // it is there and cannot be read: told already
		}
	}
	return newProblem(name, fmt.Errorf("%w: the last commit that this machine remembers is missing", ErrRollback))
}

// missing turns the error of an object that should be there.
func missing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrMissing, name)
	}
	return err
}

// mergeByTime puts the commits of several writers in the order of their times, each
// writer's own order untouched: its clock may have jumped.
func mergeByTime(chains []*chain) []*Commit {
	heads := make([][]*Commit, len(chains))
	total := 0
	for i, ch := range chains {
		heads[i] = ch.commits
		total += len(ch.commits)
	}
	merged := make([]*Commit, 0, total)
	for len(merged) < total {
		next := -1
		for i, h := range heads {
			if len(h) > 0 && (next < 0 || h[0].Time.Before(heads[next][0].Time)) {
				next = i
			}
		}
		merged = append(merged, heads[next][0])
		heads[next] = heads[next][1:]
	}
	return merged
}
