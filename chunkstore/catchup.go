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
// none usually. It fails if the vault is behind the state.
func (w *Writer) catchUp(ctx context.Context) ([]foundCommit, error) {
	if err := w.checkHead(ctx); err != nil {
		return nil, err
	}
	seqs, err := listCommits(ctx, w.dst, w.secrets.WriterID)
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
			if err != nil {
				return err
			}
			found = append(found, f)
		}
		return nil
	})
	return found, err
}

// checkHead makes sure that the last commit that the state knows is still in the
// vault: an older vault must not be added to.
func (w *Writer) checkHead(ctx context.Context) error {
	last := w.last.Load()
	if last.seq == 0 {
		return nil
	}
	name := commitName(w.secrets.WriterID, last.seq)
	data, err := readLimited(ctx, w.dst, name, maxCommitFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is missing", ErrRollback, name)
	}
	if err != nil {
		return err
	}
	if hashOf(data) != last.hash {
		return fmt.Errorf("%w: %s is not the one it was", ErrRollback, name)
	}
	if w.keys == nil { // the first time: what it lists is where the next one goes on
		c, err := parseCommit(name, data, w.secrets.SigningKey.VerifyKey())
		if err != nil {
			return err
		}
		w.keys = c.Keys
	}
	return nil
}

// follow takes over the commit with the given seq, which must follow on the last one.
func (w *Writer) follow(ctx context.Context, seq uint64) (foundCommit, error) {
	c, err := readCommit(ctx, w.dst, w.secrets.VaultID, w.secrets.WriterID, seq, w.secrets.SigningKey.VerifyKey())
	if err != nil {
		return foundCommit{}, err
	}
	if last := w.last.Load(); c.Previous != last.hash {
		if c.Previous.IsZero() || last.seq == 0 {
			return foundCommit{}, fmt.Errorf("%w: commit %d does not follow on commit %d", ErrChain, seq, last.seq)
		}
		return foundCommit{}, fmt.Errorf("%w: commit %d does not follow on commit %d", ErrForked, seq, last.seq)
	}
	index, err := readIndexObject(ctx, w.dst, c)
	if err != nil {
		return foundCommit{}, err
	}
	records, err := w.takeOver(c, index)
	if err == nil {
		w.keys = c.Keys
	}
	return foundCommit{c, records}, err
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
	name := commitName(writer, seq)
	data, err := readLimited(ctx, dst, name, maxCommitFile)
	if err != nil {
		return nil, err
	}
	c, err := parseCommit(name, data, key)
	switch {
	case err != nil:
		return nil, err
	case c.Vault != vault:
		return nil, fmt.Errorf("%s: %w: it belongs to vault %s", name, ErrOtherVault, c.Vault)
	case c.Writer != writer || c.Seq != seq:
		return nil, fmt.Errorf("%s: %w: it belongs to another place, %s", name, ErrChain, commitName(c.Writer, c.Seq))
	}
	return c, nil
}

// readIndexObject reads the bytes of a commit's index and compares length and hash.
func readIndexObject(ctx context.Context, dst Destination, c *Commit) ([]byte, error) {
	name := indexName(c.Writer, c.Seq)
	data, err := readLimited(ctx, dst, name, c.Index.Size)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != c.Index.Size || hashOf(data) != c.Index.Hash {
		return nil, damagedObject(name, "its bytes are not those that the commit lists")
	}
	return data, nil
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
