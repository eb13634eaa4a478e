package export

import (
	"unicode/utf16"
	"unicode/utf8"

	"telekeep/archive"
)

// The part types that this package has to know; the others are only passed on.
const (
	partPlain       = "plain"
	partUnknown     = "unknown"
	partMentionName = "mention_name"
	partCustomEmoji = "custom_emoji"
	partPre         = "pre"
	partTextLink    = "text_link"
	partBlockquote  = "blockquote"
)

// A part is a stretch of a text with at most one format.
type part struct {
	kind   string
	text   string
	entity *archive.Entity // nil for plain parts
}

// parts cuts a text as Telegram Desktop does, with both of its quirks:
//
//   - an entity that starts before the end of the one before it is dropped, so
//     that of nested formats only the outer one is left;
//   - the end of the text is taken to be its length in UTF-8 bytes, though
//     offsets count UTF-16 units. Behind an entity that ends a text with
//     characters outside ASCII this leaves an empty plain part.
func parts(t archive.Text) []part {
	source := newUnits(t.Text)
	end := len(t.Text)
	var out []part
	offset := 0
	plainTill := func(till int) {
		if till > offset {
			out = append(out, part{kind: partPlain, text: source.slice(offset, till)})
			offset = till
		}
	}
	for i := range t.Entities {
		e := &t.Entities[i]
		// Compared without adding first: a hostile length must not overflow.
		if e.Offset < offset || e.Length <= 0 || e.Offset > end || e.Length > end-e.Offset {
			continue
		}
		plainTill(e.Offset)
		offset = e.Offset + e.Length
		out = append(out, part{kind: partKind(e.Type), text: source.slice(e.Offset, offset), entity: e})
	}
	plainTill(end)
	return out
}

// partKind keeps the words of Telegram Desktop's export and calls the rest
// unknown.
func partKind(kind string) string {
	switch kind {
	case "mention", "hashtag", "bot_command", "link", "email", "bold", "italic", "code", partPre,
		partTextLink, partMentionName, "phone", "cashtag", "underline", "strikethrough",
		partBlockquote, "bank_card", "spoiler", partCustomEmoji:
		return kind
	}
	return partUnknown
}

// units gives access to a string by UTF-16 offsets.
type units struct {
	ascii string   // set if offsets are the same in bytes
	wide  []uint16 // otherwise
}

func newUnits(s string) units {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return units{wide: utf16.Encode([]rune(s))}
		}
	}
	return units{ascii: s}
}

// len is the number of units.
func (u units) len() int {
	if u.wide == nil {
		return len(u.ascii)
	}
	return len(u.wide)
}

// slice cuts from one unit to another and stops at the end of the text. Half of
// a surrogate pair becomes U+FFFD.
func (u units) slice(from, to int) string {
	if u.wide == nil {
		return u.ascii[min(from, len(u.ascii)):min(to, len(u.ascii))]
	}
	return string(utf16.Decode(u.wide[min(from, len(u.wide)):min(to, len(u.wide))]))
}

// textValue writes parts as the value of "text": a string where one plain part
// is all there is, otherwise an array of strings and objects.
func textValue(w *buffer, indent int, ps []part, at attached) {
	switch {
	case len(ps) == 0:
		w.put(`""`)
		return
	case len(ps) == 1 && ps[0].kind == partPlain:
		w.quote(ps[0].text)
		return
	}
	l := beginList(w, indent)
	for _, p := range ps {
		if p.kind == partPlain {
			l.item()
			w.quote(p.text)
			continue
		}
		partObject(&l, p, at)
	}
	l.end()
}

// entitiesValue writes parts as the value of "text_entities": an object each.
func entitiesValue(w *buffer, indent int, ps []part, at attached) {
	if len(ps) == 0 {
		w.put("[]") // the only empty array on one line
		return
	}
	l := beginList(w, indent)
	for _, p := range ps {
		partObject(&l, p, at)
	}
	l.end()
}

func partObject(l *list, p part, at attached) {
	o := l.object()
	o.quoted("type", p.kind)
	o.quoted("text", p.text)
	switch p.kind {
	case partMentionName:
		o.number("user_id", p.entity.User.Num())
	case partCustomEmoji:
		o.quoted("document_id", at.emojiPath(p.entity.Document))
	case partPre:
		o.quoted("language", p.entity.Language)
	case partTextLink:
		o.quoted("href", p.entity.URL)
	case partBlockquote:
		o.boolean("collapsed", p.entity.Collapsed)
	}
	o.end()
}
