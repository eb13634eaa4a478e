package telegram

import (
	"context"
	"maps"
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// changes is what updates say about messages, by chat.
type changes struct {
	edited  map[archive.PeerID][]tg.MessageClass
	deleted map[archive.PeerID][]int          // "": users and basic groups, where ids alone are given
	touched map[archive.PeerID][]int          // changed in a way that only the message itself shows
	prints  map[archive.PeerID]map[int]string // of the newest of edited
}

func changesOf(updates []tg.UpdateClass) *changes {
	ch := &changes{
		edited: map[archive.PeerID][]tg.MessageClass{}, deleted: map[archive.PeerID][]int{}, touched: map[archive.PeerID][]int{},
		prints: map[archive.PeerID]map[int]string{},
	}
	for _, u := range updates {
		ch.add(u)
	}
	return ch
}

func (ch *changes) add(u tg.UpdateClass) {
	switch u := u.(type) {
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
	if ch.prints[id][m.GetID()] == print {
		return
	}
	ch.prints[id][m.GetID()] = print
	ch.edited[id] = append(ch.edited[id], m)
}

func (ch *changes) touch(chat archive.PeerID, ids ...int) {
	ch.touched[chat] = append(ch.touched[chat], ids...)
}

// take adds to b what updates say about archived messages. Of chats that are
// excluded it only marks what changed.
func (r *run) take(ctx context.Context, b *batch, updates []tg.UpdateClass, users []tg.UserClass, chats []tg.ChatClass) error {
	ch, missed := changesOf(updates), map[archive.PeerID][]int{}
	for _, id := range slices.Sorted(maps.Keys(ch.touched)) {
		ids, err := r.look(ctx, ch, id)
		if err != nil {
			return err
		}
		missed[id] = ids
	}
	for _, id := range slices.Sorted(maps.Keys(ch.edited)) {
		c := r.chats[id]
		if c == nil || !c.included {
			for _, m := range ch.edited[id] {
				missed[id] = append(missed[id], m.GetID())
			}
			continue
		}
		if err := r.wholeArticles(ctx, c, ch.edited[id]); err != nil {
			return err
		}
		if err := r.versions(b, c, ch.edited[id], users, chats); err != nil {
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

// look fetches messages that were touched, and counts them as edited. It returns
// the ids that could not be looked up.
func (r *run) look(ctx context.Context, ch *changes, id archive.PeerID) (missed []int, err error) {
	c := r.chats[id]
	if c == nil || !c.included {
		return ch.touched[id], nil
	}
	ids := slices.DeleteFunc(ch.touched[id], func(id int) bool { return !c.state.Covered.has(id) })
	slices.Sort(ids)
	for ids := range slices.Chunk(slices.Compact(ids), pageSize) {
		found, err := r.link.messages(ctx, c.id, c.hash, ids)
		if dispensable(err) {
			r.warn("messages.getMessages", err)
			missed = append(missed, ids...)
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, m := range found.sorted() {
			ch.edit(m)
		}
	}
	return missed, nil
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
