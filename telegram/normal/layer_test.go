package normal

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tdp"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

var update = flag.Bool("u", false, "write the golden files anew")

const rawOnly = "testdata/raw-only.txt"

// A spot is a kind of TL object and where a message has it.
type spot struct {
	kind reflect.Type
	in   func(any) any // a message, a user or a chat that has the object in it
}

func at[T any](in func(T) any) spot {
	return spot{reflect.TypeFor[T](), func(v any) any { return in(v.(T)) }}
}

func withMedia(m tg.MessageMediaClass) any { return &tg.Message{Media: m} }

func withDocument(d *tg.Document) any {
	return withMedia(&tg.MessageMediaDocument{Document: d})
}

func withRich(t tg.RichTextClass) any {
	return &tg.Message{RichMessage: tg.RichMessage{Blocks: []tg.PageBlockClass{&tg.PageBlockParagraph{Text: t}}}}
}

func withBlock(b tg.PageBlockClass) any {
	return &tg.Message{RichMessage: tg.RichMessage{Blocks: []tg.PageBlockClass{b}}}
}

func withText(s string, e ...tg.MessageEntityClass) any { return &tg.Message{Message: s, Entities: e} }

func withAction(a tg.MessageActionClass) any { return &tg.MessageService{Action: a} }

// spots are the families whose every constructor and field is looked at.
func spots() []spot {
	return []spot{
		at(func(m *tg.Message) any { return m }),
		at(func(m *tg.MessageService) any { return m }),
		at(func(u tg.UserClass) any { return u }),
		at(func(c tg.ChatClass) any { return c }),
		at(withMedia),
		at(withAction),
		at(func(e tg.MessageEntityClass) any { return withText("text", e) }),
		at(func(h *tg.MessageFwdHeader) any { return &tg.Message{FwdFrom: *h} }),
		at(func(h tg.MessageReplyHeaderClass) any { return &tg.Message{ReplyTo: h} }),
		at(func(r *tg.MessageReplies) any { return &tg.Message{Replies: *r} }),
		at(func(r tg.ReactionClass) any {
			return &tg.Message{Reactions: tg.MessageReactions{Results: []tg.ReactionCount{{Reaction: r}}}}
		}),
		at(func(r *tg.MessageReactions) any { return &tg.Message{Reactions: *r} }),
		at(func(r *tg.ReactionCount) any {
			return &tg.Message{Reactions: tg.MessageReactions{Results: []tg.ReactionCount{*r}}}
		}),
		at(func(r *tg.MessagePeerReaction) any {
			return &tg.Message{Reactions: tg.MessageReactions{RecentReactions: []tg.MessagePeerReaction{*r}}}
		}),
		at(func(r *tg.MessageReactor) any {
			return &tg.Message{Reactions: tg.MessageReactions{TopReactors: []tg.MessageReactor{*r}}}
		}),
		at(func(m tg.ReplyMarkupClass) any { return &tg.Message{ReplyMarkup: m} }),
		at(func(b *tg.KeyboardInlineButton) any {
			return &tg.Message{ReplyMarkup: &tg.ReplyInlineMarkup{Rows: []tg.KeyboardInlineButtonRow{{Buttons: []tg.KeyboardInlineButton{*b}}}}}
		}),
		at(func(b *tg.KeyboardButton) any {
			return &tg.Message{ReplyMarkup: &tg.ReplyKeyboardMarkup{Rows: []tg.KeyboardButtonRow{{Buttons: []tg.KeyboardButton{*b}}}}}
		}),
		at(func(b tg.InlineButtonTypeClass) any {
			return &tg.Message{ReplyMarkup: &tg.ReplyInlineMarkup{Rows: []tg.KeyboardInlineButtonRow{{Buttons: []tg.KeyboardInlineButton{{Type: b}}}}}}
		}),
		at(func(b tg.ButtonTypeClass) any {
			return &tg.Message{ReplyMarkup: &tg.ReplyKeyboardMarkup{Rows: []tg.KeyboardButtonRow{{Buttons: []tg.KeyboardButton{{Type: b}}}}}}
		}),
		at(func(p tg.PhotoClass) any { return withMedia(&tg.MessageMediaPhoto{Photo: p}) }),
		at(func(s tg.PhotoSizeClass) any {
			return withMedia(&tg.MessageMediaPhoto{Photo: &tg.Photo{Sizes: []tg.PhotoSizeClass{s}}})
		}),
		at(func(d tg.DocumentClass) any { return withMedia(&tg.MessageMediaDocument{Document: d}) }),
		at(func(a tg.DocumentAttributeClass) any {
			return withDocument(&tg.Document{Attributes: []tg.DocumentAttributeClass{a}})
		}),
		at(func(g tg.GeoPointClass) any { return withMedia(&tg.MessageMediaGeo{Geo: g}) }),
		at(func(w tg.WebPageClass) any { return withMedia(&tg.MessageMediaWebPage{Webpage: w}) }),
		at(func(g *tg.Game) any { return withMedia(&tg.MessageMediaGame{Game: *g}) }),
		at(func(e tg.MessageExtendedMediaClass) any {
			return withMedia(&tg.MessageMediaPaidMedia{ExtendedMedia: []tg.MessageExtendedMediaClass{e}})
		}),
		at(func(s tg.StoryItemClass) any { return withMedia(&tg.MessageMediaStory{Peer: user(1), Story: s}) }),
		at(func(p *tg.Poll) any { return withMedia(&tg.MessageMediaPoll{Poll: *p}) }),
		at(func(r *tg.PollResults) any {
			poll := &tg.MessageMediaPoll{Results: *r}
			for _, v := range r.Results {
				poll.Poll.Answers = append(poll.Poll.Answers, &tg.PollAnswer{Option: v.Option})
			}
			return withMedia(poll)
		}),
		at(func(a tg.PollAnswerClass) any {
			return withMedia(&tg.MessageMediaPoll{Poll: tg.Poll{Answers: []tg.PollAnswerClass{a}}})
		}),
		at(func(v *tg.PollAnswerVoters) any {
			return withMedia(&tg.MessageMediaPoll{
				Poll:    tg.Poll{Answers: []tg.PollAnswerClass{&tg.PollAnswer{Option: v.Option}}},
				Results: tg.PollResults{Results: []tg.PollAnswerVoters{*v}},
			})
		}),
		at(func(l *tg.TodoList) any { return withMedia(&tg.MessageMediaToDo{Todo: *l}) }),
		at(func(i *tg.TodoItem) any {
			return withMedia(&tg.MessageMediaToDo{Todo: tg.TodoList{List: []tg.TodoItem{*i}}})
		}),
		at(func(c *tg.TodoCompletion) any {
			return withMedia(&tg.MessageMediaToDo{
				Todo:        tg.TodoList{List: []tg.TodoItem{{ID: c.ID}}},
				Completions: []tg.TodoCompletion{*c},
			})
		}),
		at(func(t *tg.TextWithEntities) any { return withMedia(&tg.MessageMediaToDo{Todo: tg.TodoList{Title: *t}}) }),
		at(func(s *tg.SuggestedPost) any { return &tg.Message{SuggestedPost: *s} }),
		at(func(c *tg.FactCheck) any { return &tg.Message{Factcheck: *c} }),
		at(func(p tg.StarsAmountClass) any { return withAction(&tg.MessageActionSuggestedPostSuccess{Price: p}) }),
		at(func(g tg.StarGiftClass) any { return withAction(&tg.MessageActionStarGift{Gift: g}) }),
		at(func(c tg.ChatThemeClass) any { return withAction(&tg.MessageActionSetChatTheme{Theme: c}) }),
		at(func(r tg.PhoneCallDiscardReasonClass) any { return withAction(&tg.MessageActionPhoneCall{Reason: r}) }),
		at(func(v tg.SecureValueTypeClass) any {
			return withAction(&tg.MessageActionSecureValuesSent{Types: []tg.SecureValueTypeClass{v}})
		}),
		at(func(b tg.BotAppClass) any { return withAction(&tg.MessageActionBotAllowed{App: b}) }),
		at(func(c *tg.PaymentCharge) any {
			return withAction(&tg.MessageActionPaymentRefunded{Peer: user(1), Charge: *c})
		}),
		at(func(b *tg.Birthday) any { return withAction(&tg.MessageActionSuggestBirthday{Birthday: *b}) }),
		at(func(m *tg.RichMessage) any { return &tg.Message{RichMessage: *m} }),
		at(func(b tg.PageBlockClass) any {
			return &tg.Message{RichMessage: tg.RichMessage{Blocks: []tg.PageBlockClass{b}}}
		}),
		at(withRich),
		at(func(i tg.PageListItemClass) any {
			return withBlock(&tg.PageBlockList{Items: []tg.PageListItemClass{i}})
		}),
		at(func(i tg.PageListOrderedItemClass) any {
			return withBlock(&tg.PageBlockOrderedList{Items: []tg.PageListOrderedItemClass{i}})
		}),
		at(func(r *tg.PageTableRow) any {
			return withBlock(&tg.PageBlockTable{Title: &tg.TextEmpty{}, Rows: []tg.PageTableRow{*r}})
		}),
		at(func(c *tg.PageTableCell) any {
			return withBlock(&tg.PageBlockTable{Title: &tg.TextEmpty{}, Rows: []tg.PageTableRow{{Cells: []tg.PageTableCell{*c}}}})
		}),
		at(func(c *tg.PageCaption) any { return withBlock(&tg.PageBlockPhoto{Caption: *c}) }),
		at(func(a *tg.PageRelatedArticle) any {
			return withBlock(&tg.PageBlockRelatedArticles{Title: &tg.TextEmpty{}, Articles: []tg.PageRelatedArticle{*a}})
		}),
	}
}

// TestLayer compares what of the TL layer goes into records with a list of what
// does not, so that nothing is lost silently when the layer changes: a new
// constructor or field shows up here, and is mapped or put on the list (-u).
func TestLayer(t *testing.T) {
	m := newMaker(4)
	var lines []string
	for _, p := range spots() {
		of := []reflect.Type{p.kind}
		if p.kind.Kind() == reflect.Interface {
			of = m.constructors(p.kind)
		}
		for _, c := range of {
			lines = append(lines, unheard(m, p, c)...)
		}
	}
	slices.Sort(lines)
	got := strings.Join(slices.Compact(lines), "\n") + "\n"
	if *update {
		if err := os.WriteFile(rawOnly, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(rawOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range difference(got, string(want)) {
		t.Errorf("%s is in the raw bytes alone: map it, or list it in %s", line, rawOnly)
	}
	for _, line := range difference(string(want), got) {
		t.Errorf("%s is listed in %s but goes into records, or is no more", line, rawOnly)
	}
}

func difference(a, b string) []string {
	has := strings.Split(b, "\n")
	return slices.DeleteFunc(strings.Split(a, "\n"), func(line string) bool { return slices.Contains(has, line) })
}

// unheard lists the fields of constructor c that no record shows, or the
// constructor itself if this code has no word for it.
func unheard(m *maker, p spot, c reflect.Type) []string {
	info := c.Elem()
	name := reflect.New(info).Interface().(interface{ TypeInfo() tdp.Type }).TypeInfo().Name
	if isUnknown(record(p.in(m.reseed(0).make(c, 4).Interface()))) {
		return []string{name}
	}
	var fields []string
	for i := range info.NumField() {
		if info.Field(i).Type == reflect.TypeFor[bin.Fields]() {
			continue
		}
		if !heard(m, p, c, i) {
			fields = append(fields, name+"."+info.Field(i).Name)
		}
	}
	return fields
}

// heard reports whether changing field i of some filled object of type c
// changes what is made of it.
func heard(m *maker, p spot, c reflect.Type, i int) bool {
	for seed := range uint64(60) {
		object := m.reseed(seed).make(c, 4)
		before := record(p.in(object.Interface()))
		m.fill(object.Elem().Field(i), 4)
		setFlags(object.Elem())
		if after := record(p.in(object.Interface())); !reflect.DeepEqual(before, after) {
			return true
		}
	}
	return false
}

// record is all that this package makes of a TL object.
func record(v any) any {
	switch v := v.(type) {
	case tg.UserClass:
		return User(v)
	case tg.ChatClass:
		return Chat(v)
	case tg.MessageClass:
		msg, chat, _ := Message(v)
		return []any{msg, chat, Files(v)}
	}
	panic(fmt.Sprintf("no record of %T", v))
}

func isUnknown(v any) bool {
	list, ok := v.([]any)
	if !ok {
		return v == (*archive.Peer)(nil)
	}
	msg := list[0].(*archive.Message)
	if msg.Action != nil && msg.Action.Type == unknown || msg.Unsupported {
		return true
	}
	of := func(b archive.Button) bool { return b.Type == unknown }
	for _, row := range append(msg.Buttons, msg.Keyboard...) {
		if slices.ContainsFunc(row, of) {
			return true
		}
	}
	return slices.ContainsFunc(msg.Text.Entities, func(e archive.Entity) bool { return e.Type == unknown }) ||
		slices.ContainsFunc(msg.Reactions, func(r archive.Reaction) bool { return r.Type == unknown })
}
