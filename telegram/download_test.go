package telegram

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// fakeFiles is the files of a server and what goes wrong with them.
type fakeFiles struct {
	mu        sync.Mutex
	data      map[int64][]byte // documents by id
	dc        int              // where they lie, 2 if 0
	reference string           // that works now; "" means any
	gone      bool             // the messages are gone
	noHashes  error            // answer to upload.getFileHashes
	badHashes bool
	hashedTo  int64                               // no hashes behind this offset, if not 0
	spoil     func(off int64, part []byte) []byte // what comes instead of a part
	asked     []int64                             // offsets of parts, in order
	renewed   int                                 // calls that fetched messages by id
}

const fakePart = 512 << 10

func newFakeFiles(sizes ...int64) *fakeFiles {
	f := &fakeFiles{data: map[int64][]byte{}}
	random := rand.NewChaCha8([32]byte{1})
	for i, size := range sizes {
		f.data[int64(i+1)] = make([]byte, size)
		_, _ = random.Read(f.data[int64(i+1)])
	}
	return f
}

func (f *fakeFiles) answer(in any) (bin.Encoder, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch in := in.(type) {
	case fileRequest:
		return f.part(in)
	case *tg.UploadGetFileHashesRequest:
		return f.hashes(in)
	case *tg.ChannelsGetMessagesRequest:
		f.renewed++
		return f.messages(in), nil
	}
	return nil, rpcError(400, "METHOD_INVALID")
}

func (f *fakeFiles) part(in fileRequest) (bin.Encoder, error) {
	id, reference := locationOf(in.Location)
	data, ok := f.data[id]
	switch {
	case f.reference != "" && reference != f.reference:
		return nil, rpcError(400, "FILE_REFERENCE_EXPIRED")
	case f.dc != 0 && in.dc != f.dc:
		return nil, rpcError(303, "FILE_MIGRATE_4")
	case !ok:
		return nil, rpcError(400, "LOCATION_INVALID")
	}
	f.asked = append(f.asked, in.Offset)
	off := min(in.Offset, int64(len(data)))
	part := bytes.Clone(data[off:min(off+int64(in.Limit), int64(len(data)))])
	if f.spoil != nil {
		part = f.spoil(in.Offset, part)
	}
	return &tg.UploadFile{Type: &tg.StorageFileUnknown{}, Bytes: part}, nil
}

func locationOf(location tg.InputFileLocationClass) (id int64, reference string) {
	if photo, ok := location.(*tg.InputPhotoFileLocation); ok {
		return photo.ID, string(photo.FileReference)
	}
	document := location.(*tg.InputDocumentFileLocation)
	return document.ID, string(document.FileReference)
}

func (f *fakeFiles) hashes(in *tg.UploadGetFileHashesRequest) (bin.Encoder, error) {
	if f.noHashes != nil {
		return nil, f.noHashes
	}
	const block = 128 << 10
	id, _ := locationOf(in.Location)
	data := f.data[id]
	out := &tg.FileHashVector{}
	for off := in.Offset / block * block; off < int64(len(data)) && len(out.Elems) < 10; off += block {
		if f.hashedTo != 0 && off >= f.hashedTo {
			break
		}
		end := min(off+block, int64(len(data)))
		sum := sha256.Sum256(data[off:end])
		if f.badHashes {
			sum[0]++
		}
		out.Elems = append(out.Elems, tg.FileHash{Offset: off, Limit: int(end - off), Hash: sum[:]})
	}
	return out, nil
}

// messages answers with one message for each file, in an order of its own.
func (f *fakeFiles) messages(in *tg.ChannelsGetMessagesRequest) bin.Encoder {
	out := &tg.MessagesChannelMessages{Topics: []tg.ForumTopicClass{}, Users: []tg.UserClass{}, Chats: []tg.ChatClass{}}
	for _, id := range slices.Backward(in.ID) {
		id := id.(*tg.InputMessageID).ID
		if f.gone {
			out.Messages = append(out.Messages, &tg.MessageEmpty{ID: id})
			continue
		}
		out.Messages = append(out.Messages, &tg.Message{ID: id, PeerID: &tg.PeerChannel{ChannelID: 9}, Media: f.media(int64(id))})
	}
	return out
}

func (f *fakeFiles) media(id int64) *tg.MessageMediaDocument {
	return &tg.MessageMediaDocument{Document: &tg.Document{
		ID: id, FileReference: []byte(f.reference), Size: int64(len(f.data[id])), DCID: 2,
	}}
}

// work is all files as work of one page, with references from before.
func (f *fakeFiles) work() *work {
	var files []workFile
	for id, data := range f.data {
		files = append(files, workFile{Message: int(id), Date: 1_600_000_000 + id, FileRef: normal.FileRef{
			Key: archive.NewMediaKey(archive.MediaDocument, id), Kind: normal.KindFile, Size: int64(len(data)), DC: 2,
			ID: id, Reference: []byte("old"),
		}})
	}
	slices.SortFunc(files, func(a, b workFile) int { return a.Message - b.Message })
	return newWork("channel9", 99, 0, files)
}

// get downloads file id into a.
func (f *fakeFiles) get(t *testing.T, a *fakeArchive, id int64) error {
	t.Helper()
	r := newFakeRun(t, newFakeServer(f.answer), a)
	w := f.work()
	at := slices.IndexFunc(w.Files, func(x workFile) bool { return x.ID == id })
	return r.download(t.Context(), w.Files[at], r.origin(w))
}

// mend ends what goes wrong, and forgets what was asked.
func (f *fakeFiles) mend() {
	f.mu.Lock() // a call that nobody waits for can still be under way
	defer f.mu.Unlock()
	f.spoil, f.asked = nil, nil
}

// check tests that a holds file id as the server has it.
func (f *fakeFiles) check(t *testing.T, a *fakeArchive, id int64, hashed bool) {
	t.Helper()
	m := a.media[archive.NewMediaKey(archive.MediaDocument, id)]
	if m == nil || m.file == nil || !bytes.Equal(m.data, f.data[id]) {
		t.Fatalf("file %d is not stored as the server has it", id)
	}
	if m.file.Hashed != hashed {
		t.Fatalf("file %d: hashed = %v, want %v", id, m.file.Hashed, hashed)
	}
}

func TestDownload(t *testing.T) {
	for _, size := range []int64{0, 1, 4096, 128<<10 - 1, fakePart - 1, fakePart, fakePart + 1, 3*fakePart + 12345} {
		f, a := newFakeFiles(size), newFakeArchive()
		if err := f.get(t, a, 1); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		f.check(t, a, 1, size > 0)
	}
}

// A part that comes too short or with wrong bytes is fetched again and never
// stored; if it stays so, the file is given up, and what was right is kept.
func TestDownloadWrongParts(t *testing.T) {
	shorten := func(_ int64, part []byte) []byte { return part[:len(part)/2] }
	flip := func(_ int64, part []byte) []byte { part[len(part)/3]++; return part }
	nothing := func(int64, []byte) []byte { return nil }
	longer := func(_ int64, part []byte) []byte { return append(part, 1) }
	cases := []struct {
		name  string
		spoil func(int64, []byte) []byte
		times int // how often the second part is spoilt
		want  error
	}{
		{"short once", shorten, 1, nil},
		{"empty in the middle, twice", nothing, 2, nil},
		{"flipped, three times", flip, 3, nil},
		{"always short", shorten, 1000, errShort},
		{"always flipped", flip, 1000, errDiffers},
		{"too long", longer, 1000, errLong},
	}
	for _, c := range cases {
		inBubble(t, c.name, func(t *testing.T) {
			f, a := newFakeFiles(3*fakePart), newFakeArchive()
			f.spoil = func(off int64, part []byte) []byte {
				if off != fakePart || c.times <= 0 {
					return part
				}
				c.times--
				return c.spoil(off, part)
			}
			err := f.get(t, a, 1)
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if c.want == nil {
				f.check(t, a, 1, true)
				return
			}
			m := a.media["document:1"]
			if m.file != nil || slices.Contains(m.have[fakePart:2*fakePart], true) {
				t.Fatal("a wrong part was stored")
			}
			// A short end of the file is no end either.
			f.mend()
			if err := f.get(t, a, 1); err != nil {
				t.Fatal(err)
			}
			f.check(t, a, 1, true)
		})
	}
}

// A download that broke goes on with the parts that are missing, and fetches no
// other again.
func TestDownloadResumes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, a := newFakeFiles(6*fakePart), newFakeArchive()
		a.fail = func(step string) error {
			if step == "part" && len(a.media["document:1"].writes) == 3 {
				return errors.New("disk full")
			}
			return nil
		}
		if err := f.get(t, a, 1); err == nil {
			t.Fatal("no error")
		}
		synctest.Wait() // calls that were under way end
		a.fail = nil
		f.mend()
		if err := f.get(t, a, 1); err != nil {
			t.Fatal(err)
		}
		f.check(t, a, 1, true)
		if len(f.asked) != 3 {
			t.Fatalf("parts at %v were fetched again", f.asked)
		}
	})
}

// Expired references are renewed with one call for the whole page, however many
// files and parts are waiting for it, and the download goes on.
func TestDownloadRenewsReferences(t *testing.T) {
	f, a := newFakeFiles(3*fakePart, fakePart, 100, 2*fakePart), newFakeArchive()
	f.reference = "new"
	fetchAll(t, f, a)
	for id := range f.data {
		f.check(t, a, id, true)
	}
	if f.renewed != 1 {
		t.Fatalf("messages were fetched %d times, want 1", f.renewed)
	}
}

// References that came long ago are replaced before they are used, with one call
// for the whole page; others are used as they are, and so are old ones where the
// server does not give new ones.
func TestDownloadReplacesOldReferences(t *testing.T) {
	now := (&run{options: &Options{Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}}).now()
	for _, c := range []struct {
		name      string
		age       int64
		reference string // that works
		gone      bool
		renewed   int
		expired   bool
	}{
		{"old", referenceAge, "new", false, 1, false},
		{"young", referenceAge - 1, "new", false, 1, true},
		{"young, and it works", referenceAge - 1, "old", false, 0, false},
		{"old, and its message is gone", referenceAge, "old", true, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, a := newFakeFiles(3*fakePart, 100, 2*fakePart), newFakeArchive()
			f.reference, f.gone = c.reference, c.gone
			w := f.work()
			w.References = now - c.age
			expired := false
			s := newFakeServer(func(in any) (bin.Encoder, error) {
				answer, err := f.answer(in)
				expired = expired || tgerr.Is(err, "FILE_REFERENCE_EXPIRED")
				return answer, err
			})
			r := newFakeRun(t, s, a)
			o := r.origin(w)
			for _, file := range w.Files {
				if err := r.download(t.Context(), file, o); err != nil {
					t.Fatal(err)
				}
			}
			for id := range f.data {
				f.check(t, a, id, true)
			}
			if f.renewed != c.renewed || expired != c.expired {
				t.Fatalf("messages were fetched %d times, want %d; a reference had expired: %v", f.renewed, c.renewed, expired)
			}
		})
	}
}

// fetchAll fetches all files as work of one page.
func fetchAll(t *testing.T, f *fakeFiles, a *fakeArchive) *Result {
	t.Helper()
	r, _ := fetchCounting(t, f, a)
	return r
}

// fetchCounting is fetchAll; it counts how often the server was asked for hashes.
func fetchCounting(t *testing.T, f *fakeFiles, a *fakeArchive) (*Result, int) {
	t.Helper()
	s := newFakeServer(f.answer)
	r := newFakeRun(t, s, a)
	w := f.work()
	var b batch
	key := workKey(listFetch, r.account, classSmall, "page", w)
	if err := b.set(key, w); err != nil {
		t.Fatal(err)
	}
	b.queued = []queued{{key, w.workSize}}
	if err := r.apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	r.media.close()
	if err := r.media.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &r.result, s.count("upload.getFileHashes")
}

// References that expire again and again, or a message that is gone, end the
// file and not the sync.
func TestDownloadGivesUp(t *testing.T) {
	f, a := newFakeFiles(fakePart), newFakeArchive()
	f.reference, f.gone = "new", true
	err := f.get(t, a, 1)
	if _, ok := errors.AsType[*unavailableError](err); !ok {
		t.Fatalf("a gone message: error %v", err)
	}
	f.gone = false
	server := newFakeServer(func(in any) (bin.Encoder, error) {
		f.reference += "." // every reference has expired by the time it is used
		return f.answer(in)
	})
	r := newFakeRun(t, server, a)
	if err := r.download(t.Context(), f.work().Files[0], r.origin(f.work())); !errors.Is(err, errStale) {
		t.Fatalf("stale for ever: error %v, want %v", err, errStale)
	}
	f = newFakeFiles(fakePart)
	delete(f.data, 1)
	r = newFakeRun(t, newFakeServer(f.answer), a)
	w := newFakeFiles(fakePart).work()
	err = r.download(t.Context(), w.Files[0], r.origin(w))
	if _, ok := errors.AsType[*unavailableError](err); !ok || ends(err) {
		t.Fatalf("an invalid location: error %v", err)
	}
}

func TestDownloadMoves(t *testing.T) {
	f, a := newFakeFiles(3*fakePart), newFakeArchive()
	f.dc = 4
	if err := f.get(t, a, 1); err != nil {
		t.Fatal(err)
	}
	f.check(t, a, 1, true)
	f, a = newFakeFiles(fakePart), newFakeArchive()
	f.dc = 1 // but it sends to 4
	if err := f.get(t, a, 1); !errors.Is(err, errMoves) {
		t.Fatalf("error %v, want %v", err, errMoves)
	}
}

// Where the server has no hashes, its declared size is what counts, and the
// archive is told so.
func TestDownloadWithoutHashes(t *testing.T) {
	for _, refusal := range []error{
		rpcError(400, "METHOD_INVALID"), rpcError(404, "METHOD_NOT_FOUND"), rpcError(501, "NOT_IMPLEMENTED"), rpcError(400, "LOCATION_INVALID"),
	} {
		f, a := newFakeFiles(3*fakePart), newFakeArchive()
		f.noHashes = refusal
		if err := f.get(t, a, 1); err != nil {
			t.Fatalf("%v: %v", refusal, err)
		}
		f.check(t, a, 1, false)
		if len(a.state) != 0 {
			t.Fatalf("%v: state is left: %v", refusal, a.state)
		}
	}
}

// A server without hashes is not asked about every file; one that has them and
// fails is no server without hashes.
func TestDownloadKnowsAboutHashes(t *testing.T) {
	f, a := newFakeFiles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), newFakeArchive()
	f.noHashes = rpcError(404, "METHOD_NOT_FOUND")
	r, calls := fetchCounting(t, f, a)
	if calls > smallAtOnce || r.Media != 15 || len(r.Warnings) != 1 {
		t.Fatalf("asked %d times, result %+v", calls, r)
	}
	inBubble(t, "fails later", func(t *testing.T) {
		f, a := newFakeFiles(10, 20), newFakeArchive()
		r := newFakeRun(t, newFakeServer(f.answer), a)
		w := f.work()
		if err := r.download(t.Context(), w.Files[0], r.origin(w)); err != nil {
			t.Fatal(err)
		}
		f.noHashes = rpcError(500, "RPC_CALL_FAIL")
		if err := r.download(t.Context(), w.Files[1], r.origin(w)); !refused(err) || a.media["document:2"].file != nil {
			t.Fatalf("error %v", err)
		}
	})
}

// A file of which only a part could be compared is not vouched for.
func TestDownloadPartlyHashed(t *testing.T) {
	f, a := newFakeFiles(3*fakePart), newFakeArchive()
	f.hashedTo = fakePart
	if err := f.get(t, a, 1); err != nil {
		t.Fatal(err)
	}
	f.check(t, a, 1, false)
}

// Parts that were not compared are not vouched for later, when the server has
// hashes again.
func TestDownloadRemembersWhatWasNotCompared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, a := newFakeFiles(4*fakePart), newFakeArchive()
		f.noHashes = rpcError(404, "METHOD_NOT_FOUND")
		f.spoil = func(off int64, part []byte) []byte {
			if off == 3*fakePart {
				return nil
			}
			return part
		}
		if err := f.get(t, a, 1); !errors.Is(err, errShort) {
			t.Fatalf("error %v, want %v", err, errShort)
		}
		spoilt := false
		f.noHashes, f.spoil = nil, func(off int64, part []byte) []byte { // what can be compared now is
			if spoilt || off != 3*fakePart {
				return part
			}
			spoilt = true
			return slices.Repeat([]byte{1}, len(part))
		}
		if err := f.get(t, a, 1); err != nil {
			t.Fatal(err)
		}
		f.check(t, a, 1, false)
	})
}

// Wrong hashes are asked for again before a file is given up, and right bytes
// are not stored against them.
func TestDownloadWrongHashes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, a := newFakeFiles(fakePart), newFakeArchive()
		f.badHashes = true
		if err := f.get(t, a, 1); !errors.Is(err, errDiffers) {
			t.Fatalf("error %v, want %v", err, errDiffers)
		}
		if slices.Contains(a.media["document:1"].have, true) {
			t.Fatal("a part was stored against its hash")
		}
	})
}

// One file that fails, however, stops no other, is listed, and is tried again
// the next time.
func TestFetchListsWhatFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, a := newFakeFiles(100, 2*fakePart, 300), newFakeArchive()
		f.spoil = func(off int64, part []byte) []byte {
			if off == fakePart {
				return nil
			}
			return part
		}
		res := fetchAll(t, f, a)
		f.check(t, a, 1, true)
		f.check(t, a, 3, true)
		if res.Media != 2 || res.MissingTotal != 1 || res.Missing[0].Key != "document:2" || res.Missing[0].Reason != archive.MissingFailed {
			t.Fatalf("result %+v", res)
		}
		records := len(a.records)
		again := restoreAndFetch(t, f, a)
		if again.MissingTotal != 1 || len(a.records) != records {
			t.Fatalf("the second try: %d missing, %d records; want 1 and none", again.MissingTotal, len(a.records)-records)
		}
		f.mend()
		if again = restoreAndFetch(t, f, a); again.Media != 1 || again.MissingTotal != 0 {
			t.Fatalf("the third try: %+v", again)
		}
		f.check(t, a, 2, true)
		if missing := a.of(archive.KindMissing); len(missing) != 1 {
			t.Fatalf("%d missing records, want 1", len(missing))
		}
		for key := range a.state {
			t.Errorf("state %s is left", key)
		}
	})
}

func restoreAndFetch(t *testing.T, f *fakeFiles, a *fakeArchive) *Result {
	t.Helper()
	r := newFakeRun(t, newFakeServer(f.answer), a)
	r.eager = true
	if err := r.media.restore(); err != nil {
		t.Fatal(err)
	}
	r.media.close()
	if err := r.media.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &r.result
}

// What the server does not have is left in peace for a day.
func TestFetchRests(t *testing.T) {
	f, a := newFakeFiles(100), newFakeArchive()
	f.reference, f.gone = "new", true
	if res := fetchAll(t, f, a); res.Missing[0].Reason != archive.MissingUnavailable {
		t.Fatalf("result %+v", res)
	}
	server := newFakeServer(f.answer)
	for day, calls := range []int{0, 1} {
		r := newFakeRun(t, server, a)
		at := time.Unix(r.now(), 0).Add(time.Duration(day) * unavailableRetry)
		r.options.Now = func() time.Time { return at }
		if err := r.media.restore(); err != nil {
			t.Fatal(err)
		}
		r.media.close()
		if err := r.media.fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := server.count("upload.getFile"); n != calls || r.result.MissingTotal != 1 {
			t.Fatalf("day %d: %d calls, %d missing; want %d and 1", day, n, r.result.MissingTotal, calls)
		}
	}
	if missing := a.of(archive.KindMissing); len(missing) != 1 {
		t.Fatalf("%d missing records, want 1", len(missing))
	}
}

// The same file in two chats is fetched once, even at the same moment.
func TestFetchOnce(t *testing.T) {
	f, a := newFakeFiles(2*fakePart), newFakeArchive()
	r := newFakeRun(t, newFakeServer(f.answer), a)
	var b batch
	for _, chat := range []archive.PeerID{"channel9", "channel10"} {
		w := f.work()
		w.Chat = chat
		key := workKey(listFetch, r.account, classSmall, "page", w)
		if err := b.set(key, w); err != nil {
			t.Fatal(err)
		}
		b.queued = append(b.queued, queued{key, w.workSize})
	}
	if err := r.apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	r.media.close()
	if err := r.media.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(f.asked) != 2 || r.result.Media != 1 || r.result.MediaKnown != 1 {
		t.Fatalf("parts %v, result %+v", f.asked, r.result)
	}
}

// When the sync is stopped while files are on their way, it ends soon, and the
// parts that had arrived are there the next time.
func TestFetchStops(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, a := newFakeFiles(8*fakePart), newFakeArchive()
		ctx, cancel := context.WithCancel(t.Context())
		f.spoil = func(off int64, part []byte) []byte {
			if off == 4*fakePart {
				cancel()
			}
			return part
		}
		r := newFakeRun(t, newFakeServer(f.answer), a)
		w := f.work()
		if err := r.download(ctx, w.Files[0], r.origin(w)); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want %v", err, context.Canceled)
		}
		synctest.Wait() // calls that were under way end
		f.mend()
		had := len(a.media["document:1"].writes)
		if err := f.get(t, a, 1); err != nil {
			t.Fatal(err)
		}
		f.check(t, a, 1, true)
		if had == 0 || len(f.asked) != 8-had {
			t.Fatalf("%d parts were kept, %d fetched again", had, len(f.asked))
		}
	})
}

// A file that another account's sync is at is waited for, and taken from there.
func TestDownloadOfTwo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, a := newFakeFiles(3*fakePart), newFakeArchive()
		slow := func(in any) (bin.Encoder, error) {
			if _, ok := in.(fileRequest); ok {
				time.Sleep(5 * time.Second)
			}
			return f.answer(in)
		}
		results := make(chan Result, 2)
		for range 2 {
			r, w := newFakeRun(t, newFakeServer(slow), a), f.work()
			go func() {
				where, err := r.media.file(t.Context(), &fetchPage{work: w, origin: r.origin(w)}, w.Files[0])
				if where != leftNowhere || err != nil {
					t.Errorf("left at %q, error %v", where, err)
				}
				results <- r.result
			}()
		}
		one, other := <-results, <-results
		if one.Media+other.Media != 1 || one.MediaKnown+other.MediaKnown != 1 || one.MissingTotal+other.MissingTotal != 0 {
			t.Fatalf("results %+v, %+v", one, other)
		}
		if len(f.asked) != 3 {
			t.Fatalf("%d parts were fetched, want 3", len(f.asked))
		}
		f.check(t, a, 1, true)
	})
}

// A file that failed is tried again at once, then after longer and longer pauses;
// whoever is eager does not wait for them.
func TestFetchBacksOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, a := newFakeFiles(100), newFakeArchive()
		f.spoil = func(int64, []byte) []byte { return nil }
		fetchAll(t, f, a)
		now, asked := int64(1_700_000_000), 0
		try := func(after time.Duration, eager bool) bool {
			now += int64(after / time.Second)
			r := newFakeRun(t, newFakeServer(f.answer), a)
			r.eager, r.options.Now = eager, func() time.Time { return time.Unix(now, 0) }
			asked = len(f.asked)
			if err := r.media.restore(); err != nil {
				t.Fatal(err)
			}
			r.media.close()
			if err := r.media.fetch(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r.result.MissingFailed != 1 {
				t.Fatalf("the file is not listed: %+v", r.result)
			}
			return len(f.asked) > asked
		}
		for i, step := range []struct {
			after        time.Duration
			eager, tried bool
		}{
			{0, false, true}, {time.Minute, false, false}, {4 * time.Minute, false, true}, {5 * time.Minute, false, false},
			{0, true, true}, {59 * time.Minute, false, false}, {time.Minute, false, true}, {23 * time.Hour, false, true}, {23 * time.Hour, false, false},
		} {
			if tried := try(step.after, step.eager); tried != step.tried {
				t.Fatalf("step %d: tried %v, want %v", i, tried, step.tried)
			}
		}
	})
}
