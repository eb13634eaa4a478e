package desktop

import (
	"cmp"
	"slices"
	"strings"

	"telekeep/archive"
)

// A markup turns the text of a page into a text with entities.
type markup struct {
	*converter
	text     strings.Builder
	offset   int // of what comes next, in UTF-16 units
	entities []archive.Entity
	file     func(href string) string // the path of a link, "" if it is none of the export
}

// markupOf reads what stands in a text's element. Line feeds and the blanks around are
// the page's; those of the text are written <br>.
func markupOf(c *converter, n *node, file func(string) string) archive.Text {
	m := &markup{converter: c, file: file}
	trimEdges(n)
	m.walk(n)
	// The outer one first; of one place the longer one.
	slices.SortStableFunc(m.entities, func(a, b archive.Entity) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Length, a.Length))
	})
	return archive.Text{Text: m.text.String(), Entities: m.entities}
}

// trimEdges takes away the line feed behind the tag, and the one before its end with the
// blanks that indent it.
func trimEdges(n *node) {
	if len(n.children) == 0 {
		return
	}
	first, last := n.children[0], n.children[len(n.children)-1]
	first.text = strings.TrimPrefix(strings.TrimPrefix(first.text, "\r"), "\n")
	if i := strings.LastIndexByte(last.text, '\n'); i >= 0 && strings.TrimSpace(last.text[i:]) == "" {
		last.text = strings.TrimSuffix(last.text[:i], "\r")
	}
}

func (m *markup) put(text string) {
	m.text.WriteString(text)
	m.offset += units(text)
}

func (m *markup) walk(n *node) {
	for _, child := range n.children {
		switch child.tag {
		case "":
			m.put(child.text)
		case "br":
			m.put("\n")
		default:
			m.element(child)
		}
	}
}

// element takes in an element with its text.
func (m *markup) element(n *node) {
	start, from := m.offset, m.text.Len()
	m.walk(n)
	e, ok := m.entity(n, m.text.String()[from:])
	if !ok || m.offset == start {
		return
	}
	e.Offset, e.Length = start, m.offset-start
	m.entities = append(m.entities, e)
}

// entity is what an element makes of its text.
func (m *markup) entity(n *node, text string) (archive.Entity, bool) {
	kind := ""
	switch n.tag {
	case "strong", "b":
		kind = "bold"
	case "em", "i":
		kind = "italic"
	case "code", "pre", "blockquote":
		kind = n.tag
	case "u":
		kind = "underline"
	case "s", "del":
		kind = "strikethrough"
	case "span":
		if n.has("spoiler") {
			kind = "spoiler"
		}
	case "a":
		return m.link(n, text), true
	}
	return archive.Entity{Type: kind}, kind != ""
}

// link tells the kinds of links apart.
func (m *markup) link(n *node, text string) archive.Entity {
	href, click := n.attrs["href"], n.attrs["onclick"]
	for call, kind := range map[string]string{
		"ShowHashtag": "hashtag", "ShowCashtag": "cashtag", "ShowBotCommand": "bot_command", "ShowMentionName": "mention_name",
	} {
		if strings.Contains(click, call) {
			return archive.Entity{Type: kind}
		}
	}
	switch {
	case strings.Contains(click, "Emoji"):
		return archive.Entity{Type: "custom_emoji", Document: m.absent(archive.MissingUnavailable)}
	case strings.HasPrefix(href, "mailto:"):
		return archive.Entity{Type: "email"}
	case strings.HasPrefix(href, "tel:"):
		return archive.Entity{Type: "phone"}
	case strings.HasPrefix(text, "@") && strings.EqualFold(strings.TrimPrefix(href, "https://t.me/"), text[1:]):
		return archive.Entity{Type: "mention"}
	case href == text || strings.TrimPrefix(strings.TrimPrefix(href, "https://"), "http://") == text:
		return archive.Entity{Type: "link"}
	}
	if name := m.file(href); name != "" {
		return archive.Entity{Type: "custom_emoji", Document: m.emoji(name)}
	}
	return archive.Entity{Type: "text_link", URL: href}
}
