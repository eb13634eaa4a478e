package chunkstore

import (
	"context"
	"fmt"

	"telekeep/crypto"
)

// Commits lists the commits of a vault, those of each writer in order and all of
// them by time, and what is wrong with them. It takes no key and looks at no
// pack; a vault that has problems still lists what can be read.
func Commits(ctx context.Context, dst Destination) ([]*Commit, []*Problem, error) {
	vault, err := OpenVault(ctx, dst)
	if err != nil {
		return nil, nil, err
	}
	var chains []*chain
	var problems []*Problem
	for _, f := range vault.Faults {
		problems = append(problems, newProblem(writerName(f.WriterID), f.Err))
	}
	strangers, err := unknownWriters(ctx, dst, vault)
	if err != nil {
		return nil, nil, err
	}
	problems = append(problems, strangers...)
	for _, w := range vault.Writers {
		ch, err := readChain(ctx, dst, vault.ID, w)
		if err != nil {
			return nil, nil, err
		}
		problems = append(problems, ch.problems...)
		chains = append(chains, ch)
	}
	return mergeByTime(chains), problems, nil
}

// chainsOf takes commits apart by their writers.
func chainsOf(commits []*Commit) []*chain {
	var chains []*chain
	by := make(map[string]*chain)
	for _, c := range commits {
		if by[c.Writer] == nil {
			by[c.Writer] = new(chain)
			chains = append(chains, by[c.Writer])
		}
		by[c.Writer].commits = append(by[c.Writer].commits, c)
	}
	return chains
}

// PacksOf returns the packs that belong to a vault with these commits, ascending by hash:
// without those that a commit retired. Whether an owner agreed to that nobody checks here.
func PacksOf(commits []*Commit) []Object {
	chains := chainsOf(commits)
	return packsOf(chains, retiredBy(chains, nil))
}

// Absent lists the packs and indexes that commits name and that are not there, or not as
// long as they say, packs first. It takes no key and reads no file: what is there can be
// damaged all the same, which Verify finds.
func Absent(ctx context.Context, dst Destination, commits []*Commit) ([]*Problem, error) {
	found, err := listVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	var problems []*Problem
	look := func(name string, size int64, there bool, o Object) {
		switch {
		case !there:
			problems = append(problems, newProblem(name, ErrMissing))
		case size != o.Size:
			problems = append(problems, newProblem(name, wrongLength(size, o.Size)))
		}
	}
	for _, p := range PacksOf(commits) {
		size, there := found.packs[p.Hash]
		look(packName(p.Hash), size, there, p)
	}
	for _, c := range commits {
		name := indexName(c.Writer, c.Seq)
		size, there := found.indexes[name]
		look(name, size, there, c.Index)
	}
	return problems, nil
}

// wrongLength is the problem of a file that is not as long as its commit says.
func wrongLength(found, said int64) error {
	return fmt.Errorf("%w: it is %d bytes long, the commit says %d", crypto.ErrDamaged, found, said)
}

// unknownWriters lists the writers that have commits and no entry: nobody can tell
// whether those commits are theirs.
func unknownWriters(ctx context.Context, dst Destination, vault *Vault) ([]*Problem, error) {
	known := make(map[string]bool)
	for _, w := range vault.Writers {
		known[w.ID] = true
	}
	for _, f := range vault.Faults {
		known[f.WriterID] = true
	}
	var problems []*Problem
	err := dst.List(ctx, commitsPrefix, func(name string, _ int64) error {
		if id, _, ok := parseCommitName(name); ok && !known[id] {
			known[id] = true
			problems = append(problems, newProblem(writerName(id), fmt.Errorf("%w: its commits cannot be checked without it", ErrMissing)))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", commitsPrefix, err)
	}
	return problems, nil
}
