package archive

import "strings"

// An Item is the latest version of one thing that an account holds.
type Item struct {
	*Record       // without Raw
	Unlisted bool // the server does not list it any more
	Versions int  // how many there are
}

// itemLog is what a snapshot holds of the things of one kind.
type itemLog struct {
	items []*Item // as they first appeared
	byKey map[string]*Item
	told  bool // the server told its list of them
}

// settle marks what only an export knew: the server does not list it.
func (l *itemLog) settle() {
	for _, item := range l.items {
		item.Unlisted = item.Unlisted || l.told && item.Origin != nil
	}
}

// addItem takes a record of a thing, or that one is not listed any more.
func (a *accountLog) addItem(r *Record) {
	kind := r.Kind
	if r.Unlisted != nil {
		kind = r.Unlisted.Kind
	}
	log := a.items[kind]
	if log == nil {
		log = &itemLog{byKey: make(map[string]*Item)}
		a.items[kind] = log
	}
	log.told = log.told || r.Origin == nil
	item := log.byKey[r.Item]
	if r.Unlisted != nil {
		if item != nil {
			item.Unlisted = true
		}
		return
	}
	if item == nil {
		item = &Item{}
		log.byKey[r.Item] = item
		log.items = append(log.items, item)
	}
	if item.Record != nil && r.Origin.standing() < item.Origin.standing() {
		item.Versions++
		return
	}
	kept := *r
	kept.Raw, kept.Line = nil, nil
	item.Record, item.Unlisted = &kept, false
	item.Versions++
}

// Items returns the things of a kind that an account holds, such as KindContact,
// in the order in which they first appeared; those that the server does not list
// any more are among them. The records are not to be changed.
func (s *Snapshot) Items(account PeerID, kind Kind) []*Item {
	a := s.accounts[account]
	if a == nil || a.items[kind] == nil {
		return nil
	}
	return a.items[kind].items
}

// ItemOf is the name of a thing that belongs to a chat, and to what is named by
// parts within it.
func ItemOf(chat PeerID, parts ...string) string {
	return strings.Join(append([]string{string(chat)}, parts...), "/")
}
