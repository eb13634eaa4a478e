package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

func TestRoundTrip(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	media, records := noise(1, 21<<20+17), text(1, 3<<20)
	mediaIDs := store(t, w, media)
	recordIDs := store(t, w, records)
	check(t, w.Set("cursor", []byte("42")))
	c := commit(t, w, recordIDs)
	if c.Seq != 1 || !c.Previous.IsZero() || c.Vault != f.secrets.VaultID || !c.Time.Equal(*f.clock) {
		t.Errorf("first commit: %+v", c)
	}
	if seq, hash := w.Head(); seq != 1 || hash != c.Hash.String() {
		t.Errorf("head: %d %s", seq, hash)
	}
	r := f.reader()
	if len(r.Commits()) != 1 || r.Commits()[0].Hash != c.Hash {
		t.Fatalf("the reader sees %d commits", len(r.Commits()))
	}
	if !bytes.Equal(readAll(t, r, mediaIDs), media) {
		t.Error("the media came back different")
	}
	roots, err := r.Records(t.Context(), r.Commits()[0])
	check(t, err)
	if !bytes.Equal(readAll(t, r, roots), records) {
		t.Error("the records came back different")
	}
	report := f.verify()
	if report.Commits != 1 || report.Packs != len(c.Packs) || report.Chunks == 0 || len(report.Orphans) > 0 {
		t.Errorf("report: %+v", report)
	}
}

func TestCommitOfNothing(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	before := len(f.dst.Names())
	nothing := func() {
		t.Helper()
		c, err := w.Commit(t.Context(), nil)
		check(t, err)
		if c != nil || len(f.dst.Names()) != before {
			t.Errorf("a commit of nothing made %v and %d objects", c, len(f.dst.Names())-before)
		}
	}
	nothing()
	nothing()
	commit(t, w, store(t, w, []byte("hello")))
	check(t, w.Set("key", []byte("value")))
	commit(t, w, nil)
	before = len(f.dst.Names())
	store(t, w, []byte("hello"))
	check(t, w.Set("absent", nil))
	check(t, w.Set("key", []byte("value")))
	nothing()
}

// Chunks are stored once: within a stream, between streams, commits and Writers.
func TestDeduplication(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	data := noise(1, 6<<20)
	first := store(t, w, data)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if ids := store(t, w, data); !slices.Equal(ids, first) {
				t.Error("the same bytes gave other chunks")
			}
		})
	}
	wg.Wait()
	commit(t, w, nil) // waits for the workers
	stats := w.Stats()
	if stats.BytesIn != 5*int64(len(data)) || stats.BytesNew != int64(len(data)) || stats.ChunksNew != int64(len(first)) {
		t.Errorf("stats: %+v", stats)
	}
	check(t, w.Close())
	w = f.writer()
	store(t, w, data)
	if c, err := w.Commit(t.Context(), nil); c != nil || err != nil || w.Stats().BytesNew != 0 {
		t.Errorf("after opening again: %v, %v, %+v", c, err, w.Stats())
	}
}

// All full packs have one length, the last ones are buckets.
func TestPackLengths(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	for i := range 6 {
		store(t, w, noise(byte(i), 9<<20))
		store(t, w, noise(byte(100+i), 3000))
	}
	commit(t, w, nil)
	full := 0
	for name, size := range sizes(f.dst, "packs/") {
		if !isBucket(int64(size)) {
			t.Errorf("%s is %d bytes long", name, size)
		}
		if size == testPackSize {
			full++
		}
	}
	if n := len(sizes(f.dst, "packs/")); full < n-3 {
		t.Errorf("%d of %d packs are full", full, n)
	}
	if s := w.Stats(); float64(s.PackBytes) > 1.06*float64(s.BytesNew) {
		t.Errorf("%d bytes of packs for %d bytes", s.PackBytes, s.BytesNew) // packs of 8 MiB waste more than those of 32
	}
	for name, size := range sizes(f.dst, "index/") {
		if !isBucket(int64(size)) {
			t.Errorf("%s is %d bytes long", name, size)
		}
	}
}

// A state that is lost is rebuilt from the vault with no key but the writer's.
func TestRebuild(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	data := noise(1, 5<<20)
	store(t, w, data)
	check(t, w.Set("a", []byte("1")))
	check(t, w.Set("b", []byte("2")))
	commit(t, w, nil)
	store(t, w, text(1, 1<<20))
	check(t, w.Set("a", nil))
	check(t, w.Set("c", []byte{}))
	last := commit(t, w, nil)
	check(t, w.Close())

	again := f.newState().writer()
	if seq, hash := again.Head(); seq != 2 || hash != last.Hash.String() {
		t.Errorf("head: %d %s", seq, hash)
	}
	if got := resumeState(t, again); got != `b="2" c="" ` {
		t.Errorf("resume state: %s", got)
	}
	store(t, again, data)
	store(t, again, text(1, 1<<20))
	if c, err := again.Commit(t.Context(), nil); c != nil || err != nil || again.Stats().BytesNew != 0 {
		t.Errorf("commit %v, %v, %d new bytes", c, err, again.Stats().BytesNew)
	}
}

// A state that is behind catches up, and one that is damaged is rebuilt.
func TestStateBehind(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	store(t, w, []byte("one"))
	commit(t, w, nil)
	check(t, w.Close())
	old, err := os.ReadFile(f.state)
	check(t, err)

	w = f.writer()
	store(t, w, []byte("two"))
	check(t, w.Set("k", []byte("v")))
	commit(t, w, nil)
	check(t, w.Close())
	for name, content := range map[string][]byte{"behind": old, "noise": noise(1, 9000)} {
		check(t, os.WriteFile(f.state, content, 0o600))
		w = f.writer()
		store(t, w, []byte("two"))
		if c, err := w.Commit(t.Context(), nil); c != nil || err != nil {
			t.Errorf("%s: a commit of what is known: %v, %v", name, c, err)
		}
		if seq, _ := w.Head(); seq != 2 || w.Stats().ChunksNew != 0 || resumeState(t, w) != `k="v" ` {
			t.Errorf("%s: head %d, %+v", name, seq, w.Stats())
		}
		check(t, w.Close())
	}
}

func TestOpenWriterRefusals(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	store(t, w, []byte("one"))
	commit(t, w, nil)
	before := f.dst.CrashClone()
	store(t, w, []byte("two"))
	last := commit(t, w, nil)
	check(t, w.Close())
	other := newFixture(t, nil)

	open := func(f *fixture) error {
		w, err := OpenWriter(t.Context(), f.dst, f.options())
		if err == nil {
			check(t, w.Close())
		}
		return err
	}
	damaged := func(change func(dst *memory.Destination)) *fixture {
		dst := f.dst.CrashClone()
		change(dst)
		return f.at(dst)
	}
	wantError(t, open(f.at(memory.New())), ErrNoVault)
	wantError(t, open(f.at(other.dst)), ErrOtherVault)
	wantError(t, open(other.withState(f.state)), ErrOtherVault)
	wantError(t, open(f.at(before)), ErrRollback)
	name := commitName(last.Writer, last.Seq)
	wantError(t, open(damaged(func(dst *memory.Destination) { dst.Delete(name) })), ErrRollback)
	wantError(t, open(damaged(func(dst *memory.Destination) {
		dst.Damage(name, func(b []byte) []byte { return append(b, ' ') })
	})), ErrRollback)

	// Without a state nothing is remembered, but the end of the chain must hold.
	first := commitName(last.Writer, 1)
	wantError(t, open(damaged(func(dst *memory.Destination) {
		dst.Damage(name, func(b []byte) []byte { return bytes.Replace(b, []byte("Z"), []byte("Y"), 1) })
	}).newState()), ErrForged)
	wantError(t, open(damaged(func(dst *memory.Destination) {
		dst.Damage(name, func([]byte) []byte { return before.Object(first) })
	}).newState()), ErrChain)

	check(t, open(f))
	f.writer()
	wantError(t, open(f), ErrStateBusy)
}

func TestWriterOptions(t *testing.T) {
	f := newFixture(t, nil)
	for name, change := range map[string]func(o *WriterOptions){
		"no secrets":    func(o *WriterOptions) { o.Secrets = nil },
		"no state":      func(o *WriterOptions) { o.StatePath = "" },
		"odd pack size": func(o *WriterOptions) { o.PackSize = 9 << 20 },
		"small packs":   func(o *WriterOptions) { o.PackSize = 4 << 20 },
		"large packs":   func(o *WriterOptions) { o.PackSize = 256 << 20 },
		"no open packs": func(o *WriterOptions) { o.OpenPacks = -1 },
		"no workers":    func(o *WriterOptions) { o.Workers = -1 },
	} {
		o := f.options()
		change(&o)
		if w, err := OpenWriter(t.Context(), f.dst, o); err == nil {
			t.Errorf("%s: no error", name)
			check(t, w.Close())
		}
	}
}

// Two machines with the same secrets are noticed before they do harm.
func TestForkedWriters(t *testing.T) {
	f := newFixture(t, nil)
	a, b := f.writer(), f.newState().writer()
	store(t, a, []byte("a"))
	store(t, b, []byte("b"))
	commit(t, a, nil)
	_, err := b.Commit(t.Context(), nil)
	wantError(t, err, ErrForked)
	if n := len(sizes(f.dst, "commits/")); n != 1 {
		t.Errorf("%d commits", n)
	}
}

func TestCutsAndResume(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	data := noise(1, 12<<20)
	whole := store(t, w, data)

	s := w.NewStream()
	for part := range slices.Chunk(data[:7<<20], 300_000) {
		_, err := s.Write(part)
		check(t, err)
	}
	ids, n, err := s.Cuts()
	check(t, err)
	if len(ids) == 0 || n < 3<<20 || !slices.Equal(ids, whole[:len(ids)]) {
		t.Fatalf("%d cuts, %d bytes", len(ids), n)
	}
	s.Abort()
	if _, err := s.Write([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("write after abort: %v", err)
	}
	rest := store(t, w, data[n:])
	if !slices.Equal(append(ids, rest...), whole) {
		t.Error("a stream that goes on at a cut has other chunks")
	}
	commit(t, w, nil)
	if w.Stats().BytesNew != int64(len(data)) {
		t.Errorf("%d new bytes", w.Stats().BytesNew)
	}
}

func TestEmptyStream(t *testing.T) {
	w := newFixture(t, nil).writer()
	s := w.NewStream()
	_, err := s.Write(nil)
	check(t, err)
	ids, err := s.Close()
	check(t, err)
	if len(ids) != 0 {
		t.Errorf("%d chunks of nothing", len(ids))
	}
	for _, again := range []func() error{
		func() error { _, err := s.Close(); return err },
		func() error { _, _, err := s.Cuts(); return err },
		func() error { _, err := s.Write([]byte("x")); return err },
	} {
		wantError(t, again(), ErrClosed)
	}
	s.Abort()
}

// Many streams at once, small and large, all come back.
func TestManyStreams(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	ids := make([][]crypto.ID, 60)
	content := func(i int) []byte { return noise(byte(i), 1+i*i*900) }
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() { ids[i] = store(t, w, content(i)) })
	}
	wg.Wait()
	commit(t, w, nil)
	r := f.reader()
	for i := range ids {
		if !bytes.Equal(readAll(t, r, ids[i]), content(i)) {
			t.Errorf("stream %d came back different", i)
		}
	}
	f.verify()
}

func TestResumeState(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	for i := range 600 {
		check(t, w.Set(fmt.Sprintf("n/%03d", i), []byte{byte(i)}))
	}
	commit(t, w, nil)
	check(t, w.Set("n/100", nil))
	check(t, w.Set("n/200", []byte("new")))
	check(t, w.Set("n/2005", []byte("between")))
	check(t, w.Set("n/999", []byte("last")))
	check(t, w.Set("m", []byte("other prefix")))
	var keys []string
	check(t, w.Range("n/", func(key string, value []byte) error {
		keys = append(keys, key)
		got, ok, err := w.Get(key) // calls from within must work
		if err != nil || !ok || !bytes.Equal(got, value) {
			t.Errorf("get %s: %q, %v, %v", key, got, ok, err)
		}
		return w.Set("from-within", value)
	}))
	if len(keys) != 601 || !slices.IsSorted(keys) || slices.Contains(keys, "n/100") || !slices.Contains(keys, "n/2005") {
		t.Errorf("%d keys", len(keys))
	}
	stop := errors.New("stop")
	wantError(t, w.Range("", func(string, []byte) error { return stop }), stop)
	if _, ok, err := w.Get("n/100"); ok || err != nil {
		t.Errorf("a deleted key: %v, %v", ok, err)
	}
	if err := w.Set("", nil); err == nil {
		t.Error("an empty key was taken")
	}
	wantError(t, w.Set(strings.Repeat("k", maxKey+1), nil), ErrTooLarge)
	wantError(t, w.Set("k", make([]byte, maxValue+1)), ErrTooLarge)
	before := resumeState(t, w)
	commit(t, w, nil)
	check(t, w.Close())
	for _, f := range []*fixture{f, f.newState()} {
		if got := resumeState(t, f.writer()); got != before {
			t.Errorf("the state after the commit differs")
		}
	}
}

// What was set and not committed is gone with the process: the chunks stay.
func TestUncommittedStateIsNotKept(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	check(t, w.Set("k", []byte("v")))
	check(t, w.Close())
	if got := resumeState(t, f.writer()); got != "" {
		t.Errorf("resume state: %s", got)
	}
}

// A value belongs to the Writer once it is set.
func TestSetCopies(t *testing.T) {
	w := newFixture(t, nil).writer()
	value := []byte("abc")
	check(t, w.Set("k", value))
	value[0] = 'X'
	got, _, err := w.Get("k")
	check(t, err)
	got[1] = 'X'
	if got, _, _ := w.Get("k"); string(got) != "abc" {
		t.Errorf("got %q", got)
	}
}

func TestCommitUnknownRecord(t *testing.T) {
	w := newFixture(t, nil).writer()
	_, err := w.Commit(t.Context(), []crypto.ID{{1}})
	wantError(t, err, ErrUnknownChunk)
}

func TestHas(t *testing.T) {
	w := newFixture(t, nil).writer()
	ids := store(t, w, []byte("x"))
	commit(t, w, ids) // a chunk is known by its id before it lies in a pack
	if ok, err := w.Has(ids[0]); !ok || err != nil {
		t.Errorf("has: %v, %v", ok, err)
	}
	if ok, err := w.Has(crypto.ID{1}); ok || err != nil {
		t.Errorf("has what never was: %v, %v", ok, err)
	}
}

func TestClosedWriter(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	s := w.NewStream()
	_, err := s.Write(noise(1, 1000))
	check(t, err)
	check(t, w.Close())
	check(t, w.Close())
	_, err = s.Close()
	wantError(t, err, ErrClosed)
	_, err = w.Commit(t.Context(), nil)
	wantError(t, err, ErrClosed)
}

// A Commit that may not go on comes back, and another one succeeds.
func TestCommitEndsWithContext(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	ids := store(t, w, noise(1, 3<<20))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Commit(ctx, ids)
	wantError(t, err, context.Canceled)
	commit(t, w, ids)
	f.verify()
}

// The seq of a commit may leave out numbers.
func TestSeqAfterLeftOverIndex(t *testing.T) {
	f := newFixture(t, nil)
	for seq := range uint64(3) {
		check(t, f.dst.Put(t.Context(), indexName(f.secrets.WriterID, seq+1), []byte("left over")))
	}
	w := f.writer()
	store(t, w, []byte("x"))
	if c := commit(t, w, nil); c.Seq != 4 {
		t.Errorf("seq %d", c.Seq)
	}
	store(t, w, []byte("y"))
	if c := commit(t, w, nil); c.Seq != 5 {
		t.Errorf("seq %d", c.Seq)
	}
	check(t, w.Close())
	if seq, _ := f.newState().writer().Head(); seq != 5 {
		t.Errorf("rebuilt head %d", seq)
	}
	if report := f.verify(); len(report.Orphans) != 3 {
		t.Errorf("orphans: %v", report.Orphans)
	}
}
