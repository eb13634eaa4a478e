package export

import (
	"context"
	"path"
	"strings"
	"time"

	"telekeep/archive"
)

// A sink writes a format that takes chats one after the other, each with all of its messages, and
// every file that these name.
type sink interface {
	chat(ctx context.Context, c told) error
	message(ctx context.Context, m *toldMessage) error
	chatEnd() error
	// finish puts what was written in place, after everything else.
	finish(ctx context.Context) error
	// drop clears away what was not put in place; it is called in any case.
	drop()
}

// told is a chat as a sink gets it.
type told struct {
	chat
	kind   archive.ChatType
	name   string
	folder string // its files, with a slash at the end: "chats/Ada/"
}

// toldMessage is a message as a sink gets it.
type toldMessage struct {
	*archive.StoredMessage
	id      int // as it is in an export: those of a group that became a supergroup are shifted
	topic   string
	earlier []*archive.StoredMessage // the oldest first; only with Options.Versions
	files   []toldFile
}

// toldFile is a file that a message names.
type toldFile struct {
	*archive.File
	role   string // what it is in the message, the words of fileRoles
	path   string // below the export's folder; "" if it is not there
	reason string // why it is not: the words of archive.Missing, or "unavailable"
	sha256 string
}

// walk goes through everything that is chosen and hands it to a sink.
func (r *run) walk(ctx context.Context, chats []chat, to sink) error {
	defer to.drop()
	if err := r.folder.namedFolders(chats, r.names); err != nil {
		return err
	}
	for _, c := range chats {
		r.progress.Chat++
		if err := r.walkChat(ctx, c, to); err != nil {
			return err
		}
		r.result.Chats++
	}
	if err := r.folder.flush(); err != nil {
		return err
	}
	return to.finish(ctx)
}

func (r *run) walkChat(ctx context.Context, c chat, to sink) error {
	place := r.folder.head.Folders[c.ID]
	s, err := r.openShelf(place, string(c.ID))
	if err != nil {
		return err
	}
	defer s.close()
	if err := to.chat(ctx, told{chat: c, kind: c.kind(r.names), name: r.names.peer(c.ID), folder: place}); err != nil {
		return err
	}
	if c.before != "" {
		if err := r.walkMessages(ctx, s, c.before, migratedShift, to); err != nil {
			return err
		}
	}
	if err := r.walkMessages(ctx, s, c.ID, 0, to); err != nil {
		return err
	}
	return to.chatEnd()
}

func (r *run) walkMessages(ctx context.Context, s *shelf, id archive.PeerID, shift int, to sink) error {
	return r.each(ctx, id, func(m *archive.StoredMessage) (err error) {
		one := &toldMessage{StoredMessage: m, id: m.ID + shift, topic: r.topic(id, m.Message)}
		if r.options.Versions && m.Versions > 1 {
			if one.earlier, err = r.earlierVersions(ctx, id, m); err != nil {
				return err
			}
		}
		if one.files, err = s.every(ctx, m.Message); err != nil {
			return err
		}
		return to.message(ctx, one)
	})
}

// every places all files that a message names.
func (s *shelf) every(ctx context.Context, m *archive.Message) (files []toldFile, err error) {
	roles := fileRoles(m)
	for _, f := range (&archive.Record{Message: m}).Files() {
		if f.Key == "" {
			continue
		}
		one := toldFile{File: f, role: roles[f]}
		if one.role == "" {
			one.role = "other"
		}
		if one.path, err = s.store(ctx, f.Key, plainPath(f, one.role, m, s.run.zone)); err != nil {
			return nil, err
		}
		s.tell(&one, m.Date)
		files = append(files, one)
	}
	return files, nil
}

// tell says why a file is not there, or what it is; its time becomes the message's.
func (s *shelf) tell(f *toldFile, date int64) {
	if strings.HasPrefix(f.path, "(") {
		f.path, f.reason = "", "unavailable"
		if missing, ok := s.run.source.Missing(f.Key); ok {
			f.reason = missing.Reason
		}
		return
	}
	if media, ok := s.run.source.Media(f.Key); ok {
		f.sha256 = media.SHA256
	}
	if f.Date != 0 {
		date = f.Date
	}
	if date > 0 {
		sent := time.Unix(date, 0)
		_ = s.run.folder.root.Chtimes(f.path, sent, sent) // some file systems cannot, and nothing depends on it
	}
}

// fileRoles says what the files of a message are to it: its own file, a thumbnail, a cover,
// the video of a live photo, what a link preview shows, a picture that a service message tells of.
func fileRoles(m *archive.Message) map[*archive.File]string {
	roles := map[*archive.File]string{}
	of := func(media *archive.Media) {
		roles[media.File], roles[media.Thumb], roles[media.Cover], roles[media.Live] = "file", "thumb", "cover", "live"
		if w := media.Webpage; w != nil {
			roles[w.Photo], roles[w.Document] = "preview", "preview"
		}
	}
	if m.Media != nil {
		of(m.Media)
		for i := range m.Media.Extended {
			of(&m.Media.Extended[i])
		}
	}
	for i := range m.RichMedia {
		of(&m.RichMedia[i])
	}
	if m.Action != nil {
		roles[m.Action.Photo] = "file"
	}
	return roles
}

// plainPath is where a file lies in the folder of its chat: media/2024-05/2024-05-31 18.22.03 photo.jpg.
func plainPath(f *archive.File, role string, m *archive.Message, zone *time.Location) string {
	name := f.Name
	if name == "" {
		kind, _, _ := strings.Cut(string(f.Key), ":")
		name = kind
		if role == "file" && m.Media != nil {
			name = string(m.Media.Content())
		}
		if kind == archive.MediaPhoto || kind == archive.MediaThumb {
			name += ".jpg"
		} else {
			name += extension(f.MIME, ".bin")
		}
	}
	if role == "thumb" {
		name = strings.TrimSuffix(name, ".jpg") + " thumbnail.jpg"
	}
	sent := time.Unix(m.Date, 0).In(zone)
	return path.Join("media", sent.Format("2006-01"), safeName(sent.Format("2006-01-02 15.04.05 ")+name))
}
