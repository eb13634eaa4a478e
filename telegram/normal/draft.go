package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Draft is a message that was written in a chat of the account self and not
// sent; false if there is none.
func Draft(d tg.DraftMessageClass, chat, self archive.PeerID) (*archive.Draft, bool) {
	draft, ok := d.(*tg.DraftMessage)
	if !ok {
		return nil, false
	}
	return &archive.Draft{
		Date:  int64(draft.Date),
		Text:  text(draft.Message, draft.Entities),
		Reply: draftReply(draft.ReplyTo, chat, self),
	}, true
}

func draftReply(r tg.InputReplyToClass, chat, self archive.PeerID) *archive.Reply {
	switch r := r.(type) {
	case *tg.InputReplyToMessage:
		out := &archive.Reply{
			MessageID:   r.ReplyToMsgID,
			Peer:        InputPeerID(r.ReplyToPeerID, self),
			Top:         r.TopMsgID,
			Quote:       optional(r.QuoteText, r.QuoteEntities),
			QuoteOffset: r.QuoteOffset,
			TodoItem:    r.TodoItemID,
			PollOption:  r.PollOption,
		}
		if out.Peer == chat {
			out.Peer = ""
		}
		return out
	case *tg.InputReplyToStory:
		return &archive.Reply{Peer: InputPeerID(r.Peer, self), Story: r.StoryID}
	}
	return nil
}
