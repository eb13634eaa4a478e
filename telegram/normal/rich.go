package normal

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// rich is the text of a message that is laid out like an article, so that it
// can be searched and read; nil for the others. Order and words are kept, the
// layout is not.
func rich(m tg.RichMessage) *archive.Text {
	if len(m.Blocks) == 0 {
		return nil
	}
	var w writer
	w.blocks(m.Blocks)
	t := w.finish()
	return &t
}

// richMedia is what an article shows: photos, then documents, in the order of the
// message. What is gone is left out.
func richMedia(m tg.RichMessage) []archive.Media {
	var list []archive.Media
	for _, p := range m.Photos {
		if f := photo(p); f != nil {
			list = append(list, archive.Media{Kind: archive.MediaKindPhoto, File: f})
		}
	}
	for _, d := range m.Documents {
		out := archive.Media{Kind: archive.MediaKindDocument}
		if document(&out, d); out.File != nil {
			list = append(list, out)
		}
	}
	return list
}

// A writer puts a text with its formatting together. Offsets count UTF-16
// units.
type writer struct {
	text     strings.Builder
	at       int
	entities []archive.Entity
}

func (w *writer) write(s string) {
	w.text.WriteString(s)
	for _, r := range s {
		w.at += utf16.RuneLen(r)
	}
}

// span lets f write and marks what it wrote as e.
func (w *writer) span(e archive.Entity, f func()) {
	e.Offset = w.at
	f()
	if e.Length = w.at - e.Offset; e.Length > 0 {
		w.entities = append(w.entities, e)
	}
}

// finish returns the text without the last line's end. Outer entities come
// before those inside them, as in Telegram's own texts.
func (w *writer) finish() archive.Text {
	text := strings.TrimSuffix(w.text.String(), "\n")
	if cut := w.text.Len() - len(text); cut > 0 {
		w.at -= cut
		for i := range w.entities {
			e := &w.entities[i]
			e.Length = min(e.Length, w.at-e.Offset)
		}
	}
	slices.SortStableFunc(w.entities, func(a, b archive.Entity) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Length, a.Length))
	})
	return archive.Text{Text: text, Entities: w.entities}
}

func (w *writer) rich(t tg.RichTextClass) {
	switch t := t.(type) {
	case *tg.TextPlain:
		w.write(t.Text)
	case *tg.TextConcat:
		for _, part := range t.Texts {
			w.rich(part)
		}
	case *tg.TextMath:
		w.write(t.Source)
	case *tg.TextCustomEmoji:
		emoji := archive.Entity{Type: "custom_emoji", Document: archive.NewMediaKey(archive.MediaDocument, t.DocumentID)}
		w.span(emoji, func() { w.write(t.Alt) })
	case *tg.TextURL:
		w.span(archive.Entity{Type: "text_link", URL: t.URL}, func() { w.rich(t.Text) })
	case *tg.TextMentionName:
		w.span(archive.Entity{Type: "mention_name", User: userID(t.UserID)}, func() { w.rich(t.Text) })
	case *tg.TextDate:
		w.span(archive.Entity{Type: "formatted_date", Date: int64(t.Date)}, func() { w.rich(t.Text) })
	default:
		if inner, entity := plainSpan(t); entity != "" {
			w.span(archive.Entity{Type: entity}, func() { w.rich(inner) })
		} else if inner != nil {
			w.rich(inner)
		}
	}
}

// plainSpan is the text inside a formatting that has no more to say than its
// name; the name is "" for formattings that messages do not have.
func plainSpan(t tg.RichTextClass) (tg.RichTextClass, string) {
	switch t := t.(type) {
	case *tg.TextBold:
		return t.Text, "bold"
	case *tg.TextItalic:
		return t.Text, "italic"
	case *tg.TextUnderline:
		return t.Text, "underline"
	case *tg.TextStrike:
		return t.Text, "strikethrough"
	case *tg.TextFixed:
		return t.Text, "code"
	case *tg.TextSpoiler:
		return t.Text, "spoiler"
	case *tg.TextMention:
		return t.Text, "mention"
	case *tg.TextHashtag:
		return t.Text, "hashtag"
	case *tg.TextCashtag:
		return t.Text, "cashtag"
	case *tg.TextBotCommand:
		return t.Text, "bot_command"
	case *tg.TextBankCard:
		return t.Text, "bank_card"
	case *tg.TextAutoURL:
		return t.Text, "link"
	case *tg.TextAutoEmail:
		return t.Text, "email"
	case *tg.TextEmail:
		return t.Text, "email"
	case *tg.TextAutoPhone:
		return t.Text, "phone"
	case *tg.TextPhone:
		return t.Text, "phone"
	case *tg.TextSubscript:
		return t.Text, ""
	case *tg.TextSuperscript:
		return t.Text, ""
	case *tg.TextMarked:
		return t.Text, ""
	case *tg.TextAnchor:
		return t.Text, ""
	case *tg.TextDiff:
		return t.Text, ""
	case *tg.TextButton:
		return t.Text, ""
	}
	return nil, ""
}
