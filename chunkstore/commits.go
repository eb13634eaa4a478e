package chunkstore

import (
	"context"
	"fmt"
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
