package export

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"

	"telekeep/archive"
)

// A book is a chat in pages. It holds one page in memory at most, and of the others no
// more than the number of their first message.
type book struct {
	*encoder
	pages  *pages
	reader reader
	shelf  *shelf
	title  string
	back   string // where the pages lead back to, "" for nowhere
	page   *page  // nil before the first message
	shard  *shard // what the search knows of the page
	starts []int  // the first message of each page
	count  int    // messages on the page
	total  int

	before *standing // the message before on the page
	day    string
	days   int // dates that stand between messages, on all pages

	forum  bool // messages stand in topics
	topics *topicList
	failed error // what went wrong within the drawing of a message
}

// A reader gets what a message needs besides its record.
type reader struct {
	attach   func(*archive.Message) (attached, error)
	media    func(*archive.Media, *archive.Message) (attached, error)
	store    func(key archive.MediaKey, name string) (string, error)
	versions func(chat archive.PeerID, m *archive.StoredMessage) ([]*archive.StoredMessage, error)
}

func (h *pages) newReader(ctx context.Context, s *shelf) reader {
	return reader{
		attach: func(m *archive.Message) (attached, error) { return s.attach(ctx, m) },
		media:  func(media *archive.Media, m *archive.Message) (attached, error) { return s.attachMedia(ctx, media, m) },
		store:  func(key archive.MediaKey, name string) (string, error) { return s.store(ctx, key, name) },
		versions: func(chat archive.PeerID, m *archive.StoredMessage) ([]*archive.StoredMessage, error) {
			return h.earlierVersions(ctx, chat, m)
		},
	}
}

// standing is what a message has to know of the one before it.
type standing struct {
	sender, via, forward archive.PeerID
	forwardName          string
	topic                string
	date                 int64
}

func (h *pages) newBook(ctx context.Context, c chat, s *shelf, back string) *book {
	return &book{
		encoder: &encoder{names: h.names, zone: h.zone, chat: c.ID},
		pages:   h, reader: h.newReader(ctx, s), shelf: s, title: h.title(c), back: back,
		forum: h.isForum(c.ID), topics: newTopicList(),
		shard: h.index.chat(c, h.title(c), s.prefix),
	}
}

// isForum reports whether messages of a chat stand in topics.
func (h *pages) isForum(id archive.PeerID) bool {
	p, ok := h.names.source.Peer(h.account.ID, id)
	return ok && p.Forum || slices.ContainsFunc(h.source.Items(h.account.ID, archive.KindTopic), func(item *archive.Item) bool { return item.Chat == id })
}

func pageName(n int) string {
	if n == 1 {
		return "messages.html"
	}
	return "messages" + strconv.Itoa(n) + ".html"
}

// drop forgets a page that was not finished.
func (b *book) drop() {
	if b.page != nil {
		b.page.file.drop()
	}
}

// turn begins the next page.
func (b *book) turn() error {
	number := len(b.starts) + 1
	if b.page != nil {
		b.pagination("Next messages", pageName(number))
		if err := b.finishPage(); err != nil {
			return err
		}
	}
	p, err := b.pages.folder.newPage(b.shelf.prefix+pageName(number), heading{
		title: "Exported Data", text: b.title, back: b.back, search: true, topics: b.forum, body: " chat_page",
	})
	if err != nil {
		return err
	}
	b.page, b.count, b.before, b.day = p, 0, nil, ""
	p.div("history")
	if number > 1 {
		b.pagination("Previous messages", pageName(number-1))
	}
	return nil
}

func (b *book) pagination(text, link string) {
	b.page.link("pagination block_link", link, text)
}

func (b *book) finishPage() error {
	err := b.page.finish()
	if err == nil {
		err = b.shard.finish(len(b.starts))
	}
	return err
}

// message draws one message.
func (b *book) message(m *archive.StoredMessage) error {
	at, err := b.reader.attach(m.Message)
	if err != nil {
		return err
	}
	id := m.ID + b.shift
	if b.page == nil || b.count == pageMessages {
		if err := b.turn(); err != nil {
			return err
		}
		b.starts = append(b.starts, id)
	}
	b.date(m.Date)
	b.draw(m, at)
	if b.failed != nil {
		return b.failed
	}
	b.count++
	b.total++
	b.topic(b.pages.topic(b.chat, m.Message), id)
	b.shard.add(id, m, b.searchable(m.Message), b.speaker(m.Message))
	return b.page.spill(spillAt)
}

// date puts a date between messages of different days.
func (b *book) date(unix int64) {
	day := time.Unix(unix, 0).In(b.zone).Format("2 January 2006")
	if day == b.day {
		return
	}
	b.day, b.before = day, nil
	b.days++
	b.page.div("message service", "id", "message-"+strconv.Itoa(b.days))
	b.page.leaf("body details", day)
	b.page.end()
}

// close finishes the last page, and takes away pages that an earlier run wrote and that
// have no messages any more.
func (b *book) close() error {
	if b.page == nil {
		if err := b.turn(); err != nil {
			return err
		}
		b.starts = append(b.starts, 0)
		b.page.div("message service", "id", "message-1")
		b.page.leaf("body details", "No exported messages")
		b.page.end()
	}
	if err := b.finishPage(); err != nil {
		return err
	}
	b.page = nil
	if err := b.topicPage(); err != nil {
		return err
	}
	for n := len(b.starts) + 1; ; n++ {
		gone, err := b.pages.folder.forget(b.shelf.prefix + pageName(n))
		if err != nil || !gone {
			return err
		}
		if _, err := b.pages.folder.forget(b.shard.name(n)); err != nil {
			return err
		}
	}
}

// forget removes a page of an earlier run, and reports whether there was one.
func (f *folder) forget(name string) (bool, error) {
	if _, ok := f.size(name); !ok {
		return false, nil
	}
	return true, f.root.Remove(name)
}

// place is the link to a message of this chat, from its own page.
func (b *book) place(id int) string {
	anchor := "#go_to_message" + strconv.Itoa(id)
	n := sort.SearchInts(b.starts, id+1) // pages that begin at or before it
	if n == 0 || n == len(b.starts) {
		return anchor
	}
	return pageName(n) + anchor
}

// moment is a time as titles have it.
func (b *book) moment(unix int64) string { return momentTitle(unix, b.zone) }

func momentTitle(unix int64, zone *time.Location) string {
	t := time.Unix(unix, 0).In(zone)
	_, offset := t.Zone()
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%s UTC%c%02d:%02d", t.Format("02.01.2006 15:04:05"), sign, offset/3600, offset/60%60)
}
