package world

import (
	"fmt"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// The ids of the files of an exhibit, and of its custom emoji.
const exhibitBase = 5_500_000_000_000_000_000

// exhibitChat is the number of the supergroup that is an exhibit.
const exhibitChat = 1_900_000_001

// An exhibit is a supergroup with one message of every kind there is: every
// medium, every action, every format, every button. It is one chat more than
// SeedOptions.Chats.
type exhibit struct {
	town  *town
	place *place
	bot   int64
	list  *stored
	files int64
}

// exhibit makes the chat and puts it into the account.
func (t *town) exhibit(a *account) {
	e := &exhibit{town: t, bot: t.newID(9000), list: &stored{}}
	t.w.people[e.bot] = &person{id: e.bot, first: "Curator", username: "simulated_curator_bot", bot: true}
	e.place = &place{
		peer: channelPeer(exhibitChat), title: "Curiosities", about: "One of every kind.", megagroup: true, date: lifeBegins,
		members: []int64{t.self, t.people[0], t.people[1], e.bot}, size: 4,
	}
	t.w.places[e.place.peer] = e.place
	e.texts()
	e.answers()
	e.reactions()
	e.documents()
	e.things()
	e.trade()
	e.articles()
	e.buttons()
	e.groupActions()
	e.chatActions()
	e.tradeActions()
	e.say(&tg.Message{Message: "A pinned one.", Pinned: true})
	a.add(newChat(e.place.peer, e.list))
}

// next is the id and the date of the next message.
func (e *exhibit) next() (id, date int) {
	id = e.list.len() + 1
	return id, lifeBegins + id*3600
}

// someone takes turns among the members.
func (e *exhibit) someone() tg.PeerClass {
	return userPeer(e.place.members[e.list.len()%3]).tl()
}

// say appends a message.
func (e *exhibit) say(m *tg.Message) int {
	m.ID, m.Date = e.next()
	m.PeerID = e.place.peer.tl()
	if m.FromID == nil {
		m.FromID = e.someone()
	}
	m.Out = fromTL(m.FromID) == userPeer(e.town.self)
	e.list.add(m)
	return m.ID
}

// show appends a message with media.
func (e *exhibit) show(media tg.MessageMediaClass) int { return e.say(&tg.Message{Media: media}) }

// happen appends a service message; to is the message that it is about, or 0.
func (e *exhibit) happen(to int, actions ...tg.MessageActionClass) {
	for _, a := range actions {
		m := &tg.MessageService{PeerID: e.place.peer.tl(), FromID: e.someone(), Action: a}
		m.ID, m.Date = e.next()
		m.Out = fromTL(m.FromID) == userPeer(e.town.self)
		if to != 0 {
			h := &tg.MessageReplyHeader{}
			h.SetReplyToMsgID(to)
			m.SetReplyTo(h)
		}
		e.list.add(m)
	}
}

func words(s string, entities ...tg.MessageEntityClass) tg.TextWithEntities {
	if entities == nil {
		entities = []tg.MessageEntityClass{}
	}
	return tg.TextWithEntities{Text: s, Entities: entities}
}

// newFile makes a small file of the exhibit.
func (e *exhibit) newFile(mime string, size int64, head string) *file {
	e.files++
	id := exhibitBase + e.files
	f := &file{id: id, date: lifeBegins, dc: e.town.files.dc(id), mime: mime, parts: map[string]content{
		"": made{seed: mix(e.town.seed, uint64(id)), size: size, head: []byte(head)},
	}}
	e.town.w.shelf[id] = f
	return f
}

func (e *exhibit) photo() *tg.Photo {
	e.files++
	id := exhibitBase + e.files
	full := made{seed: mix(e.town.seed, uint64(id)), size: int64(len(e.town.files.pictures[0])) + 300, head: e.town.files.pictures[0]}
	p := newPicture(id, e.town.files.dc(id), lifeBegins, pictureWidth, pictureHeight, full)
	e.town.w.shelf[id] = p.file
	return p.tl()
}

func (e *exhibit) document(mime, head string, attributes ...tg.DocumentAttributeClass) *tg.Document {
	f := e.newFile(mime, 900+e.files*37, head)
	return &tg.Document{ID: f.id, Date: lifeBegins, MimeType: mime, Size: f.parts[""].Size(), DCID: f.dc, Attributes: attributes}
}

// texts: every format, and one custom emoji that the server does not know.
func (e *exhibit) texts() {
	const text = "🐎 word"
	at := func(entity tg.MessageEntityClass) {
		e.say(&tg.Message{Message: text, Entities: []tg.MessageEntityClass{entity}})
	}
	const o, l = 3, 4 // behind the horse and a space
	at(&tg.MessageEntityUnknown{Offset: o, Length: l})
	at(&tg.MessageEntityMention{Offset: o, Length: l})
	at(&tg.MessageEntityHashtag{Offset: o, Length: l})
	at(&tg.MessageEntityBotCommand{Offset: o, Length: l})
	at(&tg.MessageEntityURL{Offset: o, Length: l})
	at(&tg.MessageEntityEmail{Offset: o, Length: l})
	at(&tg.MessageEntityBold{Offset: o, Length: l})
	at(&tg.MessageEntityItalic{Offset: o, Length: l})
	at(&tg.MessageEntityCode{Offset: o, Length: l})
	at(&tg.MessageEntityPre{Offset: o, Length: l, Language: "go"})
	at(&tg.MessageEntityTextURL{Offset: o, Length: l, URL: "https://example.org/"})
	at(&tg.MessageEntityMentionName{Offset: o, Length: l, UserID: e.place.members[1]})
	at(&tg.MessageEntityPhone{Offset: o, Length: l})
	at(&tg.MessageEntityCashtag{Offset: o, Length: l})
	at(&tg.MessageEntityUnderline{Offset: o, Length: l})
	at(&tg.MessageEntityStrike{Offset: o, Length: l})
	at(&tg.MessageEntityBlockquote{Offset: o, Length: l, Collapsed: true})
	at(&tg.MessageEntityBankCard{Offset: o, Length: l})
	at(&tg.MessageEntitySpoiler{Offset: o, Length: l})
	at(&tg.MessageEntityFormattedDate{Offset: o, Length: l, Date: lifeBegins})
	at(&tg.MessageEntityDiffInsert{Offset: o, Length: l})
	at(&tg.MessageEntityDiffReplace{Offset: o, Length: l, OldText: "ward"})
	at(&tg.MessageEntityDiffDelete{Offset: o, Length: l})
	at(&tg.MessageEntityCustomEmoji{Length: 2, DocumentID: emojiID(1)})
	at(&tg.MessageEntityCustomEmoji{Length: 2, DocumentID: emojiBase + emojis + 5})
}

// answers: replies, forwards, and what else stands around a text.
func (e *exhibit) answers() {
	first := e.say(&tg.Message{Message: "Nested.", Entities: []tg.MessageEntityClass{&tg.MessageEntityBold{Length: 7}, &tg.MessageEntityItalic{Offset: 2, Length: 3}}})
	quote := &tg.MessageReplyHeader{Quote: true}
	quote.SetReplyToMsgID(first)
	quote.SetQuoteText("Nest")
	quote.SetQuoteEntities([]tg.MessageEntityClass{&tg.MessageEntityBold{Length: 4}})
	quote.SetQuoteOffset(0)
	e.say(&tg.Message{Message: "An answer with a quote.", ReplyTo: quote})
	there := &tg.MessageReplyHeader{}
	there.SetReplyToMsgID(7)
	there.SetReplyToPeerID(userPeer(e.place.members[1]).tl())
	from := tg.MessageFwdHeader{Date: lifeBegins}
	from.SetFromID(userPeer(e.place.members[1]).tl())
	there.SetReplyFrom(from)
	there.SetReplyMedia(&tg.MessageMediaPhoto{Photo: e.photo()})
	e.say(&tg.Message{Message: "An answer to another chat.", ReplyTo: there})
	e.say(&tg.Message{Message: "An answer to a story.", ReplyTo: &tg.MessageReplyStoryHeader{Peer: userPeer(e.place.members[1]).tl(), StoryID: 3}})
	forward := tg.MessageFwdHeader{Date: lifeBegins}
	forward.SetFromID(e.place.peer.tl())
	forward.SetChannelPost(first)
	forward.SetPostAuthor("The curator")
	e.say(&tg.Message{Message: "A forwarded post.", FwdFrom: forward})
	hidden := tg.MessageFwdHeader{Date: lifeBegins}
	hidden.SetFromName("Nobody")
	e.say(&tg.Message{Message: "From somebody who hides.", FwdFrom: hidden})
	e.say(&tg.Message{Message: "Through a bot.", ViaBotID: e.bot})
	e.say(&tg.Message{Message: "In silence.", Silent: true})
	e.say(&tg.Message{Message: "Edited.", EditDate: lifeBegins + 90_000_000})
	counted := &tg.Message{Message: "Read by many.", FromID: e.place.peer.tl(), PostAuthor: "The curator"}
	counted.SetViews(1234)
	counted.SetForwards(56)
	counted.SetReplies(tg.MessageReplies{Replies: 7, Comments: true, ChannelID: exhibitChat})
	e.say(counted)
	e.say(&tg.Message{Message: "Paid for, with an effect.", Effect: 5, PaidMessageStars: 3, FromRank: "curator", FromBoostsApplied: 2})
	e.say(&tg.Message{Message: "Checked.", Factcheck: tg.FactCheck{Text: words("Not quite so."), Country: "NO", Hash: 1}})
	for range 2 {
		e.say(&tg.Message{Media: &tg.MessageMediaPhoto{Photo: e.photo()}, GroupedID: 77})
	}
	e.say(&tg.Message{Message: "Disappears.", TTLPeriod: 86400})
}

// reactions: every kind, with those who reacted.
func (e *exhibit) reactions() {
	thumb := &tg.ReactionEmoji{Emoticon: "👍"}
	r := tg.MessageReactions{
		CanSeeList: true,
		Results: []tg.ReactionCount{
			{Reaction: &tg.ReactionPaid{}, Count: 50}, {Reaction: thumb, Count: 2}, {Reaction: &tg.ReactionCustomEmoji{DocumentID: emojiID(2)}, Count: 1},
		},
		RecentReactions: []tg.MessagePeerReaction{
			{PeerID: userPeer(e.place.members[1]).tl(), Date: lifeBegins, Reaction: thumb},
			{PeerID: userPeer(e.town.self).tl(), My: true, Date: lifeBegins + 1, Reaction: &tg.ReactionCustomEmoji{DocumentID: emojiID(2)}},
		},
		TopReactors: []tg.MessageReactor{{Count: 50, Top: true, PeerID: userPeer(e.place.members[1]).tl()}},
	}
	e.say(&tg.Message{Message: "Much liked.", Reactions: r})
}

// buttons: every one that a message can have below it, and a keyboard.
func (e *exhibit) buttons() {
	inline := &tg.ReplyInlineMarkup{}
	for i, b := range []tg.InlineButtonTypeClass{
		&tg.InlineButtonTypeURL{URL: "https://example.org/"},
		&tg.InlineButtonTypeURLAuth{URL: "https://example.org/in", FwdText: "Forwarded", ButtonID: 2},
		&tg.InlineButtonTypeWebView{URL: "https://example.org/app"},
		&tg.InlineButtonTypeCallback{Data: []byte{0xff, 0, 7}},
		&tg.InlineButtonTypeCallback{Data: []byte("plain"), RequiresPassword: true},
		&tg.InlineButtonTypeGame{},
		&tg.InlineButtonTypeBuy{},
		&tg.InlineButtonTypeSwitchInline{Query: "there"},
		&tg.InlineButtonTypeSwitchInline{Query: "here", SamePeer: true},
		&tg.InlineButtonTypeUserProfile{UserID: e.place.members[1]},
		&tg.InlineButtonTypeCopy{CopyText: "copied"},
		&tg.InlineButtonTypeDisabled{},
	} {
		inline.Rows = append(inline.Rows, tg.KeyboardInlineButtonRow{Buttons: []tg.KeyboardInlineButton{{Text: fmt.Sprintf("Button %d", i+1), Type: b}}})
	}
	e.say(&tg.Message{Message: "Press one.", FromID: userPeer(e.bot).tl(), ReplyMarkup: inline})
	row := tg.KeyboardButtonRow{Buttons: []tg.KeyboardButton{{Text: "Yes", Type: &tg.ButtonTypeDefault{}}, {Text: "No", Type: &tg.ButtonTypeDefault{}}}}
	e.say(&tg.Message{Message: "Type one.", FromID: userPeer(e.bot).tl(), ReplyMarkup: &tg.ReplyKeyboardMarkup{Rows: []tg.KeyboardButtonRow{row}}})
}

// getRichMessage answers with the whole of a message of which a history has the
// beginning.
func (w *World) getRichMessage(_ *Call, a *account, r *tg.MessagesGetRichMessageRequest) (bin.Encoder, error) {
	p, err := w.resolve(a, r.Peer)
	if err != nil {
		return nil, err
	}
	data, ok := w.articles[article{p, r.ID}]
	if !ok || a.chats[p] == nil {
		return nil, fail(400, "MESSAGE_ID_INVALID")
	}
	m := w.newStamp().message(decodeMessage(data))
	cast := w.newCast(a)
	cast.message(m)
	return &tg.MessagesMessages{Messages: []tg.MessageClass{m}, Chats: cast.chats(), Users: cast.users(), Topics: []tg.ForumTopicClass{}}, nil
}

// An article names a message that is longer than what a history tells of it.
type article struct {
	chat peer
	id   int
}
