package world

import (
	"errors"
	"fmt"

	"github.com/gotd/td/tg"
)

// ErrUnknown is returned for an account, a chat or a message that is not there.
var ErrUnknown = errors.New("not in this world")

// A NewMessage is a message that appears while the world is running.
type NewMessage struct {
	Chat     string // "user1", "chat2" or "channel3"
	From     string // likewise; "" means the other side of a private chat, the channel itself, else the account
	Text     string
	Entities []tg.MessageEntityClass
	ReplyTo  int      // message of the same chat, 0: none
	FileName string   // with FileSize > 0: a document of that name with made-up bytes
	FileMIME string   // default application/octet-stream
	FileSize int64    // bytes
	Poll     []string // options of a poll, whose question is Text
	Silent   bool     // not pushed: found by a difference only
}

// AddMessage adds a message to a chat of the account and returns its id.
// User 0 means the first account.
func (w *World) AddMessage(user int64, n NewMessage) (int, error) {
	id := 0
	err := w.change(user, n.Chat, n.Silent, func(a *account, c *chat) (event, error) {
		m := &tg.Message{
			PeerID: c.peer.tl(), Date: int(w.now().Unix()), Message: n.Text, Entities: n.Entities,
		}
		if err := w.sign(a, c, m, n.From); err != nil {
			return event{}, err
		}
		if n.ReplyTo != 0 {
			m.ReplyTo = &tg.MessageReplyHeader{ReplyToMsgID: n.ReplyTo}
		}
		if n.FileSize > 0 {
			m.Media = &tg.MessageMediaDocument{Document: w.newDocument(n, m.Date)}
		}
		if len(n.Poll) > 0 {
			m.Media, m.Message = w.newPoll(n), ""
		}
		m.Date = max(m.Date, c.lastDate()) // dates never descend
		if c.hasPts() {
			m.ID = c.lastID() + 1
		} else {
			a.lastCommon++
			m.ID = a.lastCommon
		}
		id = m.ID
		c.added.add(m)
		return event{kind: 'n', ids: []int{id}}, nil
	})
	return id, err
}

func (c *chat) lastDate() int {
	if n := c.len(); n > 0 {
		return c.date(n - 1)
	}
	return 0
}

// sign sets the sender as the server would: nobody is named where the chat
// itself speaks.
func (w *World) sign(a *account, c *chat, m *tg.Message, from string) error {
	p := userPeer(a.UserID)
	if from != "" {
		var err error
		if p, err = parsePeer(from); err != nil {
			return err
		}
		if w.people[p.id] == nil && w.places[p] == nil {
			return fmt.Errorf("sender %s: %w", p, ErrUnknown)
		}
	} else if place := w.places[c.peer]; c.kind == 'u' || place != nil && place.broadcast {
		p = c.peer
	}
	m.Out = p == userPeer(a.UserID)
	if place := w.places[c.peer]; place != nil && place.broadcast && p == c.peer {
		m.Post = true
		m.SetViews(1)
		return nil
	}
	if c.kind == 'u' && p == c.peer && !m.Out {
		return nil
	}
	m.FromID = p.tl()
	return nil
}

func (w *World) newDocument(n NewMessage, date int) *tg.Document {
	if n.FileMIME == "" {
		n.FileMIME = "application/octet-stream"
	}
	w.newFiles++
	seed := mix(w.key, 'n', w.newFiles)
	f := &file{id: int64(seed >> 1), dc: w.dcs[int(seed%uint64(len(w.dcs)))], mime: n.FileMIME}
	f.parts = map[string]content{"": made{seed: seed, size: n.FileSize}}
	w.shelf[f.id] = f
	d := &tg.Document{ID: f.id, Date: date, MimeType: n.FileMIME, Size: n.FileSize, DCID: f.dc}
	if n.FileName != "" {
		d.Attributes = append(d.Attributes, &tg.DocumentAttributeFilename{FileName: n.FileName})
	}
	return d
}

func (w *World) newPoll(n NewMessage) *tg.MessageMediaPoll {
	w.newFiles++
	media := &tg.MessageMediaPoll{Poll: tg.Poll{ID: int64(mix(w.key, 'v', w.newFiles) >> 1), Question: tg.TextWithEntities{Text: n.Text}}}
	for i, text := range n.Poll {
		option := []byte{byte(i)}
		media.Poll.Answers = append(media.Poll.Answers, &tg.PollAnswer{Text: tg.TextWithEntities{Text: text}, Option: option})
		media.Results.Results = append(media.Results.Results, tg.PollAnswerVoters{Option: option})
	}
	media.Results.SetResults(media.Results.Results)
	return media
}

// EditMessage gives a message another text and marks it as edited.
func (w *World) EditMessage(user int64, chatName string, id int, text string, silent bool) error {
	return w.change(user, chatName, silent, func(a *account, c *chat) (event, error) {
		m, ok := c.get(id).(*tg.Message)
		if !ok {
			return event{}, fmt.Errorf("message %d: %w", id, ErrUnknown)
		}
		m.Message, m.Entities = text, nil
		m.Flags.Unset(7) // entities
		m.SetEditDate(max(int(w.now().Unix()), m.Date))
		c.edited[id] = encodeMessage(m)
		return event{kind: 'e', ids: []int{id}}, nil
	})
}

// DeleteMessages removes messages; ids that are not there are passed over. It
// returns how many were deleted.
func (w *World) DeleteMessages(user int64, chatName string, ids []int, silent bool) (int, error) {
	deleted := 0
	err := w.change(user, chatName, silent, func(a *account, c *chat) (event, error) {
		e := event{kind: 'd'}
		for _, id := range ids {
			if c.get(id) == nil {
				continue
			}
			c.deleted[id] = struct{}{}
			delete(c.edited, id)
			e.ids = append(e.ids, id)
		}
		deleted = len(e.ids)
		return e, nil
	})
	return deleted, err
}

// change does one thing to a chat, logs it and pushes it. Changes are pushed in
// the order in which they are made.
func (w *World) change(user int64, chatName string, silent bool, do func(*account, *chat) (event, error)) error {
	w.changing.Lock()
	defer w.changing.Unlock()
	u, a, err := w.apply(user, chatName, silent, do)
	if err == nil && u != nil {
		w.deliver(a.UserID, u)
	}
	return err
}

func (w *World) apply(user int64, chatName string, silent bool, do func(*account, *chat) (event, error)) (*tg.Updates, *account, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, c, err := w.named(user, chatName)
	if err != nil {
		return nil, nil, err
	}
	e, err := do(a, c)
	if err != nil || len(e.ids) == 0 {
		return nil, nil, err
	}
	e.chat, e.date = c, int(w.now().Unix())
	if c.hasPts() {
		c.pts += e.size()
		e.pts = c.pts
		c.events = append(c.events, e)
	} else {
		a.pts += e.size()
		e.pts = a.pts
		a.events = append(a.events, e)
	}
	if silent {
		return nil, nil, nil
	}
	return w.about(a, c, e.update(w.newStamp())), a, nil
}

// about makes a push of what happened in a chat; nil is something that has no words.
// What moves a count of messages has no seq: a client would take a push for old that
// a difference overtook, and the account's difference does not tell of channels.
func (w *World) about(a *account, c *chat, u tg.UpdateClass) *tg.Updates {
	cast := w.newCast(a)
	cast.add(c.peer)
	if m := eventMessage(u); m != nil {
		cast.message(m)
	}
	updates := []tg.UpdateClass{}
	if u != nil {
		updates = append(updates, u)
	}
	return &tg.Updates{Updates: updates, Users: cast.users(), Chats: cast.chats(), Date: int(w.now().Unix())}
}

// named finds an account and one of its chats. A chat with a known user begins
// with its first message.
func (w *World) named(user int64, chatName string) (*account, *chat, error) {
	a := w.account(user)
	if a == nil {
		return nil, nil, fmt.Errorf("account %d: %w", user, ErrUnknown)
	}
	p, err := parsePeer(chatName)
	if err != nil {
		return nil, nil, err
	}
	if c := a.chats[p]; c != nil {
		return a, c, nil
	}
	if p.kind != 'u' || w.people[p.id] == nil {
		return nil, nil, fmt.Errorf("chat %s: %w", p, ErrUnknown)
	}
	c := newChat(p, &stored{})
	a.add(c)
	return a, c, nil
}

// CloseChannel shuts the account out of a channel, which is CHANNEL_PRIVATE to
// it from then on.
func (w *World) CloseChannel(user int64, chatName string) error {
	return w.happen(user, chatName, false, func(_ *account, c *chat) (tg.UpdateClass, error) {
		if c.kind != 'c' {
			return nil, fmt.Errorf("chat %s is no channel", c.peer)
		}
		w.places[c.peer].private = true
		return &tg.UpdateChannel{ChannelID: c.peer.id}, nil
	})
}
