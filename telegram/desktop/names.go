package desktop

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// nobody is whom an export names null: a deleted account, or a stranger.
const nobody = archive.PeerID("user0")

// A nameBook gathers what an export tells of people and chats.
type nameBook struct {
	known map[archive.PeerID]*names
	heard []archive.PeerID // whose full name is another than before
}

// names are what one peer is called.
type names struct {
	full     string // as senders are named
	chat     string // over the chat: of a person the first name alone
	first    string // of the address book
	last     string
	phone    string
	username string
	bot      bool
	listed   bool // first and last are told
}

func newNameBook() *nameBook { return &nameBook{known: map[archive.PeerID]*names{}} }

func (b *nameBook) of(id archive.PeerID) *names {
	n := b.known[id]
	if n == nil {
		n = &names{}
		b.known[id] = n
	}
	return n
}

// learn notes what a peer is called.
func (b *nameBook) learn(id archive.PeerID, name *resultjson.Name) {
	if id == "" || id == nobody || name == nil || name.Text == "" {
		return
	}
	if n := b.of(id); n.full != name.Text {
		n.full = name.Text
		b.heard = append(b.heard, id)
	}
}

// named is somebody of whom only the name is told.
func (b *nameBook) named(name *resultjson.Name) archive.PeerID {
	switch {
	case name == nil:
		return ""
	case name.Null || name.Text == "":
		return nobody
	}
	id := madeID(archive.PeerUser, name.Text)
	b.of(id).full = name.Text
	return id
}

// called is somebody of whom only the username is told.
func (b *nameBook) called(username string, bot bool) archive.PeerID {
	username = strings.TrimPrefix(username, "@")
	if username == "" {
		return ""
	}
	id := madeID(archive.PeerUser, "@"+username)
	n := b.of(id)
	n.username, n.bot = username, n.bot || bot
	return id
}

// madeID is the id of whoever has none: negative, and made of the name.
func madeID(kind, name string) archive.PeerID {
	sum := sha256.Sum256([]byte(name))
	return archive.NewPeerID(kind, -1-int64(binary.LittleEndian.Uint64(sum[:8])>>11))
}

// profile is what is known of a peer as a record has it; nil if that is nothing.
func (n *names) profile(id archive.PeerID) *archive.Peer {
	p := &archive.Peer{ID: id, Username: n.username, Phone: n.phone, Bot: n.bot}
	if id.Kind() != archive.PeerUser {
		p.Title = n.full
		if n.chat != "" {
			p.Title = n.chat
		}
	} else {
		p.FirstName, p.LastName = n.split()
	}
	if p.Title+p.FirstName+p.LastName+p.Username == "" {
		return nil
	}
	return p
}

// split tells first and last name apart: by the address book, or by the first name over
// the chat. Otherwise the whole is the first name.
func (n *names) split() (first, last string) {
	joined := strings.TrimSpace(n.first + " " + n.last)
	if n.listed && joined != "" && (n.full == "" || n.full == joined) {
		return n.first, n.last
	}
	if n.full == "" {
		return n.chat, ""
	}
	if rest, ok := strings.CutPrefix(n.full, n.chat+" "); ok && n.chat != "" {
		return n.chat, rest
	}
	return n.full, ""
}

// tellNames gives everything the book has to the archive.
func (im *importer) tellNames() error {
	if err := im.recallNames(); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(im.names.known)) {
		p := im.names.known[id].profile(id)
		if p == nil || id == im.account && im.introduced {
			continue
		}
		r := im.record(archive.KindPeer)
		r.Profile = p
		if err := im.sink.fact("peer/"+string(id), r); err != nil {
			return err
		}
	}
	return nil
}
