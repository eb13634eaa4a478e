package chunkstore

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
)

// The state can be read without a key while a Writer uses it, as of the last
// commit.
func TestReadState(t *testing.T) {
	if _, err := ReadState(filepath.Join(t.TempDir(), "nothing.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no state: error %v", err)
	}
	f := newFixture(t, nil)
	w := f.writer()
	for i := range 1500 {
		if err := w.Set(fmt.Sprintf("a/%04d", i), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Set("b", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Set("b", []byte("later")); err != nil {
		t.Fatal(err)
	}
	r, err := ReadState(f.state)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	err = r.Range("a/", func(key string, value []byte) error {
		if key != fmt.Sprintf("a/%04d", n) || len(value) != 1 || value[0] != byte(n) {
			return fmt.Errorf("value %d is %s: %v", n, key, value)
		}
		n++
		return nil
	})
	if err != nil || n != 1500 {
		t.Fatalf("%d values, error %v", n, err)
	}
	if value, ok, err := r.Get("b"); err != nil || !ok || string(value) != "x" {
		t.Fatalf("b is %q, %v, error %v", value, ok, err)
	}
	if _, ok, err := r.Get("c"); err != nil || ok {
		t.Fatalf("c is there: %v, error %v", ok, err)
	}
}
