package copies

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
)

// Remembered returns the last commits that this machine has seen at each copy, from the
// file that Options.State names, also while a Set uses it. None if there is no such file.
func Remembered(ctx context.Context, path string) (map[string][]chunkstore.Head, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	m, err := readNotebook(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = m.close() }() // read only
	rows, err := m.db.QueryContext(ctx, "SELECT copy, writer, seq, hash FROM head")
	if err != nil {
		return nil, memoryError(err)
	}
	defer rows.Close()
	all := make(map[string][]chunkstore.Head)
	for rows.Next() {
		h := chunkstore.Head{Vault: m.vault}
		var name, hash string
		err := rows.Scan(&name, &h.Writer, &h.Seq, &hash)
		if err == nil {
			h.Hash, err = chunkstore.ParseHash(hash)
		}
		if err != nil {
			return nil, memoryError(err)
		}
		all[name] = append(all[name], h)
	}
	if err := rows.Err(); err != nil {
		return nil, memoryError(err)
	}
	return all, nil
}

// readNotebook opens the file of whichever vault it is.
func readNotebook(ctx context.Context, path string) (*notebook, error) {
	m, err := dialNotebook(path)
	if err != nil {
		return nil, err
	}
	if err := m.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'vault'").Scan(&m.vault); err != nil {
		return nil, errors.Join(memoryError(err), m.close())
	}
	return m, nil
}

// Witness opens the small objects that a Set keeps in its spool, out of reach of the copies;
// fs.ErrNotExist if it has kept none yet.
func Witness(spool string) (Driver, error) { return local.Open(filepath.Join(spool, "keep")) }
