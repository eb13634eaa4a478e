package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"telekeep/archive"
	"telekeep/web/index"
)

// keptTopics is how many chats are remembered that were sorted by topic: 4 bytes for each message.
const keptTopics = 4

// A topic is the messages of one topic of a chat.
type topic struct {
	positions []int32 // in the chat's timeline, ascending
}

func (t *topic) place(position int) int {
	place, _ := slices.BinarySearch(t.positions, int32(position))
	return place
}

// A topicCache remembers chats that were sorted by topic.
type topicCache struct {
	mu    sync.Mutex
	chats []*sortedChat // the latest used last
}

type sortedChat struct {
	snapshot      *archive.Snapshot // whose positions these are
	account, chat archive.PeerID
	once          sync.Once
	topics        map[string]*topic
	err           error
}

func (c *topicCache) get(a *asked) *sortedChat {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.chats, func(s *sortedChat) bool {
		return s.snapshot == a.snapshot && s.account == a.account && s.chat == a.chat
	})
	found := &sortedChat{snapshot: a.snapshot, account: a.account, chat: a.chat}
	if i >= 0 {
		found = c.chats[i]
		c.chats = slices.Delete(c.chats, i, i+1)
	}
	c.chats = append(c.chats, found)
	if len(c.chats) > keptTopics {
		c.chats = slices.Delete(c.chats, 0, 1)
	}
	return found
}

// clear forgets all, when another archive is shown.
func (c *topicCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chats = nil
}

func (c *topicCache) drop(s *sortedChat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chats = slices.DeleteFunc(c.chats, func(other *sortedChat) bool { return other == s })
}

// topicsOf sorts the messages of a chat by topic, once. As long as there is no index it reads
// all of them for that.
func (s *Server) topicsOf(ctx context.Context, a *asked) (map[string]*topic, error) {
	c := s.topics.get(a)
	c.once.Do(func() {
		if ix := s.options.Index; ix != nil && ix.Ready() {
			c.topics, c.err = indexedTopics(ctx, ix, a)
		} else {
			c.topics, c.err = sortByTopic(ctx, a)
		}
	})
	if c.err != nil {
		s.topics.drop(c) // it was the one who asked that ended it; the next may try again
	}
	return c.topics, c.err
}

func indexedTopics(ctx context.Context, ix *index.Index, a *asked) (map[string]*topic, error) {
	ids, err := ix.Topics(ctx, a.account, a.chat)
	if err != nil {
		return nil, err
	}
	topics := make(map[string]*topic)
	for name, list := range ids {
		t := &topic{}
		for _, id := range list {
			if position, found := a.timeline.Find(id); found {
				t.positions = append(t.positions, int32(position)) //nolint:gosec // a timeline has 32-bit ids
			}
		}
		if len(t.positions) > 0 {
			topics[name] = t
		}
	}
	return topics, nil
}

func sortByTopic(ctx context.Context, a *asked) (map[string]*topic, error) {
	topics := make(map[string]*topic)
	all := make([]int, a.timeline.Len())
	for i := range all {
		all[i] = i
	}
	position := -1
	for m, err := range a.timeline.Read(ctx, all...) {
		position++
		if err != nil {
			continue // it is shown among all messages, where the topic does not matter
		}
		name := topicOf(m.Message, a.account == a.chat)
		if topics[name] == nil {
			topics[name] = &topic{}
		}
		topics[name].positions = append(topics[name].positions, int32(position))
	}
	return topics, ctx.Err()
}

// topicOf names the topic of a message: the id of the message that began it, or, in the saved
// messages and in direct messages of a channel, a peer.
func topicOf(m *archive.Message, saved bool) string {
	if m.SavedPeer != "" || saved {
		return string(m.SavedPeer)
	}
	if m.Action != nil && m.Action.Type == "topic_created" {
		return strconv.Itoa(m.ID)
	}
	return strconv.Itoa(max(m.Topic, 1))
}

// inTopic narrows what is asked for to the topic that the query names, if it does.
func (s *Server) inTopic(ctx context.Context, a *asked, q url.Values) error {
	if !q.Has("topic") {
		return nil
	}
	topics, err := s.topicsOf(ctx, a)
	if err != nil {
		return err
	}
	if a.topic = topics[q.Get("topic")]; a.topic == nil {
		a.topic = &topic{}
	}
	return nil
}

type topicView struct {
	ID       string    `json:"id"`
	Title    string    `json:"title,omitempty"`
	Peer     *peerView `json:"peer,omitempty"`
	Color    int       `json:"color,omitempty"`
	Messages int       `json:"messages"`
	Last     int       `json:"last"` // position of the newest message
	Closed   bool      `json:"closed,omitempty"`
	Hidden   bool      `json:"hidden,omitempty"`
	Pinned   bool      `json:"pinned,omitempty"`
}

// topicList lists the topics of a chat, those with the newest messages first.
func (s *Server) topicList(snapshot *archive.Snapshot, w http.ResponseWriter, r *http.Request) error {
	a, err := s.ask(snapshot, r.URL.Query())
	if err != nil {
		return err
	}
	sorted, err := s.topicsOf(r.Context(), a)
	if err != nil {
		return err
	}
	known := make(map[string]*archive.Topic)
	for _, item := range snapshot.Items(a.account, archive.KindTopic) {
		if id, ok := strings.CutPrefix(item.Item, string(a.chat)+"/"); ok && item.Topic != nil {
			known[id] = item.Topic
		}
	}
	views := []topicView{}
	for id, t := range sorted {
		v := topicView{ID: id, Messages: len(t.positions), Last: int(t.positions[len(t.positions)-1])}
		if k := known[id]; k != nil {
			v.Title, v.Color, v.Closed, v.Hidden, v.Pinned = k.Title, k.Color, k.Closed, k.Hidden, k.Pinned
		}
		if peer := archive.PeerID(id); peer.Kind() != "" {
			view := viewPeer(snapshot, a.account, peer)
			v.Peer = &view
		}
		views = append(views, v)
	}
	slices.SortFunc(views, func(x, y topicView) int {
		if x.Pinned != y.Pinned {
			if x.Pinned {
				return -1
			}
			return 1
		}
		return y.Last - x.Last
	})
	answer(w, map[string]any{"topics": views})
	return nil
}
