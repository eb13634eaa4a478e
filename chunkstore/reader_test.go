package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A filled vault and what is in it.
type filled struct {
	*fixture
	data   []byte
	ids    []crypto.ID
	commit *Commit
}

// fillVault stores 12 MiB, half of which compresses.
func fillVault(t testing.TB, dst *memory.Destination) *filled {
	t.Helper()
	f := newFixture(t, dst)
	w := f.writer()
	v := &filled{fixture: f, data: append(noise(1, 6<<20), text(1, 6<<20)...)}
	v.ids = store(t, w, v.data)
	v.commit = commit(t, w, v.ids)
	check(t, w.Close())
	return v
}

func TestReaderChunks(t *testing.T) {
	v := fillVault(t, nil)
	r := v.reader()
	offset := 0
	for _, id := range v.ids {
		size, err := r.Size(id)
		check(t, err)
		for range 2 { // the second time from the cache
			chunk, err := r.Chunk(t.Context(), id)
			check(t, err)
			if int64(len(chunk)) != size || !bytes.Equal(chunk, v.data[offset:offset+len(chunk)]) {
				t.Fatalf("chunk at %d came back different", offset)
			}
		}
		offset += int(size)
	}
	if offset != len(v.data) {
		t.Errorf("%d bytes in all chunks, want %d", offset, len(v.data))
	}
	_, err := r.Chunk(t.Context(), crypto.ID{1})
	wantError(t, err, ErrUnknownChunk)
	_, err = r.Size(crypto.ID{1})
	wantError(t, err, ErrUnknownChunk)
	if r.Vault().ID != v.secrets.VaultID || len(r.Faults()) != 0 {
		t.Errorf("vault %s, faults %v", r.Vault().ID, r.Faults())
	}
}

// One chunk needs two reads of its pack to open it and one for itself, however long
// it is.
// A vault is opened again with no owner key, and shows what is new; that of another vault is no help.
func TestReaderAgain(t *testing.T) {
	v := fillVault(t, nil)
	first := v.reader()
	w := v.writer()
	more := store(t, w, noise(2, 1<<20))
	commit(t, w, more)
	check(t, w.Close())
	for _, damaged := range []bool{false, true} {
		r, err := OpenReader(t.Context(), v.dst, ReaderOptions{Again: first, Damaged: damaged})
		check(t, err)
		if len(r.Commits()) != 2 || len(first.Commits()) != 1 {
			t.Errorf("%d commits, then %d", len(first.Commits()), len(r.Commits()))
		}
		_, err = r.Chunk(t.Context(), more[0])
		check(t, err)
	}
	_, err := OpenReader(t.Context(), v.dst, ReaderOptions{Again: fillVault(t, nil).reader()})
	if err == nil {
		t.Error("the key of another vault opened this one")
	}
}

func TestReaderFetchesInOnePiece(t *testing.T) {
	v := fillVault(t, nil)
	r := v.reader()
	before := v.dst.Counts().Calls[memory.ReadAt]
	for _, id := range v.ids[:3] {
		_, err := r.Chunk(t.Context(), id)
		check(t, err)
	}
	packs := len(r.files)
	if n := v.dst.Counts().Calls[memory.ReadAt] - before; n != 2*packs+3 {
		t.Errorf("%d reads for 3 chunks of %d packs", n, packs)
	}
}

func TestReaderStream(t *testing.T) {
	v := fillVault(t, nil)
	r := v.reader()
	check(t, iotest.TestReader(r.Stream(t.Context(), v.ids[:3]), v.data[:streamLength(t, r, v.ids[:3])]))
	check(t, iotest.TestReader(r.Stream(t.Context(), nil), nil))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if !bytes.Equal(readAll(t, r, v.ids), v.data) {
				t.Error("the stream came back different")
			}
		})
	}
	wg.Wait()
}

func streamLength(t testing.TB, r *Reader, ids []crypto.ID) (n int64) {
	for _, id := range ids {
		size, err := r.Size(id)
		check(t, err)
		n += size
	}
	return n
}

// A stream that ends early never looks like a whole one.
func TestReaderStreamEnds(t *testing.T) {
	v := fillVault(t, nil)
	r := v.reader()
	ctx, cancel := context.WithCancel(t.Context())
	s := r.Stream(ctx, v.ids)
	_, err := io.ReadFull(s, make([]byte, 1000))
	check(t, err)
	cancel()
	_, err = io.ReadAll(s)
	wantError(t, err, context.Canceled)
	check(t, s.Close())
	_, err = s.Read(make([]byte, 1))
	wantError(t, err, ErrClosed)

	s = r.Stream(t.Context(), append(v.ids[:1:1], crypto.ID{1}))
	got, err := io.ReadAll(s)
	wantError(t, err, ErrUnknownChunk)
	if !bytes.Equal(got, v.data[:len(got)]) || len(got) == 0 {
		t.Errorf("%d bytes came before the error", len(got))
	}
	_, err = s.Read(make([]byte, 1))
	wantError(t, err, ErrUnknownChunk)
	check(t, s.Close())
}

func TestOpenReaderRefusals(t *testing.T) {
	v := fillVault(t, nil)
	stranger, err := crypto.NewIdentity()
	check(t, err)
	open := func(dst Destination, ids ...crypto.Identity) error {
		_, err := OpenReader(t.Context(), dst, ReaderOptions{Identities: ids})
		return err
	}
	wantError(t, open(memory.New(), v.owner), ErrNoVault)
	wantError(t, open(v.dst, stranger), crypto.ErrWrongKey)
	wantError(t, open(v.dst), crypto.ErrWrongKey)
	wantError(t, open(v.dst, v.secrets.IndexIdentity), crypto.ErrWrongKey)
	check(t, open(v.dst, stranger, v.owner))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = OpenReader(ctx, v.dst, ReaderOptions{Identities: []crypto.Identity{v.owner}})
	wantError(t, err, context.Canceled)
}

// damages is what can happen to a vault of one commit and some packs.
func (v *filled) damages() map[string]struct {
	change func(dst *memory.Destination)
	kind   ProblemKind // found when the vault is opened; "" if only later
	object string
} {
	index, commit := indexName(v.commit.Writer, 1), commitName(v.commit.Writer, 1)
	flip := func(name string, at int) func(dst *memory.Destination) {
		return func(dst *memory.Destination) {
			dst.Damage(name, func(b []byte) []byte { b[at] ^= 1; return b })
		}
	}
	pack := packName(v.commit.Packs[0].Hash)
	return map[string]struct {
		change func(dst *memory.Destination)
		kind   ProblemKind
		object string
	}{
		"index missing":   {func(dst *memory.Destination) { dst.Delete(index) }, ProblemMissing, index},
		"index flipped":   {flip(index, 5000), ProblemDamaged, index},
		"index cut off":   {func(dst *memory.Destination) { dst.Damage(index, func(b []byte) []byte { return b[:100] }) }, ProblemDamaged, index},
		"index too long":  {func(dst *memory.Destination) { dst.Damage(index, func(b []byte) []byte { return append(b, 0) }) }, ProblemDamaged, index},
		"commit flipped":  {flip(commit, 100), ProblemForged, commit},
		"commit cut off":  {func(dst *memory.Destination) { dst.Damage(commit, func(b []byte) []byte { return b[:100] }) }, ProblemDamaged, commit},
		"writer missing":  {func(dst *memory.Destination) { dst.Delete(writerName(v.commit.Writer)) }, ProblemMissing, writerName(v.commit.Writer)},
		"pack missing":    {func(dst *memory.Destination) { dst.Delete(pack) }, "", pack},
		"pack flipped":    {flip(pack, 100_000), "", pack},
		"pack's start":    {flip(pack, 500), "", pack},
		"pack's end":      {flip(pack, int(v.commit.Packs[0].Size)-1), "", pack},
		"pack cut off":    {func(dst *memory.Destination) { dst.Damage(pack, func(b []byte) []byte { return b[:50_000] }) }, "", pack},
		"pack empty":      {func(dst *memory.Destination) { dst.Damage(pack, func([]byte) []byte { return nil }) }, "", pack},
		"pack of another": {func(dst *memory.Destination) { dst.Damage(pack, func(b []byte) []byte { return noise(1, len(b)) }) }, "", pack},
	}
}

// A Reader does not open a vault whose commits or indexes are wrong, except on
// request; and no damage to a pack gets out as content.
func TestReaderOfDamagedVault(t *testing.T) {
	v := fillVault(t, nil)
	for name, d := range v.damages() {
		t.Run(name, func(t *testing.T) {
			dst := v.dst.CrashClone()
			d.change(dst)
			_, err := OpenReader(t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{v.owner}})
			if d.kind == "" {
				check(t, err)
			} else if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != d.kind || p.Object != d.object {
				t.Errorf("got error %v, want %s of %s", err, d.kind, d.object)
			}
			r, err := OpenReader(t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{v.owner}, Damaged: true})
			check(t, err)
			inside := d.kind == "" && !strings.Contains(name, "missing") && !strings.Contains(name, "cut") && !strings.Contains(name, "empty")
			if problems := r.Faults(); inside != (len(problems) == 0) || !inside && problems[0].Object != d.object {
				t.Errorf("problems: %v", problems)
			}
			if failed := v.readSome(t, r, d.object); (failed > 0) != (d.kind == "") {
				t.Errorf("%d chunks are lost", failed)
			}
		})
	}
}

// readSome reads every chunk and returns how many cannot be: the error is one of ours
// and names the object.
func (v *filled) readSome(t *testing.T, r *Reader, object string) (failed int) {
	t.Helper()
	offset := 0
	for i, n := range cutsOf(v.secrets.ChunkerKey, v.data, len(v.data)) {
		chunk, err := r.Chunk(t.Context(), v.ids[i])
		switch {
		case err == nil && !bytes.Equal(chunk, v.data[offset:offset+n]):
			t.Errorf("chunk %d came back different", i)
		case err == nil:
		case errors.Is(err, crypto.ErrDamaged) || errors.Is(err, ErrMissing) || errors.Is(err, crypto.ErrWrongKey):
			failed++
			if !strings.Contains(err.Error(), object) {
				t.Errorf("the error does not name %s: %v", object, err)
			}
		default:
			t.Errorf("chunk %d: %v", i, err)
		}
		offset += n
	}
	return failed
}

// If a chunk is in two packs, one of them is enough.
func TestReaderTakesAnyCopy(t *testing.T) {
	v := fillVault(t, nil)
	second := v.addWriter()
	w := second.newState().writer()
	store(t, w, v.data) // another writer does not know what the first one stored
	commit(t, w, nil)
	if w.Stats().BytesNew != int64(len(v.data)) {
		t.Fatal("the second writer stored nothing")
	}
	dst := v.dst.CrashClone()
	for _, p := range v.commit.Packs {
		dst.Delete(packName(p.Hash))
	}
	r := v.at(dst).reader()
	if len(r.Commits()) != 2 {
		t.Errorf("%d commits", len(r.Commits()))
	}
	if !bytes.Equal(readAll(t, r, v.ids), v.data) {
		t.Error("the data came back different")
	}
}

// addWriter makes a second writer of the vault.
func (f *fixture) addWriter() *fixture { return f.addWriterWith(f.owner) }

func (f *fixture) addWriterWith(owner crypto.Identity) *fixture {
	f.t.Helper()
	secrets, err := AddWriter(f.t.Context(), f.dst, []crypto.Identity{owner}, f.now)
	check(f.t, err)
	other := *f
	other.secrets = secrets
	return &other
}

// Commits of two writers are merged by time, each in its own order even if its clock
// went back.
func TestCommitsAreMerged(t *testing.T) {
	f := newFixture(t, nil)
	second := f.addWriter().newState()
	a, b := f.writer(), second.writer()
	step := func(w *Writer, what string) string {
		store(t, w, []byte(what))
		return commit(t, w, nil).Hash.String()
	}
	var want []string
	want = append(want, step(a, "1"), step(b, "2"), step(a, "3"))
	right := *f.clock
	*f.clock = right.AddDate(-1, 0, 0)
	want = append(want, step(a, "4"))
	*f.clock = right
	want = append(want, step(b, "5"))
	var got []string
	for _, c := range f.reader().Commits() {
		got = append(got, c.Hash.String())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestChunkCache(t *testing.T) {
	c := newChunkCache(10)
	c.put(crypto.ID{1}, make([]byte, 4))
	c.put(crypto.ID{2}, make([]byte, 4))
	c.put(crypto.ID{2}, make([]byte, 4))
	if _, ok := c.get(crypto.ID{1}); !ok {
		t.Error("1 is gone")
	}
	c.put(crypto.ID{3}, make([]byte, 4)) // 2 was not used for the longest time
	c.put(crypto.ID{4}, make([]byte, 11))
	for id, want := range map[byte]bool{1: true, 2: false, 3: true, 4: false} {
		if _, ok := c.get(crypto.ID{id}); ok != want {
			t.Errorf("%d is there: %v", id, ok)
		}
	}
	if c.bytes != 8 || c.order.Len() != 2 {
		t.Errorf("%d bytes, %d chunks", c.bytes, c.order.Len())
	}
}
