// Package suite tests that a destination does what chunkstore.Destination promises.
//
//	func TestSuite(t *testing.T) {
//		suite.Test(t, func(t *testing.T) suite.Destination { … a new, empty one … })
//	}
//
// Every driver runs it in every `go test`. What is said of chunkstore.Destination is
// never skipped; the optional powers Free, Remove and Replace are tested where a driver
// has them. It knows nothing of how a driver works and never looks behind the interface.
package suite

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Destination is chunkstore.Destination, written out again because drivers import
// nothing of the vault.
type Destination interface {
	Put(ctx context.Context, name string, data []byte) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error)
	Stat(ctx context.Context, name string) (int64, error)
	List(ctx context.Context, prefix string, visit func(name string, size int64) error) error
}

// A New returns a new, empty Destination that lives until the test ends.
type New func(t *testing.T) Destination

// Test runs the whole suite as subtests of t, but for those named, which are about what
// the file system beneath a driver cannot do.
func Test(t *testing.T, newDestination New, except ...string) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, d Destination)
	}{
		{"RoundTrip", testRoundTrip},
		{"PutCopies", testPutCopies},
		{"PutAgain", testPutAgain},
		{"PutOther", testPutOther},
		{"Absent", testAbsent},
		{"FolderIsNoObject", testFolderIsNoObject},
		{"ReadAt", testReadAt},
		{"BadNames", testBadNames},
		{"LongNames", testLongNames},
		{"ListOrder", testListOrder},
		{"ListPrefix", testListPrefix},
		{"ListStops", testListStops},
		{"ListMany", testListMany},
		{"Cancelled", testCancelled},
		{"CancelledWhileListing", testCancelledWhileListing},
		{"ConcurrentNames", testConcurrentNames},
		{"ConcurrentSame", testConcurrentSame},
		{"ConcurrentOther", testConcurrentOther},
		{"NeverHalf", testNeverHalf},
		{"Free", testFree},
		{"Remove", testRemove},
		{"Replace", testReplace},
		{"ReplaceNeverHalf", testReplaceNeverHalf},
	} {
		if slices.Contains(except, test.name) {
			continue
		}
		t.Run(test.name, func(t *testing.T) { test.run(t, newDestination(t)) })
	}
}

// sizes are around everything that is a boundary somewhere: pages, age's steps, the
// pieces that drivers read and compare in, multipart uploads.
var sizes = []int{0, 1, 2, 511, 512, 4095, 4096, 4097, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5<<20 + 7}

func testRoundTrip(t *testing.T, d Destination) {
	for i, size := range sizes {
		name := "packs/a" + string(rune('a'+i)) + "/object.age"
		data := random(uint64(size), size)
		mustPut(t, d, name, data)
		checkObject(t, d, name, data)
	}
}

func testPutCopies(t *testing.T, d Destination) {
	data := random(1, 1000)
	mustPut(t, d, "a", data)
	want := bytes.Clone(data)
	clear(data) // the caller's buffer goes back to a pool
	checkObject(t, d, "a", want)
}

func testPutAgain(t *testing.T, d Destination) {
	for _, size := range sizes {
		data := random(7, size)
		name := "again/" + decimal(size)
		mustPut(t, d, name, data)
		mustPut(t, d, name, bytes.Clone(data))
		checkObject(t, d, name, data)
	}
}

func testPutOther(t *testing.T, d Destination) {
	const size = 1<<20 + 10
	data := random(3, size)
	mustPut(t, d, "x/y", data)
	for what, other := range map[string][]byte{
		"empty":         {},
		"shorter":       data[:size-1],
		"longer":        append(bytes.Clone(data), 0),
		"first differs": flip(data, 0),
		"last differs":  flip(data, size-1),
	} {
		if err := d.Put(t.Context(), "x/y", other); !errors.Is(err, fs.ErrExist) {
			t.Errorf("put of other bytes (%s) = %v, want fs.ErrExist", what, err)
		}
	}
	checkObject(t, d, "x/y", data)
	checkNames(t, d, "", "x/y")
}

func testAbsent(t *testing.T, d Destination) {
	checkAbsent(t, d, "a")
	checkAbsent(t, d, "no/such/object")
	checkNames(t, d, "")
	mustPut(t, d, "no/such/other", []byte("x"))
	checkAbsent(t, d, "no/such/object")
	checkAbsent(t, d, "no/such/othe")
	checkAbsent(t, d, "no/such/other1")
}

func testFolderIsNoObject(t *testing.T, d Destination) {
	mustPut(t, d, "a/b/c", []byte("x"))
	checkAbsent(t, d, "a")
	checkAbsent(t, d, "a/b")
	checkAbsent(t, d, "a/b/c/d")
	checkNames(t, d, "", "a/b/c")
}

func testReadAt(t *testing.T, d Destination) {
	data := random(9, 100_000)
	mustPut(t, d, "r", data)
	mustPut(t, d, "empty", nil)
	for _, c := range []struct {
		name    string
		off     int64
		n, want int
		end     bool // io.EOF must come with it
	}{
		{"r", 0, 1, 1, false}, {"r", 0, 99_999, 99_999, false}, {"r", 50_000, 10, 10, false},
		{"r", 99_999, 2, 1, true}, {"r", 0, 100_001, 100_000, true}, {"r", 100_000, 1, 0, true},
		{"r", 1 << 40, 1, 0, true}, {"empty", 0, 1, 0, true},
	} {
		p := make([]byte, c.n)
		n, err := d.ReadAt(t.Context(), c.name, p, c.off)
		if n != c.want || (err == io.EOF) != c.end || err != nil && !c.end {
			t.Errorf("ReadAt(%s, %d bytes at %d) = %d, %v; want %d, EOF %t", c.name, c.n, c.off, n, err, c.want, c.end)
		}
		if n > 0 && !bytes.Equal(p[:n], data[c.off:c.off+int64(n)]) {
			t.Errorf("ReadAt(%s, %d bytes at %d) returned other bytes", c.name, c.n, c.off)
		}
	}
	exact := make([]byte, 100_000) // reading exactly to the end may say io.EOF or nil
	if n, err := d.ReadAt(t.Context(), "r", exact, 0); n != len(exact) || err != nil && err != io.EOF {
		t.Errorf("ReadAt of everything = %d, %v", n, err)
	}
	if _, err := d.ReadAt(t.Context(), "r", make([]byte, 1), -1); err == nil || err == io.EOF {
		t.Errorf("ReadAt at -1 = %v, want an error", err)
	}
}

func testBadNames(t *testing.T, d Destination) {
	mustPut(t, d, "good", []byte("x"))
	for _, name := range []string{
		"", ".", "..", "/", "/etc/passwd", "../up", "a/../../up", "a//b", "a/", "a/./b", ".hidden", "a/.hidden",
		"back\\slash", "c:drive", "sp ace", "new\nline", "nul\x00", "ümlaut", "\xff", "a.", "con", "a/nul.txt", "-rf",
		strings.Repeat("a", 101), strings.Repeat("a/", 100) + "b",
	} {
		if err := d.Put(t.Context(), name, []byte("x")); err == nil {
			t.Errorf("Put(%q) succeeded", name)
		}
		if r, err := d.Get(t.Context(), name); err == nil {
			r.Close()
			t.Errorf("Get(%q) succeeded", name)
		}
		if _, err := d.ReadAt(t.Context(), name, make([]byte, 1), 0); err == nil || err == io.EOF {
			t.Errorf("ReadAt(%q) = %v", name, err)
		}
		if _, err := d.Stat(t.Context(), name); err == nil {
			t.Errorf("Stat(%q) succeeded", name)
		}
	}
	checkNames(t, d, "", "good")
	for _, prefix := range []string{"..", "../", "/", ".", "./", "good/", "a//", "\x00"} {
		checkNames(t, d, prefix)
	}
}

func testLongNames(t *testing.T, d Destination) {
	for _, name := range []string{
		strings.Repeat("w", 100),
		strings.Repeat("v", 100) + "/" + strings.Repeat("w", 99),
		strings.Repeat("d/", 98) + "last",
	} {
		data := random(5, len(name))
		mustPut(t, d, name, data)
		checkObject(t, d, name, data)
	}
}

func testListOrder(t *testing.T, d Destination) {
	// '-' and '.' sort before '/', digits after it; a walk through folders gets that wrong.
	want := []string{"a-b", "a.txt", "a/b-c", "a/b.c/d", "a/b/e", "a/c", "a0", "b", "packs/ab/1", "packs/ab/2", "packs/b0/0", "vault.json"}
	shuffled := slices.Clone(want)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, name := range shuffled {
		mustPut(t, d, name, []byte(name))
	}
	checkNames(t, d, "", want...)
	err := d.List(t.Context(), "", func(name string, size int64) error {
		if size != int64(len(name)) {
			t.Errorf("List says %s has %d bytes, want %d", name, size, len(name))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func testListPrefix(t *testing.T, d Destination) {
	for _, name := range []string{"packs/ab/1", "packs/ab/2", "packs/ac/1", "packs-old/ab/1", "pack", "commits/w/000001.json"} {
		mustPut(t, d, name, []byte("x"))
	}
	checkNames(t, d, "packs/", "packs/ab/1", "packs/ab/2", "packs/ac/1")
	checkNames(t, d, "packs", "packs-old/ab/1", "packs/ab/1", "packs/ab/2", "packs/ac/1")
	checkNames(t, d, "pack", "pack", "packs-old/ab/1", "packs/ab/1", "packs/ab/2", "packs/ac/1")
	checkNames(t, d, "packs/a", "packs/ab/1", "packs/ab/2", "packs/ac/1")
	checkNames(t, d, "packs/ab/2", "packs/ab/2")
	checkNames(t, d, "packs/ab/2/")
	checkNames(t, d, "packs/ad/")
	checkNames(t, d, "q")
}

func testListStops(t *testing.T, d Destination) {
	for _, name := range []string{"a/1", "a/2", "b/1"} {
		mustPut(t, d, name, []byte("x"))
	}
	stop := errors.New("enough")
	var seen []string
	err := d.List(t.Context(), "", func(name string, _ int64) error {
		if seen = append(seen, name); len(seen) == 2 {
			return stop
		}
		return nil
	})
	if err != stop {
		t.Errorf("List = %v, want the error of visit as it is", err)
	}
	if !slices.Equal(seen, []string{"a/1", "a/2"}) {
		t.Errorf("visited %q", seen)
	}
}

func testListMany(t *testing.T, d Destination) {
	var want []string
	for i := range 300 {
		name := "packs/" + string(rune('a'+i%7)) + "/" + decimal(i) + ".age"
		mustPut(t, d, name, []byte(name))
		want = append(want, name)
	}
	slices.Sort(want)
	checkNames(t, d, "", want...)
}

func testFree(t *testing.T, d Destination) {
	free, ok := d.(interface {
		Free(ctx context.Context) (int64, error)
	})
	if !ok {
		return // an optional power; there is nothing to test
	}
	if n, err := free.Free(t.Context()); err != nil || n <= 0 {
		t.Errorf("Free = %d, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := free.Free(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Free after cancel = %v", err)
	}
}
