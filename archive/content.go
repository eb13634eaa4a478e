package archive

import "slices"

// Content is what a message mainly is: the words that people choose messages by. Of media they
// are those of the rules that choose what is fetched.
type Content string

// All there are.
const (
	ContentText         Content = "text"
	ContentLink         Content = "link" // a text with a link in it
	ContentPhoto        Content = "photo"
	ContentVideo        Content = "video"
	ContentVideoMessage Content = "video_message"
	ContentVoice        Content = "voice"
	ContentAudio        Content = "audio"
	ContentAnimation    Content = "animation"
	ContentSticker      Content = "sticker"
	ContentFile         Content = "file"
	ContentPoll         Content = "poll" // and to-do lists
	ContentLocation     Content = "location"
	ContentContact      Content = "contact"
	ContentService      Content = "service"
	ContentOther        Content = "other"
)

// Contents lists all of them in the order in which people may choose among them.
func Contents() []Content {
	return []Content{
		ContentText, ContentLink, ContentPhoto, ContentVideo, ContentVideoMessage, ContentVoice, ContentAudio, ContentAnimation,
		ContentSticker, ContentFile, ContentPoll, ContentLocation, ContentContact, ContentService, ContentOther,
	}
}

// Content says what the message mainly is.
func (m *Message) Content() Content {
	switch {
	case m.Action != nil:
		return ContentService
	case m.Media == nil && m.hasLink(), m.Media != nil && m.Media.Kind == MediaKindWebpage:
		return ContentLink
	case m.Media == nil:
		return ContentText
	case m.Media.Kind == MediaKindPaid && len(m.Media.Extended) > 0:
		return m.Media.Extended[0].Content()
	}
	return m.Media.Content()
}

func (m *Message) hasLink() bool {
	return slices.ContainsFunc(m.Text.Entities, func(e Entity) bool { return e.Type == "link" || e.Type == "text_link" })
}

// Content says what the media is.
func (m *Media) Content() Content {
	switch m.Kind {
	case MediaKindWebpage:
		return ContentLink
	case MediaKindPhoto:
		return ContentPhoto
	case MediaKindDocument:
		return m.document()
	case MediaKindPoll, MediaKindTodo:
		return ContentPoll
	case MediaKindLocation, MediaKindLive, MediaKindVenue:
		return ContentLocation
	case MediaKindContact:
		return ContentContact
	}
	return ContentOther
}

func (m *Media) document() Content {
	switch {
	case m.Sticker:
		return ContentSticker
	case m.RoundVideo:
		return ContentVideoMessage
	case m.Voice:
		return ContentVoice
	case m.Animation:
		return ContentAnimation
	case m.Video:
		return ContentVideo
	case m.Audio:
		return ContentAudio
	}
	return ContentFile
}
