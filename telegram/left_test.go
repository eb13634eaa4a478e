package telegram

import (
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// A page of chats that were left in which nothing is new is not the last one.
func TestLeftChatsOfAllPages(t *testing.T) {
	var offsets []int
	server := newFakeServer(func(in any) (bin.Encoder, error) {
		offset := in.(*tg.ChannelsGetLeftChannelsRequest).Offset
		offsets = append(offsets, offset)
		pages := map[int][]tg.ChatClass{
			0: {&tg.Channel{ID: 1, Left: true, Photo: &tg.ChatPhotoEmpty{}}, &tg.ChannelForbidden{ID: 2}},
			2: {&tg.Channel{ID: 3, Left: true, Title: "gone", Photo: &tg.ChatPhotoEmpty{}}},
		}
		return &tg.MessagesChatsSlice{Count: 3, Chats: pages[offset]}, nil
	})
	r := newFakeRun(t, server, newFakeArchive())
	r.link.takeout.id.Store(7)
	left, err := r.leftChats(t.Context(), []*chat{{id: archive.NewPeerID(archive.PeerChannel, 1)}, {id: archive.NewPeerID(archive.PeerChannel, 2)}})
	if err != nil || len(left) != 1 || left[0].id != "channel3" {
		t.Errorf("%d chats that were left, error %v", len(left), err)
	}
	equal(t, "offsets", offsets, []int{0, 2})
}

// A chat that is not in the list is left only if the server says so.
func TestVanishedChatIsAskedFor(t *testing.T) {
	for _, left := range []bool{false, true} {
		server := newFakeServer(func(any) (bin.Encoder, error) {
			return &tg.MessagesChats{Chats: []tg.ChatClass{&tg.Channel{ID: 9, Left: left, Photo: &tg.ChatPhotoEmpty{}}}}, nil
		})
		a := newFakeArchive()
		r := newFakeRun(t, server, a)
		c := &chat{id: "channel9", state: chatState{Dialog: &archive.Dialog{}}}
		if err := r.leave(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if noted := len(a.of(archive.KindChat)); c.state.Dialog.Left != left || (noted == 1) != left {
			t.Errorf("the server says left: %v; noted: %v, %d records", left, c.state.Dialog.Left, noted)
		}
	}
}

// A history that is marked to be read again twice is read from the earlier moment on.
func TestRescanMarkedTwice(t *testing.T) {
	s := &chatState{Covered: spans{{1, 50}}}
	for _, since := range []int64{200, 100, 300} {
		s.startRescan(since)
	}
	if s.Rescan == nil || s.Rescan.Since != 100 || s.Rescan.Below != 50 {
		t.Errorf("marked: %+v", s.Rescan)
	}
}
