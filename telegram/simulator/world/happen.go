package world

import (
	"fmt"
	"slices"

	"github.com/gotd/td/tg"
)

// React adds one reaction with an emoji to a message. Reactions move no count:
// who is not there when they are pushed learns of them from the message.
func (w *World) React(user int64, chatName string, id int, emoji string, silent bool) error {
	return w.happen(user, chatName, silent, func(_ *account, c *chat) (tg.UpdateClass, error) {
		m, err := c.plain(id)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(m.Reactions.Results, func(r tg.ReactionCount) bool {
			one, ok := r.Reaction.(*tg.ReactionEmoji)
			return ok && one.Emoticon == emoji
		})
		if i < 0 {
			i = len(m.Reactions.Results)
			m.Reactions.Results = append(m.Reactions.Results, tg.ReactionCount{Reaction: &tg.ReactionEmoji{Emoticon: emoji}})
		}
		m.Reactions.Results[i].Count++
		m.SetReactions(m.Reactions)
		c.edited[id] = encodeMessage(m)
		return &tg.UpdateMessageReactions{Peer: c.peer.tl(), MsgID: id, Reactions: m.Reactions}, nil
	})
}

// Vote adds a vote for an option of the poll in a message.
func (w *World) Vote(user int64, chatName string, id, option int, silent bool) error {
	return w.happen(user, chatName, silent, func(_ *account, c *chat) (tg.UpdateClass, error) {
		m, err := c.plain(id)
		if err != nil {
			return nil, err
		}
		media, ok := m.Media.(*tg.MessageMediaPoll)
		if !ok || option < 0 || option >= len(media.Results.Results) {
			return nil, fmt.Errorf("option %d of message %d: %w", option, id, ErrUnknown)
		}
		media.Results.Results[option].Voters++
		media.Results.SetTotalVoters(media.Results.TotalVoters + 1)
		c.edited[id] = encodeMessage(m)
		u := &tg.UpdateMessagePoll{PollID: media.Poll.ID, Results: media.Results}
		u.SetPeer(c.peer.tl())
		u.SetMsgID(id)
		return u, nil
	})
}

// PinMessage pins a message of a chat, or takes it off.
func (w *World) PinMessage(user int64, chatName string, id int, pinned, silent bool) error {
	return w.change(user, chatName, silent, func(_ *account, c *chat) (event, error) {
		m, err := c.plain(id)
		if err != nil {
			return event{}, err
		}
		m.Pinned = pinned
		if !pinned {
			m.Flags.Unset(24)
		}
		c.edited[id] = encodeMessage(m)
		return event{kind: 'p', ids: []int{id}, pinned: pinned}, nil
	})
}

// Rename gives a group or channel another title, or a person another first name.
func (w *World) Rename(user int64, chatName, name string, silent bool) error {
	return w.happen(user, chatName, silent, func(_ *account, c *chat) (tg.UpdateClass, error) {
		if p := w.people[c.peer.id]; c.kind == 'u' && p != nil {
			p.first = name
			return &tg.UpdateUserName{UserID: p.id, FirstName: p.first, LastName: p.last, Usernames: []tg.Username{}}, nil
		}
		place := w.places[c.peer]
		if place == nil {
			return nil, fmt.Errorf("chat %s: %w", c.peer, ErrUnknown)
		}
		place.title = name
		if c.kind == 'c' {
			return &tg.UpdateChannel{ChannelID: c.peer.id}, nil
		}
		return &tg.UpdateChat{ChatID: c.peer.id}, nil
	})
}

// plain returns a copy of a message that is no service message.
func (c *chat) plain(id int) (*tg.Message, error) {
	m, ok := c.get(id).(*tg.Message)
	if !ok {
		return nil, fmt.Errorf("message %d: %w", id, ErrUnknown)
	}
	return m, nil
}

// happen does one thing that moves no count of messages, and pushes it: such pushes
// are counted themselves, by seq.
func (w *World) happen(user int64, chatName string, silent bool, do func(*account, *chat) (tg.UpdateClass, error)) error {
	w.changing.Lock()
	defer w.changing.Unlock()
	w.mu.Lock()
	a, c, err := w.named(user, chatName)
	var u tg.UpdateClass
	if err == nil {
		u, err = do(a, c)
	}
	if err != nil || silent {
		w.mu.Unlock()
		return err
	}
	a.seq++
	push := w.about(a, c, u)
	push.Seq = a.seq
	w.mu.Unlock()
	w.deliver(a.UserID, push)
	return nil
}
