package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Emoji is what the document of a custom emoji says, and how its file is
// fetched; false for a documentEmpty, which stands for one that is gone.
func Emoji(d tg.DocumentClass) (*archive.Emoji, FileRef, bool) {
	ref, ok := documentRef(d)
	if !ok {
		return nil, FileRef{}, false
	}
	e := &archive.Emoji{File: *documentFile(d)}
	for _, a := range d.(*tg.Document).Attributes {
		if a, ok := a.(*tg.DocumentAttributeCustomEmoji); ok {
			e.Alt, e.Free, e.TextColor = a.Alt, a.Free, a.TextColor
			if set, ok := a.Stickerset.(*tg.InputStickerSetID); ok {
				e.Set = set.ID
			}
		}
	}
	return e, ref, true
}

// emojiStatus is the custom emoji that somebody shows beside the name.
func emojiStatus(s tg.EmojiStatusClass) archive.MediaKey {
	switch s := s.(type) {
	case *tg.EmojiStatus:
		return archive.NewMediaKey(archive.MediaDocument, s.DocumentID)
	case *tg.EmojiStatusCollectible:
		return archive.NewMediaKey(archive.MediaDocument, s.DocumentID)
	}
	return ""
}

// EmojiIn lists the custom emoji of a message, wherever they stand in it, each
// as often as it occurs. Messages name no location for them: the server is asked
// for their documents by number.
func EmojiIn(m *archive.Message) []archive.MediaKey {
	var g emojiGatherer
	g.text(&m.Text)
	g.text(m.Rich)
	g.text(m.FactCheck)
	for _, r := range m.Reactions {
		g.key(r.Document)
	}
	if m.Reply != nil {
		g.text(m.Reply.Quote)
		g.media(m.Reply.Media)
	}
	g.media(m.Media)
	for i := range m.RichMedia {
		g.media(&m.RichMedia[i])
	}
	g.action(m.Action)
	return g.keys
}

type emojiGatherer struct{ keys []archive.MediaKey }

func (g *emojiGatherer) key(k archive.MediaKey) {
	if k != "" {
		g.keys = append(g.keys, k)
	}
}

func (g *emojiGatherer) text(t *archive.Text) {
	if t == nil {
		return
	}
	for i := range t.Entities {
		g.key(t.Entities[i].Document)
	}
}

func (g *emojiGatherer) media(m *archive.Media) {
	if m == nil {
		return
	}
	if m.Poll != nil {
		g.poll(m.Poll)
	}
	if m.Todo != nil {
		g.text(&m.Todo.Title)
		g.items(m.Todo.Items)
	}
	if m.Story != nil {
		g.text(m.Story.Caption)
		g.media(m.Story.Media)
	}
	for i := range m.Extended {
		g.media(&m.Extended[i])
	}
	g.media(m.Attached)
}

func (g *emojiGatherer) poll(p *archive.Poll) {
	g.text(&p.Question)
	for i := range p.Answers {
		g.answer(&p.Answers[i])
	}
	g.text(p.Solution)
	g.media(p.Shown)
}

func (g *emojiGatherer) answer(a *archive.PollAnswer) {
	g.text(&a.Text)
	g.media(a.Media)
}

func (g *emojiGatherer) items(list []archive.TodoItem) {
	for i := range list {
		g.text(&list[i].Text)
	}
}

func (g *emojiGatherer) action(a *archive.Action) {
	if a == nil {
		return
	}
	g.text(a.Text)
	g.items(a.Items)
	if a.Answer != nil {
		g.answer(a.Answer)
	}
	if a.NewIcon != nil && *a.NewIcon != 0 {
		g.key(archive.NewMediaKey(archive.MediaDocument, *a.NewIcon))
	}
}
