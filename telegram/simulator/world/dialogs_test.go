package world

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gotd/td/tg"
)

// manyChats is a world of 25 private chats, ten messages each: chat n was last
// written to in the n-th place. Chats 3 and 5 are pinned, 7 and 8 archived.
func manyChats(t *testing.T) *guest {
	w := newWorld(5, newClock().options())
	w.people[1000] = &person{id: 1000, first: "Self"}
	a := w.addAccount(1000, "999", Options{})
	for n := 1; n <= 25; n++ {
		p := userPeer(int64(n))
		w.people[p.id] = &person{id: p.id, first: fmt.Sprint("P", n)}
		base := &stored{}
		for i := range 10 {
			base.add(&tg.Message{ID: i*100 + n, PeerID: p.tl(), Date: 5000 + i*100 + n/2, Message: "x"})
		}
		c := newChat(p, base)
		c.pinned = n == 3 || n == 5
		if n == 7 || n == 8 {
			c.folder = archive
		}
		a.add(c)
	}
	return visit(t, w)
}

// page is what an answer with dialogs comes down to.
type page struct {
	peers  []int64
	top    map[peer]tg.MessageClass
	last   *tg.Dialog
	folder *tg.DialogFolder
	count  int
	whole  bool
}

func (g *guest) listDialogs(r *tg.MessagesGetDialogsRequest) page {
	g.t.Helper()
	p := page{top: map[peer]tg.MessageClass{}}
	var dialogs []tg.DialogClass
	var list []tg.MessageClass
	switch a := ask(g, r, tg.DecodeMessagesDialogs).(type) {
	case *tg.MessagesDialogs:
		dialogs, list, p.count, p.whole = a.Dialogs, a.Messages, len(a.Dialogs), true
	case *tg.MessagesDialogsSlice:
		dialogs, list, p.count = a.Dialogs, a.Messages, a.Count
	}
	for _, m := range list {
		p.top[fromTL(m.(*tg.Message).PeerID)] = m
	}
	for _, d := range dialogs {
		switch d := d.(type) {
		case *tg.DialogFolder:
			p.folder = d
		case *tg.Dialog:
			p.peers, p.last = append(p.peers, fromTL(d.Peer).id), d
			if m := p.top[fromTL(d.Peer)]; m == nil || m.GetID() != d.TopMessage {
				g.t.Errorf("dialog %v: the newest message %d is not in the answer", d.Peer, d.TopMessage)
			}
		}
	}
	return p
}

// allDialogs pages through the list with the given limit.
func (g *guest) allDialogs(limit int, change func(*tg.MessagesGetDialogsRequest)) []int64 {
	g.t.Helper()
	var all []int64
	r := &tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: limit}
	change(r)
	for range 100 {
		p := g.listDialogs(r)
		if len(p.peers) == 0 {
			return all
		}
		all = append(all, p.peers...)
		last := fromTL(p.last.Peer)
		r.OffsetPeer, r.OffsetID, r.OffsetDate = g.input(last), p.last.TopMessage, p.top[last].(*tg.Message).Date
	}
	g.t.Fatal("the list of dialogs does not end")
	return nil
}

func TestDialogsPages(t *testing.T) {
	g := manyChats(t)
	pinned, archived := []int64{3, 5}, []int64{8, 7}
	var rest, unarchived []int64
	for n := int64(25); n >= 1; n-- {
		if slices.Contains(pinned, n) {
			continue
		}
		rest = append(rest, n)
		if !slices.Contains(archived, n) {
			unarchived = append(unarchived, n)
		}
	}
	in := func(folder int) func(*tg.MessagesGetDialogsRequest) {
		return func(r *tg.MessagesGetDialogsRequest) { r.SetFolderID(folder) }
	}
	for _, tt := range []struct {
		name   string
		change func(*tg.MessagesGetDialogsRequest)
		want   []int64
	}{
		{"all", func(*tg.MessagesGetDialogsRequest) {}, append(slices.Clone(pinned), rest...)},
		{"without pinned", func(r *tg.MessagesGetDialogsRequest) { r.ExcludePinned = true }, rest},
		{"main folder", in(0), append(slices.Clone(pinned), unarchived...)},
		{"archive", in(1), archived},
	} {
		for _, limit := range []int{1, 2, 7, 100} {
			if got := g.allDialogs(limit, tt.change); !slices.Equal(got, tt.want) {
				t.Errorf("%s, %d a page:\n  got  %v\n  want %v", tt.name, limit, got, tt.want)
			}
		}
	}
}

func TestDialogsAnswers(t *testing.T) {
	g := manyChats(t)
	p := g.listDialogs(&tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 10})
	if p.whole || p.count != 25 || len(p.peers) != 10 {
		t.Errorf("a slice: %+v", p)
	}
	if p := g.listDialogs(&tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 100}); !p.whole {
		t.Error("everything in one page is still a slice")
	}
	r := &tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 100}
	r.SetFolderID(0)
	if p := g.listDialogs(r); p.folder == nil || p.folder.TopMessage == 0 {
		t.Error("the archive does not show in the main folder")
	}
	r.SetFolderID(9)
	g.refused(r, "FOLDER_ID_INVALID")
	g.refused(&tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerUser{UserID: 333}, OffsetID: 1, Limit: 1}, "OFFSET_PEER_ID_INVALID")
	// TDLib sends no access hash with an offset.
	after := g.listDialogs(&tg.MessagesGetDialogsRequest{
		OffsetPeer: &tg.InputPeerUser{UserID: p.last.Peer.(*tg.PeerUser).UserID}, OffsetID: p.last.TopMessage,
		OffsetDate: p.top[fromTL(p.last.Peer)].(*tg.Message).Date, Limit: 100,
	})
	if len(after.peers) != 15 {
		t.Errorf("%d dialogs after the first ten of 25", len(after.peers))
	}

	pinned := ask(g, &tg.MessagesGetPinnedDialogsRequest{}, into[tg.MessagesPeerDialogs])
	if len(pinned.Dialogs) != 2 || pinned.State.Pts == 0 {
		t.Errorf("pinned: %+v", pinned)
	}
	some := ask(g, &tg.MessagesGetPeerDialogsRequest{Peers: []tg.InputDialogPeerClass{
		&tg.InputDialogPeer{Peer: g.input(userPeer(9))}, &tg.InputDialogPeer{Peer: &tg.InputPeerSelf{}},
	}}, into[tg.MessagesPeerDialogs])
	if len(some.Dialogs) != 2 || len(some.Messages) != 1 {
		t.Errorf("two dialogs by peer: %+v", some)
	}
}

func TestDialogsThatMoveAreNotLost(t *testing.T) {
	g := manyChats(t)
	first := g.listDialogs(&tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, ExcludePinned: true, Limit: 10})
	last := fromTL(first.last.Peer)
	date := first.top[last].(*tg.Message).Date
	if _, err := g.w.AddMessage(0, NewMessage{Chat: last.String(), Text: "new"}); err != nil {
		t.Fatal(err)
	}
	second := g.listDialogs(&tg.MessagesGetDialogsRequest{
		OffsetPeer: g.input(last), OffsetID: first.last.TopMessage, OffsetDate: date, ExcludePinned: true, Limit: 100,
	})
	if len(second.peers) != 13 || slices.Contains(second.peers, last.id) {
		t.Errorf("after the last dialog moved to the top: %v", second.peers)
	}
}

func TestLeftAndClosedChannelsAreNoDialogs(t *testing.T) {
	v := newVillage(t, Options{})
	if err := v.CloseChannel(0, v.talk.String()); err != nil {
		t.Fatal(err)
	}
	p := v.listDialogs(&tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 100})
	if !slices.Equal(p.peers, []int64{21, 11, 31}) {
		t.Errorf("%v", p.peers)
	}
	v.refused(&tg.ChannelsGetLeftChannelsRequest{}, "TAKEOUT_REQUIRED")
	takeout := ask(v.guest, &tg.AccountInitTakeoutSessionRequest{}, into[tg.AccountTakeout])
	v.call.Takeout = takeout.ID
	left := ask(v.guest, &tg.ChannelsGetLeftChannelsRequest{}, tg.DecodeMessagesChats)
	if all := left.GetChats(); len(all) != 1 || all[0].GetID() != v.left.id {
		t.Errorf("left: %v", left)
	}
}

func TestChannelsHaveTheirCountInDialogs(t *testing.T) {
	v := newVillage(t, Options{})
	some := ask(v.guest, &tg.MessagesGetPeerDialogsRequest{Peers: []tg.InputDialogPeerClass{
		&tg.InputDialogPeer{Peer: v.input(v.talk)}, &tg.InputDialogPeer{Peer: v.input(v.friend)},
	}}, into[tg.MessagesPeerDialogs])
	if pts, ok := some.Dialogs[0].(*tg.Dialog).GetPts(); !ok || pts != 251 {
		t.Errorf("channel: %d, %v", pts, ok)
	}
	if _, ok := some.Dialogs[1].(*tg.Dialog).GetPts(); ok {
		t.Error("a private chat has a count of its own")
	}
}

func TestChatsOfAWorld(t *testing.T) {
	v := newVillage(t, Options{})
	var all []string
	for _, c := range v.Chats(0) {
		all = append(all, fmt.Sprintf("%s %s %d %d", c.ID, c.Name, c.Messages, c.LastID))
	}
	want := "user11 Friend 50 500, chat21 Group 50 501, channel31 Channel 250 250, channel32 Talk 250 250, channel33 Left 250 250"
	if got := strings.Join(all, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if v.Chats(4) != nil {
		t.Error("chats of an account that does not exist")
	}
}
