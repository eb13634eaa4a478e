package chunkstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

var errFault = errors.New("the drive has a fault")

// A session is what a caller does up to a commit. It can be done again after a failure
// or a kill, as the archive does from its journal.
type session struct {
	t              testing.TB
	media, records []byte
	attempts       int // how often a call is made before its error counts
}

func newSession(t testing.TB, attempts int) *session {
	return &session{t: t, media: noise(7, 18<<20), records: text(7, 200_000), attempts: attempts}
}

// run does all of it, unless an earlier life of the Writer has committed it.
func (s *session) run(w *Writer) error {
	s.t.Helper()
	if _, done, err := w.Get("done"); done || err != nil {
		return err
	}
	media, err := s.store(w, s.media)
	if err != nil {
		return err
	}
	check(s.t, w.Set("media", flatten(media)))
	records, err := s.store(w, s.records)
	if err != nil {
		return err
	}
	check(s.t, w.Set("done", []byte("yes")))
	return s.again(func() error {
		c, err := w.Commit(s.t.Context(), records)
		if err == nil && c == nil {
			s.t.Error("a commit with records returned no commit")
		}
		return err
	})
}

// again makes a call as often as the session allows.
func (s *session) again(f func() error) error {
	var err error
	for range s.attempts {
		if err = f(); !errors.Is(err, errFault) {
			return err
		}
	}
	return err
}

// store writes a stream; after an error a commit is what makes it go on.
func (s *session) store(w *Writer, data []byte) (ids []crypto.ID, err error) {
	stream := w.NewStream()
	recover := func(err error) error {
		if s.attempts == 1 || !errors.Is(err, errFault) {
			return err
		}
		return s.again(func() error { _, err := w.Commit(s.t.Context(), nil); return err })
	}
	for len(data) > 0 {
		n, err := stream.Write(data[:min(len(data), 1<<20)])
		data = data[n:]
		if err != nil {
			if err := recover(err); err != nil {
				return nil, err
			}
		}
	}
	for {
		if ids, err = stream.Close(); err == nil {
			return ids, nil
		}
		if err := recover(err); err != nil {
			return nil, err
		}
	}
}

// verify looks whether everything can be read back, and the records once.
func (s *session) verify(f *fixture) {
	s.t.Helper()
	f.verify()
	r := f.reader()
	with := 0
	for _, c := range r.Commits() {
		roots, err := r.Records(s.t.Context(), c)
		check(s.t, err)
		if len(roots) > 0 && bytes.Equal(readAll(s.t, r, roots), s.records) {
			with++
		}
	}
	if with != 1 {
		s.t.Errorf("%d commits hold the records, want one", with)
	}
	w, err := OpenWriter(s.t.Context(), f.dst, f.newState().options()) // the state as the vault has it
	check(s.t, err)
	defer w.Close()
	media, _, err := w.Get("media")
	check(s.t, err)
	if !bytes.Equal(readAll(s.t, r, unflatten(media)), s.media) {
		s.t.Error("the media came back different")
	}
}

func flatten(ids []crypto.ID) []byte {
	var b []byte
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}

func unflatten(b []byte) []crypto.ID {
	var ids []crypto.ID
	for ; len(b) > 0; b = b[32:] {
		ids = append(ids, crypto.ID(b))
	}
	return ids
}

// faultAt is a fault function: the Put with the given number, counted from when it is
// armed, fails.
type faultAt struct {
	mu    sync.Mutex
	armed bool
	left  int
	kept  bool
	stays bool   // all Puts behind it fail too, until it is disarmed
	hit   string // name of the object
	puts  []string
}

func (f *faultAt) disarm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
}

func (f *faultAt) fault(c memory.Call) error {
	if c.Op != memory.Put {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed {
		return nil
	}
	f.puts = append(f.puts, c.Name)
	f.left--
	if f.left < 0 && f.stays {
		return errFault
	}
	if f.left != 0 {
		return nil
	}
	f.hit = c.Name
	if f.kept {
		return memory.Kept(errFault)
	}
	return errFault
}

// sessionPuts returns the objects that a session stores, in order: packs, an index, a
// commit.
func sessionPuts(t *testing.T) []string {
	t.Helper()
	f := &faultAt{armed: true}
	x := newFixture(t, memory.WithFaults(f.fault))
	x.single = true
	f.puts = nil
	s := newSession(t, 1)
	check(t, s.run(x.writer()))
	n := len(f.puts)
	if n < 5 || !strings.HasPrefix(f.puts[n-2], "index/") || !strings.HasPrefix(f.puts[n-1], "commits/") {
		t.Fatalf("puts: %v", f.puts)
	}
	for _, name := range f.puts[:n-2] {
		if !strings.HasPrefix(name, "packs/") {
			t.Fatalf("puts: %v", f.puts)
		}
	}
	return f.puts
}

// Every Put of a session fails once, lost or kept, and the caller calls again; or fails
// with all behind it (a Commit would try them again) until the caller opens a new Writer,
// with the state or without. Nothing is lost, nothing comes twice.
func TestEveryPutFails(t *testing.T) {
	for n := range sessionPuts(t) {
		for _, kept := range []bool{false, true} {
			for _, after := range []string{"again", "reopened", "rebuilt"} {
				t.Run(fmt.Sprintf("put %d kept=%v %s", n+1, kept, after), func(t *testing.T) {
					t.Parallel()
					faulty := &faultAt{left: n + 1, kept: kept, stays: after != "again"}
					f := newFixture(t, memory.WithFaults(faulty.fault))
					f.single, faulty.armed = true, true
					failOnce(t, f, faulty, after)
				})
			}
		}
	}
}

func failOnce(t *testing.T, f *fixture, faulty *faultAt, after string) {
	w := f.writer()
	s := newSession(t, 1)
	if after == "again" {
		s.attempts = 3
	}
	err := s.run(w)
	if faulty.hit == "" {
		t.Fatal("the fault never happened")
	}
	if after == "again" {
		check(t, err)
	} else {
		wantError(t, err, errFault)
		check(t, w.Close())
		faulty.disarm()
		if after == "rebuilt" {
			f = f.newState()
		}
		w = f.writer()
		check(t, s.run(w))
	}
	s.verify(f)
	orphans := f.verify().Orphans
	switch { // a Put whose answer was lost may leave an object behind, no other may
	case len(orphans) == 0:
	case len(orphans) == 1 && orphans[0] == faulty.hit && faulty.kept:
	case len(orphans) == 1 && strings.HasPrefix(faulty.hit, "commits/") && strings.HasPrefix(orphans[0], "index/"):
	case after == "rebuilt": // the new state does not know the packs that were pending
	default:
		t.Errorf("orphans: %v", orphans)
	}
}

// A commit that fails although it reached the vault is what the next Commit returns.
func TestCommitThatLanded(t *testing.T) {
	faulty := &faultAt{kept: true, left: len(sessionPuts(t))}
	f := newFixture(t, memory.WithFaults(faulty.fault))
	f.single, faulty.armed = true, true
	w := f.writer()
	media, records := store(t, w, noise(7, 18<<20)), store(t, w, text(7, 200_000))
	check(t, w.Set("media", flatten(media)))
	check(t, w.Set("done", []byte("yes")))
	_, err := w.Commit(t.Context(), records)
	wantError(t, err, errFault)
	if !strings.HasPrefix(faulty.hit, "commits/") {
		t.Fatalf("the fault hit %s", faulty.hit)
	}
	if seq, _ := w.Head(); seq != 0 {
		t.Errorf("head %d before anybody knows", seq)
	}
	c := commit(t, w, records)
	if seq, hash := w.Head(); c.Seq != 1 || seq != 1 || hash != c.Hash.String() {
		t.Errorf("commit %d, head %d", c.Seq, seq)
	}
	if c, err := w.Commit(t.Context(), nil); c != nil || err != nil {
		t.Errorf("something was left for another commit: %v, %v", c, err)
	}
}

// The machine stops before and after every Put; what the process knew then and what
// the drive held then is all that is left.
func TestKilledAnywhere(t *testing.T) {
	type moment struct {
		dst   *memory.Destination
		state string // a folder with a copy; "" for none
	}
	var moments []moment
	var f *fixture
	armed := false
	dst := memory.WithFaults(func(c memory.Call) error {
		if !armed || c.Op != memory.Put {
			return nil
		}
		moments = append(moments, moment{f.dst.CrashClone(), copyState(t, f.state)})
		return nil
	})
	f = newFixture(t, dst)
	w := f.writer()
	store(t, w, []byte("from an earlier session"))
	commit(t, w, nil)
	armed = true
	s := newSession(t, 1)
	check(t, s.run(w))
	moments = append(moments, moment{f.dst.CrashClone(), copyState(t, f.state)})
	if len(moments) < 6 {
		t.Fatalf("%d moments", len(moments))
	}
	for i, m := range moments {
		left := []moment{m, {m.dst, ""}}
		if i > 0 { // the Put had happened, the process had not heard of it
			left = append(left, moment{m.dst, moments[i-1].state})
		}
		for j, l := range left {
			t.Run(fmt.Sprintf("put %d state %d", i+1, j), func(t *testing.T) {
				s := newSession(t, 1)
				again := f.at(l.dst.CrashClone())
				again.t = t
				if l.state == "" {
					again = again.newState()
				} else {
					again = again.withState(filepath.Join(copyDir(t, l.state), "state.db"))
				}
				w := again.writer()
				check(t, s.run(w))
				s.verify(again)
			})
		}
	}
}

// copyState copies a state that is in use, as a kill would leave it.
func copyState(t testing.TB, path string) string { return copyDir(t, filepath.Dir(path)) }

func copyDir(t testing.TB, dir string) string {
	to := t.TempDir()
	check(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// Pending packs are adopted if they are whole, and forgotten if they are not.
func TestPendingPacks(t *testing.T) {
	for name, change := range map[string]func(dst *memory.Destination, pack string){
		"whole":   func(*memory.Destination, string) {},
		"missing": func(dst *memory.Destination, pack string) { dst.Delete(pack) },
		"shorter": func(dst *memory.Destination, pack string) {
			dst.Damage(pack, func(b []byte) []byte { return b[:len(b)-1] })
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			w := f.writer()
			data := noise(1, 28<<20) // three packs are open, the fourth waits for the memory of one
			store(t, w, data)
			check(t, w.Close())
			packs := names(sizes(f.dst, "packs/"))
			if len(packs) == 0 {
				t.Fatal("no pack was stored before the end")
			}
			kept := f.dst.CrashClone()
			change(kept, packs[0])
			f = f.at(kept)
			w = f.writer()
			store(t, w, data)
			c := commit(t, w, nil)
			adopted := len(packs)
			if name != "whole" {
				adopted--
			}
			if old := w.Stats().BytesIn - w.Stats().BytesNew; old < int64(adopted)*6<<20 || old > int64(adopted)*8<<20 {
				t.Errorf("%d bytes were known from %d packs", old, adopted)
			}
			if slices.ContainsFunc(c.Packs, func(p Object) bool { return packName(p.Hash) == packs[0] }) != (name == "whole") {
				t.Errorf("the commit lists %d packs", len(c.Packs))
			}
			f.verify()
		})
	}
}

// A full disk stops everything, with bounded memory and nothing lost, and when there
// is room it goes on.
func TestDiskFull(t *testing.T) {
	var mu sync.Mutex
	room := int64(20 << 20)
	dst := memory.WithFaults(func(c memory.Call) error {
		mu.Lock()
		defer mu.Unlock()
		if c.Op != memory.Put {
			return nil
		}
		if c.Size > room {
			return syscall.ENOSPC
		}
		room -= c.Size
		return nil
	})
	f := newFixture(t, dst)
	w := f.writer()
	s := w.NewStream()
	data := noise(1, 100<<20)
	n, err := s.Write(data)
	wantError(t, err, syscall.ENOSPC)
	if most := (20 + 3*8 + 6*4) << 20; n > most {
		t.Errorf("%d bytes were taken, the disk and the memory have room for %d", n, most)
	}
	for range 3 { // asking again changes nothing
		again, err := s.Write(data[n:])
		n += again
		wantError(t, err, syscall.ENOSPC)
		_, _, err = s.Cuts()
		if err != nil {
			wantError(t, err, syscall.ENOSPC)
		}
		_, err = w.Commit(t.Context(), nil)
		wantError(t, err, syscall.ENOSPC)
	}
	mu.Lock()
	room = 1 << 40
	mu.Unlock()
	commit(t, w, nil)
	_, err = s.Write(data[n:])
	check(t, err)
	ids, err := s.Close()
	check(t, err)
	commit(t, w, ids)
	if !bytes.Equal(readAll(t, f.reader(), ids), data) {
		t.Error("the data came back different")
	}
	f.verify()
}

// The order of writing is what a reader relies on.
func TestWriteOrder(t *testing.T) {
	var order []string
	var mu sync.Mutex
	dst := memory.WithFaults(func(c memory.Call) error {
		mu.Lock()
		defer mu.Unlock()
		if folder, _, ok := strings.Cut(c.Name, "/"); ok && c.Op == memory.Put {
			order = append(order, folder)
		}
		return nil
	})
	f := newFixture(t, dst)
	order = nil
	w := f.writer()
	check(t, newSession(t, 1).run(w))
	got := strings.Join(slices.Compact(order), " ")
	if want := "packs index commits"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The vault is replaced by an older one while a Writer has it open.
func TestRollbackWhileOpen(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	store(t, w, []byte("one"))
	c := commit(t, w, nil)
	f.dst.Delete(commitName(c.Writer, c.Seq))
	store(t, w, []byte("two"))
	_, err := w.Commit(t.Context(), nil)
	wantError(t, err, ErrRollback)
}

// The state's own disk fails: nothing is taken for stored that a new Writer would not
// know.
func TestStateFails(t *testing.T) {
	f := newFixture(t, nil)
	w, err := OpenWriter(t.Context(), f.dst, f.options())
	check(t, err)
	check(t, w.state.db.Close())
	s := w.NewStream()
	_, err = s.Write(noise(1, 1000))
	check(t, err)
	_, _ = s.Close() // the id may be known before the error is
	if _, err := w.Commit(t.Context(), nil); err == nil {
		t.Error("a commit without a state succeeded")
	}
	if len(sizes(f.dst, "commits/")) != 0 {
		t.Error("a commit was stored")
	}
	if _, err := os.Stat(f.state); errors.Is(err, fs.ErrNotExist) {
		t.Error("the state is gone")
	}
	if err := w.Close(); err == nil {
		t.Error("closing says that all is well")
	}
}
