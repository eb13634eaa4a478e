package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// ForumTopic is a topic of a forum; false if it was deleted.
func ForumTopic(t tg.ForumTopicClass) (*archive.Topic, bool) {
	full, ok := t.(*tg.ForumTopic)
	if !ok {
		return nil, false
	}
	out := &archive.Topic{
		ID:     full.ID,
		Title:  full.Title,
		Date:   int64(full.Date),
		From:   PeerID(full.FromID),
		Color:  full.IconColor,
		Closed: full.Closed,
		Hidden: full.Hidden,
		Pinned: full.Pinned,
	}
	if full.IconEmojiID != 0 {
		out.Emoji = archive.NewMediaKey(archive.MediaDocument, full.IconEmojiID)
	}
	return out, true
}

// SavedTopic is a topic of the saved messages, or of a channel's direct ones.
func SavedTopic(d tg.SavedDialogClass) (*archive.Topic, bool) {
	switch d := d.(type) {
	case *tg.SavedDialog:
		return &archive.Topic{Peer: PeerID(d.Peer), Pinned: d.Pinned}, true
	case *tg.MonoForumDialog:
		return &archive.Topic{Peer: PeerID(d.Peer)}, true
	}
	return nil, false
}
