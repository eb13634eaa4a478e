package world

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// A guest asks a world as the protocol layer would: requests and answers go
// through their bytes.
type guest struct {
	t       testing.TB
	w       *World
	methods map[uint32]Method
	call    Call
}

func visit(t testing.TB, w *World) *guest {
	return &guest{t: t, w: w, methods: w.Methods(), call: Call{DC: 2, User: w.Accounts()[0].UserID, Session: 1, Layer: tg.Layer}}
}

// raw asks and returns the bytes of the answer.
func (g *guest) raw(request bin.Encoder) (*bin.Buffer, error) {
	g.t.Helper()
	var in, out bin.Buffer
	if err := request.Encode(&in); err != nil {
		g.t.Fatal(err)
	}
	id, err := in.PeekID()
	if err != nil {
		g.t.Fatal(err)
	}
	method := g.methods[id]
	if method == nil {
		g.t.Fatalf("no method for %T", request)
	}
	call := g.call
	answer, err := method(context.Background(), &call, &in)
	if err != nil {
		return nil, err
	}
	if err := answer.Encode(&out); err != nil {
		g.t.Fatalf("%T: the answer cannot be encoded: %v", request, err)
	}
	return &out, nil
}

// ask asks and decodes the answer.
func ask[T any](g *guest, request bin.Encoder, decode func(*bin.Buffer) (T, error)) T {
	g.t.Helper()
	out, err := g.raw(request)
	if err != nil {
		g.t.Fatalf("%T: %v", request, err)
	}
	v, err := decode(out)
	if err != nil {
		g.t.Fatalf("%T: the answer cannot be decoded: %v", request, err)
	}
	return v
}

// into decodes answers that are structs.
func into[T any, P interface {
	*T
	bin.Decoder
}](b *bin.Buffer) (P, error) {
	v := P(new(T))
	return v, v.Decode(b)
}

// refused asks and wants an error of that type.
func (g *guest) refused(request bin.Encoder, want string) {
	g.t.Helper()
	_, err := g.raw(request)
	var e *tgerr.Error
	if !errors.As(err, &e) || e.Message != want {
		g.t.Errorf("%T: %v, want %s", request, err, want)
	}
}

// messages is what every answer with messages comes down to.
type messages struct {
	list  []tg.MessageClass
	users map[int64]*tg.User
	chats map[int64]tg.ChatClass
	count int
	pts   int
}

func (g *guest) messages(request bin.Encoder) messages {
	g.t.Helper()
	answer := ask(g, request, tg.DecodeMessagesMessages)
	m := messages{users: map[int64]*tg.User{}, chats: map[int64]tg.ChatClass{}}
	var users []tg.UserClass
	var chats []tg.ChatClass
	switch a := answer.(type) {
	case *tg.MessagesMessages:
		m.list, users, chats, m.count = a.Messages, a.Users, a.Chats, len(a.Messages)
	case *tg.MessagesMessagesSlice:
		m.list, users, chats, m.count = a.Messages, a.Users, a.Chats, a.Count
	case *tg.MessagesChannelMessages:
		m.list, users, chats, m.count, m.pts = a.Messages, a.Users, a.Chats, a.Count, a.Pts
	default:
		g.t.Fatalf("%T", answer)
	}
	for _, u := range users {
		if u, ok := u.(*tg.User); ok {
			m.users[u.ID] = u
		}
	}
	for _, c := range chats {
		m.chats[c.GetID()] = c
	}
	return m
}

// input is how a client names a peer it knows.
func (g *guest) input(p peer) tg.InputPeerClass {
	switch p.kind {
	case 'u':
		return &tg.InputPeerUser{UserID: p.id, AccessHash: g.w.accessHash(p)}
	case 'g':
		return &tg.InputPeerChat{ChatID: p.id}
	}
	return &tg.InputPeerChannel{ChannelID: p.id, AccessHash: g.w.accessHash(p)}
}

func (g *guest) channel(p peer) *tg.InputChannel {
	return &tg.InputChannel{ChannelID: p.id, AccessHash: g.w.accessHash(p)}
}

// history pages through a whole chat, newest first, as a client should: until
// nothing is left, not until a page is short.
func (g *guest) history(p peer) messages {
	g.t.Helper()
	all := messages{users: map[int64]*tg.User{}, chats: map[int64]tg.ChatClass{}}
	offset := 0
	for {
		page := g.messages(g.historyRequest(p, offset))
		for id, u := range page.users {
			all.users[id] = u
		}
		for id, c := range page.chats {
			all.chats[id] = c
		}
		all.count, all.pts = page.count, page.pts
		if len(page.list) == 0 {
			return all
		}
		all.list = append(all.list, page.list...)
		next := page.list[len(page.list)-1].GetID()
		if offset != 0 && next >= offset {
			g.t.Fatalf("history of %s goes back from %d to %d", p, offset, next)
		}
		offset = next
	}
}

// historyRequest asks for a page of a chat; of a private one that was left, for
// the account's own messages, as Telegram Desktop does.
func (g *guest) historyRequest(p peer, offset int) bin.Encoder {
	if place := g.w.places[p]; place == nil || !place.left || p.kind != 'c' || place.username != "" {
		return &tg.MessagesGetHistoryRequest{Peer: g.input(p), OffsetID: offset, Limit: 100}
	}
	r := &tg.MessagesSearchRequest{Peer: g.input(p), Filter: &tg.InputMessagesFilterEmpty{}, OffsetID: offset, Limit: 100}
	r.SetFromID(&tg.InputPeerSelf{})
	return r
}

// clock is a fixed time that tests move.
type clock struct{ now time.Time }

func newClock() *clock                   { return &clock{time.Unix(1_800_000_000, 0)} }
func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }
func (c *clock) options() Options        { return Options{Now: c.Now, Location: time.UTC} }

// bin4 is a buffer over a copy.
func bin4(b []byte) *bin.Buffer { return &bin.Buffer{Buf: append([]byte(nil), b...)} }
