package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// document fills the file and the flags of a document into m; it leaves them
// alone if the document is gone (documentEmpty, or none at all).
func document(m *archive.Media, d tg.DocumentClass) {
	full, ok := d.(*tg.Document)
	if !ok {
		return
	}
	m.File = &archive.File{
		Key:  archive.NewMediaKey(archive.MediaDocument, full.ID),
		Size: full.Size,
		MIME: full.MimeType,
		Date: int64(full.Date),
	}
	for _, a := range full.Attributes {
		attribute(m, a)
	}
	m.Thumb = thumbnail(full)
}

// attribute follows the order of the message: a later attribute overrides an
// earlier one, as in Telegram Desktop.
func attribute(m *archive.Media, a tg.DocumentAttributeClass) {
	switch a := a.(type) {
	case *tg.DocumentAttributeImageSize:
		m.File.Width, m.File.Height = a.W, a.H
	case *tg.DocumentAttributeAnimated:
		m.Animation = true
	case *tg.DocumentAttributeSticker:
		m.Sticker, m.StickerEmoji = true, a.Alt
	case *tg.DocumentAttributeCustomEmoji:
		m.Sticker, m.StickerEmoji = true, a.Alt
	case *tg.DocumentAttributeVideo:
		m.RoundVideo = m.RoundVideo || a.RoundMessage
		m.Video = m.Video || !a.RoundMessage
		m.File.Width, m.File.Height = a.W, a.H
		if finite(a.Duration) {
			m.File.Duration = a.Duration
		}
	case *tg.DocumentAttributeAudio:
		m.Voice = m.Voice || a.Voice
		m.Audio = m.Audio || !a.Voice
		if performer, ok := a.GetPerformer(); ok {
			m.Performer = performer
		}
		if title, ok := a.GetTitle(); ok {
			m.SongTitle = title
		}
		m.File.Duration = float64(a.Duration)
	case *tg.DocumentAttributeFilename:
		m.File.Name = a.FileName
	}
}

// thumbnail is nil where Telegram Desktop would export none.
func thumbnail(d *tg.Document) *archive.File {
	best, ok := largest(d.Thumbs)
	if !ok || best.width == 0 {
		return nil
	}
	return &archive.File{
		Key:    archive.NewMediaKey(archive.MediaThumb, d.ID),
		Size:   best.size,
		Width:  best.width,
		Height: best.height,
		Date:   int64(d.Date),
	}
}

// documentFile is a document that is only mentioned: a link preview's, a game's.
func documentFile(d tg.DocumentClass) *archive.File {
	var m archive.Media
	document(&m, d)
	return m.File
}
