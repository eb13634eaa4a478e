package telegram

import (
	"errors"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// A reticent server lists chats without their profiles. It tells those when it is
// asked for them, with the right access hash where it wants one.
type reticent struct {
	*fakeAccount
	tells bool
	wants int64 // access hash of the channel; 0: any
}

func (s *reticent) answer(in any) (bin.Encoder, error) {
	switch in := in.(type) {
	case *tg.MessagesGetDialogsRequest:
		all := s.dialogs().(*tg.MessagesDialogs)
		return &tg.MessagesDialogs{Dialogs: all.Dialogs, Messages: []tg.MessageClass{}, Users: []tg.UserClass{}, Chats: []tg.ChatClass{}}, nil
	case *tg.UsersGetUsersRequest:
		if user, other := in.ID[0].(*tg.InputUser); other && s.tells {
			return &tg.UserClassVector{Elems: []tg.UserClass{&tg.User{ID: user.UserID, FirstName: "B"}}}, nil
		} else if other {
			return &tg.UserClassVector{}, nil
		}
	case *tg.ChannelsGetChannelsRequest:
		channel := in.ID[0].(*tg.InputChannel)
		if !s.tells || s.wants != 0 && channel.AccessHash != s.wants {
			return nil, rpcError(400, "CHANNEL_INVALID")
		}
		return &tg.MessagesChats{Chats: s.dialogs().(*tg.MessagesDialogs).Chats}, nil
	}
	return s.fakeAccount.answer(in)
}

func (s *reticent) sync(t *testing.T, a *fakeArchive) *Result {
	t.Helper()
	r := newFakeRun(t, newFakeServer(s.answer), a)
	if err := r.sync(t.Context(), r.link); err != nil {
		t.Fatal(err)
	}
	return &r.result
}

// What a list of chats does not say about them is asked for; where nobody says
// it, the chats are failures, and fetched when it is said.
func TestNamelessChats(t *testing.T) {
	s, a := &reticent{fakeAccount: newFakeAccount(), tells: true}, newFakeArchive()
	if r := s.sync(t, a); !r.Complete() || r.Chats != 2 || r.Messages != 500 {
		t.Fatalf("result %+v", r)
	}
	s.wants = 5 // told in the sync before
	if r := s.sync(t, a); !r.Complete() || r.Chats != 2 {
		t.Fatalf("with the known access hash: %+v", r)
	}
	s.tells = false
	r := s.sync(t, a)
	bothFailed(t, r)
	a = newFakeArchive()
	r = s.sync(t, a)
	bothFailed(t, r)
	if len(a.of(archive.KindPeer))+len(a.of(archive.KindChat))+len(a.of(archive.KindMessage)) != 0 {
		t.Fatal("there are records of chats that nothing is known of")
	}
	m, err := Gaps(a, testAccount, GapOptions{})
	if err != nil || len(m.Chats) != 2 || m.Chats[0].Error != errNameless.Error() || m.Chats[0].IDs[GapPending] != 250 {
		t.Fatalf("gaps %+v, error %v", m, err)
	}
	again, _ := s.fakeAccount.sync(t, a, Rules{})
	if !again.Complete() || again.Messages != 500 {
		t.Fatalf("with profiles: %+v", again)
	}
}

// bothFailed checks that both chats failed and are tried again.
func bothFailed(t *testing.T, r *Result) {
	t.Helper()
	if r.Complete() || r.Chats != 2 || len(r.Failures) != 2 {
		t.Fatalf("result %+v", r)
	}
	for _, f := range r.Failures {
		if f.Refused || !errors.Is(f.Err, errNameless) {
			t.Errorf("%+v", f)
		}
	}
}
