package export

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"telekeep/archive"
)

// Of a message that is laid out like an article a reader gets all words, with
// their formats, and all it shows.
func TestArticle(t *testing.T) {
	f := newFake()
	f.media["photo:1"], f.media["document:2"], f.media["thumb:2"] = []byte("picture"), []byte("film"), []byte("small")
	shown := []archive.Media{
		{Kind: archive.MediaKindPhoto, File: &archive.File{Key: "photo:1", Size: 7, Width: 3, Height: 2}},
		{Kind: archive.MediaKindDocument, Video: true, File: &archive.File{Key: "document:2", Size: 4, Name: "film.mp4"}, Thumb: &archive.File{Key: "thumb:2", Size: 5}},
		{Kind: archive.MediaKindPhoto, File: &archive.File{Key: "photo:9", Size: 7}},
	}
	article := archive.Text{Text: "Title\nBody", Entities: []archive.Entity{{Type: "bold", Length: 5}}}
	f.add("user2", archive.ChatPersonal,
		&archive.Message{ID: 1, Date: 5, Rich: &article, RichMedia: shown},
		&archive.Message{ID: 2, Date: 6, Text: archive.Text{Text: "plain"}, Rich: &article},
	)
	dir := t.TempDir()
	result := mustExport(t, f, dir, Options{Location: utc().Location, Chats: []archive.PeerID{"user2"}})
	raw, err := os.ReadFile(filepath.Join(dir, resultFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := layoutError(raw); err != nil {
		t.Error(err)
	}
	var document struct {
		Messages []struct {
			Text     any `json:"text"`
			Entities []struct{ Type, Text string }
			Shown    []struct{ Photo, File, Thumbnail string } `json:"rich_media"`
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	first := document.Messages[0]
	if parts, ok := first.Text.([]any); !ok || len(parts) != 2 || parts[1] != "\nBody" {
		t.Errorf("text is %v", first.Text)
	}
	if document.Messages[1].Text != "plain" || document.Messages[1].Shown != nil {
		t.Errorf("the second message is %+v", document.Messages[1])
	}
	if len(first.Shown) != 3 || first.Shown[2].Photo != fileUnavailable || result.FilesMissing != 1 {
		t.Fatalf("shows %+v, missing %d", first.Shown, result.FilesMissing)
	}
	for path, want := range map[string]string{first.Shown[0].Photo: "picture", first.Shown[1].File: "film", first.Shown[1].Thumbnail: "small"} {
		if got := tree(t, dir)[path]; got != want {
			t.Errorf("%q holds %q, not %q", path, got, want)
		}
	}
}
