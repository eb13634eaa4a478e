package export

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"telekeep/archive"
)

// A Selection narrows what is exported of each chat. The zero value keeps everything.
type Selection struct {
	// Topic keeps the messages of one topic of a forum: the id of its root message; 1 is
	// the general one, to which messages of no other topic belong. 0 keeps all.
	Topic int
	// From and Until keep what was sent at or after the one and before the other; zero
	// is no bound.
	From, Until time.Time
	// Contents keeps messages that mainly are one of these; none keeps all.
	Contents []archive.Content
}

func (s Selection) empty() bool {
	return s.Topic == 0 && s.From.IsZero() && s.Until.IsZero() && len(s.Contents) == 0
}

// String is how the state of a folder names a selection: two that differ must not share a
// folder, or the one would take away what the other wrote. "" for one that keeps everything.
func (s Selection) String() string {
	var parts []string
	if s.Topic != 0 {
		parts = append(parts, fmt.Sprintf("topic=%d", s.Topic))
	}
	if !s.From.IsZero() {
		parts = append(parts, "from="+s.From.UTC().Format(time.RFC3339))
	}
	if !s.Until.IsZero() {
		parts = append(parts, "until="+s.Until.UTC().Format(time.RFC3339))
	}
	if len(s.Contents) > 0 {
		contents := slices.Clone(s.Contents)
		slices.Sort(contents)
		for _, c := range slices.Compact(contents) {
			parts = append(parts, "kind="+string(c))
		}
	}
	return strings.Join(parts, " ")
}

func (s Selection) keeps(m *archive.Message) bool {
	switch {
	case s.Topic == 1 && m.Topic > 1, s.Topic > 1 && m.Topic != s.Topic && m.ID != s.Topic:
		return false
	case !s.From.IsZero() && m.Date < s.From.Unix(), !s.Until.IsZero() && m.Date >= s.Until.Unix():
		return false
	}
	return len(s.Contents) == 0 || slices.Contains(s.Contents, m.Content())
}

// selected is a Source of which messages that are not selected are hidden.
type selected struct {
	Source
	Selection
}

// choose hides from a source what is not selected.
func choose(source Source, s Selection) Source {
	if s.empty() {
		return source
	}
	return selected{source, s}
}

func (s selected) Messages(ctx context.Context, account, chat archive.PeerID) iter.Seq2[*archive.StoredMessage, error] {
	return func(yield func(*archive.StoredMessage, error) bool) {
		for m, err := range s.Source.Messages(ctx, account, chat) {
			if err == nil && !s.keeps(m.Message) {
				continue
			}
			if !yield(m, err) {
				return
			}
		}
	}
}
