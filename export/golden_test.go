package export

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/archive"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it anew)\n--- got\n%s\n--- want\n%s", path, got, want)
	}
}

const morning = 1700000000 // 2023-11-14T22:13:20 UTC

// themes are messages by what they show. Every kind of media, every action and
// every optional key stands in one of them.
var themes = []struct {
	name     string
	chat     archive.PeerID
	kind     archive.ChatType
	messages func() []*archive.Message
}{
	{"texts", "user2", archive.ChatPersonal, textMessages},
	{"envelopes", "channel7", archive.ChatPrivateSupergroup, envelopeMessages},
	{"files", "user2", archive.ChatPersonal, fileMessages},
	{"media", "user2", archive.ChatPersonal, mediaMessages},
	{"buttons", "user4", archive.ChatBot, buttonMessages},
	{"group_actions", "channel7", archive.ChatPublicSupergroup, groupActions},
	{"chat_actions", "user2", archive.ChatPersonal, chatActions},
	{"trade_actions", "user4", archive.ChatBot, tradeActions},
}

func TestGolden(t *testing.T) {
	for _, theme := range themes {
		t.Run(theme.name, func(t *testing.T) {
			f := newFake()
			for _, key := range []archive.MediaKey{
				"photo:1", "photo:2", "document:10", "document:11", "document:12", "document:13", "document:14",
				"document:15", "document:16", "document:17", "document:18", "thumb:10", "thumb:12",
			} {
				f.media[key] = []byte("content of " + key)
			}
			f.media["document:50"] = []byte("\x1f\x8bemoji")
			f.missing["photo:90"] = archive.MissingExcluded
			f.missing["document:91"] = archive.MissingTooLarge
			f.missing["document:92"] = archive.MissingProtected
			f.missing["document:51"] = archive.MissingExcluded
			messages := theme.messages()
			for i, m := range messages {
				m.ID, m.Date = 100+i, morning+int64(i)
			}
			f.add(theme.chat, theme.kind, messages...)
			dir := t.TempDir()
			o := utc()
			o.Chats = []archive.PeerID{theme.chat}
			mustExport(t, f, dir, o)
			files := tree(t, dir)
			document := files[resultFile]
			golden(t, theme.name+".json", document)
			if err := layoutError([]byte(document)); err != nil {
				t.Error(err)
			}
			for name := range files {
				if name != resultFile && !strings.Contains(document, `"`+name+`"`) {
					t.Errorf("%s was written and is not in the document", name)
				}
			}
		})
	}
}

func text(s string, entities ...archive.Entity) archive.Text {
	return archive.Text{Text: s, Entities: entities}
}

func entity(kind string, offset, length int) archive.Entity {
	return archive.Entity{Type: kind, Offset: offset, Length: length}
}

func textMessages() []*archive.Message {
	long := text("a@b #c /d e f@g bold ital code pre l m 1 $x u s q card sp e ?")
	at := 0
	for _, kind := range []string{"mention", "hashtag", "bot_command", "link", "email", "bold", "italic", "code", "pre",
		"text_link", "mention_name", "phone", "cashtag", "underline", "strikethrough", "blockquote", "bank_card", "spoiler",
		"custom_emoji", "diff_insert"} {
		length := strings.IndexByte(long.Text[at:]+" ", ' ')
		e := entity(kind, at, length)
		switch kind {
		case "pre":
			e.Language = "go"
		case "text_link":
			e.URL = "https://example.org/?a=1&b=<2>"
		case "mention_name":
			e.User = "user2"
		case "blockquote":
			e.Collapsed = true
		case "custom_emoji":
			e.Document = "document:50"
		}
		long.Entities = append(long.Entities, e)
		at += length + 1
	}
	emoji := func(id archive.MediaKey) archive.Entity {
		return archive.Entity{Type: "custom_emoji", Offset: 0, Length: 2, Document: id}
	}
	return []*archive.Message{
		{Text: text("")},
		{Text: text("plain")},
		{Text: text("né", entity("bold", 0, 2))},
		{Text: text("ascii", entity("bold", 0, 5))},
		{Text: text("😀 b", entity("bold", 3, 1))},
		{Text: text("nested", entity("bold", 0, 6), entity("italic", 2, 2))},
		{Text: text("cut", entity("bold", 0, 2), entity("italic", 1, 2), entity("code", 2, 1), entity("code", 3, 1))},
		{Text: text("pre", entity("pre", 0, 3))},
		{Text: text("quote", entity("blockquote", 0, 5))},
		{Text: text("\x00\x1f\x7f \"\\/ \n\r\t <&> \u2028\u2029 \xff\xfe é")},
		{Text: text("😀", emoji("document:50"))},
		{Text: text("😀", emoji("document:51"))},
		{Text: text("😀", emoji("document:52"))},
		{Text: long},
	}
}

func envelopeMessages() []*archive.Message {
	return []*archive.Message{
		{From: "user1", Text: text("a person")},
		{Text: text("the chat itself")},
		{From: "user5", Text: text("a deleted account")},
		{From: "user77", Text: text("a stranger")},
		{From: "user3", Text: text("last name only"), Edited: morning + 60},
		{From: "channel8", Author: "The editor", Text: text("signed")},
		{From: "user1", ViaBot: "user4", Text: text("via a bot")},
		{From: "user1", ViaBot: "user2", Text: text("via somebody without a name")},
		{From: "user1", Forward: &archive.Forward{From: "user2", Date: 5}, Text: text("forwarded")},
		{From: "user1", Forward: &archive.Forward{From: "user5"}, Text: text("from a deleted account")},
		{From: "user1", Forward: &archive.Forward{FromName: "Hidden"}, Text: text("from a hidden account")},
		{From: "user1", Forward: &archive.Forward{From: "channel99", SavedFrom: "channel99"}, Text: text("saved")},
		{From: "user1", Reply: &archive.Reply{MessageID: 100}, Text: text("a reply")},
		{From: "user1", Reply: &archive.Reply{MessageID: 5, Peer: "channel99"}, Text: text("a reply elsewhere")},
		{From: "user1", Reply: &archive.Reply{MessageID: 5, Peer: "channel7"}, Text: text("a reply here")},
		{From: "user1", Reply: &archive.Reply{Story: 5, Peer: "user2"}, Text: text("a reply to a story")},
		{Unsupported: true, From: "user1", Text: text("not shown")},
		{Media: &archive.Media{Kind: archive.MediaKindUnsupported}},
		{Action: &archive.Action{Type: "unknown"}},
		{From: "user1", Text: text("reactions"), Reactions: []archive.Reaction{
			{Type: "emoji", Count: 3, Emoji: "👍", Recent: []archive.RecentReaction{{From: "user2", Date: morning}, {From: "user5", Date: morning}}},
			{Type: "custom_emoji", Count: 1, Document: "document:50"},
			{Type: "custom_emoji", Count: 1, Document: "document:52"},
			{Type: "paid", Count: 500},
			{Type: "empty"},
		}},
	}
}

// file is a file as a message declares it; its size is that of the fake archive.
func file(key archive.MediaKey, name, mime string) *archive.File {
	return &archive.File{Key: key, Size: int64(len("content of ") + len(key)), Name: name, MIME: mime}
}

func sized(f *archive.File, w, h int, duration float64) *archive.File {
	f.Width, f.Height, f.Duration = w, h, duration
	return f
}

func documentMessage(m archive.Media) *archive.Message {
	m.Kind = archive.MediaKindDocument
	return &archive.Message{Media: &m}
}

func photoMessage(f *archive.File) *archive.Message {
	return &archive.Message{Media: &archive.Media{Kind: archive.MediaKindPhoto, File: f}}
}

func fileMessages() []*archive.Message {
	spoiler := photoMessage(sized(file("photo:2", "", ""), 3, 2, 0))
	spoiler.Media.Spoiler = true
	burning := photoMessage(sized(file("photo:2", "", ""), 3, 2, 0))
	burning.Media.TTL = 10
	burningNote := documentMessage(archive.Media{File: file("document:11", "", "audio/ogg"), Voice: true, TTL: 20})
	return []*archive.Message{
		photoMessage(sized(file("photo:1", "", ""), 640, 480, 0)),
		photoMessage(sized(file("photo:1", "", ""), 640, 480, 0)), // the same file again
		spoiler,
		burning,
		photoMessage(nil), // expired
		photoMessage(file("photo:90", "", "")),
		documentMessage(archive.Media{File: file("document:10", "report.final.pdf", "application/pdf"), Thumb: sized(file("thumb:10", "", ""), 30, 40, 0)}),
		documentMessage(archive.Media{File: file("document:11", "report.final.pdf", "application/pdf")}),
		documentMessage(archive.Media{File: sized(file("document:12", "", "video/mp4"), 320, 240, 3.9), Video: true, Thumb: file("thumb:12", "", "")}),
		documentMessage(archive.Media{File: sized(file("document:13", "cat.gif.mp4", "video/mp4"), 320, 240, 3), Video: true, Animation: true}),
		documentMessage(archive.Media{File: file("document:14", "old.gif", "image/gif"), Animation: true}),
		documentMessage(archive.Media{File: file("document:15", "", "audio/ogg"), Voice: true}),
		documentMessage(archive.Media{File: sized(file("document:16", "", "video/mp4"), 240, 240, 9), RoundVideo: true, Spoiler: true}),
		documentMessage(archive.Media{File: sized(file("document:17", "sticker.webp", "image/webp"), 512, 512, 0), Sticker: true, StickerEmoji: "❤"}),
		documentMessage(archive.Media{File: sized(file("document:18", "song.mp3", "audio/mpeg"), 0, 0, 200), Audio: true, Performer: "They", SongTitle: "It"}),
		documentMessage(archive.Media{File: file("document:91", "../../huge.bin", ""), Thumb: file("thumb:91", "", "")}),
		documentMessage(archive.Media{File: file("document:92", "", "")}),
		burningNote,
		documentMessage(archive.Media{}), // expired
	}
}

func mediaMessages() []*archive.Message {
	place := &archive.Place{Valid: true, Latitude: 52.520008, Longitude: -13.4049541}
	live, venue, nowhere := *place, *place, archive.Place{Title: "Somewhere"}
	live.Period = 3600
	venue.Title, venue.Address = "Café", "Street 1"
	rich := text("😀 which?", archive.Entity{Type: "custom_emoji", Length: 2, Document: "document:5368324170671202286"})
	with := func(m archive.Media) *archive.Message { return &archive.Message{Media: &m} }
	return []*archive.Message{
		with(archive.Media{Kind: "contact", Contact: &archive.Contact{FirstName: "Bo", Phone: "998911234567"}}),
		with(archive.Media{Kind: "contact", Contact: &archive.Contact{LastName: "Card", VCard: "BEGIN:VCARD\nEND:VCARD"}}),
		with(archive.Media{Kind: "location", Place: place}),
		with(archive.Media{Kind: "location", Place: &archive.Place{}}),
		with(archive.Media{Kind: "live_location", Place: &live}),
		with(archive.Media{Kind: "venue", Place: &venue}),
		with(archive.Media{Kind: "venue", Place: &nowhere}),
		with(archive.Media{Kind: "game", Game: &archive.Game{Title: "Chess", Description: "A game", ShortName: "chess", Bot: "user4"}}),
		with(archive.Media{Kind: "game", Game: &archive.Game{Title: "Chess", ShortName: "chess", Bot: "user2"}}),
		with(archive.Media{Kind: "invoice", Invoice: &archive.Invoice{Title: "A \"thing\"", Description: "two\nlines", Amount: 1999, Currency: "EUR", Receipt: 7}}),
		with(archive.Media{Kind: "invoice", Invoice: &archive.Invoice{Currency: "XTR", Amount: 5}}),
		with(archive.Media{Kind: "poll", Poll: &archive.Poll{Question: text("Which?"), Voters: 3, Answers: []archive.PollAnswer{
			{Text: text("This"), Voters: 2, Chosen: true}, {Text: text("That"), Voters: 1}}}}),
		with(archive.Media{Kind: "poll", Poll: &archive.Poll{Question: rich, Closed: true, Answers: []archive.PollAnswer{{Text: rich}}}}),
		with(archive.Media{Kind: "todo", Todo: &archive.Todo{Title: text("To do"), OthersCanAppend: true, Items: []archive.TodoItem{
			{ID: 1, Text: text("one")}, {ID: 2, Text: rich, CompletedBy: "user2"}}}}),
		with(archive.Media{Kind: "giveaway", Giveaway: &archive.Giveaway{Quantity: 5, Months: 3, Until: morning, Channels: []archive.PeerID{"channel8"}, Countries: []string{"DE"}, Prize: "a hat", OnlyNew: true}}),
		with(archive.Media{Kind: "giveaway", Giveaway: &archive.Giveaway{Quantity: 5, Until: morning, Stars: 100}}),
		with(archive.Media{Kind: "giveaway_results", Results: &archive.GiveawayResults{Channel: "channel8", Winners: []archive.PeerID{"user2", "channel7"}, Until: morning, Launch: 3, Count: 2, Months: 3, Refunded: true}}),
		with(archive.Media{Kind: "paid", Stars: 50, Extended: []archive.Media{{Kind: "photo"}}}),
		{Text: text("https://example.org"), Media: &archive.Media{Kind: "webpage", Webpage: &archive.Webpage{Title: "not in an export"}}},
		with(archive.Media{Kind: "dice", Emoji: "🎲", Value: 6}),
		with(archive.Media{Kind: "story"}),
	}
}

func buttonMessages() []*archive.Message {
	row := []archive.Button{
		{Type: "url", Text: "Open", Data: []byte("https://example.org/?a=\"b\"")},
		{Type: "callback", Text: "Press", Data: []byte{0, 1, 0xfb, 0xff}},
		{Type: "callback_with_password", Data: []byte("secret")},
		{Type: "auth", Text: "Log in", Data: []byte("http://localhost/auth"), ForwardText: "Logged in", ButtonID: 123456789},
	}
	return []*archive.Message{
		{Text: text("buttons"), Buttons: [][]archive.Button{row, {{Type: "switch_inline_same", Text: "Again"}}, {}}},
		{Text: text("both"), Buttons: [][]archive.Button{{{Type: "buy"}}}, Reactions: []archive.Reaction{{Type: "emoji", Emoji: "👍", Count: 1}}},
	}
}

// acted makes a service message of every action.
func acted(actions ...archive.Action) []*archive.Message {
	var out []*archive.Message
	for i := range actions {
		out = append(out, &archive.Message{From: "user1", Action: &actions[i]})
	}
	return out
}

func pointer[T any](v T) *T { return &v }

func groupActions() []*archive.Message {
	members := []archive.PeerID{"user2", "user5", "channel8"}
	return append(acted(
		archive.Action{Type: "create_group", Title: "Us", Members: members},
		archive.Action{Type: "create_group"},
		archive.Action{Type: "edit_group_title", Title: "We"},
		archive.Action{Type: "create_channel", Title: "News"},
		archive.Action{Type: "migrate_from_group", Title: "Old"},
		archive.Action{Type: "migrate_to_supergroup", Peer: "channel7"},
		archive.Action{Type: "topic_created", Title: "Off topic", IconColor: 5},
		archive.Action{Type: "topic_edit", NewTitle: pointer("On topic"), NewIcon: pointer(int64(-1))},
		archive.Action{Type: "topic_edit", Closed: pointer(true)},
		archive.Action{Type: "edit_group_photo", Photo: sized(file("photo:1", "", ""), 640, 640, 0)},
		archive.Action{Type: "suggest_profile_photo", Photo: file("photo:2", "", ""), Spoiler: true},
		archive.Action{Type: "edit_group_photo"},
		archive.Action{Type: "delete_group_photo"},
		archive.Action{Type: "invite_members", Members: members},
		archive.Action{Type: "remove_members", Members: members[:1]},
		archive.Action{Type: "invite_to_group_call", Members: members[:2]},
		archive.Action{Type: "join_group_by_link", Inviter: "user2"},
		archive.Action{Type: "join_group_by_link", Inviter: "user77"},
		archive.Action{Type: "join_group_by_request"},
		archive.Action{Type: "boost_apply", Boosts: 2},
		archive.Action{Type: "no_forwards_toggle", Active: true},
		archive.Action{Type: "no_forwards_request", Active: true},
		archive.Action{Type: "new_creator_pending", Peer: "user2"},
		archive.Action{Type: "change_creator", Peer: "user77"},
		archive.Action{Type: "managed_bot_created", Peer: "user4"},
		archive.Action{Type: "join_group_via_community", Community: 9},
		archive.Action{Type: "of_the_future"},
	), &archive.Message{Action: &archive.Action{Type: "clear_history"}})
}

func chatActions() []*archive.Message {
	return acted(
		archive.Action{Type: "pin_message", MessageID: 3},
		archive.Action{Type: "pin_message", MessageID: 3, Peer: "channel8"},
		archive.Action{Type: "pin_message"},
		archive.Action{Type: "set_chat_wallpaper", MessageID: 4},
		archive.Action{Type: "set_same_chat_wallpaper", MessageID: 4},
		archive.Action{Type: "clear_history"},
		archive.Action{Type: "take_screenshot"},
		archive.Action{Type: "joined_telegram"},
		archive.Action{Type: "requested_phone_number"},
		archive.Action{Custom: "A text of the server's own"},
		archive.Action{Type: "phone_call", Duration: 60, Reason: "hangup"},
		archive.Action{Type: "phone_call", Reason: "missed"},
		archive.Action{Type: "conference_call", Duration: 60, Active: true},
		archive.Action{Type: "conference_call", Missed: true},
		archive.Action{Type: "group_call"},
		archive.Action{Type: "group_call", Duration: 9},
		archive.Action{Type: "group_call_scheduled", Schedule: morning},
		archive.Action{Type: "set_messages_ttl", Period: 86400},
		archive.Action{Type: "set_messages_ttl"},
		archive.Action{Type: "edit_chat_theme", Emoticon: "🐣"},
		archive.Action{Type: "edit_chat_theme"},
		archive.Action{Type: "proximity_reached", From: "user2", To: "channel7", Distance: 100},
		archive.Action{Type: "suggest_birthday", Day: 2, Month: 3, Year: 1990},
		archive.Action{Type: "suggest_birthday", Day: 2, Month: 3},
		archive.Action{Type: "todo_completions", Done: []int{1, 2}},
		archive.Action{Type: "todo_append_tasks", Items: []archive.TodoItem{{ID: 3, Text: text("né", entity("bold", 0, 2))}}},
		archive.Action{Type: "poll_append_answer", Answer: &archive.PollAnswer{Text: text("Other")}},
		archive.Action{Type: "poll_delete_answer"},
	)
}

func tradeActions() []*archive.Message {
	return acted(
		archive.Action{Type: "score_in_game", MessageID: 5, Score: 0},
		archive.Action{Type: "allow_sending_messages", AppID: -1, AppName: "App"},
		archive.Action{Type: "allow_sending_messages", Domain: "example.org"},
		archive.Action{Type: "attach_menu_bot_allowed"},
		archive.Action{Type: "web_app_bot_allowed"},
		archive.Action{Type: "send_passport_values", Values: []string{"passport", "email"}},
		archive.Action{Type: "send_webview_data", Text: pointer(text("Button"))},
		archive.Action{Type: "send_webview_data"},
		archive.Action{Type: "requested_peer", ButtonID: 1, Peers: []archive.PeerID{"user2", "chat6", "channel7"}},
		archive.Action{Type: "send_payment", Amount: 100, Currency: "USD", MessageID: 6, Recurring: "init"},
		archive.Action{Type: "refunded_payment", Amount: 100, Currency: "XTR", Peer: "user4", ChargeID: "abc"},
		archive.Action{Type: "paid_messages_refund", Count: 2, Stars: 20},
		archive.Action{Type: "paid_messages_price_change", Stars: 10, Broadcast: true},
		archive.Action{Type: "send_premium_gift", Cost: "$10", Months: 3},
		archive.Action{Type: "send_premium_gift"},
		archive.Action{Type: "gift_code_prize", Code: "CODE", Peer: "channel8", Months: 6, Giveaway: true},
		archive.Action{Type: "gift_code_prize", Months: 6, Unclaimed: true},
		archive.Action{Type: "giveaway_launch"},
		archive.Action{Type: "giveaway_results", Winners: 3, Left: 1, ByStars: true},
		archive.Action{Type: "send_stars_gift", Cost: "$1", Whole: 50},
		archive.Action{Type: "send_ton_gift", Whole: 1, Nano: 500_000_000},
		archive.Action{Type: "stars_prize", Peer: "channel8", Stars: 5, Unclaimed: true, MessageID: 7, ChargeID: "tx"},
		archive.Action{Type: "send_star_gift", GiftID: -2, Stars: 15, Limited: true, Text: pointer(text("né", entity("bold", 0, 2)))},
		archive.Action{Type: "send_star_gift", Anonymous: true},
		archive.Action{Type: "process_suggested_post", Rejected: true, Comment: "no"},
		archive.Action{Type: "process_suggested_post", Whole: 5, Currency: "Stars", Schedule: morning},
		archive.Action{Type: "suggested_post_success", Whole: 1, Nano: 5, Currency: "TON"},
		archive.Action{Type: "suggested_post_refund", ByUser: true},
		archive.Action{Type: "star_gift_offer", GiftID: 5},
	)
}
