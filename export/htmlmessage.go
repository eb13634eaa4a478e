package export

import (
	"strconv"
	"strings"
	"time"

	"telekeep/archive"
)

// joinWithin is for how many seconds messages of the same sender stand under one name.
const joinWithin = 900

// draw writes a message as an element of the page.
func (b *book) draw(m *archive.StoredMessage, at attached) {
	call := m.Action != nil && m.Action.Type == "phone_call"
	if unsupported(m.Message) || m.Action != nil && !call {
		b.service(m, at)
		b.before = nil
		return
	}
	now := b.standing(m.Message)
	joined := b.before != nil && now.joins(b.before)
	class := "message default clearfix"
	if joined {
		class += " joined"
	}
	b.page.tag("div", append([]string{"class", class, "id", b.anchor(m.ID)}, b.notes(m)...)...)
	if !joined {
		b.userpic("pull_left userpic_wrap", 42, now.sender, b.called(now.sender))
	}
	b.page.div("body")
	b.page.div("pull_right date details", "title", b.moment(m.Date))
	b.page.text(time.Unix(m.Date, 0).In(b.zone).Format("15:04"))
	b.page.end()
	if !joined {
		b.fromName(m.Message, now)
	}
	b.contentOf(m.Message, at, joined)
	b.reactionsOf(m.Message, at)
	b.marks(m)
	b.page.end()
	b.page.end()
	b.before = &now
}

func (b *book) anchor(id int) string { return "message" + strconv.Itoa(id+b.shift) }

// notes are the attributes by which style and script know a message.
func (b *book) notes(m *archive.StoredMessage) (out []string) {
	if m.Deleted {
		out = append(out, "data-deleted", "true")
	}
	if m.Album != 0 {
		out = append(out, "data-album", strconv.FormatInt(m.Album, 10))
	}
	if m.Out {
		out = append(out, "data-out", "true")
	}
	return out
}

func (b *book) standing(m *archive.Message) standing {
	s := standing{sender: b.sender(m), via: m.ViaBot, topic: b.pages.topic(b.chat, m), date: m.Date}
	if f := m.Forward; f != nil {
		s.forward, s.forwardName = f.From, "x"+f.FromName
	}
	return s
}

// joins reports whether a message stands under the name of the one before it.
func (s *standing) joins(before *standing) bool {
	return s.sender == before.sender && s.via == before.via && s.topic == before.topic &&
		s.forward == before.forward && s.forwardName == before.forwardName &&
		s.date-before.date <= joinWithin && s.date >= before.date
}

// called is the name of somebody, or what stands for it.
func (b *book) called(id archive.PeerID) string {
	if name := b.peer(id); name != "" {
		return name
	}
	return deletedAccount
}

// speaker is who wrote a message, for the search.
func (b *book) speaker(m *archive.Message) string { return b.called(b.sender(m)) }

func (b *book) fromName(m *archive.Message, now standing) {
	name := b.called(now.sender)
	if bot := b.username(m.ViaBot); bot != "" {
		name += " via @" + bot
	}
	b.page.leaf("from_name", name)
	if now.topic != "" {
		b.page.leaf("topic details", now.topic)
	}
}

// userpic draws the initials of somebody in a circle.
func (b *book) userpic(wrap string, pixels int, id archive.PeerID, name string) {
	px := strconv.Itoa(pixels) + "px"
	if wrap != "" {
		b.page.div(wrap, "aria-hidden", "true")
	}
	b.page.div("userpic userpic"+strconv.Itoa(colour(id)), "style", "width: "+px+"; height: "+px)
	b.page.div("initials", "style", "line-height: "+px)
	b.page.text(b.initials(id, name))
	b.page.end()
	b.page.end()
	if wrap != "" {
		b.page.end()
	}
}

// colour is Telegram's choice among its eight colours.
func colour(id archive.PeerID) int {
	n := id.Num() % 7
	if n < 0 {
		n = 0
	}
	return [...]int{1, 8, 5, 2, 7, 4, 6}[n]
}

// initials are those of a person's two names, or the first letter of a title.
func (n names) initials(id archive.PeerID, name string) string {
	p, ok := n.source.Peer(n.account, id)
	if ok && id.Kind() == archive.PeerUser && !p.Deleted {
		return strings.ToUpper(firstLetter(p.FirstName) + firstLetter(p.LastName))
	}
	return strings.ToUpper(firstLetter(name))
}

func firstLetter(s string) string {
	for _, r := range strings.TrimSpace(s) {
		return string(r)
	}
	return ""
}

// contentOf draws everything between the name and the reactions. That of a forwarded
// message stands within a body of its own.
func (b *book) contentOf(m *archive.Message, at attached, joined bool) {
	if m.Forward != nil && hasOrigin(m.Forward) {
		b.forwarded(m.Forward, joined)
		defer b.page.end()
	}
	if m.Reply != nil {
		b.replyTo(m.Reply)
	}
	b.mediaOf(m, at)
	if text := body(m); text.Text != "" {
		b.page.div("text")
		b.page.lines(b.styled(at).text(text))
		b.page.end()
	}
	if m.FactCheck != nil {
		b.page.div("fact_check details")
		b.page.lines(b.styled(at).text(*m.FactCheck))
		b.page.end()
	}
	b.preview(m)
	b.buttonsOf(m.Buttons)
	b.page.leaf("signature details", m.Author)
}

func hasOrigin(f *archive.Forward) bool { return f.From != "" || f.FromName != "" }

// forwarded begins the body of a forwarded message.
func (b *book) forwarded(f *archive.Forward, joined bool) {
	name := f.FromName
	if f.From != "" {
		name = b.called(f.From)
	}
	if !joined {
		b.userpic("pull_left forwarded userpic_wrap", 42, f.From, name)
	}
	b.page.div("forwarded body")
	if joined {
		return
	}
	b.page.div("from_name")
	line := appendText(nil, name)
	if f.Date != 0 {
		line = append(line, `<span class="date details" title="`...)
		line = append(appendAttribute(line, b.moment(f.Date)), `"> `...)
		line = append(appendText(line, time.Unix(f.Date, 0).In(b.zone).Format("02.01.2006 15:04:05")), "</span>"...)
	}
	b.page.lines(line)
	b.page.end()
}

// replyTo says what a message answers, in the words that are quoted.
func (b *book) replyTo(r *archive.Reply) {
	b.page.div("reply_to details")
	switch {
	case r.Story != 0:
		b.page.text("In reply to a story of " + b.called(r.Peer))
	case r.Peer != "" && r.Peer != b.chat:
		b.page.text("In reply to a message in " + b.called(r.Peer))
	case r.MessageID == 0:
		b.page.text("In reply to a message in another chat")
	default:
		line := appendText(nil, "In reply to ")
		b.page.lines(append(line, b.linkTo(r.MessageID)...))
	}
	b.page.end()
	if r.Quote != nil && r.Quote.Text != "" {
		b.page.tag("blockquote", "class", "reply_quote")
		b.page.lines(b.styled(attached{}).text(*r.Quote))
		b.page.end()
	}
}

// linkTo is the link to a message of the chat.
func (b *book) linkTo(id int) []byte {
	return []byte(anchor(b.place(id+b.shift), "onclick", "return GoToMessage(this)") + "this message</a>")
}

// styled formats the texts of a message.
func (b *book) styled(at attached) styler {
	return styler{emoji: func(key archive.MediaKey) string {
		if place := at.emoji[key]; place != "" && !isPlaceholder(place) {
			return b.file(place)
		}
		return ""
	}}
}

func isPlaceholder(place string) bool { return place == "" || strings.HasPrefix(place, "(") }

// file is the link to a file of this chat: pages lie in the same folder.
func (b *book) file(place string) string {
	return fileLink(strings.TrimPrefix(place, b.shelf.prefix))
}

func (b *book) reactionsOf(m *archive.Message, at attached) {
	if len(m.Reactions) == 0 {
		return
	}
	b.page.tag("span", "class", "reactions")
	for _, r := range m.Reactions {
		b.reaction(r, at)
	}
	b.page.end()
}

func (b *book) reaction(r archive.Reaction, at attached) {
	class := "reaction"
	if r.Chosen {
		class += " active"
	}
	if r.Type == "paid" {
		class += " paid"
	}
	b.page.tag("span", "class", class)
	b.page.tag("span", "class", "emoji")
	b.page.lines(b.reactionSign(r, at))
	b.page.end()
	if len(r.Recent) > 0 {
		b.page.tag("span", "class", "userpics")
		for _, who := range r.Recent {
			name := b.called(who.From)
			b.page.tag("span", "title", name+", "+b.moment(who.Date))
			b.userpic("", 20, who.From, name)
			b.page.end()
		}
		b.page.end()
	}
	if r.Count > len(r.Recent) {
		b.page.tag("span", "class", "count")
		b.page.text(strconv.Itoa(r.Count))
		b.page.end()
	}
	b.page.end()
}

func (b *book) reactionSign(r archive.Reaction, at attached) []byte {
	switch {
	case r.Type == "paid":
		return []byte("⭐")
	case r.Emoji != "":
		return appendText(nil, r.Emoji)
	}
	if link := b.styled(at).emoji(r.Document); link != "" {
		return []byte(anchor(link, "aria-label", "Custom emoji") + "🙂</a>")
	}
	return []byte("🙂")
}

func (b *book) buttonsOf(rows [][]archive.Button) {
	if len(rows) == 0 {
		return
	}
	b.page.tag("table", "class", "bot_buttons_table", "role", "presentation")
	b.page.tag("tbody")
	for _, row := range rows {
		b.page.tag("tr")
		b.page.tag("td", "class", "bot_button_row")
		for _, button := range row {
			b.button(button)
		}
		b.page.end()
		b.page.end()
	}
	b.page.end()
	b.page.end()
}

func (b *book) button(button archive.Button) {
	b.page.div("bot_button")
	link := ""
	if button.Type == "url" || button.Type == "web_view" || button.Type == "simple_web_view" || button.Type == "auth" {
		link = outsideLink(string(button.Data))
	}
	if link != "" {
		b.page.tag("a", "href", link, "rel", "noopener noreferrer nofollow")
	}
	b.page.tag("div")
	b.page.text(button.Text)
	b.page.end()
	if link != "" {
		b.page.end()
	}
	b.page.end()
}
