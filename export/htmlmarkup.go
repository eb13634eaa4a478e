package export

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// markup collects the text of a page. Elements stand on lines of their own, indented by
// one space per level, and so does text, without indentation: as in Telegram Desktop's
// pages. Whatever goes in as text or as the value of an attribute is escaped here.
type markup struct {
	b      []byte
	open   []string // elements that were begun
	inText bool     // text was the last thing written
}

// tag begins an element. attributes are names, each followed by its value.
func (p *markup) tag(name string, attributes ...string) {
	p.element(name, attributes)
	p.b = append(p.b, ">\n"...)
	p.open = append(p.open, name)
	p.inText = false
}

// div begins a div of a class.
func (p *markup) div(class string, attributes ...string) {
	p.tag("div", append([]string{"class", class}, attributes...)...)
}

// void writes an element that has no content.
func (p *markup) void(name string, attributes ...string) {
	p.element(name, attributes)
	p.b = append(p.b, "/>\n"...)
	p.inText = false
}

func (p *markup) element(name string, attributes []string) {
	p.b = append(p.b, '\n')
	p.indent()
	p.b = append(append(p.b, '<'), name...)
	for i := 0; i+1 < len(attributes); i += 2 {
		p.b = append(append(append(p.b, ' '), attributes[i]...), `="`...)
		p.b = appendAttribute(p.b, attributes[i+1])
		p.b = append(p.b, '"')
	}
}

func (p *markup) indent() {
	for range len(p.open) {
		p.b = append(p.b, ' ')
	}
}

// end ends the element that was begun last.
func (p *markup) end() {
	last := len(p.open) - 1
	name := p.open[last]
	p.open = p.open[:last]
	if !p.inText {
		p.b = append(p.b, '\n')
	}
	p.indent()
	p.b = append(append(append(p.b, "</"...), name...), ">\n"...)
	p.inText = false
}

// text writes a text as it is.
func (p *markup) text(s string) { p.lines(appendText(nil, s)) }

// lines writes markup that stands between other text, on a line of its own.
func (p *markup) lines(b []byte) {
	p.b = append(append(p.b, b...), '\n')
	p.inText = true
}

// leaf writes a div with a text. Without text there is none.
func (p *markup) leaf(class, text string) {
	if text == "" {
		return
	}
	p.div(class)
	p.text(text)
	p.end()
}

// appendText escapes a text. A line feed becomes an element; characters that no page may
// have become U+FFFD.
func appendText(b []byte, s string) []byte {
	return appendEscapedRunes(b, s, true)
}

// appendAttribute escapes the value of an attribute.
func appendAttribute(b []byte, s string) []byte {
	return appendEscapedRunes(b, s, false)
}

func appendEscapedRunes(b []byte, s string, breaks bool) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\'':
			b = append(b, "&apos;"...)
		case r == '`': // a quote to some old browsers
			b = append(b, "&#096;"...)
		case r == '\n' && breaks:
			b = append(b, "<br>"...)
		case r == '\n', r == '\t':
			b = append(append(append(b, "&#"...), strconv.Itoa(int(r))...), ';')
		case unicode.IsControl(r):
			b = utf8.AppendRune(b, utf8.RuneError)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// fileLink is the link to a file of the export: its path with what would end it escaped.
// Paths begin with a folder of ours, so that none is taken for a scheme.
func fileLink(place string) string {
	return strings.NewReplacer("%", "%25", "#", "%23", "?", "%3F").Replace(place)
}

// outsideLink is a link that a stranger wrote, "" if it is of a kind that pages must not
// have: only what opens a page, a letter or a chat is.
func outsideLink(link string) string {
	link = strings.TrimFunc(link, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	if strings.ContainsFunc(link, unicode.IsControl) {
		return ""
	}
	scheme, _, found := strings.Cut(link, ":")
	switch strings.ToLower(scheme) {
	case "http", "https", "mailto", "tg":
		if found {
			return link
		}
	}
	return ""
}

// webLink is outsideLink for a text that was recognised as a link, which may have no scheme.
func webLink(text string) string {
	if link := outsideLink(text); link != "" {
		return link
	}
	if strings.Contains(text, "://") || strings.ContainsFunc(text, unicode.IsSpace) {
		return ""
	}
	return outsideLink("https://" + text)
}
