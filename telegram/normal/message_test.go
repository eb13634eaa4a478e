package normal

import (
	"testing"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// same compares two values by what would be written of them.
func same(t *testing.T, name string, got, want any) {
	t.Helper()
	if got, want := jsonOf(t, got), jsonOf(t, want); got != want {
		t.Errorf("%s\n got %s\nwant %s", name, got, want)
	}
}

func TestMessage(t *testing.T) {
	in := &tg.Message{
		Out: true, Silent: true, Post: true, Pinned: true, Noforwards: true, EditHide: true, FromScheduled: true, Offline: true, InvertMedia: true,
		ID: 7, PeerID: &tg.PeerChannel{ChannelID: 5}, FromID: user(1), SavedPeerID: user(2), ViaBotID: 3, ViaBusinessBotID: 4, GuestchatViaFrom: user(6),
		Date: 1700000000, EditDate: 1700000100, Message: "hi", PostAuthor: "Ann", GroupedID: 99, Views: 10, Forwards: 2, TTLPeriod: 3600,
		FromRank: "admin", FromBoostsApplied: 2, Effect: 8, PaidMessageStars: 15,
		Replies:       tg.MessageReplies{Replies: 4, ChannelID: 77},
		Factcheck:     tg.FactCheck{Text: tg.TextWithEntities{Text: "not so"}},
		SuggestedPost: tg.SuggestedPost{Accepted: true, Price: &tg.StarsAmount{Amount: 5}, ScheduleDate: 1700000200},
	}
	want := &archive.Message{
		ID: 7, Date: 1700000000, Edited: 1700000100, From: "user1", Author: "Ann", ViaBot: "user3",
		Out: true, Post: true, Silent: true, Pinned: true, Protected: true, EditHidden: true,
		SavedPeer: "user2", Album: 99, Views: 10, Forwards: 2, Replies: 4, Discussion: "channel77", TTL: 3600,
		Text:      archive.Text{Text: "hi"},
		Scheduled: true, Automatic: true, InvertMedia: true, Rank: "admin", Boosts: 2, ViaBusiness: "user4", ViaGuest: "user6", Effect: 8, PaidStars: 15,
		Suggested: &archive.Suggested{Accepted: true, Whole: 5, Currency: "Stars", Schedule: 1700000200},
		FactCheck: &archive.Text{Text: "not so"},
	}
	msg, chat, ok := Message(in)
	same(t, "message", msg, want)
	if chat != "channel5" || !ok {
		t.Errorf("chat %s, %v", chat, ok)
	}
}

func TestAuthor(t *testing.T) {
	for _, c := range []struct {
		name string
		in   tg.MessageClass
		want archive.PeerID
	}{
		{"named", &tg.Message{PeerID: &tg.PeerChat{ChatID: 5}, FromID: user(1)}, "user1"},
		{"the channel speaks", &tg.Message{PeerID: &tg.PeerChannel{ChannelID: 5}}, ""},
		{"anonymous admin", &tg.Message{PeerID: &tg.PeerChannel{ChannelID: 5}, FromID: &tg.PeerChannel{ChannelID: 5}}, "channel5"},
		{"private, theirs", &tg.Message{PeerID: user(2)}, "user2"},
		{"private, ours", &tg.Message{PeerID: user(2), Out: true}, ""},
		{"private, service", &tg.MessageService{PeerID: user(2)}, "user2"},
	} {
		if msg, _, _ := Message(c.in); msg.From != c.want {
			t.Errorf("%s: from %q, want %q", c.name, msg.From, c.want)
		}
	}
}

func TestForward(t *testing.T) {
	msg, _, _ := Message(&tg.Message{FwdFrom: tg.MessageFwdHeader{
		Imported: true, SavedOut: true, FromID: &tg.PeerChannel{ChannelID: 3}, FromName: "Bob", Date: 1600000000, ChannelPost: 44, PostAuthor: "Eve",
		SavedFromPeer: user(8), SavedFromMsgID: 45, SavedFromID: user(9), SavedFromName: "Carl", SavedDate: 1500000000, PsaType: "covid",
	}})
	same(t, "forward", msg.Forward, &archive.Forward{
		From: "channel3", FromName: "Bob", Date: 1600000000, MessageID: 44, Author: "Eve", SavedFrom: "user8", SavedFromMessage: 45,
		Imported: true, SavedFromID: "user9", SavedFromName: "Carl", SavedDate: 1500000000, SavedOut: true, PSA: "covid",
	})
	if msg, _, _ := Message(&tg.Message{}); msg.Forward != nil || msg.Reply != nil || msg.Media != nil || msg.Buttons != nil || msg.Reactions != nil {
		t.Errorf("a bare message has more than there is: %+v", msg)
	}
}

func TestReply(t *testing.T) {
	here := &tg.PeerChannel{ChannelID: 5}
	for _, c := range []struct {
		name  string
		in    tg.MessageReplyHeaderClass
		want  *archive.Reply
		topic int
	}{
		{"same chat", &tg.MessageReplyHeader{ReplyToMsgID: 3}, &archive.Reply{MessageID: 3}, 0},
		{"same chat, named", &tg.MessageReplyHeader{ReplyToMsgID: 3, ReplyToPeerID: here}, &archive.Reply{MessageID: 3}, 0},
		{"other chat", &tg.MessageReplyHeader{ReplyToMsgID: 3, ReplyToPeerID: user(4)}, &archive.Reply{MessageID: 3, Peer: "user4"}, 0},
		{"comment thread", &tg.MessageReplyHeader{ReplyToMsgID: 3, ReplyToTopID: 2}, &archive.Reply{MessageID: 3, Top: 2}, 0},
		{"in a topic", &tg.MessageReplyHeader{ReplyToMsgID: 3, ForumTopic: true}, &archive.Reply{MessageID: 3}, 3},
		{"reply in a topic", &tg.MessageReplyHeader{ReplyToMsgID: 9, ReplyToTopID: 3, ForumTopic: true}, &archive.Reply{MessageID: 9, Top: 3}, 3},
		{"story", &tg.MessageReplyStoryHeader{Peer: user(6), StoryID: 2}, &archive.Reply{Peer: "user6", Story: 2}, 0},
		{
			"quote of a hidden chat",
			&tg.MessageReplyHeader{
				Quote: true, QuoteText: "so", QuoteEntities: []tg.MessageEntityClass{&tg.MessageEntityBold{Length: 2}}, QuoteOffset: 4, ReplyToScheduled: true,
				TodoItemID: 5, PollOption: []byte{1}, ReplyFrom: tg.MessageFwdHeader{FromName: "Someone", Date: 1}, ReplyMedia: &tg.MessageMediaDice{Emoticon: "🎲", Value: 6},
			},
			&archive.Reply{
				Quote:       &archive.Text{Text: "so", Entities: []archive.Entity{{Type: "bold", Length: 2}}},
				QuoteOffset: 4, QuoteManual: true, Scheduled: true, TodoItem: 5, PollOption: []byte{1},
				From:  &archive.Forward{FromName: "Someone", Date: 1},
				Media: &archive.Media{Kind: "dice", Emoji: "🎲", Value: 6},
			}, 0,
		},
	} {
		msg, _, _ := Message(&tg.Message{PeerID: here, ReplyTo: c.in})
		same(t, c.name, msg.Reply, c.want)
		if msg.Topic != c.topic {
			t.Errorf("%s: topic %d, want %d", c.name, msg.Topic, c.topic)
		}
	}
}

type entityCase struct {
	in   tg.MessageEntityClass
	want archive.Entity
}

func entityCases() []entityCase {
	return []entityCase{
		{&tg.MessageEntityUnknown{}, archive.Entity{Type: "unknown"}},
		{&tg.MessageEntityMention{Offset: 1, Length: 2}, archive.Entity{Type: "mention", Offset: 1, Length: 2}},
		{&tg.MessageEntityHashtag{}, archive.Entity{Type: "hashtag"}},
		{&tg.MessageEntityBotCommand{}, archive.Entity{Type: "bot_command"}},
		{&tg.MessageEntityURL{}, archive.Entity{Type: "link"}},
		{&tg.MessageEntityEmail{}, archive.Entity{Type: "email"}},
		{&tg.MessageEntityBold{}, archive.Entity{Type: "bold"}},
		{&tg.MessageEntityItalic{}, archive.Entity{Type: "italic"}},
		{&tg.MessageEntityCode{}, archive.Entity{Type: "code"}},
		{&tg.MessageEntityPre{Language: "go"}, archive.Entity{Type: "pre", Language: "go"}},
		{&tg.MessageEntityTextURL{URL: "https://a.example"}, archive.Entity{Type: "text_link", URL: "https://a.example"}},
		{&tg.MessageEntityMentionName{UserID: 4}, archive.Entity{Type: "mention_name", User: "user4"}},
		{&tg.InputMessageEntityMentionName{UserID: &tg.InputUser{UserID: 4}}, archive.Entity{Type: "mention_name", User: "user4"}},
		{&tg.MessageEntityPhone{}, archive.Entity{Type: "phone"}},
		{&tg.MessageEntityCashtag{}, archive.Entity{Type: "cashtag"}},
		{&tg.MessageEntityUnderline{}, archive.Entity{Type: "underline"}},
		{&tg.MessageEntityStrike{}, archive.Entity{Type: "strikethrough"}},
		{&tg.MessageEntityBankCard{}, archive.Entity{Type: "bank_card"}},
		{&tg.MessageEntitySpoiler{}, archive.Entity{Type: "spoiler"}},
		{&tg.MessageEntityCustomEmoji{DocumentID: 6}, archive.Entity{Type: "custom_emoji", Document: "document:6"}},
		{&tg.MessageEntityBlockquote{Collapsed: true}, archive.Entity{Type: "blockquote", Collapsed: true}},
		{&tg.MessageEntityFormattedDate{Date: 9}, archive.Entity{Type: "formatted_date", Date: 9}},
		{&tg.MessageEntityDiffInsert{}, archive.Entity{Type: "diff_insert"}},
		{&tg.MessageEntityDiffReplace{OldText: "was"}, archive.Entity{Type: "diff_replace", OldText: "was"}},
		{&tg.MessageEntityDiffDelete{}, archive.Entity{Type: "diff_delete"}},
	}
}

func TestEntities(t *testing.T) {
	for _, c := range entityCases() {
		msg, _, _ := Message(&tg.Message{Message: "text", Entities: []tg.MessageEntityClass{c.in}})
		same(t, c.want.Type, msg.Text.Entities[0], c.want)
	}
}

func TestReactions(t *testing.T) {
	heart := &tg.ReactionEmoji{Emoticon: "❤"}
	count := func(r tg.ReactionClass, n int) tg.ReactionCount { return tg.ReactionCount{Reaction: r, Count: n} }
	chosen := count(heart, 3)
	chosen.SetChosenOrder(0)
	recent := func(id int64, r tg.ReactionClass) tg.MessagePeerReaction {
		return tg.MessagePeerReaction{PeerID: user(id), Date: 50, Reaction: r}
	}
	msg, _, _ := Message(&tg.Message{Reactions: tg.MessageReactions{
		Results: []tg.ReactionCount{count(&tg.ReactionPaid{}, 20), chosen, count(&tg.ReactionCustomEmoji{DocumentID: 5}, 1), count(heart, 8)},
		RecentReactions: []tg.MessagePeerReaction{
			recent(1, heart), recent(2, &tg.ReactionEmoji{Emoticon: "🔥"}), recent(3, heart), recent(4, &tg.ReactionEmpty{}),
		},
		TopReactors: []tg.MessageReactor{{PeerID: user(1), Count: 15}, {Anonymous: true, Count: 5}},
	}})
	same(t, "reactions", msg.Reactions, []archive.Reaction{
		{Type: "paid", Count: 20},
		{Type: "emoji", Count: 3, Emoji: "❤", Chosen: true, Recent: []archive.RecentReaction{{From: "user1", Date: 50}, {From: "user3", Date: 50}}},
		{Type: "custom_emoji", Count: 1, Document: "document:5"},
		{Type: "emoji", Emoji: "🔥", Recent: []archive.RecentReaction{{From: "user2", Date: 50}}},
		{Type: "empty", Recent: []archive.RecentReaction{{From: "user4", Date: 50}}},
	})
	same(t, "reactors", msg.Reactors, []archive.Reactor{{From: "user1", Count: 15}, {Anonymous: true, Count: 5}})
}

func TestButtons(t *testing.T) {
	row := func(types ...tg.InlineButtonTypeClass) (row tg.KeyboardInlineButtonRow) {
		for _, b := range types {
			row.Buttons = append(row.Buttons, tg.KeyboardInlineButton{Text: "b", Type: b})
		}
		return row
	}
	msg, _, _ := Message(&tg.Message{ReplyMarkup: &tg.ReplyInlineMarkup{Rows: []tg.KeyboardInlineButtonRow{
		row(&tg.InlineButtonTypeURL{URL: "u"}, &tg.InlineButtonTypeURLAuth{URL: "a", FwdText: "f", ButtonID: 2}, &tg.InlineButtonTypeWebView{URL: "w"}),
		row(&tg.InlineButtonTypeCallback{Data: []byte{1, 2}}, &tg.InlineButtonTypeCallback{Data: []byte{3}, RequiresPassword: true}),
		row(&tg.InputInlineButtonTypeUserProfile{UserID: &tg.InputUserSelf{}}),
		row(&tg.InlineButtonTypeGame{}, &tg.InlineButtonTypeBuy{}, &tg.InlineButtonTypeSwitchInline{Query: "q"}, &tg.InlineButtonTypeSwitchInline{SamePeer: true}),
		row(&tg.InlineButtonTypeUserProfile{UserID: 77}, &tg.InlineButtonTypeCopy{CopyText: "c"}, &tg.InlineButtonTypeDisabled{}),
	}}})
	same(t, "buttons", msg.Buttons, [][]archive.Button{
		{{Type: "url", Text: "b", Data: []byte("u")}, {Type: "auth", Text: "b", Data: []byte("a"), ForwardText: "f", ButtonID: 2}, {Type: "web_view", Text: "b", Data: []byte("w")}},
		{{Type: "callback", Text: "b", Data: []byte{1, 2}}, {Type: "callback_with_password", Text: "b", Data: []byte{3}}},
		{{Type: "game", Text: "b"}, {Type: "buy", Text: "b"}, {Type: "switch_inline", Text: "b", Data: []byte("q")}, {Type: "switch_inline_same", Text: "b"}},
		{{Type: "user_profile", Text: "b", Data: []byte("77")}, {Type: "copy_text", Text: "b", Data: []byte("c")}, {Type: "disabled", Text: "b"}},
	})
}

func TestKeyboard(t *testing.T) {
	quiz, noQuiz := &tg.ButtonTypeRequestPoll{}, &tg.ButtonTypeRequestPoll{}
	quiz.SetQuiz(true)
	noQuiz.SetQuiz(false)
	var row tg.KeyboardButtonRow
	for _, b := range []tg.ButtonTypeClass{
		&tg.ButtonTypeDefault{}, &tg.ButtonTypeRequestPhone{}, &tg.ButtonTypeRequestGeoLocation{}, quiz, noQuiz, &tg.ButtonTypeRequestPoll{},
		&tg.ButtonTypeRequestPeer{ButtonID: 4}, &tg.ButtonTypeSimpleWebView{URL: "s"}, &tg.InputButtonTypeRequestPeer{},
	} {
		row.Buttons = append(row.Buttons, tg.KeyboardButton{Text: "k", Type: b})
	}
	msg, _, _ := Message(&tg.Message{ReplyMarkup: &tg.ReplyKeyboardMarkup{Rows: []tg.KeyboardButtonRow{row}}})
	same(t, "keyboard", msg.Keyboard, [][]archive.Button{{
		{Type: "default", Text: "k"}, {Type: "request_phone", Text: "k"}, {Type: "request_location", Text: "k"},
		{Type: "request_poll", Text: "k", Data: []byte{1}}, {Type: "request_poll", Text: "k", Data: []byte{0}}, {Type: "request_poll", Text: "k"},
		{Type: "request_peer", Text: "k", Data: []byte("unsupported"), ButtonID: 4}, {Type: "simple_web_view", Text: "k", Data: []byte("s")},
	}})
	if msg.Buttons != nil {
		t.Error("a reply keyboard is no inline button")
	}
}

func TestRich(t *testing.T) {
	plain := func(s string) tg.RichTextClass { return &tg.TextPlain{Text: s} }
	msg, _, _ := Message(&tg.Message{RichMessage: tg.RichMessage{Blocks: []tg.PageBlockClass{
		&tg.PageBlockHeading1{Text: plain("Tïtle 🤖")},
		&tg.PageBlockDivider{},
		&tg.PageBlockParagraph{Text: &tg.TextConcat{Texts: []tg.RichTextClass{
			plain("see "), &tg.TextBold{Text: &tg.TextURL{Text: plain("here"), URL: "u"}}, &tg.TextSubscript{Text: plain("2")},
		}}},
		&tg.PageBlockList{Items: []tg.PageListItemClass{&tg.PageListItemText{Text: plain("one")}, &tg.PageListItemBlocks{Checkbox: true, Blocks: []tg.PageBlockClass{&tg.PageBlockParagraph{Text: plain("two")}}}}},
		&tg.PageBlockOrderedList{Items: []tg.PageListOrderedItemClass{
			&tg.PageListOrderedItemText{Num: "1", Text: plain("first")},
			&tg.PageListOrderedItemBlocks{Num: "b", Checkbox: true, Checked: true, Blocks: []tg.PageBlockClass{&tg.PageBlockParagraph{Text: plain("second")}}},
		}},
		&tg.PageBlockTable{Title: &tg.TextEmpty{}, Rows: []tg.PageTableRow{{Cells: []tg.PageTableCell{{Text: plain("a")}, {Text: plain("b")}}}}},
		&tg.PageBlockPhoto{PhotoID: 3, Caption: tg.PageCaption{Text: plain("pic"), Credit: &tg.TextEmpty{}}},
		&tg.PageBlockPreformatted{Text: plain("x := 1"), Language: "go"},
	}}})
	same(t, "rich", msg.Rich, &archive.Text{
		Text: "Tïtle 🤖\nsee here2\none\n☐ two\n1. first\nb. ☑ second\na\tb\npic\nx := 1",
		Entities: []archive.Entity{
			{Type: "text_link", Offset: 13, Length: 4, URL: "u"},
			{Type: "bold", Offset: 13, Length: 4},
			{Type: "pre", Offset: 58, Length: 6, Language: "go"},
		},
	})
}
