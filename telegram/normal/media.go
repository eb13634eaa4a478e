package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// media is nil where a message carries none. Bot is whom a game belongs to.
func media(m tg.MessageMediaClass, bot archive.PeerID) *archive.Media {
	switch m := m.(type) {
	case nil, *tg.MessageMediaEmpty:
		return nil
	case *tg.MessageMediaPhoto:
		return photoMedia(m)
	case *tg.MessageMediaDocument:
		return documentMedia(m)
	case *tg.MessageMediaContact:
		return &archive.Media{Kind: archive.MediaKindContact, Contact: &archive.Contact{
			User:      userID(m.UserID),
			FirstName: m.FirstName,
			LastName:  m.LastName,
			Phone:     m.PhoneNumber,
			VCard:     m.Vcard,
		}}
	case *tg.MessageMediaGeo, *tg.MessageMediaGeoLive, *tg.MessageMediaVenue:
		return placeMedia(m)
	case *tg.MessageMediaWebPage:
		return &archive.Media{Kind: archive.MediaKindWebpage, Webpage: webpage(m.Webpage)}
	case *tg.MessageMediaDice:
		return &archive.Media{Kind: archive.MediaKindDice, Emoji: m.Emoticon, Value: m.Value}
	case *tg.MessageMediaPoll:
		return pollMedia(m, bot)
	case *tg.MessageMediaToDo:
		return &archive.Media{Kind: archive.MediaKindTodo, Todo: todo(m)}
	case *tg.MessageMediaStory:
		return &archive.Media{Kind: archive.MediaKindStory, Story: story(m, bot)}
	case *tg.MessageMediaVideoStream:
		return &archive.Media{Kind: archive.MediaKindStream}
	}
	return tradeMedia(m, bot)
}

// tradeMedia is what is played, won, sold or paid for.
func tradeMedia(m tg.MessageMediaClass, bot archive.PeerID) *archive.Media {
	switch m := m.(type) {
	case *tg.MessageMediaGame:
		return &archive.Media{Kind: archive.MediaKindGame, Game: game(m.Game, bot)}
	case *tg.MessageMediaInvoice:
		return invoiceMedia(m, bot)
	case *tg.MessageMediaPaidMedia:
		out := &archive.Media{Kind: archive.MediaKindPaid, Stars: m.StarsAmount}
		for _, e := range m.ExtendedMedia {
			out.Extended = append(out.Extended, extended(e, bot))
		}
		return out
	case *tg.MessageMediaGiveaway:
		return &archive.Media{Kind: archive.MediaKindGiveaway, Giveaway: giveaway(m)}
	case *tg.MessageMediaGiveawayResults:
		return &archive.Media{Kind: archive.MediaKindResults, Results: giveawayResults(m)}
	}
	// messageMediaUnsupported, and whatever a later layer brings.
	return &archive.Media{Kind: archive.MediaKindUnsupported}
}

func photoMedia(m *tg.MessageMediaPhoto) *archive.Media {
	return &archive.Media{
		Kind:    archive.MediaKindPhoto,
		File:    photo(m.Photo),
		Live:    documentFile(m.Video),
		Spoiler: m.Spoiler,
		TTL:     m.TTLSeconds,
	}
}

func documentMedia(m *tg.MessageMediaDocument) *archive.Media {
	out := &archive.Media{
		Kind:    archive.MediaKindDocument,
		Cover:   photo(m.VideoCover),
		Spoiler: m.Spoiler,
		TTL:     m.TTLSeconds,
	}
	document(out, m.Document)
	return out
}

func invoiceMedia(m *tg.MessageMediaInvoice, bot archive.PeerID) *archive.Media {
	out := &archive.Media{Kind: archive.MediaKindInvoice, Invoice: &archive.Invoice{
		Title:       m.Title,
		Description: m.Description,
		Currency:    m.Currency,
		Amount:      m.TotalAmount,
		Receipt:     m.ReceiptMsgID,
		Test:        m.Test,
	}}
	if m.ExtendedMedia != nil {
		out.Extended = append(out.Extended, extended(m.ExtendedMedia, bot))
	}
	return out
}

// extended is one piece of paid media: the thing itself once it is paid for,
// before that no more than its measures.
func extended(e tg.MessageExtendedMediaClass, bot archive.PeerID) archive.Media {
	switch e := e.(type) {
	case *tg.MessageExtendedMedia:
		if m := media(e.Media, bot); m != nil {
			return *m
		}
	case *tg.MessageExtendedMediaPreview:
		return archive.Media{
			Kind:    archive.MediaKindPreview,
			Preview: &archive.Preview{Width: e.W, Height: e.H, Duration: e.VideoDuration},
		}
	}
	return archive.Media{Kind: archive.MediaKindUnsupported}
}

func game(g tg.Game, bot archive.PeerID) *archive.Game {
	return &archive.Game{
		ID:          g.ID,
		Title:       g.Title,
		Description: g.Description,
		ShortName:   g.ShortName,
		Bot:         bot,
		Photo:       photo(g.Photo),
		Document:    documentFile(g.Document),
	}
}

func story(m *tg.MessageMediaStory, bot archive.PeerID) *archive.Story {
	out := &archive.Story{Peer: PeerID(m.Peer), ID: m.ID, Mention: m.ViaMention}
	switch item := m.Story.(type) {
	case *tg.StoryItem:
		out.Date = int64(item.Date)
		out.Expires = int64(item.ExpireDate)
		out.Caption = optional(item.Caption, item.Entities)
		out.Media = media(item.Media, bot)
	case *tg.StoryItemSkipped:
		out.Date = int64(item.Date)
		out.Expires = int64(item.ExpireDate)
	}
	return out
}

// webpage is what the server had looked up of a link when the message was
// fetched.
func webpage(w tg.WebPageClass) *archive.Webpage {
	switch w := w.(type) {
	case *tg.WebPage:
		return &archive.Webpage{
			ID:          w.ID,
			URL:         w.URL,
			Type:        w.Type,
			Site:        w.SiteName,
			Title:       w.Title,
			Description: w.Description,
			Author:      w.Author,
			Photo:       photo(w.Photo),
			Document:    documentFile(w.Document),
		}
	case *tg.WebPageEmpty:
		return &archive.Webpage{ID: w.ID, URL: w.URL}
	case *tg.WebPagePending:
		return &archive.Webpage{ID: w.ID, URL: w.URL}
	}
	return &archive.Webpage{}
}
