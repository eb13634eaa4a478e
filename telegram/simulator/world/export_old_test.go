package world

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gotd/td/tg"
)

// describe is what tells the kinds of messages and documents apart, on one line.
func describe(m tg.MessageClass) string {
	if s, ok := m.(*tg.MessageService); ok {
		return strings.TrimPrefix(s.Action.TypeName(), "messageAction")
	}
	one := m.(*tg.Message)
	out := fmt.Sprintf("%s out=%v", fromTL(one.FromID), one.Out)
	media, ok := one.Media.(*tg.MessageMediaDocument)
	if !ok {
		return out
	}
	d, ok := media.Document.(*tg.Document)
	if !ok {
		return fmt.Sprint(m)
	}
	out += fmt.Sprintf(" %s %d", d.MimeType, d.Size)
	for _, a := range d.Attributes {
		out += " " + strings.TrimPrefix(a.TypeName(), "documentAttribute")
		if a, ok := a.(*tg.DocumentAttributeFilename); ok {
			out += "=" + a.FileName
		}
	}
	return out
}

func TestOldExportsSayLess(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{
		"files/a.tar.gz": 10, "files/a (1).tar.gz": 11, "files/b (1).txt": 12, "voice_messages/audio_1@01-02-2020_03-04-05.ogg": 13,
		"stickers/sticker.webp": 14, "animations/dance.gif": 15, "video_files/dance.mp4": 16, "video_files/video_2@01-02-2020_03-04-05.mp4": 17,
	} {
		write(t, dir, name, make([]byte, size))
	}
	message := func(id int, rest string) string {
		return fmt.Sprintf(`{"id": %d, "type": "message", "date": "2020-02-01T03:04:05", "edited": "1970-01-01T01:00:00", %s, "text": ""}`, id, rest)
	}
	them, me := `"from": "Them", "from_id": 4294967301`, `"from": "Me Myself"`
	write(t, dir, "result.json", []byte(`{"name": "Them", "type": "personal_chat", "id": 4294967301, "messages": [`+strings.Join([]string{
		message(1, them+`, "file": "files/a.tar.gz"`),
		message(2, them+`, "file": "files/a (1).tar.gz"`),
		message(3, them+`, "file": "files/b (1).txt"`),
		message(4, them+`, "file": "voice_messages/audio_1@01-02-2020_03-04-05.ogg", "media_type": "voice_message", "duration_seconds": 3`),
		message(5, them+`, "file": "stickers/sticker.webp", "media_type": "sticker", "sticker_emoji": "x", "width": 512, "height": 512`),
		message(6, them+`, "file": "animations/dance.gif", "media_type": "animation", "width": 10, "height": 10`),
		message(7, them+`, "file": "video_files/dance.mp4", "media_type": "animation", "width": 10, "height": 10`),
		message(8, `"from": "Me Myself", "from_id": 4294967999, "file": "video_files/video_2@01-02-2020_03-04-05.mp4", "media_type": "video_file"`),
		message(9, me+`, "file": "(File not included. Change data exporting settings to download.)", "media_type": "video_message"`),
		message(10, me+`, "file": "(File not included. Change data exporting settings to download.)", "media_type": "audio_file"`),
		message(11, `"from": "Them"`),
	}, ",")+`]}`))
	w, _ := fromExport(t, dir)
	if id := w.Accounts()[0].UserID; id != 703 {
		t.Errorf("the owner is %d", id)
	}
	want := []string{
		" out=false  10 Filename=a.tar.gz",
		" out=false  11 Filename=a.tar.gz",
		" out=false text/plain 12 Filename=b (1).txt",
		" out=false audio/ogg 13 Audio",
		" out=false image/webp 14 Sticker ImageSize Filename=sticker.webp",
		" out=false image/gif 15 Animated ImageSize Filename=dance.gif",
		" out=false video/mp4 16 Animated Video Filename=dance.mp4",
		"user703 out=true video/mp4 17 Video",
		"user703 out=true video/mp4 0 Video",
		"user703 out=true audio/mpeg 0 Audio",
		" out=false",
	}
	list := visit(t, w).history(userPeer(5)).list
	for i, one := range want {
		if got := describe(list[len(list)-1-i]); got != one {
			t.Errorf("message %d:\n  got  %s\n  want %s", i+1, got, one)
		}
		if m := list[i].(*tg.Message); m.EditDate != 0 {
			t.Errorf("message %d was edited in 1970", m.ID)
		}
	}
}

func TestActionsOfLaterVersions(t *testing.T) {
	dir := t.TempDir()
	var all, want []string
	for i, one := range []struct{ keys, want string }{
		{`"action": "poll_append_answer", "option": "Yes"`, "PollAppendAnswer"},
		{`"action": "poll_delete_answer", "option": "Yes"`, "PollDeleteAnswer"},
		{`"action": "no_forwards_toggle", "new_value": true`, "NoForwardsToggle"},
		{`"action": "no_forwards_request", "new_value": true, "expired": false`, "NoForwardsRequest"},
		{`"action": "new_creator_pending", "new_creator": "Them"`, "NewCreatorPending"},
		{`"action": "change_creator", "new_creator": null`, "ChangeCreator"},
		{`"action": "managed_bot_created", "bot": "Some Bot"`, "ManagedBotCreated"},
		{`"action": "join_group_via_community", "community_id": 5`, "ChatJoinedViaCommunity"},
		{`"action": "send_premium_gift", "days": 90`, "GiftPremium"},
		{`"action": "gift_code_prize", "gift_code": "x", "days": 90, "unclaimed": true, "via_giveaway": false`, "GiftCode"},
		{`"action": "requested_peer", "button_id": 1, "peer_id": 5`, "RequestedPeer"},
		{`"action": "something_new"`, "Empty"},
	} {
		all = append(all, fmt.Sprintf(`{"id": %d, "type": "service", "date": "2026-01-01T00:00:00", "date_unixtime": "1767225600", "actor": "Them", "actor_id": "user5", %s, "text": "", "text_entities": []}`, i+1, one.keys))
		want = append(want, one.want)
	}
	write(t, dir, "result.json", []byte(`{"name": "Them", "type": "personal_chat", "id": 5, "messages": [`+strings.Join(all, ",")+`]}`))
	w, warnings := fromExport(t, dir)
	if len(warnings) != 1 || !strings.Contains(warnings[0].Text, "something_new") {
		t.Errorf("warnings: %v", warnings)
	}
	list := visit(t, w).history(userPeer(5)).list
	for i, one := range want {
		if got := describe(list[len(list)-1-i]); got != one {
			t.Errorf("message %d is %s, want %s", i+1, got, one)
		}
	}
	if gift := list[len(list)-9].(*tg.MessageService).Action.(*tg.MessageActionGiftPremium); gift.Days != 90 {
		t.Errorf("%+v", gift)
	}
}

func TestMusicOnAProfile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "profile_music/song.mp3", make([]byte, 50))
	write(t, dir, "result.json", []byte(`{"personal_information": {"user_id": 5, "first_name": "Mira", "last_name": "", "phone_number": "+999 66 2 1234"},
		"profile_music": [{"id": 1, "type": "message", "date": "2026-01-01T00:00:00", "file": "profile_music/song.mp3", "file_name": "song.mp3", "file_size": 50, "media_type": "audio_file", "title": "Low Water", "mime_type": "audio/mpeg", "text": ""}],
		"chats": {"list": []}}`))
	w, warnings := fromExport(t, dir)
	if len(warnings) != 0 {
		t.Errorf("warnings: %v", warnings)
	}
	g := visit(t, w)
	music := ask(g, &tg.UsersGetSavedMusicRequest{ID: &tg.InputUserSelf{}, Limit: 10}, tg.DecodeUsersSavedMusic).(*tg.UsersSavedMusic)
	if music.Count != 1 || len(music.Documents) != 1 {
		t.Fatalf("%+v", music)
	}
	d := music.Documents[0].(*tg.Document)
	g.call.DC = d.DCID
	if data := g.part(where(d), 0, 4096); len(data) != 50 {
		t.Errorf("%d bytes", len(data))
	}
}
