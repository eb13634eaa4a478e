package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"telekeep/archive"
	"telekeep/web/index"
)

const (
	// maxQuery is how many bytes of a question are looked at.
	maxQuery = 1000
	maxHits  = 100
)

// A hitView is one message that was found.
type hitView struct {
	Account archive.PeerID  `json:"account"`
	Chat    archive.PeerID  `json:"chat"`
	ID      int             `json:"id"`
	Topic   int             `json:"topic,omitempty"`
	Date    int64           `json:"date"`
	Sender  archive.PeerID  `json:"sender,omitempty"`
	Kind    archive.Content `json:"kind,omitempty"`
	Part    string          `json:"part,omitempty"` // which part of the message fits
	Deleted bool            `json:"deleted,omitempty"`
	Earlier bool            `json:"earlier,omitempty"` // found in an earlier version
	Version int             `json:"version,omitempty"`
	Snippet []spanView      `json:"snippet"`
}

// A spanView is a piece of a text, and whether it is what was looked for.
type spanView struct {
	Text  string `json:"t"`
	Match bool   `json:"m,omitempty"`
}

type searchView struct {
	Hits  []hitView                   `json:"hits"`
	Next  index.Cursor                `json:"next,omitempty"`
	Total int                         `json:"total"`
	More  bool                        `json:"more,omitempty"` // there are more than total
	Ready bool                        `json:"ready"`          // false: the index still grows, and so may the answer
	Peers map[archive.PeerID]peerView `json:"peers,omitempty"`
}

// search answers with messages that fit, the newest first.
func (s *Server) search(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	if s.options.Index == nil {
		return notFound("there is no search here")
	}
	account, err := accountIn(snapshot, r.URL.Query())
	if err != nil {
		return err
	}
	query, err := queryOf(account, r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.options.Index.Search(r.Context(), query)
	if err != nil {
		return err
	}
	v := searchView{Hits: []hitView{}, Next: page.Next, Total: page.Total, More: page.More, Ready: s.options.Index.Ready()}
	seen := newMentions(snapshot, account)
	for _, hit := range page.Hits {
		v.Hits = append(v.Hits, viewHit(&hit))
		seen.peer(hit.Chat)
		seen.peer(hit.Sender)
	}
	v.Peers = seen.peers
	answer(w, &v)
	return nil
}

func viewHit(hit *index.Hit) hitView {
	v := hitView{
		Account: hit.Account, Chat: hit.Chat, ID: hit.ID, Topic: hit.Topic, Date: hit.Date, Sender: hit.Sender, Kind: hit.Kind, Part: hit.Part.String(),
		Deleted: hit.Deleted, Earlier: hit.Earlier, Version: hit.Version, Snippet: []spanView{},
	}
	for _, span := range hit.Snippet {
		v.Snippet = append(v.Snippet, spanView{span.Text, span.Match})
	}
	return v
}

// queryOf reads what is looked for.
func queryOf(account archive.PeerID, q url.Values) (index.Query, error) {
	query := index.Query{
		Text: strings.ToValidUTF8(q.Get("q"), ""), Account: account, Sender: archive.PeerID(q.Get("sender")),
		Before: index.Cursor(q.Get("before")),
	}
	if len(query.Text) > maxQuery {
		query.Text = strings.ToValidUTF8(query.Text[:maxQuery], "")
	}
	for _, n := range []struct {
		name  string
		value *int64
	}{{"from", &query.From}, {"until", &query.Until}} {
		found, err := number(q, n.name, 0, 0, 1<<40)
		if err != nil {
			return query, err
		}
		*n.value = found
	}
	limit, err := number(q, "limit", 30, 1, maxHits)
	if err != nil {
		return query, err
	}
	query.Limit = int(limit)
	if topic := archive.PeerID(q.Get("topic")); topic.Kind() != "" {
		query.Saved = topic
	} else if n, err := strconv.Atoi(string(topic)); err == nil {
		query.Topic = n
	}
	if chat := archive.PeerID(q.Get("chat")); chat != "" {
		query.Chats = []archive.PeerID{chat}
	}
	if kind := q.Get("kind"); kind != "" {
		query.Kinds = []archive.Content{archive.Content(kind)}
	}
	switch q.Get("deleted") {
	case "only":
		query.Deleted = index.Only
	case "hide":
		query.Deleted = index.Hide
	}
	return query, nil
}
