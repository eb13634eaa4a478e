package simulator

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"telekeep/telegram/simulator/mtproto"
)

// A login says whom a key speaks for.
type login struct {
	Key  mtproto.KeyID `json:"key"`
	DC   int           `json:"dc"`
	User int64         `json:"user"`
	// Origin is the key at the home data centre from which this login was
	// imported; it goes when that goes. Zero for one that was signed in here.
	Origin  mtproto.KeyID `json:"origin,omitzero"`
	Created time.Time     `json:"created"`
}

// logins is the table of who is signed in.
type logins struct {
	now     func() time.Time
	changed func() // called without the lock

	mu sync.Mutex
	by map[mtproto.KeyID]*login
}

func newLogins(saved []login, now func() time.Time, changed func()) *logins {
	t := &logins{now: now, changed: changed, by: map[mtproto.KeyID]*login{}}
	for _, l := range saved {
		t.by[l.Key] = &l
	}
	return t
}

// user returns whom a key speaks for, 0 for nobody.
func (t *logins) user(key mtproto.KeyID) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l, ok := t.by[key]; ok {
		return l.User
	}
	return 0
}

// add signs a key in.
func (t *logins) add(l login) {
	l.Created = t.now()
	t.mu.Lock()
	t.by[l.Key] = &l
	t.mu.Unlock()
	t.changed()
}

// remove signs out what fits, with what was imported from it, and returns how many.
func (t *logins) remove(fits func(*login) bool) int {
	t.mu.Lock()
	gone := map[mtproto.KeyID]bool{}
	for key, l := range t.by {
		if fits(l) {
			gone[key] = true
		}
	}
	n := 0
	for key, l := range t.by {
		if gone[key] || gone[l.Origin] {
			delete(t.by, key)
			n++
		}
	}
	t.mu.Unlock()
	t.changed()
	return n
}

// all returns copies of the logins, oldest first.
func (t *logins) all() []login {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]login, 0, len(t.by))
	for _, l := range t.by {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b login) int { return a.Created.Compare(b.Created) })
	return all
}

func randomBytes(n int) []byte {
	p := make([]byte, n)
	rand.Read(p) // never fails
	return p
}

func randomID() int64 { return int64(binary.LittleEndian.Uint64(randomBytes(8)) >> 1) }
