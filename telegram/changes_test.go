package telegram

import (
	"errors"
	"slices"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// differenceOf is a difference that ends at pts.
func differenceOf(pts int, updates ...tg.UpdateClass) tg.UpdatesDifferenceClass {
	return &tg.UpdatesDifference{
		NewMessages: []tg.MessageClass{}, NewEncryptedMessages: []tg.EncryptedMessageClass{}, OtherUpdates: updates,
		State: tg.UpdatesState{Pts: pts, Date: 1_699_500_000 + pts}, Users: []tg.UserClass{}, Chats: []tg.ChatClass{},
	}
}

// texts lists the texts of the message records from the nth on, sorted.
func (a *fakeArchive) texts(from int) []string {
	var out []string
	for _, rec := range a.of(archive.KindMessage)[from:] {
		out = append(out, rec.Message.Text.Text)
	}
	slices.Sort(out)
	return out
}

// What changes while a chat is excluded is taken when it is included again,
// reactions too, and once.
func TestChangesOfAnExcludedChat(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	before := len(a.of(archive.KindMessage))
	f.differences = []tg.UpdatesDifferenceClass{differenceOf(15,
		&tg.UpdateEditMessage{Message: edited(inUser7, 3, 1_699_000_001, "new 3")},
		&tg.UpdateMessageReactions{Peer: inUser7, MsgID: 8},
		&tg.UpdateEditMessage{Message: edited(inUser7, 999, 1_699_000_001, "not archived")},
	)}
	if r, _ := f.sync(t, a, Rules{Exclude: []string{"user7"}}); r.Edited != 0 {
		t.Fatalf("taken though excluded: %+v", r)
	}
	f.byID = func(id int) tg.MessageClass {
		return edited(inUser7, id, 0, map[int]string{3: "new 3", 8: "reaction 8"}[id])
	}
	r, s := f.sync(t, a, Rules{})
	equal(t, "versions", a.texts(before), []string{"new 3", "reaction 8"})
	if r.Edited != 2 || s.count("messages.getMessages") != 1 {
		t.Fatalf("result %+v, calls %v", r, s.calls)
	}
	if _, s = f.sync(t, a, Rules{}); s.count("messages.getMessages") != 0 {
		t.Fatal("it is looked up again")
	}
}

// A difference that is too long while a chat is excluded leads to a rescan when
// it is included.
func TestTooLongWhileExcluded(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	f.differences = []tg.UpdatesDifferenceClass{&tg.UpdatesDifferenceTooLong{Pts: 5000}}
	f.history.edited = map[int]int{60: 1_699_999_000}
	f.sync(t, a, Rules{Exclude: []string{"user7"}})
	if r, _ := f.sync(t, a, Rules{}); r.Edited != 1 {
		t.Fatalf("result %+v", r)
	}
}

// What the server refuses to show is asked for again by the next sync.
func TestLookThatFails(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	f.differences = []tg.UpdatesDifferenceClass{differenceOf(15, &tg.UpdateMessageReactions{Peer: inUser7, MsgID: 8})}
	f.refuse["messages.getMessages"] = rpcError(400, "MSG_ID_INVALID")
	f.sync(t, a, Rules{})
	delete(f.refuse, "messages.getMessages")
	f.byID = func(id int) tg.MessageClass { return edited(inUser7, id, 0, "reaction") }
	if r, _ := f.sync(t, a, Rules{}); r.Edited != 1 {
		t.Fatalf("result %+v", r)
	}
}

// Deletions are recorded of what is archived or was to be fetched; what came and
// went between two syncs, and what stood in excluded chats alone, is not.
func TestDeletionsThatMatter(t *testing.T) {
	deletions := func(a *fakeArchive) (ids []int) {
		for _, rec := range a.of(archive.KindDeletion) {
			ids = append(ids, rec.Deletion.IDs...)
		}
		return ids
	}
	gone := differenceOf(15, &tg.UpdateDeleteMessages{Messages: []int{5, 4, 5, 300, 100_000}})
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	f.differences = []tg.UpdatesDifferenceClass{gone}
	if r, _ := f.sync(t, a, Rules{}); r.Deleted != 2 {
		t.Fatalf("result %+v", r)
	}
	equal(t, "archived", deletions(a), []int{4, 5})

	f, a = newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{Exclude: []string{"user7"}})
	f.differences = []tg.UpdatesDifferenceClass{gone}
	f.sync(t, a, Rules{Exclude: []string{"user7"}})
	equal(t, "excluded", deletions(a), nil)

	f, a = newFakeAccount(), newFakeArchive()
	stop, pages := errors.New("stopped"), 0
	a.fail = func(step string) error {
		if step != "apply" {
			return nil
		}
		if pages++; pages > 4 { // the profile, where updates stand, and the newest page
			return stop
		}
		return nil
	}
	r := newFakeRun(t, newFakeServer(f.answer), a)
	if err := r.sync(t.Context(), r.link); !errors.Is(err, stop) || len(a.ids("user7")) == 0 || a.ids("user7")[0] < 6 {
		t.Fatalf("error %v with %d messages archived", err, len(a.ids("user7")))
	}
	a.fail = nil
	f.differences = []tg.UpdatesDifferenceClass{gone}
	f.sync(t, a, Rules{})
	equal(t, "to be fetched", deletions(a), []int{4, 5})
}

// A difference in which nothing but the date moves leads to no batch, and so to
// no commit.
func TestDateAloneIsNoNews(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	applied := a.applied
	hint := &tg.UpdateChannelTooLong{ChannelID: 9}
	hint.SetPts(f.channelPts)
	f.differences = []tg.UpdatesDifferenceClass{differenceOf(f.pts, hint)}
	if f.sync(t, a, Rules{}); a.applied != applied {
		t.Fatalf("%d batches", a.applied-applied)
	}
}

// Two edits of a message in one difference: servers tell the newest state for
// both, which is one version. Where they tell two, both are kept. A counter that
// moved is no version, nor is a new file reference.
func TestVersionsAreDistinct(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	before := len(a.of(archive.KindMessage))
	viewed := edited(inUser7, 4, 1_699_000_001, "viewed")
	viewed.SetViews(7)
	seen := edited(inUser7, 4, 1_699_000_001, "viewed")
	seen.SetViews(9)
	f.differences = []tg.UpdatesDifferenceClass{differenceOf(20,
		&tg.UpdateEditMessage{Message: edited(inUser7, 3, 1_699_000_001, "same")},
		&tg.UpdateEditMessage{Message: edited(inUser7, 3, 1_699_000_001, "same")},
		&tg.UpdateEditMessage{Message: viewed}, &tg.UpdateEditMessage{Message: seen},
		&tg.UpdateEditMessage{Message: withReference(5, "a")}, &tg.UpdateEditMessage{Message: withReference(5, "b")},
		&tg.UpdateEditMessage{Message: edited(inUser7, 6, 1_699_000_001, "one")},
		&tg.UpdateEditMessage{Message: edited(inUser7, 6, 1_699_000_002, "two")},
	)}
	r, _ := f.sync(t, a, Rules{})
	equal(t, "versions", a.texts(before), []string{"file", "one", "same", "two", "viewed"})
	if r.Edited != 5 {
		t.Fatalf("result %+v", r)
	}
}

func withReference(id int, reference string) *tg.Message {
	m := edited(inUser7, id, 1_699_000_001, "file")
	m.SetMedia(&tg.MessageMediaPhoto{Photo: &tg.Photo{ID: 1, FileReference: []byte(reference), Sizes: []tg.PhotoSizeClass{}}})
	return m
}

// Where the server does not know the place any more, or tells of something that
// cannot be read, updates count from here on and histories are read again.
func TestUpdatesStartAgain(t *testing.T) {
	for name, spoil := range map[string]func(method string) (bin.Encoder, error){
		"unknown place":       func(string) (bin.Encoder, error) { return nil, rpcError(400, "PERSISTENT_TIMESTAMP_INVALID") },
		"unknown constructor": func(string) (bin.Encoder, error) { return garbage{}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			f, a := newFakeAccount(), newFakeArchive()
			f.sync(t, a, Rules{})
			f.history.edited = map[int]int{60: 1_699_999_000}
			f.pts, f.channelPts = 5, 300
			s := newFakeServer(func(in any) (bin.Encoder, error) {
				switch method := methodName(in.(bin.Encoder)); method {
				case "updates.getDifference", "updates.getChannelDifference":
					return spoil(method)
				}
				return f.answer(in)
			})
			r := newFakeRun(t, s, a)
			if err := r.sync(t.Context(), r.link); err != nil || r.result.Edited != 2 {
				t.Fatalf("result %+v, error %v", r.result, err)
			}
			f.differences = []tg.UpdatesDifferenceClass{differenceOf(6, &tg.UpdateEditMessage{Message: edited(inUser7, 3, 1_699_999_001, "later")})}
			if again, s := f.sync(t, a, Rules{}); again.Edited != 1 || s.count("messages.getHistory") != 0 {
				t.Fatalf("result %+v, calls %v", again, s.calls)
			}
		})
	}
}

// An edit that tells only the beginning of an article is no version: the whole of it
// is asked for.
func TestEditOfAnArticle(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	before := len(a.of(archive.KindMessage))
	part := edited(inUser7, 3, 1_699_000_001, "")
	part.RichMessage = tg.RichMessage{Part: true, Blocks: []tg.PageBlockClass{}}
	f.differences = []tg.UpdatesDifferenceClass{differenceOf(15, &tg.UpdateEditMessage{Message: part})}
	f.byID = func(id int) tg.MessageClass { return edited(inUser7, id, 1_699_000_001, "all of it") }
	f.sync(t, a, Rules{})
	equal(t, "versions", a.texts(before), []string{"all of it"})
}
