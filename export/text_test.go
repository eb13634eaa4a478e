package export

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"telekeep/archive"
)

func TestParts(t *testing.T) {
	for name, c := range map[string]struct {
		text archive.Text
		want string // kind:text, joined by |
	}{
		"nothing":              {text(""), ""},
		"entity of nothing":    {text("", entity("bold", 0, 1)), ""},
		"behind the end":       {text("ab", entity("bold", 1, 2)), "plain:ab"},
		"negative":             {text("ab", entity("bold", -1, 2)), "plain:ab"},
		"overflowing":          {text("ab", entity("bold", 1, 1<<63-1)), "plain:ab"},
		"empty":                {text("ab", entity("bold", 1, 0)), "plain:ab"},
		"out of order":         {text("abcd", entity("bold", 2, 1), entity("italic", 0, 1)), "plain:ab|bold:c|plain:d"},
		"half a pair":          {text("😀", entity("bold", 0, 1)), "bold:\uFFFD|plain:\uFFFD"},
		"in bytes, not units":  {text("éé", entity("bold", 0, 4)), "bold:éé"},
		"beyond units":         {text("éé", entity("bold", 3, 1)), "plain:éé|bold:"},
		"ends in the middle":   {text("é b", entity("bold", 0, 1)), "bold:é|plain: b"},
		"plain is never split": {text("é"), "plain:é"},
	} {
		var got []string
		for _, p := range parts(c.text) {
			got = append(got, p.kind+":"+p.text)
		}
		if joined := strings.Join(got, "|"); joined != c.want {
			t.Errorf("%s: %s, want %s", name, joined, c.want)
		}
	}
}

// FuzzMessage feeds texts and entities that no server would send. The document
// must be valid JSON in the right layout, and hold the text.
func FuzzMessage(f *testing.F) {
	f.Add("plain", "bold", 0, 5, "link", 2, 2)
	f.Add("né😀\u2028\x00\"", "custom_emoji", 2, 2, "pre", -1, 9)
	f.Add("\xff\xed\xa0\x80", "mention_name", 0, 1, "blockquote", 1, 1<<62)
	f.Fuzz(func(t *testing.T, s, kind1 string, offset1, length1 int, kind2 string, offset2, length2 int) {
		if len(s) > 1<<16 {
			return
		}
		m := &archive.Message{
			ID: 1, Author: s, Text: text(s, entity(kind1, offset1, length1), entity(kind2, offset2, length2)),
			Forward:   &archive.Forward{FromName: s},
			Buttons:   [][]archive.Button{{{Type: kind1, Text: s, Data: []byte(s)}}},
			Reactions: []archive.Reaction{{Type: kind2, Emoji: s, Document: archive.MediaKey(s)}},
			Media:     &archive.Media{Kind: "poll", Poll: &archive.Poll{Question: text(s, entity(kind2, offset2, length2))}},
		}
		var w buffer
		e := &encoder{names: names{source: newFake(), account: "user1"}, zone: time.UTC, chat: "user2"}
		e.message(&w, 0, m, attached{})
		if !utf8.Valid(w.b) || !json.Valid(w.b) {
			t.Fatalf("no JSON: %q", w.b)
		}
		if err := layoutError(w.b); err != nil {
			t.Fatal(err)
		}
		checkWhole(t, m.Text)
	})
}

// checkWhole states that cutting a text into parts loses nothing but halves of
// surrogate pairs.
func checkWhole(t *testing.T, text archive.Text) {
	t.Helper()
	var whole []uint16
	for _, p := range parts(text) {
		whole = append(whole, utf16.Encode([]rune(p.text))...)
	}
	want := utf16.Encode([]rune(text.Text))
	if len(whole) != len(want) {
		t.Fatalf("%d units of %d in %q", len(whole), len(want), text.Text)
	}
	for i := range want {
		if whole[i] != want[i] && whole[i] != utf8.RuneError {
			t.Fatalf("unit %d of %q is %x, want %x", i, text.Text, whole[i], want[i])
		}
	}
}
