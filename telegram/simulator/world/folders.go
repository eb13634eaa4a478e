package world

import (
	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// A folder of chats, as the account made it.
type folder struct {
	id      int
	title   string
	groups  bool // all groups
	include []peer
	pinned  []peer
	exclude []peer
}

// A draft is a message that was written and not sent.
type draft struct {
	chat  peer
	topic int // 0: none
	text  string
	date  int
}

// getDialogFilters lists the folders. The list of all chats is always among them:
// TDLib counts on that.
func (w *World) getDialogFilters(_ *Call, a *account, _ *tg.MessagesGetDialogFiltersRequest) (bin.Encoder, error) {
	out := &tg.MessagesDialogFilters{Filters: []tg.DialogFilterClass{&tg.DialogFilterDefault{}}}
	for _, f := range a.folders {
		out.Filters = append(out.Filters, &tg.DialogFilter{
			ID: f.id, Title: tg.TextWithEntities{Text: f.title, Entities: []tg.MessageEntityClass{}}, Groups: f.groups,
			PinnedPeers: w.inputPeers(a, f.pinned), IncludePeers: w.inputPeers(a, f.include), ExcludePeers: w.inputPeers(a, f.exclude),
		})
	}
	return out, nil
}

func (w *World) inputPeers(a *account, list []peer) []tg.InputPeerClass {
	out := []tg.InputPeerClass{}
	for _, p := range list {
		out = append(out, w.inputPeer(a, p))
	}
	return out
}

func (w *World) inputPeer(a *account, p peer) tg.InputPeerClass {
	switch {
	case p == userPeer(a.UserID):
		return &tg.InputPeerSelf{}
	case p.kind == 'u':
		return &tg.InputPeerUser{UserID: p.id, AccessHash: w.accessHash(p)}
	case p.kind == 'g':
		return &tg.InputPeerChat{ChatID: p.id}
	}
	return &tg.InputPeerChannel{ChannelID: p.id, AccessHash: w.accessHash(p)}
}

// getAllDrafts tells the drafts as updates.
func (w *World) getAllDrafts(_ *Call, a *account, _ *tg.MessagesGetAllDraftsRequest) (bin.Encoder, error) {
	cast := w.newCast(a)
	updates := []tg.UpdateClass{}
	for _, d := range a.drafts {
		cast.add(d.chat)
		u := &tg.UpdateDraftMessage{Peer: d.chat.tl(), Draft: d.tl()}
		if d.topic != 0 {
			u.SetTopMsgID(d.topic)
		}
		updates = append(updates, u)
	}
	return &tg.Updates{Updates: updates, Users: cast.users(), Chats: cast.chats(), Date: int(w.now().Unix())}, nil
}

func (d draft) tl() *tg.DraftMessage { return &tg.DraftMessage{Message: d.text, Date: d.date} }

// draftOf is what a chat of the list of dialogs says of its draft.
func (a *account) draftOf(p peer) tg.DraftMessageClass {
	for _, d := range a.drafts {
		if d.chat == p && d.topic == 0 {
			return d.tl()
		}
	}
	return nil
}
