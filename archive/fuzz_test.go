package archive

import (
	"bytes"
	"path/filepath"
	"reflect"
	"testing"
)

// requireSeeds fails a fuzz target whose committed corpus got lost.
func requireSeeds(f *testing.F, target string, least int) {
	f.Helper()
	seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
	if err != nil || len(seeds) < least {
		f.Fatalf("the corpus has %d seeds: %v", len(seeds), err)
	}
}

func FuzzParseOp(f *testing.F) {
	requireSeeds(f, "FuzzParseOp", 7)
	f.Fuzz(func(t *testing.T, entry []byte) {
		first, err := parseOp(entry)
		if err != nil {
			return
		}
		encoded, err := first.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		second, err := parseOp(encoded)
		if err != nil {
			t.Fatal(err)
		}
		again, err := second.append(nil)
		if err != nil || !bytes.Equal(again, encoded) {
			t.Fatalf("%q became %q: %v", encoded, again, err)
		}
	})
}

func FuzzParseProgress(f *testing.F) {
	requireSeeds(f, "FuzzParseProgress", 3)
	f.Fuzz(func(t *testing.T, value []byte) {
		first, err := parseProgress(value)
		if err != nil {
			return
		}
		second, err := parseProgress(first.marshal())
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v became %+v: %v", first, second, err)
		}
		// Whatever it says, a transfer starts within its file.
		tr := newTransfer("k", first.size, first, newFakeVault().writer().NewStream())
		if tr.fed() < 0 || tr.fed() > tr.size {
			t.Fatalf("started at %d of %d", tr.fed(), tr.size)
		}
	})
}
