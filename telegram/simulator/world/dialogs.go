package world

import (
	"cmp"
	"slices"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// archive is the id of the folder of archived chats.
const archive = 1

// A listed chat is a dialog with what the order of the list goes by.
type listed struct {
	*chat
	top      tg.MessageClass // nil for a chat without messages
	topID    int
	topDate  int
	position int // of pinned chats, from the account's order
}

// dialogs lists the chats of an account that have messages and that it has not
// left, newest first, pinned ones before all others.
func (w *World) dialogs(a *account) []listed {
	var out []listed
	for i, c := range a.order {
		if place := w.places[c.peer]; place != nil && (place.left || place.private) {
			continue
		}
		at := c.top()
		if at < 0 {
			continue
		}
		out = append(out, listed{chat: c, top: c.message(at), topID: c.id(at), topDate: c.date(at), position: i})
	}
	slices.SortStableFunc(out, func(a, b listed) int {
		switch {
		case a.pinned != b.pinned && a.pinned:
			return -1
		case a.pinned != b.pinned:
			return 1
		case a.pinned:
			return a.position - b.position
		}
		return later(a, b)
	})
	return out
}

// later orders dialogs by their newest message.
func later(a, b listed) int {
	return cmp.Or(b.topDate-a.topDate, b.topID-a.topID, cmp.Compare(b.peer.id, a.peer.id))
}

func (w *World) dialog(a *account, l listed) tg.DialogClass {
	d := &tg.Dialog{
		Pinned: l.pinned, Peer: l.peer.tl(), TopMessage: l.topID,
		ReadInboxMaxID: l.topID, ReadOutboxMaxID: l.topID, FolderID: l.folder,
	}
	if l.hasPts() {
		d.SetPts(l.pts)
	}
	if draft := a.draftOf(l.peer); draft != nil {
		d.SetDraft(draft)
	}
	return d
}

// getDialogs pages through the list by the date, id and peer of the last dialog
// of the page before. Without a folder it lists every chat; with folder 0 the
// archive shows as one entry.
func (w *World) getDialogs(_ *Call, a *account, r *tg.MessagesGetDialogsRequest) (bin.Encoder, error) {
	folder, inFolder := r.GetFolderID()
	if inFolder && folder != 0 && folder != archive {
		return nil, fail(400, "FOLDER_ID_INVALID")
	}
	var all []listed
	for _, l := range w.dialogs(a) {
		if (!inFolder || l.folder == folder) && !(l.pinned && r.ExcludePinned) {
			all = append(all, l)
		}
	}
	start, err := w.dialogOffset(a, r, all)
	if err != nil {
		return nil, err
	}
	page := all[start:]
	page = page[:min(len(page), max(r.Limit, 1), maxPage)]
	first := start == 0
	last := start+len(page) == len(all)
	dialogs, messages, cast := w.describe(a, page)
	if first && inFolder && folder == 0 && !r.ExcludePinned {
		dialogs, messages = w.archiveEntry(a, cast, dialogs, messages)
	}
	if first && last {
		return &tg.MessagesDialogs{Dialogs: dialogs, Messages: messages, Chats: cast.chats(), Users: cast.users()}, nil
	}
	return &tg.MessagesDialogsSlice{Count: len(all), Dialogs: dialogs, Messages: messages, Chats: cast.chats(), Users: cast.users()}, nil
}

// dialogOffset returns where the page after the given dialog begins.
func (w *World) dialogOffset(a *account, r *tg.MessagesGetDialogsRequest, all []listed) (int, error) {
	after := listed{chat: &chat{}, topDate: r.OffsetDate, topID: r.OffsetID}
	if _, empty := r.OffsetPeer.(*tg.InputPeerEmpty); !empty {
		p, ok := w.offsetPeer(a, r.OffsetPeer)
		if !ok {
			return 0, fail(400, "OFFSET_PEER_ID_INVALID")
		}
		after.chat = &chat{peer: p}
	}
	if r.OffsetDate == 0 && r.OffsetID == 0 {
		return 0, nil
	}
	same := func(l listed) bool { return l.peer == after.peer && l.topID == after.topID }
	if i := slices.IndexFunc(all, same); i >= 0 {
		return i + 1, nil
	}
	// The dialog has moved since: go by date.
	i := slices.IndexFunc(all, func(l listed) bool { return !l.pinned && later(after, l) < 0 })
	if i < 0 {
		return len(all), nil
	}
	return i, nil
}

// offsetPeer is whom the offset of a page means. Access hashes do not count here:
// TDLib has none at hand and sends 0.
func (w *World) offsetPeer(a *account, in tg.InputPeerClass) (peer, bool) {
	switch in := in.(type) {
	case *tg.InputPeerUser:
		return userPeer(in.UserID), w.people[in.UserID] != nil
	case *tg.InputPeerChannel:
		return channelPeer(in.ChannelID), w.places[channelPeer(in.ChannelID)] != nil
	}
	p, err := w.resolve(a, in)
	return p, err == nil
}

// describe builds what an answer says of dialogs.
func (w *World) describe(a *account, page []listed) ([]tg.DialogClass, []tg.MessageClass, *cast) {
	cast, stamp := w.newCast(a), w.newStamp()
	dialogs, messages := []tg.DialogClass{}, []tg.MessageClass{}
	for _, l := range page {
		cast.add(l.peer)
		dialogs = append(dialogs, w.dialog(a, l))
		if l.top != nil {
			stamp.message(l.top)
			cast.message(l.top)
			messages = append(messages, l.top)
		}
	}
	return dialogs, messages, cast
}

// archiveEntry puts the archive, if it holds anything, before the dialogs.
func (w *World) archiveEntry(a *account, cast *cast, dialogs []tg.DialogClass, messages []tg.MessageClass) ([]tg.DialogClass, []tg.MessageClass) {
	for _, l := range w.dialogs(a) {
		if l.folder != archive {
			continue
		}
		cast.add(l.peer)
		cast.message(l.top)
		entry := &tg.DialogFolder{
			Pinned: true, Folder: tg.Folder{ID: archive, Title: "Archived chats"}, Peer: l.peer.tl(), TopMessage: l.topID,
		}
		return append([]tg.DialogClass{entry}, dialogs...), append(messages, w.newStamp().message(l.top))
	}
	return dialogs, messages
}

func (w *World) getPinnedDialogs(_ *Call, a *account, r *tg.MessagesGetPinnedDialogsRequest) (bin.Encoder, error) {
	var page []listed
	for _, l := range w.dialogs(a) {
		if l.pinned && l.folder == r.FolderID {
			page = append(page, l)
		}
	}
	return w.peerDialogs(a, page), nil
}

func (w *World) getPeerDialogs(_ *Call, a *account, r *tg.MessagesGetPeerDialogsRequest) (bin.Encoder, error) {
	byPeer := map[peer]listed{}
	for _, l := range w.dialogs(a) {
		byPeer[l.peer] = l
	}
	var page []listed
	for _, in := range r.Peers {
		one, ok := in.(*tg.InputDialogPeer)
		if !ok {
			continue
		}
		p, err := w.resolve(a, one.Peer)
		if err != nil {
			return nil, err
		}
		l, ok := byPeer[p]
		if !ok {
			l = listed{chat: newChat(p, &stored{})}
		}
		page = append(page, l)
	}
	return w.peerDialogs(a, page), nil
}

func (w *World) peerDialogs(a *account, page []listed) *tg.MessagesPeerDialogs {
	dialogs, messages, cast := w.describe(a, page)
	return &tg.MessagesPeerDialogs{
		Dialogs: dialogs, Messages: messages, Chats: cast.chats(), Users: cast.users(), State: w.state(a),
	}
}
