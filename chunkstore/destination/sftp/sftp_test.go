package sftp

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"telekeep/chunkstore/destination/suite"
)

func TestSuite(t *testing.T) {
	suite.Test(t, func(t *testing.T) suite.Destination {
		s := newServer(t)
		d := s.open()
		t.Cleanup(func() {
			d.Close()
			s.stop()
		})
		return d
	})
}

// steps collects the requests that a server gets.
type steps struct {
	mu    sync.Mutex
	lines []string
}

func (s *steps) handle(r request) verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, r.line)
	return pass
}

// take returns what was asked since the last call, one request a line.
func (s *steps) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.Join(s.lines, "\n") + "\n"
	s.lines = nil
	return text
}

// TestPutSteps is the promise "durable and atomic when it returns" as a text.
func TestPutSteps(t *testing.T) {
	s := newServer(t)
	var seen steps
	s.handle = seen.handle
	d := s.open()
	defer s.stop()
	defer d.Close()
	for _, c := range []struct {
		what string
		do   func() error
		want string
	}{
		{"open", func() error { return nil }, `
stat .
`},
		{"a new object in a new folder", func() error { return d.Put(t.Context(), "packs/ab/ab12.age", []byte("sealed")) }, `
lstat packs/ab/ab12.age
opendir .
readdir .
mkdir packs
open .
fsync .
open .
fsync .
opendir packs
readdir packs
mkdir packs/ab
open packs
fsync packs
opendir packs/ab
readdir packs/ab
create packs/ab/TEMP
write packs/ab/TEMP
fsync packs/ab/TEMP
close packs/ab/TEMP
hardlink packs/ab/TEMP packs/ab/ab12.age
remove packs/ab/TEMP
open packs/ab
fsync packs/ab
`},
		{"another one in the same folder", func() error { return d.Put(t.Context(), "packs/ab/ab34.age", []byte("sealed too")) }, `
lstat packs/ab/ab34.age
create packs/ab/TEMP
write packs/ab/TEMP
fsync packs/ab/TEMP
close packs/ab/TEMP
hardlink packs/ab/TEMP packs/ab/ab34.age
remove packs/ab/TEMP
open packs/ab
fsync packs/ab
`},
		{"the same again", func() error { return d.Put(t.Context(), "packs/ab/ab12.age", []byte("sealed")) }, `
lstat packs/ab/ab12.age
open packs/ab/ab12.age
read packs/ab/ab12.age
fsync packs/ab/ab12.age
open packs/ab
fsync packs/ab
`},
		{"an exchange", func() error { return d.Replace(t.Context(), "packs/ab/ab12.age", []byte("new")) }, `
lstat packs/ab/ab12.age
create packs/ab/TEMP
write packs/ab/TEMP
fsync packs/ab/TEMP
close packs/ab/TEMP
posix-rename packs/ab/TEMP packs/ab/ab12.age
open packs/ab
fsync packs/ab
`},
		{"remove", func() error { return d.Remove(t.Context(), "packs/ab/ab12.age") }, `
lstat packs/ab/ab12.age
remove packs/ab/ab12.age
stat packs/ab
open packs/ab
fsync packs/ab
`},
	} {
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		// Closing what was only read is waited for by nobody.
		got := "\n"
		for line := range strings.Lines(seen.take()) {
			if !strings.HasPrefix(line, "close ") || strings.HasSuffix(line, "TEMP\n") {
				got += line
			}
		}
		if got != c.want {
			t.Errorf("%s:%swant:%s", c.what, got, c.want)
		}
	}
}

// Every server lacks something; what it lacks is not asked of it.
func TestServersThatCanLess(t *testing.T) {
	for _, c := range []struct {
		what string
		hide []string
		want Durability
		free bool
	}{
		{"all", nil, Durability{Bytes: true, Names: true}, true},
		{"no fsync", []string{"fsync@openssh.com"}, Durability{}, true},
		{"no hard links", []string{"hardlink@openssh.com"}, Durability{Bytes: true, Names: true}, true},
		{"nothing but the protocol", []string{"fsync@openssh.com", "hardlink@openssh.com", "posix-rename@openssh.com", "statvfs@openssh.com"}, Durability{}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newServer(t)
			s.hide = make(map[string]bool)
			for _, name := range c.hide {
				s.hide[name] = true
			}
			d := s.open()
			defer s.stop()
			defer d.Close()
			if found, err := d.Syncs(t.Context()); err != nil || found != c.want {
				t.Errorf("Syncs = %+v, %v; want %+v", found, err, c.want)
			}
			if _, err := d.Free(t.Context()); (err == nil) != c.free || err != nil && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("Free = %v", err)
			}
			for range 2 {
				if err := d.Put(t.Context(), "packs/ab", []byte("x")); err != nil {
					t.Errorf("Put = %v", err)
				}
			}
			if err := d.Put(t.Context(), "packs/ab", []byte("y")); !errors.Is(err, fs.ErrExist) {
				t.Errorf("Put of other bytes = %v", err)
			}
			err := d.Replace(t.Context(), "packs/ab", []byte("z"))
			if can := !s.hide["posix-rename@openssh.com"]; (err == nil) != can || err != nil && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("Replace = %v", err)
			}
			if files := onDisk(t, s.dir); len(files) != 1 {
				t.Errorf("in the end there is %d files", len(files))
			}
		})
	}
}

// A file system without hard links answers each link with an error; names are then given
// by rename, and still not over an object.
func TestNoHardLinks(t *testing.T) {
	for _, v := range []verdict{fail, refuse} {
		s := newServer(t)
		s.handle = func(r request) verdict {
			if strings.HasPrefix(r.line, "hardlink") {
				return v
			}
			return pass
		}
		d := s.open()
		for _, name := range []string{"a", "packs/b", "packs/c"} {
			if err := d.Put(t.Context(), name, []byte(name)); err != nil {
				t.Errorf("Put(%s) = %v", name, err)
			}
		}
		if err := d.Put(t.Context(), "a", []byte("other")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Put of other bytes = %v", err)
		}
		if files := onDisk(t, s.dir); len(files) != 3 || files["packs/c"] != "packs/c" {
			t.Errorf("there is %q", files)
		}
		d.Close()
		s.stop()
	}
}

// What killed processes left behind goes away with the first Put into its folder, by the
// server's clock and not before a day.
func TestPutSweeps(t *testing.T) {
	s := newServer(t)
	d := s.open()
	defer s.stop()
	defer d.Close()
	folder := filepath.Join(s.dir, "packs", "ab")
	old, fresh, strange := ".tk-abcdefghijklmnopqrstuvwx27.tmp", ".tk-abcdefghijklmnopqrstuvwx26.tmp", ".tk-mine.tmp"
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{old: 25 * time.Hour, fresh: 23 * time.Hour, strange: 1000 * time.Hour} {
		when := time.Now().Add(-age)
		path := filepath.Join(folder, name)
		if err := errors.Join(os.WriteFile(path, []byte("x"), 0o600), os.Chtimes(path, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.List(t.Context(), "", func(name string, _ int64) error { t.Errorf("List shows %s", name); return nil }); err != nil {
		t.Fatal(err)
	}
	if n := len(onDisk(t, s.dir)); n != 3 {
		t.Errorf("reading left %d files of 3", n)
	}
	if err := d.Put(t.Context(), "packs/ab/new", []byte("x")); err != nil {
		t.Fatal(err)
	}
	files := onDisk(t, s.dir)
	for name, want := range map[string]bool{old: false, fresh: true, strange: true, "new": true} {
		if _, there := files["packs/ab/"+name]; there != want {
			t.Errorf("%s is there: %t", name, there)
		}
	}
	if len(files) != 3 {
		t.Errorf("in the end there are %d files", len(files))
	}
}

func TestOpenAndCreate(t *testing.T) {
	s := newServer(t)
	defer s.stop()
	o := s.clientOptions()
	o.Path = s.dir + "/new/vault"
	if _, err := Open(t.Context(), o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a missing folder = %v", err)
	}
	for range 2 { // the second time it is there, and empty
		d, err := Create(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
	}
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "vault.json", nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "vault.json", nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Put after Close = %v", err)
	}
	if _, err := Create(t.Context(), o); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "vault.json") {
		t.Errorf("Create over a vault = %v", err)
	}
	o.Path += "/vault.json"
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "a file") {
		t.Errorf("Open of a file = %v", err)
	}
}

// A drive that is emptied, or whose folders are deleted, under a running process.
func TestFoldersDisappear(t *testing.T) {
	s := newServer(t)
	d := s.open()
	defer s.stop()
	defer d.Close()
	if err := d.Put(t.Context(), "packs/ab/1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(s.dir, "packs")); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "packs/ab/2", []byte("x")); err == nil {
		t.Error("a Put into a folder that has gone succeeded: the test shows nothing")
	}
	if err := d.Put(t.Context(), "packs/ab/2", []byte("x")); err != nil {
		t.Errorf("the second Put after the folder disappeared = %v", err)
	}
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what was opened is not made again
		if err := d.Put(t.Context(), "packs/ab/3", []byte("x")); err == nil {
			t.Error("a Put without the folder of the vault succeeded")
		}
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of the vault was made again: %v", err)
	}
}

// What others put into the folder neither stops a call nor is taken for an object.
func TestStrangeFiles(t *testing.T) {
	s := newServer(t)
	d := s.open()
	defer s.stop()
	defer d.Close()
	for _, name := range []string{"My Photos/a.jpg", ".hidden/a", "packs/.DS_Store", "packs/ab/a b", "packs/ab/\u00fcmlaut", "packs/ab/good", "folder/x"} {
		path := filepath.Join(s.dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(s.dir, "packs"), filepath.Join(s.dir, "link")); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := d.List(t.Context(), "", func(name string, _ int64) error { names = append(names, name); return nil })
	if err != nil || strings.Join(names, " ") != "folder/x packs/ab/good" {
		t.Errorf("List shows %q, %v", names, err)
	}
	for _, name := range []string{"folder", "link"} {
		if err := d.Put(t.Context(), name, []byte("x")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Put over %s = %v", name, err)
		}
		if _, err := d.Stat(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat of %s = %v", name, err)
		}
	}
	if err := d.Replace(t.Context(), "folder", []byte("x")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Replace of a folder = %v", err)
	}
	if err := d.Remove(t.Context(), "folder"); err != nil {
		t.Errorf("Remove of a folder = %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "folder", "x")); err != nil {
		t.Errorf("the folder is gone: %v", err)
	}
	if err := d.Put(t.Context(), "packs/ab/good/below", []byte("x")); err == nil {
		t.Error("Put below an object succeeded")
	}
}
