package index

import (
	"strconv"

	"telekeep/archive"
)

// Marks are words of a private alphabet that stand beside those of a text.
type marks string

// The letters of marks; most of them have a number.
const (
	markAccount = "\ue000a"
	markChat    = "\ue000c"
	markSender  = "\ue000s"
	markTopic   = "\ue000t"
	markSaved   = "\ue000v"
	markDeleted = "\ue001"
	markEarlier = "\ue002"
	partBreak   = "\ue003" // stands between the parts of a body: no phrase goes from one into the next
	firstKind   = '\ue010'
)

// loneMarks are characters that no text has, for numbers up to a limit: a mark of one character
// is in none of the lists of beginnings of words, which all longer ones are in.
var loneMarks = map[string]struct{ first, limit rune }{
	markSender:  {0x40000, 0x60000},
	markChat:    {0xa0000, 0x50000},
	markAccount: {0xf0000, 0x10000},
}

func (m marks) with(mark string) marks { return m + marks(" "+mark) }

func numberedMark[N int | int64](letter string, n N) string {
	if lone, ok := loneMarks[letter]; ok && n >= 0 && int64(n) < int64(lone.limit) {
		return string(lone.first + rune(n))
	}
	return letter + strconv.FormatInt(int64(n), 10)
}

func kindMark(number int) string { return string(firstKind + rune(number)) }

// marks are those of the latest version of a message.
func (r *row) marks() marks {
	m := marks(numberedMark(markAccount, r.account)).with(numberedMark(markChat, r.chat)).with(numberedMark(markSender, r.sender)).with(kindMark(r.kind))
	if r.topic != 0 {
		m = m.with(numberedMark(markTopic, r.topic))
	}
	if r.saved != 0 {
		m = m.with(numberedMark(markSaved, r.saved))
	}
	if link := numberOf(archive.ContentLink); r.flags&flagLink != 0 && r.kind != link {
		m = m.with(kindMark(link))
	}
	if r.flags&flagDeleted != 0 {
		m = m.with(markDeleted)
	}
	return m
}
