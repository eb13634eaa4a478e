package telegram

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
	"telekeep/telegram/simulator/world"
)

// emojiAccount is a fakeAccount whose messages all have a custom emoji: of 150
// different ones, of which the server knows those with an even number.
type emojiAccount struct {
	*fakeAccount
	files *fakeFiles

	mu      sync.Mutex
	asked   []int // how many were asked for, by request
	refused error
	poison  int64 // an answer with this one cannot be decoded
}

const emojiKinds = 150

func newEmojiAccount() *emojiAccount {
	sizes := make([]int64, emojiKinds)
	for i := range sizes {
		sizes[i] = int64(20 + i)
	}
	return &emojiAccount{fakeAccount: newFakeAccount(), files: newFakeFiles(sizes...)}
}

func (e *emojiAccount) answer(in any) (bin.Encoder, error) {
	switch in := in.(type) {
	case fileRequest, *tg.UploadGetFileHashesRequest:
		return e.files.answer(in)
	case *tg.MessagesGetCustomEmojiDocumentsRequest:
		return e.documents(in.DocumentID)
	case *tg.MessagesGetHistoryRequest:
		answer, err := e.fakeAccount.answer(in)
		for _, m := range answer.(*tg.MessagesMessagesSlice).Messages {
			full := m.(*tg.Message)
			full.Message = "x"
			full.Entities = []tg.MessageEntityClass{&tg.MessageEntityCustomEmoji{Length: 1, DocumentID: int64(1 + full.ID%emojiKinds)}}
		}
		return answer, err
	}
	return e.fakeAccount.answer(in)
}

func (e *emojiAccount) documents(ids []int64) (bin.Encoder, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, len(ids))
	if e.refused != nil {
		return nil, e.refused
	}
	out := &tg.DocumentClassVector{Elems: []tg.DocumentClass{}}
	if slices.Contains(ids, e.poison) {
		return garbage{}, nil
	}
	for _, id := range ids {
		if id%2 != 0 {
			continue
		}
		reference := "stale"
		if e.files.reference != "" && len(e.asked) > 2 {
			reference = e.files.reference
		}
		out.Elems = append(out.Elems, &tg.Document{
			ID: id, Size: int64(len(e.files.data[id])), DCID: 2, MimeType: "image/webp", FileReference: []byte(reference),
			Attributes: []tg.DocumentAttributeClass{&tg.DocumentAttributeCustomEmoji{Alt: "🐎", Stickerset: &tg.InputStickerSetEmpty{}}},
		})
	}
	return out, nil
}

func (e *emojiAccount) sync(t *testing.T, a *fakeArchive, now time.Time) *Result {
	t.Helper()
	r := newFakeRun(t, newFakeServer(e.answer), a)
	r.options.Now = func() time.Time { return now }
	if err := r.sync(t.Context(), r.link); err != nil {
		t.Fatal(err)
	}
	return &r.result
}

// However many messages have custom emoji, each is asked for once and a hundred
// at a time; what the server does not have is noted, and asked for again a day
// later.
func TestEmojiAreFetched(t *testing.T) {
	e, a := newEmojiAccount(), newFakeArchive()
	now := time.Unix(1_700_000_000, 0)
	result := e.sync(t, a, now)
	equal(t, "requests", e.asked, []int{100, 50})
	if got := len(a.of(archive.KindEmoji)); got != emojiKinds/2 || result.Media != emojiKinds/2 {
		t.Errorf("%d emoji are described, %d files were fetched", got, result.Media)
	}
	gaps, err := Gaps(a, "user1", GapOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := gaps.Others.Missing[archive.MissingUnavailable].Files; n != emojiKinds/2 || len(gaps.Others.Files) != n {
		t.Errorf("%d emoji are told to be missing: %+v", n, gaps.Others)
	}
	for id := range int64(emojiKinds) {
		if stored := a.media[archive.NewMediaKey(archive.MediaDocument, id+1)] != nil; stored != ((id+1)%2 == 0) {
			t.Errorf("emoji %d is stored: %v", id+1, stored)
		}
	}
	missing := a.of(archive.KindMissing)
	if len(missing) != emojiKinds/2 || missing[0].Missing.Reason != archive.MissingUnavailable || result.MissingTotal != len(missing) || !result.Complete() {
		t.Errorf("%d are missing, result %+v", len(missing), result)
	}
	if e.sync(t, a, now.Add(time.Hour)); len(e.asked) != 2 {
		t.Errorf("asked again at once: %v", e.asked)
	}
	e.sync(t, a, now.Add(25*time.Hour))
	equal(t, "requests", e.asked, []int{100, 50, 75})
	if got := len(a.of(archive.KindMissing)); got != len(missing) {
		t.Errorf("%d records of what is missing, were %d", got, len(missing))
	}
}

// One that cannot be decoded costs some requests and none of the others.
func TestEmojiAroundTheUnknown(t *testing.T) {
	e, a := newEmojiAccount(), newFakeArchive()
	e.poison = 42
	result := e.sync(t, a, time.Unix(1_700_000_000, 0))
	if result.Media != emojiKinds/2-1 || a.media["document:42"] != nil || a.media["document:44"] == nil || len(e.asked) > 20 {
		t.Errorf("%d files with %d requests", result.Media, len(e.asked))
	}
}

// The rules on media hold for custom emoji as for other stickers.
func TestEmojiByTheRules(t *testing.T) {
	e, a := newEmojiAccount(), newFakeArchive()
	for _, kinds := range [][]string{{normal.KindPhoto}, nil} {
		r := newFakeRun(t, newFakeServer(e.answer), a)
		r.rules.Kinds = kinds
		if err := r.sync(t.Context(), r.link); err != nil {
			t.Fatal(err)
		}
		if got := len(a.media); (got == 0) == (kinds == nil) {
			t.Fatalf("with kinds %v: %d files", kinds, got)
		}
	}
	if len(e.asked) != 2 {
		t.Errorf("what the rules left out was asked for again: %v", e.asked)
	}
}

// A reference that expires before the file was fetched is renewed, for all of
// the page at once.
func TestEmojiReferenceExpires(t *testing.T) {
	e, a := newEmojiAccount(), newFakeArchive()
	e.files.reference = "fresh"
	if result := e.sync(t, a, time.Unix(1_700_000_000, 0)); result.Media != emojiKinds/2 || len(e.asked) > 5 {
		t.Errorf("%d files with %d requests", result.Media, len(e.asked))
	}
}

// A server that does not answer, and an archive that fails in between, lose
// nothing: the next sync asks.
func TestEmojiLater(t *testing.T) {
	e, a := newEmojiAccount(), newFakeArchive()
	now := time.Unix(1_700_000_000, 0)
	e.refused = rpcError(400, "METHOD_INVALID")
	if result := e.sync(t, a, now); len(result.Warnings) == 0 || len(e.asked) != 1 || len(a.of(archive.KindMissing)) != 0 {
		t.Errorf("%d requests, %+v", len(e.asked), result)
	}
	e.refused = nil
	failed := errors.New("full")
	a.fail = func(step string) error {
		if step == "apply" && len(e.asked) > 1 {
			return failed
		}
		return nil
	}
	r := newFakeRun(t, newFakeServer(e.answer), a)
	if err := r.sync(t.Context(), r.link); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	a.fail = nil
	if result := e.sync(t, a, now); result.Media != emojiKinds/2 {
		t.Errorf("%+v", result)
	}
}

// Over a real connection: all custom emoji of a made-up account are in its vault.
func TestEmojiOfASeed(t *testing.T) {
	t.Parallel()
	w, err := world.FromSeed(world.SeedOptions{Options: world.Options{FileDCs: []int{2}}, Seed: 3, Messages: 1000, MediaBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	i := install(t, w)
	i.login()
	i.mustSync()
	s := i.snapshot()
	account, wanted := s.Accounts()[0].ID, 0
	for _, c := range s.Chats(account) {
		for m, err := range s.Messages(t.Context(), account, c.ID) {
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range normal.EmojiIn(m.Message) {
				wanted++
				_, stored := s.Media(key)
				if e, known := s.Emoji(key); !stored || !known || e.Alt == "" || e.File.Name == "" {
					t.Errorf("%s: stored %v, described %+v", key, stored, e)
				}
			}
		}
	}
	if wanted < 20 {
		t.Errorf("%d custom emoji in the account: the test looks at too few", wanted)
	}
	if n := i.sim.Stats().Requests["messages.getCustomEmojiDocuments"]; n != 1 {
		t.Errorf("%d requests for at most 12 emoji", n)
	}
}
