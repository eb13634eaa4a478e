package normal

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// A teller makes the messages of one chat: ids and dates ascend.
type teller struct {
	chat tg.PeerClass
	from tg.PeerClass
	date int
	list []tg.MessageClass
}

func (c *teller) next() (id, date int) {
	id = len(c.list) + 1
	return id, c.date + 60*id
}

// say appends a message, from the usual sender if it has none.
func (c *teller) say(m *tg.Message) {
	m.ID, m.Date = c.next()
	m.PeerID = c.chat
	if m.FromID == nil {
		m.FromID = c.from
	}
	c.list = append(c.list, m)
}

func (c *teller) happen(a tg.MessageActionClass, answers *tg.MessageReplyHeader) {
	m := &tg.MessageService{PeerID: c.chat, FromID: c.from, Action: a}
	m.ID, m.Date = c.next()
	if answers != nil {
		m.ReplyTo = answers
	}
	if f, ok := a.(interface{ SetFlags() }); ok {
		f.SetFlags()
	}
	c.list = append(c.list, m)
}

// everything is an account with every type of chat, every kind of media, every
// action and every formatting. People have one name each: an export does not say
// where the first name ends.
func everything(t *testing.T) *account {
	a := newAccount("user1")
	a.know(everybody(), everywhere())
	newest := 1_700_000_000
	open := func(chat archive.PeerID, left bool, tell func(*teller)) {
		c := &teller{chat: tlPeer(chat), date: newest}
		newest -= 100_000
		tell(c)
		a.chat(chat, left)
		a.add(t, c.list...)
	}
	open("user2", false, tellPrivate)
	open("user40", false, tellMedia)
	open("user1", false, func(c *teller) {
		c.from = user(1)
		c.say(&tg.Message{Message: "note", FwdFrom: tg.MessageFwdHeader{FromID: user(2), Date: 5, SavedFromPeer: user(2), SavedFromMsgID: 1}})
	})
	open("chat9", false, tellActions)
	open("channel5", false, tellForum)
	open("channel3", false, tellChannel)
	open("channel4", false, func(c *teller) { c.say(&tg.Message{Message: "private channel"}) })
	open("channel6", false, func(c *teller) { c.from = user(2); c.say(&tg.Message{Message: "private supergroup"}) })
	open("user1271266957", false, func(c *teller) {
		c.say(&tg.Message{Message: "a comment was answered", FromID: user(3)})
	})
	open("user489000", false, func(c *teller) { c.say(&tg.Message{Message: "12345"}) })
	open("channel7", true, func(c *teller) { c.from = user(1); c.say(&tg.Message{Message: "before I left"}) })
	for _, f := range distinct(a.files) {
		if !f.Gone && !f.SelfDestruct {
			a.media[f.Key] = bytes.Repeat([]byte(f.Key[len(f.Key)-2:]), int(f.Size)/2+1)[:f.Size]
		}
	}
	for key, name := range map[archive.MediaKey]string{"document:77": "AnimatedSticker.tgs", "document:6": "sticker.webm"} {
		a.emoji[key] = &archive.Emoji{File: archive.File{Key: key, Name: name}}
		a.media[key] = []byte("emoji " + name)
	}
	return a
}

func everybody() []tg.UserClass {
	list := []tg.UserClass{&tg.User{ID: 1, FirstName: "Ada", LastName: "Byron", Phone: "999661234", Username: "ada", Self: true}}
	for id, name := range map[int64]string{2: "Bo", 3: "Cy", 4: "Di", 7: "Gus", 8: "Hal", 1271266957: "Replies", 489000: "Verification Codes"} {
		list = append(list, &tg.User{ID: id, FirstName: name})
	}
	return append(list,
		&tg.User{ID: 40, FirstName: "Robo", Username: "robo_bot", BotInfoVersion: 1},
		&tg.User{ID: 6, Deleted: true},
	)
}

func everywhere() []tg.ChatClass {
	return []tg.ChatClass{
		&tg.Chat{ID: 9, Title: "Actions"},
		&tg.Channel{ID: 3, Title: "News", Broadcast: true, Username: "news"},
		&tg.Channel{ID: 4, Title: "Secret news", Broadcast: true},
		&tg.Channel{ID: 5, Title: "Forum", Megagroup: true, Forum: true, Username: "forum"},
		&tg.Channel{ID: 6, Title: "Club", Megagroup: true},
		&tg.Channel{ID: 7, Title: "Left behind", Megagroup: true, Left: true},
	}
}

func tlPeer(id archive.PeerID) tg.PeerClass {
	switch id.Kind() {
	case archive.PeerUser:
		return &tg.PeerUser{UserID: id.Num()}
	case archive.PeerChat:
		return &tg.PeerChat{ChatID: id.Num()}
	}
	return &tg.PeerChannel{ChannelID: id.Num()}
}

// tellPrivate: texts, answers and forwards between two people.
func tellPrivate(c *teller) {
	me := user(1)
	c.say(&tg.Message{Message: "hello"})
	c.say(&tg.Message{Message: "edited, to Bo", Out: true, FromID: me, EditDate: 1_700_000_500})
	c.say(&tg.Message{Message: "answer", Out: true, FromID: me, ReplyTo: &tg.MessageReplyHeader{ReplyToMsgID: 1}})
	c.say(&tg.Message{Message: "answer to elsewhere", ReplyTo: &tg.MessageReplyHeader{ReplyToMsgID: 1, ReplyToPeerID: &tg.PeerChannel{ChannelID: 5}}})
	c.say(&tg.Message{Message: "from the news", FwdFrom: tg.MessageFwdHeader{FromID: &tg.PeerChannel{ChannelID: 3}, Date: 9}})
	c.say(&tg.Message{Message: "from somebody hidden", FwdFrom: tg.MessageFwdHeader{FromName: "Nobody", Date: 9}})
	c.say(&tg.Message{Message: "from somebody gone", FwdFrom: tg.MessageFwdHeader{FromID: user(6), Date: 9}})
	c.say(&tg.Message{Message: "through a bot", ViaBotID: 40})
	c.say(&tg.Message{Message: "tab\there \"quoted\" back\\slash\r\n\u2028 end"})
	c.say(&tg.Message{Message: "outer inner", Entities: []tg.MessageEntityClass{
		&tg.MessageEntityBold{Length: 11}, &tg.MessageEntityItalic{Offset: 6, Length: 5},
	}})
	c.say(&tg.Message{Message: "ends with a 🤖 link", Entities: []tg.MessageEntityClass{&tg.MessageEntityTextURL{Offset: 15, Length: 4, URL: "https://a.example"}}})
	for _, one := range entityCases() {
		if hasNoWord(one.in) {
			continue
		}
		at := reflect.ValueOf(one.in).Elem()
		at.FieldByName("Offset").SetInt(2)
		at.FieldByName("Length").SetInt(6)
		c.say(&tg.Message{Message: "a format", Entities: []tg.MessageEntityClass{one.in}})
	}
}

// hasNoWord tells the formats that Telegram Desktop's export calls unknown.
func hasNoWord(e tg.MessageEntityClass) bool {
	switch e.(type) {
	case *tg.MessageEntityFormattedDate, *tg.MessageEntityDiffInsert, *tg.MessageEntityDiffReplace, *tg.MessageEntityDiffDelete:
		return true
	}
	return false
}

// tellMedia: everything a message can carry, from a bot.
func tellMedia(c *teller) {
	for _, one := range mediaCases() {
		c.say(&tg.Message{Message: one.name, Media: one.in})
	}
	for i, one := range documentCases() {
		c.say(&tg.Message{Media: &tg.MessageMediaDocument{Spoiler: i == 1, Document: &tg.Document{
			ID: int64(300 + i), Size: int64(100 + i), Date: 5, MimeType: mimeOf(one.kind), Attributes: one.in,
			Thumbs: []tg.PhotoSizeClass{&tg.PhotoSize{Type: "m", W: 32, H: 20, Size: 30 + i}},
		}}})
	}
	c.say(&tg.Message{Media: &tg.MessageMediaDocument{Document: &tg.Document{ID: 400, Size: 7, MimeType: "text/plain", Attributes: []tg.DocumentAttributeClass{
		&tg.DocumentAttributeFilename{FileName: "note.txt"},
	}}}})
	poll := &tg.MessageMediaPoll{
		Poll: tg.Poll{ID: 5, Question: tg.TextWithEntities{Text: "Which?"}, Closed: true, Answers: []tg.PollAnswerClass{
			&tg.PollAnswer{Text: tg.TextWithEntities{Text: "this"}, Option: []byte{0}},
			&tg.PollAnswer{Text: tg.TextWithEntities{Text: "that ü", Entities: []tg.MessageEntityClass{&tg.MessageEntityBold{Length: 4}}}, Option: []byte{1}},
		}},
		Results: tg.PollResults{TotalVoters: 3, Results: []tg.PollAnswerVoters{{Option: []byte{1}, Voters: 3, Chosen: true}}},
	}
	c.say(&tg.Message{Media: poll})
	c.say(&tg.Message{Message: "buttons", ReplyMarkup: everyButton()})
}

func mimeOf(kind string) string {
	switch kind {
	case KindVideo, KindAnimation, KindVideoMessage:
		return "video/mp4"
	case KindVoice:
		return "audio/ogg"
	case KindAudio:
		return "audio/mpeg"
	case KindSticker:
		return "image/webp"
	}
	return "application/pdf"
}

func everyButton() *tg.ReplyInlineMarkup {
	var rows []tg.KeyboardInlineButtonRow
	for i, b := range []tg.InlineButtonTypeClass{
		&tg.InlineButtonTypeURL{URL: "https://a.example"},
		&tg.InlineButtonTypeURLAuth{URL: "https://a.example/in", FwdText: "forwarded", ButtonID: 2},
		&tg.InlineButtonTypeWebView{URL: "https://a.example/app"},
		&tg.InlineButtonTypeCallback{Data: []byte{0xff, 0, 7}},
		&tg.InlineButtonTypeCallback{Data: []byte("plain"), RequiresPassword: true},
		&tg.InlineButtonTypeGame{}, &tg.InlineButtonTypeBuy{},
		&tg.InlineButtonTypeSwitchInline{Query: "there"}, &tg.InlineButtonTypeSwitchInline{Query: "here", SamePeer: true},
		&tg.InlineButtonTypeUserProfile{UserID: 2}, &tg.InlineButtonTypeCopy{CopyText: "copied"},
	} {
		rows = append(rows, tg.KeyboardInlineButtonRow{Buttons: []tg.KeyboardInlineButton{{Text: fmt.Sprintf("button %d", i), Type: b}}})
	}
	return &tg.ReplyInlineMarkup{Rows: rows}
}

// tellActions: everything that can happen.
func tellActions(c *teller) {
	c.from = user(2)
	for _, one := range actionCases() {
		if wordOfOurs(one.want.Type) {
			continue
		}
		var answers *tg.MessageReplyHeader
		if pointsAtMessage(one.want.Type) {
			answers = &tg.MessageReplyHeader{ReplyToMsgID: 12, ReplyToPeerID: &tg.PeerChannel{ChannelID: 5}}
		}
		c.happen(one.in, answers)
	}
	c.happen(&tg.MessageActionPinMessage{}, &tg.MessageReplyHeader{ReplyToMsgID: 3})
	c.happen(&tg.MessageActionPinMessage{}, nil)
}

// wordOfOurs tells the actions that Telegram Desktop's export has no words for.
func wordOfOurs(action string) bool {
	switch action {
	case "change_community", "star_gift_offer", "star_gift_offer_declined":
		return true
	}
	return false
}

// tellForum: topics, and a message in one.
func tellForum(c *teller) {
	c.from = user(2)
	c.happen(&tg.MessageActionTopicCreate{Title: "Cats", IconColor: 255}, nil)
	c.say(&tg.Message{Message: "in the topic", ReplyTo: &tg.MessageReplyHeader{ForumTopic: true, ReplyToMsgID: 1}})
	c.say(&tg.Message{Message: "answer in the topic", FromID: &tg.PeerChannel{ChannelID: 5}, ReplyTo: &tg.MessageReplyHeader{ForumTopic: true, ReplyToMsgID: 2, ReplyToTopID: 1}})
}

// tellChannel: posts with signatures and every kind of reaction.
func tellChannel(c *teller) {
	c.happen(&tg.MessageActionChannelCreate{Title: "News"}, nil)
	c.say(&tg.Message{Message: "post", Post: true, PostAuthor: "Bo", Views: 5, Reactions: tg.MessageReactions{
		Results: []tg.ReactionCount{
			{Reaction: &tg.ReactionPaid{}, Count: 50},
			{Reaction: &tg.ReactionEmoji{Emoticon: "👍"}, Count: 3},
			{Reaction: &tg.ReactionCustomEmoji{DocumentID: 77}, Count: 1},
		},
		RecentReactions: []tg.MessagePeerReaction{
			{PeerID: user(2), Date: 1_699_000_000, Reaction: &tg.ReactionEmoji{Emoticon: "👍"}},
			{PeerID: &tg.PeerChannel{ChannelID: 5}, Date: 1_699_000_001, Reaction: &tg.ReactionEmoji{Emoticon: "🔥"}},
		},
	}})
}
