package world

import "github.com/gotd/td/tg"

// Of every gap positions of a made-up chat the last one has no message any
// more, as if it had been deleted long ago.
const gap = 41

// withGaps returns how many positions hold n messages.
func withGaps(n int) int {
	if n == 0 {
		return 0
	}
	return n + (n-1)/(gap-1)
}

// generated is the history of a made-up chat. Users and basic groups share one
// count of ids: each has a lane of it, and the shorter a chat, the more of its
// lane is left out. All of them so stretch over the same years.
//
//	slot      0     1     2     3   …
//	lane 0    1     4     7    10        a chat with as many positions as slots
//	lane 1          5          11        half as many
//	lane 2               9               a third
type generated struct {
	town      *town
	peer      peer
	plan      plan
	number    int
	seed      uint64
	positions int
	lane      int
	first     int // how many messages the chats before this one have
}

func (c *generated) len() int  { return c.positions }
func (c *generated) gone() int { return c.positions / gap }

func (c *generated) isGone(i int) bool { return i%gap == gap-1 }

func (c *generated) id(i int) int {
	if c.peer.kind == 'c' {
		return i + 1
	}
	slot := (i+1)*c.town.slots/c.positions - 1
	return slot*c.town.common + c.lane + 1
}

func (c *generated) date(i int) int {
	if c.peer.kind == 'c' {
		return lifeBegins + (lifeEnds-lifeBegins)*(i+1)/(c.positions+1)
	}
	return lifeBegins + int(int64(lifeEnds-lifeBegins)*int64(c.id(i))/int64(c.town.slots*c.town.common+1))
}

// ordinal is the number of a message among all of the account.
func (c *generated) ordinal(i int) int { return c.first + i - i/gap }

// dice are numbers that depend on the message alone.
type dice uint64

func (d dice) at(n uint64) uint64            { return mix(uint64(d), n) }
func (d dice) one(n uint64, in uint64) bool  { return d.at(n)%in == 0 }
func (d dice) below(n uint64, limit int) int { return int(d.at(n) % uint64(limit)) }

// What a throw of the dice decides.
const (
	forText uint64 = iota
	forSender
	forReply
	forReaction
	forEdit
	forKind
	forForward
	forDuplicate
	forAlbum
)

func (c *generated) message(i int) tg.MessageClass {
	if c.isGone(i) {
		return nil
	}
	d := dice(mix(c.seed, uint64(i)))
	m := &tg.Message{ID: c.id(i), PeerID: c.peer.tl(), Date: c.date(i)}
	c.write(m, i, d)
	media := c.media(m, i, d)
	if !media {
		if s := c.service(m, i, d); s != nil {
			return s
		}
	}
	c.words(m, i, d, media)
	c.answer(m, i, d)
	c.react(m, d)
	if d.one(forEdit, 23) {
		m.SetEditDate(m.Date + 60 + d.below(forEdit, 3000))
	}
	return m
}

// write says who wrote the message.
func (c *generated) write(m *tg.Message, i int, d dice) {
	switch c.plan.what {
	case "news":
		m.Post = true
		m.SetViews(50 + d.below(forSender, 4000))
		m.SetForwards(d.below(forSender, 40))
		if c.plan.place.signatures && d.one(forSender, 3) {
			m.PostAuthor = c.town.w.people[c.town.people[d.below(forSender, 3)]].first
		}
	case "saved":
		m.FromID = userPeer(c.town.self).tl()
		m.SetSavedPeerID(c.peer.tl())
	case "group", "forum":
		members := c.town.w.places[c.peer].members
		from := members[d.below(forSender, len(members))]
		m.FromID, m.Out = userPeer(from).tl(), from == c.town.self
	case "deleted":
	default:
		if d.one(forSender, 2) {
			m.FromID, m.Out = userPeer(c.town.self).tl(), true
		}
	}
}

// words puts in the text: none under most media, some with a format.
func (c *generated) words(m *tg.Message, i int, d dice, media bool) {
	if media && !d.one(forText, 3) {
		return
	}
	writer := fromTL(m.FromID)
	if writer.isZero() {
		writer = c.peer
	}
	m.Message, m.Entities = speak(mix(c.town.seed, uint64(writer.id)), uint64(d))
	if c.plan.what == "bot" && !m.Out && d.one(forKind, 6) {
		m.ReplyMarkup = &tg.ReplyInlineMarkup{Rows: []tg.KeyboardInlineButtonRow{{Buttons: []tg.KeyboardInlineButton{
			{Text: "More", Type: &tg.InlineButtonTypeCallback{Data: []byte("more")}},
			{Text: "Site", Type: &tg.InlineButtonTypeURL{URL: "https://example.org/"}},
		}}}}
	}
}

// answer makes some messages replies to one shortly before. In a forum every
// message belongs to a topic.
func (c *generated) answer(m *tg.Message, i int, d dice) {
	var h *tg.MessageReplyHeader
	if i > 3 && d.one(forReply, 7) {
		if to := i - 1 - d.below(forReply, min(i-1, 20)); !c.isGone(to) {
			h = &tg.MessageReplyHeader{}
			h.SetReplyToMsgID(c.id(to))
		}
	}
	if c.plan.what == "forum" && i >= topics {
		topic := c.id(d.below(forSender, topics))
		if h == nil {
			h = &tg.MessageReplyHeader{ForumTopic: true}
			h.SetReplyToMsgID(topic)
		} else {
			h.ForumTopic = true
			h.SetReplyToTopID(topic)
		}
	}
	if h != nil {
		m.SetReplyTo(h)
	}
}

// react adds reactions, in groups with those who reacted.
func (c *generated) react(m *tg.Message, d dice) {
	if !d.one(forReaction, 5) {
		return
	}
	kinds := []string{"👍", "❤", "🔥", "😁", "🎉", "🤔"}
	r := tg.MessageReactions{}
	for n := range 1 + d.below(forReaction, 3) {
		kind := &tg.ReactionEmoji{Emoticon: kinds[(d.below(forReaction, 6)+n)%6]}
		one := tg.ReactionCount{Reaction: kind, Count: 1 + d.below(forReaction+uint64(n)<<8, 9)}
		if c.plan.what == "group" {
			members := c.town.w.places[c.peer].members
			one.Count = 1
			r.CanSeeList = true
			r.RecentReactions = append(r.RecentReactions, tg.MessagePeerReaction{
				PeerID: userPeer(members[n%len(members)]).tl(), Date: m.Date + 30 + n, Reaction: kind,
			})
		}
		r.Results = append(r.Results, one)
	}
	m.SetReactions(r)
}

// topics is how many topics a made-up forum has; its first messages make them.
const topics = 4

// service makes the message a service message now and then.
func (c *generated) service(m *tg.Message, i int, d dice) *tg.MessageService {
	out := &tg.MessageService{ID: m.ID, PeerID: m.PeerID, FromID: m.FromID, Out: m.Out, Post: m.Post, Date: m.Date}
	place := c.town.w.places[c.peer]
	switch {
	case c.plan.what == "forum" && i < topics:
		out.Action = &tg.MessageActionTopicCreate{Title: topicTitles[i], IconColor: 0x6fb9f0}
	case i == 0 && c.peer.kind == 'g':
		out.Action = &tg.MessageActionChatCreate{Title: place.title, Users: place.members}
	case i == 0 && c.peer.kind == 'c':
		out.Action = &tg.MessageActionChannelCreate{Title: place.title}
	case i == 0 && c.plan.what == "friend":
		out.Action = &tg.MessageActionContactSignUp{}
	case place != nil && i > gap && d.one(forKind, 173):
		out.Action = &tg.MessageActionPinMessage{}
		h := &tg.MessageReplyHeader{}
		h.SetReplyToMsgID(c.id(i - i%gap))
		out.SetReplyTo(h)
	case c.plan.what == "group" && d.one(forKind, 151):
		out.Action = &tg.MessageActionChatAddUser{Users: []int64{place.members[len(place.members)-1]}}
	case c.plan.what == "friend" && d.one(forKind, 139):
		call := &tg.MessageActionPhoneCall{CallID: int64(d.at(forKind) >> 1), Reason: &tg.PhoneCallDiscardReasonHangup{}}
		call.SetDuration(30 + d.below(forKind, 1200))
		out.Action = call
	default:
		return nil
	}
	return out
}
