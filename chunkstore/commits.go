package chunkstore

import "context"

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
