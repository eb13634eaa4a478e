package copies

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"telekeep/chunkstore"
)

// What only has the name of a commit, behind the newest one, is that place's own trouble: it
// is refused, the others stay current, the spool keeps what it kept, and a Writer goes on.
func TestJunkIsNoHead(t *testing.T) {
	eachJunk(t, func(t *testing.T, f *fixture, newest, junk string, data []byte) {
		check(t, f.drives[1].Destination.Put(t.Context(), junk, data))
		s := f.open()
		if a, b := state(s, "a"), state(s, "b"); a != Current || b != Refused {
			t.Errorf("a is %s and b %s", a, b)
		}
		keepsOnly(t, s, newest, junk)
		store(t, f.writer(s), noise(3, 100_000))
		if a, b := state(s, "a"), state(s, "b"); a != Current || b != Refused {
			t.Errorf("after a commit a is %s and b %s", a, b)
		}
	})
}

// A spool that was given such a file forgets it, and gets the newest commit again.
func TestSpoolForgetsJunk(t *testing.T) {
	eachJunk(t, func(t *testing.T, f *fixture, newest, junk string, data []byte) {
		keep := filepath.Join(f.options.Spool, "keep")
		check(t, os.Remove(filepath.Join(keep, newest)))
		check(t, os.WriteFile(filepath.Join(keep, junk), data, 0o600))
		s := f.open()
		if a, b := state(s, "a"), state(s, "b"); a != Current || b != Current {
			t.Errorf("a is %s and b %s", a, b)
		}
		keepsOnly(t, s, newest, junk)
	})
}

// eachJunk makes a vault of two commits on two drives, and names what is none.
func eachJunk(t *testing.T, f func(t *testing.T, fx *fixture, newest, junk string, data []byte)) {
	for _, kind := range []string{"noise", "an older commit"} {
		t.Run(kind, func(t *testing.T) {
			fx := newFixture(t, "a", "b")
			s, err := Open(t.Context(), fx.options)
			check(t, err)
			w, err := chunkstore.OpenWriter(t.Context(), s, fx.writerOptions())
			check(t, err)
			store(t, w, noise(1, 100_000))
			c := store(t, w, noise(2, 100_000))
			check(t, errors.Join(w.Close(), s.Close()))
			newest, data := chunkstore.CommitName(c.Writer, c.Seq), []byte(kind)
			if kind != "noise" {
				data = fx.drives[0].Object(newest)
			}
			f(t, fx, newest, chunkstore.CommitName(c.Writer, c.Seq+7), data)
		})
	}
}

func keepsOnly(t *testing.T, s *Set, newest, junk string) {
	t.Helper()
	if kept, err := s.spool.keeps(t.Context(), junk); err != nil || kept {
		t.Errorf("the spool keeps what is no commit: %v, %v", kept, err)
	}
	if kept, err := s.spool.keeps(t.Context(), newest); err != nil || !kept {
		t.Errorf("the spool keeps the newest commit: %v, %v", kept, err)
	}
}

// state is the state of a copy.
func state(s *Set, name string) State {
	for _, p := range s.places {
		if p.Name == name {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.state
		}
	}
	return Unknown
}
