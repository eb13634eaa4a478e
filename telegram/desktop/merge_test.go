package desktop

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
)

const one = `{"name": "Ann", "type": "personal_chat", "id": 9, "messages": [
 {"id": 1, "type": "message", "date_unixtime": "1606039872", "date": "", "from": "Ann", "from_id": "user9", "text": "before"},
 {"id": 2, "type": "message", "date_unixtime": "1606039873", "date": "", "from": "Ann", "from_id": "user9", "photo": "p.jpg", "text": "same"},
 {"id": 3, "type": "message", "date_unixtime": "1606039874", "date": "", "from": "Ann", "from_id": "user9", "text": "only here", "new_thing": {"a": 1}}
]}`

// Messages that telekeep fetched itself stay the newest; the export adds what they lack.
func TestMerge(t *testing.T) {
	v := newVault(t)
	fetched := func(id int, text string, media *archive.Media) *archive.Record {
		return &archive.Record{Kind: archive.KindMessage, Account: "user7", Chat: "user9", Seen: 1, Message: &archive.Message{
			ID: id, Date: 1606039871 + int64(id), From: "user9", Text: archive.Text{Text: text}, Media: media,
		}}
	}
	v.write(t, func(w *archive.Writer) {
		photo := &archive.Media{Kind: archive.MediaKindPhoto, File: &archive.File{Key: "photo:5", Size: 99}}
		batch := archive.Batch{Records: []*archive.Record{fetched(1, "after", nil), fetched(2, "same", photo)}}
		if err := w.Apply(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, resultName), one)
	writeFile(t, filepath.Join(dir, "p.jpg"), "picture")
	r := v.mustImport(t, dir, Options{Account: "user7"})
	if r.Added != 3 || r.FilesAdded != 1 {
		t.Errorf("%+v", r)
	}
	got := all(t, v, "user7", "user9")
	if m := got[1]; m.Text.Text != "after" || m.Versions != 2 || m.Origin != nil {
		t.Errorf("%+v", m)
	}
	if m := got[2]; m.Versions != 1 || !strings.HasPrefix(string(m.Media.File.Key), archive.MediaSHA256) {
		t.Errorf("%+v %+v", m, m.Media.File)
	}
	if m := got[3]; m.Origin == nil || m.Origin.From != archive.OriginDesktopJSON || len(m.Origin.SHA256) != 64 || string(m.Origin.Unknown["new_thing"]) != `{"a":1}` {
		t.Errorf("%+v", m.Origin)
	}
}

// The same export without its files adds nothing to the one with them, and the one with
// them adds them to the one without.
func TestFilesComeLater(t *testing.T) {
	bare, full := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(bare, resultName), one)
	writeFile(t, filepath.Join(full, resultName), one)
	writeFile(t, filepath.Join(full, "p.jpg"), "picture")
	v := newVault(t)
	o := Options{Account: "user7"}
	if r := v.mustImport(t, bare, o); r.Added != 3 || r.FilesMissing != 1 || r.Remarks != 2 {
		t.Errorf("%+v", r)
	}
	if r := v.mustImport(t, full, o); r.Added != 1 || r.Known != 2 || r.FilesAdded != 1 {
		t.Errorf("%+v", r)
	}
	if r := v.mustImport(t, bare, o); r.Added != 0 || r.Facts != 0 {
		t.Errorf("%+v", r)
	}
	if m := all(t, v, "user7", "user9")[2]; !strings.HasPrefix(string(m.Media.File.Key), archive.MediaSHA256) {
		t.Errorf("%+v", m.Media.File)
	}
}

// Whose export it is must be clear, and an export must not get into another account.
func TestWhose(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, resultName), one)
	account := t.TempDir()
	writeFile(t, filepath.Join(account, resultName), `{"personal_information": {"user_id": 8}, "chats": {"list": []}}`)
	for _, c := range []struct {
		path    string
		options Options
		want    archive.PeerID // "": refused
	}{
		{dir, Options{}, ""}, {dir, Options{Accounts: []archive.PeerID{"user1", "user2"}}, ""}, {dir, Options{Accounts: []archive.PeerID{"user1"}}, "user1"},
		{dir, Options{Account: "user3", Accounts: []archive.PeerID{"user1"}}, "user3"}, {account, Options{}, "user8"},
		{account, Options{Accounts: []archive.PeerID{"user1"}}, ""}, {account, Options{Accounts: []archive.PeerID{"user1", "user8"}}, "user8"},
		{account, Options{Account: "user1"}, ""},
	} {
		r, err := newVault(t).imports(t, c.path, c.options)
		if fault := (*AccountError)(nil); c.want == "" && !errors.As(err, &fault) || c.want != "" && (err != nil || r.Account != c.want) {
			t.Errorf("%+v: %v, %+v", c.options, err, r)
		}
	}
}

// What tdl writes is read; its ids do not tell what they are of.
func TestTdl(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "x.json"), `{"id":1234,"messages":[{"id":5,"type":"message","file":"a.pdf","date":1606039872,"text":"see"},{"id":6,"type":"message","file":"b.pdf","raw":{"ID":6}}]}`)
	writeFile(t, filepath.Join(dir, "1234_5_a.pdf"), "pages")
	v := newVault(t)
	_, err := v.imports(t, dir, Options{Account: "user7"})
	if fault := (*ChatError)(nil); !errors.As(err, &fault) || fault.ID != 1234 {
		t.Errorf("%v", err)
	}
	r := v.mustImport(t, dir, Options{Account: "user7", Chat: "channel1234"})
	if r.Kind != archive.OriginTdl || r.Added != 2 || r.FilesAdded != 1 || r.FilesLeft != 1 {
		t.Errorf("%+v", r)
	}
	if again := v.mustImport(t, filepath.Join(dir, "x.json"), Options{Account: "user7", Chat: "channel1234"}); again.Added+again.Facts != 0 {
		t.Errorf("%+v", again)
	}
	m := all(t, v, "user7", "channel1234")
	if m[5].Text.Text != "see" || m[5].Media.File.Name != "a.pdf" || m[5].Media.File.Size != 5 || string(m[6].Origin.Unknown["raw"]) != `{"ID":6}` {
		t.Errorf("%+v %+v", m[5].Media.File, m[6].Origin)
	}
	writeFile(t, filepath.Join(dir, "x.json"), `{"id":1234,"messages":[{"id":7,"type":"message","date":1},{"id":8,`)
	if r, err := v.imports(t, dir, Options{Account: "user7", Chat: "channel1234"}); err == nil || !strings.Contains(err.Error(), "x.json: message 2") || r.Added != 1 {
		t.Errorf("%v, %+v", err, r)
	}
}

// A date in the folder's name is when an export was made.
func TestExportedWhen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ChatExport_2021-05-03 (1)")
	writeFile(t, filepath.Join(dir, resultName), one)
	e, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if want := time.Date(2021, 5, 3, 0, 0, 0, 0, time.UTC); !e.Exported.Equal(want) {
		t.Errorf("%v", e.Exported)
	}
}
