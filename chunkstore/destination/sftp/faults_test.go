package sftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var verdictNames = map[verdict]string{fail: "fail", kept: "fail after all", cut: "cut", cutAfter: "cut after", hang: "hang", refuse: "refuse"}

// A fault is a verdict for the n-th request from now.
type fault struct {
	left   atomic.Int64
	v      verdict
	struck atomic.Bool
	what   atomic.Pointer[string]
}

func (f *fault) handle(r request) verdict {
	if f.left.Add(-1) != 0 {
		return pass
	}
	f.struck.Store(true)
	f.what.Store(&r.line)
	return f.v
}

func (f *fault) String() string {
	if what := f.what.Load(); what != nil {
		return fmt.Sprintf("%s at %q", verdictNames[f.v], *what)
	}
	return "nothing"
}

// atEveryRequest runs try, in a bubble where time flies, once for each kind of fault and
// each request that try makes after it has armed the fault.
func atEveryRequest(t *testing.T, verdicts []verdict, try func(t *testing.T, s *server, d *Destination, f *fault, arm func())) {
	for _, v := range verdicts {
		struck := true
		for n := int64(1); struck; n++ {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				f := &fault{v: v}
				s.handle = f.handle
				d := s.open(func(o *Options) { o.Connections = 1 })
				try(t, s, d, f, func() { f.left.Store(n) })
				struck = f.struck.Load()
				d.Close()
				s.stop()
			})
			if n > 200 {
				t.Fatal("there is no end to the requests")
			}
		}
	}
}

func noise(seed uint64, n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(data)
	return data
}

// onDisk returns what lies in the folder of the server, hidden files too.
func onDisk(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Whatever becomes of whichever request: the object is whole or absent, a Put that says
// nil has stored it, the next one settles it, and no temporary file stays. What happens
// to the connection alone is not even noticed.
func TestPutThroughEveryFault(t *testing.T) {
	const name = "packs/ab/ab12.age"
	data := noise(1, partSize+100)
	atEveryRequest(t, []verdict{fail, kept, cut, cutAfter, hang, refuse}, func(t *testing.T, s *server, d *Destination, f *fault, arm func()) {
		arm()
		err := d.Put(t.Context(), name, data)
		stored, there := onDisk(t, s.dir)[name]
		switch {
		case there && stored != string(data):
			t.Errorf("%v: %d bytes are stored of %d", f, len(stored), len(data))
		case err == nil && !there:
			t.Errorf("%v: Put said nil and stored nothing", f)
		case errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist):
			t.Errorf("%v: Put = %v", f, err)
		case err != nil && (f.v == cut || f.v == cutAfter || f.v == hang):
			t.Errorf("%v is worth a new connection: Put = %v", f, err)
		}
		f.left.Store(0)
		if err := d.Put(t.Context(), name, data); err != nil {
			t.Errorf("%v: the next Put = %v", f, err)
		}
		if err := d.Put(t.Context(), "packs/ab/other.age", []byte("other")); err != nil {
			t.Errorf("%v: the next Put = %v", f, err)
		}
		files := onDisk(t, s.dir)
		if len(files) != 2 || files[name] != string(data) || files["packs/ab/other.age"] != "other" {
			t.Errorf("%v: in the end there is %q", f, slices.Collect(mapKeys(files)))
		}
	})
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// An exchange leaves the old bytes or the new ones, and a Remove that says nil has
// removed.
func TestChangesThroughEveryFault(t *testing.T) {
	const name = "packs/ab/ab12.age"
	before, after := noise(1, 100), noise(2, partSize+1)
	atEveryRequest(t, []verdict{fail, kept, cut, cutAfter, hang}, func(t *testing.T, s *server, d *Destination, f *fault, arm func()) {
		if err := d.Put(t.Context(), name, before); err != nil {
			t.Fatal(err)
		}
		arm()
		err := d.Replace(t.Context(), name, after)
		stored := onDisk(t, s.dir)[name]
		if stored != string(after) && (err == nil || stored != string(before)) {
			t.Errorf("%v: Replace = %v, and there are %d bytes", f, err, len(stored))
		}
		err = d.Remove(t.Context(), name)
		if _, there := onDisk(t, s.dir)[name]; there && err == nil {
			t.Errorf("%v: Remove said nil and removed nothing", f)
		}
		f.left.Store(0)
		if err := d.Remove(t.Context(), name); err != nil {
			t.Errorf("%v: the next Remove = %v", f, err)
		}
		if err := d.Put(t.Context(), name, after); err != nil {
			t.Errorf("%v: the next Put = %v", f, err)
		}
		if files := onDisk(t, s.dir); len(files) != 1 || files[name] != string(after) {
			t.Errorf("%v: in the end there is %q", f, slices.Collect(mapKeys(files)))
		}
	})
}

// Reading gives the right bytes or an error, never other bytes, never too few, and never
// says that an object is absent. What happens to the connection alone is not noticed.
func TestReadThroughEveryFault(t *testing.T) {
	const name = "packs/ab/ab12.age"
	data := noise(1, partSize+100)
	atEveryRequest(t, []verdict{fail, cut, cutAfter, hang}, func(t *testing.T, s *server, d *Destination, f *fault, arm func()) {
		for path, content := range map[string][]byte{name: data, "vault.json": []byte("{}")} {
			file := filepath.Join(s.dir, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, content, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		check := func(what string, right bool, err error) {
			t.Helper()
			if err == nil && !right {
				t.Errorf("%v: %s gave other bytes", f, what)
			}
			if err != nil && f.v != fail || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v: %s = %v", f, what, err)
			}
		}
		arm()
		got, err := get(t.Context(), d, name)
		check("Get", bytes.Equal(got, data), err)
		part := make([]byte, partSize+1)
		n, err := d.ReadAt(t.Context(), name, part, 77)
		check("ReadAt", n == len(part) && bytes.Equal(part, data[77:77+n]), err)
		n, err = d.ReadAt(t.Context(), name, part, int64(len(data)-10))
		check("ReadAt of the end", err == io.EOF && n == 10 && bytes.Equal(part[:n], data[len(data)-10:]), ignoreEOF(err))
		size, err := d.Stat(t.Context(), name)
		check("Stat", size == int64(len(data)), err)
		var names []string
		err = d.List(t.Context(), "", func(name string, _ int64) error { names = append(names, name); return nil })
		check("List", slices.Equal(names, []string{name, "vault.json"}), err)
	})
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func get(ctx context.Context, d *Destination, name string) ([]byte, error) {
	r, err := d.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// A server that gives less than the length it tells makes an error, not a short object.
func TestServerThatLies(t *testing.T) {
	s := newServer(t)
	s.shorten = true
	d := s.open()
	defer s.stop()
	defer d.Close()
	data := noise(1, 3*partSize)
	if err := os.WriteFile(filepath.Join(s.dir, "a"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := get(t.Context(), d, "a"); err == nil {
		t.Errorf("Get gave %d bytes of %d", len(got), len(data))
	}
	part := make([]byte, len(data)+partSize)
	if n, err := d.ReadAt(t.Context(), "a", part, 0); err == nil || err == io.EOF {
		t.Errorf("ReadAt = %d, %v", n, err)
	}
}

// A server that answers nothing any more ends every call, in a time that is known.
func TestServerThatHangs(t *testing.T) {
	for _, silent := range []bool{false, true} { // true: the whole machine, not only its disk
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t)
			var hanging atomic.Bool
			s.handle = func(request) verdict {
				if hanging.Load() {
					return hang
				}
				return pass
			}
			d := s.open()
			if err := d.Put(t.Context(), "vault.json", []byte("{}")); err != nil {
				t.Fatal(err)
			}
			hanging.Store(true)
			if silent {
				s.setDeaf(errors.New("no route to host"))
			}
			for what, call := range map[string]func() error{
				"Put":    func() error { return d.Put(t.Context(), "a", []byte("x")) },
				"Get":    func() error { _, err := get(t.Context(), d, "vault.json"); return err },
				"ReadAt": func() error { _, err := d.ReadAt(t.Context(), "vault.json", make([]byte, 1), 0); return err },
				"Stat":   func() error { _, err := d.Stat(t.Context(), "vault.json"); return err },
				"List":   func() error { return d.List(t.Context(), "", func(string, int64) error { return nil }) },
				"Remove": func() error { return d.Remove(t.Context(), "vault.json") },
				"Free":   func() error { _, err := d.Free(t.Context()); return err },
			} {
				start := time.Now()
				err := call()
				if !errors.Is(err, ErrUnreachable) {
					t.Errorf("%s = %v", what, err)
				}
				if took := time.Since(start); took > 4*time.Minute {
					t.Errorf("%s took %v", what, took)
				}
			}
			hanging.Store(false)
			s.setDeaf(nil)
			time.Sleep(time.Minute)
			if got, err := get(t.Context(), d, "vault.json"); err != nil || string(got) != "{}" {
				t.Errorf("once the server is back: %q, %v", got, err)
			}
			d.Close()
			s.stop()
		})
	}
}

// The end of its context ends a call soon, whatever the server does, and the next call
// goes on.
func TestCancelWhileHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		var hanging atomic.Bool
		s.handle = func(request) verdict {
			if hanging.Load() {
				return hang
			}
			return pass
		}
		d := s.open()
		hanging.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := d.Put(ctx, "a", noise(1, 100_000)); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Second+grace {
			t.Errorf("Put = %v after %v", err, time.Since(start))
		}
		hanging.Store(false)
		if err := d.Put(t.Context(), "a", noise(1, 100_000)); err != nil {
			t.Errorf("the next Put = %v", err)
		}
		d.Close()
		s.stop()
	})
}

// A server that is away is asked less and less often, and calls in between fail at once.
func TestServerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		d := s.open()
		s.setDeaf(errors.New("connection refused"))
		s.cut()
		start, before := time.Now(), s.dialled()
		calls := 0
		for time.Since(start) < time.Hour {
			if _, err := d.Stat(t.Context(), "vault.json"); !errors.Is(err, ErrUnreachable) {
				t.Fatalf("Stat = %v", err)
			}
			calls++
			time.Sleep(time.Second)
		}
		if dials := s.dialled() - before; dials < 60 || dials > 240 {
			t.Errorf("%d calls in an hour made %d connections", calls, dials)
		}
		if calls < 3000 {
			t.Errorf("only %d calls failed in an hour", calls)
		}
		s.setDeaf(nil)
		time.Sleep(time.Minute)
		if _, err := d.Stat(t.Context(), "vault.json"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("once the server is back: %v", err)
		}
		d.Close()
		s.stop()
	})
}

// A server that does not accept the key any more is not asked over and over, which would
// lock the login out, but is found again once it does.
func TestServerThatRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		d := s.open()
		user := s.user
		s.user = newKey(t)
		s.cut()
		before := s.dialled()
		for range 600 {
			if _, err := d.Stat(t.Context(), "vault.json"); !errors.Is(err, ErrLogin) {
				t.Fatalf("Stat = %v", err)
			}
			time.Sleep(time.Second)
		}
		if dials := s.dialled() - before; dials < 2 || dials > 5 {
			t.Errorf("%d connections in ten minutes", dials)
		}
		s.user = user
		time.Sleep(10 * time.Minute)
		if _, err := d.Stat(t.Context(), "vault.json"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("once the key is accepted: %v", err)
		}
		d.Close()
		s.stop()
	})
}

// Connections that nobody uses are closed; the next call makes one.
func TestIdleConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		d := s.open()
		time.Sleep(time.Hour)
		d.pool.mu.Lock()
		d.pool.leastBusy()
		if n := len(d.pool.conns); n != 0 {
			t.Errorf("%d connections after an hour of rest", n)
		}
		d.pool.mu.Unlock()
		start := time.Now()
		if err := d.Put(t.Context(), "a", []byte("x")); err != nil || time.Since(start) > 0 {
			t.Errorf("Put = %v after %v", err, time.Since(start))
		}
		d.Close()
		s.stop()
	})
}

// A reader goes on where it was when its connection is cut, but not in another object.
func TestReaderOutlivesItsConnection(t *testing.T) {
	synctest.Test(t, readerOutlivesItsConnection)
}

func readerOutlivesItsConnection(t *testing.T) {
	s := newServer(t)
	d := s.open()
	defer s.stop()
	defer d.Close()
	data := noise(1, 3*window)
	if err := d.Put(t.Context(), "a", data); err != nil {
		t.Fatal(err)
	}
	for _, exchange := range []bool{false, true} {
		r, err := d.Get(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 100)
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatal(err)
		}
		if exchange {
			if err := os.WriteFile(filepath.Join(s.dir, "a"), noise(2, 3*window-1), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s.cut()
		rest, err := io.ReadAll(r)
		if !exchange && (err != nil || !bytes.Equal(append(head, rest...), data)) {
			t.Errorf("read %d bytes, %v", len(rest), err)
		}
		if exchange && err == nil {
			t.Error("the two halves of different objects were read as one")
		}
		r.Close()
	}
}
