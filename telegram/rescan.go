package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// rescanSlack is how far back of the last known moment an edit counts as new
// when a history is read again, in seconds: clocks differ.
const rescanSlack = 24 * 3600

// maxMissed is how many runs of ids a chat's state keeps of changes that could
// not be taken. Beyond that the whole history is read again.
const maxMissed = 500

// startRescan marks everything archived so far to be read again.
func (s *chatState) startRescan(since int64) {
	if len(s.Covered) == 0 {
		return
	}
	if s.Rescan != nil {
		since = min(since, s.Rescan.Since)
	}
	s.Rescan = &rescan{Below: s.Covered[len(s.Covered)-1][1], Since: since}
}

// rescanAll marks the histories of all users and basic groups to be read again,
// also of those that are excluded now: should they be included later, they are
// read then.
func (r *run) rescanAll(b *batch, since int64) error {
	return r.eachState(func(id archive.PeerID, s *chatState) error {
		if id.Kind() == archive.PeerChannel || len(s.Covered) == 0 {
			return nil
		}
		s.startRescan(since)
		return b.set(chatKey(r.account, id), s)
	})
}

// eachState goes over what is remembered of each chat, also of those that the
// list of chats does not name any more.
func (r *run) eachState(visit func(archive.PeerID, *chatState) error) error {
	prefix := chatKey(r.account, "")
	return archived(r.archive.Range(prefix, func(key string, value []byte) error {
		id := archive.PeerID(strings.TrimPrefix(key, prefix))
		if c := r.chats[id]; c != nil {
			return visit(id, &c.state)
		}
		s := new(chatState)
		if err := json.Unmarshal(value, s); err != nil {
			return fmt.Errorf("state %s: %w", key, err)
		}
		return visit(id, s)
	}))
}

// miss marks messages of a chat that changed in a way that cannot be taken now:
// the chat is excluded, or the server did not show them. They are looked up by
// the next sync that includes the chat.
func (r *run) miss(b *batch, id archive.PeerID, ids []int) error {
	s := new(chatState)
	if c := r.chats[id]; c != nil {
		s = &c.state
	} else if ok, err := load(r.archive, chatKey(r.account, id), s); err != nil || !ok {
		return err
	}
	before := s.Missed
	for _, id := range ids {
		if s.Covered.has(id) {
			s.Missed = s.Missed.add(id, id)
		}
	}
	if slices.Equal(s.Missed, before) {
		return nil
	}
	if len(s.Missed) > maxMissed {
		s.Missed = nil
		s.startRescan(r.lastTaken() - rescanSlack)
	}
	return b.set(chatKey(r.account, id), s)
}

// lastTaken is when updates were taken last, in Unix seconds.
func (r *run) lastTaken() int64 {
	if r.state.Updates == nil {
		return r.now()
	}
	return int64(r.state.Updates.Date)
}

// rescan takes the changes of a chat that could not be taken before, and reads
// its archived history again, as far as it is marked, for messages that were
// edited meanwhile. What is not there any more means nothing.
func (r *run) rescan(ctx context.Context, c *chat) error {
	if err := r.missed(ctx, c); err != nil || c.state.Rescan == nil {
		return err
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
			if *c.state.Rescan == todo { // else it was marked anew meanwhile
				c.state.Rescan = &rescan{Below: from - 1, Since: todo.Since}
				todo = *c.state.Rescan
			}
			if err := b.set(chatKey(r.account, c.id), c.state); err != nil {
				return err
			}
			return r.apply(ctx, &b)
		})
		if err != nil {
			return err
		}
	}
	if *c.state.Rescan != todo {
		return nil // the next round reads it
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

// missed looks up the messages that miss marked. What the server refuses stays
// marked.
func (r *run) missed(ctx context.Context, c *chat) error {
	for ids := range slices.Chunk(c.state.Missed.ids(), pageSize) {
		found, err := r.link.messages(ctx, c.id, c.hash, ids)
		if dispensable(err) {
			r.warn("messages.getMessages", err)
			return nil
		}
		if err != nil {
			return err
		}
		messages := found.sorted()
		if err := r.wholeArticles(ctx, c, messages); err != nil {
			return err
		}
		var b batch
		if err := r.versions(&b, c, messages, found.users, found.chats); err != nil {
			return err
		}
		for _, id := range ids {
			c.state.Missed = c.state.Missed.remove(id)
		}
		if err := b.set(chatKey(r.account, c.id), c.state); err != nil {
			return err
		}
		if err := r.apply(ctx, &b); err != nil {
			return err
		}
	}
	return nil
}

// sorted returns what was found, ascending by id.
func (f *found) sorted() []tg.MessageClass {
	var out []tg.MessageClass
	for _, id := range slices.Sorted(maps.Keys(f.messages)) {
		out = append(out, f.messages[id])
	}
	return out
}
