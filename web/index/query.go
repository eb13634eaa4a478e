package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"telekeep/archive"
)

// Choice says what to do with messages of a sort.
type Choice int

// What can be chosen.
const (
	Any  Choice = iota // with the others
	Only               // and no others
	Hide
)

// A Query says what to look for. The zero value finds everything.
type Query struct {
	// Text is what people type: words, of which a message must have all; "a phrase"; -word or
	// -"a phrase" for what it must not have; wor* for all words that begin so, from two letters
	// on. Nothing in it is an error.
	Text string
	// Exact takes the last word as it stands. Otherwise the message has a word that begins
	// so, which is right for who is still typing.
	Exact bool

	Account archive.PeerID // "" is all
	Chats   []archive.PeerID
	Topic   int            // 0 is all
	Saved   archive.PeerID // a topic of the saved messages
	Sender  archive.PeerID
	From    int64 // Unix seconds: not before; 0 is open
	Until   int64 // Unix seconds: before; 0 is open
	Kinds   []archive.Content
	Deleted Choice // messages that the server reported as deleted
	Earlier Choice // versions of messages that were edited since

	Limit  int    // hits at once; 50 if it is 0, and at most 200
	Before Cursor // Page.Next of the page before; "" for the first
}

// A term is a word or a phrase that is looked for.
type term struct {
	words  []string
	prefix bool // the last word only begins so
	not    bool
}

// shortestBeginning is how many letters of a word must be there to find words that begin so.
const shortestBeginning = 2

// maxTerms is how many words and phrases of a query count.
const maxTerms = 32

// parseText takes apart what people type.
func parseText(text string, exact bool) []term {
	f := newFolder()
	var terms []term
	for _, piece := range piecesOf(text) {
		var t term
		f.words(piece.text, func(w word) { t.words = append(t.words, w.text) })
		if len(t.words) == 0 || len(terms) == maxTerms {
			continue
		}
		last, _ := utf8.DecodeRuneInString(t.words[len(t.words)-1])
		t.prefix = (piece.star || piece.open && !exact) && classOf(last) != alone && utf8.RuneCountInString(t.words[len(t.words)-1]) >= shortestBeginning
		t.not = piece.not
		terms = append(terms, t)
	}
	return terms
}

// A piece is what stands between spaces, or in quotes.
type piece struct {
	text string
	not  bool
	open bool // nothing stands behind it: it may go on
	star bool
}

const quotes = `"“”„«»`

func piecesOf(text string) []piece {
	var pieces []piece
	for rest := strings.TrimLeftFunc(text, unicode.IsSpace); rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		var p piece
		if r := strings.TrimLeft(rest, "-−–"); r != rest && r != "" && !startsWithSpace(r) {
			p.not, rest = true, r
		}
		if first, size := utf8.DecodeRuneInString(rest); strings.ContainsRune(quotes, first) {
			p.text, rest, p.open = inQuotes(rest[size:])
		} else {
			p.text, rest = untilSpace(rest)
			p.open = rest == ""
			p.star = strings.HasSuffix(p.text, "*")
		}
		pieces = append(pieces, p)
	}
	return pieces
}

func startsWithSpace(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsSpace(r)
}

func inQuotes(text string) (inside, rest string, open bool) {
	end := strings.IndexAny(text, quotes)
	if end < 0 {
		return text, "", true
	}
	_, size := utf8.DecodeRuneInString(text[end:])
	return text[:end], text[end+size:], false
}

func untilSpace(text string) (piece, rest string) {
	if end := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(quotes, r) }); end >= 0 {
		return text[:end], text[end:]
	}
	return text, ""
}

// expression writes a term for FTS5. Its words are letters, digits and marks; quotes are
// in none of them.
func (t term) expression() string {
	e := `body : "` + strings.Join(t.words, " ") + `"`
	if t.prefix {
		e += " *"
	}
	return e
}

func markExpression(mark string) string { return `marks : "` + mark + `"` }

// match writes the query for FTS5: "" if it asks for everything.
func match(must, not []string) string {
	if len(must) == 0 {
		return ""
	}
	e := strings.Join(must, " AND ")
	if len(not) > 0 {
		e = "(" + e + ") NOT (" + strings.Join(not, " OR ") + ")"
	}
	return e
}
