package export

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"telekeep/archive"
)

// With extras, a message has its whole record, its topic, whether it was deleted,
// and its earlier versions; without them nothing of that is in the document.
func TestExtras(t *testing.T) {
	text := func(s string) archive.Text { return archive.Text{Text: s} }
	f := newFake()
	f.peers["channel7"].Forum = true
	poll := &archive.Media{Kind: archive.MediaKindPoll, Poll: &archive.Poll{Answers: []archive.PollAnswer{}}}
	f.add("channel7", archive.ChatPrivateSupergroup,
		&archive.Message{ID: 1, Date: 5, From: "user2", Topic: 3, Album: 1 << 62, Views: 7, Text: text("a <b> \u2028"),
			Reply:     &archive.Reply{MessageID: 1, Quote: &archive.Text{Text: "q", Entities: []archive.Entity{{Type: "bold", Length: 1}}}},
			Reactions: []archive.Reaction{{Type: "emoji", Emoji: "👍", Count: 1, Recent: []archive.RecentReaction{{From: "user2", Date: 5}}}, {Type: "paid"}},
		},
		&archive.Message{ID: 2, Date: 6, From: "user2", Topic: 1, Media: poll},
		&archive.Message{ID: 3, Date: 7, Media: &archive.Media{Kind: archive.MediaKindUnsupported}, Unsupported: true},
		&archive.Message{ID: 4, Date: 8, From: "user2", Text: text("newest")},
	)
	messages := f.messages["channel7"]
	messages[1].Deleted = true
	newest := messages[3]
	newest.Seen, newest.Version, newest.Versions = 90, 2, 2
	first := &archive.StoredMessage{Message: &archive.Message{ID: 4, Date: 8, Text: text("first")}, Seen: 80, Version: 1, Versions: 2}
	f.versions = map[int][]*archive.StoredMessage{4: {first, newest}}
	f.items = []*archive.Item{
		{Record: &archive.Record{Kind: archive.KindTopic, Chat: "channel7", Topic: &archive.Topic{ID: 3, Title: "Cats"}}},
		{Record: &archive.Record{Kind: archive.KindTopic, Chat: "channel8", Topic: &archive.Topic{ID: 1, Title: "Elsewhere"}}},
	}
	f.add("user1", archive.ChatSaved, &archive.Message{ID: 9, Date: 9, SavedPeer: "user2", Text: text("kept")})

	with := extrasOf(t, f, Options{Location: utc().Location, Deleted: true, Extras: true})
	for id, want := range map[int]string{1: "Cats", 2: "", 9: "Bo"} {
		if x := with[id]; x == nil || x.Topic != want || x.Message.ID != id {
			t.Errorf("message %d: %+v, want topic %q", id, x, want)
		}
	}
	if m := with[1].Message; m.Album != 1<<62 || m.Views != 7 || m.Text.Text != "a <b> \u2028" || m.Reply.Quote.Text != "q" || len(m.Reactions) != 2 || m.Reactions[0].Recent[0].From != "user2" {
		t.Errorf("record of message 1: %+v", m)
	}
	if !with[2].Deleted || with[1].Deleted || with[3] == nil || !with[3].Message.Unsupported {
		t.Errorf("deleted: %+v; unsupported: %+v", with[2], with[3])
	}
	if x := with[4]; x.Seen != 90 || len(x.Earlier) != 1 || x.Earlier[0].Message.Text.Text != "first" || x.Earlier[0].Seen != 80 {
		t.Errorf("versions of message 4: %+v", x)
	}
	if without := extrasOf(t, f, utc()); len(without) != 0 {
		t.Errorf("extras that nobody wanted: %v", without)
	}
}

// extrasOf exports everything and reads the extras by message.
func extrasOf(t *testing.T, f *fake, o Options) map[int]*extra {
	t.Helper()
	dir := t.TempDir()
	mustExport(t, f, dir, o)
	raw, err := os.ReadFile(filepath.Join(dir, resultFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := layoutError(raw); err != nil {
		t.Error(err)
	}
	var document struct {
		Chats struct {
			List []struct {
				Messages []struct {
					ID       int
					Telekeep *extra
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	out := map[int]*extra{}
	for _, c := range document.Chats.List {
		for _, m := range c.Messages {
			if m.Telekeep != nil {
				out[m.ID] = m.Telekeep
			}
		}
	}
	return out
}
