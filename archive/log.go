package archive

import (
	"cmp"
	"encoding/json"
	"errors"
	"hash/maphash"
	"math"
	"slices"
)

// An accountLog is what a snapshot holds of one account.
type accountLog struct {
	profile *Peer
	peers   map[PeerID]*Peer
	// imported says of those of profile ("") and peers that were imported how they stand.
	imported map[PeerID]standing
	chats    map[PeerID]*chatLog
	order    []PeerID // chats as they first appeared
	// deleted are ids of deletions that name no chat: users and basic groups of
	// an account share one sequence of ids, and the server names only those.
	deleted []int32
	items   map[Kind]*itemLog
}

func newAccountLog() *accountLog {
	return &accountLog{peers: make(map[PeerID]*Peer), chats: make(map[PeerID]*chatLog), items: make(map[Kind]*itemLog), imported: make(map[PeerID]standing)}
}

// A chatLog is what a snapshot holds of one chat: where the versions of its
// messages are.
type chatLog struct {
	dialog   *Dialog
	listed   standing // of dialog
	refs     []ref    // after settle: by id, then by place; no version twice in a row
	messages int      // distinct ids
	newest   int64    // date of the message with the largest id
	newestID int32
	deleted  []int32

	// Until settle, while the chat has imported messages or could get some: what each of
	// refs says, and how it stands; stands is nil as long as none is imported.
	gists  []uint32
	stands []standing
	files  map[int32]place // imported versions with a file, by id; of several the last
}

// A ref is one version of a message: 16 bytes.
type ref struct {
	id  int32
	sum uint32 // of the normalised message: equal means that nothing changed
	at  place
}

func (a *accountLog) chat(id PeerID) *chatLog {
	c := a.chats[id]
	if c == nil {
		c = &chatLog{}
		a.chats[id] = c
		a.order = append(a.order, id)
	}
	return c
}

func (c *chatLog) addMessage(r *Record, seed maphash.Seed, at place) error {
	m := r.Message
	if !fitsID(m.ID) {
		return badID(at)
	}
	sum := r.sum
	if !r.summed { // it was written in some other way than this version's
		content, err := json.Marshal(m)
		if err != nil {
			return &FormatError{Offset: at.offset(), Reason: "message that cannot be written again", Skipped: true}
		}
		sum = uint32(maphash.Bytes(seed, content))
	}
	c.addStanding(r, seed, at)
	c.add(m.ID, m.Date, sum, at)
	return nil
}

// add takes one version of a message.
func (c *chatLog) add(id int, date int64, sum uint32, at place) {
	if len(c.refs) == 0 || int32(id) >= c.newestID {
		c.newestID, c.newest = int32(id), date
	}
	c.refs = append(c.refs, ref{int32(id), sum, at})
}

// addDeletion notes deleted ids of a chat; without a chat, of all chats of the
// account that share one sequence of ids.
func (a *accountLog) addDeletion(chat PeerID, d *Deletion, at place) error {
	for _, id := range d.IDs {
		if !fitsID(id) {
			return badID(at)
		}
	}
	list := &a.deleted
	if chat != "" {
		list = &a.chat(chat).deleted
	}
	for _, id := range d.IDs {
		*list = append(*list, int32(id))
	}
	return nil
}

// fitsID: Telegram's message ids are 32-bit.
func fitsID(id int) bool { return id >= math.MinInt32 && id <= math.MaxInt32 }

func badID(at place) error {
	return &FormatError{Offset: at.offset(), Reason: "message id of more than 32 bits", Skipped: true}
}

// settle brings everything into its final order.
func (a *accountLog) settle() {
	a.deleted = settleIDs(a.deleted)
	for _, l := range a.items {
		l.settle()
	}
	for id, c := range a.chats {
		c.settle()
		c.deleted = settleIDs(c.deleted)
		if id.Kind() != PeerChannel {
			c.deleted = settleIDs(append(c.deleted, c.sharedDeletions(a.deleted)...))
		}
	}
}

func settleIDs(ids []int32) []int32 {
	slices.Sort(ids)
	return slices.Clip(slices.Compact(ids))
}

// settle sorts the versions and drops those in which nothing changed: the same
// message fetched again, by another writer or after a crash.
func (c *chatLog) settle() {
	if c.stands != nil {
		c.settleImported()
	} else {
		slices.SortFunc(c.refs, func(a, b ref) int {
			return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.at, b.at))
		})
	}
	c.gists, c.stands = nil, nil
	c.refs = slices.CompactFunc(c.refs, func(a, b ref) bool { return a.id == b.id && a.sum == b.sum })
	c.refs = slices.Clip(c.refs)
	c.messages = 0
	for i, r := range c.refs {
		if i == 0 || r.id != c.refs[i-1].id {
			c.messages++
		}
	}
}

// sharedDeletions returns those of the sorted ids that are messages of c.
func (c *chatLog) sharedDeletions(ids []int32) []int32 {
	var own []int32
	for _, id := range ids {
		if len(c.versions(id)) > 0 {
			own = append(own, id)
		}
	}
	return own
}

// versions returns the refs of one message in the order of the commits.
func (c *chatLog) versions(id int32) []ref {
	from, found := slices.BinarySearchFunc(c.refs, id, func(r ref, id int32) int { return cmp.Compare(r.id, id) })
	if !found {
		return nil
	}
	to := from
	for to < len(c.refs) && c.refs[to].id == id {
		to++
	}
	return c.refs[from:to]
}

func (c *chatLog) isDeleted(id int32) bool {
	_, found := slices.BinarySearch(c.deleted, id)
	return found
}

// isSkipped reports whether a stream can be read on behind err.
func isSkipped(err error) bool {
	f, ok := errors.AsType[*FormatError](err)
	return ok && f.Skipped
}
