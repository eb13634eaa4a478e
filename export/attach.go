package export

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"telekeep/archive"
)

// What stands in place of a path where there is no file. The words are part of
// Telegram Desktop's format; programs compare them.
const (
	fileExcluded    = "(File not included. Change data exporting settings to download.)"
	fileTooLarge    = "(File exceeds maximum size. Change data exporting settings to download.)"
	fileUnavailable = "(File unavailable, please try again later)"
	// emojiUnavailable stands for a custom emoji; one left out by a rule is "".
	emojiUnavailable = "(unavailable)"
)

// attached says what became of the files of one message: paths below the export
// folder, or the placeholders above.
type attached struct {
	file  string // photo, document, vcard, photo of an action
	thumb string
	emoji map[archive.MediaKey]string
	rich  []attached // what an article shows
	// extras is what Options.Extras adds, as JSON; nil without them.
	extras []byte
}

// emojiPath is the path of a custom emoji, or its number if it has none here.
func (a attached) emojiPath(key archive.MediaKey) string {
	if place, ok := a.emoji[key]; ok {
		return place
	}
	_, id, _ := strings.Cut(string(key), ":")
	return id
}

// attach writes the files of a message. An error is about the place that is
// written to; a file that cannot be read becomes a placeholder and a problem.
func (s *shelf) attach(ctx context.Context, m *archive.Message) (at attached, err error) {
	if unsupported(m) {
		return at, nil
	}
	if at.emoji, err = s.emojis(ctx, m); err != nil {
		return at, err
	}
	for i := range m.RichMedia {
		shown, err := s.attachMedia(ctx, &m.RichMedia[i], m)
		if err != nil {
			return at, err
		}
		at.rich = append(at.rich, shown)
	}
	switch {
	case m.Action != nil:
		if m.Action.Type == "edit_group_photo" || m.Action.Type == "suggest_profile_photo" {
			at.file, err = s.photo(ctx, m.Action.Photo, 0, m.Date)
		}
	case m.Media != nil:
		own, err := s.attachMedia(ctx, m.Media, m)
		at.file, at.thumb = own.file, own.thumb
		return at, err
	}
	return at, err
}

// attachMedia writes the files of one piece of media of a message.
func (s *shelf) attachMedia(ctx context.Context, media *archive.Media, m *archive.Message) (at attached, err error) {
	switch media.Kind {
	case archive.MediaKindPhoto:
		at.file, err = s.photo(ctx, media.File, media.TTL, m.Date)
	case archive.MediaKindDocument:
		at.file, at.thumb, err = s.document(ctx, media, m.Date)
	case archive.MediaKindContact:
		at.file, err = s.vcard(ctx, media.Contact, m.ID)
	}
	return at, err
}

// photo counts a photo and writes it. The file of a self-destructing one is
// never in an export.
func (s *shelf) photo(ctx context.Context, f *archive.File, ttl int, date int64) (string, error) {
	if f == nil {
		return fileUnavailable, nil
	}
	s.photos++
	if ttl != 0 {
		return fileUnavailable, nil
	}
	return s.store(ctx, f.Key, "photos/"+photoName(s.photos, date, s.run.zone))
}

func photoName(n int, date int64, zone *time.Location) string {
	return "photo_" + strconv.Itoa(n) + dated(date, zone) + ".jpg"
}

// dated is the part of a generated name that tells the time.
func dated(date int64, zone *time.Location) string {
	if date == 0 {
		return ""
	}
	return time.Unix(date, 0).In(zone).Format("@02-01-2006_15-04-05")
}

func (s *shelf) document(ctx context.Context, m *archive.Media, date int64) (file, thumb string, err error) {
	if m.File == nil {
		return fileUnavailable, fileUnavailable, nil
	}
	name := documentFolder(m) + "/" + safeName(s.documentName(m, date))
	file = fileUnavailable
	if m.TTL == 0 {
		if file, err = s.store(ctx, m.File.Key, name); err != nil {
			return "", "", err
		}
	}
	if m.Thumb != nil {
		thumb, err = s.store(ctx, m.Thumb.Key, name+"_thumb.jpg")
	}
	return file, thumb, err
}

// documentFolder asks for video before animation, so that an ordinary GIF, which
// is both, lies with the videos though its type is animation.
func documentFolder(m *archive.Media) string {
	switch {
	case m.Video:
		return "video_files"
	case m.Animation:
		return "animations"
	case m.Sticker:
		return "stickers"
	case m.Voice:
		return "voice_messages"
	case m.RoundVideo:
		return "round_video_messages"
	}
	return "files"
}

// documentName is the document's own name, or a counted one.
func (s *shelf) documentName(m *archive.Media, date int64) string {
	at := dated(date, s.run.zone)
	switch {
	case m.File.Name != "":
		return m.File.Name
	case m.Voice:
		s.audios++
		ext := ".ogg"
		if strings.EqualFold(m.File.MIME, "audio/mp3") {
			ext = ".mp3"
		}
		return "audio_" + strconv.Itoa(s.audios) + at + ext
	case m.Video:
		s.videos++
		return "video_" + strconv.Itoa(s.videos) + at + extension(m.File.MIME, ".mov")
	}
	s.files++
	return "file_" + strconv.Itoa(s.files) + at + extension(m.File.MIME, ".unknown")
}

// vcard writes a contact's card, which came inside the message.
func (s *shelf) vcard(ctx context.Context, c *archive.Contact, message int) (string, error) {
	if c == nil || c.VCard == "" {
		return "", nil
	}
	s.vcards++
	sum := sha256.Sum256([]byte(c.VCard))
	card := content{
		MediaFile: archive.MediaFile{
			Key:    archive.NewMediaKey("vcard", int64(message+s.shift)), // of no archive, only of this shelf
			Size:   int64(len(c.VCard)),
			SHA256: hex.EncodeToString(sum[:]),
		},
		open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(c.VCard)), nil
		},
	}
	return s.place(ctx, card, "contacts/contact_"+strconv.Itoa(s.vcards)+".vcard")
}

// emojis writes the custom emoji of a message's text and reactions. Those in
// polls, lists and gifts keep their number, as in Telegram Desktop.
func (s *shelf) emojis(ctx context.Context, m *archive.Message) (out map[archive.MediaKey]string, err error) {
	for _, key := range customEmoji(m) {
		if out == nil {
			out = map[archive.MediaKey]string{}
		}
		if out[key], err = s.emoji(ctx, key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func customEmoji(m *archive.Message) (keys []archive.MediaKey) {
	isEmoji := func(e archive.Entity) bool { return e.Type == partCustomEmoji }
	if text := body(m); slices.ContainsFunc(text.Entities, isEmoji) {
		for _, p := range parts(text) {
			if p.kind == partCustomEmoji {
				keys = append(keys, p.entity.Document)
			}
		}
	}
	for _, r := range m.Reactions {
		if r.Type == partCustomEmoji {
			keys = append(keys, r.Document)
		}
	}
	return keys
}

func (s *shelf) emoji(ctx context.Context, key archive.MediaKey) (string, error) {
	name := ""
	if _, ok := s.run.source.Media(key); ok && s.placed[key].Path == "" {
		name = "stickers/" + s.emojiName(ctx, key)
	}
	place, err := s.store(ctx, key, name)
	switch place {
	case fileExcluded, fileTooLarge:
		place = ""
	case fileUnavailable:
		place = emojiUnavailable
	}
	return place, err
}

// emojiName is the own name of a custom emoji's document, or one that fits its
// content.
func (s *shelf) emojiName(ctx context.Context, key archive.MediaKey) string {
	if e, ok := s.run.source.Emoji(key); ok && e.File.Name != "" {
		return safeName(e.File.Name)
	}
	return stickerName(s.head(ctx, key))
}

// head reads the first bytes of a stored file, or fewer. What is wrong with the
// file shows when it is written.
func (s *shelf) head(ctx context.Context, key archive.MediaKey) []byte {
	r, err := s.run.source.OpenMedia(ctx, key)
	if err != nil {
		return nil
	}
	defer r.Close()
	head, _ := bufio.NewReader(r).Peek(4)
	return head
}

// stickerName names a custom emoji by its content.
func stickerName(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "AnimatedSticker.tgs"
	case bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}):
		return "sticker.webm"
	}
	return "sticker.webp"
}
