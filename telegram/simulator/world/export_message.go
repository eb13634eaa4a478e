package world

import (
	"cmp"
	"fmt"

	"github.com/gotd/td/tg"

	"telekeep/internal/resultjson"
)

// migratedShift is what Telegram Desktop takes off the ids of a basic group's
// messages in the export of the supergroup made from it.
const migratedShift = 1_000_000_000

// A chatImport makes the messages of one chat.
type chatImport struct {
	*importer
	s        *surveyed
	peer     peer // of the messages being made: the chat, or the group it was made from
	now      *resultjson.Message
	lastDate int
	made     map[peer]*stored
}

func (im *importer) newChat(s *surveyed) *chatImport {
	return &chatImport{importer: im, s: s, peer: s.peer, made: map[peer]*stored{}}
}

func (c *chatImport) warnf(format string, args ...any) {
	id := int64(0)
	if c.now != nil {
		id = c.now.ID
	}
	c.warn(c.s.peer.String(), id, fmt.Sprintf(format, args...))
}

// close puts the messages into the account. Nil is fine: before the first chat
// there is none.
func (c *chatImport) close() {
	if c == nil {
		return
	}
	c.now = nil
	for _, p := range c.homes() {
		base := c.made[p]
		if base == nil {
			base = &stored{}
		}
		for _, id := range base.tidy() {
			c.warnf("message %d is there twice; the first one is served", id)
		}
		if c.a.chats[p] != nil {
			c.warnf("the chat is there twice; the first one is served")
			continue
		}
		if place := c.w.places[p]; place != nil && base.len() > 0 {
			place.date = base.date(0)
		}
		c.a.add(newChat(p, base))
	}
}

// homes lists where messages of this chat go: the chat and, before it, the group
// it was made from.
func (c *chatImport) homes() []peer {
	if place := c.w.places[c.s.peer]; place != nil && place.movedFrom != 0 {
		return []peer{groupPeer(place.movedFrom), c.s.peer}
	}
	return []peer{c.s.peer}
}

// message makes one message.
func (c *chatImport) message(m *resultjson.Message) {
	c.now, c.peer = m, c.s.peer
	id := m.ID
	if id < 0 {
		c.peer = c.homes()[0]
		id += migratedShift
	}
	if id <= 0 || id >= 1<<31 {
		c.warnf("no server gives a message this id; it is left out")
		return
	}
	if m.Date != 0 {
		c.lastDate = int(m.Date)
	}
	if c.made[c.peer] == nil {
		c.made[c.peer] = &stored{}
	}
	if m.Type == resultjson.TypeService {
		c.made[c.peer].add(c.service(int(id), m))
		return
	}
	c.made[c.peer].add(c.plain(int(id), m))
}

// plain makes a message that is no service message. Of an unsupported one only
// the id is known.
func (c *chatImport) plain(id int, m *resultjson.Message) *tg.Message {
	out := &tg.Message{ID: id, PeerID: c.peer.tl(), Date: c.lastDate}
	out.FromID, out.Out, out.Post = c.sender(m.FromID, m.From)
	if c.peer == userPeer(c.self) {
		out.SetSavedPeerID(c.peer.tl())
	}
	if m.Type == resultjson.TypeUnsupported {
		out.Media = &tg.MessageMediaUnsupported{}
		return out
	}
	if m.Edited != 0 {
		out.SetEditDate(int(m.Edited))
	}
	out.PostAuthor = m.Author
	if m.ViaBot != "" {
		out.SetViaBotID(c.bot(m.ViaBot))
	}
	c.forward(m, out)
	if h := c.reply(m.ReplyTo, m.ReplyToPeer); h != nil {
		out.ReplyTo = h
	}
	out.Message, out.Entities = c.text(m.Text)
	out.Media = c.messageMedia(m)
	out.ReplyMarkup = c.buttons(m.Buttons)
	c.reactions(m.Reactions, out)
	return out
}

// sender says whom the server names as the sender: nobody where the other side
// of a private chat or a channel itself speaks.
func (c *chatImport) sender(id resultjson.Peer, name *resultjson.Name) (from tg.PeerClass, out, post bool) {
	p := c.importer.peer(id)
	if p.isZero() {
		p = c.senderByName(name)
	}
	place := c.w.places[c.peer]
	switch {
	case p == c.peer && place != nil && place.broadcast:
		return nil, false, true
	case p == c.peer && (c.peer.kind == 'g' || c.peer.kind == 'u' && p.id != c.self):
		return nil, false, false
	case p == userPeer(c.self):
		return p.tl(), c.peer != p, place != nil && place.broadcast
	}
	return p.tl(), false, place != nil && place.broadcast
}

// senderByName is for exports of versions that wrote no id.
func (c *chatImport) senderByName(name *resultjson.Name) peer {
	if name == nil || c.s.Name != nil && c.s.Name.Text == name.Text {
		return c.peer
	}
	if c.peer.kind == 'u' {
		return userPeer(c.self)
	}
	return c.named(name)
}

// reply makes the header of a reply, or nil.
func (c *chatImport) reply(id int64, in resultjson.Peer) *tg.MessageReplyHeader {
	if id == 0 {
		return nil
	}
	h := &tg.MessageReplyHeader{}
	if p := c.importer.peer(in); !p.isZero() && p != c.peer {
		h.SetReplyToPeerID(p.tl())
	} else if id < 0 && c.peer == c.s.peer && c.peer != c.homes()[0] {
		h.SetReplyToPeerID(c.homes()[0].tl()) // to the group this one was made from
	}
	if id < 0 {
		id += migratedShift
	}
	h.SetReplyToMsgID(int(id))
	return h
}

// forward makes the header of a forwarded message. Without an id the name is
// all there is, as with people who hide behind it.
func (c *chatImport) forward(m *resultjson.Message, out *tg.Message) {
	if m.ForwardedFrom == nil && m.ForwardedFromID == "" && m.SavedFrom == nil {
		return
	}
	h := tg.MessageFwdHeader{Date: out.Date}
	switch p := c.importer.peer(m.ForwardedFromID); {
	case !p.isZero():
		h.SetFromID(p.tl())
	case m.ForwardedFrom != nil && m.ForwardedFrom.Null:
		h.SetFromID(userPeer(c.deletedUser()).tl())
	case m.ForwardedFrom != nil:
		h.SetFromName(m.ForwardedFrom.Text)
	}
	if m.SavedFrom != nil {
		p := c.named(m.SavedFrom)
		h.SetSavedFromPeer(p.tl())
		h.SetSavedFromMsgID(1) // the export does not say which
		if c.peer == userPeer(c.self) {
			out.SetSavedPeerID(p.tl())
		}
	}
	out.SetFwdFrom(h)
}

// service makes a service message.
func (c *chatImport) service(id int, m *resultjson.Message) *tg.MessageService {
	out := &tg.MessageService{ID: id, PeerID: c.peer.tl(), Date: c.lastDate}
	from, name := m.ActorID, m.Actor
	if m.Action == "proximity_reached" || from == "" && name == nil {
		name = nil // this action writes no actor; from is who came near
		from = resultjson.Peer(c.peer.String())
		if c.peer.kind == 'g' || c.w.places[c.peer] != nil && c.w.places[c.peer].megagroup {
			from = resultjson.Peer(userPeer(c.self).String())
		}
	}
	out.FromID, out.Out, out.Post = c.sender(from, name)
	if h := c.reply(cmp.Or(m.PinnedID, m.GameID, m.InvoiceID), m.ReplyToPeer); h != nil {
		out.ReplyTo = h
	}
	out.Action = c.action(m)
	return out
}
