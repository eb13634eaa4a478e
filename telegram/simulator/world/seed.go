package world

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gotd/td/tg"
)

// SeedOptions say how a made-up world looks. Zero values mean defaults.
type SeedOptions struct {
	Options
	Seed       uint64
	Chats      int   // default 13: one of every kind
	Messages   int   // over all chats, default 2000
	Kinds      bool  // one chat more, with one message of every kind there is
	MediaBytes int64 // bytes of media over all chats, the same file counted once, about; default 32 MiB, negative: none
}

// The life of a made-up account, in Unix seconds: 1 January 2021 to 30 June
// 2026. It does not depend on the clock, so that the seed alone decides.
const (
	lifeBegins = 1609459200
	lifeEnds   = 1782777600
)

// maxMessages keeps ids within 31 bits.
const maxMessages = 50_000_000

// A town is a made-up account: everything in it is a function of the seed.
type town struct {
	seed   uint64
	w      *World
	self   int64
	people []int64 // those who write, without the account's owner
	chats  []*generated
	common int // number of chats that share one count of ids
	slots  int // positions of the longest of them
	files  *warehouse
}

// FromSeed makes a world that is a function of its options: the same options
// give the same messages and files, byte for byte. Messages and files are made
// when they are asked for.
func FromSeed(o SeedOptions) (*World, error) {
	if o.Chats == 0 {
		o.Chats = len(plans)
	}
	if o.Messages == 0 {
		o.Messages = 2000
	}
	if o.MediaBytes == 0 {
		o.MediaBytes = 32 << 20
	}
	if o.Chats < 0 || o.Messages < 0 || o.Messages > maxMessages {
		return nil, fmt.Errorf("%d chats, %d messages: %w", o.Chats, o.Messages, errSeed)
	}
	t := &town{seed: mix(o.Seed, 's')}
	t.w = newWorld(t.seed, o.Options)
	t.self = t.newID(0)
	t.w.people[t.self] = &person{id: t.self, first: "Robin", last: "Winter", username: "robin_winter", about: "Tea, maps, old bicycles."}
	phone := fmt.Sprintf("99966%d%04d", o.withDefaults().HomeDC, t.seed%10000)
	a := t.w.addAccount(t.self, phone, o.Options)
	t.w.people[t.self].phone = a.Phone
	t.files = newWarehouse(t, o.Messages, o.MediaBytes)
	t.w.generate = t.files.file
	t.w.emoji = t.files.emoji
	t.meet(o.Chats)
	t.found(a, o)
	if int64(t.slots)*int64(t.common) >= 1<<31 {
		return nil, fmt.Errorf("%d chats, %d messages: %w", o.Chats, o.Messages, errSeed)
	}
	if o.Kinds {
		t.exhibit(a)
	}
	t.acquaint(a)
	return t.w, nil
}

var errSeed = errors.New("no world of that size can be made")

// newID makes the id of person n; 0 is the owner of the account.
func (t *town) newID(n int) int64 { return 100_000_000 + int64(n)*7919 + int64(t.seed%7000) }

// A plan is one kind of chat.
type plan struct {
	kind    byte // of the peer
	what    string
	pinned  bool
	folder  int
	place   place
	members int
}

// plans are the kinds of chats, in the order in which they are made. A larger
// account begins again, without a second chat with itself.
var plans = []plan{
	{kind: 'u', what: "friend", pinned: true},
	{kind: 'g', what: "group", members: 5},
	{kind: 'c', what: "group", members: 9, place: place{megagroup: true}},
	{kind: 'c', what: "news", place: place{broadcast: true, signatures: true, username: "x"}},
	{kind: 'u', what: "saved"},
	{kind: 'u', what: "bot"},
	{kind: 'u', what: "friend"},
	{kind: 'c', what: "group", members: 14, place: place{megagroup: true, username: "x"}},
	{kind: 'c', what: "news", place: place{broadcast: true, protected: true}},
	{kind: 'c', what: "forum", members: 8, place: place{megagroup: true, forum: true}},
	{kind: 'u', what: "friend", folder: archive},
	{kind: 'u', what: "deleted"},
	{kind: 'c', what: "group", members: 4, place: place{megagroup: true, left: true}},
}

// found makes the chats. The first have the most messages, as in life.
func (t *town) found(a *account, o SeedOptions) {
	sizes := t.share(o.Chats, o.Messages)
	for c := range o.Chats {
		p := plans[c%len(plans)]
		if c >= len(plans) && p.what == "saved" {
			p.what = "friend"
		}
		t.chats = append(t.chats, t.newChat(c, p, sizes[c]))
	}
	for _, c := range t.chats {
		if c.peer.kind != 'c' {
			c.lane = t.common
			t.common++
			t.slots = max(t.slots, c.positions)
		}
	}
	first := 0
	for _, c := range t.chats {
		c.first = first
		first += c.positions - c.gone()
		chat := newChat(c.peer, c)
		chat.pinned, chat.folder = c.plan.pinned, c.plan.folder
		a.add(chat)
	}
}

// share divides messages among chats: the n-th chat gets about 1/n.
func (t *town) share(chats, messages int) []int {
	out := make([]int, chats)
	total := 0.0
	for c := range out {
		total += 1 / float64(c+2)
	}
	left := messages
	for c := range out {
		out[c] = min(left, max(1, int(float64(messages)/float64(c+2)/total)))
		left -= out[c]
	}
	if chats > 0 {
		out[0] += left
	}
	return out
}

// newChat makes one chat and its other side.
func (t *town) newChat(n int, p plan, size int) *generated {
	c := &generated{town: t, number: n, plan: p, seed: mix(t.seed, 'c', uint64(n)), positions: withGaps(size)}
	switch p.what {
	case "saved":
		c.peer = userPeer(t.self)
	case "friend", "bot", "deleted":
		c.peer = userPeer(t.contact(n, p.what))
	default:
		place := p.place
		place.peer = peer{p.kind, 1_500_000_000 + int64(n)*104729 + int64(t.seed%100000)}
		if p.kind == 'g' {
			place.peer.id -= 1_000_000_000
		}
		place.title, place.about = title(p.what, n), "A made-up chat."
		if place.username != "" {
			place.username = fmt.Sprintf("simulated_%s_%d", p.what, n)
		}
		place.date = lifeBegins
		place.members = t.membersOf(c, p.members)
		place.size = len(place.members)
		if place.broadcast {
			place.size = 100 + int(c.seed%5000)
		}
		place.photo = t.files.portrait(place.peer)
		c.peer = place.peer
		t.w.places[place.peer] = &place
	}
	return c
}

// contact is the other side of the n-th chat.
func (t *town) contact(n int, what string) int64 {
	if what == "friend" {
		return t.people[n%len(t.people)]
	}
	id := t.newID(5000 + n)
	who := &person{id: id}
	switch what {
	case "bot":
		who.first, who.username, who.bot = title("bot", n), fmt.Sprintf("simulated_%d_bot", n), true
	case "deleted":
		who.deleted = true
	}
	t.w.people[id] = who
	return id
}

// membersOf picks who is in a group: its owner first.
func (t *town) membersOf(c *generated, n int) []int64 {
	out := []int64{t.self}
	for i := range n - 1 {
		id := t.people[(c.number*3+i)%len(t.people)]
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// meet makes the people: more of them in a larger account.
func (t *town) meet(chats int) {
	for n := range max(16, chats) {
		id := t.newID(n + 1)
		first, last := fullName(n)
		t.people = append(t.people, id)
		t.w.people[id] = &person{
			id: id, first: first, last: last, phone: fmt.Sprintf("99966%06d", (t.seed+uint64(n)*37)%1_000_000),
			contact: n%3 != 2, photo: t.files.portrait(userPeer(id)),
		}
	}
}

// acquaint makes the contact list, the rating and the profile pictures.
func (t *town) acquaint(a *account) {
	var rating []tg.TopPeer
	for i, id := range t.people {
		p := t.w.people[id]
		if !p.contact {
			continue
		}
		a.contacts = append(a.contacts, id)
		a.saved = append(a.saved, tg.SavedPhoneContact{Phone: p.phone, FirstName: p.first, LastName: p.last, Date: lifeBegins + i})
		if len(rating) < 10 {
			rating = append(rating, tg.TopPeer{Peer: userPeer(id).tl(), Rating: 1 / float64(i+2)})
		}
	}
	a.frequent = []tg.TopPeerCategoryPeers{{Category: &tg.TopPeerCategoryCorrespondents{}, Count: len(rating), Peers: rating}}
	for i := range 2 {
		a.pictures = append(a.pictures, t.files.profilePicture(i))
	}
	t.w.people[t.self].photo = a.pictures[0].file
	t.possess(a)
}
