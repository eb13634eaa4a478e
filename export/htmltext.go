package export

import (
	"cmp"
	"slices"
	"strings"

	"telekeep/archive"
)

// A styler turns texts with formats into markup. Unlike Telegram Desktop it keeps formats
// within formats.
type styler struct {
	emoji func(archive.MediaKey) string // the link to a custom emoji, "" for none
}

// text formats a text.
func (s styler) text(t archive.Text) []byte {
	entities := slices.DeleteFunc(slices.Clone(t.Entities), func(e archive.Entity) bool { return e.Length <= 0 || e.Offset < 0 })
	// The outer one first.
	slices.SortStableFunc(entities, func(a, b archive.Entity) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Length, a.Length))
	})
	u := newUnits(t.Text)
	return s.stretch(nil, u, 0, u.len(), entities)
}

// maxNesting is how deep formats may stand in each other: nobody writes more, and a
// hostile text must not.
const maxNesting = 16

// stretch formats the units from start to end, of which entities format parts.
func (s styler) stretch(b []byte, u units, start, end int, entities []archive.Entity) []byte {
	return s.nested(b, u, start, end, entities, 0)
}

func (s styler) nested(b []byte, u units, start, end int, entities []archive.Entity, depth int) []byte {
	for i := 0; i < len(entities) && start < end; {
		e := entities[i]
		i++
		if e.Offset < start || e.Offset >= end {
			continue // it overlaps with one before
		}
		b = appendText(b, u.slice(start, e.Offset))
		till := end
		if e.Length < end-e.Offset {
			till = e.Offset + e.Length
		}
		first := i
		for i < len(entities) && entities[i].Offset < till {
			i++
		}
		inner := entities[first:i]
		if depth == maxNesting {
			inner = nil
		}
		before, after := s.style(&e, u.slice(e.Offset, till))
		b = append(b, before...)
		b = s.nested(b, u, e.Offset, till, inner, depth+1)
		b = append(b, after...)
		start = till
	}
	return appendText(b, u.slice(start, end))
}

// style is what stands before and after a formatted text.
func (s styler) style(e *archive.Entity, text string) (before, after string) {
	switch e.Type {
	case "bold":
		return "<strong>", "</strong>"
	case "italic":
		return "<em>", "</em>"
	case "code":
		return "<code>", "</code>"
	case partPre:
		return "<pre>", "</pre>"
	case "underline":
		return "<u>", "</u>"
	case "strikethrough", "diff_delete":
		return "<s>", "</s>"
	case partBlockquote:
		return "<blockquote>", "</blockquote>"
	case "spoiler":
		return `<span class="spoiler hidden" onclick="ShowSpoiler(this)" role="button" tabindex="0" aria-label="Hidden text: show it"><span aria-hidden="true">`, "</span></span>"
	case "hashtag":
		return shownTag("ShowHashtag"), "</a>"
	case "cashtag":
		return shownTag("ShowCashtag"), "</a>"
	case "bot_command":
		return shownTag("ShowBotCommand"), "</a>"
	case partCustomEmoji:
		if link := s.emoji(e.Document); link != "" {
			return anchor(link), "</a>"
		}
		return "", ""
	}
	if link := entityLink(e, text); link != "" {
		return anchor(link, "rel", "noopener noreferrer nofollow"), "</a>"
	}
	return "", ""
}

// shownTag is a link to what the script does with the words within it. It names a function
// and nothing that a stranger wrote: the policy of the page knows it by its hash.
func shownTag(function string) string {
	return anchor("", "onclick", "return "+function+"(this)")
}

func anchor(href string, attributes ...string) string {
	b := appendAttribute([]byte(`<a href="`), href)
	b = append(b, '"')
	for i := 0; i+1 < len(attributes); i += 2 {
		b = append(append(append(b, ' '), attributes[i]...), `="`...)
		b = append(appendAttribute(b, attributes[i+1]), '"')
	}
	return string(append(b, '>'))
}

// entityLink is where a text leads that is a link by its format.
func entityLink(e *archive.Entity, text string) string {
	switch e.Type {
	case "link":
		return webLink(text)
	case partTextLink:
		return outsideLink(e.URL)
	case "email":
		return outsideLink("mailto:" + text)
	case "mention":
		return outsideLink("https://t.me/" + strings.TrimPrefix(text, "@"))
	case partMentionName:
		if e.User.Kind() == archive.PeerUser {
			return "tg://user?id=" + strings.TrimPrefix(string(e.User), archive.PeerUser)
		}
	}
	return ""
}
