package s3

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"telekeep/chunkstore/destination/suite"
)

// A server that lists nothing of what was changed since it started keeps every promise to
// who has changed it.
func TestSuiteWithLateLists(t *testing.T) {
	suite.Test(t, func(t *testing.T) suite.Destination {
		b := newBucket(t)
		b.listed = map[string]object{}
		return b.open(b.options())
	})
}

// What was removed is not listed, though a late list has it still.
func TestLateListOfWhatWasRemoved(t *testing.T) {
	b := newBucket(t)
	first := b.open(b.options())
	for _, name := range []string{"x", "y"} {
		if err := first.Put(t.Context(), name, []byte("1")); err != nil {
			t.Fatal(err)
		}
	}
	b.listed = maps.Clone(b.objects)
	d := b.open(b.options())
	if err := errors.Join(d.Remove(t.Context(), "x"), d.Replace(t.Context(), "y", []byte("22"))); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	err := d.List(t.Context(), "", func(name string, size int64) error {
		got[name] = size
		return nil
	})
	if err != nil || !maps.Equal(got, map[string]int64{"y": 2}) {
		t.Errorf("listed %v, %v", got, err)
	}
}

// A server that knows neither conditions nor checksums of SHA-256 keeps a vault, too.
func TestSuiteWithoutConditions(t *testing.T) {
	suite.Test(t, func(t *testing.T) suite.Destination {
		b := newBucket(t)
		b.unknown = []string{"If-None-Match", "X-Amz-Checksum-Sha256"}
		return b.open(b.options())
	})
}

// Each of the two is left out only where it must be, and asked for once.
func TestWaysOfPutting(t *testing.T) {
	for _, unknown := range [][]string{nil, {"If-None-Match"}, {"X-Amz-Checksum-Sha256"}} {
		b := newBucket(t)
		b.unknown = unknown
		d := b.open(b.options())
		for _, name := range []string{"x", "y"} {
			b.requests = nil
			if err := d.Put(t.Context(), name, []byte(name)); err != nil {
				t.Fatal(err)
			}
		}
		if len(b.requests) != 2 {
			t.Errorf("without %v: %q", unknown, b.requests)
		}
		if hashed := b.objects["a/b/y"].sum != ""; hashed == slices.Contains(unknown, "X-Amz-Checksum-Sha256") {
			t.Errorf("without %v: SHA-256 went along: %v", unknown, hashed)
		}
	}
	b := newBucket(t)
	b.unknown = []string{"X-Amz-Storage-Class"}
	o := b.options()
	o.StorageClass = "COLD"
	err := b.open(o).Put(t.Context(), "x", []byte("y"))
	if !errors.Is(err, errors.ErrUnsupported) || len(b.objects) > 0 {
		t.Errorf("an unknown storage class: %v", err)
	}
}

// Who may not look, at a server without conditions, could exchange what is there.
func TestPutOnlyNeedsConditions(t *testing.T) {
	b := newBucket(t)
	if err := b.open(b.options()).Put(t.Context(), "x", []byte("y")); err != nil {
		t.Fatal(err)
	}
	b.unknown = []string{"If-None-Match"}
	b.fail(func(_ int, r *http.Request) *fault {
		if r.Method == http.MethodPut {
			return nil
		}
		return &fault{status: 403, code: "AccessDenied"}
	})
	err := b.open(b.options()).Put(t.Context(), "x", []byte("z"))
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "conditional") || string(b.objects["a/b/x"].data) != "y" {
		t.Errorf("Put = %v", err)
	}
}

// A bit that turned over on the way, or on the server's disk, is seen.
func TestReadsAreChecked(t *testing.T) {
	b := newBucket(t)
	d := b.open(b.options())
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	if err := d.Put(t.Context(), "x", data); err != nil {
		t.Fatal(err)
	}
	b.fail(func(int, *http.Request) *fault { return &fault{flip: true} })
	if _, err := readAll(t, d, "x"); !errors.Is(err, syscall.EIO) {
		t.Errorf("read with a wrong bit: %v", err)
	}
	b.fail(nil)
	if got, err := readAll(t, d, "x"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// An object that went bad on the server's disk arrives whole and wrong, again and again: that
// is told, and not what asking for more of it gives.
func TestDamageOnTheServer(t *testing.T) {
	b := newBucket(t)
	d := b.open(b.options())
	if err := d.Put(t.Context(), "x", bytes.Repeat([]byte("0123456789"), 10_000)); err != nil {
		t.Fatal(err)
	}
	b.objects["a/b/x"].data[1000] ^= 1
	if _, err := readAll(t, d, "x"); !errors.Is(err, syscall.EIO) || strings.Contains(err.Error(), "416") {
		t.Errorf("read of what is damaged there: %v", err)
	}
}
