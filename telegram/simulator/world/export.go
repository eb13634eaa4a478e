package world

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/internal/resultjson"
)

// A Warning names something of an export that the world cannot express.
type Warning struct {
	Chat    string // "channel123", "" for the account
	Message int64  // as the export numbers it, 0 for the chat
	Text    string
}

// String gives the warning on one line.
func (w Warning) String() string {
	switch {
	case w.Chat == "":
		return w.Text
	case w.Message == 0:
		return fmt.Sprintf("%s: %s", w.Chat, w.Text)
	}
	return fmt.Sprintf("%s message %d: %s", w.Chat, w.Message, w.Text)
}

// ErrNotFolder is returned where an export folder is no folder.
var ErrNotFolder = errors.New("not a folder")

// FromExport makes a world from the folder of a Telegram Desktop export, of one
// chat or of a whole account: a server from which Telegram Desktop would have
// made that export. What cannot be expressed is returned as warnings, in the
// order of the file. Media are read from the folder when they are asked for.
func FromExport(dir string, o Options) (*World, []Warning, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		return nil, nil, fmt.Errorf("%s: %w", dir, ErrNotFolder)
	}
	im := &importer{dir: dir, options: o.withDefaults()}
	im.book = newNameBook()
	if err := im.survey(); err != nil {
		return nil, nil, err
	}
	im.found()
	if err := im.build(); err != nil {
		return nil, nil, err
	}
	im.finish()
	return im.w, im.warnings, nil
}

// An importer turns an export into a world in two passes: the first learns who
// is who, the second makes messages.
type importer struct {
	dir      string
	options  Options
	account  *resultjson.Account // nil for the export of one chat
	chats    []*surveyed
	book     *nameBook
	self     int64
	w        *World
	a        *account
	emoji    map[int64][]byte // custom emoji documents, as TL bytes
	warnings []Warning
}

// A surveyed chat is what the first pass learned of a chat.
type surveyed struct {
	*resultjson.Chat
	peer     peer
	migrated bool // has messages of the basic group it was made from
	forum    bool
	signed   bool
	oldTitle string
	senders  map[peer]int
}

func (im *importer) resultFile() string { return filepath.Join(im.dir, "result.json") }

func (im *importer) read(v resultjson.Visitor) error {
	account, err := resultjson.ReadFile(im.resultFile(), resultjson.Options{Location: im.options.Location}, v)
	if err == nil {
		im.account = account
	}
	return err
}

// survey is the first pass.
func (im *importer) survey() error {
	var now *surveyed
	return im.read(resultjson.Visitor{
		Chat: func(c *resultjson.Chat) error {
			now = &surveyed{Chat: c, senders: map[peer]int{}}
			im.chats = append(im.chats, now)
			p, err := parsePeer(string(c.Peer()))
			if err != nil {
				return fmt.Errorf("%s:%d: a chat has the id %d", im.resultFile(), c.Line, c.ID)
			}
			now.peer = p
			if c.Name != nil {
				im.book.learn(p, c.Name)
			}
			return nil
		},
		Message: func(_ *resultjson.Chat, m *resultjson.Message) error {
			now.learn(m)
			im.book.message(m)
			return nil
		},
		Note: func(n resultjson.Note) {
			im.warn("", 0, fmt.Sprintf("result.json line %d: %s: %s", n.Line, n.Key, n.Text))
		},
	})
}

func (s *surveyed) learn(m *resultjson.Message) {
	if m.ID < 0 {
		s.migrated = true
	}
	s.signed = s.signed || m.Author != ""
	switch m.Action {
	case "topic_created":
		s.forum = true
	case "migrate_from_group":
		s.oldTitle = m.Title
	}
	if p, err := parsePeer(string(cmp.Or(m.FromID, m.ActorID))); err == nil {
		s.senders[p]++
	}
}

func (im *importer) warn(chat string, message int64, text string) {
	im.warnings = append(im.warnings, Warning{Chat: chat, Message: message, Text: text})
}

// nobody is the name of an account's owner whom the export does not name.
const nobody = "Me"

// found makes the empty world: who owns the account and which chats it has.
func (im *importer) found() {
	im.self = im.findSelf()
	key := mix(uint64(im.self))
	for _, s := range im.chats {
		key = mix(key, uint64(s.peer.kind), uint64(s.peer.id))
	}
	im.w = newWorld(key, im.options)
	im.emoji = map[int64][]byte{}
	phone := fmt.Sprintf("99966%05d", mix(key, 'p')%100000)
	im.w.people[im.self] = &person{id: im.self, first: nobody}
	if im.account != nil && im.account.Personal != nil {
		p := im.account.Personal
		me := im.w.people[im.self]
		me.about, me.username = p.Bio, trimAt(p.Username)
		if p.FirstName != "" || p.LastName != "" {
			me.first, me.last = p.FirstName, p.LastName
		}
		if d := digits(p.Phone); d != "" {
			phone = d
		}
	}
	im.a = im.w.addAccount(im.self, phone, im.options)
	im.w.people[im.self].phone = im.a.Phone
	for _, s := range im.chats {
		im.place(s)
	}
	im.book.people(im)
}

// findSelf says whose account this is. The export of a single chat does not,
// so in a private chat it is whoever wrote beside the other side, and elsewhere
// somebody made up who is a member.
func (im *importer) findSelf() int64 {
	if im.account != nil && im.account.Personal != nil && im.account.Personal.UserID != 0 {
		return im.account.Personal.UserID
	}
	for _, s := range im.chats {
		if s.Type == resultjson.SavedMessages {
			return s.peer.id
		}
	}
	for _, s := range im.chats {
		if s.peer.kind != 'u' {
			continue
		}
		best := peer{}
		for p, n := range s.senders {
			if p.kind == 'u' && p != s.peer && (best.isZero() || n > s.senders[best] || n == s.senders[best] && p.id < best.id) {
				best = p
			}
		}
		if !best.isZero() {
			return best.id
		}
	}
	return im.book.newID("the owner of the account")
}

// place makes the group or channel of a chat, and the group it was made from.
func (im *importer) place(s *surveyed) {
	if s.peer.kind == 'g' && s.migrated {
		im.warn(s.peer.String(), 0, "a basic group cannot hold messages of another group; it is served as a supergroup")
		s.peer.kind = 'c'
	}
	title := ""
	if s.Name != nil {
		title = s.Name.Text
	}
	if s.peer.kind == 'u' {
		im.privateChat(s)
		return
	}
	p := &place{peer: s.peer, title: title, left: s.Left, forum: s.forum, date: 1}
	switch s.Type {
	case resultjson.PublicChannel, resultjson.PrivateChannel:
		p.broadcast, p.signatures = true, s.signed
	default:
		p.megagroup = s.peer.kind == 'c'
	}
	if s.Type == resultjson.PublicChannel || s.Type == resultjson.PublicSupergroup {
		p.username = fmt.Sprintf("public%d", p.id)
	}
	p.members = append(p.members, im.self)
	for sender := range s.senders {
		if sender.kind == 'u' && sender.id != im.self {
			p.members = append(p.members, sender.id)
		}
	}
	slices.Sort(p.members[1:])
	p.size = len(p.members)
	im.w.places[p.peer] = p
	if s.migrated {
		old := groupPeer(int64(mix(im.w.key, uint64(p.id), 'g')%1e9) + 1)
		p.movedFrom = old.id
		im.w.places[old] = &place{
			peer: old, title: cmp.Or(s.oldTitle, p.title, "Group"), movedTo: p.id, members: p.members, size: p.size, date: 1,
		}
	}
}

// The users that only Telegram itself can be.
const (
	repliesID           = 1271266957
	verificationCodesID = 489000
)

// privateChat makes the other side of a private chat.
func (im *importer) privateChat(s *surveyed) {
	id := s.peer.id
	if id == im.self {
		return
	}
	p := im.w.people[id]
	if p == nil {
		p = &person{id: id}
		im.w.people[id] = p
	}
	special := int64(0)
	switch s.Type {
	case resultjson.Replies:
		p.first, p.username, special = "Replies", "replies", repliesID
	case resultjson.VerificationCodes:
		p.first, special = "Verification Codes", verificationCodesID
	case resultjson.BotChat:
		p.bot = true
	case resultjson.SavedMessages:
		im.warn(s.peer.String(), 0, "saved messages of somebody else; served as a private chat")
	}
	if special != 0 && id != special {
		im.warn(s.peer.String(), 0, fmt.Sprintf("a chat of type %s has the id %d on any server", s.Type, special))
	}
}

// build is the second pass.
func (im *importer) build() error {
	next := -1
	var now *chatImport
	err := im.read(resultjson.Visitor{
		Chat: func(*resultjson.Chat) error {
			now.close()
			next++
			now = im.newChat(im.chats[next])
			return nil
		},
		Message: func(_ *resultjson.Chat, m *resultjson.Message) error {
			now.message(m)
			return nil
		},
	})
	now.close()
	return err
}

// finish adds what is not in chats.
func (im *importer) finish() {
	im.w.emoji = func(id int64) tg.DocumentClass {
		if data, ok := im.emoji[id]; ok {
			return decodeDocument(data)
		}
		return nil
	}
	if im.account != nil {
		im.profile()
	}
}

func trimAt(username string) string {
	if username != "" && username[0] == '@' {
		return username[1:]
	}
	return username
}
