package chunkstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/crypto"
)

var (
	testVaultID  = strings.Repeat("a1", 16)
	testWriterID = strings.Repeat("b2", 16)
)

func statePath(t testing.TB) string { return filepath.Join(t.TempDir(), "state.db") }

func newTestState(t testing.TB, path string) *state {
	t.Helper()
	s, err := openState(path, testVaultID, testWriterID)
	check(t, err)
	t.Cleanup(func() { s.close() }) // a second time in some tests
	return s
}

func TestStatePacks(t *testing.T) {
	path := statePath(t)
	s := newTestState(t, path)
	p, dir := Object{Hash{1}, 1 << 20}, makeDirectory(5, 6, 7)
	id := dir.entry(2).ID
	if ok, err := s.has(id); ok || err != nil {
		t.Fatalf("an empty state has a chunk: %v, %v", ok, err)
	}
	for range 2 { // twice is as good as once
		check(t, s.addPending(p, dir))
	}
	check(t, s.close())

	s = newTestState(t, path)
	if ok, err := s.has(id); !ok || err != nil {
		t.Fatalf("the chunk is forgotten: %v, %v", ok, err)
	}
	pending, err := s.pending()
	check(t, err)
	if len(pending) != 1 || pending[0] != p {
		t.Fatalf("pending: %v", pending)
	}
	got, err := s.pendingDirectory(p)
	check(t, err)
	if !bytes.Equal(got, dir) {
		t.Error("the directory came back different")
	}
	check(t, s.dropPending(p))
	if ok, err := s.has(id); ok || err != nil {
		t.Errorf("a chunk of a dropped pack stays: %v, %v", ok, err)
	}
	if pending, err := s.pending(); len(pending) != 0 || err != nil {
		t.Errorf("pending after drop: %v, %v", pending, err)
	}
}

// A chunk that is in two packs is not lost with one of them.
func TestStateSharedChunk(t *testing.T) {
	s := newTestState(t, statePath(t))
	a, b := Object{Hash{1}, 1 << 20}, Object{Hash{2}, 1 << 20}
	check(t, s.addPending(a, makeDirectory(5)))
	check(t, s.addPending(b, makeDirectory(5, 6)))
	check(t, s.dropPending(b))
	if ok, err := s.has(makeDirectory(5).entry(0).ID); !ok || err != nil {
		t.Errorf("the chunk of the other pack is gone: %v, %v", ok, err)
	}
}

// applied makes a commit with this index and applies it.
func applied(t testing.TB, s *state, seq uint64, x *indexContent) ([]crypto.ID, error) {
	t.Helper()
	id, err := crypto.NewIdentity()
	check(t, err)
	index, err := x.write(t, id.Recipient())
	check(t, err)
	return s.apply(&Commit{Seq: seq, Hash: Hash{byte(seq)}, Packs: x.packs}, index, id, false)
}

func TestStateApply(t *testing.T) {
	s := newTestState(t, statePath(t))
	x := sampleIndex()
	check(t, s.addPending(x.packs[0], x.dirs[0])) // one the state knows, one it does not
	records, err := applied(t, s, 3, x)
	check(t, err)
	if len(records) != 3 || records[1] != x.records[1] {
		t.Errorf("records: %v", records)
	}
	h, err := s.head()
	check(t, err)
	if h != (head{3, Hash{3}}) {
		t.Errorf("head: %+v", h)
	}
	if pending, err := s.pending(); len(pending) != 0 || err != nil {
		t.Errorf("pending: %v, %v", pending, err)
	}
	for _, dir := range x.dirs {
		if ok, err := s.has(dir.entry(0).ID); !ok || err != nil {
			t.Errorf("a chunk is not known: %v, %v", ok, err)
		}
	}
	wantValue(t, s, "a", "one")
	wantValue(t, s, "c", "")
	if _, ok, err := s.get("b"); ok || err != nil {
		t.Errorf("a deleted key: %v, %v", ok, err)
	}
	_, err = applied(t, s, 4, &indexContent{changes: []change{{"a", nil}, {"c", []byte("two")}}})
	check(t, err)
	if _, ok, err := s.get("a"); ok || err != nil {
		t.Errorf("a deleted key: %v, %v", ok, err)
	}
	wantValue(t, s, "c", "two")
}

func wantValue(t testing.TB, s *state, key, want string) {
	t.Helper()
	got, ok, err := s.get(key)
	check(t, err)
	if !ok || got == nil || string(got) != want {
		t.Errorf("%s = %q, %v, want %q", key, got, ok, want)
	}
}

// An index that does not fit its commit changes nothing.
func TestStateApplyAllOrNothing(t *testing.T) {
	id, err := crypto.NewIdentity()
	check(t, err)
	x := sampleIndex()
	index, err := x.write(t, id.Recipient())
	check(t, err)
	for name, packs := range map[string][]Object{
		"one less":     x.packs[:1],
		"one more":     append(x.packs[:2:2], Object{Hash{9}, 1 << 20}),
		"none":         nil,
		"other length": {x.packs[0], {x.packs[1].Hash, 1 << 20}},
	} {
		s := newTestState(t, statePath(t))
		_, err := s.apply(&Commit{Seq: 1, Hash: Hash{1}, Packs: packs}, index, id, false)
		wantError(t, err, crypto.ErrDamaged)
		h, err := s.head()
		check(t, err)
		if known, err := s.has(x.dirs[0].entry(0).ID); h.seq != 0 || known || err != nil {
			t.Errorf("%s: head %d, known %v, %v", name, h.seq, known, err)
		}
	}
}

func TestStateBelongsToOneWriter(t *testing.T) {
	path := statePath(t)
	check(t, newTestState(t, path).close())
	for _, ids := range [][2]string{{testWriterID, testWriterID}, {testVaultID, testVaultID}} {
		_, err := openState(path, ids[0], ids[1])
		wantError(t, err, ErrOtherVault)
	}
	check(t, newTestState(t, path).close())
}

func TestStateIsLocked(t *testing.T) {
	path := statePath(t)
	s := newTestState(t, path)
	_, err := openState(path, testVaultID, testWriterID)
	wantError(t, err, ErrStateBusy)
	check(t, s.close())
	check(t, newTestState(t, path).close())
}

func TestStateFolderMissing(t *testing.T) {
	_, err := openState(filepath.Join(t.TempDir(), "missing", "state.db"), testVaultID, testWriterID)
	wantError(t, err, fs.ErrNotExist)
}

// A state that cannot be used is set aside and a new one begun.
func TestStateDamaged(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"not a database": func(t *testing.T, path string) {
			check(t, os.WriteFile(path, noise(1, 20_000), 0o600))
		},
		"zeros in the middle": func(t *testing.T, path string) {
			check(t, newUnclosedState(t, path))
			data, err := os.ReadFile(path)
			check(t, err)
			clear(data[len(data)/4 : len(data)*3/4])
			check(t, os.WriteFile(path, data, 0o600))
		},
		"cut off": func(t *testing.T, path string) {
			check(t, newUnclosedState(t, path))
			check(t, os.Truncate(path, 10_000))
		},
		"other version": func(t *testing.T, path string) {
			s := newTestState(t, path)
			check(t, s.setMeta(s.db, "version", []byte("99")))
			check(t, s.close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := statePath(t)
			damage(t, path)
			s := newTestState(t, path)
			h, err := s.head()
			check(t, err)
			if h.seq != 0 {
				t.Errorf("a new state has head %d", h.seq)
			}
			if _, err := os.Stat(path + ".damaged"); err != nil {
				t.Errorf("the damaged file was not kept: %v", err)
			}
		})
	}
}

// newUnclosedState leaves a state file as a killed process does, but without its
// write-ahead log, so that the damage in the file counts.
func newUnclosedState(t *testing.T, path string) error {
	s := newTestState(t, path)
	for i := range 50 {
		p := Object{Hash{byte(i + 1)}, 1 << 20}
		check(t, s.addPending(p, makeDirectory(1, 2, 3, 4, 5)))
	}
	s.suspect.Store(true) // close must not say that all is well
	return s.close()
}

// Paths with characters that mean something in a URL.
func TestStatePathIsEscaped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b#c%41 ü.db")
	s := newTestState(t, path)
	check(t, s.addPending(Object{Hash{1}, 1 << 20}, makeDirectory(1)))
	check(t, s.close())
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestStatePages(t *testing.T) {
	s := newTestState(t, statePath(t))
	x := &indexContent{}
	for i := range 700 {
		x.changes = append(x.changes, change{fmt.Sprintf("k%03d", i), []byte{byte(i)}})
	}
	x.changes = append(x.changes, change{"l", []byte("other prefix")})
	_, err := applied(t, s, 1, x)
	check(t, err)
	n, last := 0, ""
	for {
		page, err := s.page("k", last, 256)
		check(t, err)
		for _, c := range page {
			if c.key != fmt.Sprintf("k%03d", n) || c.value[0] != byte(n) {
				t.Fatalf("value %d: %v", n, c)
			}
			n, last = n+1, c.key
		}
		if len(page) < 256 {
			break
		}
	}
	if n != 700 {
		t.Errorf("%d values", n)
	}
}

func TestReadHead(t *testing.T) {
	path := statePath(t)
	if _, err := ReadHead(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no state: got error %v", err)
	}
	s := newTestState(t, path)
	want := Head{Vault: testVaultID, Writer: testWriterID}
	for seq := range uint64(3) {
		if seq > 0 {
			_, err := applied(t, s, seq, &indexContent{})
			check(t, err)
			want.Seq, want.Hash = seq, Hash{byte(seq)}
		}
		got, err := ReadHead(t.Context(), path) // while it is open
		check(t, err)
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	check(t, s.close())
	got, err := ReadHead(t.Context(), path)
	check(t, err)
	if got != want {
		t.Errorf("closed: got %+v, want %+v", got, want)
	}
	check(t, os.WriteFile(path, noise(1, 5000), 0o600))
	if _, err := ReadHead(t.Context(), path); err == nil {
		t.Error("noise passes for a state")
	}
}

func BenchmarkStateHas(b *testing.B) {
	s := newTestState(b, statePath(b))
	for i := range 100 {
		var d directory
		for j := range 200 {
			offset := packHeaderSize + j
			d = appendEntry(d, dirEntry{ID: testKey(1).ID([]byte{byte(i), byte(j)}), Offset: uint32(offset), Stored: 1, Raw: 1})
		}
		check(b, s.addPending(Object{Hash{byte(i + 1)}, 1 << 20}, d))
	}
	id := testKey(1).ID([]byte{1, 2})
	for b.Loop() {
		if _, err := s.has(id); err != nil {
			b.Fatal(err)
		}
	}
}
