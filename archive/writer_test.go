package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"telekeep/chunkstore/destination/memory"
)

func TestApplyIsSeenAtOnceAndCommitted(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	w := openFake(t, v.writer(), dir)
	set := func(state map[string][]byte) {
		t.Helper()
		if err := w.Apply(t.Context(), Batch{State: state}); err != nil {
			t.Fatal(err)
		}
	}
	set(map[string][]byte{"a/1": []byte("one"), "a/2": []byte("two"), "b": {}})
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	set(map[string][]byte{"a/1": nil, "a/3": []byte("three")})
	check := func() {
		t.Helper()
		var got []string
		err := w.Range("a/", func(key string, value []byte) error {
			got = append(got, key+"="+string(value))
			return nil
		})
		if err != nil || !slices.Equal(got, []string{"a/2=two", "a/3=three"}) {
			t.Errorf("range gives %v, %v", got, err)
		}
		if value, ok, err := w.Get("b"); len(value) != 0 || !ok || err != nil {
			t.Errorf("an empty value became %q, %v, %v", value, ok, err)
		}
		if _, ok, _ := w.Get("a/1"); ok {
			t.Error("a deleted key is there")
		}
	}
	check()
	w.Close()
	w = openFake(t, v.writer(), dir)
	check()
	if err := w.Sync(); err != nil { // of segments that others wrote
		t.Fatal(err)
	}
	done, err := w.Commit(t.Context())
	if err != nil || done.Commit == nil || done.Records != 0 || done.Bytes == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	w.Close()
	w = openFake(t, v.writer(), t.TempDir())
	check()
}

func TestCommitOfNothing(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	w := openFake(t, v.writer(), dir)
	for range 2 {
		if done, err := w.Commit(t.Context()); err != nil || *done != (Summary{}) {
			t.Fatalf("%+v, %v", done, err)
		}
	}
	if len(segments(t, dir)) != 0 {
		t.Errorf("a journal was written: %v", segments(t, dir))
	}
	numbered(t, w, 1, 1)
	if done, err := w.Commit(t.Context()); err != nil || done.Records != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	// A file in flight that has no chunk yet is nothing that a vault could hold.
	m, err := w.BeginMedia(t.Context(), "photo:1", 500)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.WritePart(t.Context(), 0, randomBytes(1, 100)); err != nil {
		t.Fatal(err)
	}
	if done, err := w.Commit(t.Context()); err != nil || *done != (Summary{}) || len(v.commits) != 1 {
		t.Fatalf("%+v, %v, %d commits", done, err, len(v.commits))
	}
	w.Close()
	w = openFake(t, v.writer(), dir)
	if m, err = w.BeginMedia(t.Context(), "photo:1", 500); err != nil || m.t.have() != 100 {
		t.Errorf("the part was lost: %v", err)
	}
}

// What waits for a commit takes memory: where nothing comes any more it is committed early,
// if it is worth a pack, and where things keep coming it is not.
func TestDueWhenQuiet(t *testing.T) {
	now := time.Unix(1000, 0)
	o := testOptions(t, t.TempDir())
	o.Now = func() time.Time { return now }
	w, err := openWriter(t.Context(), newFakeVault().writer(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	numbered(t, w, 1, 1)
	now = now.Add(quietAge)
	if w.Due() {
		t.Error("a little that waits is worth a pack")
	}
	for _, key := range []string{"a", "b", "c"} {
		if err := w.Apply(t.Context(), Batch{State: map[string][]byte{key: make([]byte, maxStateValue)}}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(quietAge - time.Second)
		if w.Due() {
			t.Error("a commit is due while things keep coming")
		}
	}
	if now = now.Add(time.Second); !w.Due() {
		t.Error("what is worth a pack waits though nothing comes any more")
	}
}

func TestDue(t *testing.T) {
	now := time.Unix(1000, 0)
	o := testOptions(t, t.TempDir())
	o.Now, o.DueBytes = func() time.Time { return now }, 10_000
	v := newFakeVault()
	w, err := openWriter(t.Context(), v.writer(), o)
	if err != nil {
		t.Fatal(err)
	}
	due := func(want bool, when string) {
		t.Helper()
		if w.Due() != want {
			t.Errorf("%s: due is %v", when, !want)
		}
	}
	due(false, "at the start")
	now = now.Add(time.Hour)
	due(false, "with nothing new")
	numbered(t, w, 1, 1)
	due(false, "after the first batch")
	now = now.Add(DefaultDueAge - time.Second)
	numbered(t, w, 2, 2)
	due(false, "before the age")
	now = now.Add(time.Second)
	due(true, "at the age")
	w.Close()
	store := v.writer()
	if w, err = openWriter(t.Context(), store, o); err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	due(true, "after a restart")
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	due(false, "after the commit")
	m, err := w.BeginMedia(t.Context(), "photo:1", 20_000)
	if err != nil {
		t.Fatal(err)
	}
	for off := int64(0); off < 10_000; off += 5000 {
		due(false, "before the amount")
		if err := m.WritePart(t.Context(), off, make([]byte, 5000)); err != nil {
			t.Fatal(err)
		}
	}
	due(true, "at the amount")
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	due(false, "after that commit")
	store.held = dueHeld
	due(false, "with much state and nothing new")
	numbered(t, w, 3, 3)
	due(true, "with much state")
	store.held--
	due(false, "with a little less")
}

func TestApplyRefuses(t *testing.T) {
	w := openFake(t, newFakeVault().writer(), t.TempDir())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	huge := message("user5", 1)
	huge.Raw = make([]byte, MaxRaw)
	tests := []struct {
		ctx   context.Context
		batch Batch
		is    error
	}{
		{ended, Batch{Records: []*Record{message("user5", 1)}}, context.Canceled},
		{t.Context(), Batch{State: map[string][]byte{"media/photo:1": {1}}}, ErrReservedKey},
		{t.Context(), Batch{State: map[string][]byte{"partial/x": nil}}, ErrReservedKey},
		{t.Context(), Batch{State: map[string][]byte{"": {1}}}, nil},
		{t.Context(), Batch{State: map[string][]byte{strings.Repeat("k", 1025): {1}}}, ErrTooLarge},
		{t.Context(), Batch{State: map[string][]byte{"k": make([]byte, 4<<20+1)}}, ErrTooLarge},
		{t.Context(), Batch{Records: []*Record{huge, huge, huge, huge}}, ErrTooLarge},
		{t.Context(), Batch{Records: []*Record{message("user5", 1), {Kind: KindMessage}}}, nil},
	}
	for i, tt := range tests {
		err := w.Apply(tt.ctx, tt.batch)
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if done, err := w.Commit(t.Context()); err != nil || done.Commit != nil {
		t.Errorf("something was taken: %+v, %v", done, err)
	}
}

func TestMediaOncePerKey(t *testing.T) {
	v := newFakeVault()
	w := openFake(t, v.writer(), t.TempDir())
	m, err := w.BeginMedia(t.Context(), "photo:1", 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.BeginMedia(t.Context(), "photo:1", 3); !errors.Is(err, ErrBusy) {
		t.Errorf("a second writer: %v", err)
	}
	_, err = m.Finish(t.Context(), true)
	if incomplete, ok := errors.AsType[*IncompleteError](err); !ok || incomplete.Have != 0 || incomplete.Size != 3 {
		t.Errorf("finished without bytes: %v", err)
	}
	if err := m.WritePart(t.Context(), 2, []byte("cd")); err == nil {
		t.Error("a part behind the end was taken")
	}
	if err := m.WritePart(t.Context(), 0, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := w.HasMedia("photo:1"); ok {
		t.Error("stored before it was finished")
	}
	f, err := m.Finish(t.Context(), true)
	if err != nil || f.SHA256 != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" || !f.Hashed || len(f.Chunks) != 1 {
		t.Fatalf("%+v, %v", f, err)
	}
	if size, ok, err := w.HasMedia("photo:1"); size != 3 || !ok || err != nil {
		t.Errorf("HasMedia gives %d, %v, %v", size, ok, err)
	}
	if _, err := w.BeginMedia(t.Context(), "photo:1", 3); !errors.Is(err, ErrStored) {
		t.Errorf("begun again: %v", err)
	}
	if _, err := m.Finish(t.Context(), true); !errors.Is(err, ErrClosed) {
		t.Errorf("finished again: %v", err)
	}
	if err := m.WritePart(t.Context(), 0, []byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("written after the end: %v", err)
	}
	m.Abort()
	if _, err := w.BeginMedia(t.Context(), "", 3); err == nil {
		t.Error("a media file without a key")
	}
	if _, err := w.BeginMedia(t.Context(), MediaKey(strings.Repeat("k", 600)), 3); err == nil {
		t.Error("a media file with an endless key")
	}
	if _, err := w.BeginMedia(t.Context(), "photo:2", -1); err == nil {
		t.Error("a media file of negative size")
	}
}

// A released file keeps its bytes while there is room; without room it goes back
// to its last chunk, in this process and in the next.
func TestReleasedFiles(t *testing.T) {
	for _, room := range []int64{1 << 20, 1} {
		v, o := newFakeVault(), testOptions(t, t.TempDir())
		o.IdleBytes = room
		content := randomBytes(9, 30_000)
		w, err := openWriter(t.Context(), v.writer(), o)
		if err != nil {
			t.Fatal(err)
		}
		m, err := w.BeginMedia(t.Context(), "photo:1", 40_000)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.WritePart(t.Context(), 0, content); err != nil {
			t.Fatal(err)
		}
		m.Abort()
		if err := m.WritePart(t.Context(), 30_000, []byte{1}); !errors.Is(err, ErrClosed) {
			t.Errorf("written after the release: %v", err)
		}
		have := func() int64 {
			m, err := w.BeginMedia(t.Context(), "photo:1", 40_000)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Abort()
			return m.t.have()
		}
		first := have()
		if room > 1 && first != 30_000 || room == 1 && (first < 30_000-fakeMax || first == 30_000) {
			t.Errorf("room for %d: %d bytes were kept", room, first)
		}
		w.Close()
		if w, err = openWriter(t.Context(), v.writer(), o); err != nil {
			t.Fatal(err)
		}
		if again := have(); again != first {
			t.Errorf("room for %d: %d bytes after a restart, %d before", room, again, first)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Close()
		o.Journal = t.TempDir() // lost
		if w, err = openWriter(t.Context(), v.writer(), o); err != nil {
			t.Fatal(err)
		}
		if vault := have(); vault > first || vault < 30_000-fakeMax {
			t.Errorf("room for %d: %d bytes from the vault alone", room, vault)
		}
		w.Close()
	}
}

func TestReleasedFilesWithoutBytesAreForgotten(t *testing.T) {
	w := openFake(t, newFakeVault().writer(), t.TempDir())
	for i := range 100 {
		m, err := w.BeginMedia(t.Context(), NewMediaKey(MediaPhoto, int64(i)), 1000)
		if err != nil {
			t.Fatal(err)
		}
		m.Abort()
	}
	if len(w.media) != 0 || len(w.idle) != 0 {
		t.Errorf("%d files are held, %d released ones", len(w.media), len(w.idle))
	}
}

func TestAnotherSizeStartsOver(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	w := openFake(t, v.writer(), dir)
	content := randomBytes(4, 20_000)
	m, err := w.BeginMedia(t.Context(), "thumb:1", 30_000)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.WritePart(t.Context(), 0, content); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil { // its chunks are in the vault
		t.Fatal(err)
	}
	m.Abort()
	for range 2 {
		if m, err = w.BeginMedia(t.Context(), "thumb:1", 20_000); err != nil || m.t.have() != 0 {
			t.Fatalf("%d bytes of another file are held: %v", m.t.have(), err)
		}
		w.Close()
		w = openFake(t, v.writer(), dir)
	}
	if m, err = w.BeginMedia(t.Context(), "thumb:1", 20_000); err != nil {
		t.Fatal(err)
	}
	if err := m.WritePart(t.Context(), 0, content); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Finish(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := w.Get("partial/thumb:1"); ok {
		t.Error("the progress of a finished file stays in the state")
	}
}

// After any failure of the store nothing more is taken, and a new Writer has it.
func TestFailedStepBreaksTheWriter(t *testing.T) {
	for _, call := range []string{"set", "write", "close", "cuts", "commit", "committed"} {
		v, dir := newFakeVault(), t.TempDir()
		store := v.writer()
		w := openFake(t, store, dir)
		numbered(t, w, 1, 2)
		m, err := w.BeginMedia(t.Context(), "photo:1", 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.WritePart(t.Context(), 0, []byte("abc")); err != nil {
			t.Fatal(err)
		}
		store.fail = func(c string) error {
			if c == call {
				return errFake
			}
			return nil
		}
		step := func() error {
			switch call {
			case "close":
				_, err := m.Finish(t.Context(), true)
				return err
			case "cuts", "commit", "committed":
				_, err := w.Commit(t.Context())
				return err
			}
			return w.Apply(t.Context(), Batch{Records: []*Record{message("user5", 3)}, State: map[string][]byte{"last": []byte("3")}})
		}
		if err := step(); !errors.Is(err, ErrBroken) || !errors.Is(err, errFake) {
			t.Errorf("%s: %v", call, err)
		}
		store.fail = nil
		for name, err := range map[string]error{
			"apply":  w.Apply(t.Context(), Batch{Records: []*Record{message("user5", 9)}}),
			"part":   m.WritePart(t.Context(), 0, []byte("a")),
			"sync":   w.Sync(),
			"commit": second(w.Commit(t.Context())),
			"finish": second(m.Finish(t.Context(), true)),
			"begin":  second(w.BeginMedia(t.Context(), "photo:2", 1)),
		} {
			if name == "part" && err == nil {
				continue // its bytes are there already
			}
			if !errors.Is(err, ErrBroken) || !errors.Is(err, errFake) {
				t.Errorf("%s, then %s: %v", call, name, err)
			}
		}
		w.Close()
		w = openFake(t, v.writer(), dir)
		want := 2
		if call == "set" || call == "write" {
			want = 3 // it was in the journal
		}
		if got := last(t, w); got != want {
			t.Errorf("%s: the last batch is %d, not %d", call, got, want)
		}
		if m, err = w.BeginMedia(t.Context(), "photo:1", 3); err != nil || len(m.Missing(1)) != 0 {
			t.Errorf("%s: the file is lost: %v", call, err)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := openFakeSnapshot(t, v).Len(); n != want {
			t.Errorf("%s: %d records, not %d", call, n, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestStoreOfAnEarlierWriter(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	store := v.writer()
	w := openFake(t, store, dir)
	storeInParallel(t, w, "photo:1", []byte("abc"))
	w.Close()
	if _, err := openWriter(t.Context(), store, testOptions(t, dir)); !errors.Is(err, errUsedStore) {
		t.Errorf("opened on a store that was used: %v", err)
	}
	w = openFake(t, v.writer(), dir)
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := openFakeSnapshot(t, v); s.Len() != 1 {
		t.Errorf("%d records", s.Len())
	}
}

func TestClosedWriter(t *testing.T) {
	w := openFake(t, newFakeVault().writer(), t.TempDir())
	numbered(t, w, 1, 1)
	m, err := w.BeginMedia(t.Context(), "photo:1", 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"apply":  w.Apply(t.Context(), Batch{}),
		"part":   m.WritePart(t.Context(), 0, []byte("a")),
		"sync":   w.Sync(),
		"commit": second(w.Commit(t.Context())),
		"finish": second(m.Finish(t.Context(), true)),
		"begin":  second(w.BeginMedia(t.Context(), "photo:2", 1)),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m.Abort()
}

// Many goroutines, several accounts, commits in between: everything arrives.
func TestConcurrentUse(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	w := openFake(t, v.writer(), dir)
	var group sync.WaitGroup
	for a := range 3 {
		group.Go(func() {
			account := NewPeerID(PeerUser, int64(a))
			for id := 1; id <= 50; id++ {
				r := message("user5", id)
				r.Account = account
				err := w.Apply(t.Context(), Batch{Records: []*Record{r}, State: map[string][]byte{string(account): []byte(fmt.Sprint(id))}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	files := make([][]byte, 6)
	for i := range files {
		files[i] = randomBytes(uint64(100+i), 20_000+i)
		group.Go(func() { storeInParallel(t, w, NewMediaKey(MediaPhoto, int64(i)), files[i]) })
	}
	for range 10 {
		if _, err := w.Commit(t.Context()); err != nil {
			t.Error(err)
		}
		w.Due()
		if err := w.Sync(); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := openFakeSnapshot(t, v)
	for _, a := range s.Accounts() {
		if chats := s.Chats(a.ID); a.ID != "" && chats[0].Messages != 50 {
			t.Errorf("%s has %+v", a.ID, chats)
		}
	}
	for i, content := range files {
		r, err := s.OpenMedia(t.Context(), NewMediaKey(MediaPhoto, int64(i)))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if _, err := got.ReadFrom(r); err != nil || !bytes.Equal(got.Bytes(), content) {
			t.Errorf("file %d: %v", i, err)
		}
	}
}

func storeInParallel(t *testing.T, w *Writer, key MediaKey, content []byte) {
	m, err := w.BeginMedia(t.Context(), key, int64(len(content)))
	if err != nil {
		t.Error(err)
		return
	}
	var group sync.WaitGroup
	for _, r := range m.Missing(1000) {
		group.Go(func() {
			if err := m.WritePart(t.Context(), r.Off, content[r.Off:r.end()]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if _, err := m.Finish(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// No error of the package repeats what people wrote.
func TestErrorsNameNoContent(t *testing.T) {
	r := message("user5", 1)
	r.Message.Text.Text, r.Dialog = "secret words", &Dialog{}
	if _, err := AppendRecord(nil, r); err == nil || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// State that is cheap to find out again makes no commit and no journal, and goes with
// the next commit that is made for something else.
func TestSoftStateMakesNoCommit(t *testing.T) {
	v := newFakeVault()
	dir := t.TempDir()
	w := openFake(t, v.writer(), dir)
	soft := func(value string) {
		t.Helper()
		b := Batch{State: map[string][]byte{"date": []byte(value)}, Soft: true}
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	soft("monday")
	if done, err := w.Commit(t.Context()); err != nil || done.Commit != nil || w.Due() || len(v.commits) != 0 {
		t.Fatalf("a commit of soft state: %+v, %v, due %v", done, err, w.Due())
	}
	if value, ok, err := w.Get("date"); !ok || err != nil || string(value) != "monday" {
		t.Errorf("the date is %q, %v, %v", value, ok, err)
	}
	if names := segmentsIn(t, dir); len(names) != 0 {
		t.Errorf("the journal holds %v", names)
	}
	soft("tuesday")
	if err := w.Apply(t.Context(), Batch{Records: []*Record{text(1, "one")}, Soft: true}); err != nil {
		t.Fatal(err)
	}
	if done, err := w.Commit(t.Context()); err != nil || done.Commit == nil || done.Records != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if value := v.state[""]["date"]; string(value) != "tuesday" {
		t.Errorf("the vault has the date %q", value)
	}
	if err := w.Apply(t.Context(), Batch{State: map[string][]byte{"media/x": nil}, Soft: true}); !errors.Is(err, ErrReservedKey) {
		t.Errorf("a reserved key: %v", err)
	}
}

// Steps that change nothing are not kept for the next process to replay.
func TestStepsWithoutEffectLeaveTheJournal(t *testing.T) {
	dst := memory.New()
	i := install(t, dst)
	for round := range 3 {
		w, end, err := i.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Apply(t.Context(), Batch{State: map[string][]byte{"cursor": []byte("the same")}}); err != nil {
			t.Fatal(err)
		}
		done, err := w.Commit(t.Context())
		if err != nil || (done.Commit != nil) != (round == 0) {
			t.Errorf("round %d: %+v, %v", round, done, err)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if names := segmentsIn(t, filepath.Join(i.dir, "journal")); len(names) != 0 {
			t.Errorf("round %d: the journal holds %v", round, names)
		}
	}
	if n := len(dst.Names()); n != 8 { // README, recover.sh, vault, key, writer, secrets, index, commit
		t.Errorf("the vault holds %d objects: %v", n, dst.Names())
	}
}

func segmentsIn(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A commit that went past the archive must not make a replay take for stored what is not.
func TestForeignCommit(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	s := v.writer()
	w := openFake(t, s, dir)
	numbered(t, w, 1, 1)
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Set("other", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	b := Batch{Records: []*Record{message("user5", 2)}, State: map[string][]byte{"last": []byte("2")}}
	if err := w.Apply(t.Context(), b); !errors.Is(err, errForeignCommit) || !errors.Is(err, ErrBroken) {
		t.Fatalf("it was taken: %v", err)
	}
	w.Close()
	w = openFake(t, v.writer(), dir)
	numbered(t, w, 2, 2)
	w.Close()
	w = openFake(t, v.writer(), dir)
	if last(t, w) != 2 || w.Recovered().Records != 1 {
		t.Errorf("%+v", w.Recovered())
	}
}
