package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"telekeep/crypto"
)

// A foundCommit is a commit of this writer that the state did not know.
type foundCommit struct {
	commit  *Commit
	records []crypto.ID
}

// catchUp compares the state with the vault and takes over the commits that it lacks:
// all of them when the state is new, one when the machine stopped at the wrong moment,
// none usually. It fails if the vault is behind the state. Commits and indexes that are
// lost are passed over and listed, as long as a later commit shows that the writer went on.
func (w *Writer) catchUp(ctx context.Context) ([]foundCommit, error) {
	if err := w.checkHead(ctx); err != nil {
		return nil, err
	}
	seqs, err := listCommits(ctx, w.dst, w.secrets().WriterID)
	if err != nil {
		return nil, err
	}
	seqs = slices.DeleteFunc(seqs, func(seq uint64) bool { return seq <= w.last.Load().seq })
	if len(seqs) == 0 {
		return nil, nil
	}
	var found []foundCommit
	err = w.state.relaxed(func() error {
		for _, seq := range seqs {
			f, err := w.follow(ctx, seq)
			if err == nil {
				found = append(found, f)
			} else if ctx.Err() != nil || !isLoss(err) {
				return err
			} else if seq == seqs[len(seqs)-1] {
				return fmt.Errorf("the newest commit of this machine must be whole: %w", err)
			} else {
				w.problem(commitName(w.secrets().WriterID, seq), err)
			}
		}
		return nil
	})
	return found, err
}

// isLoss reports whether an object cannot be read and never will: trying again later, or
// with a newer telekeep, does not help.
func isLoss(err error) bool {
	switch problemKind(err) {
	case ProblemMissing, ProblemDamaged, ProblemForged:
		return true
	case ProblemChain:
		return errors.Is(err, ErrChain)
	}
	return false
}

// checkHead makes sure that the last commit that the state knows is still in the
// vault: an older vault must not be added to.
func (w *Writer) checkHead(ctx context.Context) error {
	last := w.last.Load()
	if last.seq == 0 {
		return nil
	}
	name := commitName(w.secrets().WriterID, last.seq)
	data, err := anywhere(ctx, w.dst, func(dst Destination) ([]byte, error) {
		data, err := readLimited(ctx, dst, name, maxCommitFile)
		if err == nil && hashOf(data) != last.hash {
			err = fmt.Errorf("%w: %s is not the one it was", ErrRollback, name)
		}
		return data, err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return w.rolledBack(name)
	}
	if err != nil {
		return err
	}
	if w.keys == nil { // the first time: what it lists is where the next one goes on
		c, err := parseCommit(name, data, w.secrets().SigningKey.VerifyKey())
		if err != nil {
			return err
		}
		w.keys = c.Keys
	}
	return nil
}

// follow takes over the commit with the given seq, which must follow on the last one, or
// on one between the two that is lost.
func (w *Writer) follow(ctx context.Context, seq uint64) (foundCommit, error) {
	c, err := readCommit(ctx, w.dst, w.secrets().VaultID, w.secrets().WriterID, seq, w.secrets().SigningKey.VerifyKey())
	if err != nil {
		return foundCommit{}, err
	}
	lost, err := w.fits(c)
	if err == nil && lost {
		err = w.lostBetween(c)
	}
	if err != nil {
		return foundCommit{}, err
	}
	index, err := readIndexObject(ctx, w.dst, c)
	if err == nil {
		var records []crypto.ID
		if records, err = w.takeOver(c, index, lost); err == nil {
			w.keys = c.Keys
			return foundCommit{c, records}, nil
		}
	}
	if ctx.Err() != nil || !isLoss(err) {
		return foundCommit{}, err
	}
	name := indexName(c.Writer, c.Seq)
	if errors.Is(err, fs.ErrNotExist) && isPartial(w.dst) {
		return foundCommit{}, fmt.Errorf("%w: %s", ErrPartial, name)
	}
	w.problem(name, missing(name, err))
	w.keys = c.Keys
	return foundCommit{c, nil}, w.takeOverLost(c)
}

// fits reports whether commits between the last one and c are lost. It fails if c can be
// no later commit of this chain.
func (w *Writer) fits(c *Commit) (lost bool, err error) {
	last := w.last.Load()
	switch {
	case c.Previous == last.hash:
		return false, nil
	case c.Previous.IsZero() || last.seq == 0 && c.Seq == 1:
		return false, fmt.Errorf("%w: commit %d does not follow on commit %d", ErrChain, c.Seq, last.seq)
	case c.Seq == last.seq+1: // there is no room for one that is lost
		return false, fmt.Errorf("%w: commit %d does not follow on commit %d", ErrForked, c.Seq, last.seq)
	}
	known, err := w.state.linked(c.Previous)
	if err != nil {
		return false, err
	}
	if known {
		return false, fmt.Errorf("%w: commit %d does not follow on commit %d", ErrForked, c.Seq, last.seq)
	}
	if !slices.ContainsFunc(w.problems, func(p *Problem) bool { return isCommitAfter(p, last.seq) }) {
		w.problem(commitName(c.Writer, c.Seq), fmt.Errorf("%w: a commit between number %d and this one is lost", ErrChain, last.seq))
	}
	return true, nil
}

// isCommitAfter reports whether a problem is that of a commit behind one.
func isCommitAfter(p *Problem, seq uint64) bool {
	_, at, ok := parseCommitName(p.Object)
	return ok && at > seq
}

// listCommits returns the numbers of a writer's commits, ascending. Objects with other
// names are passed over.
func listCommits(ctx context.Context, dst Destination, writer string) ([]uint64, error) {
	var seqs []uint64
	err := dst.List(ctx, commitsPrefix+writer+"/", func(name string, _ int64) error {
		if _, seq, ok := parseCommitName(name); ok {
			seqs = append(seqs, seq)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the commits: %w", err)
	}
	return seqs, nil
}

// readCommit reads one commit and checks everything but the chain.
func readCommit(ctx context.Context, dst Destination, vault, writer string, seq uint64, key crypto.VerifyKey) (*Commit, error) {
	return readCommitWith(ctx, dst, vault, writer, seq, func(name string, data []byte) (*Commit, error) {
		return parseCommit(name, data, key)
	})
}

// A commitParser reads the bytes of a commit file.
type commitParser func(name string, data []byte) (*Commit, error)

func readCommitWith(ctx context.Context, dst Destination, vault, writer string, seq uint64, parse commitParser) (*Commit, error) {
	name := commitName(writer, seq)
	return anywhere(ctx, dst, func(dst Destination) (*Commit, error) {
		data, err := readLimited(ctx, dst, name, maxCommitFile)
		if err != nil {
			return nil, err
		}
		c, err := parse(name, data)
		if err != nil {
			return nil, err
		}
		if err := c.belongs(name, vault, writer, seq); err != nil {
			return nil, err
		}
		return c, nil
	})
}

// readIndexObject reads the bytes of a commit's index and compares length and hash.
func readIndexObject(ctx context.Context, dst Destination, c *Commit) ([]byte, error) {
	name := indexName(c.Writer, c.Seq)
	return anywhere(ctx, dst, func(dst Destination) ([]byte, error) {
		data, err := readLimited(ctx, dst, name, c.Index.Size)
		if err != nil {
			return nil, err
		}
		if int64(len(data)) != c.Index.Size || hashOf(data) != c.Index.Hash {
			return nil, damagedObject(name, "its bytes are not those that the commit lists")
		}
		return data, nil
	})
}

// readLimited reads one object whole, if it is not longer than limit bytes.
func readLimited(ctx context.Context, dst Destination, name string, limit int64) ([]byte, error) {
	r, err := dst.Get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer r.Close() // read only: an error of Close says nothing about the bytes
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, damagedObject(name, "it is longer than it can be")
	}
	return data, nil
}
