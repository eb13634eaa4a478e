package copies

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"telekeep/chunkstore"
)

// notebookSchema is what is remembered of the copies. Nothing in it is secret, and all of
// it can be lost: then a copy that was set back passes for one that is behind.
const notebookSchema = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS copy (
	name     TEXT PRIMARY KEY,
	identity TEXT NOT NULL DEFAULT '',  -- of the file system
	seen     INTEGER NOT NULL DEFAULT 0, -- Unix seconds
	caught   INTEGER NOT NULL DEFAULT 0, -- when it last held all that was known
	objects  INTEGER NOT NULL DEFAULT 0, -- that it missed since then
	bytes    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS head (
	copy   TEXT NOT NULL,
	writer TEXT NOT NULL,
	seq    INTEGER NOT NULL,
	hash   TEXT NOT NULL,
	PRIMARY KEY (copy, writer)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holds ( -- which copies hold what is in the spool
	object TEXT NOT NULL,
	copy   TEXT NOT NULL,
	PRIMARY KEY (object, copy)
) WITHOUT ROWID;
`

// A notebook is what this machine remembers of the copies, in one SQLite file, or in no
// file at all.
type notebook struct {
	db    *sql.DB
	vault string
}

// openNotebook opens the file, or makes it; "" means a memory that ends with the process.
func openNotebook(ctx context.Context, path, vault string) (*notebook, error) {
	m, err := dialNotebook(path)
	if err != nil {
		return nil, err
	}
	m.vault = vault
	if err := m.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("memory of the copies: %w", err), m.close())
	}
	return m, nil
}

// dialNotebook opens the file, or makes it, and looks at nothing in it.
func dialNotebook(path string) (*notebook, error) {
	name := ":memory:"
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let others read it
		if err != nil {
			return nil, fmt.Errorf("memory of the copies: %w", err)
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("memory of the copies: %w", err)
		}
		options := url.Values{
			"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-512)", "busy_timeout(10000)"},
			"_txlock": {"immediate"},
		}
		name = "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + options.Encode()
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("memory of the copies: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &notebook{db: db}, nil
}

func (m *notebook) prepare(ctx context.Context) error {
	if _, err := m.db.ExecContext(ctx, notebookSchema+scrubSchema); err != nil {
		return err
	}
	if _, err := m.db.ExecContext(ctx, "INSERT OR IGNORE INTO meta VALUES ('vault', ?)", m.vault); err != nil {
		return err
	}
	var vault string
	if err := m.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'vault'").Scan(&vault); err != nil {
		return err
	}
	if vault != m.vault {
		return fmt.Errorf("%w: it is that of vault %s", chunkstore.ErrOtherVault, vault)
	}
	return nil
}

func (m *notebook) close() error { return m.db.Close() }

func (m *notebook) exec(query string, args ...any) error {
	if _, err := m.db.Exec(query, args...); err != nil {
		return fmt.Errorf("memory of the copies: %w", err)
	}
	return nil
}

// saw notes that a copy was there, on which file system, and how far it was.
func (m *notebook) saw(name, identity string, now time.Time, heads map[string]chunkstore.Head) error {
	err := m.exec(`INSERT INTO copy (name, identity, seen) VALUES (?1, ?2, ?3)
		ON CONFLICT (name) DO UPDATE SET seen = ?3, identity = CASE ?2 WHEN '' THEN identity ELSE ?2 END`,
		name, identity, now.Unix())
	for _, h := range heads {
		if !h.Hash.IsZero() {
			err = errors.Join(err, m.setHead(name, h))
		}
	}
	return err
}

func (m *notebook) setHead(name string, h chunkstore.Head) error {
	return m.exec("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?)", name, h.Writer, h.Seq, h.Hash.String())
}

// headsOf returns the last commits that a copy showed.
func (m *notebook) headsOf(name string) (map[string]chunkstore.Head, error) {
	return m.readHeads("SELECT writer, seq, hash FROM head WHERE copy = ? ORDER BY seq", name)
}

// heads returns the last commits that any copy showed.
func (m *notebook) heads() (map[string]chunkstore.Head, error) {
	return m.readHeads("SELECT writer, seq, hash FROM head ORDER BY seq")
}

func (m *notebook) readHeads(query string, args ...any) (map[string]chunkstore.Head, error) {
	rows, err := m.db.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("memory of the copies: %w", err)
	}
	defer rows.Close()
	heads := make(map[string]chunkstore.Head)
	for rows.Next() {
		h := chunkstore.Head{Vault: m.vault}
		var hash string
		err := rows.Scan(&h.Writer, &h.Seq, &hash)
		if err == nil {
			h.Hash, err = chunkstore.ParseHash(hash)
		}
		if err != nil {
			return nil, fmt.Errorf("memory of the copies: %w", err)
		}
		heads[h.Writer] = h // the later ones come last
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("memory of the copies: %w", err)
	}
	return heads, nil
}

// A copyRow is what is remembered of a copy as a whole.
type copyRow struct {
	identity     string
	seen, caught time.Time
	missed       Lack
}

func (m *notebook) row(name string) (copyRow, error) {
	var r copyRow
	var seen, caught int64
	err := m.db.QueryRow("SELECT identity, seen, caught, objects, bytes FROM copy WHERE name = ?", name).
		Scan(&r.identity, &seen, &caught, &r.missed.Objects, &r.missed.Bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("memory of the copies: %w", err)
	}
	r.seen, r.caught = unixTime(seen), unixTime(caught)
	return r, nil
}

func unixTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func (m *notebook) identityOf(name string) (string, error) {
	r, err := m.row(name)
	return r.identity, err
}

func (m *notebook) forgetIdentity(name string) error {
	return m.exec("UPDATE copy SET identity = '' WHERE name = ?", name)
}

func (m *notebook) missedBy(name string) (Lack, error) {
	r, err := m.row(name)
	return r.missed, err
}

// setMissed notes how much a copy lacks.
func (m *notebook) setMissed(name string, l Lack) error {
	return m.exec(`INSERT INTO copy (name, objects, bytes) VALUES (?1, ?2, ?3)
		ON CONFLICT (name) DO UPDATE SET objects = ?2, bytes = ?3`, name, l.Objects, l.Bytes)
}

// setCaught notes that a copy held all that was known.
func (m *notebook) setCaught(name string, now time.Time) error {
	return m.exec("UPDATE copy SET caught = ?, objects = 0, bytes = 0 WHERE name = ?", now.Unix(), name)
}

// hold notes that a copy holds an object of the spool, and returns how many do.
func (m *notebook) hold(object string, copies []string) (int, error) {
	for _, name := range copies {
		if err := m.exec("INSERT OR IGNORE INTO holds VALUES (?, ?)", object, name); err != nil {
			return 0, err
		}
	}
	var n int
	if err := m.db.QueryRow("SELECT count(*) FROM holds WHERE object = ?", object).Scan(&n); err != nil {
		return 0, fmt.Errorf("memory of the copies: %w", err)
	}
	return n, nil
}

func (m *notebook) forgetHolders(object string) error {
	return m.exec("DELETE FROM holds WHERE object = ?", object)
}

// forget forgets all of a copy: for who removes it from the settings.
func (m *notebook) forget(name string) error {
	for _, table := range []string{"copy WHERE name", "head WHERE copy", "holds WHERE copy", "checked WHERE copy", "scrub WHERE copy"} {
		if err := m.exec("DELETE FROM "+table+" = ?", name); err != nil {
			return err
		}
	}
	return nil
}
