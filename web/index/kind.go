package index

import (
	"slices"
	"strings"

	"telekeep/archive"
)

// Kind is what a message mainly is.
type Kind string

// The kinds of messages. Link is one that others have too: a text or a caption with a
// link in it.
const (
	Text     Kind = "text"
	Link     Kind = "link"
	Photo    Kind = "photo"
	Video    Kind = "video"
	Round    Kind = "round" // a video message
	Voice    Kind = "voice"
	Audio    Kind = "audio"
	Animated Kind = "gif"
	Sticker  Kind = "sticker"
	File     Kind = "file"
	Poll     Kind = "poll" // and to-do lists
	Location Kind = "location"
	Contact  Kind = "contact"
	Service  Kind = "service"
	Other    Kind = "other"
)

// Kinds lists all kinds in the order in which people may choose among them.
func Kinds() []Kind {
	return []Kind{Text, Link, Photo, Video, Round, Voice, Audio, Animated, Sticker, File, Poll, Location, Contact, Service, Other}
}

// ParseKind reads the name of a kind; false if there is none.
func ParseKind(name string) (Kind, bool) {
	k := Kind(strings.ToLower(name))
	return k, slices.Contains(Kinds(), k)
}

// number is how the index keeps a kind.
func (k Kind) number() int { return slices.Index(Kinds(), k) }

func kindAt(number int) Kind {
	if kinds := Kinds(); number >= 0 && number < len(kinds) {
		return kinds[number]
	}
	return Other
}

func kindOf(m *archive.Message) Kind {
	switch {
	case m.Action != nil:
		return Service
	case m.Media == nil:
		return Text
	case m.Media.Kind == archive.MediaKindPaid && len(m.Media.Extended) > 0:
		return kindOfMedia(&m.Media.Extended[0])
	}
	return kindOfMedia(m.Media)
}

func kindOfMedia(m *archive.Media) Kind {
	switch m.Kind {
	case archive.MediaKindWebpage:
		return Text
	case archive.MediaKindPhoto:
		return Photo
	case archive.MediaKindDocument:
		return kindOfDocument(m)
	case archive.MediaKindPoll, archive.MediaKindTodo:
		return Poll
	case archive.MediaKindLocation, archive.MediaKindLive, archive.MediaKindVenue:
		return Location
	case archive.MediaKindContact:
		return Contact
	}
	return Other
}

func kindOfDocument(m *archive.Media) Kind {
	switch {
	case m.Sticker:
		return Sticker
	case m.RoundVideo:
		return Round
	case m.Voice:
		return Voice
	case m.Animation:
		return Animated
	case m.Video:
		return Video
	case m.Audio:
		return Audio
	}
	return File
}

// hasLink reports whether there is a link in a message.
func hasLink(m *archive.Message) bool {
	if m.Media != nil && m.Media.Webpage != nil {
		return true
	}
	return slices.ContainsFunc(m.Text.Entities, func(e archive.Entity) bool {
		return e.Type == "link" || e.Type == "text_link"
	})
}

// filesOf goes over the main files of a message: no thumbnails and covers.
func filesOf(m *archive.Message, yield func(kind Kind, f *archive.File)) {
	if m.Action != nil && m.Action.Photo != nil {
		yield(Photo, m.Action.Photo)
	}
	if m.Media != nil {
		filesOfMedia(m.Media, yield)
	}
	for i := range m.RichMedia {
		filesOfMedia(&m.RichMedia[i], yield)
	}
}

func filesOfMedia(m *archive.Media, yield func(kind Kind, f *archive.File)) {
	give := func(kind Kind, f *archive.File) {
		if f != nil && f.Key != "" {
			yield(kind, f)
		}
	}
	give(kindOfMedia(m), m.File)
	give(Video, m.Live)
	if w := m.Webpage; w != nil {
		give(Photo, w.Photo)
		give(File, w.Document)
	}
	if g := m.Game; g != nil {
		give(Photo, g.Photo)
		give(File, g.Document)
	}
	for i := range m.Extended {
		filesOfMedia(&m.Extended[i], yield)
	}
	if m.Attached != nil {
		filesOfMedia(m.Attached, yield)
	}
}
