// Package viewer looks at the viewer with the eyes of a real browser: see run.
package viewer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
)

// payload is what a stranger writes wherever there is room for a text.
const payload = `"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>{{7*7}}${alert(4)}<a href="javascript:alert(5)">x</a>` + "\u202e\u0000\u2028]]>-->"

// hostileFiles are what such a stranger sends.
var hostileFiles = map[string]string{
	"evil.svg":  `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(6)"><script>alert(7)</script></svg>`,
	"evil.html": `<!doctype html><script>alert(8)</script><img src="http://192.0.2.1/x">`,
	"evil.jpg":  "\xff\xd8\xff<script>alert(9)</script>",
	"evil.webp": "RIFF<script>alert(10)</script>",
	"evil.mp4":  "<html><script>alert(11)</script>",
	"evil.ogg":  "OggS<script>alert(12)</script>",
}

type object map[string]any

// WriteHostile writes an export of an account into dir in which every text, name and link is
// an attack. One chat has what can be played instead: film and speech are its files.
func WriteHostile(dir string, film, speech []byte) error {
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return err
	}
	hostileFiles["film.webm"], hostileFiles["speech.webm"] = string(film), string(speech)
	for name, data := range hostileFiles {
		if err := os.WriteFile(filepath.Join(dir, "files", name), []byte(data), 0o600); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(object{
		"about":                "about",
		"personal_information": object{"user_id": 11, "first_name": payload, "last_name": payload, "phone_number": "+99966 2 1234", "username": "@me", "bio": payload},
		"contacts":             object{"about": "x", "list": []object{{"user_id": 12, "first_name": payload, "last_name": payload, "phone_number": payload, "date": "2024-01-01T00:00:00", "date_unixtime": "1704067200"}}},
		"chats": object{"about": "x", "list": []object{
			{"name": payload, "type": "personal_chat", "id": 12, "messages": hostileMessages("user12")},
			{"name": payload, "type": "private_supergroup", "id": 13, "messages": hostileMessages("user14")},
			{"name": payload, "type": "public_channel", "id": 15, "messages": hostileMessages("channel15")},
			{"name": "Films", "type": "personal_chat", "id": 16, "messages": []object{
				{"id": 901, "type": "message", "date": "2024-02-01T00:00:00", "date_unixtime": "1706745600", "from": "Films", "from_id": "user16", "text": "", "text_entities": []object{},
					"file": "files/film.webm", "file_name": "film.webm", "file_size": len(film), "media_type": "video_file", "mime_type": "video/webm", "duration_seconds": 3, "width": 320, "height": 240},
				{"id": 902, "type": "message", "date": "2024-02-01T00:00:00", "date_unixtime": "1706745601", "from": "Films", "from_id": "user16", "text": "", "text_entities": []object{},
					"file": "files/speech.webm", "file_size": len(speech), "media_type": "voice_message", "mime_type": "audio/webm", "duration_seconds": 3},
			}},
			{"type": "saved_messages", "id": 11, "messages": hostileMessages("user11")},
		}},
	}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "result.json"), data, 0o600)
}

// hostileMessages are one of each kind.
func hostileMessages(from string) []object {
	var all []object
	add := func(kind string, fields object) {
		id := len(all) + 1
		at := 1704067200 + id*60
		m := object{"id": id, "type": kind, "date": "2024-01-01T00:00:00", "date_unixtime": strconv.Itoa(at), "text": "", "text_entities": []object{}}
		if kind == "service" {
			m["actor"], m["actor_id"] = payload, from
		} else {
			m["from"], m["from_id"] = payload, from
		}
		for k, v := range fields {
			m[k] = v
		}
		all = append(all, m)
	}
	for _, part := range hostileParts() {
		add("message", object{"text": []any{part}, "text_entities": []object{part}})
	}
	file := func(name, media, mime string, more object) object {
		o := object{"file": "files/" + name, "file_name": payload + name, "file_size": len(hostileFiles[name]), "mime_type": mime, "text": payload, "text_entities": []object{{"type": "plain", "text": payload}}}
		if media != "" {
			o["media_type"] = media
		}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	for _, o := range []object{
		file("evil.svg", "", "image/svg+xml", nil), file("evil.html", "", "text/html", nil), file("evil.svg", "", "image/png", object{"width": 100, "height": 100}),
		file("evil.html", "video_file", "video/mp4\"><script>alert(13)</script>", object{"duration_seconds": 3, "width": 100, "height": 100}), file("evil.mp4", "video_message", "video/mp4", object{"duration_seconds": 3}),
		file("evil.ogg", "voice_message", "audio/ogg", object{"duration_seconds": 3}), file("evil.ogg", "audio_file", "audio/mpeg", object{"performer": payload, "title": payload, "duration_seconds": 3}),
		file("evil.webp", "sticker", "image/webp", object{"sticker_emoji": payload, "width": 100, "height": 100}), file("evil.mp4", "animation", "video/mp4", object{"width": 100, "height": 100}),
		{"photo": "files/evil.jpg", "photo_file_size": len(hostileFiles["evil.jpg"]), "width": 100, "height": 100},
		{"contact_information": object{"first_name": payload, "last_name": payload, "phone_number": payload}},
		{"location_information": object{"latitude": 1.5, "longitude": 2.5}, "place_name": payload, "address": payload},
		{"game_title": payload, "game_description": payload, "game_link": "https://t.me/" + payload},
		{"invoice_information": object{"title": payload, "description": payload, "amount": 100, "currency": "EUR"}},
		{"poll": object{"question": payload, "closed": false, "total_voters": 1, "answers": []object{{"text": payload, "voters": 1, "chosen": true}}}},
		{"todo_list": object{"title": payload, "others_can_append": false, "others_can_complete": false, "answers": []object{{"text": payload, "id": 1}}}},
		{"forwarded_from": payload, "text": payload}, {"via_bot": "@" + payload, "text": "x"}, {"author": payload, "text": payload}, {"reply_to_message_id": 1, "text": payload},
		{"text": payload, "inline_bot_buttons": [][]object{{{"type": "url", "text": payload, "data": "javascript:alert(14)"}, {"type": "callback", "text": payload, "data": payload}}}},
		{"text": payload, "reactions": []object{{"type": "emoji", "count": 1, "emoji": payload}}},
	} {
		if text, ok := o["text"].(string); ok && o["text_entities"] == nil {
			o["text_entities"] = []object{{"type": "plain", "text": text}}
		}
		add("message", o)
	}
	for _, o := range []object{
		{"action": "create_group", "title": payload, "members": []string{payload}}, {"action": "edit_group_title", "title": payload}, {"action": "create_channel", "title": payload},
		{"action": "migrate_from_group", "title": payload}, {"action": "invite_members", "members": []string{payload, payload}}, {"action": "topic_created", "title": payload},
		{"action": "topic_edit", "new_title": payload}, {"action": "edit_chat_theme", "emoticon": payload}, {"action": "custom_action", "text": payload, "information_text": payload},
		{"action": "phone_call", "discard_reason": "missed"}, {"action": "send_webview_data", "text": payload}, {"action": "attach_menu_bot_allowed"}, {"action": "pin_message", "message_id": 1},
	} {
		add("service", o)
	}
	return all
}

// hostileParts are texts in every format, with every link that runs something.
func hostileParts() []object {
	var parts []object
	for _, kind := range []string{"plain", "bold", "italic", "underline", "strikethrough", "code", "spoiler", "blockquote", "mention", "hashtag", "cashtag", "bot_command", "link", "email", "phone", "bank_card"} {
		parts = append(parts, object{"type": kind, "text": payload}, object{"type": kind, "text": "javascript:alert(15)"})
	}
	parts = append(parts, object{"type": "pre", "text": payload, "language": payload}, object{"type": "mention_name", "text": payload, "user_id": 12})
	for _, href := range []string{
		payload, "javascript:alert(16)", " javascript:alert(17)", "JaVaScRiPt:alert(18)", "java\nscript:alert(19)", "data:text/html,<script>alert(20)</script>", "vbscript:alert(21)",
		"blob:http://127.0.0.1/x", "file:///etc/passwd", "//192.0.2.1/x", "\x01javascript:alert(22)", "view-source:http://192.0.2.1", "filesystem:http://127.0.0.1/x",
	} {
		parts = append(parts, object{"type": "text_link", "text": payload, "href": href})
	}
	return parts
}
