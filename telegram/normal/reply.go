package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

func forward(h tg.MessageFwdHeader) *archive.Forward {
	return &archive.Forward{
		From:             PeerID(h.FromID),
		FromName:         h.FromName,
		Date:             int64(h.Date),
		MessageID:        h.ChannelPost,
		Author:           h.PostAuthor,
		SavedFrom:        PeerID(h.SavedFromPeer),
		SavedFromMessage: h.SavedFromMsgID,
		Imported:         h.Imported,
		SavedFromID:      PeerID(h.SavedFromID),
		SavedFromName:    h.SavedFromName,
		SavedDate:        int64(h.SavedDate),
		SavedOut:         h.SavedOut,
		PSA:              h.PsaType,
	}
}

// reply is what a message in chat answers. The answered chat is named only if
// it is another one.
func reply(h tg.MessageReplyHeaderClass, chat archive.PeerID) *archive.Reply {
	switch h := h.(type) {
	case *tg.MessageReplyHeader:
		r := &archive.Reply{
			MessageID:   h.ReplyToMsgID,
			Peer:        PeerID(h.ReplyToPeerID),
			Top:         h.ReplyToTopID,
			Quote:       optional(h.QuoteText, h.QuoteEntities),
			QuoteOffset: h.QuoteOffset,
			QuoteManual: h.Quote,
			TodoItem:    h.TodoItemID,
			PollOption:  h.PollOption,
			Scheduled:   h.ReplyToScheduled,
			Media:       media(h.ReplyMedia, ""),
		}
		if r.Peer == chat {
			r.Peer = ""
		}
		if !h.ReplyFrom.Zero() {
			r.From = forward(h.ReplyFrom)
		}
		return r
	case *tg.MessageReplyStoryHeader:
		return &archive.Reply{Peer: PeerID(h.Peer), Story: h.StoryID}
	}
	return nil
}

// generalTopic is the number of the topic that every forum has from the start.
const generalTopic = 1

// InForum completes a message of a forum: of what stands in the general topic
// the message itself says nothing.
func InForum(m *archive.Message) {
	if m.Topic == 0 {
		m.Topic = generalTopic
	}
}

// topic is the root message of the forum topic a message stands in. The header
// of a message that answers nothing in its topic names the root as if it were
// answered; the general topic has no header at all and stays 0: see InForum.
func topic(h tg.MessageReplyHeaderClass) int {
	r, ok := h.(*tg.MessageReplyHeader)
	if !ok || !r.ForumTopic {
		return 0
	}
	if r.ReplyToTopID != 0 {
		return r.ReplyToTopID
	}
	return r.ReplyToMsgID
}
