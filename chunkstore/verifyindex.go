package chunkstore

import (
	"context"
	"fmt"

	"telekeep/crypto"
)

// A recordRoot is a list of record ids and where it stands.
type recordRoot struct {
	index string
	ids   []crypto.ID
}

// checkIndexes checks that every index is there and what was stored, and the content
// of those that can be opened.
func (v *verifier) checkIndexes(ctx context.Context, chains []*chain) ([]recordRoot, error) {
	var roots []recordRoot
	for _, ch := range chains {
		for _, c := range ch.commits {
			name := indexName(c.Writer, c.Seq)
			ids, err := v.checkIndex(ctx, c)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				v.problem(name, err)
			}
			roots = append(roots, recordRoot{name, ids})
		}
	}
	v.index.sort(v.retired)
	return roots, nil
}

// checkIndex checks one index and returns its record ids if it can be opened.
func (v *verifier) checkIndex(ctx context.Context, c *Commit) ([]crypto.ID, error) {
	name := indexName(c.Writer, c.Seq)
	sealed, err := readIndexObject(ctx, v.dst, c)
	if err != nil {
		return nil, missing(name, err)
	}
	v.read(int64(len(sealed)))
	if !isBucket(c.Index.Size) {
		v.problem(name, paddingProblem(name, c.Index.Size))
	}
	ids := v.identitiesFor(c)
	if len(ids) == 0 {
		return nil, nil
	}
	x, err := readCommitIndex(c, sealed, ids...)
	if err != nil {
		return nil, err
	}
	for i, p := range x.packs {
		v.dirs[p.Hash] = hashOf(x.dirs[i])
		v.index.add(p, x.dirs[i])
	}
	return x.records, nil
}

// identitiesFor returns the keys one of which opens the index of a commit, if there are any.
func (v *verifier) identitiesFor(c *Commit) []crypto.Identity {
	switch s := v.options.Secrets; {
	case v.key != nil:
		return v.key.identities()
	case s != nil && s.WriterID == c.Writer:
		return []crypto.Identity{s.IndexIdentity}
	}
	return nil
}

// checkRecords looks whether the chunks of the record streams are listed anywhere. An
// index may name chunks of earlier commits of its writer only.
func (v *verifier) checkRecords(roots []recordRoot) {
	for _, root := range roots {
		lost := 0
		for _, id := range root.ids {
			if !v.index.belongs(id) {
				lost++
			}
		}
		if lost > 0 {
			v.problem(root.index, fmt.Errorf("%w: %d of the %d chunks of its records are in no pack", ErrMissing, lost, len(root.ids)))
		}
	}
}

func paddingProblem(name string, size int64) *Problem {
	return &Problem{Kind: ProblemPadding, Object: name, Detail: fmt.Sprintf("a length of %d bytes is not padded", size)}
}
