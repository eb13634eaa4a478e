package telegram

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// rescanSlack is how far back of the last known moment an edit counts as new
// when a history is read again, in seconds: clocks differ.
const rescanSlack = 24 * 3600

// updates takes what happened to archived messages of users and basic groups
// since the last sync: edits and deletions. New messages among the updates are
// passed over, since the history has them for certain.
//
// The first time it only notes where updates stand, before any history is read:
// so no change made in between is lost. A server that refuses is no reason to
// stop.
func (r *run) updates(ctx context.Context) error {
	if r.state.Updates == nil {
		return r.startUpdates(ctx)
	}
	for {
		at := *r.state.Updates
		answer, err := r.optional.UpdatesGetDifference(ctx, &tg.UpdatesGetDifferenceRequest{Pts: at.Pts, Qts: at.Qts, Date: at.Date})
		if dispensable(err) {
			r.warn("updates.getDifference", err)
			return nil
		}
		if err != nil {
			return err
		}
		more, err := r.difference(ctx, answer)
		if err != nil || !more {
			return err
		}
		if *r.state.Updates == at {
			return nil // the server goes round in circles
		}
	}
}

func (r *run) startUpdates(ctx context.Context) error {
	now, err := r.optional.UpdatesGetState(ctx)
	if dispensable(err) {
		r.warn("updates.getState", err)
		return nil
	}
	if err != nil {
		return err
	}
	var b batch
	if err := r.moveUpdates(&b, *now); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// moveUpdates notes how far updates were taken.
func (r *run) moveUpdates(b *batch, to tg.UpdatesState) error {
	r.state.Updates = &updateState{Pts: to.Pts, Qts: to.Qts, Date: to.Date, Seq: to.Seq}
	return b.set(accountKey(r.account), r.state)
}

// difference takes one answer and reports whether there is more to ask for.
func (r *run) difference(ctx context.Context, answer tg.UpdatesDifferenceClass) (more bool, err error) {
	var b batch
	switch d := answer.(type) {
	case *tg.UpdatesDifference:
		err = r.take(ctx, &b, d.OtherUpdates, d.Users, d.Chats)
		if err == nil {
			err = r.moveUpdates(&b, d.State)
		}
	case *tg.UpdatesDifferenceSlice:
		more = true
		err = r.take(ctx, &b, d.OtherUpdates, d.Users, d.Chats)
		if err == nil {
			err = r.moveUpdates(&b, d.IntermediateState)
		}
	case *tg.UpdatesDifferenceTooLong:
		more = true
		err = r.tooLong(&b, d.Pts)
	}
	if err != nil {
		return false, err
	}
	return more, r.apply(ctx, &b)
}

// tooLong: the server does not list the changes any more. Every history is to
// be read again for edits; deletions of that time are lost.
func (r *run) tooLong(b *batch, pts int) error {
	since := int64(r.state.Updates.Date) - rescanSlack
	for _, c := range r.chats {
		if !c.included || c.id.Kind() == archive.PeerChannel || len(c.state.Covered) == 0 {
			continue
		}
		c.state.startRescan(since)
		if err := b.set(chatKey(r.account, c.id), c.state); err != nil {
			return err
		}
	}
	r.state.Updates.Pts = pts
	return b.set(accountKey(r.account), r.state)
}

// startRescan marks everything archived so far to be read again.
func (s *chatState) startRescan(since int64) {
	if s.Rescan != nil {
		since = min(since, s.Rescan.Since)
	}
	s.Rescan = &rescan{Below: s.Covered[len(s.Covered)-1][1], Since: since}
}

// rescan reads archived history again, as far as it is marked, and archives the
// messages that were edited meanwhile. What is not there any more means nothing.
func (r *run) rescan(ctx context.Context, c *chat) error {
	if c.state.Rescan == nil {
		return nil
	}
	todo := *c.state.Rescan
	for _, ids := range slices.Backward(slices.Clone(c.state.Covered)) {
		if ids[0] > todo.Below {
			continue
		}
		ids[1] = min(ids[1], todo.Below)
		err := r.walk(ctx, c, ids, func(p *page, from, _ int) error {
			var b batch
			if err := r.versions(&b, c, editedSince(p.messages, todo.Since), p.users, p.chats); err != nil {
				return err
			}
			c.state.Rescan = &rescan{Below: from - 1, Since: todo.Since}
			if err := b.set(chatKey(r.account, c.id), c.state); err != nil {
				return err
			}
			return r.apply(ctx, &b)
		})
		if err != nil {
			return err
		}
	}
	c.state.Rescan = nil
	var b batch
	if err := b.set(chatKey(r.account, c.id), c.state); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

func editedSince(messages []tg.MessageClass, since int64) []tg.MessageClass {
	var out []tg.MessageClass
	for _, m := range messages {
		if full, ok := m.(*tg.Message); ok && int64(full.EditDate) >= since && full.EditDate != 0 {
			out = append(out, m)
		}
	}
	return out
}

// channelUpdates takes what happened to a channel's archived messages since the
// last sync, if the list of chats shows that anything did.
func (r *run) channelUpdates(ctx context.Context, c *chat) error {
	if c.id.Kind() != archive.PeerChannel || c.state.Pts == 0 || c.pts <= c.state.Pts || r.mute {
		return nil
	}
	for {
		before := c.state.Pts
		answer, err := r.optional.UpdatesGetChannelDifference(ctx, &tg.UpdatesGetChannelDifferenceRequest{
			Channel: &tg.InputChannel{ChannelID: c.id.Num(), AccessHash: c.hash},
			Filter:  &tg.ChannelMessagesFilterEmpty{},
			Pts:     before,
			Limit:   pageSize,
		})
		if dispensable(err) && !inaccessible(err) {
			r.warn("updates.getChannelDifference", err)
			r.mute = errors.Is(err, errSilent)
			return nil
		}
		if err != nil {
			return err
		}
		final, err := r.channelDifference(ctx, c, answer)
		if err != nil || final || c.state.Pts == before {
			return err
		}
	}
}

// channelDifference takes one answer and reports whether it was the last.
func (r *run) channelDifference(ctx context.Context, c *chat, answer tg.UpdatesChannelDifferenceClass) (final bool, err error) {
	var b batch
	switch d := answer.(type) {
	case *tg.UpdatesChannelDifferenceEmpty:
		final, c.state.Pts = true, max(d.Pts, c.pts)
	case *tg.UpdatesChannelDifference:
		final, c.state.Pts = d.Final, d.Pts
		err = r.take(ctx, &b, d.OtherUpdates, d.Users, d.Chats)
	case *tg.UpdatesChannelDifferenceTooLong:
		final = true
		if len(c.state.Covered) > 0 {
			c.state.startRescan(c.state.PtsAt - rescanSlack)
		}
		c.state.Pts = c.pts
		if dialog, ok := d.Dialog.(*tg.Dialog); ok {
			c.state.Pts = max(dialog.Pts, c.pts)
		}
	}
	if err != nil {
		return false, err
	}
	c.state.PtsAt = r.now()
	if err := b.set(chatKey(r.account, c.id), c.state); err != nil {
		return false, err
	}
	return final, r.apply(ctx, &b)
}

// changes is what updates say about messages, by chat.
type changes struct {
	edited  map[archive.PeerID][]tg.MessageClass
	deleted map[archive.PeerID][]int // "": users and basic groups, where ids alone are given
	touched map[archive.PeerID][]int // changed in a way that only the message itself shows
}

func changesOf(updates []tg.UpdateClass) *changes {
	ch := &changes{
		edited: map[archive.PeerID][]tg.MessageClass{}, deleted: map[archive.PeerID][]int{}, touched: map[archive.PeerID][]int{},
	}
	for _, u := range updates {
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
		case *tg.UpdatePinnedMessages:
			ch.touch(normal.PeerID(u.Peer), u.Messages...)
		case *tg.UpdatePinnedChannelMessages:
			ch.touch(archive.NewPeerID(archive.PeerChannel, u.ChannelID), u.Messages...)
		}
	}
	return ch
}

func (ch *changes) edit(m tg.MessageClass) {
	if id, _, ok := whereWhen(m); ok {
		ch.edited[id] = append(ch.edited[id], m)
	}
}

func (ch *changes) touch(chat archive.PeerID, ids ...int) {
	ch.touched[chat] = append(ch.touched[chat], ids...)
}

// take adds to b what updates say about archived messages of included chats.
func (r *run) take(ctx context.Context, b *batch, updates []tg.UpdateClass, users []tg.UserClass, chats []tg.ChatClass) error {
	ch := changesOf(updates)
	for _, id := range slices.Sorted(maps.Keys(ch.touched)) {
		if err := r.look(ctx, ch, id); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ch.edited)) {
		c := r.chats[id]
		if c == nil || !c.included {
			continue
		}
		if err := r.versions(b, c, ch.edited[id], users, chats); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ch.deleted)) {
		r.deletion(b, id, ch.deleted[id])
	}
	return nil
}

// look fetches messages that were touched, and counts them as edited.
func (r *run) look(ctx context.Context, ch *changes, id archive.PeerID) error {
	c := r.chats[id]
	if c == nil || !c.included {
		return nil
	}
	ids := slices.DeleteFunc(ch.touched[id], func(id int) bool { return !c.state.Covered.has(id) })
	slices.Sort(ids)
	for ids := range slices.Chunk(slices.Compact(ids), pageSize) {
		found, err := r.link.messages(ctx, c.id, c.hash, ids)
		if dispensable(err) {
			r.warn("messages.getMessages", err)
			return nil
		}
		if err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(found.messages)) {
			ch.edit(found.messages[id])
		}
	}
	return nil
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
func (r *run) deletion(b *batch, id archive.PeerID, ids []int) {
	if id != "" {
		c := r.chats[id]
		if c == nil || !c.included {
			return
		}
		ids = slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return !c.state.Covered.has(id) })
	}
	if len(ids) == 0 {
		return
	}
	rec := r.record(archive.KindDeletion)
	rec.Chat, rec.Deletion = id, &archive.Deletion{IDs: ids}
	b.records = append(b.records, rec)
	r.count(func(res *Result) { res.Deleted += len(ids) })
}

// inaccessible reports whether the server says that a chat cannot be read.
func inaccessible(err error) bool {
	switch reason(err) {
	case "CHANNEL_PRIVATE", "CHANNEL_INVALID", "CHAT_FORBIDDEN", "CHAT_ID_INVALID", "PEER_ID_INVALID",
		"USER_BANNED_IN_CHANNEL", "CHANNEL_PUBLIC_GROUP_NA", "CHAT_ADMIN_REQUIRED":
		return true
	}
	return false
}
