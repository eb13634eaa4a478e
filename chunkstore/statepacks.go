package chunkstore

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"telekeep/crypto"
)

// addPending remembers a pack that is stored and that no commit lists yet. It may be
// told twice.
func (s *state) addPending(p Object, dir directory) error {
	return s.update("remember a pack", func(tx *sql.Tx) error {
		return insertPack(tx, p, dir, dir)
	})
}

// insertPack stores a pack and its chunks; kept is the directory to keep, nil for a
// committed pack.
func insertPack(tx *sql.Tx, p Object, dir, kept directory) error {
	var keptBytes any // a nil directory must become NULL
	if kept != nil {
		keptBytes = []byte(kept)
	}
	result, err := tx.Exec("INSERT OR IGNORE INTO pack (hash, size, directory) VALUES (?, ?, ?)", p.Hash[:], p.Size, keptBytes)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); n == 0 || err != nil {
		return err // known already
	}
	number, err := result.LastInsertId()
	if err != nil {
		return err
	}
	insert, err := tx.Prepare("INSERT OR IGNORE INTO chunk VALUES (?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for i := range dir.len() {
		e := dir.entry(i)
		if _, err := insert.Exec(e.ID[:], number, e.Offset, e.Stored, e.Raw, e.Encoding); err != nil {
			return err
		}
	}
	return nil
}

// commitPack stores a pack that a commit lists; a pending one is pending no more.
func commitPack(tx *sql.Tx, p Object, dir directory) error {
	if err := insertPack(tx, p, dir, nil); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE pack SET directory = NULL WHERE hash = ? AND directory IS NOT NULL", p.Hash[:])
	return err
}

// pending returns the packs that no commit lists yet, ascending by hash.
func (s *state) pending() ([]Object, error) {
	rows, err := s.db.Query("SELECT hash, size FROM pack WHERE directory IS NOT NULL ORDER BY hash")
	if err != nil {
		return nil, s.wrap("list the new packs", err)
	}
	defer rows.Close()
	var packs []Object
	for rows.Next() {
		var hash []byte
		var p Object
		if err := rows.Scan(&hash, &p.Size); err != nil {
			return nil, s.wrap("list the new packs", err)
		}
		if copy(p.Hash[:], hash) != len(hash) || len(hash) != len(p.Hash) {
			return nil, fmt.Errorf("%w: a pack has no hash", ErrStateDamaged)
		}
		packs = append(packs, p)
	}
	return packs, s.wrap("list the new packs", rows.Err())
}

// pendingDirectory returns the directory of a pending pack.
func (s *state) pendingDirectory(p Object) (directory, error) {
	var raw []byte
	err := s.db.QueryRow("SELECT directory FROM pack WHERE hash = ?", p.Hash[:]).Scan(&raw)
	if err != nil {
		return nil, s.wrap("read a directory", err)
	}
	dir, err := parseDirectory(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStateDamaged, err)
	}
	return dir, nil
}

// dropPending forgets a pending pack that is not in the vault after all, and its
// chunks.
func (s *state) dropPending(p Object) error {
	dir, err := s.pendingDirectory(p)
	if err != nil {
		return err
	}
	return s.update("forget a pack", func(tx *sql.Tx) error {
		var number int64
		if err := tx.QueryRow("SELECT number FROM pack WHERE hash = ?", p.Hash[:]).Scan(&number); err != nil {
			return err
		}
		for i := range dir.len() {
			id := dir.entry(i).ID
			if _, err := tx.Exec("DELETE FROM chunk WHERE id = ? AND pack = ?", id[:], number); err != nil {
				return err
			}
		}
		_, err := tx.Exec("DELETE FROM pack WHERE number = ?", number)
		return err
	})
}

// apply makes a commit part of the state, from the bytes of its index, and returns
// the record ids in it. All of it happens or nothing. lost says that a commit before it is
// not known.
func (s *state) apply(c *Commit, index []byte, id crypto.Identity, lost bool) (records []crypto.ID, err error) {
	err = s.update("take over a commit", func(tx *sql.Tx) error {
		if err := retirePacks(tx, c.Retired); err != nil { // before their chunks come again, in new packs
			return err
		}
		left := c.Packs
		err := openIndex(index, indexVisitor{
			records: func(ids []crypto.ID) error {
				records = ids
				return nil
			},
			pack: func(p Object, dir directory) error {
				if len(left) == 0 || left[0] != p {
					return indexDamage("its packs are not those of its commit")
				}
				left = left[1:]
				return commitPack(tx, p, dir)
			},
			change: func(c change) error { return setResume(tx, c) },
		}, id)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return indexDamage("its packs are not those of its commit")
		}
		if lost {
			err = s.setLost(tx, c.Seq-1)
		}
		return errors.Join(err, s.link(tx, c))
	})
	return records, err
}

// applyLost makes a commit whose index is lost part of the state.
func (s *state) applyLost(c *Commit) error {
	return s.update("take over a commit", func(tx *sql.Tx) error {
		if err := retirePacks(tx, c.Retired); err != nil {
			return err
		}
		for _, p := range c.Packs {
			if _, err := tx.Exec("INSERT OR IGNORE INTO pack (hash, size) VALUES (?, ?)", p.Hash[:], p.Size); err != nil {
				return err
			}
		}
		return errors.Join(s.setLost(tx, c.Seq), s.link(tx, c))
	})
}

// retirePacks forgets packs and the chunks that are known to be in them.
func retirePacks(tx *sql.Tx, packs []Object) error {
	if len(packs) == 0 {
		return nil
	}
	find := func(gone *sql.Stmt) error {
		for _, p := range packs {
			if _, err := gone.Exec(p.Hash[:]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := forgetIn(tx, "INSERT INTO gone SELECT number FROM pack WHERE hash = ?", find); err != nil {
		return err
	}
	for _, p := range packs {
		if _, err := tx.Exec("DELETE FROM pack WHERE hash = ?", p.Hash[:]); err != nil {
			return err
		}
	}
	return nil
}

// forgetIn forgets the chunks of packs, whose numbers find adds with a statement of its own.
func forgetIn(tx *sql.Tx, add string, find func(gone *sql.Stmt) error) error {
	if _, err := tx.Exec("CREATE TEMP TABLE gone (number INTEGER PRIMARY KEY)"); err != nil {
		return err
	}
	gone, err := tx.Prepare(add)
	if err != nil {
		return err
	}
	defer gone.Close()
	if err := find(gone); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM chunk WHERE pack IN (SELECT number FROM gone)"); err != nil {
		return err
	}
	_, err = tx.Exec("DROP TABLE gone")
	return err
}

// numbers returns the numbers of those packs that are known.
func (s *state) numbers(packs []Object) ([]int64, error) {
	var numbers []int64
	for _, p := range packs {
		var n int64
		err := s.db.QueryRow("SELECT number FROM pack WHERE hash = ?", p.Hash[:]).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, s.wrap("look up a pack", err)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// link makes c the last commit.
func (s *state) link(tx *sql.Tx, c *Commit) error {
	if _, err := tx.Exec("INSERT OR REPLACE INTO link VALUES (?, ?)", c.Seq, c.Hash[:]); err != nil {
		return err
	}
	return s.setMeta(tx, "head", head{c.Seq, c.Hash}.marshal())
}

// linked reports whether a commit of the chain has this hash.
func (s *state) linked(h Hash) (bool, error) {
	var one int
	err := s.db.QueryRow("SELECT 1 FROM link WHERE hash = ?", h[:]).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, s.wrap("look up a commit", err)
}

// links calls f for every commit that is known, ascending.
func (s *state) links(f func(seq uint64)) error {
	rows, err := s.reads.Query("SELECT seq FROM link ORDER BY seq")
	if err != nil {
		return s.wrap("list the commits", err)
	}
	defer rows.Close()
	for rows.Next() {
		var seq uint64
		if err := rows.Scan(&seq); err != nil {
			return s.wrap("list the commits", err)
		}
		f(seq)
	}
	return s.wrap("list the commits", rows.Err())
}

// setLost notes that what a commit changed of the resume state is not known.
func (s *state) setLost(tx *sql.Tx, seq uint64) error {
	return s.setMeta(tx, "lost", binary.LittleEndian.AppendUint64(nil, seq))
}

// lost returns the number of the last commit whose changes are not known; 0 if there is
// none.
func (s *state) lost() (uint64, error) {
	value, err := s.meta("lost")
	if err != nil || len(value) != 8 {
		return 0, s.wrap("read what is lost", err)
	}
	return binary.LittleEndian.Uint64(value), nil
}

// setResume changes one value of the resume state.
func setResume(tx *sql.Tx, c change) error {
	if c.value == nil {
		_, err := tx.Exec("DELETE FROM resume WHERE key = ?", []byte(c.key))
		return err
	}
	_, err := tx.Exec("INSERT INTO resume VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", []byte(c.key), c.value)
	return err
}

// get returns a value of the resume state.
func (s *state) get(key string) ([]byte, bool, error) {
	var value []byte
	err := s.reads.QueryRow("SELECT value FROM resume WHERE key = ?", []byte(key)).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if value == nil {
		value = []byte{} // SQLite has no empty blobs apart from NULL here
	}
	return value, err == nil, s.wrap("read a value", err)
}

// page returns up to limit values whose keys start with prefix and come after the key
// after, ascending.
func (s *state) page(prefix, after string, limit int) ([]change, error) {
	rows, err := s.reads.Query("SELECT key, value FROM resume WHERE key >= ? AND key > ? ORDER BY key LIMIT ?",
		[]byte(prefix), []byte(after), limit)
	if err != nil {
		return nil, s.wrap("list values", err)
	}
	defer rows.Close()
	var found []change
	for rows.Next() {
		var key, value []byte
		if err := rows.Scan(&key, &value); err != nil {
			return nil, s.wrap("list values", err)
		}
		if len(key) < len(prefix) || string(key[:len(prefix)]) != prefix {
			break
		}
		if value == nil {
			value = []byte{}
		}
		found = append(found, change{string(key), value})
	}
	return found, s.wrap("list values", rows.Err())
}
