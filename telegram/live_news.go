package telegram

import (
	"context"
	"maps"
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// originLive tells work of messages that were pushed from that of pages.
const originLive = "live"

// news adds new messages of included chats as they are told, each as covered by
// itself: whether there was another between it and the ones before, the history
// says when the chat is looked at next. Chats that are not known come with the
// next list of chats.
func (r *run) news(b *batch, ch *changes, users []tg.UserClass, chats []tg.ChatClass) error {
	stored := 0
	for _, id := range slices.Sorted(maps.Keys(ch.fresh)) {
		c := r.chats[id]
		if c == nil || !c.included {
			continue
		}
		n, err := r.newsOf(b, c, ch.fresh[id])
		if err != nil {
			return err
		}
		stored += n
	}
	if stored == 0 {
		return nil
	}
	r.count(func(res *Result) { res.Messages += stored })
	r.tell(func(e *Event) { e.Messages += stored })
	return r.peers(b, users, chats)
}

func (r *run) newsOf(b *batch, c *chat, messages []tg.MessageClass) (stored int, err error) {
	var files sorted
	for _, m := range messages {
		id := m.GetID()
		if c.state.Covered.has(id) {
			continue
		}
		ok, err := r.message(b, c, m, &files)
		if err != nil {
			return 0, err
		}
		if ok {
			stored++
		}
		c.state.Covered = c.state.Covered.add(id, id)
		if from := migration(m); from != "" {
			c.state.MigratedFrom = from
		}
	}
	if c.state.Dialog == nil {
		if err := r.dialog(b, c); err != nil {
			return 0, err
		}
	}
	if err := r.lists(b, c, originLive, &files); err != nil {
		return 0, err
	}
	return stored, b.set(chatKey(r.account, c.id), c.state)
}

// profiles adds records of profiles that changed, of those that are archived
// already.
func (r *run) profiles(b *batch, users []tg.UserClass, chats []tg.ChatClass) error {
	for _, u := range users {
		if err := r.knownPeer(b, normal.User(u), u); err != nil {
			return err
		}
	}
	for _, c := range chats {
		if err := r.knownPeer(b, normal.Chat(c), c); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) knownPeer(b *batch, p *archive.Peer, o encoder) error {
	if p == nil || p.Min {
		return nil
	}
	known := false
	if c := r.chats[p.ID]; c != nil {
		known = c.included
	} else {
		_, found, err := r.archive.Get(peerKey(r.account, p.ID))
		if err != nil {
			return archived(err)
		}
		known = found
	}
	if !known {
		return nil
	}
	return r.peer(b, p, o)
}

// lookAt asks for the profile of a chat of the list and archives it if it
// changed.
func (r *run) lookAt(ctx context.Context, id archive.PeerID) error {
	c := r.chats[id]
	if c == nil || !c.included {
		return nil
	}
	users, chats, err := r.link.profile(ctx, c)
	if dispensable(err) {
		return nil // the next list of chats tells it
	}
	if err != nil {
		return err
	}
	var b batch
	if err := r.profiles(&b, users, chats); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// profile asks for the profile of a chat.
func (l *link) profile(ctx context.Context, c *chat) ([]tg.UserClass, []tg.ChatClass, error) {
	var answer tg.MessagesChatsClass
	var err error
	switch c.id.Kind() {
	case archive.PeerUser:
		users, err := l.optional.UsersGetUsers(ctx, []tg.InputUserClass{&tg.InputUser{UserID: c.id.Num(), AccessHash: c.hash}})
		return users, nil, err
	case archive.PeerChat:
		answer, err = l.optional.MessagesGetChats(ctx, []int64{c.id.Num()})
	default:
		answer, err = l.optional.ChannelsGetChannels(ctx, []tg.InputChannelClass{&tg.InputChannel{ChannelID: c.id.Num(), AccessHash: c.hash}})
	}
	if err != nil {
		return nil, nil, err
	}
	return nil, answer.GetChats(), nil
}
