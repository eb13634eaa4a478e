package desktop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html"
)

// Limits against pages made to exhaust memory; real messages stay far below.
const (
	maxToken = 16 << 20 // bytes of one tag or text
	maxNodes = 1 << 18  // in one message
	maxDepth = 128
)

// A node is an element or, without a tag, a text.
type node struct {
	tag      string
	text     string
	attrs    map[string]string
	children []*node
}

// has reports whether the element has a class.
func (n *node) has(class string) bool {
	for one := range strings.FieldsSeq(n.attrs["class"]) {
		if one == class {
			return true
		}
	}
	return false
}

// find returns the first element with a class, n itself included; nil if there is none.
func (n *node) find(class string) *node {
	if n == nil {
		return nil
	}
	if n.has(class) {
		return n
	}
	for _, child := range n.children {
		if found := child.find(class); found != nil {
			return found
		}
	}
	return nil
}

// all calls f for the topmost elements with a class.
func (n *node) all(class string, f func(*node)) {
	if n.has(class) {
		f(n)
		return
	}
	for _, child := range n.children {
		child.all(class, f)
	}
}

// child returns the first child with a class, nil if there is none.
func (n *node) child(class string) *node {
	for _, child := range n.children {
		if child.has(class) {
			return child
		}
	}
	return nil
}

// words are the text below n in one line, as a browser shows it.
func (n *node) words() string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	n.spell(&b)
	return strings.Join(strings.Fields(b.String()), " ")
}

// own are the words of n without those of its elements.
func (n *node) own() string {
	var b strings.Builder
	for _, child := range n.children {
		b.WriteString(child.text)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (n *node) spell(b *strings.Builder) {
	b.WriteString(n.text)
	if n.tag == "br" {
		b.WriteByte('\n')
	}
	for _, child := range n.children {
		child.spell(b)
	}
}

// A pageReader takes a page apart, element by element.
type pageReader struct {
	tokens *html.Tokenizer
	lines  *lineCounter
}

func newPageReader(r io.Reader) *pageReader {
	lines := &lineCounter{r: bufio.NewReaderSize(r, 64<<10)}
	tokens := html.NewTokenizer(lines)
	tokens.SetMaxBuf(maxToken)
	return &pageReader{tokens, lines}
}

// lineCounter counts the lines that were read, which is a little ahead of what was
// understood; the tokenizer knows no places.
type lineCounter struct {
	r io.Reader
	n int
}

func (l *lineCounter) Read(p []byte) (int, error) {
	n, err := l.r.Read(p[:min(len(p), 512)])
	for _, c := range p[:n] {
		if c == '\n' {
			l.n++
		}
	}
	return n, err
}

// errCut and errHuge say what is wrong with a page.
var (
	errCut  = errors.New("the page ends in the middle of it: it was cut off")
	errHuge = errors.New("it is larger than any message can be")
)

// next returns the next element for which want says so, with all that is in it; io.EOF
// behind the last one.
func (p *pageReader) next(want func(*node) bool) (*node, error) {
	for {
		switch p.tokens.Next() {
		case html.ErrorToken:
			return nil, p.tokens.Err()
		case html.StartTagToken:
			if n := p.element(); want(n) {
				return n, p.fill(n)
			}
		}
	}
}

// element is the tag that was just read.
func (p *pageReader) element() *node {
	name, more := p.tokens.TagName()
	n := &node{tag: string(name)}
	for more {
		var key, value []byte
		key, value, more = p.tokens.TagAttr()
		if n.attrs == nil {
			n.attrs = map[string]string{}
		}
		n.attrs[string(key)] = strings.ToValidUTF8(string(value), "\ufffd")
	}
	return n
}

// isVoid reports elements that have no end.
func isVoid(tag string) bool {
	switch tag {
	case "br", "img", "meta", "link", "hr", "input", "wbr", "source":
		return true
	}
	return false
}

// fill reads up to the end of root.
func (p *pageReader) fill(root *node) error {
	open := []*node{root}
	for nodes := 0; len(open) > 0; nodes++ {
		top := open[len(open)-1]
		if nodes > maxNodes || len(open) > maxDepth {
			return errHuge
		}
		switch p.tokens.Next() {
		case html.ErrorToken:
			if errors.Is(p.tokens.Err(), io.EOF) {
				return errCut
			}
			return fmt.Errorf("it cannot be read: %w", p.tokens.Err())
		case html.TextToken:
			text := strings.ToValidUTF8(string(p.tokens.Text()), "\ufffd")
			top.children = append(top.children, &node{text: text})
		case html.StartTagToken:
			n := p.element()
			top.children = append(top.children, n)
			if !isVoid(n.tag) {
				open = append(open, n)
			}
		case html.SelfClosingTagToken:
			top.children = append(top.children, p.element())
		case html.EndTagToken:
			open = closed(open, p.element().tag)
		}
	}
	return nil
}

// closed ends the innermost open element of a tag, and all within it. An end without a
// beginning is passed over.
func closed(open []*node, tag string) []*node {
	for i := len(open) - 1; i >= 0; i-- {
		if open[i].tag == tag {
			return open[:i]
		}
	}
	return open
}
