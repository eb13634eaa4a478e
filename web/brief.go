package web

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"telekeep/archive"
)

const (
	// previewLength is how many bytes of a text a preview has at most.
	previewLength = 160
	// maxPreviews is how many chats one request may ask previews of.
	maxPreviews = 64
)

// A briefView is a message in one line.
type briefView struct {
	ID      int              `json:"id"`
	From    archive.PeerID   `json:"from,omitempty"`
	Out     bool             `json:"out,omitempty"`
	Date    int64            `json:"date"`
	Text    string           `json:"text,omitempty"`
	Kind    string           `json:"kind,omitempty"`   // of what it carries
	Detail  string           `json:"detail,omitempty"` // a file's name, a sticker's emoji, a poll's question
	Action  *archive.Action  `json:"action,omitempty"`
	Thumb   archive.MediaKey `json:"thumb,omitempty"`
	Deleted bool             `json:"deleted,omitempty"`
}

func briefOf(m *archive.StoredMessage) *briefView {
	b := &briefView{
		ID: m.ID, From: m.From, Out: m.Out, Date: m.Date, Text: shorten(m.Text.Text, previewLength), Action: m.Action, Deleted: m.Deleted,
	}
	if m.Text.Text == "" && m.Rich != nil {
		b.Text = shorten(m.Rich.Text, previewLength)
	}
	if m.Media != nil {
		b.Kind, b.Detail = kindOf(m.Media)
		if m.Media.Kind == archive.MediaKindPhoto && m.Media.File != nil {
			b.Thumb = m.Media.File.Key
		} else if m.Media.Thumb != nil {
			b.Thumb = m.Media.Thumb.Key
		}
	}
	return b
}

// kindOf names what media is in the pages' words, and what is to be said of it.
func kindOf(m *archive.Media) (kind, detail string) {
	switch {
	case m.Kind == archive.MediaKindDocument:
		return documentKind(m)
	case m.Poll != nil:
		return m.Kind, shorten(m.Poll.Question.Text, previewLength)
	case m.Todo != nil:
		return m.Kind, shorten(m.Todo.Title.Text, previewLength)
	case m.Place != nil:
		return m.Kind, shorten(m.Place.Title, previewLength)
	case m.Contact != nil:
		return m.Kind, shorten(strings.TrimSpace(m.Contact.FirstName+" "+m.Contact.LastName), previewLength)
	case m.Game != nil:
		return m.Kind, shorten(m.Game.Title, previewLength)
	case m.Invoice != nil:
		return m.Kind, shorten(m.Invoice.Title, previewLength)
	case m.Kind == archive.MediaKindDice:
		return m.Kind, m.Emoji
	}
	return m.Kind, ""
}

func documentKind(m *archive.Media) (kind, detail string) {
	switch {
	case m.Sticker:
		return "sticker", m.StickerEmoji
	case m.RoundVideo:
		return "round", ""
	case m.Voice:
		return "voice", ""
	case m.Animation:
		return "animation", ""
	case m.Video:
		return "video", ""
	case m.Audio:
		return "audio", shorten(strings.Trim(m.Performer+" – "+m.SongTitle, " –"), previewLength)
	case m.File != nil:
		return "file", shorten(m.File.Name, previewLength)
	}
	return "file", ""
}

// shorten cuts a text to some bytes, between two characters.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}

// previews answers with the newest message of some chats.
func (s *Server) previews(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	account, err := accountIn(snapshot, q)
	if err != nil {
		return err
	}
	chats := strings.Split(q.Get("chats"), ",")
	if len(chats) > maxPreviews {
		return badRequest("too many chats at once")
	}
	seen := newMentions(snapshot, account)
	found := make(map[string]*briefView)
	for _, chat := range chats {
		t := snapshot.Timeline(account, archive.PeerID(chat))
		if t.Len() == 0 {
			continue
		}
		for m, err := range t.Read(r.Context(), t.Len()-1) {
			if err == nil {
				found[chat] = briefOf(m)
				seen.take(&archive.Message{From: m.From, Action: m.Action})
			}
		}
	}
	answer(w, map[string]any{"previews": found, "peers": seen.peers})
	return nil
}
