package export

import (
	"errors"
	"slices"
	"testing"
	"time"

	"telekeep/archive"
)

// Each condition keeps what it says and hides the rest; together they narrow.
func TestSelection(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2024, 5, d, 0, 0, 0, 0, time.UTC) }
	f := newFake()
	voice := &archive.Media{Kind: archive.MediaKindDocument, Voice: true}
	linked := archive.Text{Text: "x.org", Entities: []archive.Entity{{Type: "link", Length: 5}}}
	f.add("channel7", archive.ChatPrivateSupergroup,
		&archive.Message{ID: 2, Date: day(1).Unix(), Action: &archive.Action{Type: "topic_created", Title: "Cats"}},
		&archive.Message{ID: 3, Date: day(2).Unix(), Topic: 2, Text: text("in the topic")},
		&archive.Message{ID: 4, Date: day(3).Unix(), Topic: 1, Text: text("general")},
		&archive.Message{ID: 5, Date: day(3).Unix() - 1, Text: linked},
		&archive.Message{ID: 6, Date: day(4).Unix(), Topic: 2, Media: voice},
	)
	for name, c := range map[string]struct {
		s    Selection
		want []int
	}{
		"all":       {Selection{}, []int{2, 3, 4, 5, 6}},
		"topic":     {Selection{Topic: 2}, []int{2, 3, 6}},
		"general":   {Selection{Topic: 1}, []int{2, 4, 5}},
		"from":      {Selection{From: day(3)}, []int{4, 6}},
		"until":     {Selection{Until: day(3)}, []int{2, 3, 5}},
		"a day":     {Selection{From: day(2), Until: day(3)}, []int{3, 5}},
		"kinds":     {Selection{Contents: []archive.Content{archive.ContentVoice, archive.ContentService}}, []int{2, 6}},
		"link":      {Selection{Contents: []archive.Content{archive.ContentLink}}, []int{5}},
		"all of it": {Selection{Topic: 2, From: day(2), Contents: []archive.Content{archive.ContentText}}, []int{3}},
		"nothing":   {Selection{From: day(9)}, nil},
	} {
		var got []int
		for m, err := range choose(f, c.s).Messages(t.Context(), "user1", "channel7") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, m.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A folder of one choice is not updated to another: that would take away what is there.
func TestSelectionsDoNotMix(t *testing.T) {
	may := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	choices := map[string]Options{
		"all":     {},
		"a chat":  {Chats: []archive.PeerID{"user2"}},
		"chats":   {Chats: []archive.PeerID{"user2", "user1"}},
		"from":    {Selection: Selection{From: may}},
		"until":   {Selection: Selection{Until: may}},
		"kind":    {Selection: Selection{Contents: []archive.Content{archive.ContentText}}},
		"a state": {At: "12-3f2a91bc5d6e7f80"},
	}
	for a, first := range choices {
		for b, second := range choices {
			dir := t.TempDir()
			if _, err := JSON(t.Context(), household(), dir, first); err != nil {
				t.Fatalf("%s: %v", a, err)
			}
			_, err := JSON(t.Context(), household(), dir, second)
			if a == b && err != nil || a != b && !errors.Is(err, ErrOtherExport) {
				t.Errorf("%s, then %s: %v", a, b, err)
			}
		}
	}
}

// Deleted messages and earlier versions are marked, and other messages have nothing that
// Telegram Desktop's do not have.
func TestVersions(t *testing.T) {
	f := newFake()
	f.add("user2", archive.ChatPersonal,
		&archive.Message{ID: 1, Date: 5, From: "user2", Text: text("plain")},
		&archive.Message{ID: 2, Date: 6, From: "user2", Text: text("deleted")},
		&archive.Message{ID: 4, Date: 8, From: "user2", Text: text("newest")},
	)
	messages := f.messages["user2"]
	messages[1].Deleted = true
	messages[2].Seen, messages[2].Version, messages[2].Versions = 90, 2, 2
	first := &archive.StoredMessage{Message: &archive.Message{ID: 4, Date: 8, Text: text("first")}, Seen: 80, Version: 1, Versions: 2}
	f.versions = map[int][]*archive.StoredMessage{4: {first, messages[2]}}

	for name, c := range map[string]struct {
		o                Options
		deleted, earlier int
	}{
		"neither":  {Options{}, 0, 0},
		"deleted":  {Options{Deleted: true}, 1, 0},
		"versions": {Options{Versions: true}, 1, 1},
	} {
		c.o.Location = time.UTC
		found := extrasOf(t, f, c.o)
		if len(found) != c.deleted+c.earlier {
			t.Errorf("%s: %d messages are marked", name, len(found))
		}
		if c.deleted > 0 && (found[2] == nil || !found[2].Deleted || found[2].Message != nil || found[2].Earlier != nil) {
			t.Errorf("%s: message 2 %+v", name, found[2])
		}
		if c.earlier > 0 && (found[4] == nil || found[4].Deleted || found[4].Seen != 90 || len(found[4].Earlier) != 1 ||
			found[4].Earlier[0].Seen != 80 || found[4].Earlier[0].Message.Text.Text != "first") {
			t.Errorf("%s: message 4 %+v", name, found[4])
		}
	}
}
