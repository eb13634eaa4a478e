package desktop

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"telekeep/archive"
)

// TestPagedAccount takes in the pages of a whole account.
func TestPagedAccount(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, indexName), `<html><body><div class="page_wrap"><div class="personal_info clearfix"><div class="rows names">
<div class="row"><div class="label details">First name</div><div class="value bold">Me</div></div>
<div class="row"><div class="label details">Phone number</div><div class="value bold">+44 7400 123456</div></div></div></div></div></body></html>`)
	entry := func(href, name, kind string) string {
		return `<a class="entry block_link clearfix" href="` + href + `#allow_back"><div class="body"><div class="pull_right info details">1 message</div><div class="name bold">
` + name + `
</div><div class="details_entry details">
` + kind + `
</div></div></a>`
	}
	writeFile(t, filepath.Join(dir, "lists/chats.html"), `<html><body><div class="page_wrap"><div class="entry_list">`+
		entry("../chats/chat_1/messages.html", "Ann", "private")+entry("../chats/chat_2/messages.html", "A group", "private group")+
		entry("../chats/chat_3/messages.html", "Saved messages", "")+`</div></div></body></html>`)
	writeFile(t, filepath.Join(dir, "lists/profile_pictures.html"), `<html><body><div class="page_wrap"><div class="entry_list"><div class="entry clearfix"><a class="pull_left" href="../profile_pictures/p.jpg"></a>
<div class="body"><div class="details_entry details">22.11.2020 10:11:12</div></div></div></div></div></body></html>`)
	writeFile(t, filepath.Join(dir, "profile_pictures/p.jpg"), "me")
	writeFile(t, filepath.Join(dir, "chats/chat_1/photos/a.jpg"), "ann")
	at := "22.11.2020 10:11:12"
	writeFile(t, filepath.Join(dir, "chats/chat_1/messages.html"), page("Ann", said("1", "", at, `<div class="from_name">
Ann
</div><div class="media_wrap clearfix"><a class="photo_wrap clearfix pull_left" href="../../chats/chat_1/photos/a.jpg"></a></div>`)))
	writeFile(t, filepath.Join(dir, "chats/chat_2/messages.html"), page("A group", said("2", "", at, `<div class="from_name">
Me
</div><div class="text">
x
</div>`)))
	writeFile(t, filepath.Join(dir, "chats/chat_3/messages.html"), page("Saved messages", said("3", "", at, `<div class="text">
note
</div>`)))
	o := Options{Account: "user7", Location: time.UTC}
	_, err := newVault(t).imports(t, dir, o)
	if fault := (*ChatError)(nil); !errors.As(err, &fault) || len(fault.Where) != 2 {
		t.Errorf("%v", err)
	}
	v := newVault(t)
	o.New = true
	o.Find = func(_ archive.PeerID, name string) []archive.PeerID {
		return map[string][]archive.PeerID{"A group": {"user8", "chat5"}}[name]
	}
	r := v.mustImport(t, dir, o)
	if r.Chats != 3 || r.Added != 3 || r.FilesAdded != 2 || r.Remarks != 0 {
		t.Errorf("%+v", r)
	}
	s := v.snapshot(t)
	me, ok := s.Peer("user7", "user7")
	if !ok || me.FirstName != "Me" || me.Phone != "447400123456" || len(s.Items("user7", archive.KindPhoto)) != 1 {
		t.Errorf("%+v", me)
	}
	ann := madeID(archive.PeerUser, "Ann")
	if m := all(t, v, "user7", ann)[1]; m == nil || m.From != ann || m.Media.File.Size != 3 {
		t.Errorf("%+v", m)
	}
	if m := all(t, v, "user7", "chat5")[2]; m == nil || m.From != "user7" || !m.Out {
		t.Errorf("%+v", m)
	}
	if m := all(t, v, "user7", "user7")[3]; m == nil || m.Text.Text != "note" {
		t.Errorf("%+v", m)
	}
	// The folder of one chat, by itself, has links that go up to the whole.
	o.Chat = "user9"
	if r := newVault(t).mustImport(t, filepath.Join(dir, "chats/chat_1"), o); r.Added != 1 || r.FilesAdded != 1 {
		t.Errorf("%+v", r)
	}
}
