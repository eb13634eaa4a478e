package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// holdings archives what the account holds besides chats: pictures, contacts,
// stories, sessions, folders, drafts. Each kind stands for itself: what the
// server refuses is a warning.
func (r *run) holdings(ctx context.Context) error {
	r.tell(func(e *Event) { e.Phase = PhaseAccount })
	return r.each(ctx,
		holding{"photos.getUserPhotos", r.profilePhotos},
		holding{"contacts.getContacts", r.contacts},
		holding{"contacts.getTopPeers", r.topPeers},
		holding{"stories.getStoriesArchive", r.stories},
		holding{"users.getSavedMusic", r.music},
		holding{"account.getAuthorizations", r.sessions},
		holding{"account.getWebAuthorizations", r.webSessions},
		holding{"messages.getDialogFilters", r.folders},
		holding{"messages.getAllDrafts", r.drafts},
		holding{"messages.getSavedDialogs", r.savedTopics},
		holding{"pinned chats", r.pinnedChats},
		holding{"other data", r.otherData},
	)
}

// belongings archives what belongs to single chats besides their messages. It
// asks only where something happened in a chat.
func (r *run) belongings(ctx context.Context) error {
	return r.each(ctx,
		holding{"messages.getForumTopics", r.forumTopics},
		holding{"pictures of chats", r.chatPhotos},
		holding{"messages.getCustomEmojiDocuments", func(ctx context.Context) error { return r.fetchEmoji(ctx, 1) }},
	)
}

// A holding is one kind of thing, and how it is brought up to date.
type holding struct {
	name  string // the method that is asked for it
	renew func(ctx context.Context) error
}

// each renews one after the other. Where the server stays silent the rest is
// left for the next sync: some hang up on what they do not know, and each such
// try costs time.
func (r *run) each(ctx context.Context, all ...holding) error {
	for _, one := range all {
		err := one.renew(ctx)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case ends(err):
			return err
		default:
			r.warn(one.name, err)
		}
		if errors.Is(err, errSilent) {
			return nil
		}
	}
	return nil
}

// itemKey is where the print of a thing is kept in the state.
func itemKey(account archive.PeerID, kind archive.Kind, item string) string {
	return "item/" + string(account) + "/" + string(kind) + "/" + item
}

// An item is one thing as the server tells it now.
type item struct {
	name string         // among those of its kind
	chat archive.PeerID // that it belongs to, "" for the account
	fill func(rec *archive.Record)
	raw  encoder // nil if there is no TL object
	// print changes when the thing does. Loose, if set, changes by itself: see aside.
	print, loose any
	files        []normal.FileRef
	emoji        []archive.MediaKey // that it names
	source       string             // where new references of the files come from
	id           int                // of the thing, for that
	date         int64
}

// A stock is the things of one kind while they are compared with the archive.
type stock struct {
	run   *run
	kind  archive.Kind
	scope string // beginning of the names, "" for all
	seen  map[string]bool
	news  []news
}

// news is a thing that is not archived as it is now.
type news struct {
	item  item
	state string
	known bool // an older version is archived
}

func (r *run) stock(kind archive.Kind, scope string) *stock {
	return &stock{run: r, kind: kind, scope: scope, seen: map[string]bool{}}
}

// add compares a thing with the archive. It reports whether it is news.
func (s *stock) add(it item) (bool, error) {
	if s.seen[it.name] {
		return false, nil // the list moved between two pages
	}
	s.seen[it.name] = true
	print, err := printOf(it.print)
	if err != nil {
		return false, err
	}
	loose := ""
	if it.loose != nil {
		if loose, err = printOf(it.loose); err != nil {
			return false, err
		}
	}
	key := itemKey(s.run.account, s.kind, it.name)
	value, known, err := s.run.archive.Get(key)
	if err != nil {
		return false, archived(err)
	}
	oldPrint, oldLoose, _ := strings.Cut(string(value), " ")
	n := news{item: it, state: strings.TrimSpace(print + " " + loose), known: known}
	switch {
	case !known || oldPrint != print:
		s.news = append(s.news, n)
		return true, nil
	case loose == "" || loose == oldLoose:
		s.run.aside.drop(key)
		return false, nil
	}
	rec, err := s.run.itemRecord(s.kind, it)
	if err == nil {
		s.run.aside.putRecord(key, []byte(n.state), rec)
	}
	return false, err
}

// itemsAtOnce is how many things are handed over together: no more than a server
// gives new references for in one call.
const itemsAtOnce = 50

// apply hands over what is news, the last of the list first, so that the order of
// records is that in which things came to be.
func (s *stock) apply(ctx context.Context) error {
	slices.Reverse(s.news)
	for part := range slices.Chunk(s.news, itemsAtOnce) {
		var b batch
		var files sorted
		for _, n := range part {
			if err := s.run.item(&b, s.kind, n, &files); err != nil {
				return err
			}
		}
		if err := s.run.itemFiles(&b, part[0].item, &files); err != nil {
			return err
		}
		if err := s.run.apply(ctx, &b); err != nil {
			return err
		}
		s.run.count(func(res *Result) { res.Items += len(part) })
	}
	s.news = nil
	return nil
}

// close hands over what is news, and, the list having been read to its end,
// notes what is not in it any more.
func (s *stock) close(ctx context.Context) error {
	var b batch
	prefix := itemKey(s.run.account, s.kind, "")
	err := s.run.archive.Range(prefix+s.scope, func(key string, _ []byte) error {
		name := strings.TrimPrefix(key, prefix)
		if s.seen[name] {
			return nil
		}
		rec := s.run.record(archive.KindUnlisted)
		rec.Item, rec.Unlisted = name, &archive.Unlisted{Kind: s.kind}
		b.records = append(b.records, rec)
		b.put(key, nil)
		return nil
	})
	if err != nil {
		return archived(err)
	}
	s.run.count(func(res *Result) { res.Items += len(b.records) })
	if err := s.run.apply(ctx, &b); err != nil {
		return err
	}
	return s.apply(ctx)
}

// itemRecord is the record of a thing.
func (r *run) itemRecord(kind archive.Kind, it item) (*archive.Record, error) {
	rec := r.record(kind)
	rec.Chat, rec.Item = it.chat, it.name
	it.fill(rec)
	if it.raw != nil {
		if err := raw(rec, it.raw); err != nil {
			return nil, err
		}
	}
	return rec, nil
}

// item adds the record of a thing, and sorts its files.
func (r *run) item(b *batch, kind archive.Kind, n news, files *sorted) error {
	rec, err := r.itemRecord(kind, n.item)
	if err != nil {
		return err
	}
	b.records = append(b.records, rec)
	b.put(itemKey(r.account, kind, n.item.name), []byte(n.state))
	if err := r.wantEmoji(b, rec.Seen, n.item.emoji...); err != nil {
		return err
	}
	for _, ref := range n.item.files {
		if n.known {
			// Another version of the same: its files are there, or on their way.
			if _, stored, err := r.archive.HasMedia(ref.Key); err != nil || stored {
				if err != nil {
					return archived(err)
				}
				continue
			}
		}
		f := workFile{FileRef: ref, Message: n.item.id, Date: n.item.date, Source: n.item.source}
		if err := r.sortFile(b, r.holder(n.item.chat), f, files); err != nil {
			return err
		}
	}
	return nil
}

// holder is the chat, or the account, in the place of a chat whose files are
// sorted: it forbids nothing.
func (r *run) holder(id archive.PeerID) *chat {
	if id == "" {
		id = r.account
	}
	h := &chat{id: id, peer: &archive.Peer{ID: id}}
	if c := r.chats[id]; c != nil {
		h.hash = c.hash
	}
	return h
}

// itemFiles puts the files of things of one kind into the state.
func (r *run) itemFiles(b *batch, first item, files *sorted) error {
	return r.lists(b, r.holder(first.chat), "item-"+strings.ReplaceAll(first.name, "/", "-"), files)
}

// listState is what is remembered of a list of several pages.
type listState struct {
	Count int   `json:"count"` // by the server
	At    int64 `json:"at"`    // Unix seconds when it was last read to its end
}

// listAge is how long a list of several pages whose first page and length stay the
// same is taken for unchanged.
const listAge = 7 * 24 * 3600

// listDoubt is after how long a list is read again that ended before its length:
// it moved while it was read, or the server counts what it does not tell.
const listDoubt = 24 * 3600

// A listPage is a piece of a list, the newest things first.
type listPage struct {
	items []item
	count int  // of all pages, 0 if the server does not say
	got   int  // how many things the server gave, those of no interest included
	whole bool // there are no more pages
}

// paged reads a list page by page, with one call where nothing changed: its
// length is what it was, and so is its first page.
func (r *run) paged(ctx context.Context, s *stock, next func(ctx context.Context) (listPage, error)) error {
	key := "list/" + string(r.account) + "/" + string(s.kind) + "/" + s.scope
	var before listState
	if _, err := load(r.archive, key, &before); err != nil {
		return err
	}
	got, most := 0, 0
	for first := true; ; first = false {
		page, err := next(ctx)
		if err != nil {
			return errors.Join(err, s.apply(ctx))
		}
		changed, seen := false, len(s.seen)
		for _, it := range page.items {
			isNews, err := s.add(it)
			if err != nil {
				return err
			}
			changed = changed || isNews
		}
		got, most = got+page.got, max(most, page.count)
		age := r.now() - before.At
		young := age >= 0 && age < listAge // the clock can have been wrong
		switch {
		case first && page.whole:
			return s.close(ctx)
		case first && !changed && young && page.count != 0 && page.count == before.Count:
			return nil
		case page.whole || page.got == 0 || len(s.seen) == seen:
			return r.endOfList(ctx, s, key, got >= most, page.count)
		}
	}
}

// endOfList settles a list of several pages. One that moved while it was read can
// lack what is there: then nothing counts as gone.
func (r *run) endOfList(ctx context.Context, s *stock, key string, whole bool, count int) error {
	now, settle := listState{Count: count, At: r.now()}, s.close
	if !whole {
		now.At += listDoubt - listAge
		settle = s.apply
	}
	if err := settle(ctx); err != nil {
		return err
	}
	var b batch
	if err := b.set(key, now); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// unexpected is the error of an answer that is none to the question.
func unexpected(method string, answer interface{ TypeName() string }) error {
	return fmt.Errorf("%s: unexpected answer %s", method, answer.TypeName())
}
