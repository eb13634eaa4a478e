package world

import "github.com/gotd/td/tg"

// A cast collects everyone an answer speaks of, in the order they appear: the
// users and chats that go with every list of messages.
type cast struct {
	w     *World
	a     *account
	seen  map[peer]struct{}
	order []peer
}

func (w *World) newCast(a *account) *cast {
	return &cast{w: w, a: a, seen: map[peer]struct{}{}}
}

func (c *cast) has(p peer) bool { _, ok := c.seen[p]; return ok }

func (c *cast) add(p peer) {
	if p.isZero() || c.has(p) {
		return
	}
	c.seen[p] = struct{}{}
	c.order = append(c.order, p)
	if p.kind == 'g' {
		if place := c.w.places[p]; place != nil && place.movedTo != 0 {
			c.add(channelPeer(place.movedTo))
		}
	}
}

func (c *cast) tl(p tg.PeerClass) { c.add(fromTL(p)) }

func (c *cast) user(ids ...int64) {
	for _, id := range ids {
		if id != 0 {
			c.add(userPeer(id))
		}
	}
}

// users and chats give the TL objects of the cast. Users nobody knows are left
// out, as by the real server.
func (c *cast) users() []tg.UserClass {
	out := []tg.UserClass{}
	for _, p := range c.order {
		if p.kind == 'u' && c.w.people[p.id] != nil {
			out = append(out, c.w.user(c.a, p.id))
		}
	}
	return out
}

func (c *cast) chats() []tg.ChatClass {
	out := []tg.ChatClass{}
	for _, p := range c.order {
		if place := c.w.places[p]; place != nil {
			out = append(out, c.w.place(place))
		}
	}
	return out
}

// message adds everyone a message names.
func (c *cast) message(m tg.MessageClass) {
	c.w.addressed(c.a, m)
	switch m := m.(type) {
	case *tg.Message:
		c.tl(m.FromID)
		c.tl(m.PeerID)
		c.tl(m.SavedPeerID)
		c.user(m.ViaBotID)
		c.forward(m.FwdFrom)
		c.reply(m.ReplyTo)
		c.entities(m.Entities)
		c.media(m.Media)
		c.reactions(m.Reactions)
		if r, ok := m.GetReplies(); ok {
			for _, p := range r.RecentRepliers {
				c.tl(p)
			}
			if r.ChannelID != 0 {
				c.add(channelPeer(r.ChannelID))
			}
		}
		c.buttons(m.ReplyMarkup)
	case *tg.MessageService:
		c.tl(m.FromID)
		c.tl(m.PeerID)
		c.reply(m.ReplyTo)
		c.action(m.Action)
	}
}

func (c *cast) forward(f tg.MessageFwdHeader) {
	c.tl(f.FromID)
	c.tl(f.SavedFromPeer)
	c.tl(f.SavedFromID)
}

func (c *cast) reply(r tg.MessageReplyHeaderClass) {
	switch r := r.(type) {
	case *tg.MessageReplyHeader:
		c.tl(r.ReplyToPeerID)
		c.forward(r.ReplyFrom)
	case *tg.MessageReplyStoryHeader:
		c.tl(r.Peer)
	}
}

func (c *cast) entities(all []tg.MessageEntityClass) {
	for _, e := range all {
		if e, ok := e.(*tg.MessageEntityMentionName); ok {
			c.user(e.UserID)
		}
	}
}

func (c *cast) reactions(r tg.MessageReactions) {
	for _, one := range r.RecentReactions {
		c.tl(one.PeerID)
	}
	for _, one := range r.TopReactors {
		c.tl(one.PeerID)
	}
}

func (c *cast) media(m tg.MessageMediaClass) {
	switch m := m.(type) {
	case *tg.MessageMediaContact:
		c.user(m.UserID)
	case *tg.MessageMediaGiveaway:
		for _, id := range m.Channels {
			c.add(channelPeer(id))
		}
	case *tg.MessageMediaGiveawayResults:
		c.add(channelPeer(m.ChannelID))
		c.user(m.Winners...)
	case *tg.MessageMediaToDo:
		for _, one := range m.Completions {
			c.tl(one.CompletedBy)
		}
	}
}

func (c *cast) buttons(m tg.ReplyMarkupClass) {
	inline, ok := m.(*tg.ReplyInlineMarkup)
	if !ok {
		return
	}
	for _, row := range inline.Rows {
		for _, b := range row.Buttons {
			if u, ok := b.Type.(*tg.InlineButtonTypeUserProfile); ok {
				c.user(u.UserID)
			}
		}
	}
}

func (c *cast) action(m tg.MessageActionClass) {
	switch m := m.(type) {
	case *tg.MessageActionChatCreate:
		c.user(m.Users...)
	case *tg.MessageActionChatAddUser:
		c.user(m.Users...)
	case *tg.MessageActionChatDeleteUser:
		c.user(m.UserID)
	case *tg.MessageActionChatJoinedByLink:
		c.user(m.InviterID)
	case *tg.MessageActionInviteToGroupCall:
		c.user(m.Users...)
	case *tg.MessageActionChatMigrateTo:
		c.add(channelPeer(m.ChannelID))
	case *tg.MessageActionChannelMigrateFrom:
		c.add(groupPeer(m.ChatID))
	case *tg.MessageActionGeoProximityReached:
		c.tl(m.FromID)
		c.tl(m.ToID)
	case *tg.MessageActionRequestedPeer:
		for _, p := range m.Peers {
			c.tl(p)
		}
	case *tg.MessageActionGiftCode:
		c.tl(m.BoostPeer)
	case *tg.MessageActionPaymentRefunded:
		c.tl(m.Peer)
	case *tg.MessageActionPrizeStars:
		c.tl(m.BoostPeer)
	case *tg.MessageActionStarGift:
		c.tl(m.FromID)
		c.tl(m.Peer)
		c.tl(m.ToID)
	case *tg.MessageActionConferenceCall:
		for _, p := range m.OtherParticipants {
			c.tl(p)
		}
	case *tg.MessageActionNewCreatorPending:
		c.user(m.NewCreatorID)
	case *tg.MessageActionChangeCreator:
		c.user(m.NewCreatorID)
	case *tg.MessageActionManagedBotCreated:
		c.user(m.BotID)
	}
}
