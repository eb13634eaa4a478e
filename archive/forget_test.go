package archive

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// salvaged reads what is left of a damaged vault.
func (i *installation) salvaged(t testing.TB) *Snapshot {
	t.Helper()
	o := chunkstore.ReaderOptions{Identities: []crypto.Identity{i.owner}, Damaged: true}
	r, err := chunkstore.OpenReader(t.Context(), i.dst, o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenSnapshot(t.Context(), r, SnapshotOptions{KeepGoing: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// content is a digest without the line that counts records.
func content(t testing.TB, s *Snapshot) []string {
	t.Helper()
	return strings.Split(digest(t, s), "\n")[1:]
}

// A machine that has lost its state meets a vault that has lost an index or a commit:
// the next run brings everything back that was in it, and is the last to do so.
func TestLostIndexIsFetchedAgain(t *testing.T) {
	dst := memory.New()
	whole, o := install(t, dst), smallWorld()
	if err := whole.pull(t.Context(), o, 4); err != nil {
		t.Fatal(err)
	}
	want := content(t, whole.snapshot(t))
	var objects []string
	for _, name := range dst.Names() {
		if strings.HasPrefix(name, "index/") || strings.HasPrefix(name, "commits/") {
			objects = append(objects, name)
		}
	}
	last := slices.Index(objects, slices.MaxFunc(objects, func(a, b string) int {
		return strings.Compare(a[strings.LastIndex(a, "/"):], b[strings.LastIndex(b, "/"):])
	}))
	if len(objects) < 8 {
		t.Fatalf("only %d objects", len(objects))
	}
	for at, object := range objects {
		if at%5 != 0 && at != last && !strings.Contains(object, "00000001") {
			continue // some are enough
		}
		damaged := dst.CrashClone()
		damaged.Delete(object)
		i := &installation{damaged, whole.secrets, whole.owner, t.TempDir()}
		before := o.fetchedBytes
		for range 2 {
			if err := i.pull(t.Context(), o, 4); err != nil {
				t.Fatalf("without %s: %v", object, err)
			}
		}
		if got := content(t, i.salvaged(t)); !slices.Equal(got, want) {
			t.Errorf("without %s the archive is\n%s\nwant\n%s", object, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if again := o.fetchedBytes - before; again >= o.totalBytes() {
			t.Errorf("without %s all %d bytes of files are fetched again", object, again)
		}
		// Once more, on a machine that knows nothing: what was done is not done again.
		pages := o.fetchedPages
		i.dir = t.TempDir()
		if err := i.pull(t.Context(), o, 4); err != nil {
			t.Fatal(err)
		}
		if o.fetchedPages != pages {
			t.Errorf("without %s: %d pages are fetched by every machine", object, o.fetchedPages-pages)
		}
	}
}

// What the journal says of how far the reading got went on from what is forgotten; its
// records count.
func TestForgettingKeepsTheRecordsOfTheJournal(t *testing.T) {
	dst := memory.New()
	i := install(t, dst)
	w, end, err := i.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	apply := func(w *Writer, id int) {
		t.Helper()
		if err := w.Apply(t.Context(), Batch{Records: []*Record{text(id, "x")}, State: map[string][]byte{"cursor": {byte(id)}}}); err != nil {
			t.Fatal(err)
		}
	}
	for id := range 2 {
		apply(w, id)
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	apply(w, 2)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	dst.Delete("index/" + i.secrets.WriterID + "/00000001.age")
	before := len(dst.Names())
	state := filepath.Join(i.dir, "other.db")
	store, err := chunkstore.OpenWriter(t.Context(), dst, chunkstore.WriterOptions{Secrets: i.secrets, StatePath: state})
	if err != nil {
		t.Fatal(err)
	}
	w, err = OpenWriter(t.Context(), store, WriterOptions{Journal: filepath.Join(i.dir, "journal"), Secrets: i.secrets})
	if err != nil {
		t.Fatal(err)
	}
	if value, ok, err := w.Get("cursor"); ok || err != nil || w.Recovered().Forgot != 1 {
		t.Errorf("the cursor is %v, %v; %+v", value, err, w.Recovered())
	}
	if n := len(dst.Names()); n != before {
		t.Errorf("opening has written %d objects", n-before)
	}
	apply(w, 9) // and is killed
	if err := errors.Join(w.Close(), store.Close()); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, i.salvaged(t), "user1", "user5"); !slices.Equal(got, []string{"1 x 1/1", "2 x 1/1"}) {
		t.Errorf("messages: %v", got)
	}
}
