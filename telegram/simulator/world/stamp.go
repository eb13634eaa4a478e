package world

import "github.com/gotd/td/tg"

// around stamps what a message shows beside its media.
func (s stamp) around(m *tg.Message) {
	for _, p := range m.RichMessage.Photos {
		s.photo(p)
	}
	for _, d := range m.RichMessage.Documents {
		s.document(d)
	}
	if h, ok := m.ReplyTo.(*tg.MessageReplyHeader); ok {
		s.media(h.ReplyMedia)
	}
}

// inner stamps media that stands in media.
func (s stamp) inner(m tg.MessageMediaClass) {
	switch m := m.(type) {
	case *tg.MessageMediaPhoto:
		s.document(m.Video)
	case *tg.MessageMediaPaidMedia:
		for _, e := range m.ExtendedMedia {
			s.extended(e)
		}
	case *tg.MessageMediaInvoice:
		s.extended(m.ExtendedMedia)
	case *tg.MessageMediaPoll:
		s.media(m.AttachedMedia)
		s.media(m.Results.SolutionMedia)
		for _, a := range m.Poll.Answers {
			if a, ok := a.(*tg.PollAnswer); ok {
				s.media(a.Media)
			}
		}
	case *tg.MessageMediaStory:
		if item, ok := m.Story.(*tg.StoryItem); ok {
			s.media(item.Media)
		}
	}
}

func (s stamp) extended(e tg.MessageExtendedMediaClass) {
	if paid, ok := e.(*tg.MessageExtendedMedia); ok {
		s.media(paid.Media)
	}
}
