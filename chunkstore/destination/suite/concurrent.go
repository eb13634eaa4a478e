package suite

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
)

func testCancelled(t *testing.T, d Destination) {
	mustPut(t, d, "a", []byte("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after cancel = %v, want context.Canceled", what, err)
		}
	}
	check("Put", d.Put(ctx, "b", []byte("y")))
	_, err := d.Get(ctx, "a")
	check("Get", err)
	_, err = d.ReadAt(ctx, "a", make([]byte, 1), 0)
	check("ReadAt", err)
	_, err = d.Stat(ctx, "a")
	check("Stat", err)
	check("List", d.List(ctx, "", func(string, int64) error { return nil }))
	checkNames(t, d, "", "a")
}

func testCancelledWhileListing(t *testing.T, d Destination) {
	for i := range 10 {
		mustPut(t, d, "a/"+decimal(i), []byte("x"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	visits := 0
	err := d.List(ctx, "", func(string, int64) error { visits++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || visits != 1 {
		t.Errorf("List = %v after %d visits, want context.Canceled after 1", err, visits)
	}
}

const workers = 8

func testConcurrentNames(t *testing.T, d Destination) {
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := range 20 {
				name := "packs/" + decimal(i) + "/" + decimal(w) + ".age" // all make the same folders
				data := random(uint64(w*100+i), 3000+i)
				if err := d.Put(t.Context(), name, data); err != nil {
					t.Errorf("put %s: %v", name, err)
					return
				}
				checkObject(t, d, name, data)
			}
		})
	}
	group.Wait()
	if n := len(names(t, d, "")); n != 20*workers {
		t.Errorf("%d objects, want %d", n, 20*workers)
	}
}

func testConcurrentSame(t *testing.T, d Destination) {
	for i := range 10 {
		name := "same/" + decimal(i)
		data := random(uint64(i), 200_000)
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				if err := d.Put(t.Context(), name, data); err != nil {
					t.Errorf("put of the same bytes at once: %v", err)
				}
				checkObject(t, d, name, data)
			})
		}
		group.Wait()
	}
}

func testConcurrentOther(t *testing.T, d Destination) {
	for i := range 10 {
		name := "other/" + decimal(i)
		var winner atomic.Int64
		var won atomic.Int64
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				err := d.Put(t.Context(), name, random(uint64(w), 100_000))
				switch {
				case err == nil:
					won.Add(1)
					winner.Store(int64(w))
				case !errors.Is(err, fs.ErrExist):
					t.Errorf("put of other bytes at once: %v, want fs.ErrExist", err)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d of %d Puts of different bytes won, want 1", won.Load(), workers)
		}
		checkObject(t, d, name, random(uint64(winner.Load()), 100_000))
	}
}

// testNeverHalf reads and lists while objects appear: they are there whole or not.
func testNeverHalf(t *testing.T, d Destination) {
	const objects, size = 30, 300_000
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					readWhole(t, d, objects, size)
				}
			}
		})
	}
	for i := range objects {
		mustPut(t, d, "half/"+decimal(i), random(uint64(i), size))
	}
	close(stop)
	readers.Wait()
}

func readWhole(t *testing.T, d Destination, objects, size int) {
	err := d.List(t.Context(), "", func(name string, n int64) error {
		if n != int64(size) {
			t.Errorf("List shows %s with %d bytes while it is written", name, n)
		}
		return nil
	})
	if err != nil {
		t.Errorf("list while objects appear: %v", err)
	}
	for i := range objects {
		r, err := d.Get(t.Context(), "half/"+decimal(i))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Errorf("get while objects appear: %v", err)
			continue
		}
		data, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Errorf("read while objects appear: %v", err)
		}
		if !bytes.Equal(data, random(uint64(i), size)) {
			t.Errorf("object %d is there but not whole", i)
		}
	}
}
