package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gotd/td/session"
)

// xorSealer is no cipher; it makes files that do not show what is in them and
// that another xorSealer cannot open.
type xorSealer byte

func (x xorSealer) Seal(data []byte) ([]byte, error) {
	return x.turn(append([]byte("sealed"), data...)), nil
}

func (x xorSealer) Open(sealed []byte) ([]byte, error) {
	data, ok := bytes.CutPrefix(x.turn(sealed), []byte("sealed"))
	if !ok {
		return nil, errors.New("wrong key")
	}
	return data, nil
}

func (x xorSealer) turn(data []byte) []byte {
	out := bytes.Clone(data)
	for i := range out {
		out[i] ^= byte(x)
	}
	return out
}

// gotdSession is what gotd stores.
func gotdSession(t *testing.T, key string, salt int64) []byte {
	t.Helper()
	data, err := json.Marshal(map[string]any{"Version": 1, "Data": session.Data{DC: 2, AuthKey: []byte(key), Salt: salt}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func openSession(t *testing.T, path string) *Session {
	t.Helper()
	s, err := OpenSession(path, xorSealer(7))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// signedIn makes a session file with a key.
func signedIn(t *testing.T, path, key string) {
	t.Helper()
	s := openSession(t, path)
	s.begin()
	if err := s.StoreSession(t.Context(), gotdSession(t, key, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.adopt(t.Context(), "user5", 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSession(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "a.session")
	s := openSession(t, path)
	if _, err := s.LoadSession(t.Context()); !errors.Is(err, session.ErrNotFound) || s.Account() != "" {
		t.Fatalf("a new session: error %v, account %q", err, s.Account())
	}
	_ = s.Close()
	signedIn(t, path, "the key")
	s = openSession(t, path)
	data, err := s.LoadSession(t.Context())
	if err != nil || !bytes.Equal(data, gotdSession(t, "the key", 1)) || s.Account() != "user5" {
		t.Fatalf("reopened: %s, error %v, account %q", data, err, s.Account())
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, []byte("AuthKey")) || bytes.Contains(file, []byte("user5")) {
		t.Fatal("the file is readable")
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Fatalf("permissions %v", info.Mode())
	}
}

// The server's -404 makes gotd invent a new key: it must not replace the one
// that is signed in, in the file or in what is loaded next.
func TestSessionKeepsItsKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.session")
	signedIn(t, path, "the key")
	before, _ := os.ReadFile(path)
	s := openSession(t, path)
	told := 0
	s.onLost(func() { told++ })
	if err := s.StoreSession(t.Context(), gotdSession(t, "another", 1)); !errors.Is(err, ErrSessionLost) || told != 1 {
		t.Fatalf("error %v, told %d times", err, told)
	}
	after, _ := os.ReadFile(path)
	data, err := s.LoadSession(t.Context())
	if err != nil || !bytes.Equal(data, gotdSession(t, "the key", 1)) || !bytes.Equal(before, after) {
		t.Fatalf("the key is not what it was: error %v", err)
	}
	// The same key with another salt is news to keep.
	if err := s.StoreSession(t.Context(), gotdSession(t, "the key", 2)); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	data, _ = openSession(t, path).LoadSession(t.Context())
	if !bytes.Equal(data, gotdSession(t, "the key", 2)) {
		t.Fatal("the new salt is not in the file")
	}
}

// A sign-in works with a key of its own; only when it succeeds does the file
// change.
func TestSessionSignIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.session")
	signedIn(t, path, "old")
	s := openSession(t, path)
	s.begin()
	if _, err := s.LoadSession(t.Context()); !errors.Is(err, session.ErrNotFound) {
		t.Fatalf("a sign-in starts with the old key: error %v", err)
	}
	if err := s.StoreSession(t.Context(), gotdSession(t, "new", 1)); err != nil {
		t.Fatal(err)
	}
	data, err := s.LoadSession(t.Context())
	if err != nil || !bytes.Equal(data, gotdSession(t, "new", 1)) {
		t.Fatalf("a sign-in that reconnects: %s, error %v", data, err)
	}
	s.abandon()
	if data, _ = s.LoadSession(t.Context()); !bytes.Equal(data, gotdSession(t, "old", 1)) {
		t.Fatal("a sign-in that came to nothing changed the key")
	}
	s.begin()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.adopt(ctx, "user6", 2); err == nil {
		t.Fatal("a sign-in without a key was taken")
	}
	adopted := make(chan error)
	go func() { adopted <- s.adopt(t.Context(), "user6", 2) }() // the key comes later
	for _, data := range [][]byte{bytes.Replace(gotdSession(t, "x", 1), []byte(`"DC":2`), []byte(`"DC":1`), 1), gotdSession(t, "new", 1)} {
		if err := s.StoreSession(t.Context(), data); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * adoptPoll)
	}
	if err := <-adopted; err != nil {
		t.Fatal(err)
	}
	if data, _ := s.LoadSession(t.Context()); !bytes.Equal(data, gotdSession(t, "new", 1)) {
		t.Fatalf("adopted %s", data)
	}
	_ = s.Close()
	if s = openSession(t, path); s.Account() != "user6" {
		t.Fatalf("account %q", s.Account())
	}
}

func TestSessionIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.session")
	s := openSession(t, path)
	if _, err := OpenSession(path, xorSealer(7)); !errors.Is(err, ErrSessionInUse) {
		t.Fatalf("error %v, want %v", err, ErrSessionInUse)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openSession(t, path)
}

// A file that cannot be opened is an error, never a reason to start anew; and
// the lock is given back.
func TestSessionUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.session")
	signedIn(t, path, "the key")
	good, _ := os.ReadFile(path)
	old, _ := xorSealer(7).Seal([]byte(`{"v":2}`))
	odd, _ := xorSealer(7).Seal([]byte(`[]`))
	for name, file := range map[string][]byte{"empty": {}, "cut": good[:3], "newer": old, "odd": odd} {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSession(path, xorSealer(7)); !errors.Is(err, ErrSessionUnreadable) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSession(path, xorSealer(8)); !errors.Is(err, ErrSessionUnreadable) {
		t.Errorf("wrong key: error %v", err)
	}
	openSession(t, path)
}

// A file that cannot be written leaves the old one as it was.
func TestSessionWriteFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.session")
	signedIn(t, path, "the key")
	s := openSession(t, path)
	if os.Geteuid() == 0 {
		// Root writes anywhere: put a folder in the way instead.
		if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
			t.Fatal(err)
		}
	} else if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := s.StoreSession(context.Background(), gotdSession(t, "the key", 2)); err == nil {
		t.Fatal("no error")
	}
	if data, _ := s.LoadSession(t.Context()); !bytes.Equal(data, gotdSession(t, "the key", 1)) {
		t.Fatal("what is not in the file is used")
	}
	_ = os.Chmod(dir, 0o700)
}
