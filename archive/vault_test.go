package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// An installation is a real vault and the machine that writes it.
type installation struct {
	dst     chunkstore.Destination
	secrets *chunkstore.WriterSecrets
	owner   crypto.Identity
	dir     string // state.db and journal
}

func install(t testing.TB, dst chunkstore.Destination) *installation {
	t.Helper()
	owner, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	owners := []chunkstore.Owner{{Name: "owner", Recipient: owner.Recipient()}}
	_, secrets, err := chunkstore.Create(t.Context(), dst, chunkstore.CreateOptions{Owners: owners})
	if err != nil {
		t.Fatal(err)
	}
	return &installation{dst, secrets, owner, t.TempDir()}
}

// open opens store and Writer; the function ends both.
func (i *installation) open(ctx context.Context) (*Writer, func() error, error) {
	store, err := chunkstore.OpenWriter(ctx, i.dst, i.storeOptions())
	if err != nil {
		return nil, nil, err
	}
	w, err := OpenWriter(ctx, store, i.writerOptions())
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return w, func() error { return errors.Join(w.Close(), store.Close()) }, nil
}

func (i *installation) storeOptions() chunkstore.WriterOptions {
	return chunkstore.WriterOptions{Secrets: i.secrets, StatePath: filepath.Join(i.dir, "state.db"), PackSize: 8 << 20}
}

func (i *installation) writerOptions() WriterOptions {
	return WriterOptions{Journal: filepath.Join(i.dir, "journal"), Secrets: i.secrets}
}

func (i *installation) pull(ctx context.Context, o *world, commitEvery int) error {
	w, end, err := i.open(ctx)
	if err != nil {
		return err
	}
	p := &puller{world: o, w: w, commitEvery: commitEvery}
	return errors.Join(p.run(ctx), end())
}

func (i *installation) snapshot(t testing.TB) *Snapshot {
	t.Helper()
	r, err := chunkstore.OpenReader(t.Context(), i.dst, chunkstore.ReaderOptions{Identities: []crypto.Identity{i.owner}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenSnapshot(t.Context(), r, SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// largeWorld has files of several chunks and packs.
func largeWorld() *world { return worldOf(100, 3<<20, 9<<20+77, 512<<10, 5<<20) }

// mediumWorld has files of several chunks.
func mediumWorld() *world { return worldOf(100, 1<<20, 4<<20+77) }

func worldOf(sizes ...int) *world {
	o := &world{pages: 10, part: 512 << 10, files: map[MediaKey][]byte{}}
	for i, size := range sizes {
		key := NewMediaKey(MediaDocument, int64(i))
		o.keys = append(o.keys, key)
		o.files[key] = randomBytes(uint64(i), size)
	}
	return o
}

func TestThroughRealVault(t *testing.T) {
	dst := memory.New()
	i, o := install(t, dst), largeWorld()
	if err := i.pull(t.Context(), o, 20); err != nil {
		t.Fatal(err)
	}
	want := digest(t, i.snapshot(t))
	if n := strings.Count(want, "media document:"); n != len(o.keys) {
		t.Fatalf("%d files are in the archive", n)
	}
	for _, name := range dst.Names() {
		if strings.HasPrefix(name, "packs/") && bytes.Contains(read(t, dst, name), []byte("text of")) {
			t.Errorf("%s holds plain text", name)
		}
	}

	// With nothing new nothing is written and nothing fetched, also on a machine
	// that lost its state and its journal.
	names, fetched := len(dst.Names()), o.fetchedBytes
	for range 2 {
		if err := i.pull(t.Context(), o, 20); err != nil {
			t.Fatal(err)
		}
		if len(dst.Names()) != names || o.fetchedBytes != fetched {
			t.Errorf("%d new objects, %d bytes fetched", len(dst.Names())-names, o.fetchedBytes-fetched)
		}
		i.dir = t.TempDir()
	}
	if got := digest(t, i.snapshot(t)); got != want {
		t.Errorf("the archive changed:\n%s\nwas\n%s", got, want)
	}
}

func read(t *testing.T, dst *memory.Destination, name string) []byte {
	t.Helper()
	r, err := dst.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The machine stops at each Put of a run: before it is stored, or after it and
// before anybody hears of it. What is left is copied as it lies, and goes on.
func TestStopAtEveryPut(t *testing.T) {
	i := install(t, memory.New())
	if err := i.pull(t.Context(), mediumWorld(), 15); err != nil {
		t.Fatal(err)
	}
	want := digest(t, i.snapshot(t))
	for _, kept := range []bool{false, true} {
		n := 1
		for stopAtPut(t, n, kept, want) {
			n++
		}
		if n < 9 {
			t.Fatalf("a run makes %d Puts only", n-1)
		}
	}
}

// stopAtPut reports false if the run got to its end before.
func stopAtPut(t *testing.T, n int, kept bool, want string) bool {
	t.Helper()
	var armed atomic.Bool
	var puts atomic.Int64
	stopped := errors.New("the machine stopped")
	dst := memory.WithFaults(func(c memory.Call) error {
		switch {
		case !armed.Load(), c.Op != memory.Put && puts.Load() < int64(n):
			return nil
		case c.Op != memory.Put:
			return stopped
		}
		switch nth := puts.Add(1); {
		case nth < int64(n):
			return nil
		case nth == int64(n) && kept:
			return memory.Kept(stopped)
		}
		return stopped
	})
	i, o := install(t, dst), mediumWorld()
	armed.Store(true)
	w, end, err := i.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = (&puller{world: o, w: w, commitEvery: 15}).run(t.Context())
	left := &installation{dst.CrashClone(), i.secrets, i.owner, t.TempDir()}
	if err := os.CopyFS(left.dir, os.DirFS(i.dir)); err != nil {
		t.Fatal(err)
	}
	if err := end(); err != nil {
		t.Errorf("put %d: close: %v", n, err)
	}
	if err == nil && puts.Load() < int64(n) {
		return false
	}
	if !errors.Is(err, stopped) || !errors.Is(err, ErrBroken) {
		t.Fatalf("put %d: %v", n, err)
	}
	if err := left.pull(t.Context(), o, 15); err != nil {
		t.Fatalf("put %d, kept %v: %v", n, kept, err)
	}
	checkRefetched(t, o, 1)
	if got := digest(t, left.snapshot(t)); got != want {
		t.Fatalf("put %d, kept %v: the archive is\n%s\nnot\n%s", n, kept, got, want)
	}
	return true
}

// Without journal and state, files go on at their last stored chunk.
func TestResumeFromTheVaultAlone(t *testing.T) {
	i, o := install(t, memory.New()), largeWorld()
	key, content := o.keys[2], o.files[o.keys[2]]
	w, end, err := i.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.BeginMedia(t.Context(), key, int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	const fetched = 7 << 20
	for off := int64(0); off < fetched; off += o.part {
		if err := m.WritePart(t.Context(), off, content[off:off+o.part]); err != nil {
			t.Fatal(err)
		}
	}
	if done, err := w.Commit(t.Context()); err != nil || done.Commit == nil {
		t.Fatal(done, err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	i.dir = t.TempDir()
	if err := i.pull(t.Context(), o, 12); err != nil {
		t.Fatal(err)
	}
	again := o.fetchedBytes - (o.totalBytes() - fetched)
	if limit := int64(chunkstore.MaxChunk) + o.part; again < 0 || again > limit {
		t.Errorf("%d bytes were fetched again, at most %d should be", again, limit)
	}
	if got := readMedia(t, i.snapshot(t), key); got == "" {
		t.Error("the file is not there")
	}
}

// killedChild is the environment of the process that TestKillProcess kills.
const killedChild = "TELEKEEP_ARCHIVE_TEST_DIR"

// A real process, killed with SIGKILL at random moments until it gets to its end.
func TestKillProcess(t *testing.T) {
	if dir := os.Getenv(killedChild); dir != "" {
		runKilledChild(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	dir := t.TempDir()
	vault := filepath.Join(dir, "vault")
	dst, err := local.Create(vault)
	if err != nil {
		t.Fatal(err)
	}
	i := install(t, dst)
	i.dir = dir
	if err := os.WriteFile(filepath.Join(dir, "secrets"), i.secrets.Marshal(), 0o600); err != nil {
		t.Fatal(err)
	}
	kills := 0
	// Later ones live longer, because a busy machine may need all of the time to get
	// to where the one before was.
	for !childFinished(t, dir, 30*time.Millisecond+rand.N(60*time.Millisecond)+time.Duration(kills)*3*time.Millisecond) {
		if kills++; kills > 500 {
			t.Fatal("no progress")
		}
	}
	reference := install(t, memory.New())
	o := largeWorld()
	if err := reference.pull(t.Context(), o, 12); err != nil {
		t.Fatal(err)
	}
	if got, want := digest(t, i.snapshot(t)), digest(t, reference.snapshot(t)); got != want {
		t.Errorf("after %d kills the archive is\n%s\nnot\n%s", kills, got, want)
	}
	log, err := os.ReadFile(filepath.Join(dir, "fetched"))
	if err != nil {
		t.Fatal(err)
	}
	o.fetchedBytes, o.fetchedPages = 0, 0
	for line := range strings.Lines(string(log)) {
		var bytes int64
		var pages int
		if n, _ := fmt.Sscanf(line, "%d %d\n", &bytes, &pages); n == 2 {
			o.fetchedBytes, o.fetchedPages = o.fetchedBytes+bytes, o.fetchedPages+pages
		}
	}
	checkRefetched(t, o, kills)
	t.Logf("%d kills, %d bytes fetched again", kills, o.fetchedBytes-o.totalBytes())
}

// childFinished starts the child and kills it after delay. It reports whether the
// child had got to its end.
func childFinished(t *testing.T, dir string, delay time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillProcess$")
	cmd.Env = append(os.Environ(), killedChild+"="+dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(delay, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	if !timer.Stop() || err == nil {
		return err == nil
	}
	t.Fatalf("the child failed by itself: %v\n%s", err, out.Bytes())
	return false
}

// runKilledChild pulls the world and notes each fetch before it is taken.
func runKilledChild(t *testing.T, dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := chunkstore.ParseWriterSecrets(text)
	if err != nil {
		t.Fatal(err)
	}
	dst, err := local.Open(filepath.Join(dir, "vault"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "fetched"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	o := largeWorld()
	o.note = func(bytes int64, pages int) {
		fmt.Fprintf(log, "%d %d\n", bytes, pages)
		time.Sleep(2 * time.Millisecond) // so that there are several moments to be killed at
	}
	i := &installation{dst: dst, secrets: secrets, dir: dir}
	if err := i.pull(t.Context(), o, 12); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkWriterMedia is what the archive adds to the chunk store: journal, whole
// file hash, tails. Files of 64 MiB in parts of 1 MiB, two at a time.
func BenchmarkWriterMedia(b *testing.B) {
	dst, err := local.Create(filepath.Join(b.TempDir(), "vault"))
	if err != nil {
		b.Fatal(err)
	}
	w, end, err := install(b, dst).open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	const size, part = 64 << 20, 1 << 20
	contents := [][]byte{randomBytes(1, size), randomBytes(2, size)}
	b.SetBytes(2 * size)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		done := make(chan error, 2)
		for f, content := range contents {
			for at := 0; at < size; at += 64 << 10 { // all chunks are new
				binary.LittleEndian.PutUint64(content[at:], uint64(2*n+f))
			}
			go func() { done <- benchFile(b.Context(), w, NewMediaKey(MediaPhoto, int64(2*n+f)), content, part) }()
		}
		if err := errors.Join(<-done, <-done); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if err := end(); err != nil {
		b.Fatal(err)
	}
}

func benchFile(ctx context.Context, w *Writer, key MediaKey, content []byte, part int64) error {
	m, err := w.BeginMedia(ctx, key, int64(len(content)))
	if err != nil {
		return err
	}
	for _, r := range m.Missing(part) {
		if err := m.WritePart(ctx, r.Off, content[r.Off:r.end()]); err != nil {
			return err
		}
	}
	_, err = m.Finish(ctx, true)
	return err
}

// BenchmarkWriterMessages applies pages of 100 messages.
func BenchmarkWriterMessages(b *testing.B) {
	dst, err := local.Create(filepath.Join(b.TempDir(), "vault"))
	if err != nil {
		b.Fatal(err)
	}
	w, end, err := install(b, dst).open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	page := make([]*Record, 100)
	for n := 0; b.Loop(); n++ {
		for k := range page {
			r := text(n*100+k, "message "+strings.Repeat("word ", k%40))
			r.Raw = randomBytes(uint64(k), 250)
			page[k] = r
		}
		if err := w.Apply(b.Context(), Batch{Records: page, State: map[string][]byte{"cursor": []byte(fmt.Sprint(n))}}); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := w.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "messages/s")
	if err := end(); err != nil {
		b.Fatal(err)
	}
}
