package export

import (
	"strconv"
	"strings"

	"telekeep/archive"
)

// marks writes under a message what Telegram Desktop's pages do not tell: that it was
// deleted, edited, pinned or seen how often; and its earlier versions.
func (b *book) marks(m *archive.StoredMessage) {
	var list [][2]string // class, words
	add := func(class, words string) { list = append(list, [2]string{class, words}) }
	if m.Deleted {
		add("mark_deleted", "deleted")
	}
	if m.Edited != 0 && !m.EditHidden {
		add("mark_edited", "edited "+b.moment(m.Edited))
	}
	if m.Pinned {
		add("mark_pinned", "pinned")
	}
	if m.Views > 0 {
		add("mark_views", count(int64(m.Views), "view", "views"))
	}
	if m.Forwards > 0 {
		add("mark_forwards", count(int64(m.Forwards), "forward", "forwards"))
	}
	if m.Replies > 0 {
		add("mark_replies", count(int64(m.Replies), "comment", "comments"))
	}
	if len(list) > 0 {
		b.page.div("marks details")
		for _, mark := range list {
			b.page.tag("span", "class", mark[0])
			b.page.text(mark[1])
			b.page.end()
		}
		b.page.end()
	}
	if b.pages.options.Versions && m.Versions > 1 {
		b.versions(m)
	}
}

// versions writes the earlier versions of a message, folded together.
func (b *book) versions(m *archive.StoredMessage) {
	list, err := b.reader.versions(b.chat, m)
	if err != nil {
		b.failed = err
		return
	}
	if len(list) == 0 {
		return
	}
	b.page.tag("details", "class", "versions")
	b.page.tag("summary", "class", "details")
	b.page.text(count(int64(len(list)), "earlier version", "earlier versions"))
	b.page.end()
	for _, v := range list {
		b.version(v)
	}
	b.page.end()
}

func (b *book) version(v *archive.StoredMessage) {
	b.page.div("version")
	when := v.Message.Date
	if v.Message.Edited != 0 {
		when = v.Message.Edited
	}
	b.page.leaf("details", "as of "+b.moment(when))
	if text := body(v.Message); text.Text != "" {
		b.page.div("version_text")
		b.page.lines(b.styled(attached{}).text(text))
		b.page.end()
	}
	if v.Message.Media != nil && drawn(v.Message.Media.Kind) {
		at, err := b.reader.media(v.Message.Media, v.Message)
		if err != nil {
			b.failed = err
			return
		}
		b.page.div("version_media clearfix")
		b.media(v.Message, v.Message.Media, at)
		b.page.end()
	}
	b.page.end()
}

// searchable are the words by which a message is found besides its text.
func (b *book) searchable(m *archive.Message) string {
	words := []string{body(m).Text}
	if m.Action != nil {
		words = append(words, plainWords(b.told(m)))
	}
	for _, media := range append([]*archive.Media{m.Media}, pointers(m.RichMedia)...) {
		if media != nil {
			words = append(words, mediaWords(media)...)
		}
	}
	words = append(words, m.Author)
	if m.Forward != nil {
		words = append(words, m.Forward.FromName)
	}
	var out []string
	for _, w := range words {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, "\n")
}

func pointers(list []archive.Media) []*archive.Media {
	out := make([]*archive.Media, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

func mediaWords(m *archive.Media) (out []string) {
	if m.File != nil {
		out = append(out, m.File.Name)
	}
	out = append(out, m.Performer, m.SongTitle, m.StickerEmoji)
	if c := m.Contact; c != nil {
		out = append(out, c.FirstName+" "+c.LastName, c.Phone)
	}
	if p := m.Place; p != nil {
		out = append(out, p.Title, p.Address)
	}
	if w := m.Webpage; w != nil {
		out = append(out, w.Site, w.Title, w.Description)
	}
	if g := m.Game; g != nil {
		out = append(out, g.Title, g.Description)
	}
	if v := m.Invoice; v != nil {
		out = append(out, v.Title, v.Description)
	}
	if p := m.Poll; p != nil {
		out = append(out, p.Question.Text)
		for _, a := range p.Answers {
			out = append(out, a.Text.Text)
		}
	}
	if t := m.Todo; t != nil {
		out = append(out, t.Title.Text)
		for _, item := range t.Items {
			out = append(out, item.Text.Text)
		}
	}
	return out
}

// A topicList collects the topics that a chat's messages stand in.
type topicList struct {
	order []string
	seen  map[string]*topicEntry
}

type topicEntry struct {
	link     string
	messages int
}

func newTopicList() *topicList { return &topicList{seen: map[string]*topicEntry{}} }

// topicPage lists the topics of a chat, each linked to its first message.
func (b *book) topicPage() error {
	name := b.shelf.prefix + topicsPage
	if !b.forum {
		_, err := b.pages.folder.forget(name)
		return err
	}
	p, err := b.pages.folder.newPage(name, heading{title: "Exported Data", text: b.title + ": topics", back: pageName(1), search: true, body: " list_page"})
	if err != nil {
		return err
	}
	defer p.file.drop()
	p.div("entry_list")
	for _, title := range b.topics.order {
		t := b.topics.seen[title]
		p.tag("a", "class", "entry block_link clearfix", "href", t.link)
		p.div("body")
		p.div("pull_right info details")
		p.text(count(int64(t.messages), "message", "messages"))
		p.end()
		p.leaf("name bold", title)
		p.end()
		p.end()
	}
	return p.finish()
}

// topic counts a message of a topic.
func (b *book) topic(title string, id int) {
	if title == "" {
		return
	}
	t := b.topics.seen[title]
	if t == nil {
		t = &topicEntry{link: pageName(len(b.starts)) + "#go_to_message" + strconv.Itoa(id)}
		b.topics.seen[title] = t
		b.topics.order = append(b.topics.order, title)
	}
	t.messages++
}
