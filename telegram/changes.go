package telegram

import (
	"maps"
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// changes is what updates say about messages, by chat.
type changes struct {
	edited  map[archive.PeerID][]tg.MessageClass
	deleted map[archive.PeerID][]int             // "": users and basic groups, where ids alone are given
	touched map[archive.PeerID][]int             // changed in a way that only the message itself shows
	fresh   map[archive.PeerID][]tg.MessageClass // new ones
	prints  map[archive.PeerID]map[int]string    // of the newest of edited
	hints   map[archive.PeerID]int               // channels with changes that are not told here, and up to which count; 0: unknown
	renamed map[archive.PeerID]bool              // peers whose profile changed
}

func newChanges() *changes {
	return &changes{
		edited: map[archive.PeerID][]tg.MessageClass{}, deleted: map[archive.PeerID][]int{}, touched: map[archive.PeerID][]int{},
		fresh: map[archive.PeerID][]tg.MessageClass{}, prints: map[archive.PeerID]map[int]string{},
		hints: map[archive.PeerID]int{}, renamed: map[archive.PeerID]bool{},
	}
}

// changesOf gathers what a difference tells.
func changesOf(messages []tg.MessageClass, updates []tg.UpdateClass) *changes {
	ch := newChanges()
	for _, m := range messages {
		ch.new(m)
	}
	for _, u := range updates {
		ch.add(u)
	}
	return ch
}

func (ch *changes) add(u tg.UpdateClass) {
	switch u := u.(type) {
	case *tg.UpdateNewMessage:
		ch.new(u.Message)
	case *tg.UpdateNewChannelMessage:
		ch.new(u.Message)
	case *tg.UpdateEditMessage:
		ch.edit(u.Message)
	case *tg.UpdateEditChannelMessage:
		ch.edit(u.Message)
	case *tg.UpdateDeleteMessages:
		ch.deleted[""] = append(ch.deleted[""], u.Messages...)
	case *tg.UpdateDeleteChannelMessages:
		id := archive.NewPeerID(archive.PeerChannel, u.ChannelID)
		ch.deleted[id] = append(ch.deleted[id], u.Messages...)
	case *tg.UpdateMessageReactions:
		ch.touch(normal.PeerID(u.Peer), u.MsgID)
	case *tg.UpdateMessageExtendedMedia:
		ch.touch(normal.PeerID(u.Peer), u.MsgID)
	case *tg.UpdateMessagePoll:
		if peer, ok := u.GetPeer(); ok && u.MsgID != 0 {
			ch.touch(normal.PeerID(peer), u.MsgID)
		}
	case *tg.UpdatePinnedMessages:
		ch.touch(normal.PeerID(u.Peer), u.Messages...)
	case *tg.UpdatePinnedChannelMessages:
		ch.touch(archive.NewPeerID(archive.PeerChannel, u.ChannelID), u.Messages...)
	case *tg.UpdateChannelTooLong:
		ch.hints[archive.NewPeerID(archive.PeerChannel, u.ChannelID)] = u.Pts
	default:
		if id := renamed(u); id != "" {
			ch.renamed[id] = true
		}
	}
}

// renamed is whose profile an update says to have changed, "" if it is of
// another kind.
func renamed(u tg.UpdateClass) archive.PeerID {
	switch u := u.(type) {
	case *tg.UpdateUser:
		return archive.NewPeerID(archive.PeerUser, u.UserID)
	case *tg.UpdateUserName:
		return archive.NewPeerID(archive.PeerUser, u.UserID)
	case *tg.UpdateUserPhone:
		return archive.NewPeerID(archive.PeerUser, u.UserID)
	case *tg.UpdateChat:
		return archive.NewPeerID(archive.PeerChat, u.ChatID)
	case *tg.UpdateChannel:
		return archive.NewPeerID(archive.PeerChannel, u.ChannelID)
	}
	return ""
}

func (ch *changes) new(m tg.MessageClass) {
	if id, _, ok := whereWhen(m); ok {
		ch.fresh[id] = append(ch.fresh[id], m)
	}
}

// edit notes a version of a message, unless the one before says the same: where
// a message was changed twice, servers tell its newest state twice.
func (ch *changes) edit(m tg.MessageClass) {
	id, _, ok := whereWhen(m)
	if !ok {
		return
	}
	print := contentPrint(m)
	if ch.prints[id] == nil {
		ch.prints[id] = map[int]string{}
	}
	before := ch.prints[id][m.GetID()]
	if before == "" {
		before = ch.freshPrint(id, m.GetID())
	}
	if before == print {
		return
	}
	ch.prints[id][m.GetID()] = print
	ch.edited[id] = append(ch.edited[id], m)
}

// freshPrint is the print of a message that is told as new, "" if it is not.
func (ch *changes) freshPrint(chat archive.PeerID, id int) string {
	i := slices.IndexFunc(ch.fresh[chat], func(m tg.MessageClass) bool { return m.GetID() == id })
	if i < 0 {
		return ""
	}
	return contentPrint(ch.fresh[chat][i])
}

func (ch *changes) touch(chat archive.PeerID, ids ...int) {
	ch.touched[chat] = append(ch.touched[chat], ids...)
}

// take adds to b what updates say about archived messages. It makes no calls:
// what only the message itself shows is marked, and looked up with the chat; so
// is everything of chats that are excluded.
func (r *run) take(b *batch, ch *changes, users []tg.UserClass, chats []tg.ChatClass) error {
	if err := r.news(b, ch, users, chats); err != nil {
		return err
	}
	missed := ch.touched
	for id, messages := range ch.parts() {
		missed[id] = append(missed[id], messages...)
	}
	for _, id := range slices.Sorted(maps.Keys(ch.edited)) {
		c := r.chats[id]
		if c == nil || !c.included {
			for _, m := range ch.edited[id] {
				missed[id] = append(missed[id], m.GetID())
			}
			continue
		}
		whole := slices.DeleteFunc(ch.edited[id], isPart)
		if err := r.versions(b, c, whole, users, chats); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missed)) {
		if err := r.miss(b, id, missed[id]); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ch.deleted)) {
		if err := r.deletion(b, id, ch.deleted[id]); err != nil {
			return err
		}
	}
	return nil
}

// parts lists the messages of which only the beginning is told, by chat.
func (ch *changes) parts() map[archive.PeerID][]int {
	out := map[archive.PeerID][]int{}
	for _, all := range []map[archive.PeerID][]tg.MessageClass{ch.fresh, ch.edited} {
		for id, messages := range all {
			for _, m := range messages {
				if isPart(m) {
					out[id] = append(out[id], m.GetID())
				}
			}
		}
	}
	return out
}

// isPart reports whether only the beginning of a long article is there.
func isPart(m tg.MessageClass) bool {
	full, ok := m.(*tg.Message)
	return ok && full.RichMessage.Part
}

// versions adds new versions of archived messages. What is not archived yet
// comes with the history, in its newest version.
func (r *run) versions(b *batch, c *chat, messages []tg.MessageClass, users []tg.UserClass, chats []tg.ChatClass) error {
	kept := 0
	for _, m := range messages {
		if !c.state.Covered.has(m.GetID()) {
			continue
		}
		var files sorted
		ok, err := r.message(b, c, m, &files)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		kept++
		if err := r.versionFiles(b, c, &files); err != nil {
			return err
		}
	}
	if kept == 0 {
		return nil
	}
	r.count(func(res *Result) { res.Edited += kept })
	return r.peers(b, users, chats)
}

// versionFiles lists the files of one edited message.
func (r *run) versionFiles(b *batch, c *chat, files *sorted) error {
	all := append(slices.Clone(files.fetch), files.later...)
	if len(all) == 0 {
		return nil
	}
	return r.lists(b, c, string(all[0].Key), files)
}

// deletion records that messages are gone. The messages stay.
//
// Recorded is what is archived, or was still to be fetched when the chat was
// last looked at: that the server has nothing there then has a reason. What came
// and went between two looks leaves no trace.
func (r *run) deletion(b *batch, id archive.PeerID, ids []int) error {
	known, err := r.known(id)
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return !known.has(id) })
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil
	}
	r.erased[id] = true
	if err := r.markDeleted(b, id, ids); err != nil {
		return err
	}
	rec := r.record(archive.KindDeletion)
	rec.Chat, rec.Deletion = id, &archive.Deletion{IDs: ids}
	b.records = append(b.records, rec)
	r.count(func(res *Result) { res.Deleted += len(ids) })
	return nil
}

// known are the ids of a chat that are archived or to be fetched. Without a
// chat, those of all users and basic groups, which share one sequence of ids.
func (r *run) known(id archive.PeerID) (spans, error) {
	if id != "" {
		if c := r.chats[id]; c != nil && c.included {
			return c.known(), nil
		}
		return nil, nil
	}
	var all spans
	err := r.eachState(func(id archive.PeerID, s *chatState) error {
		if id.Kind() != archive.PeerChannel {
			all = all.union(s.Covered)
		}
		return nil
	})
	for id, c := range r.chats {
		if c.included && id.Kind() != archive.PeerChannel {
			all = all.union(c.known())
		}
	}
	return all, err
}

// known are the ids that are archived, and those that were to be fetched when
// the chat was last looked at.
func (c *chat) known() spans {
	top := c.dialog.TopMessage
	if c.state.Dialog != nil {
		top = c.state.Dialog.TopMessage
	}
	return c.state.Covered.add(1, top)
}
