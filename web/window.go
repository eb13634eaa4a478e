package web

import (
	"context"
	"net/http"
	"strconv"

	"telekeep/archive"
)

const (
	// maxWindow is how many messages one answer has at most.
	maxWindow = 200
)

// A messageView is one message on its way to the pages, in the archive's own words.
type messageView struct {
	*archive.Message
	Place    int    `json:"place"`           // among those that are shown
	Album    string `json:"album,omitempty"` // a number that JavaScript would round
	Seen     int64  `json:"seen,omitempty"`
	Deleted  bool   `json:"deleted,omitempty"`
	Versions int    `json:"versions,omitempty"` // if there are several
	Lost     bool   `json:"lost,omitempty"`     // it cannot be read
	Imported string `json:"imported,omitempty"` // from what kind of export, if it was not fetched
}

// A windowView is a piece of a timeline with all that it takes to show it.
type windowView struct {
	Total    int                         `json:"total"`
	From     int                         `json:"from"`     // place of the first
	Focus    int                         `json:"focus"`    // the place that was asked for
	Exact    bool                        `json:"exact"`    // the id that was asked for is there
	Messages []messageView               `json:"messages"` // one for each place
	Replies  map[string]*briefView       `json:"replies"`  // by "chat/id"
	Peers    map[archive.PeerID]peerView `json:"peers"`
	Files    map[archive.MediaKey]any    `json:"files"`
}

// window answers with the messages around a place (from), an id, or a date.
func (s *Server) window(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	a, err := s.ask(snapshot, q)
	if err != nil {
		return err
	}
	if err := s.inTopic(r.Context(), a, q); err != nil {
		return err
	}
	count, err := number(q, "count", 60, 1, maxWindow)
	if err != nil {
		return err
	}
	v := &windowView{Total: a.len(), Exact: true}
	switch {
	case q.Has("id"):
		id, err := number(q, "id", 0, 0, 1<<31-1)
		if err != nil {
			return err
		}
		position, found := a.timeline.Find(int(id))
		v.Focus, v.Exact = a.place(position), found
	case q.Has("date"):
		date, err := number(q, "date", 0, 0, 1<<40)
		if err != nil {
			return err
		}
		position, err := a.timeline.FindDate(r.Context(), date)
		if err != nil {
			return err
		}
		v.Focus = a.place(position)
	}
	v.Focus = max(0, min(v.Focus, v.Total-1))
	from := int64(v.Focus) - count/2
	if q.Has("from") {
		if from, err = number(q, "from", 0, -1<<31, 1<<31); err != nil {
			return err
		}
	}
	v.From = int(max(0, min(from, int64(v.Total)-count)))
	s.fill(r.Context(), snapshot, a, v, min(int(count), v.Total-v.From))
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	answer(w, v)
	return nil
}

// fill reads the messages of a window and what they refer to.
func (s *Server) fill(ctx context.Context, snapshot *archive.Snapshot, a *asked, v *windowView, count int) {
	seen := newMentions(snapshot, a.account)
	positions := make([]int, count)
	for i := range positions {
		positions[i] = a.position(v.From + i)
	}
	v.Messages = make([]messageView, 0, count)
	v.Replies = make(map[string]*briefView)
	for m, err := range a.timeline.Read(ctx, positions...) {
		i := len(v.Messages)
		if err != nil {
			lost := &archive.Message{ID: a.timeline.ID(positions[i])}
			v.Messages = append(v.Messages, messageView{Message: lost, Place: v.From + i, Lost: true})
			continue
		}
		v.Messages = append(v.Messages, viewMessage(m, v.From+i))
		seen.take(m.Message)
	}
	for _, m := range v.Messages {
		if r := m.Reply; r != nil && r.MessageID != 0 {
			s.addReply(ctx, snapshot, a, v, r, seen)
		}
	}
	seen.peer(a.chat)
	v.Peers, v.Files = seen.peers, seen.files
}

func viewMessage(m *archive.StoredMessage, place int) messageView {
	v := messageView{Message: m.Message, Place: place, Seen: m.Seen, Deleted: m.Deleted}
	if m.Versions > 1 {
		v.Versions = m.Versions
	}
	if m.Origin != nil {
		v.Imported = m.Origin.From
	}
	if m.Album != 0 {
		v.Album = strconv.FormatInt(m.Album, 10)
	}
	return v
}

// addReply adds what a message answers.
func (s *Server) addReply(ctx context.Context, snapshot *archive.Snapshot, a *asked, v *windowView, r *archive.Reply, seen *mentions) {
	chat, timeline := a.chat, a.timeline
	if r.Peer != "" && r.Peer != a.chat {
		chat = r.Peer
		timeline = snapshot.Timeline(a.account, chat)
	}
	name := string(chat) + "/" + strconv.Itoa(r.MessageID)
	if _, done := v.Replies[name]; done {
		return
	}
	v.Replies[name] = nil
	position, found := timeline.Find(r.MessageID)
	if !found {
		return
	}
	for m, err := range timeline.Read(ctx, position) {
		if err != nil {
			continue
		}
		v.Replies[name] = briefOf(m)
		seen.take(&archive.Message{From: m.From})
	}
}

// dateAt tells the date of the message at a place, for whoever drags the bar.
func (s *Server) dateAt(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	a, err := s.ask(snapshot, q)
	if err != nil {
		return err
	}
	if err := s.inTopic(r.Context(), a, q); err != nil {
		return err
	}
	place, err := number(q, "place", 0, 0, int64(max(0, a.len()-1)))
	if err != nil {
		return err
	}
	var date int64
	if a.len() > 0 {
		for m, err := range a.timeline.Read(r.Context(), a.position(int(place))) {
			if err == nil {
				date = m.Date
			}
		}
	}
	answer(w, map[string]int64{"date": date, "place": place})
	return nil
}

// versions answers with all versions of a message, the oldest first.
func (s *Server) versions(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	a, err := s.ask(snapshot, q)
	if err != nil {
		return err
	}
	id, err := number(q, "id", 0, 0, 1<<31-1)
	if err != nil {
		return err
	}
	all, err := snapshot.Versions(r.Context(), a.account, a.chat, int(id))
	if err != nil {
		return err
	}
	seen := newMentions(snapshot, a.account)
	views := []messageView{}
	for _, m := range all {
		views = append(views, viewMessage(m, 0))
		seen.take(m.Message)
	}
	answer(w, map[string]any{"versions": views, "peers": seen.peers, "files": seen.files})
	return nil
}
