package telegram

import (
	"context"
	"errors"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// inTakeout reports whether calls are made in a takeout: some lists Telegram
// gives in one only.
func (l *link) inTakeout() bool { return l.takeout.id.Load() != 0 }

// leftChats lists the channels and supergroups that the account has left and
// that are in no list of chats.
func (r *run) leftChats(ctx context.Context, listed []*chat) ([]*chat, error) {
	if !r.link.inTakeout() {
		return nil, nil
	}
	seen := map[archive.PeerID]bool{}
	for _, c := range listed {
		seen[c.id] = true
	}
	var left []*chat
	for offset := 0; ; {
		answer, err := r.link.optional.ChannelsGetLeftChannels(ctx, offset)
		if err != nil {
			if dispensable(err) {
				r.warn("channels.getLeftChannels", err)
				return left, nil
			}
			return nil, err
		}
		for _, source := range answer.GetChats() {
			if p := normal.Chat(source); p != nil && !seen[p.ID] {
				seen[p.ID] = true
				left = append(left, awayChat(r.account, p, source))
			}
		}
		offset += len(answer.GetChats())
		// A page can hold nothing but chats that are listed, or that say nothing.
		slice, more := answer.(*tg.MessagesChatsSlice)
		if !more || len(slice.Chats) == 0 || offset >= slice.Count {
			return left, nil
		}
	}
}

// awayChat is a chat that the account is no member of any more.
func awayChat(self archive.PeerID, p *archive.Peer, source encoder) *chat {
	p.Left = true
	c := newChat(self, p, source)
	c.away = true
	c.dialog = archive.Dialog{Type: normal.DialogType(self, p, nil), Left: true}
	return c
}

// awayMessages archives what may still be read of a chat that was left: all
// messages if it is public, else those of the account itself.
func (r *run) awayMessages(ctx context.Context, c *chat) error {
	err := r.chat(ctx, c)
	if err == nil || !refused(err) && !errors.Is(err, errForbidden) || ends(err) {
		return err
	}
	if err = r.ownMessages(ctx, c); err != nil && dispensable(err) {
		r.warn("a chat that was left", err)
		return nil
	}
	return err
}

// ownState is what is remembered of the account's own messages in a chat that
// was left.
type ownState struct {
	Top int `json:"top"` // all up to here are archived
}

// ownMessages archives the account's own messages of a chat, newest first. What
// it covers says nothing about the messages of others.
func (r *run) ownMessages(ctx context.Context, c *chat) error {
	key := "own/" + string(r.account) + "/" + string(c.id)
	var known ownState
	if _, err := load(r.archive, key, &known); err != nil {
		return err
	}
	now := known
	request := &tg.MessagesSearchRequest{
		Peer: c.input, Filter: &tg.InputMessagesFilterEmpty{}, Limit: pageSize, MinID: known.Top,
	}
	request.SetFromID(&tg.InputPeerSelf{})
	for {
		answer, err := r.optional.MessagesSearch(ctx, request)
		if err != nil {
			return err
		}
		p, err := pageOf(answer)
		if err != nil {
			return err
		}
		if len(p.messages) == 0 || request.OffsetID != 0 && p.messages[0].GetID() >= request.OffsetID {
			break
		}
		now.Top = max(now.Top, p.messages[0].GetID())
		request.OffsetID = p.messages[len(p.messages)-1].GetID()
		if err := r.ownPage(ctx, c, p); err != nil {
			return err
		}
	}
	if now == known {
		return nil
	}
	var b batch
	if err := b.set(key, now); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// ownPage archives a page of the account's own messages.
func (r *run) ownPage(ctx context.Context, c *chat, p page) error {
	var b batch
	var files sorted
	if err := r.peers(&b, p.users, p.chats); err != nil {
		return err
	}
	stored := 0
	for _, m := range p.messages {
		ok, err := r.message(&b, c, m, &files)
		if err != nil {
			return err
		}
		if ok {
			stored++
		}
	}
	if err := r.dialog(&b, c); err != nil {
		return err
	}
	if err := r.lists(&b, c, "own", &files); err != nil {
		return err
	}
	r.count(func(res *Result) { res.Messages += stored })
	r.tell(func(e *Event) { e.Messages += stored })
	return r.apply(ctx, &b)
}
