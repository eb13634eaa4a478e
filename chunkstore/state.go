package chunkstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"

	"modernc.org/sqlite"

	"telekeep/crypto"
)

// stateVersion is the version of the schema. Another one is rebuilt from the vault:
// the state is a cache.
const stateVersion = 1

// A state is what a writer remembers about its part of the vault, one SQLite file:
//
//	meta    version, vault, writer, head; the last commit whose changes are lost
//	link    seq and hash of each commit
//	pack    hash, size; the directory as long as no commit lists the pack ("pending")
//	chunk   id ▶ pack, offset, lengths, encoding
//	resume  key ▶ value, as of the head
//
// Everything but the pending packs and the memory of the head can be rebuilt from the
// writer's indexes. Its methods may be used from many goroutines.
type state struct {
	db    *sql.DB // one connection: whatever changes something
	reads *sql.DB // some more, so that a look-up never waits for a write to reach the disk
	lock  *os.File
	find  *sql.Stmt

	reserve reserve

	suspect atomic.Bool // damage was met: the next user must check
}

// A head is the last commit that a writer knows of.
type head struct {
	seq  uint64 // 0 before the first commit
	hash Hash
}

// ErrStateDamaged says that the file is no state that this code can use. A Writer that
// is opened on it makes a new one from the vault.
var ErrStateDamaged = errors.New("the local state is damaged")

// The writes are few: one transaction a pack, one a commit. So each may wait for the
// disk (FULL), and neither a pending pack nor the head is forgotten in a power cut.
var statePragmas = url.Values{
	"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-4096)", "busy_timeout(10000)"},
	"_txlock": {"immediate"},
}

var readPragmas = url.Values{"_pragma": {"query_only(1)", "cache_size(-4096)", "busy_timeout(10000)"}}

// readers is how many look-ups are done at once.
const readers = 2

const stateSchema = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pack (
	number    INTEGER PRIMARY KEY,
	hash      BLOB NOT NULL UNIQUE,
	size      INTEGER NOT NULL,
	directory BLOB                -- NULL once a commit lists the pack
);
CREATE INDEX IF NOT EXISTS pending ON pack (hash) WHERE directory IS NOT NULL;
CREATE TABLE IF NOT EXISTS chunk (
	id       BLOB PRIMARY KEY,
	pack     INTEGER NOT NULL,
	start    INTEGER NOT NULL,
	stored   INTEGER NOT NULL,
	raw      INTEGER NOT NULL,
	encoding INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS link (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS resume (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
`

// openState opens the state of a writer, or makes an empty one. ErrStateBusy means
// that another process has it open, ErrOtherVault that it belongs to another vault or
// writer. A damaged file is set aside under the name path.damaged.
func openState(path, vault, writer string) (*state, error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	s, err := openStateFile(path, vault, writer)
	if errors.Is(err, ErrStateDamaged) {
		if err = setAside(path); err == nil {
			s, err = openStateFile(path, vault, writer)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the local state: %w", err), lock.Close())
	}
	s.lock = lock
	return s, nil
}

func openStateFile(path, vault, writer string) (*state, error) {
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", stateURL(path, statePragmas))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	reads, err := sql.Open("sqlite", stateURL(path, readPragmas))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	reads.SetMaxOpenConns(readers)
	reads.SetMaxIdleConns(readers)
	s := &state{db: db, reads: reads, reserve: reserve{path: path + ".reserve"}}
	if err := s.withReserve(func() error { return s.prepare(vault, writer) }); err != nil {
		return nil, errors.Join(sortStateError(err), reads.Close(), db.Close())
	}
	return s, nil
}

// makePrivate makes the file before SQLite does, which would let others read it;
// the files beside it get the same permissions.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// stateURL makes the name of a database for SQLite; characters such as '?' in the
// path are escaped.
func stateURL(path string, options url.Values) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + options.Encode()
}

// prepare checks whose state it is and gets everything ready.
func (s *state) prepare(vault, writer string) error {
	if err := s.check(); err != nil {
		return err
	}
	if _, err := s.db.Exec(stateSchema); err != nil {
		return err
	}
	for key, want := range map[string]string{"version": fmt.Sprint(stateVersion), "vault": vault, "writer": writer} {
		if err := s.own(key, want); err != nil {
			return err
		}
	}
	// From here on until close, the file counts as one that may need a check.
	if err := s.setMeta(s.db, "open", []byte("1")); err != nil {
		return err
	}
	var err error
	s.find, err = s.reads.Prepare("SELECT 1 FROM chunk WHERE id = ?")
	return err
}

// check looks for damage if the last user of the file did not close it.
func (s *state) check() error {
	var tables int
	if err := s.db.QueryRow("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").Scan(&tables); err != nil {
		return err
	}
	if tables == 0 {
		return nil
	}
	open, err := s.meta("open")
	if err != nil || open == nil {
		return err
	}
	var result string
	if err := s.db.QueryRow("PRAGMA quick_check(1)").Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return ErrStateDamaged
	}
	return nil
}

// own compares a value with the one that the state was made with, or stores it.
func (s *state) own(key, want string) error {
	got, err := s.meta(key)
	switch {
	case err != nil:
		return err
	case got == nil:
		return s.setMeta(s.db, key, []byte(want))
	case string(got) == want:
		return nil
	case key == "version":
		return ErrStateDamaged
	}
	return fmt.Errorf("%w: the local state belongs to %s %s, not %s", ErrOtherVault, key, shorten(string(got)), want)
}

// shrink gives up the memory that SQLite keeps for pages it has read. Look-ups get new
// connections; the one that writes stays, because the last one to go would empty the
// write-ahead log.
func (s *state) shrink() error {
	s.reads.SetMaxIdleConns(-1) // closes those that nobody uses
	s.reads.SetMaxIdleConns(readers)
	_, err := s.db.Exec("PRAGMA shrink_memory")
	return s.wrap("give memory back", err)
}

// close ends the use of the state.
func (s *state) close() error {
	var err error
	if !s.suspect.Load() {
		_, err = s.db.Exec("DELETE FROM meta WHERE key = 'open'")
	}
	return errors.Join(err, s.find.Close(), s.reads.Close(), s.db.Close(), s.lock.Close())
}

// meta returns a value, or nil.
func (s *state) meta(key string) ([]byte, error) {
	var value []byte
	err := s.db.QueryRow("SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, err
}

// An execer is a database or a transaction.
type execer interface {
	Exec(query string, args ...any) (sql.Result, error)
}

func (s *state) setMeta(x execer, key string, value []byte) error {
	_, err := x.Exec("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	return err
}

// head returns the last commit that was applied.
func (s *state) head() (head, error) {
	value, err := s.meta("head")
	if err != nil {
		return head{}, s.wrap("read the head", err)
	}
	return parseHead(value)
}

// A head is stored as the seq, eight bytes little-endian, and the hash.
func (h head) marshal() []byte {
	return append(binary.LittleEndian.AppendUint64(nil, h.seq), h.hash[:]...)
}

func parseHead(value []byte) (head, error) {
	if value == nil {
		return head{}, nil
	}
	if len(value) != 40 {
		return head{}, fmt.Errorf("%w: its head is not readable", ErrStateDamaged)
	}
	return head{binary.LittleEndian.Uint64(value), Hash(value[8:])}, nil
}

// update runs f in one transaction, twice if it takes the reserve to make room.
func (s *state) update(what string, f func(tx *sql.Tx) error) error {
	return s.withReserve(func() error { return s.try(what, f) })
}

func (s *state) try(what string, f func(tx *sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return s.wrap(what, err)
	}
	if err := f(tx); err != nil {
		if rollback := tx.Rollback(); rollback != nil && !isNoSpace(sortStateError(err)) {
			err = errors.Join(err, rollback) // SQLite rolls back by itself when there is no room
		}
		return s.wrap(what, err)
	}
	return s.wrap(what, tx.Commit())
}

// wrap says what was being done, and notes that the file is damaged if it is.
func (s *state) wrap(what string, err error) error {
	err = stateError(what, err)
	if errors.Is(err, ErrStateDamaged) {
		s.suspect.Store(true)
	}
	return err
}

// stateError says what was being done.
func stateError(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("local state: %s: %w", what, sortStateError(err))
}

// sortStateError marks what SQLite says about a broken file and about a full disk.
func sortStateError(err error) error {
	const corrupt, notADatabase, full = 11, 26, 13 // SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FULL
	const sharedMemorySize = 10 | 19<<8            // SQLITE_IOERR_SHMSIZE: it could not grow
	e, ok := errors.AsType[*sqlite.Error](err)
	switch {
	case !ok:
		return err
	case e.Code()&0xff == corrupt || e.Code()&0xff == notADatabase:
		return fmt.Errorf("%w: %w", ErrStateDamaged, err)
	case e.Code()&0xff == full || e.Code() == sharedMemorySize:
		return errNoSpace
	}
	return err
}

// relaxed runs f with writes that do not wait for the disk one by one. A power cut then
// costs the last of them and damages nothing: right for what can be read again.
func (s *state) relaxed(f func() error) error {
	if _, err := s.db.Exec("PRAGMA synchronous = NORMAL"); err != nil {
		return s.wrap("prepare", err)
	}
	err := f()
	if _, strict := s.db.Exec("PRAGMA synchronous = FULL"); err == nil {
		err = s.wrap("prepare", strict)
	}
	return err
}

// setAside renames a damaged state, with what SQLite keeps beside it.
func setAside(path string) error {
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(path, path+".damaged")
}

// A Head is the last commit that a machine remembers of a writer.
type Head struct {
	Vault  string
	Writer string
	Seq    uint64 // 0 before the first commit
	Hash   Hash
}

// ReadHead reads the head from the state at path, also while a Writer uses it.
// fs.ErrNotExist if there is no state; a zero Head if a Writer is only just making it.
func ReadHead(ctx context.Context, path string) (Head, error) {
	if _, err := os.Stat(path); err != nil {
		return Head{}, fmt.Errorf("local state: %w", err)
	}
	// Told that nobody writes, SQLite makes no files beside the state: right where there
	// is no log, and all that can be done where nothing can be written.
	frozen := maps.Clone(readPragmas)
	frozen.Set("immutable", "1")
	if _, err := os.Lstat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		if head, err := readHead(ctx, stateURL(path, frozen)); err == nil {
			return head, nil
		}
	}
	head, err := readHead(ctx, stateURL(path, readPragmas))
	if err == nil || ctx.Err() != nil {
		return head, err
	}
	if info, walErr := os.Stat(path + "-wal"); walErr == nil && info.Size() > 0 {
		return head, err // what counts is in there
	}
	if head, frozenErr := readHead(ctx, stateURL(path, frozen)); frozenErr == nil {
		return head, nil
	}
	return head, err
}

func readHead(ctx context.Context, url string) (Head, error) {
	db, err := sql.Open("sqlite", url)
	if err != nil {
		return Head{}, stateError("open", err)
	}
	defer db.Close() // read only
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'meta'").Scan(&tables); err != nil {
		return Head{}, stateError("read the head", err)
	}
	if tables == 0 {
		return Head{}, nil
	}
	values := make(map[string][]byte)
	for _, key := range []string{"vault", "writer", "head"} {
		var value []byte
		err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return Head{}, stateError("read the head", err)
		}
		values[key] = bytes.Clone(value)
	}
	h, err := parseHead(values["head"])
	return Head{string(values["vault"]), string(values["writer"]), h.seq, h.hash}, err
}

// has reports whether a chunk is in a pack, pending or committed.
func (s *state) has(id crypto.ID) (bool, error) {
	var one int
	err := s.find.QueryRow(id[:]).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, s.wrap("look up a chunk", err)
}
