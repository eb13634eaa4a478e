package archive

import (
	"slices"
	"testing"
	"time"
)

// imported makes of a record one that came from an export of that time.
func imported(r *Record, from string, exported int64) *Record {
	r.Origin = &Origin{From: from, SHA256: "00", Exported: exported}
	return r
}

// What was fetched is the newest, whenever an export was imported; exports stand by their
// date, and one that says what a later version says is no version.
func TestImportedStandsBehind(t *testing.T) {
	v := newFakeVault()
	at := func(id int, content string, date int64) *Record {
		r := text(id, content)
		r.Message.Date = date
		return r
	}
	commitRecords(t, v, time.Unix(10, 0), at(1, "edited", 5), at(2, "same words", 6))
	commitRecords(t, v, time.Unix(20, 0),
		imported(at(1, "second", 5), OriginDesktopJSON, 200), imported(at(1, "edited", 5), OriginDesktopJSON, 300),
		imported(at(1, "first", 5), OriginDesktopJSON, 100), imported(at(2, "same  words", 6), OriginDesktopHTML, 100),
		imported(at(3, "only here", 7), OriginDesktopHTML, 100), imported(at(3, "only here", 7), OriginDesktopJSON, 100))
	s := openFakeSnapshot(t, v)
	want := []string{"1 edited 3/3", "2 same words 1/1", "3 only here 1/1"}
	if got := collect(t, s, "user1", "user5"); !slices.Equal(got, want) {
		t.Errorf("messages are %q, want %q", got, want)
	}
	versions, err := s.Versions(t.Context(), "user1", "user5", 1)
	if err != nil || len(versions) != 3 || versions[0].Text.Text != "first" || versions[1].Text.Text != "second" {
		t.Errorf("%d versions, %v", len(versions), err)
	}
	if versions[0].Origin == nil || versions[2].Origin != nil {
		t.Errorf("origins: %+v, %+v", versions[0].Origin, versions[2].Origin)
	}
	if versions, _ := s.Versions(t.Context(), "user1", "user5", 3); len(versions) != 1 || versions[0].Origin.From != OriginDesktopJSON {
		t.Errorf("of message 3: %+v", versions)
	}
}

// Names, chats and things of the account: what was fetched counts, in either order.
func TestImportedFactsYield(t *testing.T) {
	peer := func(name string) *Record {
		return &Record{Kind: KindPeer, Account: "user1", Profile: &Peer{ID: "user5", FirstName: name}}
	}
	own := func(name string) *Record {
		return &Record{Kind: KindAccount, Account: "user1", Profile: &Peer{ID: "user1", FirstName: name}}
	}
	dialog := func(top int) *Record {
		return &Record{Kind: KindChat, Account: "user1", Chat: "user5", Dialog: &Dialog{Type: ChatPersonal, TopMessage: top}}
	}
	contact := func(item, name string) *Record {
		return &Record{Kind: KindContact, Account: "user1", Item: item, Contact: &SavedContact{FirstName: name}}
	}
	truth := []*Record{peer("now"), own("me now"), dialog(9), contact("user5", "now")}
	old := []*Record{
		imported(peer("then"), OriginDesktopJSON, 100), imported(own("me then"), OriginDesktopJSON, 100), imported(dialog(3), OriginDesktopJSON, 100),
		imported(contact("user5", "then"), OriginDesktopJSON, 100), imported(contact("user6", "gone"), OriginDesktopJSON, 100),
	}
	older := []*Record{imported(peer("once"), OriginDesktopJSON, 50), imported(own("me once"), OriginDesktopJSON, 50)}
	for _, order := range [][][]*Record{{truth, old, older}, {old, older, truth}, {old, older}} {
		v := newFakeVault()
		for i, records := range order {
			commitRecords(t, v, time.Unix(int64(10*i+10), 0), records...)
		}
		s := openFakeSnapshot(t, v)
		fetched := len(order) == 3
		want, top := "then", 3
		if fetched {
			want, top = "now", 9
		}
		p, _ := s.Peer("user1", "user5")
		me, _ := s.Peer("user1", "user1")
		if p.FirstName != want || me.FirstName != "me "+want || s.Chats("user1")[0].Dialog.TopMessage != top {
			t.Errorf("%+v, %+v, %+v", p, me, s.Chats("user1")[0].Dialog)
		}
		items := s.Items("user1", KindContact)
		slices.SortFunc(items, func(a, b *Item) int { return len(a.Contact.FirstName) - len(b.Contact.FirstName) })
		if len(items) != 2 || items[0].Unlisted || fetched && items[0].Contact.FirstName != "now" || items[1].Unlisted != fetched {
			t.Errorf("contacts: %+v %+v", items[0], items[1])
		}
	}
}

// A file that Telegram's own message does not have stored is lent by an imported version.
func TestImportedFilesAreLent(t *testing.T) {
	photo := func(key MediaKey) *Record {
		r := text(1, "look")
		r.Message.Media = &Media{Kind: MediaKindPhoto, File: &File{Key: key, Size: 3, Width: 10}}
		return r
	}
	v := newFakeVault()
	w := openFake(t, v.writer(), t.TempDir())
	own := MediaKey(MediaSHA256 + ":ab")
	m, err := w.BeginMedia(t.Context(), own, 5)
	if err == nil {
		err = m.WritePart(t.Context(), 0, []byte("12345"))
	}
	if err == nil {
		_, err = m.Finish(t.Context(), false)
	}
	if err == nil {
		_, err = w.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	commitRecords(t, v, time.Unix(20, 0), photo("photo:7"), imported(photo(own), OriginDesktopJSON, 100))
	for m, err := range openFakeSnapshot(t, v).Messages(t.Context(), "user1", "user5") {
		if err != nil || m.Versions != 1 || m.Origin != nil || m.Media.File.Key != own || m.Media.File.Size != 5 || m.Media.File.Width != 10 {
			t.Errorf("%v: %+v of %d versions", err, m.Media.File, m.Versions)
		}
	}
	commitRecords(t, v, time.Unix(30, 0), &Record{Kind: KindMedia, Account: "user1", Media: &MediaFile{
		Key: "photo:7", Size: 3, SHA256: "aa00000000000000000000000000000000000000000000000000000000000000", Chunks: []string{},
	}})
	for m := range openFakeSnapshot(t, v).Messages(t.Context(), "user1", "user5") {
		if m.Media.File.Key != "photo:7" {
			t.Errorf("its own file is stored, and it has %s", m.Media.File.Key)
		}
	}
}
