package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"telekeep/archive"
)

// Options choose what is exported. The zero value exports the whole account of
// an archive that holds one.
type Options struct {
	// Account is the login; "" if the archive holds exactly one.
	Account archive.PeerID
	// Chats are the chats to export; none means all. Exactly one gives Telegram
	// Desktop's document for a single chat, with the media at the root.
	Chats []archive.PeerID
	// Selection narrows what is exported of each chat.
	Selection
	// At names the state of the archive that the source stands for, in any words that
	// do not change; "" for the newest. A folder of one state is not updated to another.
	At string
	// Location is the zone of dates and of the times in file names; nil means
	// the machine's own, as in Telegram Desktop.
	Location *time.Location
	// Deleted adds messages that the server reported as deleted. Telegram
	// Desktop would not see them. They are marked under the key "telekeep".
	Deleted bool
	// Versions adds, under the same key, the earlier versions of messages that were
	// edited, and implies Deleted.
	Versions bool
	// Extras adds to every message, under the key "telekeep", what Telegram
	// Desktop's format has no place for: its topic, its earlier versions, and the
	// whole of its record.
	Extras bool
	// Progress, if not nil, is told where the export is: after every message
	// and while files are copied. It is called often and must return at once.
	Progress func(Progress)
}

// Progress says where an export is.
type Progress struct {
	Chat, Chats int // the chat being written, from 1, and how many there are
	Messages    int
	Files       int   // written, and found in place
	Bytes       int64 // of files, as they are copied
}

// A Result says what an export did.
type Result struct {
	Chats    int `json:"chats"`
	Messages int `json:"messages"`
	// Deleted messages were left out because the server reported them as deleted.
	Deleted int `json:"deleted"`
	// FilesMissing counts places in messages where a file is not in the archive.
	FilesMissing int `json:"files_missing"`
	Files
	Failures
}

// Files says what became of the files an export or a restore had to write.
type Files struct {
	Written int   `json:"files_written"`
	Kept    int   `json:"files_kept"`    // an earlier run had written them, with the same content
	Bytes   int64 `json:"bytes_written"` // of files
}

// Failures is what is in the archive and could not be read. Of a file an export
// has a placeholder; a message is left out.
type Failures struct {
	Failed   int       `json:"failed"`
	Problems []Problem `json:"problems,omitempty"` // at most 100 of them
}

// A Problem is one thing that could not be read.
type Problem struct {
	Chat archive.PeerID   // of a message
	Key  archive.MediaKey // of a file
	Err  error
}

// MarshalJSON writes the error as its text.
func (p Problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Chat  archive.PeerID   `json:"chat,omitempty"`
		Key   archive.MediaKey `json:"key,omitempty"`
		Error string           `json:"error"`
	}{p.Chat, p.Key, fmt.Sprint(p.Err)})
}

const maxProblems = 100

func (f *Failures) problem(one Problem) {
	f.Failed++
	if len(f.Problems) < maxProblems {
		f.Problems = append(f.Problems, one)
	}
}

// ErrManyAccounts says that the archive holds several accounts and Options do
// not say which.
var ErrManyAccounts = errors.New("the archive holds several accounts")

// ErrNoAccount says that the archive does not hold the account.
var ErrNoAccount = errors.New("the archive does not hold this account")

// ErrNoChat says that the archive does not hold a chat.
var ErrNoChat = errors.New("the archive does not hold this chat")

// resultFile is the document's name.
const resultFile = "result.json"

// JSON writes Telegram Desktop's result.json and the media in its folders into
// dir, which is made if it is not there. A folder that holds the same export
// is updated: what is in place stays, and result.json is replaced at the end,
// all at once. It returns ErrNotEmpty, ErrOtherExport, ErrManyAccounts,
// ErrNoAccount or ErrNoChat before anything is written; what cannot be read is a
// Problem and no error.
func JSON(ctx context.Context, source Source, dir string, o Options) (*Result, error) {
	r, chats, err := prepare(source, dir, kindJSON, o)
	if err != nil {
		return nil, err
	}
	defer r.folder.close()
	return r.result, r.export(ctx, chats)
}

// prepare finds what is to be exported and opens the folder for it, which the caller closes.
func prepare(source Source, dir, kind string, o Options) (*run, []chat, error) {
	account, err := pickAccount(source, o.Account)
	if err != nil {
		return nil, nil, err
	}
	chats, err := pickChats(source, account, o.Chats)
	if err != nil {
		return nil, nil, err
	}
	f, err := openFolder(dir, o.header(kind, account.ID))
	if err != nil {
		return nil, nil, err
	}
	o.Deleted = o.Deleted || o.Versions
	r := newRun(choose(source, o.Selection), f, account, o)
	r.progress.Chats = len(chats)
	return r, chats, nil
}

// header is how a folder of this export is recognised.
func (o Options) header(kind string, account archive.PeerID) header {
	h := header{Kind: kind, Account: account, Selection: o.Selection.String(), At: o.At}
	if len(o.Chats) == 1 {
		h.Chat = o.Chats[0]
	} else {
		h.Chats = slices.Sorted(slices.Values(o.Chats))
	}
	return h
}

func pickAccount(source Source, want archive.PeerID) (archive.Account, error) {
	accounts := source.Accounts()
	if want == "" {
		switch len(accounts) {
		case 0:
			return archive.Account{}, ErrNoAccount
		case 1:
			return accounts[0], nil
		}
		return archive.Account{}, ErrManyAccounts
	}
	for _, a := range accounts {
		if a.ID == want {
			return a, nil
		}
	}
	return archive.Account{}, fmt.Errorf("%w: %s", ErrNoAccount, want)
}

// A chat is one entry of the document.
type chat struct {
	archive.ChatInfo
	// before is the basic group that became this supergroup; its messages come
	// first. "" for all other chats.
	before archive.PeerID
}

// pickChats selects the chats and merges every group into the supergroup it
// became, if both are there and the group was not asked for by itself.
func pickChats(source Source, account archive.Account, want []archive.PeerID) ([]chat, error) {
	all := source.Chats(account.ID)
	known := map[archive.PeerID]bool{}
	for _, c := range all {
		known[c.ID] = true
	}
	for _, id := range want {
		if !known[id] {
			return nil, fmt.Errorf("%w: %s", ErrNoChat, id)
		}
	}
	before := migrations(source, account.ID, all, known)
	merged := map[archive.PeerID]bool{}
	for _, group := range before {
		merged[group] = true
	}
	var out []chat
	for _, c := range all {
		asked := slices.Contains(want, c.ID)
		if asked || len(want) == 0 && !merged[c.ID] {
			out = append(out, chat{ChatInfo: c, before: before[c.ID]})
		}
	}
	// Chats that the account has left come last, in a list of their own.
	slices.SortStableFunc(out, func(a, b chat) int { return order(a.left()) - order(b.left()) })
	return out, nil
}

func order(left bool) int {
	if left {
		return 1
	}
	return 0
}

// migrations maps supergroups to the groups they were. Either profile can tell.
func migrations(source Source, account archive.PeerID, all []archive.ChatInfo, known map[archive.PeerID]bool) map[archive.PeerID]archive.PeerID {
	before := map[archive.PeerID]archive.PeerID{}
	for _, c := range all {
		p, ok := source.Peer(account, c.ID)
		if !ok {
			continue
		}
		if p.MigratedTo != "" && known[p.MigratedTo] {
			before[p.MigratedTo] = c.ID
		}
		if p.MigratedFrom != "" && known[p.MigratedFrom] {
			before[c.ID] = p.MigratedFrom
		}
	}
	return before
}

func (c chat) left() bool { return c.Dialog != nil && c.Dialog.Left }

// kind is Telegram Desktop's word for the type of the chat. Without a dialog
// record it follows from the profile.
func (c chat) kind(n names) archive.ChatType {
	if c.Dialog != nil && c.Dialog.Type != "" {
		return c.Dialog.Type
	}
	p, ok := n.source.Peer(n.account, c.ID)
	if !ok {
		p = &archive.Peer{}
	}
	public := p.Username != ""
	switch kind := c.ID.Kind(); {
	case c.ID == n.account:
		return archive.ChatSaved
	case kind == archive.PeerUser && p.Bot:
		return archive.ChatBot
	case kind == archive.PeerUser:
		return archive.ChatPersonal
	case kind == archive.PeerChat:
		return archive.ChatPrivateGroup
	case p.Broadcast && public:
		return archive.ChatPublicChannel
	case p.Broadcast:
		return archive.ChatPrivateChannel
	case public:
		return archive.ChatPublicSupergroup
	}
	return archive.ChatPrivateSupergroup
}
