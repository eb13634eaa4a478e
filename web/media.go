package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"telekeep/archive"
)

// shown are the types that a browser may show or play; whatever else a file says that it
// is, it is a download.
func shown(kind string) (string, bool) {
	switch kind {
	case "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp",
		"video/mp4", "video/webm", "video/quicktime", "video/ogg",
		"audio/mpeg", "audio/ogg", "audio/mp4", "audio/webm", "audio/wav", "audio/flac", "audio/aac":
		return kind, true
	case "image/jpg":
		return "image/jpeg", true
	case "audio/mp3", "audio/mpeg3", "audio/x-mp3":
		return "audio/mpeg", true
	case "audio/m4a", "audio/x-m4a":
		return "audio/mp4", true
	case "audio/x-wav", "audio/vnd.wave":
		return "audio/wav", true
	case "audio/x-flac":
		return "audio/flac", true
	case "audio/opus", "audio/x-opus+ogg", "application/ogg":
		return "audio/ogg", true
	}
	return "application/octet-stream", false
}

// media answers with a stored file, or a part of it. What it is is told by the message
// that it stands in, and believed for the types of shown only.
func (s *Server) media(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	key := archive.MediaKey(r.PathValue("key"))
	stored, ok := snapshot.Media(key)
	if !ok {
		return notFound("this file is not in the archive")
	}
	file, err := snapshot.OpenMediaAt(r.Context(), key)
	if errors.Is(err, archive.ErrUnknownMedia) {
		return notFound("this file is not in the archive")
	}
	if err != nil {
		return err
	}
	q := r.URL.Query()
	kind, inline := shown(strings.ToLower(q.Get("type")))
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("ETag", `"`+stored.SHA256+`"`)
	// Should it ever be opened as a page: one that can do nothing.
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; media-src 'self'")
	if !inline || q.Has("download") {
		h.Set("Content-Disposition", attachment(q.Get("name")))
	}
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(file, 0, file.Size()))
	return nil
}

// attachment is a header that names a download. The name comes from a stranger.
func attachment(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(shortName(name), ". ")
	if name == "" {
		name = "file"
	}
	if header := mime.FormatMediaType("attachment", map[string]string{"filename": name}); header != "" {
		return header
	}
	return "attachment"
}

// shortName keeps the end of a name, where its extension is.
func shortName(name string) string {
	runes := []rune(name)
	if len(runes) > 120 {
		runes = runes[len(runes)-120:]
	}
	return string(runes)
}
