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
