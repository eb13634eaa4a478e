package index

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"syscall"

	"modernc.org/sqlite"

	"telekeep/archive"
)

// A Log is where records come from; *archive.Log is one.
type Log interface {
	Commits() []archive.LogCommit
	Records(ctx context.Context, i int) iter.Seq2[*archive.Record, error]
}

// Progress says how far an Update is.
type Progress struct {
	Commits  int // read, of those that are new
	Of       int // how many are new
	Records  int // taken in
	Problems int // records that cannot be read
}

// batchRecords is how many records are one transaction: few enough for a search in memory,
// which waits for it, and for the memory of what is prepared ahead.
const batchRecords = 8192

// Update takes in the commits of log that are new; tell, which may be nil, is called after
// every batch. After an error what was taken in stays, and another Update goes on from there.
// What cannot be read of a damaged vault is counted and left out; the next Update then
// begins anew, because another copy may have it. A full disk is syscall.ENOSPC.
func (x *Index) Update(ctx context.Context, log Log, tell func(Progress)) (Progress, error) {
	x.updating.Lock()
	defer x.updating.Unlock()
	p, err := x.update(ctx, log, tell)
	return p, sortError(err)
}

func (x *Index) update(ctx context.Context, log Log, tell func(Progress)) (Progress, error) {
	u := &updater{x: x, tell: tell}
	commits := log.Commits()
	from, err := u.begin(ctx, commits)
	if err != nil {
		return u.progress, err
	}
	u.progress.Of = len(commits) - from
	for i := from; i < len(commits); i++ {
		if err := u.commit(ctx, log, i, commits[i]); err != nil {
			return u.progress, err
		}
	}
	if err := u.finish(ctx); err != nil {
		return u.progress, err
	}
	x.ready.Store(true)
	return u.progress, nil
}

// An updater is one Update.
type updater struct {
	x        *Index
	w        *writer
	tell     func(Progress)
	progress Progress
	skip     int // records of the next commit that were taken in before
}

// begin finds out from which commit on to read.
func (u *updater) begin(ctx context.Context, commits []archive.LogCommit) (int, error) {
	from, known, err := u.known(ctx, commits)
	if err != nil {
		return 0, err
	}
	damaged, err := u.x.db.meta(ctx, "damaged")
	if err != nil {
		return 0, err
	}
	if !known || damaged != "" {
		if err := u.x.empty(ctx); err != nil {
			return 0, err
		}
		from = 0
	}
	if from < len(commits) {
		if u.skip, err = u.taken(ctx, commits[from]); err != nil {
			return 0, err
		}
	}
	u.w, err = newWriter(ctx, u.x.db)
	return from, err
}

// known reports whether the commits that were taken in are the first ones of commits, and
// how many they are.
func (u *updater) known(ctx context.Context, commits []archive.LogCommit) (int, bool, error) {
	rows, err := u.x.db.write.QueryContext(ctx, "SELECT writer, seq, hash FROM link ORDER BY n")
	if err != nil {
		return 0, false, readError(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var c archive.LogCommit
		if err := rows.Scan(&c.Writer, &c.Seq, &c.Hash); err != nil {
			return 0, false, readError(err)
		}
		if n >= len(commits) || c.Writer != commits[n].Writer || c.Seq != commits[n].Seq || c.Hash != commits[n].Hash {
			return 0, false, nil
		}
		n++
	}
	return n, true, readError(rows.Err())
}

// taken is how many records of c were taken in before an Update ended early. Of another
// commit nothing can have been.
func (u *updater) taken(ctx context.Context, c archive.LogCommit) (int, error) {
	value, err := u.x.db.meta(ctx, "partly")
	if err != nil || value == "" {
		return 0, err
	}
	var writer, hash string
	var seq uint64
	var n int
	if _, err := fmt.Sscanf(value, "%s %d %s %d", &writer, &seq, &hash, &n); err != nil {
		return 0, fmt.Errorf("read the index: %w", err)
	}
	if writer == c.Writer && seq == c.Seq && hash == c.Hash {
		return n, nil
	}
	return 0, u.x.empty(ctx)
}

// commit takes in one commit.
func (u *updater) commit(ctx context.Context, log Log, i int, c archive.LogCommit) error {
	done := u.skip
	skip := u.skip
	u.skip = 0
	for b := range prepare(ctx, log.Records(ctx, i), u.w.names(), skip) {
		if err := ctx.Err(); err != nil {
			return err
		}
		done += len(b.records)
		u.progress.Records += len(b.records)
		u.progress.Problems += b.problems
		state := fmt.Sprintf("%s %d %s %d", c.Writer, c.Seq, c.Hash, done)
		if err := u.w.take(ctx, b, state); err != nil {
			return err
		}
		if u.tell != nil {
			u.tell(u.progress)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	u.progress.Commits++
	return u.w.link(ctx, i, c)
}

// finish puts the words of a large Update into one order, which makes searches fast: a
// piece at a time, so that a search in memory waits for no more than that.
func (u *updater) finish(ctx context.Context) error {
	const many, pages = 20_000, 2000
	if u.progress.Records < many {
		return nil
	}
	for more := true; more; {
		var err error
		if more, err = u.w.merge(ctx, pages); err != nil {
			return err
		}
	}
	return nil
}

// empty forgets everything.
func (x *Index) empty(ctx context.Context) error {
	tx, err := x.db.write.BeginTx(ctx, nil)
	if err != nil {
		return writeError(err)
	}
	for _, table := range []string{"link", "who", "message", "doc", "gone", "media", "shown", "quarter"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
			return writeError(errors.Join(err, tx.Rollback()))
		}
	}
	for _, statement := range []string{"DELETE FROM meta WHERE key IN ('partly', 'damaged')", "INSERT INTO words (words) VALUES ('delete-all')"} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return writeError(errors.Join(err, tx.Rollback()))
		}
	}
	return writeError(tx.Commit())
}

func readError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read the index: %w", err)
}

func writeError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write the index: %w", err)
}

// sortError says of a full disk what the system calls it: SQLite has words of its own.
func sortError(err error) error {
	const full = 13                     // SQLITE_FULL
	const sharedMemorySize = 10 | 19<<8 // SQLITE_IOERR_SHMSIZE: it could not grow
	if e, ok := errors.AsType[*sqlite.Error](err); ok && (e.Code()&0xff == full || e.Code() == sharedMemorySize) {
		return fmt.Errorf("%w: %w", syscall.ENOSPC, err)
	}
	return err
}

// isShared reports whether a chat shares one sequence of ids with others of the account.
func isShared(chat archive.PeerID) bool {
	return slices.Contains([]string{archive.PeerUser, archive.PeerChat}, chat.Kind())
}
