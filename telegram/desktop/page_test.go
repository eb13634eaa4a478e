package desktop

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
)

// TestRealPages takes in the pages of an export beside its JSON: of each message that the
// pages have, they say what the JSON says.
func TestRealPages(t *testing.T) {
	dir := filepath.Join(sharedData, "trantor/export")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real export on this machine: ", err)
	}
	const chat = "channel1878264527"
	o := Options{Location: time.FixedZone("", 8*3600), Account: "user7", Chat: chat}
	v := newVault(t)
	r := v.mustImport(t, filepath.Join(dir, pageName), o)
	if r.Messages != 924 || r.Added != r.Messages || r.Skipped != 0 || r.FilesAdded < 500 {
		t.Errorf("%+v", r)
	}
	for _, n := range r.Notes {
		t.Log(n)
	}
	paged := all(t, v, "user7", chat)
	both := newVault(t)
	both.mustImport(t, dir, o)
	structured := all(t, both, "user7", chat)
	for id, m := range paged {
		want := structured[id]
		if want == nil {
			t.Errorf("message %d is in the pages alone", id)
			continue
		}
		if m.Action != nil || want.Action != nil {
			continue
		}
		if m.Text.Text != want.Text.Text || m.Date != want.Date || m.Author != want.Author || m.From != want.From {
			t.Errorf("message %d: %+v\nwant %+v", id, m, want)
		}
		if (m.Media == nil) != (want.Media == nil) || m.Media != nil && m.Media.File != nil && m.Media.File.Key != want.Media.File.Key {
			t.Errorf("message %d carries %+v, want %+v", id, m.Media, want.Media)
		}
		for i := range want.Text.Entities { // pages have no place for these
			want.Text.Entities[i].Language, want.Text.Entities[i].Collapsed = "", false
		}
		if !reflect.DeepEqual(m.Text.Entities, want.Text.Entities) {
			t.Errorf("message %d: %+v\nwant %+v", id, m.Text.Entities, want.Text.Entities)
		}
		if len(m.Reactions) != len(want.Reactions) {
			t.Errorf("message %d: %+v\nwant %+v", id, m.Reactions, want.Reactions)
		}
	}
	again := both.mustImport(t, filepath.Join(dir, pageName), o)
	if again.Added != 0 || again.FilesAdded != 0 {
		t.Errorf("the pages add to the JSON: %+v", again)
	}
}

// all reads the messages of a chat.
func all(t *testing.T, v *vault, account, chat archive.PeerID) map[int]*archive.StoredMessage {
	t.Helper()
	out := map[int]*archive.StoredMessage{}
	for m, err := range v.snapshot(t).Messages(t.Context(), account, chat) {
		if err != nil {
			t.Fatal(err)
		}
		out[m.ID] = m
	}
	return out
}

// page is a page of a chat with the given messages.
func page(title, messages string) string {
	return `<!DOCTYPE html><html><head><meta charset="utf-8"/><title>Exported Data</title></head><body><div class="page_wrap">
<div class="page_header"><div class="content"><div class="text bold">
` + title + ` 
</div></div></div><div class="page_body chat_page"><div class="history">` + messages + `</div></div></div></body></html>`
}

// said is a message in a page.
func said(id, class, date, inner string) string {
	return `<div class="message default clearfix` + class + `" id="message` + id + `"><div class="body">
<div class="pull_right date details" title="` + date + `">
10:11
</div>` + inner + `</div></div>`
}

// TestPages reads what real pages at hand do not have.
func TestPages(t *testing.T) {
	const at = "22.11.2020 10:11:12"
	one := `<div class="message service" id="message-1"><div class="body details">
21 November 2020
</div></div><div class="message service" id="message5"><div class="body details">
Ann pinned <a href="#go_to_message4" onclick="return GoToMessage(4)">this message</a>
</div></div>` +
		said("6", "", at, `<div class="from_name">
Ann &lt;3  via @gif 
</div><div class="text">
a<br><strong>b <em>c</em></strong> <span class="spoiler hidden" onclick="ShowSpoiler(this)"><span aria-hidden="true">d&amp;</span></span> <a href="mailto:a@b.c">a@b.c</a> <a href="" onclick="return ShowMentionName()">Bob</a>
 </div><table class="bot_buttons_table"><tr class="bot_button_row"><td><div class="bot_button"><a href="https://e.x/">
Go
</a></div></td></tr></table>`) +
		said("7", " joined", "22.11.2020 10:11:13 UTC+02:00", `<div class="pull_left forwarded userpic_wrap"></div><div class="forwarded body"><div class="from_name">
Carl <span class="details"> 01.02.2019 03:04:05</span>
</div><div class="text">
far
</div></div>`)
	two := said("8", "", at, `<div class="from_name">
Me
</div><div class="reply_to details">
In reply to <a href="messages.html#go_to_message6">this message</a>
</div><div class="media_wrap clearfix"><div class="media clearfix pull_left media_voice_message"><div class="fill pull_left"></div><div class="body"><div class="title bold">
Voice message
</div><div class="description">
Not included, change data exporting settings to download.
</div><div class="status details">
00:07, 12.3 KB
</div></div></div></div>`) +
		said("9", "", at, `<div class="from_name">
Ann &lt;3
</div><div class="media_wrap clearfix"><div class="media clearfix pull_left media_call success"><div class="body"><div class="title bold">
Ann
</div><div class="status details">
Incoming (25 seconds)
</div></div></div></div>`) +
		said("10", "", at, `<div class="from_name">
Ann &lt;3
</div><div class="media_wrap clearfix"><a class="photo_wrap clearfix pull_left" href="../../etc/passwd"></a></div>`) +
		said("x", "", at, ``) + said("11", "", "yesterday", ``)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, pageName), page("Ann &lt;3", one))
	writeFile(t, filepath.Join(dir, "messages2.html"), page("Ann &lt;3", two))
	v := newVault(t)
	r := v.mustImport(t, dir, Options{Location: time.UTC, Account: "user7", Chat: "user9"})
	if r.Messages != 8 || r.Added != 6 || r.Skipped != 2 || r.FilesMissing != 1 || r.FilesLeft != 1 || r.Remarks != 3 {
		t.Errorf("%+v", r)
	}
	got := all(t, v, "user7", "user9")
	if m := got[5]; m.Action.Type != "pin_message" || m.Action.MessageID != 4 || m.Date != time.Date(2020, 11, 21, 0, 0, 0, 0, time.UTC).Unix() {
		t.Errorf("%+v %+v", m.Message, m.Action)
	}
	want := archive.Text{Text: "a\nb c d& a@b.c Bob", Entities: []archive.Entity{
		{Type: "bold", Offset: 2, Length: 3}, {Type: "italic", Offset: 4, Length: 1}, {Type: "spoiler", Offset: 6, Length: 2},
		{Type: "email", Offset: 9, Length: 5}, {Type: "mention_name", Offset: 15, Length: 3},
	}}
	if m := got[6]; !reflect.DeepEqual(m.Text, want) || m.From != "user9" || m.ViaBot == "" || string(m.Buttons[0][0].Data) != "https://e.x/" {
		t.Errorf("%+v", m.Message)
	}
	if m := got[7]; m.From != "user9" || m.Forward == nil || m.Forward.FromName != "Carl" || m.Text.Text != "far" || m.Date != 1606032673 {
		t.Errorf("%+v %+v", m.Message, m.Forward)
	}
	if m := got[8]; m.From != "user7" || !m.Out || m.Reply.MessageID != 6 || !m.Media.Voice || m.Media.File.Duration != 7 || m.Media.File.Key != "absent:excluded" {
		t.Errorf("%+v %+v", m.Message, m.Media)
	}
	if m := got[9]; m.Action == nil || m.Action.Type != "phone_call" || m.Action.Duration != 25 {
		t.Errorf("%+v", m.Message)
	}
	if m := got[10]; m.Media.File.Key != "absent:unavailable" {
		t.Errorf("%+v", m.Media.File)
	}
}

// A page that was cut off is an error that names the message; what stood before is kept.
func TestCutPage(t *testing.T) {
	dir := t.TempDir()
	whole := page("Ann", said("1", "", "22.11.2020 10:11:12", `<div class="text">a</div>`)+said("2", "", "22.11.2020 10:11:12", `<div class="text">b</div>`))
	writeFile(t, filepath.Join(dir, pageName), whole[:strings.Index(whole, ">b<")])
	v := newVault(t)
	r, err := v.imports(t, dir, Options{Account: "user7", Chat: "user9"})
	if fault := (*PageError)(nil); !errors.As(err, &fault) || fault.Message != "message2" || r.Added != 1 {
		t.Errorf("%v, %+v", err, r)
	}
	if len(all(t, v, "user7", "user9")) != 1 {
		t.Error("what stood before is not there")
	}
}

// Pages have no ids: which chats they are is asked for, unless their names are known.
func TestWhichChat(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, pageName), page("Ann", said("1", "", "22.11.2020 10:11:12", `<div class="text">a</div>`)))
	find := func(ids ...archive.PeerID) func(archive.PeerID, string) []archive.PeerID {
		return func(account archive.PeerID, name string) []archive.PeerID {
			if account != "user7" || name != "Ann" {
				return nil
			}
			return ids
		}
	}
	for _, one := range []struct {
		options Options
		want    archive.PeerID // "": it is asked for
	}{
		{Options{}, ""}, {Options{Chat: "user9"}, "user9"}, {Options{Find: find()}, ""}, {Options{Find: find("user9", "chat5")}, ""},
		{Options{Find: find("channel4")}, "channel4"}, {Options{Find: find("channel4"), New: true}, "channel4"},
		{Options{New: true}, madeID(archive.PeerChat, "Ann")},
	} {
		v := newVault(t)
		one.options.Account = "user7"
		_, err := v.imports(t, dir, one.options)
		if one.want == "" {
			if fault := (*ChatError)(nil); !errors.As(err, &fault) {
				t.Errorf("%+v: %v", one.options, err)
			}
			if len(v.snapshot(t).Accounts()) != 0 {
				t.Error("something was archived before it was clear whose it is")
			}
			continue
		}
		if err != nil || len(all(t, v, "user7", one.want)) != 1 {
			t.Errorf("%+v: %v", one.options, err)
		}
	}
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
