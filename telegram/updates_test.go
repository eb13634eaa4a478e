package telegram

import (
	"slices"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// A fakeAccount is a server with one private chat (user7) and one channel
// (channel9), each with messages 1 to 250, and with updates to take.
type fakeAccount struct {
	history     *fakeHistory
	pts         int // of the account
	channelPts  int
	differences []tg.UpdatesDifferenceClass
	channel     []tg.UpdatesChannelDifferenceClass
	refuse      map[string]error // by method
	byID        func(id int) tg.MessageClass
}

func newFakeAccount() *fakeAccount {
	return &fakeAccount{history: &fakeHistory{ids: upTo(250), slice: true}, pts: 10, channelPts: 20, refuse: map[string]error{}}
}

func (f *fakeAccount) answer(in any) (bin.Encoder, error) {
	if err := f.refuse[methodName(in.(bin.Encoder))]; err != nil {
		return nil, err
	}
	switch in := in.(type) {
	case *tg.UsersGetUsersRequest:
		return &tg.UserClassVector{Elems: []tg.UserClass{&tg.User{ID: 1, Self: true, FirstName: "A"}}}, nil
	case *tg.UsersGetFullUserRequest:
		return nil, rpcError(400, "METHOD_INVALID")
	case *tg.MessagesGetDialogsRequest:
		return f.dialogs(), nil
	case *tg.MessagesGetHistoryRequest:
		answer, err := f.history.answer(in)
		if slice, ok := answer.(*tg.MessagesMessagesSlice); ok && isChannel(in.Peer) {
			for i, m := range slice.Messages {
				slice.Messages[i] = inChannel(m)
			}
		}
		return answer, err
	case *tg.UpdatesGetStateRequest:
		return &tg.UpdatesState{Pts: f.pts, Date: 1_699_000_000}, nil
	case *tg.UpdatesGetDifferenceRequest:
		return next[tg.UpdatesDifferenceClass](&f.differences, &tg.UpdatesDifferenceEmpty{Date: 1_699_999_999, Seq: 3}), nil
	case *tg.UpdatesGetChannelDifferenceRequest:
		return next[tg.UpdatesChannelDifferenceClass](&f.channel, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: f.channelPts}), nil
	case *tg.MessagesGetMessagesRequest:
		out := &tg.MessagesMessages{Users: []tg.UserClass{}, Chats: []tg.ChatClass{}}
		for _, id := range in.ID {
			out.Messages = append(out.Messages, f.byID(id.(*tg.InputMessageID).ID))
		}
		return out, nil
	}
	return nil, rpcError(400, "METHOD_INVALID")
}

func next[T any](list *[]T, otherwise T) T {
	if len(*list) == 0 {
		return otherwise
	}
	first := (*list)[0]
	*list = (*list)[1:]
	return first
}

func isChannel(p tg.InputPeerClass) bool { _, ok := p.(*tg.InputPeerChannel); return ok }

func inChannel(m tg.MessageClass) tg.MessageClass {
	if full, ok := m.(*tg.Message); ok {
		moved := *full
		moved.PeerID = &tg.PeerChannel{ChannelID: 9}
		return &moved
	}
	return m
}

func (f *fakeAccount) dialogs() bin.Encoder {
	top := f.history.ids[len(f.history.ids)-1]
	channel := &tg.Dialog{Peer: &tg.PeerChannel{ChannelID: 9}, TopMessage: top}
	channel.SetPts(f.channelPts)
	return &tg.MessagesDialogs{
		Dialogs:  []tg.DialogClass{&tg.Dialog{Peer: &tg.PeerUser{UserID: 7}, TopMessage: top}, channel},
		Messages: []tg.MessageClass{},
		Chats:    []tg.ChatClass{&tg.Channel{ID: 9, AccessHash: 5, Megagroup: true, Title: "c", Photo: &tg.ChatPhotoEmpty{}}},
		Users:    []tg.UserClass{&tg.User{ID: 7, FirstName: "B"}},
	}
}

// sync runs a whole sync but for the connecting.
func (f *fakeAccount) sync(t *testing.T, a *fakeArchive, rules Rules) (*Result, *fakeServer) {
	t.Helper()
	s := newFakeServer(f.answer)
	r := newFakeRun(t, s, a)
	r.rules = rules
	if err := r.sync(t.Context(), r.link); err != nil {
		t.Fatal(err)
	}
	return &r.result, s
}

func edited(chat tg.PeerClass, id, date int, text string) *tg.Message {
	return &tg.Message{ID: id, Date: 1_600_000_000 + id, EditDate: date, PeerID: chat, Message: text}
}

var (
	inUser7    = &tg.PeerUser{UserID: 7}
	inChannel9 = &tg.PeerChannel{ChannelID: 9}
)

// The first sync takes everything, the second nothing, with no batch and few
// calls.
func TestSyncTwice(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	r, _ := f.sync(t, a, Rules{})
	if r.Chats != 2 || r.Messages != 500 || !r.Complete() {
		t.Fatalf("result %+v", r)
	}
	equal(t, "private chat", a.ids("user7"), upTo(250))
	equal(t, "channel", a.ids("channel9"), upTo(250))
	if n := len(a.of(archive.KindAccount)); n != 1 {
		t.Fatalf("%d account records", n)
	}
	for _, rec := range a.of(archive.KindChat) {
		if rec.Dialog.Count != 250 {
			t.Errorf("%s: count %d", rec.Chat, rec.Dialog.Count)
		}
	}
	applied := a.applied
	r, s := f.sync(t, a, Rules{})
	if r.Messages != 0 || a.applied != applied {
		t.Fatalf("the second sync: %+v and %d batches", r, a.applied-applied)
	}
	for method, n := range s.calls {
		if n != 1 || method == "messages.getHistory" {
			t.Errorf("the second sync called %s %d times", method, n)
		}
	}
}

// Edits and deletions between two syncs are new records; nothing is changed or
// taken away. What was not archived is passed over.
func TestSyncTakesChanges(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	before := len(a.of(archive.KindMessage))
	f.differences = []tg.UpdatesDifferenceClass{
		&tg.UpdatesDifferenceSlice{
			NewMessages: []tg.MessageClass{}, NewEncryptedMessages: []tg.EncryptedMessageClass{},
			OtherUpdates:      []tg.UpdateClass{&tg.UpdateEditMessage{Message: edited(inUser7, 3, 1_699_000_001, "new")}},
			IntermediateState: tg.UpdatesState{Pts: 11, Date: 1_699_000_002},
			Users:             []tg.UserClass{}, Chats: []tg.ChatClass{},
		},
		&tg.UpdatesDifference{
			NewMessages: []tg.MessageClass{}, NewEncryptedMessages: []tg.EncryptedMessageClass{},
			OtherUpdates: []tg.UpdateClass{
				&tg.UpdateDeleteMessages{Messages: []int{4, 5}},
				&tg.UpdateEditMessage{Message: edited(&tg.PeerUser{UserID: 88}, 6, 1_699_000_001, "of a chat that is not there")},
				&tg.UpdateEditMessage{Message: edited(inUser7, 999, 1_699_000_001, "not archived yet")},
				&tg.UpdateMessageReactions{Peer: inUser7, MsgID: 8},
			},
			State: tg.UpdatesState{Pts: 15, Date: 1_699_000_005},
			Users: []tg.UserClass{}, Chats: []tg.ChatClass{},
		},
	}
	f.byID = func(id int) tg.MessageClass { return edited(inUser7, id, 0, "with a reaction") }
	f.channelPts = 25
	f.channel = []tg.UpdatesChannelDifferenceClass{&tg.UpdatesChannelDifference{
		Final: true, Pts: 25, NewMessages: []tg.MessageClass{}, Users: []tg.UserClass{}, Chats: []tg.ChatClass{},
		OtherUpdates: []tg.UpdateClass{
			&tg.UpdateEditChannelMessage{Message: edited(inChannel9, 7, 1_699_000_001, "newer")},
			&tg.UpdateDeleteChannelMessages{ChannelID: 9, Messages: []int{1, 2, 900}},
		},
	}}
	r, _ := f.sync(t, a, Rules{})
	if r.Edited != 3 || r.Deleted != 4 || r.Messages != 0 {
		t.Fatalf("result %+v", r)
	}
	var got []string
	for _, rec := range a.of(archive.KindMessage)[before:] {
		got = append(got, string(rec.Chat)+" "+rec.Message.Text.Text)
	}
	slices.Sort(got)
	equal(t, "versions", got, []string{"channel9 newer", "user7 new", "user7 with a reaction"})
	deletions := a.of(archive.KindDeletion)
	if len(deletions) != 2 || deletions[0].Chat != "" || deletions[1].Chat != "channel9" {
		t.Fatalf("deletions %+v", deletions)
	}
	equal(t, "deleted", deletions[0].Deletion.IDs, []int{4, 5})
	equal(t, "deleted in the channel", deletions[1].Deletion.IDs, []int{1, 2})
	applied := a.applied
	if r, _ = f.sync(t, a, Rules{}); r.Edited != 0 || a.applied != applied {
		t.Fatalf("changes are taken twice: %+v", r)
	}
}

// Where the server cannot list the changes any more, histories are read again;
// what is missing there means nothing.
func TestSyncAfterTooLong(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.sync(t, a, Rules{})
	before := len(a.of(archive.KindMessage))
	f.differences = []tg.UpdatesDifferenceClass{&tg.UpdatesDifferenceTooLong{Pts: 5000}}
	f.channelPts = 6000
	f.channel = []tg.UpdatesChannelDifferenceClass{&tg.UpdatesChannelDifferenceTooLong{
		Final: true, Dialog: &tg.Dialog{Peer: inChannel9}, Messages: []tg.MessageClass{}, Users: []tg.UserClass{}, Chats: []tg.ChatClass{},
	}}
	f.history = &fakeHistory{ids: append(upTo(100), 151, 152, 153, 250, 251), slice: true, edited: map[int]int{
		60: 1_699_999_000, 152: 1_699_999_000, // meanwhile
		61: 1_650_000_000, // long before
	}}
	r, s := f.sync(t, a, Rules{})
	if r.Edited != 4 || r.Messages != 2 || r.Deleted != 0 {
		t.Fatalf("result %+v", r)
	}
	if n := len(a.of(archive.KindMessage)) - before; n != 6 {
		t.Fatalf("%d new records, want 6", n)
	}
	if calls := s.count("messages.getHistory"); calls > 8 {
		t.Fatalf("%d calls", calls)
	}
	applied := a.applied
	r, s = f.sync(t, a, Rules{})
	if r.Edited != 0 || s.count("messages.getHistory") != 0 || a.applied != applied {
		t.Fatalf("it is read again: %+v", r)
	}
}

// A server that refuses what is not needed is still backed up, and the result
// says what it refused.
func TestSyncWithARefusingServer(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	f.refuse["updates.getState"] = rpcError(501, "NOT_IMPLEMENTED")
	r, _ := f.sync(t, a, Rules{})
	f.refuse["updates.getDifference"] = rpcError(400, "METHOD_INVALID")
	f.refuse["updates.getChannelDifference"] = rpcError(404, "METHOD_NOT_FOUND")
	f.channelPts = 30
	f.history.ids = append(f.history.ids, 251)
	again, _ := f.sync(t, a, Rules{})
	if !r.Complete() || r.Messages != 500 || !again.Complete() || again.Messages != 2 {
		t.Fatalf("results %+v, %+v", r, again)
	}
	for _, want := range []string{"users.getFullUser: METHOD_INVALID", "contacts.getContacts: METHOD_INVALID", "updates.getState: NOT_IMPLEMENTED"} {
		if !slices.Contains(r.Warnings, want) {
			t.Errorf("no warning %q in %v", want, r.Warnings)
		}
	}
	if !slices.Contains(again.Warnings, "updates.getChannelDifference: METHOD_NOT_FOUND") {
		t.Fatalf("warnings %v", again.Warnings)
	}
}

// A chat that cannot be read is listed, and the others go on.
func TestSyncPastAForbiddenChat(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	s := newFakeServer(func(in any) (bin.Encoder, error) {
		if get, ok := in.(*tg.MessagesGetHistoryRequest); ok && !isChannel(get.Peer) {
			return nil, rpcError(400, "PEER_ID_INVALID")
		}
		return f.answer(in)
	})
	r := newFakeRun(t, s, a)
	if err := r.sync(t.Context(), r.link); err != nil {
		t.Fatal(err)
	}
	if len(r.result.Failures) != 1 || r.result.Failures[0].Chat != "user7" || r.result.Failures[0].Reason != "PEER_ID_INVALID" {
		t.Fatalf("failures %+v", r.result.Failures)
	}
	equal(t, "the other chat", a.ids("channel9"), upTo(250))
}

// An excluded chat leaves no trace but ids that the server tells of without
// their chat.
func TestSyncExcludes(t *testing.T) {
	f, a := newFakeAccount(), newFakeArchive()
	r, s := f.sync(t, a, Rules{Exclude: []string{"user7"}})
	if r.Chats != 1 || s.count("messages.getHistory") != 3 {
		t.Fatalf("result %+v, calls %v", r, s.calls)
	}
	for _, rec := range a.records {
		if rec.Chat == "user7" || rec.Kind == archive.KindPeer && rec.Profile.ID == "user7" {
			t.Fatalf("record %+v", rec)
		}
	}
	if r, _ = f.sync(t, a, Rules{}); r.Messages != 250 {
		t.Fatalf("included again: %+v", r)
	}
}
