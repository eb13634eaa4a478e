package suite

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"testing"
)

// A remover is a Destination that can delete objects: an optional power.
type remover interface {
	Remove(ctx context.Context, name string) error
}

// A replacer is a Destination that can exchange objects: an optional power.
type replacer interface {
	Replace(ctx context.Context, name string, data []byte) error
}

func testRemove(t *testing.T, d Destination) {
	r, ok := d.(remover)
	if !ok {
		return // there is nothing to test
	}
	mustRemove := func(name string) {
		t.Helper()
		if err := r.Remove(t.Context(), name); err != nil {
			t.Errorf("Remove(%s) = %v", name, err)
		}
	}
	mustRemove("packs/none")
	mustPut(t, d, "packs/ab/1", []byte("one"))
	mustPut(t, d, "packs/ab/2", []byte("two"))
	mustRemove("packs/ab/none")
	mustRemove("packs/ab/1/below") // of an object, where nothing can be
	mustRemove("packs/ab")         // a folder is no object
	checkNames(t, d, "", "packs/ab/1", "packs/ab/2")
	for range 2 { // the second time it is gone already
		mustRemove("packs/ab/1")
		checkAbsent(t, d, "packs/ab/1")
		checkNames(t, d, "", "packs/ab/2")
	}
	mustPut(t, d, "packs/ab/1", []byte("other bytes"))
	checkObject(t, d, "packs/ab/1", []byte("other bytes"))
	mustRemove("packs/ab/1")
	mustRemove("packs/ab/2")
	checkNames(t, d, "")
	mustPut(t, d, "packs/ab/2", []byte("two")) // into what is an empty folder now
	checkObject(t, d, "packs/ab/2", []byte("two"))
	for _, name := range []string{"", ".", "..", "../up", "packs/../packs/ab/2", ".hidden", "packs//ab"} {
		if err := r.Remove(t.Context(), name); err == nil {
			t.Errorf("Remove(%q) succeeded", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Remove(ctx, "packs/ab/2"); !errors.Is(err, context.Canceled) {
		t.Errorf("Remove after cancel = %v", err)
	}
	checkNames(t, d, "", "packs/ab/2")
}

func testReplace(t *testing.T, d Destination) {
	r, ok := d.(replacer)
	if !ok {
		return // there is nothing to test
	}
	for _, size := range sizes {
		name := "replaced/" + decimal(size)
		mustPut(t, d, name, random(1, 5000))
		for i, data := range [][]byte{random(2, size), random(2, size), random(3, size)} {
			kept := bytes.Clone(data)
			if err := r.Replace(t.Context(), name, data); err != nil {
				t.Fatalf("Replace(%s, %d bytes), time %d: %v", name, size, i+1, err)
			}
			clear(data) // the caller's buffer goes back to a pool
			checkObject(t, d, name, kept)
		}
	}
	if err := r.Replace(t.Context(), "new/folder/object", []byte("x")); err != nil {
		t.Errorf("Replace of what is missing = %v", err)
	}
	checkObject(t, d, "new/folder/object", []byte("x"))
	for _, name := range []string{"", ".", "..", "../up", "a/../b", ".hidden", "a//b"} {
		if err := r.Replace(t.Context(), name, []byte("x")); err == nil {
			t.Errorf("Replace(%q) succeeded", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Replace(ctx, "new/folder/object", []byte("y")); !errors.Is(err, context.Canceled) {
		t.Errorf("Replace after cancel = %v", err)
	}
	checkObject(t, d, "new/folder/object", []byte("x"))
	if n := len(names(t, d, "")); n != len(sizes)+1 {
		t.Errorf("%d objects, want %d", n, len(sizes)+1)
	}
}

// testReplaceNeverHalf reads while an object is exchanged: it is the old or the new one.
func testReplaceNeverHalf(t *testing.T, d Destination) {
	r, ok := d.(replacer)
	if !ok {
		return // there is nothing to test
	}
	const name, size, times = "packs/ab/half", 300_000, 20
	mustPut(t, d, name, random(0, size))
	versions := make(map[string]bool)
	for i := range times {
		versions[string(random(uint64(i), size))] = true
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					readVersion(t, d, name, versions)
				}
			}
		})
	}
	for i := range times {
		if err := r.Replace(t.Context(), name, random(uint64(i), size)); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
	checkNames(t, d, "", name)
}

// readVersion reads an object that is being exchanged. An object that is opened may be
// gone before it is read to its end, which is an error, but other bytes never come.
func readVersion(t *testing.T, d Destination, name string, versions map[string]bool) {
	r, err := d.Get(t.Context(), name)
	if err != nil {
		t.Errorf("get while it is exchanged: %v", err)
		return
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read while it is exchanged: %v", err)
		}
		return
	}
	if !versions[string(data)] {
		t.Errorf("read %d bytes that nobody stored", len(data))
	}
}
