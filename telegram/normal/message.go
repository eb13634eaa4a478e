package normal

import (
	"fmt"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Layer is the TL layer of the bytes Raw makes.
const Layer = tg.Layer

// unknown is the Type of everything this code has no word for.
const unknown = "unknown"

// Raw is o as TL bytes: what a record keeps beside its normalised fields. It
// fails only on an object that no server can have sent, one that lacks a
// required part.
func Raw(o bin.Encoder) ([]byte, error) {
	var b bin.Buffer
	if err := o.Encode(&b); err != nil {
		return nil, fmt.Errorf("encode TL object: %w", err)
	}
	return b.Buf, nil
}

// Message is m in normalised form, and the chat it stands in. ok is false where
// there is nothing to keep: a messageEmpty holds the place of a message that
// the account may not see or that is gone.
//
// From is the author by Telegram Desktop's rule: the named one, else the chat
// itself, which it leaves absent for channels. In a private chat the server
// may leave the author out: there From is the other person, and absent on the
// account's own messages (Out), whose author is the account.
func Message(m tg.MessageClass) (msg *archive.Message, chat archive.PeerID, ok bool) {
	switch m := m.(type) {
	case *tg.Message:
		return ordinary(m), PeerID(m.PeerID), true
	case *tg.MessageService:
		return service(m), PeerID(m.PeerID), true
	}
	return nil, "", false
}

func ordinary(m *tg.Message) *archive.Message {
	chat := PeerID(m.PeerID)
	msg := &archive.Message{
		ID:         m.ID,
		Date:       int64(m.Date),
		Edited:     int64(m.EditDate),
		From:       author(m.FromID, chat, m.Out),
		Author:     m.PostAuthor,
		ViaBot:     userID(m.ViaBotID),
		Out:        m.Out,
		Post:       m.Post,
		Silent:     m.Silent,
		Pinned:     m.Pinned,
		Protected:  m.Noforwards,
		EditHidden: m.EditHide,
		Reply:      reply(m.ReplyTo, chat),
		Topic:      topic(m.ReplyTo),
		SavedPeer:  PeerID(m.SavedPeerID),
		Album:      m.GroupedID,
		Views:      m.Views,
		Forwards:   m.Forwards,
		Replies:    m.Replies.Replies,
		Discussion: bareID(archive.PeerChannel, m.Replies.ChannelID),
		TTL:        m.TTLPeriod,
		Text:       text(m.Message, m.Entities),
		Reactions:  reactions(m.Reactions),
		Reactors:   reactors(m.Reactions),
	}
	if !m.FwdFrom.Zero() {
		msg.Forward = forward(m.FwdFrom)
	}
	msg.Media = media(m.Media, gameBot(m, msg.Forward))
	msg.Unsupported = msg.Media != nil && msg.Media.Kind == archive.MediaKindUnsupported
	msg.Buttons, msg.Keyboard = markup(m.ReplyMarkup)
	beyondExport(msg, m)
	return msg
}

// beyondExport fills in what Telegram Desktop's export has no word for.
func beyondExport(msg *archive.Message, m *tg.Message) {
	msg.Scheduled = m.FromScheduled
	msg.Automatic = m.Offline
	msg.InvertMedia = m.InvertMedia
	msg.Rank = m.FromRank
	msg.Boosts = m.FromBoostsApplied
	msg.ViaBusiness = userID(m.ViaBusinessBotID)
	msg.ViaGuest = PeerID(m.GuestchatViaFrom)
	msg.Effect = m.Effect
	msg.PaidStars = m.PaidMessageStars
	msg.FactCheck = optional(m.Factcheck.Text.Text, m.Factcheck.Text.Entities)
	msg.Rich = rich(m.RichMessage)
	msg.RichMedia = richMedia(m.RichMessage)
	msg.RichPart = m.RichMessage.Part
	if s := m.SuggestedPost; !s.Zero() {
		price := credits(s.Price)
		msg.Suggested = &archive.Suggested{
			Accepted: s.Accepted,
			Rejected: s.Rejected,
			Whole:    price.whole,
			Nano:     price.nano,
			Currency: price.currency,
			Schedule: int64(s.ScheduleDate),
		}
	}
}

func service(m *tg.MessageService) *archive.Message {
	chat := PeerID(m.PeerID)
	msg := &archive.Message{
		ID:        m.ID,
		Date:      int64(m.Date),
		From:      author(m.FromID, chat, m.Out),
		Out:       m.Out,
		Post:      m.Post,
		Silent:    m.Silent,
		Reply:     reply(m.ReplyTo, chat),
		Topic:     topic(m.ReplyTo),
		SavedPeer: PeerID(m.SavedPeerID),
		TTL:       m.TTLPeriod,
		Action:    action(m.Action),
		Reactions: reactions(m.Reactions),
		Reactors:  reactors(m.Reactions),
	}
	if pointsAtMessage(msg.Action.Type) && msg.Reply != nil {
		msg.Action.MessageID = msg.Reply.MessageID
		msg.Action.Peer = msg.Reply.Peer
	}
	if _, made := m.Action.(*tg.MessageActionTopicCreate); made {
		msg.Topic = m.ID // the message is the root
	}
	_, empty := m.Action.(*tg.MessageActionEmpty)
	msg.Unsupported = empty
	return msg
}

// pointsAtMessage tells the actions whose object stands in the reply header.
func pointsAtMessage(action string) bool {
	switch action {
	case "pin_message", "score_in_game", "send_payment", "set_chat_wallpaper", "set_same_chat_wallpaper":
		return true
	}
	return false
}

func author(from tg.PeerClass, chat archive.PeerID, out bool) archive.PeerID {
	id := PeerID(from)
	if id == "" && !out && chat.Kind() == archive.PeerUser {
		return chat
	}
	return id
}

// gameBot is the bot a game's link goes to: the one that wrote the message, or
// through which it was written.
func gameBot(m *tg.Message, f *archive.Forward) archive.PeerID {
	from := PeerID(m.FromID)
	if from == "" {
		from = PeerID(m.PeerID)
	}
	switch {
	case m.ViaBotID != 0:
		return userID(m.ViaBotID)
	case f != nil && f.From.Kind() == archive.PeerUser:
		return f.From
	case from.Kind() == archive.PeerUser:
		return from
	}
	return ""
}
