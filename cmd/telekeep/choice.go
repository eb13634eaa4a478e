package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/export"
)

// choiceFlags choose messages: by chat, topic, date and kind.
type choiceFlags struct {
	chats []string
	topic int
	from  string
	until string
	kinds []string
}

func (f *choiceFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.chats, "chat", nil, "only this chat: its id (channel123), @username or name; can be given several times")
	c.Flags().IntVar(&f.topic, "topic", 0, "only this topic of a forum: the id of its first message, 1 for the general one")
	c.Flags().StringVar(&f.from, "from", "", "only messages sent on this day (2024-05-31) or later")
	c.Flags().StringVar(&f.until, "until", "", "only messages sent before this day")
	c.Flags().StringSliceVar(&f.kinds, "kind", nil, "only messages of these kinds: "+contentWords())
}

func contentWords() string {
	var words []string
	for _, c := range archive.Contents() {
		words = append(words, string(c))
	}
	return strings.Join(words, ", ")
}

// selection reads the flags; days begin in a zone.
func (f *choiceFlags) selection(zone *time.Location) (s export.Selection, err error) {
	bad := func(err error, hint string) (export.Selection, error) {
		return export.Selection{}, &failure{code: exitUsage, err: err, hint: hint}
	}
	if s.Topic = f.topic; f.topic < 0 {
		return bad(fmt.Errorf("--topic %d is no topic", f.topic), "a topic is named by the id of its first message")
	}
	if f.topic != 0 && len(f.chats) != 1 {
		return bad(fmt.Errorf("--topic needs the forum it is of"), "name one with --chat")
	}
	if s.From, err = parseMoment(f.from, zone); err != nil {
		return bad(fmt.Errorf("--from: %w", err), momentHint)
	}
	if s.Until, err = parseMoment(f.until, zone); err != nil {
		return bad(fmt.Errorf("--until: %w", err), momentHint)
	}
	if !s.From.IsZero() && !s.Until.IsZero() && !s.From.Before(s.Until) {
		return bad(fmt.Errorf("--from %s is not before --until %s", f.from, f.until), "--until is the first day that does not count")
	}
	for _, kind := range f.kinds {
		content := archive.Content(strings.ToLower(strings.TrimSpace(kind)))
		if !slices.Contains(archive.Contents(), content) {
			return bad(fmt.Errorf("--kind %q is not known", kind), "use "+contentWords())
		}
		s.Contents = append(s.Contents, content)
	}
	return s, nil
}

const momentHint = "write a day as 2024-05-31 or a moment as 2024-05-31T18:00, in this machine's time zone"

// momentLayouts are the ways to write a moment; the first is a whole day.
var momentLayouts = [...]string{time.DateOnly, "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", time.DateTime, time.RFC3339}

// parseMoment reads a day or a moment; "" is zero.
func parseMoment(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date", text)
}
