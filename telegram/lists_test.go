package telegram

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// fakePhotos is an account with pictures, the newest first.
type fakePhotos struct {
	ids  []int64
	asks int
	then func() // behind each answer
}

func (f *fakePhotos) answer(in any) (bin.Encoder, error) {
	r, ok := in.(*tg.PhotosGetUserPhotosRequest)
	if !ok {
		return nil, rpcError(400, "METHOD_INVALID")
	}
	f.asks++
	out := &tg.PhotosPhotosSlice{Count: len(f.ids), Photos: []tg.PhotoClass{}, Users: []tg.UserClass{}}
	for _, id := range f.ids[min(r.Offset, len(f.ids)):min(r.Offset+r.Limit, len(f.ids))] {
		out.Photos = append(out.Photos, &tg.Photo{ID: id, Date: int(id), DCID: 2, Sizes: []tg.PhotoSizeClass{&tg.PhotoSize{Type: "m", W: 1, H: 1, Size: 1}}})
	}
	if f.then != nil {
		f.then()
	}
	return out, nil
}

// sync archives the account's pictures.
func (f *fakePhotos) sync(t *testing.T, a *fakeArchive, now int64) (asked int) {
	t.Helper()
	r := newFakeRun(t, newFakeServer(f.answer), a)
	r.options.Now = func() time.Time { return time.Unix(now, 0) }
	f.asks = 0
	if err := r.profilePhotos(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f.asks
}

func photoIDs(from, to int64) (ids []int64) {
	for id := to; id >= from; id-- {
		ids = append(ids, id)
	}
	return ids
}

// A list of several pages is read whole once; then its first page and its length
// tell that nothing changed, until it is old.
func TestListsOfSeveralPages(t *testing.T) {
	f, a := &fakePhotos{ids: photoIDs(1, 250)}, newFakeArchive()
	now := int64(1_700_000_000)
	if n := f.sync(t, a, now); n != 4 {
		t.Errorf("the first time: %d pages", n)
	}
	records := a.of(archive.KindPhoto)
	if len(records) != 250 || records[0].Item != "photo:1" || records[249].Item != "photo:250" {
		t.Fatalf("%d records, from %s", len(records), records[0].Item)
	}
	applied := a.applied
	if n := f.sync(t, a, now+60); n != 1 || a.applied != applied {
		t.Errorf("nothing new: %d pages, %d batches", n, a.applied-applied)
	}
	if n := f.sync(t, a, now-24*3600); n != 4 {
		t.Errorf("the clock was wrong by a day: %d pages", n)
	}
	f.sync(t, a, now)
	f.ids = append([]int64{251}, f.ids...)
	if n := f.sync(t, a, now+120); n != 4 || len(a.of(archive.KindPhoto)) != 251 {
		t.Errorf("one more: %d pages, %d records", n, len(a.of(archive.KindPhoto)))
	}
	f.ids = slices.Delete(f.ids, 180, 181)
	f.sync(t, a, now+180)
	if gone := a.of(archive.KindUnlisted); len(gone) != 1 || gone[0].Item != "photo:71" {
		t.Errorf("one less: %+v", gone)
	}
	f.ids[200] = 1000 // deep in the list, the length stays
	f.sync(t, a, now+240)
	if n := len(a.of(archive.KindPhoto)); n != 251 {
		t.Errorf("%d records: the whole list was read", n)
	}
	if f.sync(t, a, now+listAge+300); len(a.of(archive.KindPhoto)) != 252 || len(a.of(archive.KindUnlisted)) != 2 {
		t.Errorf("after a week: %d records, %d gone", len(a.of(archive.KindPhoto)), len(a.of(archive.KindUnlisted)))
	}
}

// A list that gets shorter while it is read lacks what moved up; that is not gone.
func TestListsThatMove(t *testing.T) {
	f, a := &fakePhotos{ids: photoIDs(1, 250)}, newFakeArchive()
	now := int64(1_700_000_000)
	f.sync(t, a, now)
	f.ids = append([]int64{251}, f.ids...)
	f.then = func() {
		f.then = nil
		f.ids = f.ids[1:] // photo:151 moves to the page that was read
	}
	f.sync(t, a, now+60)
	if gone := a.of(archive.KindUnlisted); len(gone) != 0 {
		t.Errorf("%s counts as gone", gone[0].Item)
	}
	f.sync(t, a, now+60+listDoubt)
	if gone := a.of(archive.KindUnlisted); len(gone) != 1 || gone[0].Item != "photo:251" {
		t.Errorf("a day later: %+v", gone)
	}
}

// An answer of a kind that is not known, a faulty one, and no answer are warnings.
func TestHoldingsOfAnOddServer(t *testing.T) {
	answers := map[string]bin.Encoder{
		"contacts.getContacts":         &tg.ContactsContactsNotModified{},
		"contacts.getTopPeers":         &tg.Null{}, // no constructor of the answer
		"messages.getAllDrafts":        &tg.UpdatesTooLong{},
		"users.getSavedMusic":          &tg.UsersSavedMusicNotModified{Count: 1},
		"messages.getSavedDialogs":     &tg.MessagesSavedDialogsNotModified{Count: 1},
		"messages.getDialogFilters":    &tg.MessagesDialogFilters{Filters: []tg.DialogFilterClass{&tg.DialogFilterDefault{}}},
		"account.getAuthorizations":    &tg.AccountAuthorizations{Authorizations: []tg.Authorization{{Hash: 1}}},
		"stories.getStoriesArchive":    &tg.StoriesStories{Count: 1, Stories: []tg.StoryItemClass{&tg.StoryItemDeleted{ID: 1}}, Chats: []tg.ChatClass{}, Users: []tg.UserClass{}},
		"account.getWebAuthorizations": &tg.Null{},
	}
	s := newFakeServer(func(in any) (bin.Encoder, error) {
		if answer := answers[methodName(in.(bin.Encoder))]; answer != nil {
			return answer, nil
		}
		return nil, rpcError(400, "METHOD_INVALID")
	})
	a := newFakeArchive()
	r := newFakeRun(t, s, a)
	if err := r.holdings(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"contacts.getTopPeers: UNKNOWN_CONSTRUCTOR", "account.getWebAuthorizations: UNKNOWN_CONSTRUCTOR", "photos.getUserPhotos: METHOD_INVALID",
		"contacts.getContacts: contacts.getContacts: unexpected answer contacts.contactsNotModified",
	} {
		if !slices.Contains(r.result.Warnings, want) {
			t.Errorf("no warning %q in %q", want, r.result.Warnings)
		}
	}
	if n := len(a.of(archive.KindSession)); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// Where the server says nothing, the rest is left for another time: each try
// would cost a connection.
func TestHoldingsOfASilentServer(t *testing.T) {
	s := newFakeServer(func(any) (bin.Encoder, error) { return nil, errors.New("the connection was closed") })
	r := newFakeRun(t, s, newFakeArchive())
	if err := r.holdings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.result.Warnings) != 1 || s.count("contacts.getContacts") != 0 || s.count("photos.getUserPhotos") != optionalTries {
		t.Errorf("warnings %v, calls %v", r.result.Warnings, s.calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.holdings(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("when the sync is stopped: %v", err)
	}
}
