package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord is how many bytes of a word count; the rest of a longer one does not.
const maxWord = 60

// A word is what is looked for, and where it stands in the text, in bytes.
type word struct {
	text       string
	start, end int
}

// A folder takes texts apart into words and makes them equal where people do not tell
// them apart: É is e, Ｆ is f, ё is е. It is for one goroutine.
type folder struct {
	known map[rune]string
}

func newFolder() *folder { return &folder{known: make(map[rune]string)} }

// single are scripts that put no space between words: each of their letters is a word,
// and so every part of a text is found, as a phrase. Hangul has spaces, and endings
// that grow onto the words.
var single = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo, unicode.Yi,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// class says what a character is for a text.
type class int

const (
	between class = iota // ends a word
	within               // part of a word
	alone                // a word
	nothing              // neither: it is as if it were not there
)

func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return within
		}
		return between
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), r == tatweel:
		return nothing
	case unicode.In(r, single...), r == 'ー', r == '々':
		return alone
	case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r):
		return within
	case unicode.Is(unicode.So, r), unicode.Is(unicode.Sk, r) && r > 0xffff:
		return alone // emoji
	}
	return between
}

const tatweel = 'ـ'

// words goes over the words of a text in their order.
func (f *folder) words(text string, yield func(word)) {
	var b []byte
	start := -1
	flush := func(end int) {
		if len(b) > 0 {
			yield(word{string(b), start, end})
		}
		b, start = b[:0], -1
	}
	for at, r := range text {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			flush(at)
			continue
		}
		switch classOf(r) {
		case between:
			flush(at)
		case alone:
			flush(at)
			if folded := f.fold(r); folded != "" {
				yield(word{folded, at, at + size})
			}
		case within:
			if start < 0 {
				start = at
			}
			if len(b) < maxWord {
				b = f.appendFolded(b, r)
			}
		}
	}
	flush(len(text))
}

func (f *folder) appendFolded(b []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(b, byte(r))
	}
	return append(b, f.fold(r)...)
}

// fold is what a character becomes; "" for an accent.
func (f *folder) fold(r rune) string {
	folded, ok := f.known[r]
	if !ok {
		folded = fold(r)
		f.known[r] = folded
	}
	return folded
}

func fold(r rune) string {
	r = unicode.ToLower(r)
	if plain := letters[r]; plain != "" {
		return plain
	}
	var b strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		part = unicode.ToLower(part)
		switch {
		case isAccent(part) || part == tatweel:
		case letters[part] != "":
			b.WriteString(letters[part])
		case classOf(part) != between:
			b.WriteRune(part)
		}
	}
	return norm.NFC.String(b.String())
}

// letters are those that no accent makes of others, and that people type as these; й is
// a letter of its own.
var letters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ł': "l", 'þ': "th", 'ħ': "h", 'ı': "i",
	'й': "й", 'ς': "σ", 'ى': "ي", 'ٱ': "ا",
}

// isAccent reports whether a mark is left out. Those that make another letter or a vowel,
// as in Kana and in the scripts of India, stay.
func isAccent(r rune) bool {
	switch {
	case r >= 0x0300 && r <= 0x036f, r >= 0x1ab0 && r <= 0x1aff, r >= 0x1dc0 && r <= 0x1dff, r >= 0x20d0 && r <= 0x20ff, r >= 0xfe20 && r <= 0xfe2f:
		return true
	case r >= 0x0591 && r <= 0x05c7: // Hebrew points
		return true
	case r >= 0x064b && r <= 0x065f, r == 0x0670, r >= 0x06d6 && r <= 0x06dc: // Arabic
		return true
	}
	return false
}
