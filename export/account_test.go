package export

import (
	"strings"
	"testing"

	"telekeep/archive"
)

// holder is an archive whose account holds something of everything.
func holder() *fake {
	f := newFake()
	f.add("user2", archive.ChatPersonal, &archive.Message{ID: 1, Date: morning, Text: archive.Text{Text: "Hi"}})
	f.media["photo:71"], f.media["photo:72"] = []byte("first face"), []byte("second face")
	f.media["photo:73"], f.media["document:74"], f.media["thumb:74"] = []byte("harbour"), []byte("ID3 waves"), []byte("cover")
	f.media["document:75"] = []byte("a clip")
	f.missing["photo:79"] = archive.MissingTooLarge
	put := func(item string, unlisted bool, r archive.Record) {
		r.Item = item
		f.items = append(f.items, &archive.Item{Record: &r, Unlisted: unlisted, Versions: 1})
	}
	photo := func(key archive.MediaKey, date int64) *archive.ProfilePhoto {
		return &archive.ProfilePhoto{Photo: archive.File{Key: key, Size: 5, Date: date}}
	}
	put("photo:79", false, archive.Record{Kind: archive.KindPhoto, Photo: photo("photo:79", morning-200)})
	put("photo:71", false, archive.Record{Kind: archive.KindPhoto, Photo: photo("photo:71", morning-100)})
	put("photo:72", false, archive.Record{Kind: archive.KindPhoto, Photo: photo("photo:72", morning)})
	put("channel7/photo:70", false, archive.Record{Kind: archive.KindPhoto, Chat: "channel7", Photo: photo("photo:70", morning)})
	put("1", false, archive.Record{Kind: archive.KindStory, Story: &archive.StoryPost{
		ID: 1, Date: morning, Expires: morning + 86400, Pinned: true, Caption: archive.Text{Text: "Low water"},
		Media: &archive.Media{Kind: archive.MediaKindPhoto, File: &archive.File{Key: "photo:73", Size: 7}},
	}})
	put("2", false, archive.Record{Kind: archive.KindStory, Story: &archive.StoryPost{
		ID: 2, Date: morning + 60, Expires: morning + 86460,
		Media: &archive.Media{Kind: archive.MediaKindDocument, Video: true, File: &archive.File{Key: "document:75", Size: 6, MIME: "video/mp4"}},
	}})
	put("3", true, archive.Record{Kind: archive.KindStory, Story: &archive.StoryPost{ID: 3, Date: morning + 90}})
	put("document:74", false, archive.Record{Kind: archive.KindMusic, Music: &archive.Media{
		Kind: archive.MediaKindDocument, Audio: true, Performer: "The Made-ups", SongTitle: "Low Tide",
		File:  &archive.File{Key: "document:74", Size: 9, Name: "low tide.mp3", MIME: "audio/mpeg", Duration: 150, Date: morning},
		Thumb: &archive.File{Key: "thumb:74", Size: 5},
	}})
	put("user3", false, archive.Record{Kind: archive.KindContact, Contact: &archive.SavedContact{User: "user3", LastName: "Only", Phone: "447400654321"}})
	put("user2", false, archive.Record{Kind: archive.KindContact, Contact: &archive.SavedContact{User: "user2", FirstName: "Bo", Phone: "447400123457", Date: morning}})
	put("phone-x", false, archive.Record{Kind: archive.KindContact, Contact: &archive.SavedContact{Date: morning}})
	put("calls", false, archive.Record{Kind: archive.KindTopPeers, TopPeers: &archive.TopPeers{Category: "calls", Peers: []archive.RatedPeer{{Peer: "user3", Rating: 0.25}}}})
	put("groups", false, archive.Record{Kind: archive.KindTopPeers, TopPeers: &archive.TopPeers{Category: "groups", Peers: []archive.RatedPeer{{Peer: "chat6", Rating: 1}}}})
	put("people", false, archive.Record{Kind: archive.KindTopPeers, TopPeers: &archive.TopPeers{Category: "people", Peers: []archive.RatedPeer{
		{Peer: "user2", Rating: 2.5}, {Peer: "user5", Rating: 1}, {Peer: "channel8", Rating: 0.5}, {Peer: "chat6", Rating: 0.125},
	}}})
	put("5", false, archive.Record{Kind: archive.KindSession, Session: &archive.Session{
		Device: "Phone", Platform: "Made-up", System: "1", App: "Client", AppVersion: "2", Created: morning - 5, LastActive: morning, IP: "192.0.2.1", Country: "Nowhere", Region: "Coast",
	}})
	put("6", true, archive.Record{Kind: archive.KindSession, Session: &archive.Session{Device: "Lost"}})
	put("0", false, archive.Record{Kind: archive.KindSession, Session: &archive.Session{Current: true, Device: "Server", Created: morning, LastActive: morning - 9}})
	put("77", false, archive.Record{Kind: archive.KindWebSession, WebSession: &archive.WebSession{
		Bot: "user4", Domain: "example.org", Browser: "Browser", Platform: "Made-up", Created: morning, LastActive: morning + 1, IP: "192.0.2.7", Region: "Coast",
	}})
	put("other", false, archive.Record{Kind: archive.KindOther, Other: &archive.OtherData{
		JSON: []byte(`{"z":[1,2.50,true,null,"x"],"about":"What else.","a":{"none":[]}}`),
	}})
	return f
}

func TestHoldings(t *testing.T) {
	dir := t.TempDir()
	f := holder()
	result := mustExport(t, f, dir, utc())
	if result.Failed != 0 || result.FilesMissing != 1 {
		t.Errorf("%+v", result)
	}
	files := tree(t, dir)
	doc := files[resultFile]
	golden(t, "holdings.json", doc)
	if err := layoutError([]byte(doc)); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"profile_pictures/photo_1@14-11-2023_22-13-20.jpg": "second face",
		"profile_pictures/photo_2@14-11-2023_22-11-40.jpg": "first face",
		"stories/story_1@14-11-2023_22-14-20.mp4":          "a clip",
		"stories/story_2@14-11-2023_22-13-20.jpg":          "harbour",
		"profile_music/low tide.mp3":                       "ID3 waves",
		"profile_music/low tide.mp3_thumb.jpg":             "cover",
	} {
		if files[name] != want {
			t.Errorf("%s holds %q, want %q", name, files[name], want)
		}
	}
	if again := mustExport(t, f, dir, utc()); again.Written != 0 || again.Kept != 6 {
		t.Errorf("again: %+v", again)
	}
}

// What the server does not list any more is there if deleted messages are, too.
func TestHoldingsNotListed(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		dir := t.TempDir()
		o := utc()
		o.Deleted = deleted
		mustExport(t, holder(), dir, o)
		if got := strings.Contains(tree(t, dir)[resultFile], `"Lost"`); got != deleted {
			t.Errorf("deleted %v: the session that ended is there: %v", deleted, got)
		}
	}
}

// A restore has the files of stories, music and pictures by name.
func TestRestoreOfHoldings(t *testing.T) {
	f := holder()
	for _, item := range f.items {
		r := *item.Record
		r.Account, r.Seen = "user1", morning
		f.records = append(f.records, &r)
	}
	dir := t.TempDir()
	if _, err := Restore(t.Context(), f, dir, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	files := tree(t, dir)
	for _, name := range []string{
		"media/2023-11/photo_72.jpg", "media/2023-11/photo_73.jpg", "media/2023-11/document_74_low tide.mp3", "media/2023-11/thumb_74.jpg",
	} {
		if files[name] == "" {
			t.Errorf("%s is not there; there are\n%s", name, fileNames(files))
		}
	}
	if records := files["records/user1.jsonl"]; !strings.Contains(records, `"caption":{"text":"Low water"}`) {
		t.Errorf("the records lack a caption:\n%s", records)
	}
}
