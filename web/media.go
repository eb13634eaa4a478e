package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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

// escaped is a percent sign that some browsers would undo in a plain filename.
var escaped = regexp.MustCompile(`%([0-9A-Fa-f]{2})`)

// attachment is a header that names a download. The name comes from a stranger: it leads nowhere, shows all that it says, and is
// no option of a program where somebody says *.
func attachment(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return '_'
		}
		return r
	}, name)
	name = escaped.ReplaceAllString(name, "_$1")
	name = strings.TrimLeft(shortName(name), ".- ")
	if name == "" {
		name = "file"
	}
	if header := mime.FormatMediaType("attachment", map[string]string{"filename": name}); header != "" {
		return header
	}
	return "attachment"
}

// maxName is how many bytes a name may have: file systems allow 255, and browsers add to it.
const maxName = 200

// shortName keeps the end of a name, where its extension is.
func shortName(name string) string {
	for len(name) > maxName {
		_, size := utf8.DecodeRuneInString(name)
		name = name[size:]
	}
	return name
}
