package world

import (
	"slices"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// A topic of a forum: what the messages that made and changed it say.
type topic struct {
	id     int
	date   int
	from   peer
	title  string
	color  int
	icon   int64
	closed bool
	hidden bool
	top    tg.MessageClass // the newest message
}

// topics are those of a forum, the one with the newest message first.
func (c *chat) topics() []*topic {
	var all []*topic
	byID := map[int]*topic{}
	for i := range c.len() {
		if g, ok := c.base.(*generated); ok && i >= topics && i < g.len() {
			continue // a made-up forum makes its topics at its beginning
		}
		m, ok := c.message(i).(*tg.MessageService)
		if !ok {
			continue
		}
		if made, ok := m.Action.(*tg.MessageActionTopicCreate); ok {
			t := &topic{id: m.ID, date: m.Date, from: c.sender(m), title: made.Title, color: made.IconColor, icon: made.IconEmojiID, top: m}
			all, byID[m.ID] = append(all, t), t
		}
		if t := byID[rootOf(m)]; t != nil {
			t.edit(m.Action)
		}
	}
	c.findTops(byID)
	slices.SortStableFunc(all, func(a, b *topic) int { return b.top.GetID() - a.top.GetID() })
	return all
}

func (t *topic) edit(a tg.MessageActionClass) {
	e, ok := a.(*tg.MessageActionTopicEdit)
	if !ok {
		return
	}
	if title, ok := e.GetTitle(); ok {
		t.title = title
	}
	if icon, ok := e.GetIconEmojiID(); ok {
		t.icon = icon
	}
	if closed, ok := e.GetClosed(); ok {
		t.closed = closed
	}
	if hidden, ok := e.GetHidden(); ok {
		t.hidden = hidden
	}
}

// findTops finds the newest message of each topic, from the end backwards.
func (c *chat) findTops(left map[int]*topic) {
	for i := c.len() - 1; i >= 0 && len(left) > 0; i-- {
		m := c.message(i)
		if m == nil {
			continue
		}
		root := rootOf(m)
		if t := left[root]; t != nil {
			t.top = m
			delete(left, root)
		}
		delete(left, m.GetID())
	}
}

// rootOf is the topic that a message belongs to, 0 if it says none.
func rootOf(m tg.MessageClass) int {
	h := answered(m)
	if h == nil {
		return 0
	}
	if h.ReplyToTopID != 0 {
		return h.ReplyToTopID
	}
	return h.ReplyToMsgID
}

// getForumTopics pages through the topics of a forum by the last topic of the
// page before.
func (w *World) getForumTopics(_ *Call, a *account, r *tg.MessagesGetForumTopicsRequest) (bin.Encoder, error) {
	c, err := w.open(a, r.Peer)
	if err != nil {
		return nil, err
	}
	if place := w.places[c.peer]; place == nil || !place.forum {
		return nil, fail(400, "CHANNEL_FORUM_MISSING")
	}
	all := c.topics()
	start := slices.IndexFunc(all, func(t *topic) bool { return t.id == r.OffsetTopic }) + 1
	page := all[start:]
	page = page[:min(len(page), max(r.Limit, 1), maxPage)]
	cast, stamp := w.newCast(a), w.newStamp()
	out := &tg.MessagesForumTopics{Count: len(all), Topics: []tg.ForumTopicClass{}, Messages: []tg.MessageClass{}, Pts: c.pts}
	cast.add(c.peer)
	for _, t := range page {
		one := &tg.ForumTopic{
			ID: t.id, Date: t.date, Peer: c.peer.tl(), Title: t.title, IconColor: t.color, TopMessage: t.top.GetID(),
			FromID: t.from.tl(), Closed: t.closed, Hidden: t.hidden,
		}
		if t.icon != 0 {
			one.SetIconEmojiID(t.icon)
		}
		cast.add(t.from)
		stamp.message(t.top)
		cast.message(t.top)
		out.Topics, out.Messages = append(out.Topics, one), append(out.Messages, t.top)
	}
	out.Chats, out.Users = cast.chats(), cast.users()
	return out, nil
}

// getSavedDialogs lists under whom the saved messages are filed, the one with the
// newest message first.
func (w *World) getSavedDialogs(_ *Call, a *account, r *tg.MessagesGetSavedDialogsRequest) (bin.Encoder, error) {
	out := &tg.MessagesSavedDialogs{Dialogs: []tg.SavedDialogClass{}, Messages: []tg.MessageClass{}}
	cast, stamp := w.newCast(a), w.newStamp()
	tops := a.savedTops()
	start := 0
	if r.OffsetID != 0 {
		start = slices.IndexFunc(tops, func(m *tg.Message) bool { return m.ID < r.OffsetID })
		if start < 0 {
			start = len(tops)
		}
	}
	for _, m := range tops[start:] {
		if len(out.Dialogs) == min(max(r.Limit, 1), maxPage) {
			break
		}
		out.Dialogs = append(out.Dialogs, &tg.SavedDialog{Peer: m.SavedPeerID, TopMessage: m.ID})
		stamp.message(m)
		cast.tl(m.SavedPeerID)
		cast.message(m)
		out.Messages = append(out.Messages, m)
	}
	out.Chats, out.Users = cast.chats(), cast.users()
	if len(out.Dialogs) == len(tops) {
		return out, nil
	}
	return &tg.MessagesSavedDialogsSlice{Count: len(tops), Dialogs: out.Dialogs, Messages: out.Messages, Chats: out.Chats, Users: out.Users}, nil
}

// savedTops are the newest messages of all peers that the saved messages are
// filed under, newest first.
func (a *account) savedTops() []*tg.Message {
	c := a.chats[userPeer(a.UserID)]
	if c == nil {
		return nil
	}
	var tops []*tg.Message
	seen := map[peer]bool{}
	for i := c.len() - 1; i >= 0; i-- {
		if _, ok := c.base.(*generated); ok && len(seen) > 0 && i < c.base.len() {
			break // a made-up account files everything under itself
		}
		m, ok := c.message(i).(*tg.Message)
		if !ok {
			continue
		}
		if m.SavedPeerID == nil {
			m.SetSavedPeerID(userPeer(a.UserID).tl())
		}
		if p := fromTL(m.SavedPeerID); !seen[p] {
			seen[p] = true
			tops = append(tops, m)
		}
	}
	return tops
}
