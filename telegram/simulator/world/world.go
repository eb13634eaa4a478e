package world

import (
	"strings"
	"sync"
	"time"

	"github.com/gotd/td/tg"
)

// A World is what a Telegram holds. Safe for concurrent use.
type World struct {
	key             uint64 // access hashes and file references are derived from it
	now             func() time.Time
	dcs             []int // data centres that hold files
	differenceLimit int
	faults          Faults
	delivery        delivery
	cdn             cdnFiles

	changing sync.Mutex // held while a change is made and pushed: pushes keep the order of changes
	mu       sync.RWMutex
	accounts []*account
	people   map[int64]*person
	places   map[peer]*place
	shelf    map[int64]*file                 // files held in memory or on disk
	generate func(id int64) *file            // files that are a function of their id; may be nil
	emoji    func(id int64) tg.DocumentClass // custom emoji, a fresh copy or nil; may be nil
	articles map[article][]byte              // whole messages of which a history tells the beginning
	push     func(user int64, u tg.UpdatesClass)
	newFiles uint64
}

// An Account is one login that the world knows.
type Account struct {
	UserID   int64
	Phone    string // digits, no +
	Code     string // the sign-in code that is "sent" to the phone
	Password string // second factor, "" without one
	HomeDC   int
	Self     func() *tg.User // the account's own profile as it is now
}

// account is everything one login can see.
type account struct {
	Account
	takeouts
	order      []*chat // pinned chats show in this order
	chats      map[peer]*chat
	common     []*chat // those that share one count of ids: users and basic groups
	lastCommon int
	pts        int
	seq        int
	events     []event
	contacts   []int64
	saved      []tg.SavedPhoneContact
	frequent   []tg.TopPeerCategoryPeers
	pictures   []picture
	sessions   []tg.Authorization
	sites      []tg.WebAuthorization
	music      [][]byte // documents, as TL bytes
	stories    []story
	folders    []folder
	drafts     []draft
	otherData  []byte
}

func newWorld(key uint64, o Options) *World {
	o = o.withDefaults()
	return &World{
		key: key, now: o.Now, dcs: o.FileDCs, differenceLimit: o.DifferenceLimit,
		people: map[int64]*person{}, places: map[peer]*place{}, shelf: map[int64]*file{}, articles: map[article][]byte{},
	}
}

// addAccount makes the login of a person of the world.
func (w *World) addAccount(id int64, phone string, o Options) *account {
	o = o.withDefaults()
	if o.Phone != "" {
		phone = digits(o.Phone)
	}
	a := &account{
		Account: Account{UserID: id, Phone: phone, Code: o.Code, Password: o.Password, HomeDC: o.HomeDC},
		chats:   map[peer]*chat{}, pts: 1, seq: 1,
	}
	a.waiting = o.TakeoutDelay
	a.Self = func() *tg.User {
		w.mu.RLock()
		defer w.mu.RUnlock()
		u, _ := w.user(a, id).(*tg.User)
		return u
	}
	w.accounts = append(w.accounts, a)
	return a
}

// add puts a chat into the account's list.
func (a *account) add(c *chat) {
	a.order = append(a.order, c)
	a.chats[c.peer] = c
	if !c.hasPts() {
		a.common = append(a.common, c)
		a.lastCommon = max(a.lastCommon, c.lastID())
		a.pts = a.lastCommon + 1
		return
	}
	c.pts = c.lastID() + 1
}

// login returns the account of a user, or nil. The list of accounts never
// changes once the world is made.
func (w *World) login(user int64) *account {
	for _, a := range w.accounts {
		if a.UserID == user {
			return a
		}
	}
	return nil
}

// files returns a file, or nil.
func (w *World) files(id int64) *file {
	if f := w.shelf[id]; f != nil {
		return f
	}
	if w.generate != nil {
		return w.generate(id)
	}
	return nil
}

// Accounts lists the logins, at least one.
func (w *World) Accounts() []*Account {
	var out []*Account
	for _, a := range w.accounts {
		out = append(out, &a.Account)
	}
	return out
}

// OnUpdates sets who passes updates on to the sessions of a user. It is called
// before the world is served; f must not call the world's changes.
func (w *World) OnUpdates(f func(user int64, u tg.UpdatesClass)) { w.push = f }

// Faults returns the switches for what goes wrong on demand.
func (w *World) Faults() *Faults { return &w.faults }

// A ChatInfo describes a chat of an account for people and scripts.
type ChatInfo struct {
	ID       string // "user1", "chat2" or "channel3"
	Name     string
	Messages int
	LastID   int // highest message id
}

// account returns a login that the program serving the world names: 0 is the first.
func (w *World) account(user int64) *account {
	if user == 0 {
		return w.accounts[0]
	}
	return w.login(user)
}

// Chats lists the chats of an account. User 0 means the first one.
func (w *World) Chats(user int64) []ChatInfo {
	w.mu.RLock()
	defer w.mu.RUnlock()
	a := w.account(user)
	if a == nil {
		return nil
	}
	var out []ChatInfo
	for _, c := range a.order {
		info := ChatInfo{ID: c.peer.String(), Messages: c.count(), LastID: c.lastID()}
		if p := w.people[c.peer.id]; c.kind == 'u' && p != nil {
			info.Name = strings.TrimSpace(p.first + " " + p.last)
		} else if p := w.places[c.peer]; p != nil {
			info.Name = p.title
		}
		out = append(out, info)
	}
	return out
}
