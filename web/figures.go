package web

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"telekeep/archive"
	"telekeep/web/index"
)

// A dayView is how many messages there are of one day.
type dayView struct {
	Day      string `json:"day"` // 2006-01-02
	Messages int    `json:"messages"`
}

// A storeView is what one kind of files of a chat takes.
type storeView struct {
	Chat  archive.PeerID  `json:"chat"`
	Kind  archive.Content `json:"kind"`
	Files int             `json:"files"`
	Bytes int64           `json:"bytes"`
}

// A savedView says what it saves that a file is stored once.
type savedView struct {
	Shown         int   `json:"shown"` // how often messages show stored files
	ShownBytes    int64 `json:"shown_bytes"`
	Files         int   `json:"files"` // files as Telegram counts them
	Bytes         int64 `json:"bytes"`
	Contents      int   `json:"contents"` // files that differ
	ContentsBytes int64 `json:"contents_bytes"`
}

type figuresView struct {
	Ready   bool                        `json:"ready"`
	Days    []dayView                   `json:"days"`
	Storage []storeView                 `json:"storage"`
	Saved   savedView                   `json:"saved"`
	Peers   map[archive.PeerID]peerView `json:"peers"`
}

// figures answers with what the charts show of an account, or of one chat.
func (s *Server) figures(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	if s.options.Index == nil {
		return notFound("there is no index here")
	}
	ctx, q := r.Context(), r.URL.Query()
	account, err := accountIn(snapshot, q)
	if err != nil {
		return err
	}
	ix := s.options.Index
	v := figuresView{Ready: ix.Ready(), Days: []dayView{}, Storage: []storeView{}}
	days, err := ix.Days(ctx, account, archive.PeerID(q.Get("chat")), time.Local)
	if err != nil {
		return err
	}
	v.Days = sumDays(days)
	if q.Get("chat") == "" {
		stores, err := ix.Storage(ctx, account)
		if err != nil {
			return err
		}
		seen := newMentions(snapshot, account)
		for _, one := range stores {
			v.Storage = append(v.Storage, storeView{one.Chat, one.Kind, one.Files, one.Bytes})
			seen.peer(one.Chat)
		}
		v.Peers = seen.peers
		saved, err := ix.Saved(ctx, account)
		if err != nil {
			return err
		}
		v.Saved = savedView(saved)
	}
	answer(w, &v)
	return nil
}

// sumDays adds up the chats of each day, in the order of the days.
func sumDays(days []index.Day) []dayView {
	sums := make(map[string]int)
	for _, d := range days {
		sums[d.Day] += d.Messages
	}
	views := make([]dayView, 0, len(sums))
	for day, n := range sums {
		views = append(views, dayView{day, n})
	}
	slices.SortFunc(views, func(a, b dayView) int { return cmp.Compare(a.Day, b.Day) })
	return views
}

// senders lists who wrote in a chat, those first who wrote most.
func (s *Server) senders(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	if s.options.Index == nil {
		return notFound("there is no index here")
	}
	a, err := s.ask(snapshot, r.URL.Query())
	if err != nil {
		return err
	}
	counts, err := s.options.Index.Senders(r.Context(), a.account, a.chat)
	if err != nil {
		return err
	}
	senders, seen := []archive.PeerID{}, newMentions(snapshot, a.account)
	for _, c := range counts {
		senders = append(senders, c.Peer)
		seen.peer(c.Peer)
	}
	answer(w, map[string]any{"senders": senders, "peers": seen.peers})
	return nil
}
