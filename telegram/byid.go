package telegram

import (
	"context"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// found is messages that were asked for by id. What the server does not have is
// not among them.
type found struct {
	messages map[int]tg.MessageClass
	users    []tg.UserClass
	chats    []tg.ChatClass
}

// messages asks for messages of a chat by their ids, at most pageSize of them.
// Whatever order or number the server answers with, the ids say which is which.
func (l *link) messages(ctx context.Context, chat archive.PeerID, hash int64, ids []int) (*found, error) {
	input := make([]tg.InputMessageClass, len(ids))
	for i, id := range ids {
		input[i] = &tg.InputMessageID{ID: id}
	}
	var answer tg.MessagesMessagesClass
	var err error
	if chat.Kind() == archive.PeerChannel {
		answer, err = l.optional.ChannelsGetMessages(ctx, &tg.ChannelsGetMessagesRequest{
			Channel: &tg.InputChannel{ChannelID: chat.Num(), AccessHash: hash}, ID: input,
		})
	} else {
		answer, err = l.optional.MessagesGetMessages(ctx, input)
	}
	if err != nil {
		return nil, err
	}
	p, err := pageOf(answer)
	if err != nil {
		return nil, err
	}
	out := &found{messages: map[int]tg.MessageClass{}, users: p.users, chats: p.chats}
	for _, m := range p.messages {
		if _, _, ok := whereWhen(m); ok {
			out.messages[m.GetID()] = m
		}
	}
	return out, nil
}
