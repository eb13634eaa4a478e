package desktop

import (
	"path"
	"strconv"
	"strings"
	"unicode/utf16"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// text joins parts. An empty plain part at the end, which Telegram Desktop writes behind
// an entity if the text is not ASCII, says nothing.
func (c *converter) text(parts []resultjson.Part) archive.Text {
	var t archive.Text
	var b strings.Builder
	offset := 0
	for _, p := range parts {
		b.WriteString(p.Text)
		length := units(p.Text)
		if p.Type != "plain" && p.Type != "" && length > 0 {
			t.Entities = append(t.Entities, c.entity(p, offset, length))
		}
		offset += length
	}
	t.Text = b.String()
	return t
}

// units is the length of a text as Telegram counts.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

func (c *converter) entity(p resultjson.Part, offset, length int) archive.Entity {
	e := archive.Entity{Type: p.Type, Offset: offset, Length: length}
	switch p.Type {
	case "mention_name":
		if p.UserID != 0 {
			e.User = archive.NewPeerID(archive.PeerUser, p.UserID)
		}
	case "custom_emoji":
		e.Document = c.emoji(p.DocumentID)
	case "pre":
		e.Language = p.Language
	case "text_link":
		e.URL = p.Href
	case "blockquote":
		e.Collapsed = p.Collapsed
	}
	return e
}

// emoji is the key of a custom emoji, of which an export has the file, the number, or
// neither.
func (c *converter) emoji(text string) archive.MediaKey {
	if id, err := strconv.ParseInt(text, 10, 64); err == nil {
		return archive.NewMediaKey(archive.MediaDocument, id)
	}
	if text == "" {
		return c.absent(archive.MissingExcluded)
	}
	got := c.file(text, 0)
	if c.err == nil && strings.HasPrefix(string(got.key), archive.MediaSHA256) {
		r := c.record(archive.KindEmoji)
		r.Emoji = &archive.Emoji{File: archive.File{Key: got.key, Size: got.size, Name: path.Base(text)}}
		c.err = c.sink.fact("emoji/"+string(got.key), r)
	}
	return got.key
}

// pointer is a text that may be absent.
func (c *converter) pointer(parts []resultjson.Part) *archive.Text {
	if len(parts) == 0 {
		return nil
	}
	t := c.text(parts)
	return &t
}
