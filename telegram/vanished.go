package telegram

import (
	"context"
	"strings"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// lookedFor is how many chats that vanished from the list are asked for in a
// sync.
const lookedFor = 20

// vanished looks for archived groups and channels that the list of chats does
// not have any more: the account has left them, or was put out. That alone
// proves nothing, so the server is asked.
func (r *run) vanished(ctx context.Context) error {
	gone, err := r.absent()
	if err != nil {
		return err
	}
	for _, c := range gone {
		if err := r.leave(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// absent lists archived groups and channels that the list of chats does not have
// and that are not known to be left.
func (r *run) absent() ([]*chat, error) {
	var gone []*chat
	prefix := chatKey(r.account, "")
	err := r.archive.Range(prefix, func(key string, _ []byte) error {
		id := archive.PeerID(strings.TrimPrefix(key, prefix))
		if r.chats[id] != nil || id.Kind() == archive.PeerUser || len(gone) == lookedFor {
			return nil
		}
		c := &chat{id: id}
		if _, err := load(r.archive, key, &c.state); err != nil {
			return err
		}
		if c.state.Dialog != nil && !c.state.Dialog.Left {
			gone = append(gone, c)
		}
		return nil
	})
	return gone, archived(err)
}

// leave asks for one chat, and notes that the account is no member any more.
func (r *run) leave(ctx context.Context, c *chat) error {
	var answer tg.MessagesChatsClass
	var err error
	if c.id.Kind() == archive.PeerChannel {
		answer, err = r.optional.ChannelsGetChannels(ctx, []tg.InputChannelClass{&tg.InputChannel{ChannelID: c.id.Num(), AccessHash: c.state.AccessHash}})
	} else {
		answer, err = r.optional.MessagesGetChats(ctx, []int64{c.id.Num()})
	}
	left := err != nil && inaccessible(err)
	if err != nil && !left {
		if dispensable(err) {
			return nil // the next sync asks again
		}
		return err
	}
	var b batch
	if err == nil {
		for _, source := range answer.GetChats() {
			p := normal.Chat(source)
			if p == nil || p.ID != c.id {
				continue
			}
			left = p.Left
			if err := r.peer(&b, p, source); err != nil {
				return err
			}
		}
	}
	if left {
		if err := r.markLeft(&b, c); err != nil {
			return err
		}
	}
	return r.apply(ctx, &b)
}

func (r *run) markLeft(b *batch, c *chat) error {
	dialog := *c.state.Dialog
	dialog.Left = true
	c.state.Dialog = &dialog
	rec := r.record(archive.KindChat)
	rec.Chat, rec.Dialog = c.id, &dialog
	b.records = append(b.records, rec)
	return b.set(chatKey(r.account, c.id), c.state)
}
