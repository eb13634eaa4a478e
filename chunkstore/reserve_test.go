package chunkstore

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// maxPages makes the state's disk full: SQLite then behaves as it does without room.
func maxPages(t *testing.T, w *Writer, n int) {
	t.Helper()
	if _, err := w.state.db.Exec("PRAGMA max_page_count = " + strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
}

// While the local state cannot grow, a commit fails with what the system says, once; the
// reserve was given up for it before. When there is room everything goes on.
func TestFullStateDisk(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	commit(t, w, store(t, w, []byte("first")))
	if info, err := os.Stat(f.state + ".reserve"); err != nil || info.Size() != reserveSize || info.Mode().Perm() != 0o600 {
		t.Fatalf("the reserve: %v, %v", info, err)
	}
	maxPages(t, w, 1) // never less than there are
	for i := range 200 {
		check(t, w.Set("key "+strconv.Itoa(i), noise(byte(i), 1000)))
	}
	records := store(t, w, []byte("second"))
	_, err := w.Commit(t.Context(), records)
	if !errors.Is(err, syscall.ENOSPC) || strings.Count(err.Error(), "no space") != 1 {
		t.Errorf("on a full disk: %v", err)
	}
	if _, err := os.Stat(f.state + ".reserve"); err == nil {
		t.Error("the reserve was kept")
	}
	maxPages(t, w, 1<<30)
	if _, err := w.Commit(t.Context(), records); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if !w.Tight() {
		t.Error("nobody would know that a commit is needed")
	}
	w.FillReserve()
	if _, err := os.Stat(f.state + ".reserve"); err != nil || w.Tight() {
		t.Errorf("the reserve was not made again: %v", err)
	}
	f.verify()
	if got := len(f.reader().Commits()); got != 2 {
		t.Errorf("%d commits", got)
	}
}

// If the reserve is what is needed, nobody notices that the disk was full.
func TestReserveMakesRoom(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	commit(t, w, store(t, w, []byte("first")))
	maxPages(t, w, 1)
	tries := 0
	err := w.state.withReserve(func() error {
		if tries++; tries == 2 {
			maxPages(t, w, 1<<30) // as if the reserve had been on the same disk
		}
		_, err := w.state.db.Exec("INSERT INTO resume VALUES ('k', zeroblob(1000000))")
		return err
	})
	if err != nil || tries != 2 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// Nobody else may read what lies beside the state.
func TestStateIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	check(t, os.Mkdir(dir, 0o700))
	f := newFixture(t, nil).withState(filepath.Join(dir, "state.db"))
	w := f.writer()
	commit(t, w, store(t, w, []byte("first")))
	entries, err := os.ReadDir(dir)
	check(t, err)
	found := make(map[string]bool)
	for _, e := range entries {
		info, err := e.Info()
		check(t, err)
		found[e.Name()] = true
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm", "state.db.lock", "state.db.reserve"} {
		if !found[name] {
			t.Errorf("there is no %s to look at", name)
		}
	}
}
