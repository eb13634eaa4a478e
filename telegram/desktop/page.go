package desktop

import (
	"fmt"
	"io/fs"
	"math"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// A chatPages reads the pages of one chat.
type chatPages struct {
	converter
	title string
	// What the messages before tell about the next one.
	day    int64 // of the last date that stood between messages
	last   int64 // date of the message before
	sender *resultjson.Name
	told   bool // the archive knows the chat
	left   bool
}

// readChat takes in one chat.
func (im *importer) readChat(c *pagedChat) error {
	im.result.Chats++
	p := &chatPages{title: c.title, left: c.left}
	p.converter = converter{importer: im, chat: c.id, kind: c.kind}
	if n := im.names.of(c.id); c.title != "" && c.id != im.account {
		n.chat, n.bot = c.title, n.bot || c.kind == archive.ChatBot
	}
	for _, page := range c.pages {
		p.page = page
		err := im.eachElement(page, func(n *node) bool { return n.has("message") }, p.element)
		if err != nil {
			return err
		}
	}
	return p.tell()
}

// tell tells the archive of the chat, once something shows what it is.
func (p *chatPages) tell() error {
	if p.told {
		return nil
	}
	p.told = true
	return p.dialog(p.chat, p.typeOf(), p.left)
}

// typeOf is the type of the chat, as far as it shows.
func (p *chatPages) typeOf() archive.ChatType {
	if p.kind != "" && (p.kind != archive.ChatPrivateGroup || p.chat.Kind() == archive.PeerChat) {
		return p.kind
	}
	switch p.chat.Kind() {
	case archive.PeerUser:
		if p.chat == p.account {
			return archive.ChatSaved
		}
		return archive.ChatPersonal
	case archive.PeerChat:
		return archive.ChatPrivateGroup
	}
	if p.sender != nil && p.sender.Text == p.title {
		return archive.ChatPrivateChannel
	}
	return archive.ChatPrivateSupergroup
}

// element takes in one element of class message.
func (p *chatPages) element(n *node, line int) error {
	p.line = line
	digits, ok := strings.CutPrefix(n.attrs["id"], "message")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		p.skip("an element without a message's id")
		return nil
	}
	p.id = id
	service := n.has("service")
	if day, ok := dayOf(n.find("details").words(), p.Location); service && ok && id < 0 {
		p.day = day
		return nil
	}
	if id == 0 || id < math.MinInt32 || id > math.MaxInt32 {
		p.skip("no message of Telegram has such an id")
		return nil
	}
	m := &archive.Message{ID: int(id)}
	if service {
		p.service(m, n)
	} else if !p.ordinary(m, n) {
		return nil
	}
	if p.err != nil {
		return p.err
	}
	p.last = m.Date
	if err := p.tell(); err != nil {
		return err
	}
	return p.sink.message(p.chat, m, nil)
}

func (p *chatPages) skip(why string) {
	p.result.Messages++
	p.result.Skipped++
	p.remark("skipped: " + why)
}

// dayOf reads the date between messages: "18 July 2023".
func dayOf(text string, zone *time.Location) (int64, bool) {
	t, err := time.ParseInLocation("2 January 2006", text, zone)
	return t.Unix(), err == nil
}

// momentOf reads the title of a date: "18.07.2023 00:24:19", later with " UTC+08:00".
func momentOf(text string, zone *time.Location) (int64, error) {
	text = strings.TrimSpace(text)
	for layout, in := range map[string]*time.Location{
		"02.01.2006 15:04:05": zone, "02.01.2006 15:04:05 UTC-07:00": time.UTC, "02.01.2006 15:04:05 UTC": time.UTC,
	} {
		if t, err := time.ParseInLocation(layout, text, in); err == nil {
			return t.Unix(), nil
		}
	}
	return 0, fmt.Errorf("%q is no date", text)
}

// ordinary takes in what is no service message; false if it cannot be dated.
func (p *chatPages) ordinary(m *archive.Message, n *node) bool {
	body := n.child("body")
	if body == nil {
		p.skip("it has no body")
		return false
	}
	date := body.child("date")
	if date == nil {
		p.skip("it has no date")
		return false
	}
	var err error
	if m.Date, err = momentOf(date.attrs["title"], p.Location); err != nil {
		p.skip(err.Error())
		return false
	}
	p.from(m, n, body)
	if r := body.child("reply_to"); r != nil {
		m.Reply = replyOf(r)
	}
	content := body
	if f := body.child("forwarded"); f != nil {
		m.Forward = p.forwarded(f)
		content = f
		for _, other := range body.children {
			if f.has("userpic_wrap") && other.has("forwarded") && other.has("body") {
				m.Forward, content = p.forwarded(other), other
			}
		}
	}
	p.content(m, content)
	if content != body { // the signature and reactions stand behind, or within
		p.marks(m, content)
	}
	p.marks(m, body)
	return true
}

// content takes in media and text.
func (p *chatPages) content(m *archive.Message, n *node) {
	if media := n.child("media_wrap"); media != nil {
		p.media(m, media)
	}
	if text := n.child("text"); text != nil {
		m.Text = markupOf(&p.converter, text, p.fileOf)
	}
}

// marks takes in what stands below a message.
func (p *chatPages) marks(m *archive.Message, n *node) {
	if s := n.child("signature"); s != nil && m.Author == "" {
		m.Author = s.words()
	}
	if r := n.child("reactions"); r != nil {
		r.all("reaction", func(one *node) { m.Reactions = append(m.Reactions, p.reaction(one)) })
	}
	if b := n.child("bot_buttons_table"); b != nil {
		m.Buttons = pageButtons(b)
	}
}

// from finds who wrote a message. One that follows another of the same sender does not
// say it.
func (p *chatPages) from(m *archive.Message, n, body *node) {
	if f := body.child("from_name"); f != nil {
		name, via, _ := strings.Cut(f.own(), " via @")
		p.sender = &resultjson.Name{Text: name}
		if name == "Deleted Account" {
			p.sender = &resultjson.Name{Null: true}
		}
		m.ViaBot = p.names.called(via, true)
	} else if !n.has("joined") {
		p.sender = nil
	}
	if p.sender == nil {
		return
	}
	m.From, m.Out = p.senderOf(p.sender)
	m.Post = m.From == ""
}

// senderOf is who has a name here; "" is the chat itself.
func (p *chatPages) senderOf(name *resultjson.Name) (id archive.PeerID, out bool) {
	isChat := name.Text == p.title || strings.HasPrefix(name.Text, p.title+" ") && p.title != ""
	switch {
	case p.chat == p.account:
		return p.account, false
	case p.chat.Kind() == archive.PeerUser && (isChat || name.Null):
		p.names.learn(p.chat, name)
		return p.chat, false
	case p.chat.Kind() == archive.PeerUser: // of two, it is the other
		p.names.learn(p.account, name)
		return p.account, true
	case name.Text == p.title && p.chat.Kind() == archive.PeerChannel:
		return "", false
	case name.Text != "" && name.Text == p.self:
		return p.account, true
	}
	return p.names.named(name), false
}

var goTo = regexp.MustCompile(`go_to_message(-?\d+)`)

func replyOf(n *node) *archive.Reply {
	link := firstLink(n)
	if link == nil {
		return nil // to another chat, which is not named
	}
	if m := goTo.FindStringSubmatch(link.attrs["href"]); m != nil {
		if id, err := strconv.Atoi(m[1]); err == nil {
			return &archive.Reply{MessageID: id}
		}
	}
	return nil
}

func firstLink(n *node) *node {
	if n.tag == "a" {
		return n
	}
	for _, child := range n.children {
		if found := firstLink(child); found != nil {
			return found
		}
	}
	return nil
}

func (p *chatPages) forwarded(n *node) *archive.Forward {
	f := &archive.Forward{}
	name := n.child("from_name")
	if name == nil {
		return f
	}
	f.FromName, _, _ = strings.Cut(name.own(), " via @")
	if f.FromName == "Deleted Account" || f.FromName == "" {
		f.FromName, f.From = "", nobody
	}
	if date := name.find("date"); date != nil {
		if at, err := momentOf(date.attrs["title"], p.Location); err == nil {
			f.Date = at
		}
	}
	return f
}

func (p *chatPages) reaction(n *node) archive.Reaction {
	r := archive.Reaction{Type: "emoji", Emoji: n.find("emoji").words(), Chosen: n.has("active")}
	if n.has("paid") {
		r.Type, r.Emoji = "paid", ""
	}
	if emoji := n.find("emoji"); emoji != nil && r.Type == "emoji" {
		if link := firstLink(emoji); link != nil {
			r.Type, r.Emoji = "custom_emoji", ""
			if name := p.fileOf(link.attrs["href"]); name != "" {
				r.Document = p.emoji(name)
			} else {
				r.Document = p.absent(archive.MissingUnavailable)
			}
		}
	}
	r.Count, _ = strconv.Atoi(n.find("count").words())
	if r.Count == 0 { // who reacted is shown instead
		n.all("userpic", func(*node) { r.Count++ })
	}
	return r
}

func pageButtons(n *node) [][]archive.Button {
	var rows [][]archive.Button
	n.all("bot_button_row", func(row *node) {
		var line []archive.Button
		row.all("bot_button", func(cell *node) {
			b := archive.Button{Type: "default", Text: cell.words()}
			if link := firstLink(cell); link != nil && link.attrs["href"] != "" {
				b.Type, b.Data = "url", []byte(link.attrs["href"])
			}
			line = append(line, b)
		})
		if line != nil {
			rows = append(rows, line)
		}
	})
	return rows
}

var isScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// fileOf is the path below the export that a page links to, "" if it links elsewhere.
func (p *chatPages) fileOf(href string) string {
	if href == "" || isScheme.MatchString(href) || strings.HasPrefix(href, "/") || strings.HasPrefix(href, "#") {
		return ""
	}
	dir := path.Dir(p.page)
	name := path.Join(dir, href)
	if rest, ok := strings.CutPrefix(href, "../../chats/"); ok && dir == "." { // one chat of a whole account
		_, name, _ = strings.Cut(rest, "/")
	}
	if !fs.ValidPath(name) {
		return name // its refusal is told
	}
	if _, err := fs.Stat(p.export.files, name); err != nil {
		if plain, err := url.PathUnescape(name); err == nil {
			if _, err := fs.Stat(p.export.files, plain); err == nil {
				return plain
			}
		}
	}
	return name
}

// service takes in a service message. Pages do not say when it was: after the message
// before, on the day that stood above.
func (p *chatPages) service(m *archive.Message, n *node) {
	m.Date = max(p.day, p.last)
	details := n.find("details")
	text := details.words()
	a := &archive.Action{Custom: text}
	m.Action = a
	switch {
	case strings.HasPrefix(text, "This message is not supported by this version of Telegram"):
		m.Action, m.Unsupported = nil, true
		return
	case strings.HasSuffix(text, " pinned this message"):
		link := replyOf(details)
		if link == nil {
			break
		}
		a.Type, a.Custom, a.MessageID = "pin_message", "", link.MessageID
		m.From, m.Out = p.senderOf(&resultjson.Name{Text: strings.TrimSuffix(text, " pinned this message")})
	}
	picture := n.find("userpic_link")
	if picture == nil {
		return
	}
	if name := p.fileOf(picture.attrs["href"]); name != "" {
		got := p.file(name, 0)
		a.Photo = &archive.File{Key: got.key, Size: got.size, MIME: "image/jpeg", Date: m.Date}
		a.Type = "edit_group_photo"
	}
}
