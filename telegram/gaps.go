package telegram

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"telekeep/archive"
)

// State is the resume state of an archive, to be read: that of an Archive at
// work, or of one that nobody writes to.
type State interface {
	Get(key string) ([]byte, bool, error)
	Range(prefix string, f func(key string, value []byte) error) error
}

// A GapClass says what became of message ids.
type GapClass string

// The classes of message ids.
const (
	GapStored   GapClass = "stored"    // archived, and not known to be deleted
	GapDeleted  GapClass = "deleted"   // archived, and deleted in Telegram since
	GapNotThere GapClass = "not_there" // the server was asked and has nothing there: deleted before, or never in this chat
	GapRefused  GapClass = "refused"   // the server does not let the account read it
	GapExcluded GapClass = "excluded"  // by a rule
	GapPending  GapClass = "pending"   // to be fetched by the next sync
)

// A GapRange is message ids that follow each other and have one class.
type GapRange struct {
	From  int      `json:"from"` // both included
	To    int      `json:"to"`
	Class GapClass `json:"class"`
	// Reason is the rule that excludes, the server's word for its refusal, the
	// error of the last try; "deleted" where the server told so before the
	// message was fetched. "" if there is nothing to say.
	Reason string `json:"reason,omitempty"`
	Next   int64  `json:"next_try,omitempty"` // Unix seconds; 0: with the next sync
}

// ids is how many there are.
func (g GapRange) ids() int { return g.To - g.From + 1 }

// A ChatGaps says what of one chat is archived and what is not, and why. The
// ranges are disjoint, ascending, and together all ids from 1 to Top.
type ChatGaps struct {
	Chat   archive.PeerID   `json:"chat"`
	Top    int              `json:"top"` // the newest id that is known of
	IDs    map[GapClass]int `json:"ids"` // how many there are of each class
	Media  MediaGaps        `json:"media"`
	Server int              `json:"server_messages"` // by the server's own count, -1 if it never said
	Excess int              `json:"difference"`      // Server less what is stored and not deleted; 0 if Server is -1
	Why    string           `json:"difference_reason,omitempty"`
	Error  string           `json:"error,omitempty"` // of the last try, if that failed
	Rule   string           `json:"rule,omitempty"`  // that excludes the chat
	Out    bool             `json:"excluded,omitempty"`
	// Unlisted: the list of chats does not have it any more: it was left, closed
	// or deleted. What is archived stays.
	Unlisted bool       `json:"unlisted,omitempty"`
	Ranges   []GapRange `json:"ranges,omitempty"`
}

// A GapMap says of a whole account what is archived and what is not.
type GapMap struct {
	Account archive.PeerID `json:"account"`
	// Complete is the start of the last sync after which everything asked for was
	// there, Unix seconds; 0: never. Syncs that stored nothing new may be later.
	Complete int64       `json:"complete_until"`
	Chats    []*ChatGaps `json:"chats"`
	// Others are files that stand in no message: profile pictures, stories,
	// custom emoji …; their Messages and Stored count nothing.
	Others MediaGaps `json:"other_files"`
}

// GapOptions choose what of a gap map is made.
type GapOptions struct {
	// Ranges of every class are listed; else only those that are refused,
	// excluded or pending.
	All bool
	// Chat, if set, is the only one.
	Chat archive.PeerID
}

// Gaps makes the gap map of an account from the state. It needs no server and
// holds a bit for each deletion outside of channels, and the list of files that are not stored.
func Gaps(s State, account archive.PeerID, o GapOptions) (*GapMap, error) {
	var a accountState
	if _, err := loadFrom(s, accountKey(account), &a); err != nil {
		return nil, err
	}
	m := &GapMap{Account: account, Complete: a.Complete, Chats: []*ChatGaps{}}
	common, err := commonDeletions(s, account)
	if err != nil {
		return nil, err
	}
	media, err := mediaGaps(s, account)
	if err != nil {
		return nil, err
	}
	if o.Chat == "" {
		m.Others = MediaGaps{Files: media[""], Missing: map[string]MediaCount{}}
		m.Others.tally(false)
	}
	ids, err := chatsOf(s, account)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if o.Chat != "" && id != o.Chat {
			continue
		}
		c, err := chatGaps(s, account, id, common, media[id], o.All)
		if err != nil {
			return nil, err
		}
		m.Chats = append(m.Chats, c)
	}
	return m, nil
}

// chatsOf lists the chats that the state knows of.
func chatsOf(s State, account archive.PeerID) ([]archive.PeerID, error) {
	ids := map[archive.PeerID]bool{}
	for _, prefix := range []string{chatKey(account, ""), noteKey(account, "")} {
		err := s.Range(prefix, func(key string, _ []byte) error {
			ids[archive.PeerID(strings.TrimPrefix(key, prefix))] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Keys(ids), func(a, b archive.PeerID) int {
		return cmp.Or(cmp.Compare(a.Kind(), b.Kind()), cmp.Compare(a.Num(), b.Num()))
	}), nil
}

// chatGaps makes the map of one chat.
func chatGaps(s State, account, id archive.PeerID, common map[int]idSet, files []MediaGap, all bool) (*ChatGaps, error) {
	var state chatState
	var note chatNote
	if _, err := loadFrom(s, chatKey(account, id), &state); err != nil {
		return nil, err
	}
	if _, err := loadFrom(s, noteKey(account, id), &note); err != nil {
		return nil, err
	}
	if id.Kind() == archive.PeerChannel {
		common = nil
	}
	c := &ChatGaps{
		Chat: id, IDs: map[GapClass]int{}, Server: -1, Media: newMediaGaps(files, note.Excluded),
		Error: note.Error, Rule: note.Rule, Out: note.Excluded, Unlisted: note.Unlisted,
	}
	line := newIDLine(&state, &note, func(r GapRange) {
		c.IDs[r.Class] += r.ids()
		if all || r.Class == GapPending || r.Class == GapRefused || r.Class == GapExcluded {
			c.Ranges = append(c.Ranges, r)
		}
	})
	rest := files
	err := blocks(s, account, string(id), func(first int, b *ledgerBlock) error {
		rest = c.Media.count(first, b.Media, rest)
		b.ranges(first, common[first], line.known)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.Top = line.end(topOf(&state, &note))
	c.compare(&state)
	return c, nil
}

// unlisted is the reason of what is missing of a chat that is not listed any more.
const unlisted = "not in the list of chats any more"

// topOf is the newest id that a chat is known to have.
func topOf(state *chatState, note *chatNote) int {
	top := note.Top
	if state.Dialog != nil {
		top = max(top, state.Dialog.TopMessage)
	}
	for _, x := range state.Covered {
		if x[1] < lastID { // a closed group is covered to the end of all numbers
			top = max(top, x[1])
		}
	}
	return top
}

// An idLine puts what the ledger says of a chat's ids and what the chat's state says
// about the rest together to all ids from 1 on. It holds one range at a time: where
// chats take turns with ids, there are as many ranges as messages.
type idLine struct {
	covered spans
	asked   bool     // not an excluded chat, where nobody asked
	open    GapRange // what holds for ids that nobody asked for
	top     int      // the newest id of the ledger
	last    GapRange // the range that may go on; To is 0 before the first
	tell    func(GapRange)
}

func newIDLine(state *chatState, note *chatNote, tell func(GapRange)) *idLine {
	l := &idLine{covered: state.Covered, asked: !note.Excluded, tell: tell, open: GapRange{Class: GapPending, Reason: note.Error, Next: note.Next}}
	switch {
	case note.Excluded:
		l.open = GapRange{Class: GapExcluded, Reason: note.Rule}
	case note.Refused:
		l.open.Class = GapRefused
	case note.Unlisted:
		l.open = GapRange{Class: GapRefused, Reason: unlisted}
	}
	return l
}

// known takes a range of the ledger, each behind the one before.
func (l *idLine) known(r GapRange) {
	l.top = r.To
	if r.Class == GapNotThere && !l.asked && !l.covered.has(r.From) {
		return
	}
	l.rest(r.From - 1)
	l.put(r.From, r.To, r)
}

// end tells what is left up to top, or to the ledger's end, and returns which it was.
func (l *idLine) end(top int) int {
	top = max(top, l.top)
	l.rest(top)
	if l.last.To > 0 {
		l.tell(l.last)
	}
	return top
}

// rest puts ids that the ledger does not know.
func (l *idLine) rest(to int) {
	from := l.last.To + 1
	for _, gap := range slices.Backward(l.covered.gaps(from, to)) {
		l.put(from, gap[0]-1, GapRange{Class: GapNotThere})
		l.put(gap[0], gap[1], l.open)
		from = gap[1] + 1
	}
	l.put(from, to, GapRange{Class: GapNotThere})
}

func (l *idLine) put(from, to int, r GapRange) {
	if from > to {
		return
	}
	if l.last.To > 0 && l.last.Class == r.Class && l.last.Reason == r.Reason {
		l.last.To = to
		return
	}
	if l.last.To > 0 {
		l.tell(l.last)
	}
	l.last = r
	l.last.From, l.last.To = from, to
}

// compare says how the server's count differs from what is stored, and why.
func (c *ChatGaps) compare(state *chatState) {
	if state.Dialog == nil || state.Dialog.Count == 0 && c.IDs[GapStored] > 0 {
		return
	}
	c.Server = state.Dialog.Count
	c.Excess = c.Server - c.IDs[GapStored]
	open := c.IDs[GapPending] + c.IDs[GapRefused] + c.IDs[GapExcluded]
	switch {
	case c.Excess == 0:
	case c.Excess > 0 && open > 0:
		c.Why = fmt.Sprintf("%d ids are not fetched", open)
	case c.Excess > 0:
		c.Why = "the server counts messages that it does not show"
	default:
		c.Why = "the server's count is older than the newest messages, or it has deleted some without saying so"
	}
}

// commonDeletions are those among the ids that users and basic groups share, by
// the first id of a block.
func commonDeletions(s State, account archive.PeerID) (map[int]idSet, error) {
	out := map[int]idSet{}
	err := blocks(s, account, ledgerCommon, func(first int, b *ledgerBlock) error {
		out[first] = b.Deleted
		return nil
	})
	return out, err
}

// loadFrom reads a JSON value of a state; false if there is none.
func loadFrom[T any](s State, key string, into *T) (bool, error) {
	value, ok, err := s.Get(key)
	if err != nil || !ok {
		return false, err
	}
	if err := json.Unmarshal(value, into); err != nil {
		return false, fmt.Errorf("state %s: %w", key, err)
	}
	return true, nil
}

// storedIn counts the messages of a chat that are stored and not deleted.
func storedIn(s State, account, id archive.PeerID) (int, error) {
	var common map[int]idSet
	if id.Kind() != archive.PeerChannel {
		var err error
		if common, err = commonDeletions(s, account); err != nil {
			return 0, err
		}
	}
	n := 0
	err := blocks(s, account, string(id), func(first int, b *ledgerBlock) error {
		b.ranges(first, common[first], func(r GapRange) {
			if r.Class == GapStored {
				n += r.ids()
			}
		})
		return nil
	})
	return n, err
}
