package archive

import (
	"bytes"
	"path/filepath"
	"reflect"
	"testing"

	"telekeep/chunkstore"
	"telekeep/crypto"
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

// FuzzStretch: whatever a damaged record stream holds, and whatever of it is lost, reading
// it ends, and each place where a record is said to be is that record's.
func FuzzStretch(f *testing.F) {
	good := encodeAll(f, text(1, "one"))
	f.Add(append(good, good...), uint16(len(good)), uint32(0))
	f.Add(append(good, good...), uint16(10), uint32(2))
	f.Add([]byte("{\"v\":1}\nrubbish\n"), uint16(4), uint32(1))
	f.Fuzz(func(t *testing.T, data []byte, size uint16, lost uint32) {
		v := newFakeVault()
		var ids []crypto.ID
		for n := max(int(size), len(data)/30+1); len(data) > 0; data = data[min(n, len(data)):] {
			id := crypto.ID{byte(len(ids) + 1)}
			if ids = append(ids, id); lost>>(len(ids)-1)&1 == 0 {
				v.chunks[id] = data[:min(n, len(data))]
			}
		}
		v.commits = []fakeCommit{{&chunkstore.Commit{Seq: 1}, ids}}
		s, err := openSnapshot(t.Context(), v, SnapshotOptions{KeepGoing: true})
		if err != nil {
			t.Fatal(err)
		}
		records := 0
		for r, err := range s.Records(t.Context()) {
			if err == nil && r != nil {
				records++
			}
		}
		if records < s.Len() {
			t.Errorf("%d records were replayed, %d are read", s.Len(), records)
		}
		for _, a := range s.Accounts() {
			for _, c := range s.Chats(a.ID) {
				for _, err := range s.Messages(t.Context(), a.ID, c.ID) {
					if err != nil {
						t.Error(err)
					}
				}
			}
		}
	})
}
