package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// connectTries is how often a sync connects anew because the server says that
// it does not know the key: that can pass.
const connectTries = 2

// SyncOptions say what a sync fetches and who is told how far it is.
type SyncOptions struct {
	Rules   Rules
	Takeout TakeoutMode
	// Progress, if set, is told how far the sync is, from one goroutine at a
	// time and often: it must be quick.
	Progress func(Event)
	// Eager tries files again that failed, also before the time that was set for
	// their next try: somebody is waiting for it.
	Eager bool
}

// Sync brings the archive up to date with the account: chats, messages, edits
// and deletions since the last sync, and media. It goes on where an earlier one
// stopped, however that ended, and commits as the archive asks for it and at
// the end.
//
// A chat or a file that fails is in the Result and stops nothing else. An error
// says why the sync ended early; what was done is kept and in the Result, which
// is never nil. When ctx ends, what is in hand is stored and committed first.
//
// Errors: ErrNotSignedIn, ErrSessionRevoked, ErrSessionLost, ErrUnreachable,
// and those of the archive.
func (c *Client) Sync(ctx context.Context, a Archive, o SyncOptions) (*Result, error) {
	r := &run{
		options: &c.options, archive: a, rules: o.Rules, takeout: o.Takeout, eager: o.Eager, account: c.Account(),
		progress: o.Progress, log: c.options.Log,
	}
	if r.account == "" {
		return &r.result, ErrNotSignedIn
	}
	if err := o.Rules.Check(); err != nil {
		return &r.result, err
	}
	gates := c.newGates(r.flood)
	var err error
	for range connectTries {
		err = c.connect(ctx, gates, r.sync)
		if !errors.Is(err, ErrSessionLost) {
			break
		}
	}
	if _, broken := errors.AsType[*archiveError](err); !broken {
		err = errors.Join(err, r.settle(ctx, err), r.flush(ctx))
	}
	r.result.FloodWaited = gates.total()
	return &r.result, err
}

// sync is a sync while it is connected.
func (r *run) sync(ctx context.Context, l *link) error {
	r.start(l)
	if err := r.profile(ctx); err != nil {
		return err
	}
	if err := r.beginTakeout(ctx); err != nil {
		return err
	}
	if err := r.list(ctx); err != nil {
		return err
	}
	if err := r.vanished(ctx); err != nil {
		return err
	}
	if err := r.resume(ctx); err != nil {
		return err
	}
	if err := r.pull(ctx); err != nil {
		return err
	}
	return r.settleTakeout(ctx)
}

// resume takes up what earlier runs left to do.
func (r *run) resume(ctx context.Context) error {
	if err := r.resort(ctx); err != nil {
		return err
	}
	return errors.Join(r.media.restore(), r.restoreEmoji(), r.restoreUnknown())
}

// pull fetches messages, and media when they are there; what is urgent meanwhile.
func (r *run) pull(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.media.fetch(ctx) })
	group.Go(func() error {
		defer r.media.close()
		if err := r.holdings(ctx); err != nil {
			return err
		}
		if err := r.messages(ctx); err != nil {
			return err
		}
		return r.belongings(ctx)
	})
	return group.Wait()
}

// start forgets what belongs to an earlier connection.
func (r *run) start(l *link) {
	r.hold.begin()
	r.link, r.api, r.optional = l, l.api, l.optional
	r.people = newPeople(r.account, r.archive)
	r.emoji = newEmojiDesk()
	r.chats, r.order, r.lifted = map[archive.PeerID]*chat{}, nil, false
	r.media = newFetcher(r)
	r.state, r.erased = accountState{}, map[archive.PeerID]bool{}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.event = Event{Phase: PhaseChats}
	r.result.Failures, r.result.Missing, r.result.MissingTotal, r.result.MissingFailed = nil, nil, 0, 0
}

// profile checks whose session this is and archives the account's own profile
// if it changed.
func (r *run) profile(ctx context.Context) error {
	if _, err := load(r.archive, accountKey(r.account), &r.state); err != nil {
		return err
	}
	r.saved = nil
	if r.state.Updates != nil {
		saved := *r.state.Updates
		r.saved = &saved
	}
	self, err := r.link.self(ctx)
	if err != nil {
		return err
	}
	p := normal.User(self)
	if p.ID != r.account {
		return fmt.Errorf("%w: it belongs to another account than it did", ErrSessionRevoked)
	}
	full, err := r.optional.UsersGetFullUser(ctx, &tg.InputUserSelf{})
	switch {
	case err == nil:
		p.Bio = full.FullUser.About
	case dispensable(err):
		r.warn("users.getFullUser", err)
		if r.state.Profile != "" {
			return nil // without the biography it would look changed
		}
	default:
		return err
	}
	print, err := printOf(p)
	if err != nil || print == r.state.Profile {
		return err
	}
	r.state.Profile = print
	var b batch
	rec := r.record(archive.KindAccount)
	rec.Profile = p
	if err := raw(rec, self); err != nil {
		return err
	}
	b.records = append(b.records, rec)
	if err := r.wantEmoji(&b, r.now(), p.Emoji); err != nil {
		return err
	}
	if err := b.set(accountKey(r.account), r.state); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// list fetches the list of chats and decides which are included.
func (r *run) list(ctx context.Context) error {
	r.started, r.hashes = r.now(), nil
	chats, err := r.link.dialogs(ctx, r.account, r.knownHash)
	if err != nil {
		return err
	}
	left, err := r.leftChats(ctx, chats)
	if err != nil {
		return err
	}
	chats = append(chats, left...)
	if err := r.link.findFolders(ctx, r.rules, r.account, chats); err != nil {
		return err
	}
	known := map[archive.PeerID]*chat{}
	r.order = nil
	for _, c := range chats {
		if err := r.recall(c); err != nil {
			return err
		}
		c.included, c.rule = r.rules.chat(c.named())
		known[c.id] = c
		r.order = append(r.order, c)
	}
	included := 0
	for i := 0; i < len(r.order); i++ { // grows: old groups stand behind all others
		c := r.order[i]
		if _, err := load(r.archive, chatKey(r.account, c.id), &c.state); err != nil {
			return err
		}
		if c.included {
			included++
			c.private.Store(c.state.Protected && c.id.Kind() == archive.PeerUser)
			r.lifted = r.lifted || c.state.Protected && !c.protected()
		}
		if old := r.oldGroup(c); old != nil {
			known[old.id] = old
			r.order = append(r.order, old)
		}
	}
	unmatched := r.rules.unmatched(func(rule string) bool {
		return slices.ContainsFunc(r.order, func(c *chat) bool { return c.named().by(rule) })
	})
	r.count(func(res *Result) { res.Chats, res.Unmatched, r.chats = included, unmatched, known })
	r.tell(func(e *Event) { e.ChatsTotal = included })
	var b batch
	if err := r.noteList(&b); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// messages brings every included chat up to date. Media of older messages waits
// for it.
func (r *run) messages(ctx context.Context) error {
	r.hold.begin()
	defer r.hold.end()
	r.tell(func(e *Event) { e.Phase = PhaseUpdates })
	if err := r.updates(ctx); err != nil {
		return err
	}
	for i := 0; i < len(r.order); i++ { // grows: see oldGroup
		c := r.order[i]
		if !c.included {
			continue
		}
		r.tell(func(e *Event) { e.Phase, e.Chat = PhaseHistory, c.id })
		read := r.chat
		if c.away {
			read = r.awayMessages
		}
		err := r.read(ctx, c, read)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case ends(err):
			return err
		default:
			r.fail(c, err)
		}
		var b batch
		if err := r.noteFailure(&b, c, err); err != nil {
			return err
		}
		if err := r.apply(ctx, &b); err != nil {
			return err
		}
		if old := r.oldGroup(c); old != nil {
			// Only found out now. Not into r.chats: media is being fetched.
			r.order = append(r.order, old)
			r.tell(func(e *Event) { e.ChatsTotal++ })
		}
		r.tell(func(e *Event) { e.Chats++ })
	}
	if err := r.fetchEmoji(ctx, 1); err != nil {
		return err
	}
	r.tell(func(e *Event) { e.Phase, e.Chat = PhaseMedia, "" })
	return nil
}

// oldGroup is the basic group that a supergroup was before, if it has to be
// looked after as well: its messages are not among those of the supergroup, and
// no list of chats names it.
func (r *run) oldGroup(c *chat) *chat {
	id := c.state.MigratedFrom
	if id == "" || slices.ContainsFunc(r.order, func(c *chat) bool { return c.id == id }) {
		return nil
	}
	return &chat{
		id: id, input: inputPeer(id, 0), closed: true, included: c.included, folders: c.folders,
		peer:   &archive.Peer{ID: id, Title: c.peer.Title, Protected: c.protected(), MigratedTo: c.id, Left: true, Min: true},
		source: &tg.ChatEmpty{ID: id.Num()},
		dialog: archive.Dialog{Type: archive.ChatPrivateGroup, Left: true},
	}
}

// resort looks again at the files that were left out, if the rules on media
// changed since they were, a chat's owner allows saving now, or files were pruned:
// by rules that no sync may have seen.
func (r *run) resort(ctx context.Context) error {
	print := r.rules.mediaPrint()
	_, pruned, err := r.archive.Get(prunedKey(r.account))
	if err != nil {
		return archived(err)
	}
	if r.state.MediaRules == print && !r.lifted && !pruned {
		return nil
	}
	var keys []string
	err = r.archive.Range(workPrefix(listLater, r.account), func(key string, _ []byte) error {
		keys = append(keys, key)
		return nil
	})
	if err != nil {
		return archived(err)
	}
	for _, key := range keys {
		if err := r.resortWork(ctx, key); err != nil {
			return err
		}
	}
	r.state.MediaRules = print
	var b batch
	if pruned {
		b.put(prunedKey(r.account), nil)
	}
	if err := b.set(accountKey(r.account), r.state); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// resortWork moves what the rules allow now from one list to the other.
func (r *run) resortWork(ctx context.Context, key string) error {
	var later work
	if ok, err := load(r.archive, key, &later); err != nil || !ok {
		return err
	}
	var files sorted
	changed := false
	for _, f := range later.Files {
		why := r.leftOut(r.chatOf(later.Chat, f), f)
		changed = changed || f.Why != why
		if f.Why = why; why == "" {
			files.fetch = append(files.fetch, f)
		} else {
			files.later = append(files.later, f)
		}
	}
	if !changed {
		return nil
	}
	var b batch
	if err := r.relist(&b, key, listFetch, &later, files.later, files.fetch); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// relist puts what stays of the work at key back, and moves the rest to the
// other list, where work of the same page can be already.
func (r *run) relist(b *batch, key, list string, w *work, stays, moves []workFile) error {
	b.put(key, nil)
	if len(stays) > 0 {
		if err := b.set(key, newWork(w.Chat, w.AccessHash, w.References, stays)); err != nil {
			return err
		}
	}
	if len(moves) == 0 {
		return nil
	}
	other := otherList(key, list)
	var there work
	if _, err := load(r.archive, other, &there); err != nil {
		return err
	}
	return b.set(other, newWork(w.Chat, w.AccessHash, w.References, append(there.Files, moves...)))
}
