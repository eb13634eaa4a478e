package world

import (
	"slices"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// maxPage is how many messages an answer holds at most.
const maxPage = 100

// A window is the part of a chat that a request asks for. Zero values mean no
// bound.
type window struct {
	offsetID   int // only older ones …
	offsetDate int // … or only those sent before
	add        int // then so many further back; negative: newer ones too
	limit      int
	maxID      int // only lower ids
	minID      int // only higher ids
	minDate    int
	maxDate    int
}

// size is the limit the server goes by.
func (v window) size() int { return min(max(v.limit, 1), maxPage) }

// begin returns the position before which messages are older than the offset.
func (v window) begin(c *chat) int {
	switch {
	case v.offsetID > 0:
		return c.from(v.offsetID)
	case v.offsetDate > 0:
		return c.since(v.offsetDate)
	}
	return c.len()
}

func (v window) allows(id, date int) bool {
	return (v.maxID <= 0 || id < v.maxID) && (v.minID <= 0 || id > v.minID) &&
		(v.maxDate <= 0 || date <= v.maxDate) && (v.minDate <= 0 || date >= v.minDate)
}

// page returns the messages of a window, newest first. Positions whose messages
// were deleted count against the limit, so pages may be short; one is empty only
// where there is nothing further back.
func (v window) page(c *chat) []tg.MessageClass {
	var out []tg.MessageClass
	top := v.begin(c) - 1 - v.add
	end := top - v.size()
	for i := min(top, c.len()-1); i >= 0 && (i > end || len(out) == 0 && v.add >= 0); i-- {
		if v.minID > 0 && c.id(i) <= v.minID {
			break
		}
		if !v.allows(c.id(i), c.date(i)) {
			continue
		}
		if m := c.message(i); m != nil {
			out = append(out, m)
		}
	}
	return out
}

// answer wraps messages of one chat as the server does.
func (w *World) answer(a *account, c *chat, list []tg.MessageClass, count int) tg.MessagesMessagesClass {
	cast, stamp := w.newCast(a), w.newStamp()
	cast.add(c.peer)
	for _, m := range list {
		stamp.message(m)
		cast.message(m)
	}
	if list == nil {
		list = []tg.MessageClass{}
	}
	switch {
	case c.hasPts():
		return &tg.MessagesChannelMessages{Pts: c.pts, Count: count, Messages: list, Topics: []tg.ForumTopicClass{}, Chats: cast.chats(), Users: cast.users()}
	case len(list) >= count:
		return &tg.MessagesMessages{Messages: list, Topics: []tg.ForumTopicClass{}, Chats: cast.chats(), Users: cast.users()}
	}
	return &tg.MessagesMessagesSlice{Count: count, Messages: list, Topics: []tg.ForumTopicClass{}, Chats: cast.chats(), Users: cast.users()}
}

// open finds the chat a request is about. A user without messages has an empty
// one.
func (w *World) open(a *account, in tg.InputPeerClass) (*chat, error) {
	p, err := w.resolve(a, in)
	if err != nil {
		return nil, err
	}
	return w.chatOf(a, p)
}

func (w *World) chatOf(a *account, p peer) (*chat, error) {
	if c := a.chats[p]; c != nil {
		return c, nil
	}
	switch p.kind {
	case 'u':
		return newChat(p, &stored{}), nil
	case 'g':
		return nil, fail(400, "PEER_ID_INVALID")
	}
	return nil, fail(406, "CHANNEL_PRIVATE")
}

func (w *World) getHistory(_ *Call, a *account, r *tg.MessagesGetHistoryRequest) (bin.Encoder, error) {
	c, err := w.open(a, r.Peer)
	if err != nil {
		return nil, err
	}
	if p := w.places[c.peer]; p != nil && p.left && c.kind == 'c' && p.username == "" {
		return nil, fail(400, "CHANNEL_PRIVATE") // those who left may look for their own messages only
	}
	v := window{offsetID: r.OffsetID, offsetDate: r.OffsetDate, add: r.AddOffset, limit: r.Limit, maxID: r.MaxID, minID: r.MinID}
	return w.answer(a, c, v.page(c), c.count()), nil
}

// getMessages looks up messages of users and basic groups, which share one
// count of ids.
func (w *World) getMessages(_ *Call, a *account, r *tg.MessagesGetMessagesRequest) (bin.Encoder, error) {
	cast, stamp := w.newCast(a), w.newStamp()
	out := &tg.MessagesMessages{Messages: []tg.MessageClass{}, Topics: []tg.ForumTopicClass{}}
	for _, in := range r.ID {
		id, reply := messageID(in)
		m := a.find(id)
		if reply {
			m = a.find(replyTo(m))
		}
		if m == nil {
			m = &tg.MessageEmpty{ID: id}
		}
		stamp.message(m)
		cast.message(m)
		out.Messages = append(out.Messages, m)
	}
	out.Chats, out.Users = cast.chats(), cast.users()
	return out, nil
}

func (w *World) getChannelMessages(_ *Call, a *account, r *tg.ChannelsGetMessagesRequest) (bin.Encoder, error) {
	p, err := w.resolveChannel(a, r.Channel)
	if err != nil {
		return nil, err
	}
	c, err := w.chatOf(a, p)
	if err != nil {
		return nil, err
	}
	var list []tg.MessageClass
	for _, in := range r.ID {
		id, reply := messageID(in)
		m := c.get(id)
		if _, ok := in.(*tg.InputMessagePinned); ok {
			m = c.pinnedMessage()
		}
		if reply {
			m = c.get(replyTo(m))
		}
		if m == nil {
			m = &tg.MessageEmpty{ID: id}
		}
		list = append(list, m)
	}
	return w.answer(a, c, list, len(list)), nil
}

// messageID returns the id of an InputMessage, and whether the message it
// replies to is meant.
func messageID(in tg.InputMessageClass) (id int, reply bool) {
	switch in := in.(type) {
	case *tg.InputMessageID:
		return in.ID, false
	case *tg.InputMessageReplyTo:
		return in.ID, true
	}
	return 0, false
}

// answered is what a message says of the one it answers, nil for none.
func answered(m tg.MessageClass) *tg.MessageReplyHeader {
	var r tg.MessageReplyHeaderClass
	switch m := m.(type) {
	case *tg.Message:
		r = m.ReplyTo
	case *tg.MessageService:
		r = m.ReplyTo
	}
	h, _ := r.(*tg.MessageReplyHeader)
	return h
}

// replyTo returns the id of the message that m answers in the same chat, or 0.
func replyTo(m tg.MessageClass) int {
	if h := answered(m); h != nil && h.ReplyToPeerID == nil {
		return h.ReplyToMsgID
	}
	return 0
}

// pinnedMessage returns the message that the newest notice of pinning speaks of.
func (c *chat) pinnedMessage() tg.MessageClass {
	for i := c.len() - 1; i >= 0; i-- {
		s, ok := c.message(i).(*tg.MessageService)
		if !ok {
			continue
		}
		if _, ok := s.Action.(*tg.MessageActionPinMessage); ok {
			return c.get(replyTo(s))
		}
	}
	return nil
}

// find looks a message up in the chats that share one count of ids.
func (a *account) find(id int) tg.MessageClass {
	if id <= 0 {
		return nil
	}
	if c := a.holder(id); c != nil {
		return c.get(id)
	}
	return nil
}

// holder returns the chat, of those that share one count of ids, with a
// message of that id, deleted or not.
func (a *account) holder(id int) *chat {
	for _, c := range a.common {
		if i := c.from(id); i < c.len() && c.id(i) == id {
			return c
		}
	}
	return nil
}

func newestFirst(list []tg.MessageClass) []tg.MessageClass {
	slices.SortFunc(list, func(a, b tg.MessageClass) int { return b.GetID() - a.GetID() })
	return list
}
