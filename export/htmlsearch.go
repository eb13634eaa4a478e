package export

import (
	"encoding/base64"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"telekeep/archive"
)

// The search of an export is scripts: a page that is opened as a file can load nothing
// else. search/chats.js lists the chats and, for every page, its dates and a signature;
// search/chat_1/3.js has the texts of the third page of chat_1. A search reads the list,
// and of the texts only those whose signature has all that is looked for:
//
//	chats.js   telekeepChats([{"key":"chat_1", … "pages":[[from, until, signature], …]}, …]);
//	3.js       telekeepShard({"key":"chat_1","page":3,"names":[…],"messages":[[id, date, name, kind, deleted, text], …]});
const searchDir = "search/"

// searchIndex writes search/chats.js.
type searchIndex struct {
	folder *folder
	file   *partFile
	b      []byte
	zone   *time.Location
	chats  int
	pages  int // of the chat that is written
}

func (f *folder) newSearchIndex(zone *time.Location) (*searchIndex, error) {
	file, err := f.create()
	if err != nil {
		return nil, err
	}
	return &searchIndex{folder: f, file: file, zone: zone, b: []byte("telekeepChats([")}, nil
}

func (x *searchIndex) drop() { x.file.drop() }

// chat begins a chat.
func (x *searchIndex) chat(c chat, title, prefix string) *shard {
	key := "chat"
	if prefix != "" {
		key = path.Base(prefix)
	}
	if x.chats > 0 {
		x.b = append(x.b, "]},"...)
	}
	x.chats++
	x.pages = 0
	x.b = append(x.b, "\n"+`{"key":`...)
	x.b = appendScript(x.b, key)
	x.b = append(x.b, `,"title":`...)
	x.b = appendScript(x.b, title)
	x.b = append(x.b, `,"folder":`...)
	x.b = appendScript(x.b, prefix)
	x.b = append(x.b, `,"pages":[`...)
	s := &shard{index: x, key: key}
	s.clear()
	return s
}

// page adds a page to the chat that was begun last.
func (x *searchIndex) page(from, until int64, signature []byte) error {
	if x.pages > 0 {
		x.b = append(x.b, ',')
	}
	x.pages++
	x.b = append(x.b, "\n["...)
	x.b = strconv.AppendInt(x.b, from, 10)
	x.b = strconv.AppendInt(append(x.b, ','), until, 10)
	x.b = append(x.b, `,"`...)
	x.b = base64.StdEncoding.AppendEncode(x.b, signature)
	x.b = append(x.b, `"]`...)
	if len(x.b) < spillAt {
		return nil
	}
	_, err := x.file.Write(x.b)
	x.b = x.b[:0]
	return err
}

// finish puts the list in place.
func (x *searchIndex) finish() error {
	if x.chats > 0 {
		x.b = append(x.b, "]}"...)
	}
	if _, err := x.file.Write(append(x.b, "]);\n"...)); err != nil {
		return err
	}
	return x.file.settle(searchDir + "chats.js")
}

// appendScript appends a string as a script has it. Of JSON's strings these are the ones
// that are also safe within a page.
func appendScript(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // strings do not fail
	}
	return append(b, quoted...)
}

// A shard is what the search knows of one page.
type shard struct {
	index       *searchIndex
	key         string
	b           []byte
	names       map[string]int
	order       []string
	from, until int64
	grams       signature
}

func (s *shard) clear() {
	s.b, s.names, s.order = nil, map[string]int{}, nil
	s.from, s.until, s.grams = 0, 0, signature{}
}

func (s *shard) name(page int) string { return searchDir + s.key + "/" + strconv.Itoa(page) + ".js" }

// add takes in a message.
func (s *shard) add(id int, m *archive.StoredMessage, text, sender string) {
	name, ok := s.names[sender]
	if !ok {
		name = len(s.order)
		s.names[sender] = name
		s.order = append(s.order, sender)
	}
	if len(s.b) > 0 {
		s.b = append(s.b, ',')
	}
	s.b = append(s.b, "\n["...)
	for _, n := range []int64{int64(id), m.Date, int64(name)} {
		s.b = append(strconv.AppendInt(s.b, n, 10), ',')
	}
	s.b = appendScript(s.b, string(m.Content()))
	deleted := ",0,"
	if m.Deleted {
		deleted = ",1,"
	}
	s.b = appendScript(append(s.b, deleted...), text)
	s.b = append(s.b, ']')
	if s.from == 0 || m.Date < s.from {
		s.from = m.Date
	}
	s.until = max(s.until, m.Date)
	s.grams.add(text)
	s.grams.add(sender)
}

// finish writes the shard of a page and begins the next.
func (s *shard) finish(page int) error {
	head, err := json.Marshal(s.order)
	if err != nil {
		return err
	}
	out := append([]byte(`telekeepShard({"key":`), appendScript(nil, s.key)...)
	out = strconv.AppendInt(append(out, `,"page":`...), int64(page), 10)
	out = append(append(out, `,"names":`...), head...)
	out = append(append(append(out, `,"messages":[`...), s.b...), "]});\n"...)
	if err := s.index.folder.writeFile(s.name(page), out); err != nil {
		return err
	}
	err = s.index.page(s.from, s.until, s.grams.fold())
	s.clear()
	return err
}

// A signature has a bit for every three letters that follow each other in a page's words,
// and for every two of scripts that write words with so few: what has not all the bits of
// a word does not have the word. The script computes the same.
type signature struct{ bits []byte }

const (
	signatureBytes    = 4 << 10 // at most, a power of two
	minSignatureBytes = 64
	// wideRunes is where the scripts begin that write words with one or two letters.
	wideRunes = 0x2E80
)

// add takes in a text.
func (s *signature) add(text string) {
	if s.bits == nil {
		s.bits = make([]byte, signatureBytes)
	}
	for word := range strings.FieldsFuncSeq(text, parted) {
		runes := lowered(word)
		for i := range runes {
			if i+2 < len(runes) {
				s.set(gram(runes[i : i+3]))
			}
			if i+1 < len(runes) && runes[i] >= wideRunes && runes[i+1] >= wideRunes {
				s.set(gram(runes[i : i+2]))
			}
		}
	}
}

func (s *signature) set(hash uint32) {
	bit := hash % (signatureBytes * 8)
	s.bits[bit/8] |= 1 << (bit % 8)
}

// fold halves the signature while few bits are set: that of a short page is short.
func (s *signature) fold() []byte {
	b := slices.Clone(s.bits)
	for len(b) > minSignatureBytes && ones(b)*4 < len(b)*8 {
		half := len(b) / 2
		for i := range half {
			b[i] |= b[half+i]
		}
		b = b[:half]
	}
	return b
}

func ones(b []byte) (n int) {
	for _, c := range b {
		for ; c != 0; c &= c - 1 {
			n++
		}
	}
	return n
}

// gram hashes letters with FNV-1a over their code points.
func gram(runes []rune) uint32 {
	h := uint32(2166136261)
	for _, r := range runes {
		h = (h ^ uint32(r)) * 16777619
	}
	return h ^ h>>15 // the low bits choose, and know little of the high ones
}

// parted says what stands between words, as the script's \s does.
func parted(r rune) bool { return unicode.IsSpace(r) && r != '\u0085' }

// lowered is a word in small letters, in the words of the script: of those that it would
// write differently at the end of a word, or as two, there is one way.
func lowered(word string) []rune {
	out := make([]rune, 0, len(word))
	for _, r := range word {
		r = unicode.ToLower(r)
		if r == 'ς' {
			r = 'σ'
		}
		if r == '\u0307' && len(out) > 0 && out[len(out)-1] == 'i' {
			continue
		}
		out = append(out, r)
	}
	return out
}

// searchPage writes the page that searches. back leads to where the export begins.
func (h *pages) searchPage(back string) error {
	p, err := h.folder.newPage(searchPage, heading{
		title: "Search", text: "Search", back: back, body: " search_page", scripts: []string{"js/search.js"},
	})
	if err != nil {
		return err
	}
	defer p.file.drop()
	p.tag("form", "id", "search_form", "role", "search", "class", "search_form")
	p.field("query", "Words")
	p.void("input", "type", "search", "id", "query", "name", "q", "autocomplete", "off", "placeholder", `words, or "a phrase"`, "autofocus", "")
	p.div("search_filters")
	p.choice("chat", "Chat", [][2]string{{"", "All chats"}})
	kinds := [][2]string{{"", "Everything"}}
	for _, c := range archive.Contents() {
		kinds = append(kinds, [2]string{string(c), strings.ReplaceAll(string(c), "_", " ")})
	}
	p.choice("kind", "Kind", kinds)
	for _, f := range [][3]string{{"sender", "From", "text"}, {"from", "Since", "date"}, {"until", "Until", "date"}} {
		p.div("search_filter")
		p.field(f[0], f[1])
		p.void("input", "type", f[2], "id", f[0], "name", f[0])
		p.end()
	}
	p.end()
	p.end()
	p.tag("div", "id", "search_status", "class", "details", "role", "status", "aria-live", "polite")
	p.end()
	p.tag("noscript")
	p.text("The search needs scripts, which are switched off. The pages themselves do without.")
	p.end()
	p.tag("div", "id", "search_results", "class", "entry_list")
	p.end()
	p.tag("button", "id", "search_more", "type", "button", "class", "pagination", "hidden", "")
	p.text("Show more")
	p.end()
	return p.finish()
}

func (p *page) field(id, label string) {
	p.tag("label", "for", id)
	p.text(label)
	p.end()
}

func (p *page) choice(id, label string, options [][2]string) {
	p.div("search_filter")
	p.field(id, label)
	p.tag("select", "id", id, "name", id)
	for _, o := range options {
		p.tag("option", "value", o[0])
		p.text(o[1])
		p.end()
	}
	p.end()
	p.end()
}
