package telegram

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// fewIDs is how many archived ids between two gaps are rather read again than
// to ask twice: messages that were pushed lie scattered.
const fewIDs = 8

// lastID is larger than every message id.
const lastID = math.MaxInt32 - 1

// errRepeats: following it would go round in circles, and taking it for the end
// would lose messages.
var errRepeats = errors.New("the server answers with messages that were not asked for")

// chat brings a chat up to date: what it is, edits and deletions since the last
// time, and every message that is not archived yet.
func (r *run) chat(ctx context.Context, c *chat) error {
	switch {
	case c.nameless:
		return errNameless
	case c.forbidden():
		return errors.Join(r.describe(ctx, c), errForbidden)
	}
	if err := r.channelUpdates(ctx, c); err != nil {
		return err
	}
	if err := r.rescan(ctx, c); err != nil {
		return err
	}
	top, err := r.top(ctx, c)
	if err != nil {
		return err
	}
	gaps := c.state.Covered.wideGaps(1, top, fewIDs)
	if err := r.privacy(ctx, c, len(gaps) > 0); err != nil {
		return err
	}
	var unknown error
	for _, gap := range gaps {
		err := r.fill(ctx, c, gap)
		switch {
		case undecodable(err):
			unknown = err
		case err != nil:
			return err
		}
	}
	erased := r.erased[c.id] || r.erased[""] && c.id.Kind() != archive.PeerChannel
	if (len(gaps) > 0 || erased) && unknown == nil {
		if err := r.recount(ctx, c); err != nil {
			return err
		}
	}
	return errors.Join(unknown, r.describe(ctx, c))
}

// recount asks for the server's count of messages if the one that it gave with a
// page is not that of what is stored now.
func (r *run) recount(ctx context.Context, c *chat) error {
	stored, err := storedIn(r.archive, r.account, c.id)
	if err != nil || stored == c.dialog.Count {
		return archived(err)
	}
	p, err := r.link.newest(ctx, c)
	switch {
	case dispensable(err):
		return nil
	case err != nil:
		return err
	case p.count > 0:
		c.dialog.Count = p.count
	case p.whole:
		c.dialog.Count = len(p.messages)
	}
	return nil
}

// errForbidden: the list of chats names a chat that cannot be read any more.
var errForbidden = errors.New("no access")

// top is the newest message of a chat. Of a closed group nobody says. Where the
// list of chats names none, there is none, or this server does not say it there.
func (r *run) top(ctx context.Context, c *chat) (int, error) {
	switch {
	case c.closed:
		return lastID, nil
	case c.dialog.TopMessage == 0:
		p, err := r.link.newest(ctx, c)
		if err != nil {
			return 0, err
		}
		if len(p.messages) > 0 {
			c.dialog.TopMessage = p.messages[0].GetID()
		}
	}
	return c.dialog.TopMessage, nil
}

// describe adds the chat's own records if they changed.
func (r *run) describe(ctx context.Context, c *chat) error {
	var b batch
	if err := r.dialog(&b, c); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// dialog adds to b what the chat is, if that changed: its profile, its place in
// the list of chats, and what is needed to ask for it.
func (r *run) dialog(b *batch, c *chat) error {
	if c.nameless {
		return nil
	}
	if err := r.peer(b, c.peer, c.source); err != nil {
		return err
	}
	if err := r.wantEmoji(b, r.now(), c.peer.Emoji); err != nil {
		return err
	}
	if c.dialog.Count == 0 && c.state.Dialog != nil {
		c.dialog.Count = c.state.Dialog.Count // nobody asked this time
	}
	if c.state.Dialog == nil || *c.state.Dialog != c.dialog {
		rec := r.record(archive.KindChat)
		dialog := c.dialog
		rec.Chat, rec.Dialog = c.id, &dialog
		b.records = append(b.records, rec)
		c.state.Dialog = &dialog
	} else if c.state.AccessHash == c.hash && c.state.Protected == c.protected() && (c.pts == 0 || c.state.Pts != 0) {
		return nil
	}
	c.state.AccessHash, c.state.Protected = c.hash, c.protected()
	if c.state.Pts == 0 {
		// The first time: updates count from here on.
		c.state.Pts, c.state.PtsAt = c.pts, r.now()
	}
	return b.set(chatKey(r.account, c.id), c.state)
}

// fill archives the messages of a gap, newest first.
func (r *run) fill(ctx context.Context, c *chat, gap span) error {
	return r.walk(ctx, c, gap, func(p *page, from, to int) error {
		var b batch
		var files sorted
		stored := 0
		if p.count > 0 {
			c.dialog.Count = p.count
		} else if p.whole && gap[0] == 1 && to == gap[1] {
			c.dialog.Count = len(p.messages)
		}
		if err := r.unread(&b, c, p.unread); err != nil {
			return err
		}
		if err := r.peers(&b, p.users, p.chats); err != nil {
			return err
		}
		for _, m := range p.messages {
			if c.state.Covered.has(m.GetID()) {
				continue
			}
			ok, err := r.message(&b, c, m, &files)
			if err != nil {
				return err
			}
			if ok {
				stored++
			}
			if from := migration(m); from != "" {
				c.state.MigratedFrom = from
			}
		}
		c.state.Covered = c.state.Covered.add(from, to)
		if err := r.keep(ctx, c, &b, &files); err != nil {
			return err
		}
		r.count(func(res *Result) { res.Messages += stored })
		r.tell(func(e *Event) { e.Messages += stored })
		return r.fetchEmoji(ctx, emojiPage)
	})
}

// keep hands over what a page brought, the chat's state with it.
func (r *run) keep(ctx context.Context, c *chat, b *batch, files *sorted) error {
	if err := r.dialog(b, c); err != nil {
		return err
	}
	if err := r.lists(b, c, "page", files); err != nil {
		return err
	}
	if err := b.set(chatKey(r.account, c.id), c.state); err != nil {
		return err
	}
	return r.apply(ctx, b)
}

// A page is one answer of the server, with the messages that were asked for.
type page struct {
	messages []tg.MessageClass // descending by id
	users    []tg.UserClass
	chats    []tg.ChatClass
	count    int  // of the chat's messages, 0 if the server does not say
	whole    bool // the server says that this is all it has of what was asked for
	unread   []undecoded
}

// walk reads the messages of an id range page by page, newest first, and calls
// visit with each page and the ids that are complete with it. It reads one page
// ahead while visit works.
//
// A page may be short or hold nothing but places of deleted messages: only an
// empty one, id 1, or a message below the range means that the range is done.
// What cannot be decoded is left out, and is an error at the end.
func (r *run) walk(ctx context.Context, c *chat, ids span, visit func(p *page, from, to int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var hole error
	for next := r.ahead(ctx, c, ids[0], ids[1]); ; {
		a := <-next
		if a.err != nil {
			return errors.Join(hole, a.err)
		}
		hole = errors.Join(hole, a.hole)
		if a.from > ids[0] {
			next = r.ahead(ctx, c, ids[0], a.from-1)
		}
		if err := visit(&a.page, a.from, a.to); err != nil {
			return err
		}
		if r.live != nil {
			if err := r.live.take(ctx); err != nil { // histories are long, and pushes are now
				return err
			}
		}
		if a.from <= ids[0] {
			return hole
		}
	}
}

// An answer is a page, and the ids that are complete with it.
type answer struct {
	page
	from, to int
	hole     error // why the ids above to are not
	err      error
}

// ahead asks for the page that ends with message id to, without waiting.
func (r *run) ahead(ctx context.Context, c *chat, from, to int) <-chan answer {
	out := make(chan answer, 1)
	go func() {
		a := r.historyPage(ctx, c, from, to, pageSize, 0)
		if undecodable(a.err) {
			a = r.around(ctx, c, from, to)
		}
		if a.err == nil {
			a.err = r.wholeArticles(ctx, c, a.messages)
		}
		out <- a
	}()
	return out
}

// around reads past a message that cannot be decoded: first what is above it,
// in smaller and smaller pages, then what is below.
func (r *run) around(ctx context.Context, c *chat, from, to int) answer {
	var a answer
	for limit := pageSize / 10; limit > 0; limit /= 10 {
		if a = r.historyPage(ctx, c, from, to, limit, 0); !undecodable(a.err) {
			return a
		}
	}
	reason := a.err
	unread := []undecoded{undecodedOf(reason, to, 0)}
	for skip := 1; skip <= pageSize; skip++ {
		a = r.historyPage(ctx, c, from, to, 1, skip)
		if undecodable(a.err) {
			unread = append(unread, undecodedOf(a.err, to, skip))
			continue
		}
		a.unread = unread
		if a.err == nil && len(a.messages) > 0 {
			a.to, a.hole = a.from, reason
			return a
		}
		if a.err == nil { // nothing below
			a.to, a.hole = a.from-1, reason
		}
		return a
	}
	return a
}

// historyPage asks for limit messages from id to downwards, passing over skip
// of them, and drops those below from.
func (r *run) historyPage(ctx context.Context, c *chat, from, to, limit, skip int) answer {
	offset := to + 1
	if to == lastID {
		offset = 0 // from the newest message, whatever its id
	}
	for {
		got, err := r.api.MessagesGetHistory(ctx, &tg.MessagesGetHistoryRequest{
			Peer:      c.input,
			OffsetID:  offset,
			AddOffset: skip,
			// One below the range: that message is archived, and to see it is to
			// know that the range is done, which saves asking for an empty page.
			MinID: max(0, from-2),
			Limit: limit,
		})
		if err != nil {
			return failed(err)
		}
		p, err := pageOf(got)
		if err != nil {
			return failed(err)
		}
		if len(p.messages) == 0 {
			return complete(p, from, to)
		}
		highest, lowest := p.messages[0].GetID(), p.messages[len(p.messages)-1].GetID()
		switch {
		case lowest <= to:
			p.messages = slices.DeleteFunc(p.messages, func(m tg.MessageClass) bool { return m.GetID() > to || m.GetID() < from })
			return complete(p, max(lowest, from), to)
		case highest > offset && p.whole && len(p.messages) != limit:
			// All there is, whatever was asked for; it has been taken already.
			p.messages = nil
			return complete(p, from, to)
		case highest > offset || offset != to+1:
			return failed(fmt.Errorf("messages.getHistory: %w", errRepeats))
		}
		offset = to // this server tells the message at the offset too, and that was all
	}
}

func failed(err error) answer { return answer{err: err} }

func complete(p page, from, to int) answer { return answer{page: p, from: from, to: to} }

// pageOf takes the server's answer apart, whichever of its forms it has.
func pageOf(answer tg.MessagesMessagesClass) (page, error) {
	modified, ok := answer.AsModified()
	if !ok {
		return page{}, fmt.Errorf("messages: unexpected answer %s", answer.TypeName())
	}
	p := page{messages: modified.GetMessages(), users: modified.GetUsers(), chats: modified.GetChats()}
	switch answer := answer.(type) {
	case *tg.MessagesMessages:
		p.whole = true
	case *tg.MessagesMessagesSlice:
		p.count = answer.Count
	case *tg.MessagesChannelMessages:
		p.count = answer.Count
	}
	slices.SortFunc(p.messages, func(a, b tg.MessageClass) int { return b.GetID() - a.GetID() })
	return p, nil
}
