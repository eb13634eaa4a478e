package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"telekeep/archive"
)

// A writer puts records into the tables, a batch a transaction.
type writer struct {
	db     *database
	folder *folder
	list   *nameList
	who    map[owned]int64
	gone   map[numbered]bool

	tx       *sql.Tx
	bound    map[string]*sql.Stmt // statements within tx
	quarters map[numbered]int
	// words wait for the end of the batch: a statement that SQLite may have to take back
	// alone, in between, would have it write a small piece of the words each time.
	words []wordChange
}

// A wordChange adds the words of a document, or takes them out.
type wordChange struct {
	doc   int64
	add   bool
	words string
	marks marks
}

func (w *writer) addWords(doc int64, words string, m marks) {
	w.words = append(w.words, wordChange{doc, true, words, m})
}

func (w *writer) dropWords(doc int64) { w.words = append(w.words, wordChange{doc: doc}) }

// putWords does what waited.
func (w *writer) putWords(ctx context.Context) error {
	for _, c := range w.words {
		var err error
		if c.add {
			err = w.exec(ctx, "INSERT INTO words (rowid, body, marks) VALUES (?, ?, ?)", c.doc, c.words, string(c.marks))
		} else {
			err = w.exec(ctx, "DELETE FROM words WHERE rowid = ?", c.doc)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// An owned is a peer as one account sees it.
type owned struct{ account, peer archive.PeerID }

// A numbered is something with a number of its own in a chat, or in what shares its
// sequence of ids.
type numbered struct{ place, id int64 }

func newWriter(ctx context.Context, db *database) (*writer, error) {
	w := &writer{
		db: db, folder: newFolder(), list: newNameList(), who: make(map[owned]int64), gone: make(map[numbered]bool),
	}
	if err := w.loadWho(ctx); err != nil {
		return nil, err
	}
	return w, w.loadGone(ctx)
}

func (w *writer) names() *nameList { return w.list }

func (w *writer) loadWho(ctx context.Context) error {
	rows, err := w.db.write.QueryContext(ctx, "SELECT n, account, peer, name FROM who")
	if err != nil {
		return readError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var o owned
		var name string
		if err := rows.Scan(&n, &o.account, &o.peer, &name); err != nil {
			return readError(err)
		}
		w.who[o] = n
		w.list.names[o] = name
	}
	return readError(rows.Err())
}

func (w *writer) loadGone(ctx context.Context) error {
	rows, err := w.db.write.QueryContext(ctx, "SELECT place, id FROM gone")
	if err != nil {
		return readError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var g numbered
		if err := rows.Scan(&g.place, &g.id); err != nil {
			return readError(err)
		}
		w.gone[g] = true
	}
	return readError(rows.Err())
}

// take puts a batch into the tables, together with how far the Update is.
func (w *writer) take(ctx context.Context, b *batch, state string) error {
	return w.inside(ctx, func() error {
		for i := range b.records {
			if err := w.record(ctx, &b.records[i]); err != nil {
				return err
			}
		}
		for q, n := range w.quarters {
			if err := w.exec(ctx, "INSERT INTO quarter VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET messages = messages + excluded.messages", q.place, q.id, n); err != nil {
				return err
			}
		}
		if b.problems > 0 {
			if err := w.exec(ctx, "INSERT OR REPLACE INTO meta VALUES ('damaged', '1')"); err != nil {
				return err
			}
		}
		if err := w.exec(ctx, "INSERT OR REPLACE INTO meta VALUES ('partly', ?)", state); err != nil {
			return err
		}
		return w.putWords(ctx)
	})
}

// link notes that a commit was taken in whole.
func (w *writer) link(ctx context.Context, i int, c archive.LogCommit) error {
	return w.inside(ctx, func() error {
		return errors.Join(
			w.exec(ctx, "INSERT INTO link VALUES (?, ?, ?, ?)", i, c.Writer, c.Seq, c.Hash),
			w.exec(ctx, "DELETE FROM meta WHERE key = 'partly'"),
		)
	})
}

// inside runs f in one transaction. After an error the writer is not to be used again: what
// it remembers may have been undone.
func (w *writer) inside(ctx context.Context, f func() error) error {
	tx, err := w.db.write.BeginTx(ctx, nil)
	if err != nil {
		return writeError(err)
	}
	w.tx, w.bound, w.quarters, w.words = tx, make(map[string]*sql.Stmt), make(map[numbered]int), w.words[:0]
	if err := f(); err != nil {
		return writeError(errors.Join(err, tx.Rollback()))
	}
	return writeError(tx.Commit())
}

// merge puts some pages of words in order and reports whether there is more to be done.
func (w *writer) merge(ctx context.Context, pages int) (more bool, err error) {
	err = w.inside(ctx, func() error {
		before, err := w.changes(ctx)
		if err == nil {
			// A negative number makes it go on until there is one piece.
			err = w.exec(ctx, "INSERT INTO words (words, rank) VALUES ('merge', ?)", -pages)
		}
		if err != nil {
			return err
		}
		after, err := w.changes(ctx)
		more = after-before >= 2 // fewer mean that nothing was done
		return err
	})
	return more, err
}

func (w *writer) changes(ctx context.Context) (n int64, err error) {
	s, err := w.statement(ctx, "SELECT total_changes()")
	if err != nil {
		return 0, err
	}
	err = s.QueryRowContext(ctx).Scan(&n)
	return n, err
}

// statement is a query prepared for the transaction.
func (w *writer) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := w.bound[query]; s != nil {
		return s, nil
	}
	s, err := w.tx.PrepareContext(ctx, query)
	w.bound[query] = s
	return s, err
}

func (w *writer) exec(ctx context.Context, query string, args ...any) error {
	_, err := w.affected(ctx, query, args...)
	return err
}

// affected returns how many rows a statement changed.
func (w *writer) affected(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := w.statement(ctx, query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// record takes one record in.
func (w *writer) record(ctx context.Context, p *prepared) error {
	switch p.Kind {
	case archive.KindAccount, archive.KindPeer:
		return w.profile(ctx, p.Record)
	case archive.KindChat:
		_, err := w.number(ctx, p.Account, p.Chat)
		return err
	case archive.KindMessage:
		return w.message(ctx, p)
	case archive.KindDeletion:
		return w.deletion(ctx, p.Account, p.Chat, p.Deletion)
	case archive.KindMedia:
		return w.mediaFile(ctx, p.Media)
	case archive.KindMissing:
		if p.Missing.Reason != archive.MissingPruned {
			return nil
		}
		return w.exec(ctx, "UPDATE media SET stored = 0 WHERE key = ?", string(p.Missing.Key))
	}
	return nil
}

// number is the number of a peer as an account sees it.
func (w *writer) number(ctx context.Context, account, peer archive.PeerID) (int64, error) {
	if peer == "" {
		return 0, nil
	}
	o := owned{account, peer}
	if n := w.who[o]; n != 0 {
		return n, nil
	}
	n := int64(len(w.who) + 1)
	if err := w.exec(ctx, "INSERT INTO who (n, account, peer) VALUES (?, ?, ?)", n, string(account), string(peer)); err != nil {
		return 0, err
	}
	w.who[o] = n
	return n, nil
}

// profile takes in what somebody is called. What was imported does not take the place of
// what was fetched.
func (w *writer) profile(ctx context.Context, r *archive.Record) error {
	p := r.Profile
	n, err := w.number(ctx, r.Account, p.ID)
	if err != nil {
		return err
	}
	stands := standingOf(r)
	return w.exec(ctx, "UPDATE who SET name = ?, username = ?, phone = ?, stands = ? WHERE n = ? AND stands <= ?", nameOf(p), p.Username, p.Phone, stands, n, stands)
}

// fetched is how what was fetched stands; what was imported stands lower, the later its
// export was made the higher.
const fetched = math.MaxInt64

func standingOf(r *archive.Record) int64 {
	if r.Origin == nil {
		return fetched
	}
	return min(max(r.Origin.Exported, 0), fetched-1)
}

func (w *writer) mediaFile(ctx context.Context, f *archive.MediaFile) error {
	return w.exec(ctx, `INSERT INTO media (key, size, sha, stored) VALUES (?, ?, ?, 1)
		ON CONFLICT (key) DO UPDATE SET size = excluded.size, sha = excluded.sha, stored = 1`, string(f.Key), f.Size, []byte(f.SHA256[:min(32, len(f.SHA256))]))
}

// show notes that a message shows a file.
func (w *writer) show(ctx context.Context, chat int64, id int, kind archive.Content, f *archive.File) error {
	s, err := w.statement(ctx, `INSERT INTO media (key, size, stored) VALUES (?, ?, 0)
		ON CONFLICT (key) DO UPDATE SET size = CASE WHEN stored THEN size ELSE max(size, excluded.size) END RETURNING n`)
	if err != nil {
		return err
	}
	var n int64
	if err := s.QueryRowContext(ctx, string(f.Key), f.Size).Scan(&n); err != nil {
		return err
	}
	return w.exec(ctx, "INSERT OR IGNORE INTO shown VALUES (?, ?, ?, ?)", chat, id, n, numberOf(kind))
}

// deletion marks what the server reported as deleted, also what comes only later.
func (w *writer) deletion(ctx context.Context, account, chat archive.PeerID, d *archive.Deletion) error {
	place, chats, err := w.reach(ctx, account, chat)
	if err != nil {
		return err
	}
	for _, id := range d.IDs {
		g := numbered{place, int64(id)}
		if w.gone[g] {
			continue
		}
		w.gone[g] = true
		if err := w.exec(ctx, "INSERT OR IGNORE INTO gone VALUES (?, ?)", g.place, g.id); err != nil {
			return err
		}
		for _, c := range chats {
			if err := w.markDeleted(ctx, c, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// reach is the place and the chats of a deletion. One that names no chat is of all chats
// of the account that share a sequence of ids.
func (w *writer) reach(ctx context.Context, account, chat archive.PeerID) (place int64, chats []int64, err error) {
	if chat != "" {
		n, err := w.number(ctx, account, chat)
		return n, []int64{n}, err
	}
	n, err := w.number(ctx, account, account)
	for o, c := range w.who {
		if o.account == account && isShared(o.peer) {
			chats = append(chats, c)
		}
	}
	return -n, chats, err
}

// isGone reports whether a message was reported as deleted before it was met.
func (w *writer) isGone(account owned, chat int64, id int) bool {
	if w.gone[numbered{chat, int64(id)}] {
		return true
	}
	if !isShared(account.peer) {
		return false
	}
	n := w.who[owned{account.account, account.account}]
	return n != 0 && w.gone[numbered{-n, int64(id)}]
}

var errNoRoom = errors.New("too many messages of one moment")

func wrapMessage(id int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("message %d: %w", id, err)
}
