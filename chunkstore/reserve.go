package chunkstore

import (
	crand "crypto/rand"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync/atomic"
)

// reserveSize is how many bytes a reserve holds: more than the state grows by in one
// commit.
const reserveSize = 8 << 20

// A reserve is a file beside the local state that is of no use but to be removed. When
// the disk is full that makes room for the commit which empties the journal, and so for
// everything else:
//
//	state.db          ◀─ no space ─▶ remove state.db.reserve, once more
//	state.db.reserve  ◀─ written again when the journal is empty
type reserve struct {
	path string
	used atomic.Bool // since it was last filled
}

// fill makes the reserve if there is none. Where there is no room for it there is none.
func (r *reserve) fill() {
	r.used.Store(false)
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return // mostly because it is there
	}
	var seed [32]byte
	crand.Read(seed[:]) // never fails
	noise := rand.NewChaCha8(seed)
	buf := make([]byte, 1<<20) // noise, because zeros may take no room
	for n := 0; n < reserveSize && err == nil; n += len(buf) {
		noise.Read(buf) // never fails
		_, err = f.Write(buf)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(r.path) // what there is of it
	}
}

// free removes the reserve and reports whether there was one.
func (r *reserve) free() bool {
	if errors.Is(os.Remove(r.path), fs.ErrNotExist) {
		return false
	}
	r.used.Store(true)
	return true
}

// withReserve runs f, which changes the state. If there is no room it runs once more
// without the reserve.
func (s *state) withReserve(f func() error) error {
	err := f()
	if isNoSpace(sortStateError(err)) && s.reserve.free() {
		return f()
	}
	return err
}
