package export

import (
	"strconv"
	"time"

	"telekeep/archive"
)

// encoder turns messages of one chat into Telegram Desktop's JSON. It reads no
// files: what became of the media is handed to it.
type encoder struct {
	names
	zone  *time.Location
	chat  archive.PeerID // speaks where a message has no sender
	shift int            // added to message ids, for a group that became a supergroup
}

// migratedShift is what Telegram Desktop adds to the message ids of a basic
// group that is merged into the supergroup it became.
const migratedShift = -1_000_000_000

// dateLayout is Telegram Desktop's local time without a zone.
const dateLayout = "2006-01-02T15:04:05"

// message appends one message as an object whose closing brace is indented by
// indent spaces.
func (e *encoder) message(w *buffer, indent int, m *archive.Message, at attached) {
	o := beginObject(w, indent)
	o.number("id", int64(m.ID+e.shift))
	if unsupported(m) {
		o.quoted("type", "unsupported")
	} else {
		e.contents(&o, m, at)
	}
	if at.extras != nil {
		o.key(extrasKey)
		o.tree(at.extras)
	}
	o.end()
}

// contents writes all of a message but its id.
func (e *encoder) contents(o *object, m *archive.Message, at attached) {
	kind := "message"
	if m.Action != nil {
		kind = "service"
	}
	o.quoted("type", kind)
	e.moment(o, "date", m.Date)
	if m.Edited != 0 {
		e.moment(o, "edited", m.Edited)
	}
	if m.Action != nil {
		e.action(o, m, at)
	} else {
		e.envelope(o, m)
	}
	if m.Media != nil {
		e.media(o, m.Media, at)
	}
	messageText(o, m, at)
	e.article(o, m.RichMedia, at.rich)
	buttons(o, m.Buttons)
	e.reactions(o, m.Reactions, at)
}

// unsupported says that of a message only id and type are written.
func unsupported(m *archive.Message) bool {
	return m.Unsupported ||
		m.Media != nil && m.Media.Kind == archive.MediaKindUnsupported ||
		m.Action != nil && m.Action.Type == actionUnknown
}

// date writes a local time.
func (e *encoder) date(o *object, key string, unix int64) {
	o.quoted(key, time.Unix(unix, 0).In(e.zone).Format(dateLayout))
}

// moment writes a time twice: local, and as a string of Unix seconds.
func (e *encoder) moment(o *object, key string, unix int64) {
	e.date(o, key, unix)
	o.quoted(key+"_unixtime", strconv.FormatInt(unix, 10))
}

// from writes who speaks, under the keys label and label_id.
func (e *encoder) from(o *object, label string, m *archive.Message) {
	id := e.sender(m)
	o.nullable(label, e.peer(id))
	o.quoted(label+"_id", string(id))
}

// sender is who speaks: the chat itself where a message does not say it.
func (e *encoder) sender(m *archive.Message) archive.PeerID {
	switch {
	case m.From != "":
		return m.From
	case m.Out && !m.Post && e.chat.Kind() == archive.PeerUser:
		return e.account
	}
	return e.chat
}

// envelope writes what stands before the content of an ordinary message.
func (e *encoder) envelope(o *object, m *archive.Message) {
	e.from(o, "from", m)
	o.text("author", m.Author)
	if f := m.Forward; f != nil {
		switch {
		case f.From != "":
			o.nullable("forwarded_from", e.peer(f.From))
		case f.FromName != "":
			o.quoted("forwarded_from", f.FromName)
		}
		if f.SavedFrom != "" {
			o.nullable("saved_from", e.peer(f.SavedFrom))
		}
	}
	if r := m.Reply; r != nil {
		e.reply(o, "reply_to_message_id", r.MessageID, r.Peer)
	}
	if name := e.username(m.ViaBot); name != "" {
		o.quoted("via_bot", "@"+name)
	}
}

// reply writes the id of a message and, if it is in another chat, that chat.
func (e *encoder) reply(o *object, key string, id int, peer archive.PeerID) {
	switch {
	case id == 0:
	case peer != "" && peer != e.chat:
		o.number(key, int64(id))
		o.quoted("reply_to_peer_id", string(peer))
	default:
		o.number(key, int64(id+e.shift))
	}
}

// body is the text of a message. One that is laid out like an article has its
// words elsewhere; without the layout they are better than nothing.
func body(m *archive.Message) archive.Text {
	if m.Text.Text == "" && m.Rich != nil {
		return *m.Rich
	}
	return m.Text
}

// messageText writes the text twice. A key stands only once in an object: after
// "send_webview_data", which brings a "text" of its own, Telegram Desktop adds
// an empty second one; here it is left out.
func messageText(o *object, m *archive.Message, at attached) {
	ps := parts(body(m))
	if m.Action == nil || m.Action.Type != actionWebviewData {
		o.key("text")
		textValue(o.w, o.indent+1, ps, at)
	}
	o.key("text_entities")
	entitiesValue(o.w, o.indent+1, ps, at)
}

// article lists what an article shows among its paragraphs, in the keys of a
// message's own media. Telegram Desktop has no word for it; this one is ours.
func (e *encoder) article(o *object, shown []archive.Media, at []attached) {
	if len(shown) == 0 {
		return
	}
	l := o.list("rich_media")
	for i := range shown {
		one := l.object()
		e.media(&one, &shown[i], at[i])
		one.end()
	}
	l.end()
}

func buttons(o *object, rows [][]archive.Button) {
	if len(rows) == 0 {
		return
	}
	l := o.list("inline_bot_buttons")
	for _, row := range rows {
		l.item()
		cells := beginList(l.w, l.indent+1)
		for _, b := range row {
			button(&cells, b)
		}
		cells.end()
	}
	l.end()
}

func button(l *list, b archive.Button) {
	o := l.object()
	o.quoted("type", b.Type)
	o.text("text", b.Text)
	switch {
	case len(b.Data) == 0:
	case b.Type == "callback" || b.Type == "callback_with_password":
		o.base64("dataBase64", b.Data)
		o.quoted("data", "")
	default:
		o.quoted("data", string(b.Data))
	}
	o.text("forward_text", b.ForwardText)
	o.count("button_id", b.ButtonID)
	o.end()
}

// reactions stand one level deeper than they should.
func (e *encoder) reactions(o *object, rs []archive.Reaction, at attached) {
	if len(rs) == 0 {
		return
	}
	l := o.listAt("reactions", o.indent+2)
	for _, r := range rs {
		e.reaction(&l, r, at)
	}
	l.end()
}

func (e *encoder) reaction(l *list, r archive.Reaction, at attached) {
	o := l.object()
	o.quoted("type", r.Type)
	o.number("count", int64(r.Count))
	switch r.Type {
	case "emoji":
		o.quoted("emoji", r.Emoji)
	case "custom_emoji":
		o.quoted("document_id", at.emojiPath(r.Document))
	}
	if len(r.Recent) > 0 {
		recent := o.list("recent")
		for _, who := range r.Recent {
			one := recent.object()
			one.nullable("from", e.peer(who.From))
			one.quoted("from_id", string(who.From))
			e.date(&one, "date", who.Date)
			one.end()
		}
		recent.end()
	}
	o.end()
}
