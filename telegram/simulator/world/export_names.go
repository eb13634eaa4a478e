package world

import (
	"sort"
	"strings"

	"telekeep/internal/resultjson"
)

// A nameBook knows who has which name. An export gives ids for some names, and
// for others the name alone.
type nameBook struct {
	names  map[resultjson.Peer]*resultjson.Name
	bots   map[int64]string // user id: username a game link gives
	byName map[string]peer
	byUser map[string]peer  // by username
	madeUp map[string]int64 // users of whom only the name is known; "" is the deleted one
	taken  map[int64]bool
}

func newNameBook() *nameBook {
	return &nameBook{
		names: map[resultjson.Peer]*resultjson.Name{}, bots: map[int64]string{},
		byName: map[string]peer{}, byUser: map[string]peer{}, madeUp: map[string]int64{}, taken: map[int64]bool{},
	}
}

// learn notes the name of a peer. A real name wins over null.
func (b *nameBook) learn(p peer, n *resultjson.Name) {
	key := resultjson.Peer(p.String())
	old := b.names[key]
	switch {
	case n == nil && old == nil:
		b.names[key] = &resultjson.Name{Null: true}
	case n != nil && (old == nil || old.Null):
		b.names[key] = n
	}
	b.taken[p.id] = true
}

func (b *nameBook) pair(id resultjson.Peer, n *resultjson.Name) {
	if p, err := parsePeer(string(id)); err == nil {
		b.learn(p, n)
	}
}

// message notes everyone a message names with an id.
func (b *nameBook) message(m *resultjson.Message) {
	b.pair(m.FromID, m.From)
	b.pair(m.ActorID, m.Actor)
	b.pair(m.ForwardedFromID, m.ForwardedFrom)
	b.pair(m.ToID, m.To)
	b.pair(m.PeerID, m.PeerName)
	b.pair(m.BoostPeerID, m.BoostPeerName)
	for _, r := range m.Reactions {
		for _, one := range r.Recent {
			b.pair(one.FromID, one.From)
		}
	}
	for _, p := range m.Text {
		if p.UserID > 0 {
			b.taken[p.UserID] = true
		}
	}
	if bot, _, ok := gameLink(m.GameLink); ok {
		if p, err := parsePeer(string(m.FromID)); err == nil && p.kind == 'u' && m.ViaBot == "" {
			b.bots[p.id] = bot
		}
	}
}

// gameLink takes https://t.me/bot?game=name apart.
func gameLink(link string) (bot, game string, ok bool) {
	path, game, ok := strings.Cut(link, "?game=")
	return path[strings.LastIndexByte(path, '/')+1:], game, ok && path != ""
}

// people makes everyone the book knows.
func (b *nameBook) people(im *importer) {
	keys := make([]string, 0, len(b.names))
	for key := range b.names {
		keys = append(keys, string(key))
	}
	sort.Strings(keys)
	for _, key := range keys {
		p, err := parsePeer(key)
		if err != nil {
			continue
		}
		b.person(im, p, b.names[resultjson.Peer(key)])
	}
	for id, name := range b.bots {
		if bot := im.w.people[id]; bot != nil {
			bot.bot, bot.username = true, name
			b.byUser[name] = userPeer(id)
		}
	}
	if me := im.w.people[im.self]; me.username != "" {
		b.byUser[me.username] = userPeer(im.self)
	}
}

// person makes one user, group or channel if it is not there yet.
func (b *nameBook) person(im *importer, p peer, n *resultjson.Name) {
	if !n.Null && n.Text != "" {
		if _, ok := b.byName[n.Text]; !ok || p.kind == 'u' && b.byName[n.Text].kind != 'u' {
			b.byName[n.Text] = p
		}
	}
	if p.kind != 'u' {
		if im.w.places[p] == nil && im.w.places[channelPeer(p.id)] == nil {
			im.w.places[p] = &place{peer: p, title: n.Text, broadcast: p.kind == 'c', left: true, date: 1}
		}
		return
	}
	who := im.w.people[p.id]
	if who == nil {
		who = &person{id: p.id}
		im.w.people[p.id] = who
	}
	switch {
	case p.id == im.self && (n.Null || who.first != nobody):
	case n.Null:
		who.deleted, who.first = true, ""
	default:
		who.first = n.Text
	}
}

// newID makes up an id for somebody of whom only a name is known.
func (b *nameBook) newID(name string) int64 {
	id := int64(6_000_000_000 + mixText(1, name)%1_000_000_000)
	for b.taken[id] {
		id++
	}
	b.taken[id] = true
	return id
}

// user finds the user of a name, or makes one up. Null is a deleted account.
func (im *importer) user(n *resultjson.Name) int64 {
	name := nameText(n)
	if p, ok := im.book.byName[name]; ok && p.kind == 'u' {
		return p.id
	}
	if id, ok := im.book.madeUp[name]; ok {
		return id
	}
	id := im.book.newID(name)
	im.book.madeUp[name] = id
	im.w.people[id] = &person{id: id, first: name, deleted: name == ""}
	return id
}

// deletedUser is the user behind every null without an id.
func (im *importer) deletedUser() int64 { return im.user(nil) }

// named finds the peer of a name, whatever it is, or makes up a user.
func (im *importer) named(n *resultjson.Name) peer {
	if p, ok := im.book.byName[nameText(n)]; ok {
		return p
	}
	return userPeer(im.user(n))
}

// bot finds the bot of a username, or makes one up.
func (im *importer) bot(username string) int64 {
	username = trimAt(username)
	if p, ok := im.book.byUser[username]; ok {
		return p.id
	}
	for id, p := range im.w.people {
		if p.username != "" && strings.EqualFold(p.username, username) {
			return id
		}
	}
	id := im.book.newID("bot:" + username)
	im.w.people[id] = &person{id: id, first: username, username: username, bot: true}
	im.book.byUser[username] = userPeer(id)
	return id
}

// peer reads an id of the export; a place it does not know yet is made.
func (im *importer) peer(id resultjson.Peer) peer {
	p, err := parsePeer(string(id))
	if err != nil {
		return peer{}
	}
	if p.kind == 'g' && im.w.places[p] == nil && im.w.places[channelPeer(p.id)] != nil {
		return channelPeer(p.id) // a group that is served as a supergroup
	}
	if p.kind != 'u' && im.w.places[p] == nil {
		im.w.places[p] = &place{peer: p, broadcast: p.kind == 'c', left: true, date: 1}
	}
	return p
}

// nameText is the text of a name; "" for null and for none.
func nameText(n *resultjson.Name) string {
	if n == nil {
		return ""
	}
	return n.Text
}
