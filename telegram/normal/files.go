package normal

import (
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Files lists what a message has to download: its own files first, each file
// once. Custom emoji and the stickers of gifts are not among them; the message
// names no location for the first, and the second belong to Telegram.
func Files(m tg.MessageClass) []FileRef {
	var own, quoted gatherer
	switch m := m.(type) {
	case *tg.Message:
		own.media(m.Media, &quoted)
		own.photos(m.RichMessage.Photos...)
		own.illustrated(m.RichMessage.Documents...)
		if reply, ok := m.ReplyTo.(*tg.MessageReplyHeader); ok {
			quoted.media(reply.ReplyMedia, &quoted)
		}
	case *tg.MessageService:
		own.action(m.Action, &quoted)
	}
	for i := range quoted.files {
		quoted.files[i].Quoted = true
	}
	return distinct(append(own.files, quoted.files...))
}

// distinct keeps the first reference to each file.
func distinct(files []FileRef) []FileRef {
	seen := make(map[archive.MediaKey]bool, len(files))
	return slices.DeleteFunc(files, func(f FileRef) bool {
		again := seen[f.Key]
		seen[f.Key] = true
		return again
	})
}

// A gatherer collects the files of one origin.
type gatherer struct {
	files []FileRef
}

// add takes a reference that there may not be.
func (g *gatherer) add(f FileRef, ok bool) {
	if ok {
		g.files = append(g.files, f)
	}
}

func (g *gatherer) photos(list ...tg.PhotoClass) {
	for _, p := range list {
		g.add(photoRef(p))
	}
}

// documents adds documents without their thumbnails: a record names only that of
// a message's document.
func (g *gatherer) documents(list ...tg.DocumentClass) {
	for _, d := range list {
		g.add(documentRef(d))
	}
}

// illustrated adds documents with their thumbnails.
func (g *gatherer) illustrated(list ...tg.DocumentClass) {
	for _, d := range list {
		g.add(documentRef(d))
		g.add(thumbnailRef(d))
	}
}

// cover adds a video's cover, which is as good as a thumbnail.
func (g *gatherer) cover(p tg.PhotoClass) {
	f, ok := photoRef(p)
	f.Kind = KindThumbnail
	g.add(f, ok)
}

// media adds the files of m; what m merely shows goes to quoted.
func (g *gatherer) media(m tg.MessageMediaClass, quoted *gatherer) {
	first := len(g.files)
	switch m := m.(type) {
	case *tg.MessageMediaPhoto:
		g.photos(m.Photo)
		g.documents(m.Video)
		selfDestruct(g.files[first:], m.TTLSeconds)
	case *tg.MessageMediaDocument:
		g.add(documentRef(m.Document))
		g.add(thumbnailRef(m.Document))
		g.cover(m.VideoCover)
		selfDestruct(g.files[first:], m.TTLSeconds)
	case *tg.MessageMediaPaidMedia:
		for _, e := range m.ExtendedMedia {
			g.extended(e, quoted)
		}
	case *tg.MessageMediaInvoice:
		g.extended(m.ExtendedMedia, quoted)
	case *tg.MessageMediaPoll:
		g.poll(m, quoted)
	case *tg.MessageMediaWebPage:
		if page, ok := m.Webpage.(*tg.WebPage); ok {
			quoted.photos(page.Photo)
			quoted.documents(page.Document)
		}
	case *tg.MessageMediaGame:
		quoted.photos(m.Game.Photo)
		quoted.documents(m.Game.Document)
	case *tg.MessageMediaStory:
		if item, ok := m.Story.(*tg.StoryItem); ok {
			quoted.media(item.Media, quoted)
		}
	}
}

func selfDestruct(files []FileRef, ttl int) {
	for i := range files {
		files[i].SelfDestruct = ttl != 0
	}
}

func (g *gatherer) extended(e tg.MessageExtendedMediaClass, quoted *gatherer) {
	if paid, ok := e.(*tg.MessageExtendedMedia); ok {
		g.media(paid.Media, quoted)
	}
}

func (g *gatherer) poll(m *tg.MessageMediaPoll, quoted *gatherer) {
	g.media(m.AttachedMedia, quoted)
	for _, a := range m.Poll.Answers {
		g.answer(a, quoted)
	}
	g.media(m.Results.SolutionMedia, quoted)
}

func (g *gatherer) answer(a tg.PollAnswerClass, quoted *gatherer) {
	if answer, ok := a.(*tg.PollAnswer); ok {
		g.media(answer.Media, quoted)
	}
}

func (g *gatherer) action(a tg.MessageActionClass, quoted *gatherer) {
	switch a := a.(type) {
	case *tg.MessageActionChatEditPhoto:
		g.photos(a.Photo)
	case *tg.MessageActionSuggestProfilePhoto:
		g.photos(a.Photo)
	case *tg.MessageActionPollAppendAnswer:
		g.answer(a.Answer, quoted)
	case *tg.MessageActionPollDeleteAnswer:
		g.answer(a.Answer, quoted)
	}
}
