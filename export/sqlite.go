package export

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"telekeep/archive"
)

// databaseFile is what SQLite makes.
const databaseFile = "archive.db"

// SQLite writes a database of all messages into dir, archive.db, with the media in folders beside
// it as Plain has them:
//
//	accounts peers chats topics items       who and what there is
//	messages versions media reactions       what was said; "record" is the whole of it, as JSON
//	search                                  FTS5 over the texts
//
// docs/export-sqlite.md has the columns. The database is made anew under another name and
// replaces the one before at the end, all at once; media that are in place stay. Errors are those of JSON.
func SQLite(ctx context.Context, source Source, dir string, o Options) (*Result, error) {
	r, chats, err := prepare(source, dir, kindSQL, o)
	if err != nil {
		return nil, err
	}
	defer r.folder.close()
	to, err := r.newDatabase(ctx, dir)
	if err != nil {
		return nil, err
	}
	return r.result, r.walk(ctx, chats, to)
}

// database is the sink of SQLite.
type database struct {
	run  *run
	part *partFile
	db   *sql.DB
	tx   *sql.Tx
	into map[string]*sql.Stmt // by table

	now  told
	row  int64 // of messages
	told map[archive.PeerID]bool
}

const databaseSchema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (id TEXT PRIMARY KEY, name TEXT, username TEXT, phone TEXT) WITHOUT ROWID;
CREATE TABLE peers (id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT, username TEXT, phone TEXT, bot INTEGER NOT NULL, deleted INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE chats (id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT, username TEXT, "left" INTEGER NOT NULL, was TEXT, folder TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE topics (chat TEXT NOT NULL, id INTEGER NOT NULL, title TEXT, PRIMARY KEY (chat, id)) WITHOUT ROWID;
CREATE TABLE items (kind TEXT NOT NULL, item TEXT NOT NULL, chat TEXT, seen INTEGER NOT NULL, unlisted INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE messages (
	row INTEGER PRIMARY KEY, chat TEXT NOT NULL, id INTEGER NOT NULL, date INTEGER NOT NULL, edited INTEGER, sender TEXT, author TEXT,
	kind TEXT NOT NULL, text TEXT NOT NULL, action TEXT, topic INTEGER, album INTEGER, reply_to INTEGER, reply_chat TEXT, quote TEXT,
	forward_from TEXT, forward_name TEXT, forward_date INTEGER, via_bot TEXT, out INTEGER NOT NULL, pinned INTEGER NOT NULL,
	views INTEGER, forwards INTEGER, replies INTEGER, deleted INTEGER NOT NULL, versions INTEGER NOT NULL, seen INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE versions (chat TEXT NOT NULL, id INTEGER NOT NULL, version INTEGER NOT NULL, seen INTEGER NOT NULL, text TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (chat, id, version)) WITHOUT ROWID;
CREATE TABLE media (
	chat TEXT NOT NULL, message INTEGER NOT NULL, role TEXT NOT NULL, key TEXT NOT NULL, path TEXT, missing TEXT,
	name TEXT, mime TEXT, size INTEGER, width INTEGER, height INTEGER, duration REAL, sha256 TEXT);
CREATE TABLE reactions (chat TEXT NOT NULL, message INTEGER NOT NULL, type TEXT NOT NULL, emoji TEXT, count INTEGER NOT NULL);
CREATE VIRTUAL TABLE search USING fts5(text, content='messages', content_rowid='row', tokenize='unicode61 remove_diacritics 2');
`

// databaseIndexes are made when everything is in: that is faster.
const databaseIndexes = `
CREATE UNIQUE INDEX messages_id ON messages (chat, id);
CREATE INDEX messages_date ON messages (date);
CREATE INDEX messages_sender ON messages (sender, date);
CREATE INDEX media_message ON media (chat, message);
CREATE INDEX media_key ON media (key);
CREATE INDEX reactions_message ON reactions (chat, message);
INSERT INTO search (search) VALUES ('rebuild');
PRAGMA user_version = 1;
`

// databaseColumns is how many values a row of a table takes.
var databaseColumns = []struct {
	table string
	count int
}{{"meta", 2}, {"accounts", 4}, {"peers", 8}, {"chats", 7}, {"topics", 3}, {"items", 6}, {"messages", 28}, {"versions", 6}, {"media", 13}, {"reactions", 5}}

func (r *run) newDatabase(ctx context.Context, dir string) (_ *database, err error) {
	d := &database{run: r, into: map[string]*sql.Stmt{}, told: map[archive.PeerID]bool{}}
	if d.part, err = r.folder.create(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.drop()
		}
	}()
	if d.db, err = openDatabase(dir, d.part); err != nil {
		return nil, err
	}
	if _, err = d.db.ExecContext(ctx, databaseSchema); err != nil {
		return nil, err
	}
	if d.tx, err = d.db.BeginTx(ctx, nil); err != nil {
		return nil, err
	}
	for _, t := range databaseColumns {
		insert := "INSERT INTO " + t.table + " VALUES (?" + strings.Repeat(",?", t.count-1) + ")"
		if d.into[t.table], err = d.tx.PrepareContext(ctx, insert); err != nil {
			return nil, err
		}
	}
	return d, d.head(ctx)
}

// openDatabase opens the file that was made below the folder. SQLite takes a path, which somebody
// else might have led elsewhere meanwhile: it must be the same file.
func openDatabase(dir string, part *partFile) (*sql.DB, error) {
	full, err := filepath.Abs(filepath.Join(dir, filepath.FromSlash(part.part)))
	if err != nil {
		return nil, err
	}
	made, err := part.Stat()
	if err != nil {
		return nil, err
	}
	if there, err := os.Lstat(full); err != nil || !os.SameFile(made, there) {
		return nil, fmt.Errorf("%s: the folder was changed meanwhile", dir)
	}
	// A crash leaves a file without a name: no journal is needed.
	name := url.URL{Scheme: "file", Path: full, RawQuery: "_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=locking_mode(exclusive)&_pragma=temp_store(memory)&_pragma=cache_size(-16000)"}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (d *database) put(ctx context.Context, table string, values ...any) error {
	_, err := d.into[table].ExecContext(ctx, values...)
	return err
}

// head writes what is known before the first chat.
func (d *database) head(ctx context.Context) error {
	r := d.run
	errs := []error{
		d.put(ctx, "meta", "about", aboutExport),
		d.put(ctx, "meta", "at", r.options.At),
		d.put(ctx, "meta", "selection", r.options.Selection.String()),
	}
	p := r.account.Profile
	if p == nil {
		p = &archive.Peer{}
	}
	errs = append(errs, d.put(ctx, "accounts", string(r.account.ID), userName(p), some(p.Username), some(p.Phone)), d.peer(ctx, r.account.ID))
	for _, kind := range []archive.Kind{
		archive.KindPhoto, archive.KindContact, archive.KindTopPeers, archive.KindStory, archive.KindMusic, archive.KindSession, archive.KindWebSession,
		archive.KindFolder, archive.KindPinned, archive.KindDraft, archive.KindTopic, archive.KindOther,
	} {
		for _, item := range r.source.Items(r.account.ID, kind) {
			errs = append(errs, d.item(ctx, item))
		}
	}
	return errors.Join(errs...)
}

func (d *database) item(ctx context.Context, item *archive.Item) error {
	record, err := json.Marshal(item.Record)
	if err != nil {
		return err
	}
	if item.Topic != nil && item.Chat != "" {
		if err := d.put(ctx, "topics", string(item.Chat), item.Topic.ID, item.Topic.Title); err != nil {
			return err
		}
	}
	return d.put(ctx, "items", string(item.Kind), item.Item, some(string(item.Chat)), item.Seen, item.Unlisted, string(record))
}

// peer notes who somebody is, once.
func (d *database) peer(ctx context.Context, id archive.PeerID) error {
	if id == "" || d.told[id] {
		return nil
	}
	d.told[id] = true
	p, ok := d.run.source.Peer(d.run.account.ID, id)
	if !ok {
		return nil
	}
	record, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return d.put(ctx, "peers", string(id), id.Kind(), some(d.run.names.peer(id)), some(p.Username), some(p.Phone), p.Bot, p.Deleted, string(record))
}

func (d *database) chat(ctx context.Context, c told) error {
	d.now = c
	username := ""
	if p, ok := d.run.source.Peer(d.run.account.ID, c.ID); ok {
		username = p.Username
	}
	return errors.Join(d.peer(ctx, c.ID), d.put(ctx, "chats", string(c.ID), string(c.kind), some(c.name), some(username), c.left(), some(string(c.before)), c.folder))
}

func (d *database) message(ctx context.Context, m *toldMessage) error {
	record, err := json.Marshal(m.Message)
	if err != nil {
		return err
	}
	d.row++
	chat := string(d.now.ID)
	row := append([]any{d.row, chat, m.id}, d.columns(ctx, m)...)
	errs := []error{d.put(ctx, "messages", append(row, m.Deleted, max(1, m.Versions), m.Seen, string(record))...)}
	for _, v := range m.earlier {
		raw, err := json.Marshal(v.Message)
		errs = append(errs, err, d.put(ctx, "versions", chat, m.id, v.Version, v.Seen, searchable(v.Message), string(raw)))
	}
	for _, f := range m.files {
		errs = append(errs, d.put(ctx, "media", chat, m.id, f.role, string(f.Key), some(f.path), some(f.reason),
			some(f.Name), some(f.MIME), f.Size, some(f.Width), some(f.Height), some(f.Duration), some(f.sha256)))
	}
	for _, r := range m.Reactions {
		errs = append(errs, d.put(ctx, "reactions", chat, m.id, r.Type, some(r.Emoji+string(r.Document)), r.Count))
	}
	return errors.Join(errs...)
}

// columns are the values of a message from "date" to "replies".
func (d *database) columns(ctx context.Context, m *toldMessage) []any {
	sender := m.From
	switch {
	case sender == "" && m.Out:
		sender = d.run.account.ID
	case sender == "":
		sender = d.now.ID
	}
	_ = d.peer(ctx, sender) // a broken database shows with the message too
	var action string
	if m.Action != nil {
		if action = m.Action.Type; action == "" {
			action = m.Action.Custom
		}
	}
	var reply archive.Reply
	var quote string
	if m.Reply != nil {
		if reply = *m.Reply; reply.Quote != nil {
			quote = reply.Quote.Text
		}
	}
	var forward archive.Forward
	if m.Forward != nil {
		forward = *m.Forward
		_ = d.peer(ctx, forward.From)
	}
	return []any{
		m.Date, some(m.Edited), string(sender), some(m.Author), string(m.Content()), searchable(m.Message), some(action),
		some(m.Topic), some(m.Album), some(reply.MessageID), some(string(reply.Peer)), some(quote),
		some(string(forward.From)), some(forward.FromName), some(forward.Date), some(string(m.ViaBot)), m.Out, m.Pinned,
		some(m.Views), some(m.Forwards), some(m.Message.Replies),
	}
}

// searchable is the text of a message, or of the article that it is.
func searchable(m *archive.Message) string {
	return strings.ToValidUTF8(body(m).Text, "\uFFFD")
}

// some is NULL for the zero value.
func some[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func (d *database) chatEnd() error { return nil }

func (d *database) finish(ctx context.Context) error {
	if err := d.tx.Commit(); err != nil {
		return err
	}
	if _, err := d.db.ExecContext(ctx, databaseIndexes); err != nil {
		return err
	}
	if err := d.db.Close(); err != nil {
		return err
	}
	d.db = nil
	return d.part.publish(databaseFile)
}

func (d *database) drop() {
	if d.db != nil {
		if d.tx != nil {
			_ = d.tx.Rollback() // the file goes anyway
		}
		_ = d.db.Close()
	}
	d.part.drop()
}
