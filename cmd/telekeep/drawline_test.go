package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A line never fills the terminal, and has a bar where there is room for one.
func TestDrawLine(t *testing.T) {
	const text = "8/12 chats, 2,335 messages, 44/634 files, 5.4 MB"
	for _, c := range []struct {
		width, total int
		bar          bool
		begins       string
	}{
		{200, 100, true, "sync main [██████████░░░░░░░░░░░░░░]  45% 8/12"},
		{80, 100, true, "sync main ["},
		{60, 100, false, "sync main 45% 8/12 chats"},
		{40, 100, false, "sync main 45% 8/12 chats"},
		{10, 100, false, "sync main"},
		{80, 0, false, "sync main 8/12 chats"},
		{0, 100, false, ""},
	} {
		line := drawLine(c.width, "sync main", text, 45, int64(c.total))
		if utf8.RuneCountInString(line) >= max(c.width, 1) || strings.Contains(line, "[") != c.bar || !strings.HasPrefix(line, c.begins) {
			t.Errorf("width %d: %q", c.width, line)
		}
	}
	for _, done := range []int64{-5, 0, 100, 500, 1 << 60} {
		if n := utf8.RuneCountInString(bar(10, done, 100)); n < 16 {
			t.Errorf("bar of %d: %q", done, bar(10, done, 100))
		}
	}
}
