package telegram

import (
	"context"
	"errors"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// errNameless: the list of chats names one, and nothing says what it is.
var errNameless = errors.New("the server lists the chat and does not say what it is")

// learn takes the profiles that came with a page.
func (d *dialogList) learn(users []tg.UserClass, chats []tg.ChatClass) {
	for _, u := range users {
		if p := normal.User(u); p != nil {
			d.peers[p.ID], d.sources[p.ID] = p, u
		}
	}
	for _, c := range chats {
		if p := normal.Chat(c); p != nil {
			d.peers[p.ID], d.sources[p.ID] = p, c
		}
	}
}

// ask asks for the profiles of chats that a page lists without them. Some servers
// leave them out; Telegram never does.
func (d *dialogList) ask(ctx context.Context, dialogs []tg.DialogClass) error {
	lacking := map[string][]archive.PeerID{} // by kind
	for _, item := range dialogs {
		dialog, ok := item.(*tg.Dialog)
		if !ok {
			continue
		}
		if id := normal.PeerID(dialog.Peer); id != "" && d.peers[id] == nil && d.seen[id] == nil {
			lacking[id.Kind()] = append(lacking[id.Kind()], id)
		}
	}
	for _, ids := range lacking {
		err := d.askFor(ctx, ids)
		for i := 0; i < len(ids) && len(ids) > 1 && refused(err); i++ { // one of them can spoil it for all
			if single := d.askFor(ctx, ids[i:i+1]); single != nil && !refused(single) {
				err = single
			}
		}
		if err != nil && !dispensable(err) {
			return err
		}
	}
	return nil
}

// askFor asks for the profiles of chats of one kind.
func (d *dialogList) askFor(ctx context.Context, ids []archive.PeerID) error {
	var users []tg.InputUserClass
	var channels []tg.InputChannelClass
	var groups []int64
	for _, id := range ids {
		hash := d.hash(id)
		switch {
		case id == d.self:
			users = append(users, &tg.InputUserSelf{})
		case id.Kind() == archive.PeerUser:
			users = append(users, &tg.InputUser{UserID: id.Num(), AccessHash: hash})
		case id.Kind() == archive.PeerChannel:
			channels = append(channels, &tg.InputChannel{ChannelID: id.Num(), AccessHash: hash})
		default:
			groups = append(groups, id.Num())
		}
	}
	var answer tg.MessagesChatsClass
	var err error
	switch {
	case len(users) > 0:
		found, err := d.link.optional.UsersGetUsers(ctx, users)
		d.learn(found, nil)
		return err
	case len(channels) > 0:
		answer, err = d.link.optional.ChannelsGetChannels(ctx, channels)
	default:
		answer, err = d.link.optional.MessagesGetChats(ctx, groups)
	}
	if err != nil {
		return err
	}
	d.learn(nil, answer.GetChats())
	return nil
}

// namelessChat is a chat of which only the id is known.
func (d *dialogList) namelessChat(id archive.PeerID) *chat {
	c := newChat(d.self, &archive.Peer{ID: id, Min: true}, nil)
	c.hash = d.hash(id)
	c.nameless = true
	if id != d.self {
		c.input = inputPeer(id, c.hash)
	}
	return c
}

// knownHash is the access hash that a chat had in an earlier sync, 0 if there was
// none.
func (r *run) knownHash(id archive.PeerID) int64 {
	var state chatState
	if _, err := load(r.archive, chatKey(r.account, id), &state); err != nil {
		return 0
	}
	return state.AccessHash
}

// recall gives a chat that the server says nothing about what is known of it.
func (r *run) recall(c *chat) error {
	if !c.nameless {
		return nil
	}
	if _, err := load(r.archive, chatKey(r.account, c.id), &c.state); err != nil {
		return err
	}
	c.peer.Protected = c.state.Protected
	if c.state.Dialog != nil {
		c.dialog.Type, c.dialog.Count = c.state.Dialog.Type, c.state.Dialog.Count
	}
	return nil
}
