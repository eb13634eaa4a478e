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
	"golang.org/x/sys/unix"
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
	s.begin(nil)
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
	s.onLost(func(error) { told++ })
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
	s.begin(nil)
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
	s.begin(nil)
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

// From its first byte the session is for its owner alone, whatever the umask,
// and permissions that somebody widened are narrowed again.
func TestSessionPermissions(t *testing.T) {
	defer unix.Umask(unix.Umask(0))
	dir := filepath.Join(t.TempDir(), "secrets")
	path := filepath.Join(dir, "a.session")
	signedIn(t, path, "the key")
	modes := func(when string) {
		t.Helper()
		for name, want := range map[string]os.FileMode{dir: 0o700, path: 0o600, path + ".lock": 0o600} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %s has %v, want %v (error %v)", when, filepath.Base(name), info.Mode(), want, err)
			}
		}
	}
	modes("made")
	for _, name := range []string{path, path + ".lock"} {
		if err := os.Chmod(name, 0o664); err != nil {
			t.Fatal(err)
		}
	}
	openSession(t, path)
	modes("widened and opened again")
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	openSession(t, filepath.Join(dir, "b.session"))
	if info, _ := os.Stat(dir); info.Mode().Perm()&0o022 != 0 {
		t.Errorf("others can still write to the folder: %v", info.Mode())
	}
}

// Another file in the session's place is refused, and not touched.
func TestSessionTricks(t *testing.T) {
	for name, trick := range map[string]func(dir, path string) error{
		"a symbolic link": func(dir, path string) error {
			return errors.Join(os.Rename(path, filepath.Join(dir, "other")), os.Symlink("other", path))
		},
		"a link to nothing": func(_, path string) error { return errors.Join(os.Remove(path), os.Symlink("nothing", path)) },
		"a hard link":       func(dir, path string) error { return os.Link(path, filepath.Join(dir, "other")) },
		"a pipe":            func(_, path string) error { return errors.Join(os.Remove(path), unix.Mkfifo(path, 0o600)) },
		"a folder":          func(_, path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
		"a linked lock": func(dir, path string) error {
			return errors.Join(os.Remove(path+".lock"), os.Symlink(filepath.Join(dir, "victim"), path+".lock"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a.session")
			signedIn(t, path, "the key")
			if err := trick(dir, path); err != nil {
				t.Fatal(err)
			}
			s, err := OpenSession(path, xorSealer(7))
			if !errors.Is(err, ErrSessionUnsafe) || s != nil {
				t.Fatalf("error %v, want %v", err, ErrSessionUnsafe)
			}
			if _, err := os.Lstat(filepath.Join(dir, "victim")); err == nil {
				t.Error("a file was made where the link leads")
			}
		})
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
	path := filepath.Join(t.TempDir(), "a.session")
	signedIn(t, path, "the key")
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Skip("cannot give the file away: ", err)
	}
	if _, err := OpenSession(path, xorSealer(7)); !errors.Is(err, ErrSessionUnsafe) {
		t.Fatalf("another user's file: error %v", err)
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

	// Whoever opened a lock file that was removed meanwhile does not hold the lock.
	path += "2"
	gone, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer gone.Close()
	if err := errors.Join(stillThere(gone, path), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	openSession(t, path[:len(path)-1]+"3")
	if err := stillThere(gone, path); !errors.Is(err, ErrSessionInUse) {
		t.Fatalf("error %v, want %v", err, ErrSessionInUse)
	}
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
