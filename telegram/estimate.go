package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// An Estimate says what a sync would fetch. It asks for one page of messages of
// each chat, and fetches and stores nothing.
type Estimate struct {
	// Account is the account's own profile: its names and its phone number.
	Account *archive.Peer
	Chats   []ChatCost // those that the rules include, in the server's order
	// PendingFiles and PendingBytes are files of messages that are archived: what
	// an earlier sync left or failed to fetch.
	PendingFiles int
	PendingBytes int64
	// Page is how long a page of up to 100 messages took on average.
	Page time.Duration
}

// A ChatCost is what a sync would fetch of one chat.
type ChatCost struct {
	Chat
	New int // messages that are not archived, -1 if the server does not say
	// Files and Bytes are the media of those messages that the rules allow and
	// the archive does not have.
	Files int
	Bytes int64
	// Exact: every one of those messages was looked at. Otherwise the figures
	// follow from up to 100 of them, and New from the ids where a part of the
	// chat is archived already.
	Exact bool
}

// Total adds up the chats. Exact is true if it is of all of them.
func (e *Estimate) Total() ChatCost {
	sum := ChatCost{Exact: true}
	for _, c := range e.Chats {
		sum.New += max(0, c.New)
		sum.Files += c.Files
		sum.Bytes += c.Bytes
		sum.Exact = sum.Exact && c.Exact
	}
	return sum
}

// Calls is about how many calls the sync would make: pages of messages, parts of
// files, and hashes of ten blocks of 128 KiB each.
func (e *Estimate) Calls() int {
	const page, part, hashed = pageSize, 512 << 10, 10 * 128 << 10
	calls := 0
	for _, c := range e.Chats {
		calls += (max(0, c.New) + page - 1) / page
		calls += c.Files + int(c.Bytes/part) + int(c.Bytes/hashed)
	}
	return calls + e.PendingFiles + int(e.PendingBytes/part) + int(e.PendingBytes/hashed)
}

// Estimate says what a sync with these rules would fetch. Errors: those of Sync.
func (c *Client) Estimate(ctx context.Context, a Archive, rules Rules) (*Estimate, error) {
	r := &run{options: &c.options, archive: a, rules: rules, account: c.Account(), log: c.options.Log}
	if r.account == "" {
		return nil, ErrNotSignedIn
	}
	if err := rules.Check(); err != nil {
		return nil, err
	}
	e := &Estimate{}
	err := c.connect(ctx, c.newGates(nil), func(ctx context.Context, l *link) error {
		r.start(l)
		*e = Estimate{}
		self, err := l.self(ctx)
		if err != nil {
			return err
		}
		e.Account = normal.User(self)
		return r.estimate(ctx, e)
	})
	return e, err
}

// pending counts the files of archived messages that a sync with these rules would
// fetch: what is on the lists of work, also what other rules left out. Each is counted
// once.
func (r *run) pending(e *Estimate, counted map[archive.MediaKey]bool) error {
	for _, list := range []string{listFetch, listLater} {
		err := r.archive.Range(workPrefix(list, r.account), func(_ string, value []byte) error {
			var w work
			if err := json.Unmarshal(value, &w); err != nil {
				return err
			}
			for _, f := range w.Files {
				open, err := r.toFetch(w.Chat, f)
				if err != nil {
					return err
				}
				if open && !counted[f.Key] {
					counted[f.Key] = true
					e.PendingFiles++
					e.PendingBytes += f.Size
				}
			}
			return nil
		})
		if err != nil {
			return archived(err)
		}
	}
	return nil
}

// toFetch reports whether the rules want a file of a chat that is not stored, and the
// server was not found to lack it.
func (r *run) toFetch(id archive.PeerID, f workFile) (bool, error) {
	c := r.chatOf(id, f)
	if c != nil && !c.included {
		return false, nil
	}
	if f.Why = r.leftOut(c, f); f.Why != "" {
		return false, nil
	}
	gap, missing, err := mediaGap(r.archive, r.account, f)
	return missing && (gap.Reason == MediaPending || gap.Reason == archive.MissingFailed), err
}

func (r *run) estimate(ctx context.Context, e *Estimate) error {
	chats, err := r.link.dialogs(ctx, r.account, r.knownHash)
	if err != nil {
		return err
	}
	if err := r.link.findFolders(ctx, r.rules, r.account, chats); err != nil {
		return err
	}
	for _, c := range chats {
		if err := r.meet(c); err != nil {
			return err
		}
		r.chats[c.id] = c
	}
	counted := map[archive.MediaKey]bool{} // a file can stand in many chats
	if err := r.pending(e, counted); err != nil {
		return err
	}
	var took time.Duration
	for _, c := range chats {
		if !c.included {
			continue
		}
		cost := ChatCost{Chat: c.describe(r.rules)}
		start := time.Now()
		if err := r.cost(ctx, c, &cost, counted); err != nil {
			return err
		}
		took += time.Since(start)
		e.Chats = append(e.Chats, cost)
	}
	if len(e.Chats) > 0 {
		e.Page = took / time.Duration(len(e.Chats))
	}
	return nil
}

// meet finds out what the rules and the state say about a chat of the list.
func (r *run) meet(c *chat) error {
	c.included, c.rule = r.rules.chat(c.named())
	if _, err := load(r.archive, chatKey(r.account, c.id), &c.state); err != nil {
		return err
	}
	c.private.Store(c.state.Protected && c.id.Kind() == archive.PeerUser)
	return nil
}

// cost looks at one page of what is not archived of a chat. A chat that cannot be
// read costs nothing.
func (r *run) cost(ctx context.Context, c *chat, cost *ChatCost, counted map[archive.MediaKey]bool) error {
	cost.New = -1
	if c.forbidden() || c.nameless {
		return nil
	}
	top := c.dialog.TopMessage
	if top == 0 {
		top = lastID
	}
	gaps := c.state.Covered.gaps(1, top)
	if len(gaps) == 0 {
		cost.New, cost.Exact = 0, true
		return nil
	}
	widest := gaps[0]
	ids := 0
	for _, gap := range gaps {
		ids += gap[1] - gap[0] + 1
		if gap[1]-gap[0] > widest[1]-widest[0] {
			widest = gap
		}
	}
	a := r.historyPage(ctx, c, widest[0], widest[1], pageSize, 0)
	switch {
	case ctx.Err() != nil || ends(a.err):
		return fmt.Errorf("estimate: %w", a.err)
	case a.err != nil:
		return nil
	}
	files, bytes, err := r.mediaOf(c, &a.page, counted)
	if err != nil {
		return err
	}
	cost.Files, cost.Bytes, cost.New = files, bytes, len(a.messages)
	empty := len(c.state.Covered) == 0
	if cost.Exact = len(gaps) == 1 && (a.from <= widest[0] || a.whole || empty && len(a.messages) >= a.count); cost.Exact {
		return nil
	}
	cost.New = max(cost.New, remaining(&a.page, empty, ids, top))
	if seen := len(a.messages); seen > 0 {
		cost.Files = int(int64(files) * int64(cost.New) / int64(seen))
		cost.Bytes = bytes * int64(cost.New) / int64(seen)
	}
	return nil
}

// remaining is about how many messages lie under ids of a chat whose newest is top:
// all, if nothing is archived, or as many as are usual for so many ids.
func remaining(p *page, all bool, ids, top int) int {
	switch {
	case all:
		return p.count
	case top == lastID || top == 0:
		return 0
	}
	return int(int64(p.count) * int64(ids) / int64(top))
}

// mediaOf adds up the files of a page that a sync would fetch.
func (r *run) mediaOf(c *chat, p *page, counted map[archive.MediaKey]bool) (files int, bytes int64, err error) {
	for _, m := range p.messages {
		msg, _, ok := normal.Message(m)
		if !ok {
			continue
		}
		for _, ref := range normal.Files(m) {
			f := workFile{FileRef: ref, Message: msg.ID, Date: msg.Date, Protected: msg.Protected}
			if ref.SelfDestruct || ref.Gone || counted[ref.Key] || r.leftOut(c, f) != "" {
				continue
			}
			counted[ref.Key] = true
			_, stored, err := r.archive.HasMedia(ref.Key)
			if err != nil {
				return 0, 0, archived(err)
			}
			if !stored {
				files++
				bytes += ref.Size
			}
		}
	}
	return files, bytes, nil
}
