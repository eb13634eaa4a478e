package chunkstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// maxPackProblems is how many missing packs are listed one by one.
const maxPackProblems = 1000

// problem notes something that is wrong with the vault.
func (w *Writer) problem(object string, err error) {
	w.noticing.Lock()
	defer w.noticing.Unlock()
	w.problems = append(w.problems, newProblem(object, err))
}

// survey looks whether what the vault needs of this writer is there: one List for each
// folder, and the few short objects that have to be read to be known. Whatever is not
// there is listed; nobody is kept from storing what is new.
func (w *Writer) survey(ctx context.Context, vault *Vault) error {
	if isPartial(w.dst) {
		return w.surveyPartial(ctx, vault)
	}
	if err := w.surveyKeys(ctx, vault); err != nil {
		return err
	}
	if entry, ok := vault.Writer(w.secrets().WriterID); ok {
		_, err := entry.readSecrets(ctx, w.dst)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			w.problem(secretsName(entry.ID), err)
		}
	}
	if err := w.surveyChain(ctx); err != nil {
		return err
	}
	return w.surveyPacks(ctx)
}

// surveyKeys compares the owners' key files with what the last commit lists.
func (w *Writer) surveyKeys(ctx context.Context, vault *Vault) error {
	found, err := w.readKeys(ctx, vault)
	if err != nil {
		return err
	}
	var listings []keyListing
	if len(w.keys) > 0 {
		listings = []keyListing{{"the last commit", w.keys}}
	}
	for _, p := range compareKeys(found, listings, nil).problems {
		w.problem(p.Object, p)
	}
	w.keys = nextKeys(w.keys, found)
	return nil
}

// readKeys reads the owners' key files, and takes those that an owner has removed out of
// what the last commit listed and out of what is there.
func (w *Writer) readKeys(ctx context.Context, vault *Vault) ([]keyFile, error) {
	names, err := listKeysFolder(ctx, w.dst)
	if err != nil {
		return nil, err
	}
	found, err := readKeyFilesOf(ctx, w.dst, names, vault)
	if err != nil {
		return nil, err
	}
	var notes []*KeyNote
	owner := w.secrets().OwnerKey
	if !owner.IsZero() {
		if notes, err = readNotesOf(ctx, w.dst, names, vault.ID, owner); err != nil {
			return nil, err
		}
	}
	w.keyNames, w.keyOwner = names, owner
	noteAdded(found, notes)
	removed := removedBy(notes)
	if left := listedWithoutRemoved(w.keys, removed); len(left) > 0 || succeeded(found, removed) {
		w.keys = left // else not all: somebody has to be able to read
	}
	if left := withoutRemoved(slices.Clone(found), removed); len(left) > 0 {
		found = left
	}
	return found, nil
}

// succeeded reports whether one of the key files is as an owner added it and was not removed:
// after a rotation all that the last commit listed are gone, and others are in their place.
func succeeded(found []keyFile, removed map[string]Object) bool {
	return slices.ContainsFunc(found, func(f keyFile) bool {
		_, gone := removed[keyName(f.Name)]
		return f.added && !gone
	})
}

// surveyChain looks whether the writer's commits and indexes are there.
func (w *Writer) surveyChain(ctx context.Context) error {
	there := make(map[string]bool)
	for _, folder := range []string{commitsPrefix, indexPrefix} {
		err := w.dst.List(ctx, folder+w.secrets().WriterID+"/", func(name string, _ int64) error {
			there[name] = true
			return nil
		})
		if err != nil {
			return fmt.Errorf("list %s: %w", folder, err)
		}
	}
	told := make(map[string]bool)
	for _, p := range w.problems {
		told[p.Object] = true
	}
	asked := 0
	missing := func(name string) bool {
		if there[name] || told[name] {
			return false
		}
		asked++
		return asked > maxPackProblems || !w.stands(ctx, name, -1)
	}
	if name := commitName(w.secrets().WriterID, w.lost); w.lost > 0 && len(told) == 0 && !there[name] {
		w.problem(name, ErrMissing) // found by an earlier start, which had no state
	}
	return w.state.links(func(seq uint64) {
		for _, name := range []string{commitName(w.secrets().WriterID, seq), indexName(w.secrets().WriterID, seq)} {
			if missing(name) {
				w.problem(name, ErrMissing)
			}
		}
	})
}

// surveyPacks looks whether the packs of all commits are there and as long as they
// should be. Chunks of those that are not count as not stored, so that what comes again
// is stored again and nothing new relies on them.
func (w *Writer) surveyPacks(ctx context.Context) error {
	packs, err := w.state.committedPacks()
	if err != nil {
		return err
	}
	defer packs.close()
	var lost []lostPack
	lose := func(p knownPack, err error) { lost = append(lost, lostPack{p, err}) }
	err = w.dst.List(ctx, packsPrefix, func(name string, size int64) error {
		h, ok := parsePackName(name)
		for ok && packs.ok && bytes.Compare(packs.at.Hash[:], h[:]) < 0 { // both are sorted
			lose(packs.at, ErrMissing)
			packs.next()
		}
		if !ok || !packs.ok || packs.at.Hash != h {
			return packs.err
		}
		if packs.at.Size != size {
			lose(packs.at, wrongLength(size, packs.at.Size))
		}
		packs.next()
		return packs.err
	})
	if err != nil {
		return fmt.Errorf("list %s: %w", packsPrefix, err)
	}
	for packs.ok {
		lose(packs.at, ErrMissing)
		packs.next()
	}
	if packs.err != nil {
		return packs.err
	}
	return w.losePacks(ctx, lost)
}

// losePacks tells of packs that a list lacks or has otherwise, and forgets their chunks.
// Not every store lists at once what it holds: what may be there all the same is asked for
// by its name, unless it is a lot.
func (w *Writer) losePacks(ctx context.Context, lost []lostPack) error {
	var gone []int64
	more := 0
	for i, p := range lost {
		name := packName(p.Hash)
		if i < maxPackProblems && w.stands(ctx, name, p.Size) {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		gone = append(gone, p.number)
		if len(gone) > maxPackProblems {
			more++
			continue
		}
		w.problem(name, p.err)
	}
	if more > 0 {
		w.problem(packsPrefix, fmt.Errorf("%w: %d more packs", ErrMissing, more))
	}
	return w.state.forgetChunks(gone)
}

// stands reports whether an object is there, though no list says so, and has size bytes
// if size is not negative.
func (w *Writer) stands(ctx context.Context, name string, size int64) bool {
	got, err := w.dst.Stat(ctx, name)
	return err == nil && (size < 0 || got == size)
}

// A lostPack is a pack that is not there as it should be.
type lostPack struct {
	knownPack
	err error
}

// A knownPack is a pack that a commit lists.
type knownPack struct {
	Object
	number int64 // in the state
}

// packCursor goes over the committed packs, ascending by hash.
type packCursor struct {
	state *state
	rows  *sql.Rows
	at    knownPack
	ok    bool // at is one
	err   error
}

func (s *state) committedPacks() (*packCursor, error) {
	rows, err := s.reads.Query("SELECT number, hash, size FROM pack WHERE directory IS NULL ORDER BY hash")
	if err != nil {
		return nil, s.wrap("list the packs", err)
	}
	c := &packCursor{state: s, rows: rows}
	c.next()
	return c, c.err
}

func (c *packCursor) next() {
	if c.ok = c.rows.Next(); !c.ok {
		c.err = c.state.wrap("list the packs", c.rows.Err())
		return
	}
	var hash []byte
	if err := c.rows.Scan(&c.at.number, &hash, &c.at.Size); err != nil || len(hash) != len(c.at.Hash) {
		c.ok, c.err = false, c.state.wrap("list the packs", errors.Join(ErrStateDamaged, err))
		return
	}
	copy(c.at.Hash[:], hash)
}

func (c *packCursor) close() { c.rows.Close() } // read only

// forgetChunks forgets the chunks of packs.
func (s *state) forgetChunks(packs []int64) error {
	if len(packs) == 0 {
		return nil
	}
	return s.update("forget packs", func(tx *sql.Tx) error {
		return forgetIn(tx, "INSERT INTO gone VALUES (?)", func(gone *sql.Stmt) error {
			for _, number := range packs {
				if _, err := gone.Exec(number); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
