package index

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Span is a piece of a text, and whether it is what was looked for. It is what people
// wrote: markup and control characters are in it as they stand.
type Span struct {
	Text  string
	Match bool
}

// A finder finds terms in texts. It is for one goroutine.
type finder struct {
	folder *folder
	terms  []term
}

func newFinder(terms []term) *finder {
	return &finder{newFolder(), slices.DeleteFunc(slices.Clone(terms), func(t term) bool { return t.not })}
}

// How much of a text a snippet shows, in letters.
const (
	snippetBefore = 40
	snippetLength = 200
)

// A stretch is a piece of a text in bytes.
type stretch struct{ start, end int }

// snippet is the text around the first match in a body, from the part that has most terms.
func (f *finder) snippet(body string) (Part, []Span) {
	var best Part
	var text string
	var found []stretch
	terms := -1
	for part, candidate := range parts(body) {
		at, n := f.find(candidate)
		if n > terms {
			best, text, found, terms = part, candidate, at, n
		}
	}
	if terms < 0 {
		return PartText, nil
	}
	return best, cut(text, found)
}

// find returns where terms stand in a text, in order and apart, and how many of them do.
func (f *finder) find(text string) ([]stretch, int) {
	if len(f.terms) == 0 {
		return nil, 0
	}
	var words []word
	f.folder.words(text, func(w word) { words = append(words, w) })
	var found []stretch
	count := 0
	for _, t := range f.terms {
		before := len(found)
		for i := range words {
			if n := len(t.words); t.fits(words[i:]) {
				found = append(found, stretch{words[i].start, words[i+n-1].end})
			}
		}
		if len(found) > before {
			count++
		}
	}
	return united(found), count
}

// fits reports whether words begin with the term.
func (t term) fits(words []word) bool {
	if len(words) < len(t.words) {
		return false
	}
	for i, w := range t.words {
		if i == len(t.words)-1 && t.prefix {
			return strings.HasPrefix(words[i].text, w)
		}
		if words[i].text != w {
			return false
		}
	}
	return true
}

// united sorts stretches and makes one of those that overlap or touch.
func united(found []stretch) []stretch {
	slices.SortFunc(found, func(a, b stretch) int { return a.start - b.start })
	var apart []stretch
	for _, s := range found {
		if n := len(apart); n > 0 && s.start <= apart[n-1].end {
			apart[n-1].end = max(apart[n-1].end, s.end)
		} else {
			apart = append(apart, s)
		}
	}
	return apart
}

// cut takes the piece of a text around the first match.
func cut(text string, found []stretch) []Span {
	start := 0
	if len(found) > 0 {
		start = lettersBack(text, found[0].start, snippetBefore)
	}
	end := lettersOn(text, start, snippetLength)
	if len(found) > 0 && found[0].end > end {
		end = lettersOn(text, found[0].start, snippetLength)
	}
	var spans []Span
	add := func(piece string, match bool) {
		if piece != "" {
			spans = append(spans, Span{piece, match})
		}
	}
	at := start
	if start > 0 {
		add("…", false)
	}
	for _, s := range found {
		if s.start >= end {
			break
		}
		add(oneLine(text[at:s.start]), false)
		at = min(s.end, end)
		add(oneLine(text[s.start:at]), true)
	}
	add(oneLine(text[at:end]), false)
	if end < len(text) {
		add("…", false)
	}
	return spans
}

// lettersBack goes n letters back from at, and on to the beginning of a word if one is near.
func lettersBack(text string, at, n int) int {
	start := at
	for range n {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	if start == 0 {
		return 0
	}
	if space := strings.IndexFunc(text[start:at], unicode.IsSpace); space >= 0 && space < n/2 {
		_, size := utf8.DecodeRuneInString(text[start+space:])
		return start + space + size
	}
	return start
}

func lettersOn(text string, at, n int) int {
	for range n {
		if at >= len(text) {
			break
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

// oneLine writes each line break as a space.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, text)
}
