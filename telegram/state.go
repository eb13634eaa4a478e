package telegram

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// The resume state of an account, as keys of the archive:
//
//	account/ACCOUNT              accountState
//	chat/ACCOUNT/PEER            chatState
//	peer/ACCOUNT/PEER            print of the newest profile record
//	note/ACCOUNT/PEER            chatNote: what the last sync had to say about it
//	ids/ACCOUNT/PEER/BLOCK       ledgerBlock: what became of each message id
//	missing/ACCOUNT/MEDIAKEY     missingState
//	item/ACCOUNT/KIND/ITEM       print of the newest record of a thing, and of what
//	                             changes by itself in it
//	list/ACCOUNT/KIND/SCOPE      listState
//	topics/ACCOUNT/PEER          newest message when a forum's topics were read
//	unhashed/MEDIAKEY            set while a file is on its way whose parts could
//	                             not be compared with hashes
//	emoji/ACCOUNT/MEDIAKEY       emojiState
//	unknown/ACCOUNT/NAME         how many records this version does not fully understand
//	undecoded/ACCOUNT/PEER/…     set if the answer is archived that cannot be decoded
//	fetch/ACCOUNT/CLASS/WHEN/…   work: files to fetch, in the order to fetch them
//	later/ACCOUNT/CLASS/WHEN/…   work: files that the rules leave out
func accountKey(account archive.PeerID) string { return "account/" + string(account) }
func chatKey(account, chat archive.PeerID) string {
	return "chat/" + string(account) + "/" + string(chat)
}
func peerKey(account, peer archive.PeerID) string {
	return "peer/" + string(account) + "/" + string(peer)
}
func workPrefix(list string, a archive.PeerID) string { return list + "/" + string(a) + "/" }
func missingKey(account archive.PeerID, key archive.MediaKey) string {
	return "missing/" + string(account) + "/" + string(key)
}

func unhashedKey(key archive.MediaKey) string { return "unhashed/" + string(key) }

// prunedKey is set from when files of an account were pruned until listLater was sorted anew.
func prunedKey(account archive.PeerID) string { return "pruned/" + string(account) }

// The two lists of work.
const (
	listFetch = "fetch"
	listLater = "later"
)

// accountState is what is remembered of an account.
type accountState struct {
	Profile string       `json:"profile,omitempty"` // print of the newest account record
	Updates *updateState `json:"updates,omitempty"`
	// MediaRules is the print of the rules that listLater was sorted by.
	MediaRules string `json:"media_rules,omitempty"`
	// Complete is the start of the last sync after which everything asked for
	// was there, Unix seconds. One that stored nothing new may be left out.
	Complete int64         `json:"complete,omitempty"`
	Takeout  *takeoutState `json:"takeout,omitempty"`
}

// updateState is how far the account's updates were taken: those of users and
// basic groups. Channels count for themselves.
type updateState struct {
	Pts  int `json:"pts"`
	Qts  int `json:"qts"`
	Date int `json:"date"` // Unix seconds of the server
	Seq  int `json:"seq"`
}

// chatState is what is remembered of a chat.
type chatState struct {
	// Covered are the messages that are archived.
	Covered spans `json:"covered,omitempty"`
	// AccessHash is what the server wants to see beside the id.
	AccessHash int64 `json:"access_hash,omitempty"`
	// Pts is how far a channel's updates were taken, and PtsAt when that was
	// noted, in Unix seconds of this machine.
	Pts   int   `json:"pts,omitempty"`
	PtsAt int64 `json:"pts_at,omitempty"`
	// Rescan is set while the history is read again for edits that the server
	// could not list any more.
	Rescan *rescan `json:"rescan,omitempty"`
	// Missed are archived messages that changed while the chat was excluded, or
	// that could not be looked up when they did.
	Missed spans `json:"missed,omitempty"`
	// Dialog is the newest dialog record.
	Dialog *archive.Dialog `json:"dialog,omitempty"`
	// Protected: the chat's owner forbade saving when this was written.
	Protected bool `json:"protected,omitempty"`
	// MigratedFrom is the basic group that this supergroup was.
	MigratedFrom archive.PeerID `json:"migrated_from,omitempty"`
}

// rescan says how much of a history is to be read again: the messages up to
// Below, of which those count that were edited at Since or later.
type rescan struct {
	Below int   `json:"below"`
	Since int64 `json:"since"` // Unix seconds
}

// missingState is what is remembered of a file that could not be stored.
type missingState struct {
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	At     int64  `json:"at"`              // Unix seconds of the last try
	Tries  int    `json:"tries,omitempty"` // that failed, one after the other
	Next   int64  `json:"next,omitempty"`  // no try before then, Unix seconds
}

// work is files of one chat that are to be fetched, at most those of a page.
type work struct {
	workSize
	Chat       archive.PeerID `json:"chat"`
	AccessHash int64          `json:"access_hash,omitempty"`
	References int64          `json:"references,omitempty"` // when they came, Unix seconds
	Files      []workFile     `json:"files"`
}

// workSize is how much there is to do.
type workSize struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

// workFile is a file and the message it stands in.
type workFile struct {
	normal.FileRef
	Message   int   `json:"message"`
	Date      int64 `json:"date"`                // of the message, Unix seconds
	Protected bool  `json:"protected,omitempty"` // by the message itself
	// Why it is on listLater: one of archive.Missing….
	Why string `json:"why,omitempty"`
	// Vanishes is when the message deletes itself, Unix seconds; 0: never.
	Vanishes int64 `json:"vanishes,omitempty"`
	// Emoji: it stands in no message; its number gets a new reference.
	Emoji bool `json:"emoji,omitempty"`
	// Source is where new references come from if not from the message: one of
	// source…. Message then is the thing's own number, if it has one.
	Source string `json:"source,omitempty"`
}

// newWork makes work of files whose references came at the given time, the
// smallest first.
func newWork(chat archive.PeerID, hash, references int64, files []workFile) *work {
	w := &work{Chat: chat, AccessHash: hash, References: references, Files: slices.Clone(files)}
	w.Count = len(files)
	for _, f := range files {
		w.Bytes += f.Size
	}
	slices.SortStableFunc(w.Files, func(a, b workFile) int { return cmp.Compare(a.Size, b.Size) })
	return w
}

// smallFile is the size in bytes up to which Telegram counts a file as small;
// small and large ones have lists of their own, so that neither waits for the
// other.
const smallFile = 20 << 20

// The classes of work.
const (
	classSmall = "s"
	classLarge = "l"
	classNew   = "n" // urgent when it was listed: of messages that were pushed, new ones and such as go away soon, whatever the size
)

// workKey places work in its list: newest first within its class. Origin tells
// work of a page of history ("page") from that of a single message that was
// edited, so that neither takes the other's place.
func workKey(list string, account archive.PeerID, class, origin string, w *work) string {
	first := slices.MaxFunc(w.Files, func(a, b workFile) int { return cmp.Compare(a.Message, b.Message) })
	return fmt.Sprintf("%s%s/%016x/%s/%d/%s", workPrefix(list, account), class, math.MaxInt64-first.Date, w.Chat, first.Message, origin)
}

// splitClasses divides files by class.
func splitClasses(origin string, files []workFile, now int64) map[string][]workFile {
	out := map[string][]workFile{}
	for _, f := range files {
		class := classSmall
		switch {
		case origin == originLive || f.urgent(now):
			class = classNew
		case f.Size > smallFile:
			class = classLarge
		}
		out[class] = append(out[class], f)
	}
	return out
}

// classOf is the class in a key made by workKey.
func classOf(key string) string {
	parts := strings.Split(key, "/")
	if len(parts) < 3 {
		return classSmall
	}
	return parts[2]
}

// otherList is the key of the same work in the other list.
func otherList(key, list string) string {
	_, rest, _ := strings.Cut(key, "/")
	return list + "/" + rest
}

// load reads a JSON value of the state; false if there is none.
func load[T any](a Archive, key string, into *T) (bool, error) {
	value, ok, err := a.Get(key)
	if err != nil || !ok {
		return false, archived(err)
	}
	if err := json.Unmarshal(value, into); err != nil {
		return false, archived(fmt.Errorf("state %s: %w", key, err))
	}
	return true, nil
}

// A batch gathers records and state that belong together.
type batch struct {
	records []*archive.Record
	state   map[string][]byte
	queued  []queued // work that the state names, to be started behind it
	ledger  map[string]*ledgerBlock
}

// set puts a JSON value into the state.
func (b *batch) set(key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("state %s: %w", key, err)
	}
	b.put(key, data)
	return nil
}

// put puts bytes into the state; nil deletes the key.
func (b *batch) put(key string, value []byte) {
	if b.state == nil {
		b.state = map[string][]byte{}
	}
	b.state[key] = value
}

func (b *batch) empty() bool { return len(b.records) == 0 && len(b.state) == 0 && len(b.ledger) == 0 }
