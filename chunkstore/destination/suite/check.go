package suite

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// random returns n bytes that look random and are the same every time.
func random(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	data := make([]byte, n)
	rand.NewChaCha8(key).Read(data) // never fails
	return data
}

func flip(data []byte, i int) []byte {
	flipped := bytes.Clone(data)
	flipped[i] ^= 1
	return flipped
}

func decimal(n int) string { return strconv.Itoa(n) }

func mustPut(t *testing.T, d Destination, name string, data []byte) {
	t.Helper()
	if err := d.Put(t.Context(), name, data); err != nil {
		t.Fatalf("Put(%s, %d bytes): %v", name, len(data), err)
	}
}

// checkObject reads an object in every way there is.
func checkObject(t *testing.T, d Destination, name string, want []byte) {
	t.Helper()
	if size, err := d.Stat(t.Context(), name); err != nil || size != int64(len(want)) {
		t.Errorf("Stat(%s) = %d, %v; want %d", name, size, err, len(want))
	}
	r, err := d.Get(t.Context(), name)
	if err != nil {
		t.Errorf("Get(%s): %v", name, err)
		return
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Errorf("read %s: %v", name, err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("Get(%s) gave %d bytes that are not the %d bytes put", name, len(got), len(want))
	}
	part := make([]byte, len(want)/2)
	off := len(want) - len(part)
	if n, err := d.ReadAt(t.Context(), name, part, int64(off)); n != len(part) || err != nil && err != io.EOF || !bytes.Equal(part, want[off:]) {
		t.Errorf("ReadAt(%s, %d bytes at %d) = %d, %v, or other bytes", name, len(part), off, n, err)
	}
}

func checkAbsent(t *testing.T, d Destination, name string) {
	t.Helper()
	if r, err := d.Get(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			r.Close()
		}
		t.Errorf("Get(%s) = %v, want fs.ErrNotExist", name, err)
	}
	if _, err := d.Stat(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat(%s) = %v, want fs.ErrNotExist", name, err)
	}
	if n, err := d.ReadAt(t.Context(), name, make([]byte, 1), 0); n != 0 || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadAt(%s) = %d, %v; want fs.ErrNotExist", name, n, err)
	}
}

// names returns what List shows below a prefix.
func names(t *testing.T, d Destination, prefix string) []string {
	t.Helper()
	var got []string
	err := d.List(t.Context(), prefix, func(name string, _ int64) error {
		got = append(got, name)
		return nil
	})
	if err != nil {
		t.Errorf("List(%q): %v", prefix, err)
	}
	return got
}

// checkNames expects exactly these names, in this order.
func checkNames(t *testing.T, d Destination, prefix string, want ...string) {
	t.Helper()
	if got := names(t, d, prefix); !slices.Equal(got, want) {
		t.Errorf("List(%q) = %q, want %q", prefix, got, want)
	}
}
