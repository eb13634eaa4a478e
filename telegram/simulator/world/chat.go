package world

import (
	"sort"

	"github.com/gotd/td/tg"
)

// A history is messages in ascending order of id and date. What message
// returns belongs to the caller; nil means that there is no message any more at
// this position.
type history interface {
	len() int
	id(i int) int
	date(i int) int
	message(i int) tg.MessageClass
	gone() int // how many positions have no message
}

// A chat is a dialog of an account: a history with the changes of this run
// over it.
type chat struct {
	peer
	pinned  bool
	folder  int
	pts     int     // channels only
	events  []event // channels only
	base    history
	added   stored
	edited  map[int][]byte
	deleted map[int]struct{}
	strange map[int]bool // of a kind no client knows
}

func newChat(p peer, base history) *chat {
	return &chat{peer: p, pts: 1, base: base, edited: map[int][]byte{}, deleted: map[int]struct{}{}}
}

// stored is a history in memory, as TL bytes: small, and every reader gets its
// own copy.
type stored struct {
	ids   []int
	dates []int
	data  [][]byte
}

func (s *stored) len() int                      { return len(s.ids) }
func (s *stored) id(i int) int                  { return s.ids[i] }
func (s *stored) date(i int) int                { return s.dates[i] }
func (s *stored) gone() int                     { return 0 }
func (s *stored) message(i int) tg.MessageClass { return decodeMessage(s.data[i]) }

// add appends a message. Ids must ascend; where they may not, tidy has to follow.
func (s *stored) add(m tg.MessageClass) {
	date := 0
	switch m := m.(type) {
	case *tg.Message:
		date = m.Date
	case *tg.MessageService:
		date = m.Date
	}
	s.ids = append(s.ids, m.GetID())
	s.dates = append(s.dates, date)
	s.data = append(s.data, encodeMessage(m))
}

// tidy puts messages in ascending order and returns the ids that were there
// more than once; the first of each is kept.
func (s *stored) tidy() (twice []int) {
	sort.Stable(byID{s})
	n := 0
	for i := range s.ids {
		if n > 0 && s.ids[i] == s.ids[n-1] {
			twice = append(twice, s.ids[i])
			continue
		}
		s.ids[n], s.dates[n], s.data[n] = s.ids[i], s.dates[i], s.data[i]
		n++
	}
	s.ids, s.dates, s.data = s.ids[:n], s.dates[:n], s.data[:n]
	return twice
}

// byID sorts a stored history.
type byID struct{ *stored }

func (s byID) Len() int           { return len(s.ids) }
func (s byID) Less(i, j int) bool { return s.ids[i] < s.ids[j] }
func (s byID) Swap(i, j int) {
	s.ids[i], s.ids[j] = s.ids[j], s.ids[i]
	s.dates[i], s.dates[j] = s.dates[j], s.dates[i]
	s.data[i], s.data[j] = s.data[j], s.data[i]
}

func (c *chat) len() int { return c.base.len() + c.added.len() }

func (c *chat) id(i int) int {
	if n := c.base.len(); i >= n {
		return c.added.id(i - n)
	}
	return c.base.id(i)
}

func (c *chat) date(i int) int {
	if n := c.base.len(); i >= n {
		return c.added.date(i - n)
	}
	return c.base.date(i)
}

// message returns a copy of the message at a position, or nil if it was deleted.
func (c *chat) message(i int) tg.MessageClass {
	id := c.id(i)
	if _, ok := c.deleted[id]; ok {
		return nil
	}
	m := c.present(i)
	if m != nil && c.strange[id] {
		return &strangeMessage{m}
	}
	return m
}

// present returns the message at a position as it is now.
func (c *chat) present(i int) tg.MessageClass {
	if data, ok := c.edited[c.id(i)]; ok {
		return decodeMessage(data)
	}
	if n := c.base.len(); i >= n {
		return c.added.message(i - n)
	}
	return c.base.message(i)
}

// from returns the first position with an id of at least id.
func (c *chat) from(id int) int {
	return sort.Search(c.len(), func(i int) bool { return c.id(i) >= id })
}

// since returns the first position with a date of at least date.
func (c *chat) since(date int) int {
	return sort.Search(c.len(), func(i int) bool { return c.date(i) >= date })
}

// get returns a copy of a message, or nil.
func (c *chat) get(id int) tg.MessageClass {
	i := c.from(id)
	if i == c.len() || c.id(i) != id {
		return nil
	}
	return c.message(i)
}

// count is the number of messages there are.
func (c *chat) count() int { return c.len() - c.base.gone() - len(c.deleted) }

// top returns the position of the newest message, or -1.
func (c *chat) top() int {
	for i := c.len() - 1; i >= 0; i-- {
		if c.message(i) != nil {
			return i
		}
	}
	return -1
}

// lastID is the highest id ever given in the chat.
func (c *chat) lastID() int {
	if n := c.len(); n > 0 {
		return c.id(n - 1)
	}
	return 0
}

// hasPts reports whether the chat counts its own updates. Users and basic
// groups share the account's count.
func (c *chat) hasPts() bool { return c.kind == 'c' }
