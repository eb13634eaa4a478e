package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// A destination that is several places may have this method besides. While it reports true,
// places are away that may hold what the others do not, and no Writer takes for lost what it
// does not find:
//
//	                            all there         some away
//	the last commit not found   ErrRollback       ErrPartial
//	a gap in the commits        goes on, told     ErrPartial
//	commits, packs not found    told, forgotten   nothing
//	new packs not found         forgotten         the next commit lists them
type partial interface {
	Partial() bool
}

// isPartial reports whether a destination does not show all of the vault.
func isPartial(dst Destination) bool {
	p, ok := dst.(partial)
	return ok && p.Partial()
}

// rolledBack is the error for the last commit that this machine remembers not being there.
func (w *Writer) rolledBack(name string) error {
	if isPartial(w.dst) {
		return fmt.Errorf("%w: %s", ErrPartial, name)
	}
	return fmt.Errorf("%w: %s is missing", ErrRollback, name)
}

// lostBetween returns an error if commits before c that seem lost may be at a place that is
// away.
func (w *Writer) lostBetween(c *Commit) error {
	if isPartial(w.dst) {
		return fmt.Errorf("%w: the commit before %s", ErrPartial, commitName(c.Writer, c.Seq))
	}
	return nil
}

// surveyPartial is survey while places are away: it finds out what the next commit lists of
// the owners' key files, and takes nothing for lost.
func (w *Writer) surveyPartial(ctx context.Context, vault *Vault) error {
	found, err := w.readKeys(ctx, vault)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w.keys = nextKeys(w.keys, found)
	return nil
}
