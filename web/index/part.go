package index

import (
	"iter"
	"strings"

	"telekeep/archive"
)

// Part says where in a message a text stands.
type Part byte

// The parts of a message that are searched.
const (
	PartText    Part = 't' // the text, or the caption
	PartFile    Part = 'f' // the file's name, its song and artist, a sticker's emoji
	PartPoll    Part = 'p' // question and answers, and the lines of a to-do list
	PartPreview Part = 'l' // the preview of a link
	PartContact Part = 'c' // a shared contact
	PartPlace   Part = 'g' // a venue
	PartService Part = 's' // what a service message tells
	PartMore    Part = 'm' // games, invoices, stories, signatures, buttons
)

// String is the part's name.
func (p Part) String() string {
	switch p {
	case PartText:
		return "text"
	case PartFile:
		return "file"
	case PartPoll:
		return "poll"
	case PartPreview:
		return "preview"
	case PartContact:
		return "contact"
	case PartPlace:
		return "place"
	case PartService:
		return "service"
	}
	return "more"
}

// partEnd stands behind each part in a body; a body is parts, each the byte of its
// Part and its text.
const partEnd = "\x00"

// A body gathers the parts of one message.
type body struct{ strings.Builder }

// add takes those of the texts that are not empty, one a line. A NUL, which no person types, parts words.
func (b *body) add(p Part, texts ...string) {
	begun := false
	for _, text := range texts {
		if text == "" {
			continue
		}
		if begun {
			b.WriteByte('\n')
		} else {
			b.WriteByte(byte(p))
			begun = true
		}
		b.WriteString(strings.ReplaceAll(text, partEnd, " "))
	}
	if begun {
		b.WriteString(partEnd)
	}
}

// parts goes over the parts of a body.
func parts(body string) iter.Seq2[Part, string] {
	return func(yield func(Part, string) bool) { yieldParts(body, yield) }
}

func yieldParts(body string, yield func(Part, string) bool) {
	for body != "" {
		part, rest, _ := strings.Cut(body, partEnd)
		if part != "" && !yield(Part(part[0]), part[1:]) {
			return
		}
		body = rest
	}
}

// bodyOf is what is searched of a message. Names says what people are called.
func bodyOf(m *archive.Message, names func(archive.PeerID) string) string {
	var b body
	b.add(PartText, m.Text.Text)
	if m.Rich != nil && m.Rich.Text != m.Text.Text {
		b.add(PartText, m.Rich.Text)
	}
	if m.Action != nil {
		b.action(m.Action, names)
	}
	if m.Media != nil {
		b.media(m.Media)
	}
	for i := range m.RichMedia {
		b.media(&m.RichMedia[i])
	}
	b.add(PartMore, m.Author)
	for _, row := range m.Buttons {
		for _, button := range row {
			b.add(PartMore, button.Text)
		}
	}
	if m.FactCheck != nil {
		b.add(PartMore, m.FactCheck.Text)
	}
	return b.String()
}

func (b *body) media(m *archive.Media) {
	if m.File != nil {
		b.add(PartFile, m.File.Name, m.Performer, m.SongTitle, m.StickerEmoji)
	}
	if c := m.Contact; c != nil {
		b.add(PartContact, strings.TrimSpace(c.FirstName+" "+c.LastName), c.Phone)
	}
	if p := m.Place; p != nil {
		b.add(PartPlace, p.Title, p.Address)
	}
	if w := m.Webpage; w != nil {
		b.add(PartPreview, w.Site, w.Title, w.Description, w.URL)
	}
	if g := m.Game; g != nil {
		b.add(PartMore, g.Title, g.Description)
	}
	if i := m.Invoice; i != nil {
		b.add(PartMore, i.Title, i.Description)
	}
	if s := m.Story; s != nil && s.Caption != nil {
		b.add(PartMore, s.Caption.Text)
	}
	b.lists(m)
	for i := range m.Extended {
		b.media(&m.Extended[i])
	}
	if m.Attached != nil {
		b.media(m.Attached)
	}
	b.add(PartMore, m.Emoji)
}

func (b *body) lists(m *archive.Media) {
	if p := m.Poll; p != nil {
		lines := []string{p.Question.Text}
		for _, answer := range p.Answers {
			lines = append(lines, answer.Text.Text)
		}
		if p.Solution != nil {
			lines = append(lines, p.Solution.Text)
		}
		b.add(PartPoll, lines...)
	}
	if t := m.Todo; t != nil {
		lines := []string{t.Title.Text}
		for _, item := range t.Items {
			lines = append(lines, item.Text.Text)
		}
		b.add(PartPoll, lines...)
	}
	if g := m.Giveaway; g != nil {
		b.add(PartMore, g.Prize)
	}
	if r := m.Results; r != nil {
		b.add(PartMore, r.Prize)
	}
}

// action writes what happened in words that people would look for.
func (b *body) action(a *archive.Action, names func(archive.PeerID) string) {
	texts := []string{strings.ReplaceAll(a.Type, "_", " "), a.Custom, a.Title, a.Reason, a.AppName, a.Domain, a.Emoticon, a.Cost, a.Comment}
	for _, id := range a.Members {
		texts = append(texts, names(id))
	}
	if a.Text != nil {
		texts = append(texts, a.Text.Text)
	}
	if a.NewTitle != nil {
		texts = append(texts, *a.NewTitle)
	}
	for _, item := range a.Items {
		texts = append(texts, item.Text.Text)
	}
	b.add(PartService, texts...)
}
