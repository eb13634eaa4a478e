package chunkstore

import (
	"database/sql"
	"fmt"
	"os"
)

// A StateReader reads the resume state that a machine holds of its writer, as of
// the last commit, also while a Writer uses it. It needs no key and changes
// nothing. Its methods may be used from many goroutines.
type StateReader struct{ resume *resume }

// ReadState opens the state at path; fs.ErrNotExist if there is none, in which
// case the next OpenWriter rebuilds it from the vault.
func ReadState(path string) (*StateReader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("local state: %w", err)
	}
	db, err := sql.Open("sqlite", stateURL(path, readPragmas))
	if err != nil {
		return nil, stateError("open", err)
	}
	db.SetMaxOpenConns(readers)
	return &StateReader{newResume(&state{reads: db})}, nil
}

// Get returns the value of a key; false if there is none.
func (r *StateReader) Get(key string) ([]byte, bool, error) { return r.resume.get(key) }

// Range calls visit for every key with the prefix, in ascending order. An error
// of visit ends it and is returned. Visit may use the StateReader.
func (r *StateReader) Range(prefix string, visit func(key string, value []byte) error) error {
	return r.resume.each(prefix, visit)
}

// Close ends the use of the state.
func (r *StateReader) Close() error { return r.resume.state.reads.Close() }
