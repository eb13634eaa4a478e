package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Kinds of files, in the words of the rules that choose what is fetched.
const (
	KindPhoto        = "photo"
	KindVideo        = "video"
	KindVoice        = "voice"
	KindVideoMessage = "video_message"
	KindAnimation    = "animation"
	KindSticker      = "sticker"
	KindAudio        = "audio"
	KindFile         = "file"
	KindThumbnail    = "thumbnail" // a document's thumbnail, a video's cover
)

// A FileRef is one file of a message that can be fetched, and all that fetching
// it takes. It can be written as JSON.
type FileRef struct {
	Key  archive.MediaKey `json:"key"`
	Kind string           `json:"kind"` // one of the Kind… strings
	Size int64            `json:"size"` // bytes, as the server declares it
	DC   int              `json:"dc"`   // the data centre that has it
	// Quoted: not the message's own but shown with it: a link preview, a
	// shared story, a game's picture, what an answered message of another chat
	// carried.
	Quoted bool `json:"quoted,omitempty"`
	// SelfDestruct: it disappears after it was looked at, and is not kept.
	SelfDestruct bool `json:"self_destruct,omitempty"`
	// Gone: the server names the file and offers nothing to fetch.
	Gone bool `json:"gone,omitempty"`
	// Inline holds the bytes of a small image that came within the message;
	// there is nothing to fetch then.
	Inline []byte `json:"inline,omitempty"`

	ID         int64  `json:"id"`
	AccessHash int64  `json:"access_hash"`
	Reference  []byte `json:"reference,omitempty"` // as of this copy of the message; expires
	Photo      bool   `json:"photo,omitempty"`     // else a document
	// Thumb names the size: of a photo, or of a document's thumbnail; "" for a
	// document itself.
	Thumb string `json:"thumb,omitempty"`
}

// Location is where upload.getFile finds the file. Reference is the file
// reference to use: f.Reference, or the one of a newer copy of the message.
func (f FileRef) Location(reference []byte) tg.InputFileLocationClass {
	if f.Photo {
		return &tg.InputPhotoFileLocation{
			ID:            f.ID,
			AccessHash:    f.AccessHash,
			FileReference: reference,
			ThumbSize:     f.Thumb,
		}
	}
	return &tg.InputDocumentFileLocation{
		ID:            f.ID,
		AccessHash:    f.AccessHash,
		FileReference: reference,
		ThumbSize:     f.Thumb,
	}
}

// photoRef refers to the size of a photo that Telegram Desktop exports.
func photoRef(p tg.PhotoClass) (FileRef, bool) {
	full, ok := p.(*tg.Photo)
	if !ok {
		return FileRef{}, false
	}
	best, found := largest(full.Sizes)
	return FileRef{
		Key:        archive.NewMediaKey(archive.MediaPhoto, full.ID),
		Kind:       KindPhoto,
		Size:       best.size,
		DC:         full.DCID,
		Gone:       !found,
		Inline:     best.inline,
		ID:         full.ID,
		AccessHash: full.AccessHash,
		Reference:  full.FileReference,
		Photo:      true,
		Thumb:      best.kind,
	}, true
}

// documentRef refers to a document.
func documentRef(d tg.DocumentClass) (FileRef, bool) {
	full, ok := d.(*tg.Document)
	if !ok {
		return FileRef{}, false
	}
	var m archive.Media
	document(&m, d)
	return FileRef{
		Key:        m.File.Key,
		Kind:       documentKind(m),
		Size:       full.Size,
		DC:         full.DCID,
		ID:         full.ID,
		AccessHash: full.AccessHash,
		Reference:  full.FileReference,
	}, true
}

// thumbnailRef refers to the thumbnail that Telegram Desktop would export.
func thumbnailRef(d tg.DocumentClass) (FileRef, bool) {
	full, ok := d.(*tg.Document)
	if !ok {
		return FileRef{}, false
	}
	best, ok := largest(full.Thumbs)
	return FileRef{
		Key:        archive.NewMediaKey(archive.MediaThumb, full.ID),
		Kind:       KindThumbnail,
		Size:       best.size,
		DC:         full.DCID,
		Inline:     best.inline,
		ID:         full.ID,
		AccessHash: full.AccessHash,
		Reference:  full.FileReference,
		Thumb:      best.kind,
	}, ok && best.width > 0
}

// documentKind follows the order in which Telegram Desktop's export decides;
// music, which it counts as a file, has a kind of its own.
func documentKind(m archive.Media) string {
	switch {
	case m.Sticker:
		return KindSticker
	case m.RoundVideo:
		return KindVideoMessage
	case m.Voice:
		return KindVoice
	case m.Animation:
		return KindAnimation
	case m.Video:
		return KindVideo
	case m.Audio:
		return KindAudio
	}
	return KindFile
}
