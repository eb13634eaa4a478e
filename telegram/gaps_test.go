package telegram

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// A modelChat is a chat at a server, and what its gap map must say.
type modelChat struct {
	history fakeHistory
	there   map[int]bool // ids the server has
	stored  map[int]bool // ids that were archived
	deleted map[int]bool // ids the server said are deleted
	asked   map[int]bool // ids that the server was asked for with success
	fails   int          // after so many pages the server refuses; -1: never
	refusal string
}

func (m *modelChat) answer(in any) (bin.Encoder, error) {
	if m.fails == 0 {
		return nil, rpcError(400, m.refusal)
	}
	m.fails--
	m.history.ids = nil
	for id := range m.there {
		m.history.ids = append(m.history.ids, id)
	}
	slices.Sort(m.history.ids)
	return m.history.answer(in)
}

func (m *modelChat) top() int {
	top := 0
	for id := range m.there {
		top = max(top, id)
	}
	return top
}

// Whatever happens to a chat - new messages, edits, deletions told and untold,
// pages that fail, rules that leave it out and let it in again - its gap map has
// every id from 1 to the newest exactly once, and in the right class.
func TestGapsAgainstModel(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { modelRun(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func modelRun(t *testing.T, random *rand.Rand) {
	m := &modelChat{there: map[int]bool{}, stored: map[int]bool{}, deleted: map[int]bool{}, asked: map[int]bool{}, fails: -1}
	m.history.slice = random.IntN(2) == 0
	kind := archive.PeerID([]string{"user7", "channel7"}[random.IntN(2)])
	a, newest := newFakeArchive(), 0
	for range 2 + random.IntN(6) {
		for range random.IntN(400) { // new messages, some ids go to other chats
			newest += 1 + random.IntN(2)*random.IntN(5)
			m.there[newest] = true
		}
		if newest == 0 {
			newest, m.there[1] = 1, true
		}
		var gone []int
		for id := range m.there {
			if id != newest && random.IntN(20) == 0 {
				delete(m.there, id)
				if random.IntN(2) == 0 {
					gone = append(gone, id)
				}
			}
		}
		m.fails, m.refusal = -1, ""
		if random.IntN(3) == 0 {
			m.fails, m.refusal = random.IntN(4), []string{"CHANNEL_PRIVATE", "MSG_ID_INVALID"}[random.IntN(2)]
		}
		m.sync(t, a, kind, gone, random.IntN(4) == 0)
	}
}

// sync is one sync of the model's chat with what a sync does with it, and the
// comparison.
func (m *modelChat) sync(t *testing.T, a *fakeArchive, id archive.PeerID, gone []int, excluded bool) {
	t.Helper()
	r := newFakeRun(t, newFakeServer(m.answer), a)
	r.privacyMute = true
	c := fakeChat(m.top())
	c.id, c.peer.ID, c.included = id, id, !excluded
	if id.Kind() == archive.PeerChannel {
		c.input, c.source = &tg.InputPeerChannel{ChannelID: 7}, &tg.Channel{ID: 7, Photo: &tg.ChatPhotoEmpty{}}
	}
	r.chats[id], r.order = c, []*chat{c}
	_, err := load(a, chatKey(r.account, id), &c.state)
	var b batch
	if err == nil {
		err = r.noteList(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	told := id
	if id.Kind() != archive.PeerChannel {
		told = ""
	}
	known, err := r.known(told)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.deletion(&b, told, gone); err != nil {
		t.Fatal(err)
	}
	for _, id := range gone {
		m.deleted[id] = m.deleted[id] || known.has(id)
	}
	if err := r.apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	pages, refused := m.fails, ""
	if !excluded {
		failure := r.chat(t.Context(), c)
		var b batch
		if err := r.noteFailure(&b, c, failure); err != nil {
			t.Fatal(err)
		}
		if err := r.apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if failure != nil {
			refused = m.refusal
		} else if pages >= 0 && m.fails < 0 {
			t.Fatal("the model is wrong about failures")
		}
		for _, id := range a.ids(id) {
			m.stored[id] = true
		}
		for _, s := range c.state.Covered {
			for id := s[0]; id <= min(s[1], c.dialog.TopMessage); id++ {
				m.asked[id] = true
			}
		}
	}
	if err := r.apply(t.Context(), r.aside.take()); err != nil {
		t.Fatal(err)
	}
	m.check(t, a, c, refused)
}

// class is what the gap map must say of an id.
func (m *modelChat) class(id int, c *chat, refused string) GapClass {
	switch {
	case m.stored[id] && m.deleted[id]:
		return GapDeleted
	case m.stored[id]:
		return GapStored
	case m.asked[id]:
		return GapNotThere
	case !c.included:
		return GapExcluded
	case refused == "CHANNEL_PRIVATE":
		return GapRefused
	}
	return GapPending
}

func (m *modelChat) check(t *testing.T, a *fakeArchive, c *chat, refused string) {
	t.Helper()
	gaps, err := Gaps(a, testAccount, GapOptions{All: true})
	if err != nil || len(gaps.Chats) != 1 {
		t.Fatalf("gaps %+v, error %v", gaps, err)
	}
	got, next, ids := gaps.Chats[0], 1, map[GapClass]int{}
	for _, g := range got.Ranges {
		if g.From != next || g.To < g.From {
			t.Fatalf("range %+v does not follow %d", g, next-1)
		}
		for id := g.From; id <= g.To; id++ {
			if want := m.class(id, c, refused); g.Class != want && !(g.Reason == "deleted" && m.deleted[id] && !m.stored[id]) {
				t.Fatalf("id %d is %s (%s), want %s", id, g.Class, g.Reason, want)
			}
		}
		ids[g.Class] += g.ids()
		next = g.To + 1
	}
	if got.Top != next-1 || got.Top < c.dialog.TopMessage {
		t.Fatalf("the ranges end at %d, the newest is %d (or %d)", next-1, got.Top, c.dialog.TopMessage)
	}
	for class, n := range got.IDs {
		if ids[class] != n {
			t.Fatalf("%d ids are %s, the ranges have %d", n, class, ids[class])
		}
	}
}
