package telegram

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// A fakeHistory is the messages of one chat and how oddly a server tells them.
type fakeHistory struct {
	ids    []int        // ascending
	empty  map[int]bool // told as messageEmpty
	short  func() int   // how many messages a page has at most; nil: as asked
	deaf   bool         // min_id is not looked at
	atOff  bool         // the message at the offset is told too
	slice  bool         // told as a slice with a count
	all    bool         // everything is told, whatever is asked for
	edited map[int]int  // dates of edits, by id
	poison map[int]bool // a page with one of them cannot be decoded
}

// garbage is an answer of a later layer.
type garbage struct{}

func (garbage) Encode(b *bin.Buffer) error {
	b.PutID(0xdeadbeef)
	return nil
}

func (h *fakeHistory) answer(in any) (bin.Encoder, error) {
	request := in.(*tg.MessagesGetHistoryRequest)
	limit := request.Limit
	if h.short != nil {
		limit = min(limit, h.short())
	}
	offset := request.OffsetID
	if offset == 0 {
		offset = lastID
	}
	if h.all {
		offset, limit, request = lastID, len(h.ids), &tg.MessagesGetHistoryRequest{}
	}
	var messages []tg.MessageClass
	skip := request.AddOffset
	for _, id := range slices.Backward(h.ids) {
		below := id < offset || h.atOff && id == offset
		if !below || !h.deaf && id <= request.MinID || len(messages) >= limit {
			continue
		}
		if skip--; skip >= 0 {
			continue
		}
		if h.poison[id] {
			return garbage{}, nil
		}
		messages = append(messages, h.message(id))
	}
	if h.slice {
		return &tg.MessagesMessagesSlice{Count: len(h.ids), Messages: messages, Users: []tg.UserClass{}, Chats: []tg.ChatClass{}}, nil
	}
	return &tg.MessagesMessages{Messages: messages, Users: []tg.UserClass{}, Chats: []tg.ChatClass{}}, nil
}

func (h *fakeHistory) message(id int) tg.MessageClass {
	if h.empty[id] {
		return &tg.MessageEmpty{ID: id}
	}
	return &tg.Message{ID: id, Date: 1_600_000_000 + id, EditDate: h.edited[id], PeerID: &tg.PeerUser{UserID: 7}, Message: "x"}
}

// full lists the ids of what is there.
func (h *fakeHistory) full() []int {
	return slices.DeleteFunc(slices.Clone(h.ids), func(id int) bool { return h.empty[id] })
}

func fakeChat(top int) *chat {
	return &chat{
		id: "user7", input: &tg.InputPeerUser{UserID: 7}, included: true,
		peer: &archive.Peer{ID: "user7"}, source: &tg.User{ID: 7},
		dialog: archive.Dialog{Type: archive.ChatPersonal, TopMessage: top},
	}
}

func upTo(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i + 1
	}
	return ids
}

// Pages may be short anywhere, hold only places of deleted messages, overlap, or
// come without regard to min_id: nothing is lost and nothing is taken twice.
func TestHistoryIsComplete(t *testing.T) {
	odd := map[string]*fakeHistory{
		"plain":            {ids: upTo(1000), slice: true},
		"whole":            {ids: upTo(30)},
		"one":              {ids: []int{500}},
		"no first message": {ids: []int{3, 4, 9, 250}},
		"a short page in the middle": {ids: upTo(1000), slice: true, short: func() func() int {
			pages := 0
			return func() int {
				if pages++; pages == 3 {
					return 99
				}
				return 100
			}
		}()},
		"one at a time":               {ids: upTo(40), short: func() int { return 1 }},
		"a page of deleted messages":  {ids: upTo(400), empty: map[int]bool{}},
		"min_id is not looked at":     {ids: upTo(250), deaf: true},
		"the offset is told too":      {ids: upTo(250), atOff: true},
		"the offset, nothing else":    {ids: []int{40}, atOff: true},
		"ids with holes":              {ids: []int{1, 2, 3, 1000, 1001, 50000, 50001, 99999}},
		"everything deleted but one":  {ids: []int{77}, empty: map[int]bool{}},
		"nothing left, top is stale":  {ids: nil},
		"everything, always":          {ids: upTo(250)[2:], all: true},
		"deaf and short and odd ends": {ids: upTo(333), deaf: true, atOff: true, short: func() int { return 7 }},
	}
	for i := 120; i < 260; i++ {
		odd["a page of deleted messages"].empty[i] = true
	}
	for name, h := range odd {
		t.Run(name, func(t *testing.T) {
			a := newFakeArchive()
			r := newFakeRun(t, newFakeServer(h.answer), a)
			top := 77
			if len(h.ids) > 0 {
				top = h.ids[len(h.ids)-1]
			}
			c := fakeChat(top)
			if err := r.chat(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			equal(t, "messages", a.ids(c.id), h.full())
			if gaps := c.state.Covered.gaps(1, top); len(gaps) > 0 {
				t.Fatalf("gaps %v are left", gaps)
			}
		})
	}
}

// A run that is cut off anywhere and goes on with what the archive remembers
// ends with the same messages, each once, whatever arrived in between.
func TestHistoryResumes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		a := newFakeArchive()
		h := &fakeHistory{short: func() int { return 1 + random.IntN(100) }, deaf: random.IntN(2) == 0, atOff: random.IntN(2) == 0}
		next := 1
		for range 4 {
			for range random.IntN(300) {
				next += 1 + random.IntN(3)
				h.ids = append(h.ids, next)
			}
			calls := random.IntN(8) // of this run, before the server fails
			server := newFakeServer(func(in any) (bin.Encoder, error) {
				if calls--; calls < 0 {
					return nil, rpcError(400, "CHANNEL_PRIVATE")
				}
				return h.answer(in)
			})
			_ = syncOne(t, server, a, next)
		}
		if err := syncOne(t, newFakeServer(h.answer), a, next); err != nil {
			t.Fatal(err)
		}
		equal(t, "messages", a.ids("user7"), h.ids)
	}
}

func syncOne(t *testing.T, s *fakeServer, a *fakeArchive, top int) error {
	t.Helper()
	r := newFakeRun(t, s, a)
	c := fakeChat(top)
	if _, err := load(a, chatKey(r.account, c.id), &c.state); err != nil {
		t.Fatal(err)
	}
	return r.chat(t.Context(), c)
}

// An unchanged chat costs no call, and a changed one as few as possible.
func TestHistoryCost(t *testing.T) {
	a := newFakeArchive()
	h := &fakeHistory{ids: upTo(250), slice: true}
	if err := syncOne(t, newFakeServer(h.answer), a, 250); err != nil {
		t.Fatal(err)
	}
	applied := a.applied
	server := newFakeServer(h.answer)
	if err := syncOne(t, server, a, 250); err != nil {
		t.Fatal(err)
	}
	if n := server.count("messages.getHistory"); n != 0 || a.applied != applied {
		t.Fatalf("an unchanged chat took %d calls and %d batches", n, a.applied-applied)
	}
	h.ids = append(h.ids, 251, 252, 253)
	server = newFakeServer(h.answer)
	if err := syncOne(t, server, a, 253); err != nil {
		t.Fatal(err)
	}
	if n := server.count("messages.getHistory"); n != 1 {
		t.Fatalf("three new messages took %d calls, want 1", n)
	}
	equal(t, "messages", a.ids("user7"), h.ids)
}

// A server that sends what was not asked for is not believed: neither for ever,
// nor as the end of the history.
func TestHistoryThatRepeats(t *testing.T) {
	h := &fakeHistory{ids: upTo(300)}
	server := newFakeServer(func(in any) (bin.Encoder, error) {
		in.(*tg.MessagesGetHistoryRequest).OffsetID = 0 // always the newest page
		return h.answer(in)
	})
	a := newFakeArchive()
	if err := syncOne(t, server, a, 300); !errors.Is(err, errRepeats) {
		t.Fatalf("error %v, want %v", err, errRepeats)
	}
	equal(t, "messages", a.ids("user7"), upTo(300)[200:])
}

// A list of chats may leave out which message is the newest.
func TestHistoryOfUnknownTop(t *testing.T) {
	h := &fakeHistory{ids: upTo(150), slice: true}
	a := newFakeArchive()
	for _, ids := range [][]int{nil, upTo(150), append(upTo(150), 160)} {
		h.ids = ids
		if err := syncOne(t, newFakeServer(h.answer), a, 0); err != nil {
			t.Fatal(err)
		}
		equal(t, "messages", a.ids("user7"), h.ids)
	}
}

// A message that this program's layer does not know costs that message and no
// other. It is asked for again by every sync, at a small price.
func TestHistoryAroundTheUnknown(t *testing.T) {
	h := &fakeHistory{ids: upTo(400), slice: true, poison: map[int]bool{1: true, 120: true, 121: true, 333: true, 400: true}}
	a := newFakeArchive()
	if err := syncOne(t, newFakeServer(h.answer), a, 400); !undecodable(err) || ends(err) {
		t.Fatalf("error %v", err)
	}
	known := slices.DeleteFunc(upTo(400), func(id int) bool { return h.poison[id] })
	equal(t, "messages", a.ids("user7"), known)
	server := newFakeServer(h.answer)
	h.ids = append(h.ids, 401) // and a new one
	known = append(known, 401)
	if err := syncOne(t, server, a, 401); !undecodable(err) {
		t.Fatalf("error %v", err)
	}
	equal(t, "messages", a.ids("user7"), known)
	if n := server.count("messages.getHistory"); n > 6*len(h.poison) {
		t.Errorf("%d calls for %d messages", n, len(h.poison))
	}
	h.poison = map[int]bool{333: true}
	if err := syncOne(t, newFakeServer(h.answer), a, 401); !undecodable(err) {
		t.Fatalf("error %v", err)
	}
	h.poison = nil
	if err := syncOne(t, newFakeServer(h.answer), a, 401); err != nil {
		t.Fatal(err)
	}
	equal(t, "messages", a.ids("user7"), h.ids)
}

// When the sync is stopped, the page in hand is kept.
func TestHistoryStops(t *testing.T) {
	h := &fakeHistory{ids: upTo(1000), slice: true}
	ctx, cancel := context.WithCancel(t.Context())
	pages := 0
	server := newFakeServer(func(in any) (bin.Encoder, error) {
		if pages++; pages == 3 {
			cancel()
		}
		return h.answer(in)
	})
	a := newFakeArchive()
	r := newFakeRun(t, server, a)
	c := fakeChat(1000)
	if err := r.chat(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want %v", err, context.Canceled)
	}
	if got := len(a.ids(c.id)); got == 0 || got%100 != 0 {
		t.Fatalf("%d messages are kept, want whole pages", got)
	}
	if err := syncOne(t, newFakeServer(h.answer), a, 1000); err != nil {
		t.Fatal(err)
	}
	equal(t, "messages", a.ids(c.id), h.ids)
}

// A supergroup's first message names the basic group it was; that one is read
// too, to its end and only once.
func TestHistoryFollowsMigration(t *testing.T) {
	group := &fakeHistory{ids: upTo(120), slice: true}
	server := newFakeServer(func(in any) (bin.Encoder, error) {
		request := in.(*tg.MessagesGetHistoryRequest)
		if _, ok := request.Peer.(*tg.InputPeerChat); ok {
			return group.answer(in)
		}
		return &tg.MessagesChannelMessages{Count: 1, Messages: []tg.MessageClass{&tg.MessageService{
			ID: 1, Date: 1_600_000_000, PeerID: &tg.PeerChannel{ChannelID: 9},
			Action: &tg.MessageActionChannelMigrateFrom{Title: "x", ChatID: 5},
		}}, Topics: []tg.ForumTopicClass{}, Users: []tg.UserClass{}, Chats: []tg.ChatClass{}}, nil
	})
	a := newFakeArchive()
	for round, calls := range []int{3, 0} {
		r := newFakeRun(t, server, a)
		super := fakeChat(1)
		super.id, super.input = "channel9", &tg.InputPeerChannel{ChannelID: 9}
		super.peer, super.source = &archive.Peer{ID: "channel9"}, &tg.Channel{ID: 9, Photo: &tg.ChatPhotoEmpty{}}
		if _, err := load(a, chatKey(r.account, super.id), &super.state); err != nil {
			t.Fatal(err)
		}
		before := server.count("messages.getHistory")
		r.order = []*chat{super}
		for i := 0; i < len(r.order); i++ {
			c := r.order[i]
			if _, err := load(a, chatKey(r.account, c.id), &c.state); err != nil {
				t.Fatal(err)
			}
			if err := r.chat(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if old := r.oldGroup(c); old != nil {
				r.order = append(r.order, old)
			}
		}
		if n := server.count("messages.getHistory") - before; n != calls {
			t.Errorf("round %d took %d calls, want %d", round, n, calls)
		}
	}
	equal(t, "messages of the old group", a.ids("chat5"), upTo(120))
}
