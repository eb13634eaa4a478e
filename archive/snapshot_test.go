package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// commitRecords puts records into a fake vault as one commit.
func commitRecords(t testing.TB, v *fakeVault, at time.Time, records ...*Record) {
	t.Helper()
	commitStream(t, v, at, encodeAll(t, records...))
}

func commitStream(t testing.TB, v *fakeVault, at time.Time, stream []byte) {
	t.Helper()
	store := v.writer()
	store.now = func() time.Time { return at }
	s := store.NewStream()
	if _, err := s.Write(stream); err != nil {
		t.Fatal(err)
	}
	ids, err := s.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Commit(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
}

func text(id int, content string) *Record {
	return &Record{Kind: KindMessage, Account: "user1", Chat: "user5", Seen: int64(1000 + id), Message: &Message{ID: id, Text: Text{Text: content}}}
}

func collect(t *testing.T, s *Snapshot, account, chat PeerID) []string {
	t.Helper()
	var got []string
	for m, err := range s.Messages(t.Context(), account, chat) {
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%d %s %d/%d", m.ID, m.Text.Text, m.Version, m.Versions)
		if m.Deleted {
			line += " deleted"
		}
		got = append(got, line)
	}
	return got
}

func TestSnapshotTellsVersionsAndDeletions(t *testing.T) {
	v := newFakeVault()
	commitRecords(t, v, time.Unix(10, 0), text(3, "three"), text(2, "two"), text(1, "one"),
		&Record{Kind: KindDeletion, Account: "user1", Chat: "user5", Deletion: &Deletion{IDs: []int{2, 99}}})
	later := text(3, "three, edited")
	repeated := text(1, "one")
	repeated.Seen++
	back := text(3, "three")
	commitRecords(t, v, time.Unix(20, 0), later, repeated, back, text(-7, "before all"))
	commitRecords(t, v, time.Unix(30, 0),
		&Record{Kind: KindMessage, Account: "user1", Chat: "channel5", Message: &Message{ID: 1, Text: Text{Text: "post"}}},
		&Record{Kind: KindDeletion, Account: "user1", Deletion: &Deletion{IDs: []int{1}}}) // of no chat: never a channel's

	s := openFakeSnapshot(t, v)
	want := []string{"-7 before all 1/1", "1 one 1/1 deleted", "2 two 1/1 deleted", "3 three 3/3"}
	if got := collect(t, s, "user1", "user5"); !slices.Equal(got, want) {
		t.Errorf("messages are %q, not %q", got, want)
	}
	if got := collect(t, s, "user1", "channel5"); !slices.Equal(got, []string{"1 post 1/1"}) {
		t.Errorf("posts are %q", got)
	}
	versions, err := s.Versions(t.Context(), "user1", "user5", 3)
	if err != nil || len(versions) != 3 || versions[1].Text.Text != "three, edited" || versions[1].Version != 2 || versions[2].Versions != 3 {
		t.Errorf("%d versions: %v", len(versions), err)
	}
	for _, id := range []int{99, math.MaxInt} {
		if versions, err := s.Versions(t.Context(), "user1", "user5", id); versions != nil || err != nil {
			t.Errorf("versions of message %d: %v, %v", id, versions, err)
		}
	}
	if got := collect(t, s, "user2", "user5"); got != nil {
		t.Errorf("messages of a stranger: %q", got)
	}

	s, err = openSnapshot(t.Context(), v, SnapshotOptions{At: time.Unix(19, 0)})
	if err != nil {
		t.Fatal(err)
	}
	want = []string{"1 one 1/1", "2 two 1/1 deleted", "3 three 1/1"}
	if got := collect(t, s, "user1", "user5"); !slices.Equal(got, want) {
		t.Errorf("earlier, messages were %q, not %q", got, want)
	}
}

// The state of one commit has what its writer committed until then, however its clock went, and
// of the others what was there at that time.
func TestSnapshotOfACommit(t *testing.T) {
	v := newFakeVault()
	var commits []*chunkstore.Commit
	for i, c := range []struct {
		writer string
		at     int64
	}{{"a", 10}, {"b", 20}, {"a", 15}, {"b", 30}, {"a", 40}} {
		commitRecords(t, v, time.Unix(c.at, 0), text(i+1, c.writer))
		made := v.commits[len(v.commits)-1].Commit
		made.Writer, made.Seq = c.writer, uint64(1+len(commits)/2)
		commits = append(commits, made)
	}
	for i, want := range [][]string{
		{"1 a 1/1"},
		{"1 a 1/1", "2 b 1/1", "3 a 1/1"},
		{"1 a 1/1", "3 a 1/1"},
		{"1 a 1/1", "2 b 1/1", "3 a 1/1", "4 b 1/1"},
		{"1 a 1/1", "2 b 1/1", "3 a 1/1", "4 b 1/1", "5 a 1/1"},
	} {
		s, err := openSnapshot(t.Context(), v, SnapshotOptions{Commit: commits[i]})
		if err != nil {
			t.Fatal(err)
		}
		if got := collect(t, s, "user1", "user5"); !slices.Equal(got, want) {
			t.Errorf("as of commit %d: %q, not %q", i, got, want)
		}
	}
}

// Two machines archive the same account into one vault and know nothing of each
// other.
func TestTwoWritersMerge(t *testing.T) {
	v := newFakeVault()
	photo := randomBytes(1, 30_000)
	for i, name := range []string{"a", "b"} {
		store := v.writer()
		store.name = name
		w := openFake(t, store, t.TempDir())
		if err := w.Apply(t.Context(), Batch{Records: []*Record{text(1, "both"), text(2+i, name)}, State: map[string][]byte{"who": []byte(name)}}); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := w.HasMedia("photo:1"); ok || err != nil {
			t.Errorf("%s has the other's media: %v", name, err)
		}
		storeInParallel(t, w, "photo:1", photo)
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		chunks := len(v.chunks)
		if err := w.Apply(t.Context(), Batch{Records: []*Record{text(2, "edited by "+name)}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i == 1 && len(v.chunks)-chunks > 1 {
			t.Errorf("the photo is stored twice: %d chunks more", len(v.chunks)-chunks)
		}
		if value, _, _ := w.Get("who"); string(value) != name {
			t.Errorf("the state of %s is %q", name, value)
		}
	}
	s := openFakeSnapshot(t, v)
	want := []string{"1 both 1/1", "2 edited by b 3/3", "3 b 1/1"}
	if got := collect(t, s, "user1", "user5"); !slices.Equal(got, want) {
		t.Errorf("messages are %q, not %q", got, want)
	}
	if s.Len() != 8 || readMedia(t, s, "photo:1") == "" {
		t.Errorf("%d records", s.Len())
	}
}

func TestSnapshotTellsPeersChatsAndMedia(t *testing.T) {
	v := newFakeVault()
	records := sampleRecords()
	commitRecords(t, v, time.Unix(1, 0), records...)
	commitRecords(t, v, time.Unix(2, 0),
		&Record{Kind: KindPeer, Account: "user1", Profile: &Peer{ID: "channel2", Title: "new title"}},
		&Record{Kind: KindPeer, Account: "user1", Profile: &Peer{ID: "user7", FirstName: "A", LastName: "B"}},
		&Record{Kind: KindChat, Account: "user1", Chat: "user7", Dialog: &Dialog{Type: ChatPersonal}},
		&Record{Kind: KindMissing, Account: "user1", Missing: &Missing{Key: "photo:10", Reason: MissingFailed}},
		&Record{Kind: KindMissing, Account: "user1", Missing: &Missing{Key: "document:8", Reason: MissingExcluded}},
		&Record{Kind: KindMessage, Account: "user2", Chat: "user1", Message: &Message{ID: 5}},
		&Record{Kind: KindMedia, Media: &MediaFile{Key: "photo:10", Size: 1, SHA256: strings.Repeat("00", 32), Chunks: []string{}}})
	s := openFakeSnapshot(t, v)
	if accounts := s.Accounts(); len(accounts) != 2 || accounts[0].Profile.FirstName != "Ada" || accounts[1] != (Account{ID: "user2"}) {
		t.Errorf("accounts are %+v", accounts)
	}
	chats := s.Chats("user1")
	if len(chats) != 2 || chats[0].Name != "new title" || chats[0].Messages != 1 || chats[0].Dialog.TopMessage != 7 ||
		chats[1].Name != "A B" || chats[1].Messages != 0 {
		t.Errorf("chats are %+v", chats)
	}
	if chats := s.Chats("user2"); len(chats) != 1 || chats[0] != (ChatInfo{ID: "user1", Messages: 1}) {
		t.Errorf("chats without records are %+v", chats)
	}
	if s.Chats("user3") != nil {
		t.Error("a stranger has chats")
	}
	if p, ok := s.Peer("user1", "user1"); !ok || p.FirstName != "Ada" {
		t.Errorf("the account itself is %+v", p)
	}
	if _, ok := s.Peer("user2", "user7"); ok {
		t.Error("a peer of another account")
	}
	if f, ok := s.Media("photo:9"); !ok || f.Size != 3 || f.SHA256 != strings.Repeat("ab", 32) {
		t.Errorf("media is %+v", f)
	}
	if _, ok := s.Missing("photo:10"); ok {
		t.Error("a stored file is missing")
	}
	if m, ok := s.Missing("document:8"); !ok || m.Reason != MissingExcluded {
		t.Errorf("missing is %+v", m)
	}
	var keys []MediaKey
	for f := range s.AllMedia() {
		keys = append(keys, f.Key)
	}
	keys = append(keys, slices.Sorted(maps.Keys(s.missing))...)
	if !slices.Equal(keys, []MediaKey{"photo:10", "photo:9", "document:8"}) {
		t.Errorf("keys are %v", keys)
	}
	n := 0
	for r, err := range s.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n < len(records) && (r.Kind != records[n].Kind || !bytes.Equal(r.Raw, records[n].Raw)) {
			t.Errorf("record %d is %+v", n, r)
		}
		n++
	}
	if n != s.Len() || n != len(records)+7 {
		t.Errorf("%d records of %d", n, s.Len())
	}
}

func TestOpenMediaNoticesOtherBytes(t *testing.T) {
	v := newFakeVault()
	w := openFake(t, v.writer(), t.TempDir())
	content := randomBytes(2, 20_000)
	m, err := w.BeginMedia(t.Context(), "photo:1", int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.WritePart(t.Context(), 0, content); err != nil {
		t.Fatal(err)
	}
	f, err := m.Finish(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	forged := func(change func(f *MediaFile)) (read, checked error) {
		t.Helper()
		v, g := v.clone(), *f
		g.Chunks = slices.Clone(f.Chunks)
		change(&g)
		commitRecords(t, v, time.Unix(3e9, 0), &Record{Kind: KindMedia, Media: &g})
		s := openFakeSnapshot(t, v)
		report, err := s.Check(t.Context())
		if err != nil || report.Records != 2 || report.Media != 1 {
			t.Fatalf("%+v, %v", report, err)
		}
		for _, p := range report.Problems {
			if p.Object != "media photo:1" {
				t.Errorf("a problem of %s", p.Object)
			}
			checked = p.Err
		}
		r, err := s.OpenMedia(t.Context(), "photo:1")
		if err != nil {
			return err, checked
		}
		_, err = io.Copy(io.Discard, r)
		return err, checked
	}
	tests := map[string]func(f *MediaFile){
		"a chunk less":    func(f *MediaFile) { f.Chunks = f.Chunks[1:] },
		"a chunk more":    func(f *MediaFile) { f.Chunks = append(f.Chunks, f.Chunks[0]) },
		"another order":   func(f *MediaFile) { slices.Reverse(f.Chunks) },
		"another size":    func(f *MediaFile) { f.Size++ },
		"another hash":    func(f *MediaFile) { f.SHA256 = strings.Repeat("00", 32) },
		"no chunk at all": func(f *MediaFile) { f.Chunks = nil },
	}
	for name, change := range tests {
		read, checked := forged(change)
		if !errors.Is(read, ErrMediaChanged) {
			t.Errorf("%s: %v", name, read)
		}
		if sizes := name != "another order" && name != "another hash"; sizes != errors.Is(checked, ErrMediaChanged) {
			t.Errorf("%s: the check says %v", name, checked)
		}
	}
	if read, checked := forged(func(f *MediaFile) {}); read != nil || checked != nil {
		t.Errorf("the true record: %v, %v", read, checked)
	}
	for _, id := range []string{"../../etc/passwd", strings.Repeat("ab", 32)} {
		if read, checked := forged(func(f *MediaFile) { f.Chunks[0] = id }); read == nil || checked == nil {
			t.Errorf("a chunk %s was taken: %v, %v", id, read, checked)
		}
	}
	if _, err := openFakeSnapshot(t, v).OpenMedia(t.Context(), "photo:2"); !errors.Is(err, ErrUnknownMedia) {
		t.Errorf("a file that is not stored: %v", err)
	}
}

// A damaged or forged part of one commit is an error, or, if asked for, a listed
// problem beside everything else.
func TestDamagedRecords(t *testing.T) {
	good := encodeAll(t, text(1, "one"))
	more := encodeAll(t, text(2, "two"))
	huge := `{"v":1,"kind":"message","account":"user1","chat":"user5","message":{"id":9000000000,"date":0,"text":{}}}` + "\n"
	wide := 1 + strconv.IntSize/64 // where an int has 32 bits the line itself cannot be read, and ends what can
	tests := []struct {
		name, stream string
		messages     int
		is           error
	}{
		{"rubbish", string(good) + "rubbish\n" + string(more), 1, nil},
		{"cut", string(good) + string(more[:20]), 1, io.ErrUnexpectedEOF},
		{"too new", string(good) + `{"v":7,"kind":"message"}` + "\n", 1, ErrTooNew},
		{"without its part", string(good) + `{"v":1,"kind":"message","account":"user1"}` + "\n" + string(more), 2, nil},
		{"an id of 64 bits", string(good) + huge + string(more), wide, nil},
		{"deleted id of 64 bits", string(good) + `{"v":1,"kind":"deletion","account":"user1","deletion":{"ids":[9000000000]}}` + "\n" + string(more), wide, nil},
		{"media without hash", string(good) + `{"v":1,"kind":"media","media":{"key":"a","size":1,"sha256":"x","chunks":null}}` + "\n" + string(more), 2, nil},
	}
	for _, tt := range tests {
		v := newFakeVault()
		commitStream(t, v, time.Unix(1, 0), []byte(tt.stream))
		commitRecords(t, v, time.Unix(2, 0), text(3, "three"))
		_, err := openSnapshot(t.Context(), v, SnapshotOptions{})
		if _, ok := errors.AsType[*FormatError](err); !ok || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: %v", tt.name, err)
		}
		s, err := openSnapshot(t.Context(), v, SnapshotOptions{KeepGoing: true})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := collect(t, s, "user1", "user5"); len(got) != tt.messages+1 || len(s.Problems()) != 1 || s.Problems()[0].Object != "records of commit 1 of writer " {
			t.Errorf("%s: %q, problems %v", tt.name, got, s.Problems())
		}
	}
}

// A chunk that is gone costs what was in it.
func TestLostChunk(t *testing.T) {
	v := newFakeVault()
	var records []*Record
	for id := range 200 {
		r := text(id, strings.Repeat("word ", 20))
		r.Raw = randomBytes(uint64(id), 200)
		records = append(records, r)
	}
	commitRecords(t, v, time.Unix(1, 0), records...)
	commitRecords(t, v, time.Unix(2, 0), text(1000, "the last"))
	s := openFakeSnapshot(t, v)
	lost := v.commits[0].records[len(v.commits[0].records)/2]
	delete(v.chunks, lost)
	read, failed := 0, 0
	for m, err := range s.Messages(t.Context(), "user1", "user5") {
		if err != nil {
			failed++
		} else if read++; m.ID == 1000 && m.Text.Text != "the last" {
			t.Error("the last message differs")
		}
	}
	if read+failed != 201 || failed == 0 || failed > 60 {
		t.Errorf("%d messages were read, %d not", read, failed)
	}
	if _, err := openSnapshot(t.Context(), v, SnapshotOptions{}); err == nil {
		t.Error("a vault without a chunk opened")
	}
	s, err := openSnapshot(t.Context(), v, SnapshotOptions{KeepGoing: true})
	if err != nil || len(s.Problems()) != 1 {
		t.Fatalf("%v, problems %v", err, s.Problems())
	}
	if got := collect(t, s, "user1", "user5"); got[len(got)-1] != "1000 the last 1/1" {
		t.Errorf("the rest is %q", got)
	}
}

// A hastyVault ends its streams a chunk too early, as one whose context has ended
// may do.
type hastyVault struct{ *fakeVault }

func (v hastyVault) Stream(ctx context.Context, ids []crypto.ID) io.ReadCloser {
	return v.fakeVault.Stream(ctx, ids[:max(0, len(ids)-1)])
}

func TestEarlyEndIsNoEnd(t *testing.T) {
	v := newFakeVault()
	commitRecords(t, v, time.Unix(1, 0), text(1, "one"))
	w := openFake(t, v.writer(), t.TempDir())
	storeInParallel(t, w, "photo:1", randomBytes(1, 20_000))
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := openSnapshot(t.Context(), hastyVault{v}, SnapshotOptions{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("records that do not come: %v", err)
	}
	s := openFakeSnapshot(t, v)
	s.source = hastyVault{v}
	failed := 0
	for _, err := range s.Records(t.Context()) {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			failed++
		}
	}
	if failed != 2 {
		t.Errorf("%d of 2 streams were seen to be cut", failed)
	}
	for _, ended := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := s.OpenMedia(ctx, "photo:1")
		if err != nil {
			t.Fatal(err)
		}
		if ended {
			cancel()
		}
		_, err = io.Copy(io.Discard, r)
		if ended && !errors.Is(err, context.Canceled) || !ended && !errors.Is(err, ErrMediaChanged) {
			t.Errorf("a file that does not come, ended %v: %v", ended, err)
		}
		cancel()
	}
}

func TestMessagesStopsWithItsContext(t *testing.T) {
	v := newFakeVault()
	commitRecords(t, v, time.Unix(1, 0), text(1, "one"), text(2, "two"), text(3, "three"))
	s := openFakeSnapshot(t, v)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for range s.Messages(ctx, "user1", "user5") {
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d messages came", n)
	}
	n = 0
	for range s.Records(ctx) {
		n++
	}
	if n > 1 {
		t.Errorf("%d records came", n)
	}
}

// Random histories against a model that keeps everything in maps.
func TestSnapshotAgainstModel(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 3))
		v := newFakeVault()
		model := map[PeerID]map[int][]string{"user5": {}, "channel6": {}}
		for commit := range 1 + r.IntN(6) {
			var records []*Record
			for range r.IntN(300) {
				chat := []PeerID{"user5", "channel6"}[r.IntN(2)]
				id, content := r.IntN(80), fmt.Sprint("v", r.IntN(3))
				records = append(records, &Record{Kind: KindMessage, Account: "user1", Chat: chat, Message: &Message{ID: id, Text: Text{Text: content}}, Raw: randomBytes(1, r.IntN(400))})
				if had := model[chat][id]; len(had) == 0 || had[len(had)-1] != content {
					model[chat][id] = append(had, content)
				}
			}
			commitRecords(t, v, time.Unix(int64(commit), 0), records...)
		}
		s := openFakeSnapshot(t, v)
		for chat, messages := range model {
			before, n := -1, 0
			for m, err := range s.Messages(t.Context(), "user1", chat) {
				if err != nil {
					t.Fatal(err)
				}
				want := messages[m.ID]
				if m.ID <= before || m.Versions != len(want) || m.Text.Text != want[len(want)-1] {
					t.Fatalf("seed %d: message %d is %q, version %d of %v", seed, m.ID, m.Text.Text, m.Version, want)
				}
				var all []string
				versions, err := s.Versions(t.Context(), "user1", chat, m.ID)
				for _, v := range versions {
					all = append(all, v.Text.Text)
				}
				if err != nil || !slices.Equal(all, want) {
					t.Fatalf("seed %d: versions of %d are %v, not %v: %v", seed, m.ID, all, want, err)
				}
				before, n = m.ID, n+1
			}
			if n != len(messages) {
				t.Fatalf("seed %d: %d messages of %d", seed, n, len(messages))
			}
		}
	}
}

// syntheticVault holds n messages of one chat as a first pull stores them: newest
// first, a hundred to a page.
func syntheticVault(t testing.TB, n int) *bigVault {
	t.Helper()
	v := &bigVault{fakeVault: newFakeVault(), room: 16}
	var stream []byte
	commit := func() {
		var ids []crypto.ID
		for part := range slices.Chunk(stream, 1<<20) {
			id := v.key.ID(part)
			v.chunks[id] = bytes.Clone(part)
			ids = append(ids, id)
		}
		store := v.writer()
		if _, err := store.Commit(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
		stream = stream[:0]
	}
	for id := n; id > 0; id-- {
		r := text(id, "message "+strings.Repeat("word ", id%40))
		r.Message.From, r.Message.Date, r.Layer, r.Raw = "user5", int64(id), 229, make([]byte, 150+id%100)
		var err error
		if stream, err = AppendRecord(stream, r); err != nil {
			t.Fatal(err)
		}
		if id%50_000 == 1 {
			commit()
		}
	}
	return v
}

// A bigVault keeps the chunks used last, as a chunkstore.Reader does, and counts how
// often others are fetched.
type bigVault struct {
	*fakeVault
	room    int
	cached  []crypto.ID
	fetched int
}

func (v *bigVault) Chunk(ctx context.Context, id crypto.ID) ([]byte, error) {
	if i := slices.Index(v.cached, id); i >= 0 {
		v.cached = slices.Delete(v.cached, i, i+1)
	} else {
		v.fetched++
	}
	v.cached = append(v.cached, id)
	v.cached = v.cached[max(0, len(v.cached)-v.room):]
	return v.fakeVault.Chunk(ctx, id)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// 100,000 messages take less than 100 bytes each, and going over them forwards,
// though they lie backwards, fetches no chunk more than twice.
func TestSnapshotIsSmall(t *testing.T) {
	const n = 100_000
	v := syntheticVault(t, n)
	before := heap()
	s, err := openSnapshot(t.Context(), v, SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	used := heap() - before
	t.Logf("%.1f bytes for each message", float64(used)/n)
	if used > 100*n {
		t.Errorf("%d bytes for %d messages", used, n)
	}
	next := 1
	for m, err := range s.Messages(t.Context(), "user1", "user5") {
		if err != nil || m.ID != next {
			t.Fatalf("message %d instead of %d: %v", m.ID, next, err)
		}
		next++
	}
	if next != n+1 {
		t.Errorf("%d messages came", next-1)
	}
	if v.fetched > 2*len(v.chunks) || len(v.chunks) < 30 {
		t.Errorf("%d chunks were fetched %d times", len(v.chunks), v.fetched)
	}
	if reflect.ValueOf(ref{}).Type().Size() != 16 {
		t.Error("a ref is not 16 bytes")
	}
	runtime.KeepAlive(s)
}

// Messages that lie in no order at all need each chunk once for each window.
func TestScatteredMessages(t *testing.T) {
	const n = 5000
	v := &bigVault{fakeVault: newFakeVault(), room: 4}
	records := make([]*Record, n)
	for i, id := range rand.New(rand.NewPCG(1, 1)).Perm(n) {
		records[i] = text(id, strings.Repeat("word ", 10))
	}
	commitRecords(t, v.fakeVault, time.Unix(1, 0), records...)
	s, err := openSnapshot(t.Context(), v, SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	for m, err := range s.Messages(t.Context(), "user1", "user5") {
		if err != nil || m.ID != next {
			t.Fatalf("message %d instead of %d: %v", m.ID, next, err)
		}
		next++
	}
	windows := (n + window - 1) / window
	if limit := windows * (len(v.chunks) + 1); next != n || v.fetched > limit || len(v.chunks) < 100 {
		t.Errorf("%d messages: %d chunks were fetched %d times, at most %d expected", next, len(v.chunks), v.fetched, limit)
	}
}

func BenchmarkOpenSnapshot(b *testing.B) {
	v := syntheticVault(b, 50_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := openSnapshot(b.Context(), v, SnapshotOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*50_000)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkSnapshotMessages(b *testing.B) {
	s, err := openSnapshot(b.Context(), syntheticVault(b, 50_000), SnapshotOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range s.Messages(b.Context(), "user1", "user5") {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N*50_000)/b.Elapsed().Seconds(), "messages/s")
}
