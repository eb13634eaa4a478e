package telegram

import (
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// A renumbered server changes the channel's access hash after a number of lists of
// chats, and takes only the newest.
type renumbered struct {
	*fakeAccount
	lists int
	after int
	fails int // no list after so many; 0: always one
	gone  bool
}

func (s *renumbered) hash() int64 {
	if s.lists >= s.after {
		return 6
	}
	return 5
}

func (s *renumbered) answer(in any) (bin.Encoder, error) {
	switch in := in.(type) {
	case *tg.MessagesGetDialogsRequest:
		if s.fails > 0 && s.lists >= s.fails {
			return nil, rpcError(400, "OFFSET_PEER_ID_INVALID")
		}
		out := s.dialogs().(*tg.MessagesDialogs)
		out.Chats[0].(*tg.Channel).AccessHash = s.hash()
		s.lists++
		return out, nil
	case *tg.MessagesGetHistoryRequest:
		if channel, ok := in.Peer.(*tg.InputPeerChannel); ok && (s.gone || channel.AccessHash != 6) {
			return nil, rpcError(400, "CHANNEL_INVALID")
		}
	}
	return s.fakeAccount.answer(in)
}

// A chat whose access hash is out of date is read with a newer one, failed if there
// is none to be had, and refused only when the newest was refused.
func TestAccessHashIsRenewed(t *testing.T) {
	for name, c := range map[string]struct {
		server          renumbered
		lists           int
		failed, refused bool
	}{
		"renewed":      {renumbered{after: 1}, 2, false, false},
		"no new list":  {renumbered{after: 9, fails: 1}, 1, true, false},
		"not renewed":  {renumbered{after: 9}, 2, true, true},
		"refused":      {renumbered{after: 1, gone: true}, 2, true, true},
		"never at all": {renumbered{}, 1, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, a := &c.server, newFakeArchive()
			s.fakeAccount = newFakeAccount()
			r := newFakeRun(t, newFakeServer(s.answer), a)
			if err := r.sync(t.Context(), r.link); err != nil {
				t.Fatal(err)
			}
			if s.lists != c.lists || len(r.result.Failures) > 0 != c.failed || r.result.Complete() != (!c.failed || c.refused) {
				t.Fatalf("%d lists, result %+v", s.lists, r.result)
			}
			if c.failed {
				if f := r.result.Failures[0]; f.Refused != c.refused || f.Reason != "CHANNEL_INVALID" {
					t.Fatalf("failure %+v", f)
				}
				return
			}
			equal(t, "channel", a.ids("channel9"), upTo(250))
		})
	}
}

// What was refused with a new access hash costs no second list the next time.
func TestRefusedAgain(t *testing.T) {
	s, a := &renumbered{fakeAccount: newFakeAccount(), gone: true}, newFakeArchive()
	for want := 2; want < 5; want++ {
		r := newFakeRun(t, newFakeServer(s.answer), a)
		if err := r.sync(t.Context(), r.link); err != nil {
			t.Fatal(err)
		}
		if s.lists != want || len(r.result.Failures) != 1 || !r.result.Failures[0].Refused {
			t.Fatalf("%d lists, want %d; result %+v", s.lists, want, r.result)
		}
	}
}
