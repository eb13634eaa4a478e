package copies

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
	"time"

	"modernc.org/sqlite"

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
CREATE TABLE IF NOT EXISTS writing (copy TEXT PRIMARY KEY) WITHOUT ROWID; -- copies that a process writes to
`

// A notebook is what this machine remembers of the copies, in one SQLite file, or in no
// file at all.
type notebook struct {
	db    *sql.DB
	vault string
}

// openNotebook opens the file, or makes it; "" means a memory that ends with the process. One that is
// damaged is set aside, and lost says so: another begins.
func openNotebook(ctx context.Context, path, vault string) (m *notebook, lost bool, err error) {
	m, err = tryNotebook(ctx, path, vault)
	if !isDamaged(err) {
		return m, false, err
	}
	if err := moveAside(path); err != nil {
		return nil, false, memoryError(err)
	}
	m, err = tryNotebook(ctx, path, vault)
	return m, true, err
}

func tryNotebook(ctx context.Context, path, vault string) (*notebook, error) {
	m, err := dialNotebook(path)
	if err != nil {
		return nil, err
	}
	m.vault = vault
	if err := m.prepare(ctx); err != nil {
		return nil, errors.Join(memoryError(err), m.close())
	}
	return m, nil
}

// errDamaged is what the check of a file says that SQLite can open.
var errDamaged = errors.New("the database is damaged")

// isDamaged reports whether an error says that the file holds no database, or a broken one.
func isDamaged(err error) bool {
	const corrupt, notADatabase = 11, 26 // SQLITE_CORRUPT, SQLITE_NOTADB
	e, ok := errors.AsType[*sqlite.Error](err)
	return errors.Is(err, errDamaged) || ok && (e.Code()&0xff == corrupt || e.Code()&0xff == notADatabase)
}

// moveAside gives the file another name, under which nobody looks for it.
func moveAside(path string) error {
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(path, path+".damaged")
}

// dialNotebook opens the file, or makes it, and looks at nothing in it.
func dialNotebook(path string) (*notebook, error) {
	name := ":memory:"
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let others read it
		if err != nil {
			return nil, memoryError(err)
		}
		if err := f.Close(); err != nil {
			return nil, memoryError(err)
		}
		options := url.Values{
			"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-512)", "busy_timeout(10000)"},
			"_txlock": {"immediate"},
		}
		name = "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + options.Encode()
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, memoryError(err)
	}
	db.SetMaxOpenConns(1)
	return &notebook{db: db}, nil
}

// memoryError says whose error it is, and what SQLite says of a full disk as the system does.
func memoryError(err error) error {
	const full, sharedMemorySize = 13, 10 | 19<<8 // SQLITE_FULL, SQLITE_IOERR_SHMSIZE: it could not grow
	if e, ok := errors.AsType[*sqlite.Error](err); ok && (e.Code()&0xff == full || e.Code() == sharedMemorySize) {
		err = syscall.ENOSPC
	}
	return fmt.Errorf("memory of the copies: %w", err)
}

func (m *notebook) prepare(ctx context.Context) error {
	var state string
	if err := m.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&state); err != nil {
		return err
	}
	if state != "ok" {
		return errDamaged
	}
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
		return memoryError(err)
	}
	return nil
}

// begin notes that this process writes to a copy, and reports whether an earlier one did and
// never came to its end.
func (m *notebook) begin(name string) (again bool, err error) {
	r, err := m.db.Exec("INSERT OR IGNORE INTO writing VALUES (?)", name)
	if err != nil {
		return false, memoryError(err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return false, memoryError(err)
	}
	return n == 0, nil
}

// end notes that all that was written to a copy is durable.
func (m *notebook) end(name string) error { return m.exec("DELETE FROM writing WHERE copy = ?", name) }

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
		return nil, memoryError(err)
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
			return nil, memoryError(err)
		}
		heads[h.Writer] = h // the later ones come last
	}
	if err := rows.Err(); err != nil {
		return nil, memoryError(err)
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
		return r, memoryError(err)
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
		return 0, memoryError(err)
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
