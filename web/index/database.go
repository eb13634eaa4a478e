package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	_ "modernc.org/sqlite" // the driver

	"telekeep/internal/durable"
)

// schemaVersion is the version of the tables and of what is put into them. A database of
// another one is made anew.
const schemaVersion = "1"

const schema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE link (n INTEGER PRIMARY KEY, writer TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TABLE who (
	n        INTEGER PRIMARY KEY,
	account  TEXT NOT NULL,
	peer     TEXT NOT NULL,
	name     TEXT NOT NULL DEFAULT '',
	username TEXT NOT NULL DEFAULT '',
	phone    TEXT NOT NULL DEFAULT '',
	stands   INTEGER NOT NULL DEFAULT 0,
	UNIQUE (account, peer)
);
CREATE TABLE message (
	chat     INTEGER NOT NULL,
	id       INTEGER NOT NULL,
	date     INTEGER NOT NULL,
	topic    INTEGER NOT NULL,
	saved    INTEGER NOT NULL,
	sender   INTEGER NOT NULL,
	kind     INTEGER NOT NULL,
	flags    INTEGER NOT NULL,
	versions INTEGER NOT NULL,
	stands   INTEGER NOT NULL,
	sum      INTEGER NOT NULL,
	doc      INTEGER NOT NULL,
	PRIMARY KEY (chat, id)
) WITHOUT ROWID;
CREATE TABLE doc (
	id       INTEGER PRIMARY KEY,
	chat     INTEGER NOT NULL,
	message  INTEGER NOT NULL,
	version  INTEGER NOT NULL,
	earlier  INTEGER NOT NULL,
	previous INTEGER NOT NULL,
	body     TEXT NOT NULL,
	marks    TEXT NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5 (body, marks, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '2 3 4 5');
CREATE TABLE gone (place INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (place, id)) WITHOUT ROWID;
CREATE TABLE media (
	n      INTEGER PRIMARY KEY,
	key    TEXT NOT NULL UNIQUE,
	size   INTEGER NOT NULL,
	sha    BLOB,
	stored INTEGER NOT NULL
);
CREATE TABLE shown (
	chat    INTEGER NOT NULL,
	message INTEGER NOT NULL,
	media   INTEGER NOT NULL,
	kind    INTEGER NOT NULL,
	PRIMARY KEY (chat, message, media)
) WITHOUT ROWID;
CREATE TABLE quarter (chat INTEGER NOT NULL, quarter INTEGER NOT NULL, messages INTEGER NOT NULL, PRIMARY KEY (chat, quarter)) WITHOUT ROWID;
INSERT INTO words (words, rank) VALUES ('automerge', 0), ('crisismerge', 64), ('hashsize', 33554432);
`

// Errors of Open.
var (
	ErrOtherVault = errors.New("the index belongs to another vault")
	ErrBusy       = errors.New("another process uses the index")
	ErrForeign    = errors.New("the folder holds something that is no index")
)

// A database is where an index lies.
type database struct {
	dir   string  // "" is memory
	write *sql.DB // one connection
	read  *sql.DB // the same one in memory
	lock  *os.File
}

const databaseName = "index.db"

// readers is how many searches go on at once in a folder; in memory it is one.
const readers = 3

func openDatabase(ctx context.Context, dir, vault string) (*database, error) {
	d := &database{dir: dir}
	if dir != "" {
		if err := d.takeFolder(); err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	err := d.open(ctx, vault)
	if err != nil && dir != "" && !errors.Is(err, ErrOtherVault) && !errors.Is(sortError(err), syscall.ENOSPC) && ctx.Err() == nil {
		err = d.renew(ctx, vault)
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// takeFolder makes the folder if it is not there, and locks it.
func (d *database) takeFolder() error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the index: %w", err)
	}
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return fmt.Errorf("read the folder of the index: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case databaseName, databaseName + "-wal", databaseName + "-shm", databaseName + "-journal", "lock":
		default:
			return fmt.Errorf("%w: %s", ErrForeign, d.dir)
		}
	}
	if err := os.Chmod(d.dir, 0o700); err != nil { //nolint:gosec // a folder has to be entered
		return fmt.Errorf("close the folder of the index to others: %w", err)
	}
	if d.lock, err = os.OpenFile(filepath.Join(d.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("lock the index: %w", err)
	}
	if !durable.Lock(d.lock) {
		return ErrBusy
	}
	return nil
}

// renew makes the database anew: it is a cache, and this one is torn or of another version.
func (d *database) renew(ctx context.Context, vault string) error {
	if err := d.closeConnections(); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal", ""} {
		err := os.Remove(filepath.Join(d.dir, databaseName+suffix))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make the index anew: %w", err)
		}
	}
	return d.open(ctx, vault)
}

func (d *database) open(ctx context.Context, vault string) (err error) {
	options := url.Values{"_pragma": {"temp_store(MEMORY)", "busy_timeout(10000)", "cache_size(-32768)"}, "_txlock": {"immediate"}}
	name := "file::memory:"
	if d.dir != "" {
		path := filepath.Join(d.dir, databaseName)
		if err := makePrivate(path); err != nil {
			return fmt.Errorf("make the index: %w", err)
		}
		name = "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
		options["_pragma"] = append(options["_pragma"], "journal_mode(WAL)", "synchronous(NORMAL)", "wal_autocheckpoint(16384)")
	} else {
		// The memory of a page is rounded up: to twice as much for small ones, hardly for these.
		options["_pragma"] = append(options["_pragma"], "journal_mode(OFF)", "synchronous(OFF)", "page_size(32768)")
	}
	if d.write, err = sql.Open("sqlite", name+"?"+options.Encode()); err != nil {
		return fmt.Errorf("open the index: %w", err)
	}
	d.write.SetMaxOpenConns(1)
	d.read = d.write
	if d.dir != "" {
		options["_pragma"] = append(options["_pragma"], "query_only(1)")
		if d.read, err = sql.Open("sqlite", name+"?"+options.Encode()); err != nil {
			return fmt.Errorf("open the index: %w", err)
		}
		d.read.SetMaxOpenConns(readers)
	}
	return d.prepare(ctx, vault)
}

// prepare makes the tables, or checks whose they are.
func (d *database) prepare(ctx context.Context, vault string) error {
	var tables int
	if err := d.write.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'meta'").Scan(&tables); err != nil {
		return fmt.Errorf("open the index: %w", err)
	}
	if tables == 0 {
		return d.create(ctx, vault)
	}
	owner, err := d.meta(ctx, "vault")
	if err != nil {
		return err
	}
	if owner != vault {
		return fmt.Errorf("%w: %s", ErrOtherVault, owner)
	}
	version, err := d.meta(ctx, "version")
	if err == nil && version != schemaVersion {
		err = errors.New("the index is of another version")
	}
	return err
}

func (d *database) create(ctx context.Context, vault string) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("make the index: %w", err)
	}
	_, err = tx.ExecContext(ctx, schema)
	if err == nil {
		_, err = tx.ExecContext(ctx, "INSERT INTO meta VALUES ('vault', ?), ('version', ?)", vault, schemaVersion)
	}
	if err != nil {
		return fmt.Errorf("make the index: %w", errors.Join(err, tx.Rollback()))
	}
	return tx.Commit()
}

func (d *database) meta(ctx context.Context, key string) (string, error) {
	var value string
	err := d.write.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the index: %w", err)
	}
	return value, nil
}

// makePrivate makes the file before SQLite does, which would let others read it; the
// files beside it get the same permissions.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

func (d *database) closeConnections() error {
	var errs []error
	if d.read != nil && d.read != d.write {
		errs = append(errs, d.read.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	d.read, d.write = nil, nil
	return errors.Join(errs...)
}

func (d *database) close() error {
	err := d.closeConnections()
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
		d.lock = nil
	}
	return err
}
