package world

import (
	"sort"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// differencePage is how many events a difference holds at most.
const differencePage = 100

// An event is one entry of an account's or a channel's log of changes. pts is
// the count after it. What happened to the message since shows when the event is
// told, as with the real server.
type event struct {
	pts  int
	date int
	chat *chat
	ids  []int
	kind byte // 'n' new, 'e' edited, 'd' deleted, 'p' pinned or taken off

	pinned bool // of 'p'
}

// size is by how much an event moved the count.
func (e event) size() int { return len(e.ids) }

// update tells an event, or nil if there is nothing left to tell.
func (e event) update(s stamp) tg.UpdateClass {
	channel := e.chat.hasPts()
	if e.kind == 'd' {
		if channel {
			return &tg.UpdateDeleteChannelMessages{ChannelID: e.chat.peer.id, Messages: e.ids, Pts: e.pts, PtsCount: e.size()}
		}
		return &tg.UpdateDeleteMessages{Messages: e.ids, Pts: e.pts, PtsCount: e.size()}
	}
	if e.kind == 'p' {
		if channel {
			return &tg.UpdatePinnedChannelMessages{Pinned: e.pinned, ChannelID: e.chat.peer.id, Messages: e.ids, Pts: e.pts, PtsCount: e.size()}
		}
		return &tg.UpdatePinnedMessages{Pinned: e.pinned, Peer: e.chat.peer.tl(), Messages: e.ids, Pts: e.pts, PtsCount: e.size()}
	}
	m := e.chat.get(e.ids[0])
	if m == nil {
		return nil
	}
	s.message(m)
	switch {
	case e.kind == 'e' && channel:
		return &tg.UpdateEditChannelMessage{Message: m, Pts: e.pts, PtsCount: 1}
	case e.kind == 'e':
		return &tg.UpdateEditMessage{Message: m, Pts: e.pts, PtsCount: 1}
	case channel:
		return &tg.UpdateNewChannelMessage{Message: m, Pts: e.pts, PtsCount: 1}
	}
	return &tg.UpdateNewMessage{Message: m, Pts: e.pts, PtsCount: 1}
}

// eventMessage returns the message an update carries, or nil.
func eventMessage(u tg.UpdateClass) tg.MessageClass {
	switch u := u.(type) {
	case *tg.UpdateNewMessage:
		return u.Message
	case *tg.UpdateNewChannelMessage:
		return u.Message
	case *tg.UpdateEditMessage:
		return u.Message
	case *tg.UpdateEditChannelMessage:
		return u.Message
	}
	return nil
}

// since returns the events after a count.
func since(events []event, pts int) []event {
	return events[sort.Search(len(events), func(i int) bool { return events[i].pts > pts }):]
}

// told is what a list of events comes to: new messages, and everything else as
// updates.
func (w *World) told(events []event, cast *cast) (messages []tg.MessageClass, others []tg.UpdateClass) {
	messages, others = []tg.MessageClass{}, []tg.UpdateClass{}
	stamp := w.newStamp()
	for _, e := range events {
		cast.add(e.chat.peer)
		u := e.update(stamp)
		if u == nil {
			continue
		}
		m := eventMessage(u)
		if m != nil {
			cast.message(m)
		}
		if e.kind == 'n' {
			messages = append(messages, m)
		} else {
			others = append(others, u)
		}
	}
	return messages, others
}

func (w *World) state(a *account) tg.UpdatesState {
	return tg.UpdatesState{Pts: a.pts, Date: int(w.now().Unix()), Seq: a.seq}
}

func (w *World) getState(_ *Call, a *account, _ *tg.UpdatesGetStateRequest) (bin.Encoder, error) {
	s := w.state(a)
	return &s, nil
}

func (w *World) getDifference(_ *Call, a *account, r *tg.UpdatesGetDifferenceRequest) (bin.Encoder, error) {
	if r.Pts <= 0 {
		return nil, fail(400, "PERSISTENT_TIMESTAMP_EMPTY")
	}
	if r.Pts > a.pts {
		return nil, fail(400, "PERSISTENT_TIMESTAMP_INVALID")
	}
	events := since(a.events, r.Pts)
	if limit, ok := r.GetPtsTotalLimit(); len(events) > w.differenceLimit || ok && len(events) > limit || w.delivery.isTooLong(len(events)) {
		return &tg.UpdatesDifferenceTooLong{Pts: a.pts}, nil
	}
	page := differencePage
	if limit, ok := r.GetPtsLimit(); ok && limit > 0 {
		page = min(page, limit)
	}
	cast := w.newCast(a)
	more := len(events) > page
	if more {
		events = events[:page]
	}
	messages, others := w.told(events, cast)
	if more {
		state := w.state(a)
		state.Pts = events[page-1].pts
		return &tg.UpdatesDifferenceSlice{
			NewMessages: messages, NewEncryptedMessages: []tg.EncryptedMessageClass{}, OtherUpdates: others,
			Chats: cast.chats(), Users: cast.users(), IntermediateState: state,
		}, nil
	}
	others = append(others, a.channelHints(r.Date, cast)...)
	if len(messages)+len(others) == 0 {
		s := w.state(a)
		return &tg.UpdatesDifferenceEmpty{Date: s.Date, Seq: s.Seq}, nil
	}
	return &tg.UpdatesDifference{
		NewMessages: messages, NewEncryptedMessages: []tg.EncryptedMessageClass{}, OtherUpdates: others,
		Chats: cast.chats(), Users: cast.users(), State: w.state(a),
	}, nil
}

// channelHints name the channels in which something happened since a date:
// their changes are not part of the account's difference.
func (a *account) channelHints(date int, cast *cast) []tg.UpdateClass {
	var out []tg.UpdateClass
	for _, c := range a.order {
		if n := len(c.events); n > 0 && c.events[n-1].date >= date {
			u := &tg.UpdateChannelTooLong{ChannelID: c.peer.id}
			u.SetPts(c.pts)
			out = append(out, u)
			cast.add(c.peer)
		}
	}
	return out
}

func (w *World) getChannelDifference(_ *Call, a *account, r *tg.UpdatesGetChannelDifferenceRequest) (bin.Encoder, error) {
	p, err := w.resolveChannel(a, r.Channel)
	if err != nil {
		return nil, err
	}
	c, err := w.chatOf(a, p)
	if err != nil {
		return nil, err
	}
	if r.Pts <= 0 {
		return nil, fail(400, "PERSISTENT_TIMESTAMP_EMPTY")
	}
	if r.Pts > c.pts {
		return nil, fail(400, "PERSISTENT_TIMESTAMP_INVALID")
	}
	events := since(c.events, r.Pts)
	if len(events) == 0 {
		return &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: c.pts}, nil
	}
	if len(events) > w.differenceLimit || w.delivery.isTooLong(len(events)) {
		return w.channelTooLong(a, c), nil
	}
	page := min(max(r.Limit, 1), differencePage)
	final := len(events) <= page
	if !final {
		events = events[:page]
	}
	cast := w.newCast(a)
	messages, others := w.told(events, cast)
	return &tg.UpdatesChannelDifference{
		Final: final, Pts: events[len(events)-1].pts, NewMessages: messages, OtherUpdates: others,
		Chats: cast.chats(), Users: cast.users(),
	}, nil
}

// channelTooLong gives up on telling the changes: only the newest messages.
func (w *World) channelTooLong(a *account, c *chat) bin.Encoder {
	cast, stamp := w.newCast(a), w.newStamp()
	cast.add(c.peer)
	list := window{limit: 20}.page(c)
	for _, m := range list {
		stamp.message(m)
		cast.message(m)
	}
	l := listed{chat: c}
	if len(list) > 0 {
		l.topID = list[0].GetID()
	}
	return &tg.UpdatesChannelDifferenceTooLong{
		Final: true, Dialog: w.dialog(a, l), Messages: list, Chats: cast.chats(), Users: cast.users(),
	}
}
