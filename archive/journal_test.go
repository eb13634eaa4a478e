package archive

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"telekeep/chunkstore"
	"telekeep/crypto"
	"telekeep/internal/durable"
)

func segments(t *testing.T, journal string) []string {
	t.Helper()
	entries, err := os.ReadDir(journal)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	mergeDir(t, from, to)
	return to
}

// mergeDir copies the files of from that to does not have.
func mergeDir(t *testing.T, from, to string) {
	t.Helper()
	for _, name := range segments(t, from) {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(to, name)); err == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func message(chat PeerID, id int) *Record {
	return &Record{Kind: KindMessage, Account: "user1", Chat: chat, Message: &Message{ID: id, Text: Text{Text: fmt.Sprint("text ", id)}}}
}

// numbered applies batches: message n together with the state "last" = n.
func numbered(t *testing.T, w *Writer, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		b := Batch{Records: []*Record{message("user5", n)}, State: map[string][]byte{"last": []byte(fmt.Sprint(n))}}
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}

func last(t *testing.T, w *Writer) int {
	t.Helper()
	value, _, err := w.Get("last")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	fmt.Sscan(string(value), &n)
	return n
}

// Whatever byte of the journal is damaged: an intact prefix is used, records and
// state agree, and the writer works.
func TestDamagedJournal(t *testing.T) {
	original := t.TempDir()
	w := openFake(t, newFakeVault().writer(), original)
	numbered(t, w, 1, 4)
	w.Close()
	w = openFake(t, newFakeVault().writer(), original) // a second segment
	numbered(t, w, 5, 8)
	w.Close()
	names := segments(t, original)
	if len(names) != 2 {
		t.Fatalf("segments are %v", names)
	}
	prefixes := map[int]bool{}
	for s, name := range names {
		good, err := os.ReadFile(filepath.Join(original, name))
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(good); at += 13 {
			n := openDamaged(t, original, name, at, good)
			prefixes[n] = true
			if s == 1 && n < 4 || s == 0 && n > 4 {
				t.Fatalf("byte %d of %s: the last batch is %d", at, name, n)
			}
		}
	}
	for n := range 8 {
		if !prefixes[n] {
			t.Errorf("no damage left %d batches", n)
		}
	}
}

// openDamaged returns the last batch that a writer finds, after it made and
// committed two more and was opened again.
func openDamaged(t *testing.T, original, name string, at int, good []byte) int {
	t.Helper()
	dir := copyDir(t, original)
	bad := bytes.Clone(good)
	bad[at] ^= 0x10
	if err := os.WriteFile(filepath.Join(dir, name), bad, 0o600); err != nil {
		t.Fatal(err)
	}
	v := newFakeVault()
	w := openFake(t, v.writer(), dir)
	found, n := w.Recovered(), last(t, w)
	damage, ok := errors.AsType[*JournalDamage](found.Damage)
	if !ok && n == 8 || found.Records != n || found.Steps != n {
		t.Fatalf("byte %d of %s: %+v, last batch %d", at, name, found, n)
	}
	if ok && !errors.Is(damage, crypto.ErrDamaged) && !errors.Is(damage, crypto.ErrWrongKey) {
		t.Fatalf("byte %d of %s: %v", at, name, damage)
	}
	numbered(t, w, n+1, n+1)
	w.Close()
	w = openFake(t, v.writer(), dir)
	if again := last(t, w); again != n+1 {
		t.Fatalf("byte %d of %s: batch %d follows %d", at, name, again, n)
	}
	numbered(t, w, n+2, n+2)
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := openFakeSnapshot(t, v).Chats("user1")[0].Messages; got != n+2 {
		t.Fatalf("byte %d of %s: %d messages behind batch %d", at, name, got, n+2)
	}
	return n
}

func TestMissingSegments(t *testing.T) {
	original := t.TempDir()
	for n := range 4 {
		w := openFake(t, newFakeVault().writer(), original)
		numbered(t, w, n+1, n+1)
		w.Close()
	}
	names := segments(t, original)
	for i, name := range names {
		dir := copyDir(t, original)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		w := openFake(t, newFakeVault().writer(), dir)
		if got := last(t, w); got != i {
			t.Errorf("without segment %d: last batch %d", i+1, got)
		}
		if damaged := w.Recovered().Damage != nil; damaged != (i < 3) {
			t.Errorf("without segment %d: damage %v", i+1, w.Recovered().Damage)
		}
		numbered(t, w, i+1, i+1)
		w.Close()
		if w = openFake(t, newFakeVault().writer(), dir); last(t, w) != i+1 {
			t.Errorf("without segment %d: batch %d did not last", i+1, i+1)
		}
	}
}

// A segment cut exactly between two entries looks whole; the one after it knows.
func TestSegmentCutBetweenEntries(t *testing.T) {
	dir := t.TempDir()
	w := openFake(t, newFakeVault().writer(), dir)
	numbered(t, w, 1, 2)
	size := w.journal.seg.frames.Size()
	numbered(t, w, 3, 3)
	w.Close()
	w = openFake(t, newFakeVault().writer(), dir)
	numbered(t, w, 4, 4)
	w.Close()
	if err := os.Truncate(filepath.Join(dir, segments(t, dir)[0]), size); err != nil {
		t.Fatal(err)
	}
	w = openFake(t, newFakeVault().writer(), dir)
	if last(t, w) != 2 || !errors.Is(w.Recovered().Damage, crypto.ErrDamaged) {
		t.Errorf("last batch %d, damage %v", last(t, w), w.Recovered().Damage)
	}
}

func TestJournalOfAnotherWriterIsSetAside(t *testing.T) {
	dir := t.TempDir()
	w := openFake(t, newFakeVault().writer(), dir)
	numbered(t, w, 1, 3)
	w.Close()
	name := segments(t, dir)[0]
	before, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	other, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions(t, dir)
	o.Secrets = &chunkstore.WriterSecrets{IndexIdentity: other}
	w, err = openWriter(t.Context(), newFakeVault().writer(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if !errors.Is(w.Recovered().Damage, crypto.ErrWrongKey) || last(t, w) != 0 {
		t.Errorf("recovered %+v", w.Recovered())
	}
	numbered(t, w, 1, 1)
	after, err := os.ReadFile(filepath.Join(dir, name+".unreadable"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the other journal is gone: %v", err)
	}
	if slices.Contains(segments(t, dir), name) {
		t.Errorf("its number is used again: %v", segments(t, dir))
	}
}

func TestJournalAheadOfTheVault(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	old := v.clone()
	w := openFake(t, v.writer(), dir)
	numbered(t, w, 1, 1)
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	numbered(t, w, 2, 2)
	w.Close()
	if _, err := openWriter(t.Context(), old.writer(), testOptions(t, dir)); !errors.Is(err, chunkstore.ErrRollback) {
		t.Errorf("a vault without the commit: %v", err)
	}
	w = openFake(t, v.writer(), dir)
	if last(t, w) != 2 {
		t.Errorf("the journal did not survive: %d", last(t, w))
	}
}

// Between a durable commit and the end of the rotation, every state of the
// folder leads on: the old segments alone, with half a new one, with a whole one.
func TestKillWhileRotating(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	store := v.writer()
	content := randomBytes(5, 30_000)
	w := openFake(t, store, dir)
	numbered(t, w, 1, 3)
	begin := func(w *Writer) *MediaWriter {
		m, err := w.BeginMedia(t.Context(), "photo:1", int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := begin(w)
	for _, r := range []Range{{0, 9000}, {20_000, 500}} { // one in order, one early
		if err := m.WritePart(t.Context(), r.Off, content[r.Off:r.end()]); err != nil {
			t.Fatal(err)
		}
	}
	before := copyDir(t, dir)
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := copyDir(t, dir)
	if slices.Equal(segments(t, before), segments(t, after)) {
		t.Fatal("nothing rotated")
	}
	half := copyDir(t, before)
	if err := os.WriteFile(filepath.Join(half, segmentName(9)+".tmp"), []byte("tkframe1"), 0o600); err != nil {
		t.Fatal(err)
	}
	both := copyDir(t, before)
	mergeDir(t, after, both)
	for name, dir := range map[string]string{"old": before, "half": half, "both": both, "new": after} {
		v := v.clone()
		w := openFake(t, v.writer(), dir)
		if found := w.Recovered(); found.Damage != nil || found.Records != 0 || found.Committed != (name == "old" || name == "half") {
			t.Errorf("%s: recovered %+v", name, found)
		}
		if n := len(segments(t, dir)); n != 1 {
			t.Errorf("%s: %d files in the folder: %v", name, n, segments(t, dir))
		}
		m := begin(w)
		want := []Range{{9000, 1000}, {10_000, 1000}}
		if got := m.Missing(1000)[:2]; !slices.Equal(got, want) || len(m.Missing(500)) != (30_000-9500)/500 {
			t.Errorf("%s: missing %v …", name, got)
		}
		for _, r := range m.Missing(1000) {
			if err := m.WritePart(t.Context(), r.Off, content[r.Off:r.end()]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := m.Finish(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		numbered(t, w, 4, 4)
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := openFakeSnapshot(t, v)
		if s.Len() != 5 || readMedia(t, s, "photo:1") == "" {
			t.Errorf("%s: %d records", name, s.Len())
		}
		if n := len(segments(t, dir)); n != 0 {
			t.Errorf("%s: the journal is not empty: %v", name, segments(t, dir))
		}
	}
}

// Old segments go newest first: what a crash leaves is a chain without its end.
func TestOldSegmentsGoNewestFirst(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	j := &journal{dir: dir, tree: durable.Below(root)}
	for _, name := range []string{segmentName(2), segmentName(3), segmentName(1) + "/in the way"} {
		path := filepath.Join(j.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.removeAllBut(nil); err == nil {
		t.Fatal("a folder that is not empty was removed")
	}
	if got := segments(t, j.dir); !slices.Equal(got, []string{segmentName(1)}) {
		t.Errorf("left are %v", got)
	}
}

// Frames that go on and on are damage, and not a reason to take all memory.
func TestEndlessEntry(t *testing.T) {
	dir := t.TempDir()
	w := openFake(t, newFakeVault().writer(), dir)
	numbered(t, w, 1, 1)
	frame := make([]byte, crypto.MaxFrame)
	frame[0] = frameMore
	for range maxOp/crypto.MaxFrame + 1 {
		if err := w.journal.seg.frames.Append(frame); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	w = openFake(t, newFakeVault().writer(), dir)
	if last(t, w) != 1 || !errors.Is(w.Recovered().Damage, crypto.ErrDamaged) {
		t.Errorf("last batch %d, damage %v", last(t, w), w.Recovered().Damage)
	}
}

func TestEntryOfSeveralFrames(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	w := openFake(t, v.writer(), dir)
	large := message("user5", 1)
	large.Raw = randomBytes(1, MaxRaw)
	numbered(t, w, 7, 7)
	if err := w.Apply(t.Context(), Batch{Records: []*Record{large}, State: map[string][]byte{"big": {1}}}); err != nil {
		t.Fatal(err)
	}
	numbered(t, w, 8, 8)
	w.Close()
	path := filepath.Join(dir, segments(t, dir)[0])
	whole, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	w = openFake(t, v.writer(), dir)
	if found := w.Recovered(); found.Records != 3 || found.Damage != nil {
		t.Fatalf("recovered %+v", found)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	versions, err := openFakeSnapshot(t, v).Versions(t.Context(), "user1", "user5", 1)
	if err != nil || len(versions) != 1 || !bytes.Equal(versions[0].Raw, large.Raw) {
		t.Errorf("%d versions: %v", len(versions), err)
	}

	// Cut in the middle of the entry, nothing of it counts.
	dir = t.TempDir()
	w = openFake(t, newFakeVault().writer(), dir)
	numbered(t, w, 7, 7)
	if err := w.Apply(t.Context(), Batch{Records: []*Record{large}, State: map[string][]byte{"big": {1}}}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	tear(t, dir, int(whole.Size()/3))
	w = openFake(t, newFakeVault().writer(), dir)
	if _, ok, _ := w.Get("big"); ok || w.Recovered().Records != 1 || w.Recovered().Damage != nil {
		t.Errorf("half an entry counts: %+v", w.Recovered())
	}
}
