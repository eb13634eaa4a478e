package telegram

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// pageSize is how many messages or chats are asked for at once: what servers
// give at most.
const pageSize = 100

// archiveFolder is the folder of archived chats.
const archiveFolder = 1

// A chat is one chat of the account during a run.
type chat struct {
	id     archive.PeerID
	input  tg.InputPeerClass
	hash   int64 // access hash
	peer   *archive.Peer
	source encoder // the TL object that peer was made of
	dialog archive.Dialog
	pts    int // of a channel, 0 if the server does not say
	date   int // of the newest message, Unix seconds

	folders  []string // that it is in, where rules speak of any
	included bool
	rule     string // that decided, "" for none
	state    chatState
	// closed: a basic group that became a supergroup, read through to its end.
	closed bool
	// away: a chat that was left and is in no list but that of a takeout.
	away bool
	// nameless: the server does not say what the chat is.
	nameless bool
	// private: one side of a private chat forbids saving. It is set while files
	// are being fetched.
	private atomic.Bool
}

// forbidden reports whether the server already said that messages cannot be had.
func (c *chat) forbidden() bool {
	switch c.source.(type) {
	case *tg.ChannelForbidden, *tg.ChatForbidden:
		return true
	}
	return false
}

// dialogs lists the account's chats, archived ones included, in the server's
// order: pinned ones, then the newest first. Hash is the access hash that is known
// of a chat, 0 if none is: for chats that the server lists without their profiles.
func (l *link) dialogs(ctx context.Context, self archive.PeerID, hash func(archive.PeerID) int64) ([]*chat, error) {
	d := &dialogList{
		link: l, self: self, hash: hash, seen: map[archive.PeerID]*chat{},
		peers: map[archive.PeerID]*archive.Peer{}, sources: map[archive.PeerID]encoder{},
	}
	if err := d.folder(ctx, 0, false); err != nil {
		return nil, err
	}
	if d.hasFolder {
		// This server keeps archived chats out of the list.
		if err := d.folder(ctx, archiveFolder, true); err != nil {
			return nil, err
		}
	}
	for _, c := range d.chats {
		c.dialog.Type = normal.DialogType(self, c.peer, d.peers[c.peer.Linked])
	}
	return d.chats, nil
}

// A dialogList is the list of chats while it is being fetched.
type dialogList struct {
	link      *link
	self      archive.PeerID
	hash      func(archive.PeerID) int64
	chats     []*chat
	seen      map[archive.PeerID]*chat
	peers     map[archive.PeerID]*archive.Peer
	sources   map[archive.PeerID]encoder
	hasFolder bool
}

// folder fetches all pages of a folder, or of everything. It ends on a page
// that brings nothing new: counts and short pages prove nothing.
func (d *dialogList) folder(ctx context.Context, id int, only bool) error {
	request := &tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: pageSize}
	if only {
		request.SetFolderID(id)
	}
	for {
		answer, err := d.link.api.MessagesGetDialogs(ctx, request)
		if err != nil {
			return err
		}
		page, ok := answer.AsModified()
		if !ok {
			return fmt.Errorf("messages.getDialogs: unexpected answer %s", answer.TypeName())
		}
		d.learn(page.GetUsers(), page.GetChats())
		if err := d.ask(ctx, page.GetDialogs()); err != nil {
			return err
		}
		before := len(d.chats)
		d.page(page)
		if _, whole := answer.(*tg.MessagesDialogs); whole || len(d.chats) == before {
			return nil
		}
		if err := d.next(ctx, request); err != nil {
			return err
		}
	}
}

// page takes a page into the list.
func (d *dialogList) page(page tg.ModifiedMessagesDialogs) {
	dates := map[archive.PeerID]map[int]int{}
	for _, m := range page.GetMessages() {
		id, date, ok := whereWhen(m)
		if !ok {
			continue
		}
		if dates[id] == nil {
			dates[id] = map[int]int{}
		}
		dates[id][m.GetID()] = date
	}
	for _, item := range page.GetDialogs() {
		switch item := item.(type) {
		case *tg.DialogFolder:
			d.hasFolder = true
		case *tg.Dialog:
			id := normal.PeerID(item.Peer)
			if d.seen[id] != nil || id == "" {
				continue
			}
			var c *chat
			if d.peers[id] != nil {
				c = newChat(d.self, d.peers[id], d.sources[id])
			} else {
				c = d.namelessChat(id)
			}
			c.dialog = archive.Dialog{
				Pinned: item.Pinned, Folder: item.FolderID, TopMessage: item.TopMessage, Left: c.peer.Left,
			}
			c.pts, c.date = item.Pts, dates[id][item.TopMessage]
			d.seen[id] = c
			d.chats = append(d.chats, c)
		}
	}
}

// next sets the request to go on behind the last chat that has a message. Where
// the server does not tell that message with the list, it is asked for.
func (d *dialogList) next(ctx context.Context, request *tg.MessagesGetDialogsRequest) error {
	for _, c := range slices.Backward(d.chats) {
		if c.date == 0 && !c.forbidden() && !c.nameless {
			p, err := d.link.newest(ctx, c)
			if err != nil && !dispensable(err) {
				return err
			}
			if len(p.messages) > 0 {
				_, c.date, _ = whereWhen(p.messages[0])
				c.dialog.TopMessage = p.messages[0].GetID()
			}
		}
		if c.date != 0 {
			request.OffsetDate, request.OffsetID, request.OffsetPeer = c.date, c.dialog.TopMessage, c.input
			return nil
		}
	}
	return nil
}

// newest asks for the newest message of a chat.
func (l *link) newest(ctx context.Context, c *chat) (page, error) {
	answer, err := l.api.MessagesGetHistory(ctx, &tg.MessagesGetHistoryRequest{Peer: c.input, Limit: 1})
	if err != nil {
		return page{}, err
	}
	return pageOf(answer)
}

// newChat makes a chat of a profile and the TL object it came from.
func newChat(self archive.PeerID, p *archive.Peer, source encoder) *chat {
	c := &chat{id: p.ID, peer: p, source: source}
	switch source := source.(type) {
	case *tg.User:
		c.hash = source.AccessHash
	case *tg.Channel:
		c.hash = source.AccessHash
	case *tg.ChannelForbidden:
		c.hash = source.AccessHash
	}
	c.input = inputPeer(p.ID, c.hash)
	if p.ID == self {
		c.input = &tg.InputPeerSelf{}
	}
	return c
}

// inputPeer names a chat to the server.
func inputPeer(id archive.PeerID, hash int64) tg.InputPeerClass {
	switch id.Kind() {
	case archive.PeerUser:
		return &tg.InputPeerUser{UserID: id.Num(), AccessHash: hash}
	case archive.PeerChat:
		return &tg.InputPeerChat{ChatID: id.Num()}
	case archive.PeerChannel:
		return &tg.InputPeerChannel{ChannelID: id.Num(), AccessHash: hash}
	}
	return &tg.InputPeerEmpty{}
}

// whereWhen is the chat and the date of a message; false for a messageEmpty.
func whereWhen(m tg.MessageClass) (archive.PeerID, int, bool) {
	full, ok := m.AsNotEmpty()
	if !ok {
		return "", 0, false
	}
	return normal.PeerID(full.GetPeerID()), full.GetDate(), true
}
