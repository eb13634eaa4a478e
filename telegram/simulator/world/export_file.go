package world

import (
	"image"
	_ "image/gif"  // to learn the size of pictures
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gotd/td/tg"

	"telekeep/internal/resultjson"
)

// contentOf returns the bytes of a path of the export, or an absent file of the
// declared size. Where both are known and differ, the file wins: it is what a
// client can get.
func (im *importer) contentOf(name string, declared int64, warnf func(string, ...any)) content {
	if name == "" || resultjson.IsPlaceholder(name) {
		return absent(declared)
	}
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		warnf("the path of a file leads out of the export; the file is unavailable")
		return absent(declared)
	}
	full := filepath.Join(im.dir, local)
	info, err := os.Stat(full)
	if err != nil || !info.Mode().IsRegular() {
		warnf("a file is not in the folder; it is unavailable")
		return absent(declared)
	}
	if declared != 0 && declared != info.Size() {
		warnf("a file has %d bytes and not %d; it is served as it is", info.Size(), declared)
	}
	return onDisk{path: full, size: info.Size()}
}

// fileID is the id of a file: the same path is the same file, as in the export.
// Files without a path are told apart by the message they are in.
func (c *chatImport) fileID(name, slot string) int64 {
	if name == "" || resultjson.IsPlaceholder(name) {
		name = c.peer.String() + "/" + slot
		return int64(mix(mixText(c.w.key, name), uint64(c.now.ID)) >> 1)
	}
	return int64(mixText(c.w.key, name) >> 1)
}

func (im *importer) dcOf(id int64) int { return im.w.dcs[uint64(id)%uint64(len(im.w.dcs))] }

// photo makes the TL photo of a path, or nil if the export knows nothing of it.
func (c *chatImport) photo(name string, size, width, height int64) tg.PhotoClass {
	if width == 0 || height == 0 {
		if name == "" || resultjson.IsPlaceholder(name) {
			return nil
		}
		width, height = c.measure(name)
	}
	full := c.contentOf(name, size, c.warnf)
	id := c.fileID(name, "photo")
	p := newPicture(id, c.dcOf(id), c.lastDate, int(width), int(height), full)
	p.file.date = p.date
	if known := c.w.shelf[id]; known != nil {
		for part, data := range p.file.parts {
			known.parts[part] = data // the same file declared with another size
		}
		p.file, p.date = known, known.date
	}
	c.w.shelf[id] = p.file
	return p.tl()
}

// measure reads the size of a picture from its file.
func (im *importer) measure(name string) (width, height int64) {
	if local := filepath.FromSlash(name); filepath.IsLocal(local) {
		if f, err := os.Open(filepath.Join(im.dir, local)); err == nil {
			defer f.Close()
			if c, _, err := image.DecodeConfig(f); err == nil && c.Width > 0 && c.Height > 0 {
				return int64(c.Width), int64(c.Height)
			}
		}
	}
	return 320, 180
}

// automatic are the names Telegram Desktop gives to documents that have none.
var automatic = regexp.MustCompile(`^(audio|video|file)_\d+@\d\d-\d\d-\d{4}_\d\d-\d\d-\d\d\.`)

// copies is what Telegram Desktop puts into the name of a second file of the same name.
var copies = regexp.MustCompile(`^([^.]*) \(\d+\)(\.|$)`)

// fileName is a document's own name, "" if it has none. Versions before 2025
// did not write it; then it shows in the path.
func (c *chatImport) fileName(m *resultjson.Message) string {
	if m.FileName != "" || m.Has("file_size") || m.File == "" || resultjson.IsPlaceholder(m.File) {
		return m.FileName
	}
	base := path.Base(m.File)
	if automatic.MatchString(base) {
		return ""
	}
	plain := copies.ReplaceAllString(base, "$1$2")
	if plain != base {
		first := filepath.Join(c.dir, filepath.FromSlash(path.Join(path.Dir(m.File), plain)))
		if _, err := os.Stat(first); err == nil {
			return plain
		}
	}
	return base
}

// types are the MIME types of the files that Telegram itself makes.
var types = map[string]string{
	".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif",
	".tgs": "application/x-tgsticker", ".webm": "video/webm", ".mp4": "video/mp4", ".mov": "video/quicktime",
	".ogg": "audio/ogg", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".pdf": "application/pdf", ".txt": "text/plain",
}

// mimeType is the declared type or, where a version did not write it, the one
// that the name or the kind of media suggests.
func mimeType(m *resultjson.Message) string {
	if m.MIMEType != "" {
		return m.MIMEType
	}
	if t := types[strings.ToLower(path.Ext(m.File))]; t != "" && !resultjson.IsPlaceholder(m.File) {
		return t
	}
	switch m.MediaType {
	case "sticker":
		return "image/webp"
	case "video_message", "video_file", "animation":
		return "video/mp4"
	case "voice_message":
		return "audio/ogg"
	case "audio_file":
		return "audio/mpeg"
	}
	return ""
}

// thumb adds the thumbnail of a document, if the export has one.
func (c *chatImport) thumb(m *resultjson.Message, f *file, d *tg.Document) {
	if m.Thumbnail == "" {
		return
	}
	data := c.contentOf(m.Thumbnail, m.ThumbnailSize, c.warnf)
	w, h := int64(320), int64(180)
	if _, gone := data.(absent); !gone {
		w, h = c.measure(m.Thumbnail)
	}
	f.parts["m"] = data
	d.Thumbs = []tg.PhotoSizeClass{
		&tg.PhotoStrippedSize{Type: "i", Bytes: []byte(stripped)},
		&tg.PhotoSize{Type: "m", W: int(w), H: int(h), Size: int(data.Size())},
	}
}

// customEmoji makes the document of a custom emoji. The export has its path; in
// place of one that could not be had it has a remark, and no server knows it.
func (c *chatImport) customEmoji(name, alt string) int64 {
	if id := numeric(name); id != 0 {
		return id
	}
	id := c.fileID(name, "emoji "+alt)
	if name == "" || resultjson.IsPlaceholder(name) || c.emoji[id] != nil {
		return id
	}
	base := copies.ReplaceAllString(path.Base(name), "$1$2")
	f := &file{id: id, date: c.lastDate, dc: c.dcOf(id), mime: types[strings.ToLower(path.Ext(base))]}
	f.parts = map[string]content{"": c.contentOf(name, 0, c.warnf)}
	if known := c.w.shelf[id]; known != nil {
		f = known // it is a sticker in a message too
	}
	c.w.shelf[id] = f
	c.emoji[id] = encodeTL(&tg.Document{
		ID: id, Date: c.lastDate, MimeType: f.mime, Size: f.parts[""].Size(), DCID: f.dc,
		Attributes: []tg.DocumentAttributeClass{
			&tg.DocumentAttributeImageSize{W: 100, H: 100},
			&tg.DocumentAttributeCustomEmoji{Free: true, Alt: alt, Stickerset: &tg.InputStickerSetEmpty{}},
			&tg.DocumentAttributeFilename{FileName: base},
		},
	})
	return id
}
