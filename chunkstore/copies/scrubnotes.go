package copies

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"telekeep/chunkstore"
)

// scrubSchema is what is remembered of checking packs: some 50 bytes for each pack of each
// copy. If it is lost every pack counts as never checked.
const scrubSchema = `
CREATE TABLE IF NOT EXISTS checked (
	copy  TEXT NOT NULL,
	pack  BLOB NOT NULL,           -- its hash
	at    INTEGER NOT NULL,        -- Unix seconds
	fault TEXT NOT NULL DEFAULT '', -- what was wrong with it and could not be healed
	PRIMARY KEY (copy, pack)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scrub (
	copy   TEXT PRIMARY KEY,
	oldest INTEGER NOT NULL -- when its least recently checked pack was checked; 0: one never was
) WITHOUT ROWID;
`

// checks returns when each pack of a copy was checked, in Unix seconds.
func (m *notebook) checks(name string) (map[chunkstore.Hash]int64, error) {
	rows, err := m.db.Query("SELECT pack, at FROM checked WHERE copy = ?", name)
	if err != nil {
		return nil, memoryError(err)
	}
	defer rows.Close()
	all := make(map[chunkstore.Hash]int64)
	for rows.Next() {
		var pack []byte
		var at int64
		if err := rows.Scan(&pack, &at); err != nil {
			return nil, memoryError(err)
		}
		if len(pack) == len(chunkstore.Hash{}) {
			all[chunkstore.Hash(pack)] = at
		}
	}
	if err := rows.Err(); err != nil {
		return nil, memoryError(err)
	}
	return all, nil
}

// check notes that a pack was checked, and what stayed wrong with it.
func (m *notebook) check(name string, pack chunkstore.Hash, at int64, fault string) error {
	return m.exec("INSERT OR REPLACE INTO checked VALUES (?, ?, ?, ?)", name, pack[:], at, fault)
}

// forgetChecks forgets packs that are not there any more.
func (m *notebook) forgetChecks(name string, packs []chunkstore.Hash) error {
	for _, pack := range packs {
		if err := m.exec("DELETE FROM checked WHERE copy = ? AND pack = ?", name, pack[:]); err != nil {
			return err
		}
	}
	return nil
}

// bad returns how many packs are known to be bad.
func (m *notebook) bad() (n int, err error) {
	err = m.db.QueryRow("SELECT count(*) FROM checked WHERE fault <> ''").Scan(&n)
	return n, err
}

func (m *notebook) setOldest(name string, at int64) error {
	return m.exec("INSERT OR REPLACE INTO scrub VALUES (?, ?)", name, at)
}

// oldest returns when the least recently checked pack of a copy was checked; zero if one
// never was, or that is not known.
func (m *notebook) oldest(name string) (time.Time, error) {
	var at int64
	err := m.db.QueryRow("SELECT oldest FROM scrub WHERE copy = ?", name).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, memoryError(err)
	}
	return unixTime(at), nil
}

func (m *notebook) lastScrub() (time.Time, error) {
	var at int64
	err := m.db.QueryRow("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'scrubbed'").Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, memoryError(err)
	}
	return unixTime(at), nil
}

func (m *notebook) setLastScrub(now time.Time) error {
	return m.exec("INSERT OR REPLACE INTO meta VALUES ('scrubbed', ?)", fmt.Sprint(now.Unix()))
}

// A Checked is a pack that somebody read at a copy.
type Checked struct {
	Pack  chunkstore.Hash
	At    time.Time
	Fault FaultKind // what is wrong with it; "" if nothing
}

// NoteChecked writes down packs that somebody else read at a copy, in the file that
// Options.State names, also while a Set uses it: they are not scrubbed too soon again.
// Nothing happens if there is no such file, or if it is that of another vault.
func NoteChecked(ctx context.Context, path, vault, name string, packs []Checked) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) || len(packs) == 0 {
		return nil
	}
	m, err := dialNotebook(path)
	if err != nil {
		return err
	}
	defer func() { _ = m.close() }() // every statement was durable
	m.vault = vault
	if err := m.prepare(ctx); err != nil {
		if errors.Is(err, chunkstore.ErrOtherVault) {
			return nil
		}
		return memoryError(err)
	}
	for _, p := range packs {
		if err := m.check(name, p.Pack, p.At.Unix(), string(p.Fault)); err != nil {
			return err
		}
	}
	return nil
}
