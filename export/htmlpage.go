package export

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"strings"
)

// The handlers of events that pages have. Nothing else runs: the policy names these by
// their hashes.
var handlers = []string{
	"CheckLocation();", "ShowSpoiler(this)", "return ShowHashtag(this)", "return ShowCashtag(this)",
	"return ShowBotCommand(this)", "return GoToMessage(this)",
}

// policy is the content security policy of every page: scripts, styles and media of the
// export alone, no plugins, no forms, nothing from the network. A page that is opened as
// a file has no origin that 'self' would mean in every browser; file: is what it is.
func policy() string {
	script := "script-src 'self' file: 'unsafe-hashes'"
	for _, h := range handlers {
		sum := sha256.Sum256([]byte(h))
		script += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; " + script + "; style-src 'self' file:; style-src-attr 'unsafe-inline'; " +
		"img-src 'self' file:; media-src 'self' file:; base-uri 'none'; form-action 'none'; object-src 'none'; frame-src 'none'"
}

// A page is a file of the export that is on its way.
type page struct {
	markup
	folder *folder
	file   *partFile
	name   string
}

// A heading says what stands above a page.
type heading struct {
	title   string // of the document
	text    string // over the content
	back    string // where the arrow leads, "" for none
	search  bool   // whether the search is linked
	topics  bool   // whether the topics of the chat are
	body    string // further class of the body
	scripts []string
}

// newPage begins a page. base leads from it to the folder of the export.
func (f *folder) newPage(name string, h heading) (*page, error) {
	file, err := f.create()
	if err != nil {
		return nil, err
	}
	base := strings.Repeat("../", strings.Count(name, "/"))
	p := &page{folder: f, file: file, name: name}
	p.b = append(p.b, "<!DOCTYPE html>"...)
	p.tag("html", "lang", "en")
	p.head(h, base)
	p.tag("body", "onload", "CheckLocation();", "data-root", base)
	p.div("page_wrap")
	p.header(h, base)
	p.div("page_body"+h.body, "role", "main")
	return p, nil
}

func (p *page) head(h heading, base string) {
	p.tag("head")
	p.void("meta", "charset", "utf-8")
	p.void("meta", "http-equiv", "Content-Security-Policy", "content", policy())
	p.tag("title")
	p.text(h.title)
	p.end()
	p.void("meta", "content", "width=device-width, initial-scale=1.0", "name", "viewport")
	p.void("meta", "content", "no-referrer", "name", "referrer")
	p.void("meta", "content", "light dark", "name", "color-scheme")
	p.void("meta", "content", "telekeep", "name", "generator")
	p.void("link", "href", base+"css/style.css", "rel", "stylesheet")
	for _, script := range append([]string{"js/script.js"}, h.scripts...) {
		p.tag("script", "src", base+script, "type", "text/javascript")
		p.end()
	}
	p.end()
}

func (p *page) header(h heading, base string) {
	p.div("page_header", "role", "banner")
	if h.search {
		p.link("search_link pull_right", base+searchPage, "Search")
	}
	if h.topics {
		p.link("search_link pull_right", topicsPage, "Topics")
	}
	if h.back != "" {
		p.tag("a", "class", "content block_link", "href", h.back)
	} else {
		p.div("content")
	}
	p.div("text bold", "role", "heading", "aria-level", "1")
	p.text(h.text)
	p.end()
	p.end()
	p.end()
}

func (p *page) link(class, href, text string) {
	p.tag("a", "class", class, "href", href)
	p.text(text)
	p.end()
}

// spill writes what waits in memory if it is more than limit bytes.
func (p *page) spill(limit int) error {
	if len(p.b) <= limit {
		return nil
	}
	_, err := p.file.Write(p.b)
	p.b = p.b[:0]
	return err
}

// finish ends the page and puts it in place.
func (p *page) finish() error {
	for len(p.open) > 0 {
		p.end()
	}
	if err := p.spill(0); err != nil {
		return err
	}
	return p.file.settle(p.name)
}

// settle gives a file its name, unless one with the same content has it: that one stays
// untouched. What it replaces is there until the new one has reached the disk.
func (p *partFile) settle(name string) error {
	same, err := p.same(name)
	if err != nil {
		return err
	}
	if same {
		p.drop()
		return nil
	}
	if err := p.Sync(); err != nil {
		return err
	}
	return p.keep(name)
}

// same reports whether a file has the content of this one.
func (p *partFile) same(name string) (bool, error) {
	size, ok := p.folder.size(name)
	if own, err := p.Stat(); err != nil || !ok || own.Size() != size {
		return false, err
	}
	there, err := p.folder.root.Open(name)
	if err != nil {
		return false, nil // what cannot be read is replaced
	}
	defer there.Close() // read only
	own, err := p.folder.root.Open(p.part)
	if err != nil {
		return false, err
	}
	defer own.Close() // read only
	return sameBytes(there, own)
}

func sameBytes(a, b io.Reader) (bool, error) {
	left, right := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errA := io.ReadFull(a, left)
		m, errB := io.ReadFull(b, right)
		if !bytes.Equal(left[:n], right[:m]) {
			return false, nil
		}
		for _, err := range []error{errA, errB} {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return true, nil
			}
			if err != nil {
				return false, err
			}
		}
	}
}

// write puts a small file in place, unless it is there with the same content.
func (f *folder) writeFile(name string, content []byte) error {
	p, err := f.create()
	if err != nil {
		return err
	}
	defer p.drop()
	if _, err := p.Write(content); err != nil {
		return err
	}
	return p.settle(name)
}
