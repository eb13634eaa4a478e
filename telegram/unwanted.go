package telegram

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// A Snapshot is what of the archive says which stored files the rules leave out;
// *archive.Snapshot is one.
type Snapshot interface {
	Accounts() []archive.Account
	Chats(account archive.PeerID) []archive.ChatInfo
	Peer(account, id archive.PeerID) (*archive.Peer, bool)
	Records(ctx context.Context) iter.Seq2[*archive.Record, error]
	AllMedia() iter.Seq[*archive.MediaFile]
}

// An UnwantedFile is a stored file that the rules leave out.
type UnwantedFile struct {
	*archive.MediaFile
	Kind   string         `json:"kind"`   // of the file, in the words of rules
	Chat   archive.PeerID `json:"chat"`   // the newest that names it
	Reason string         `json:"reason"` // archive.MissingExcluded or MissingTooLarge
}

// Unwanted is what of the stored files the rules leave out.
type Unwanted struct {
	Files []UnwantedFile // in the order of their keys
	Bytes int64
	// Unsure is how many files stay because it cannot be told of what kind they are: their
	// messages were stored in another layer of Telegram's language.
	Unsure int

	work map[archive.PeerID][]*work // by account: what to fetch should the rules change
	all  map[archive.MediaKey]*judged
}

// Chooses reports whether the rules choose a file, stored or not, that some record names.
func (u *Unwanted) Chooses(key archive.MediaKey) bool {
	f := u.all[key]
	return f != nil && f.wanted
}

// FindUnwanted finds the stored media files that the rules leave out, decided as if they
// were to be fetched now. A file stays as long as one message of one account that the
// rules choose names it. What no message names stays: pictures of profiles, stories,
// custom emoji, and what was imported. So do files of chats of which the archive has no description.
func FindUnwanted(ctx context.Context, s Snapshot, rules Rules) (*Unwanted, error) {
	if err := rules.Check(); err != nil {
		return nil, err
	}
	j := &judge{snapshot: s, rules: rules, chats: map[[2]archive.PeerID]*chat{}, files: map[archive.MediaKey]*judged{}}
	if err := j.findFolders(ctx); err != nil {
		return nil, err
	}
	for rec, err := range s.Records(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read the archive: %w", err)
		}
		switch rec.Kind {
		case archive.KindMessage:
			if rec.Origin != nil { // somebody brought it: rules say what is fetched
				j.keep(rec)
				continue
			}
			j.message(rec)
		case archive.KindMedia, archive.KindMissing, archive.KindChat, archive.KindDeletion:
		default:
			j.keep(rec)
		}
	}
	return j.result(), nil
}

// A judged file is one that records name.
type judged struct {
	wanted bool
	unsure bool
	why    string
	kind   string
	chat   archive.PeerID
	refs   []judgedRef // where it stood, as far as it can be fetched from there
}

type judgedRef struct {
	account archive.PeerID
	chat    *chat
	file    workFile
	closed  bool // the chat itself is left out
}

type judge struct {
	snapshot Snapshot
	rules    Rules
	folders  map[archive.PeerID]map[string]*archive.Folder // by account and item
	chats    map[[2]archive.PeerID]*chat                   // by account and id; nil for one without description
	files    map[archive.MediaKey]*judged
}

// findFolders reads the accounts' folders as they were last, if any rule speaks of them.
func (j *judge) findFolders(ctx context.Context) error {
	j.folders = map[archive.PeerID]map[string]*archive.Folder{}
	if !slices.ContainsFunc(j.rules.allNames(), func(name string) bool { return strings.HasPrefix(name, folderRule) }) {
		return nil
	}
	for rec, err := range j.snapshot.Records(ctx) {
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		of := j.folders[rec.Account]
		switch {
		case rec.Kind == archive.KindFolder:
			if of == nil {
				of = map[string]*archive.Folder{}
				j.folders[rec.Account] = of
			}
			of[rec.Item] = rec.Folder
		case rec.Kind == archive.KindUnlisted && rec.Unlisted.Kind == archive.KindFolder:
			delete(of, rec.Item)
		}
	}
	return nil
}

// chat describes a chat for rules; nil if the archive does not.
func (j *judge) chat(account, id archive.PeerID) *chat {
	key := [2]archive.PeerID{account, id}
	if c, ok := j.chats[key]; ok {
		return c
	}
	if _, ok := j.chats[[2]archive.PeerID{account, ""}]; !ok { // the first of this account
		j.chats[[2]archive.PeerID{account, ""}] = nil
		for _, info := range j.snapshot.Chats(account) {
			peer, ok := j.snapshot.Peer(account, info.ID)
			if !ok || info.Dialog == nil {
				continue
			}
			c := &chat{id: info.ID, peer: peer, dialog: *info.Dialog}
			c.folders = j.foldersOf(account, c)
			c.included, c.rule = j.rules.chat(c.named())
			j.chats[[2]archive.PeerID{account, info.ID}] = c
		}
	}
	return j.chats[key]
}

func (j *judge) foldersOf(account archive.PeerID, c *chat) (names []string) {
	if c.dialog.Folder == archiveFolder {
		names = append(names, archivedFolder)
	}
	for _, item := range slices.Sorted(maps.Keys(j.folders[account])) {
		if f := j.folders[account][item]; inFolder(f, c) {
			names = append(names, f.Title.Text)
		}
	}
	return names
}

func (j *judge) file(key archive.MediaKey) *judged {
	f := j.files[key]
	if f == nil {
		f = new(judged)
		j.files[key] = f
	}
	return f
}

// keep keeps the files of a record that is no message.
func (j *judge) keep(rec *archive.Record) {
	for _, f := range rec.Files() {
		j.file(f.Key).wanted = true
	}
	if rec.Emoji != nil {
		j.file(rec.Emoji.File.Key).wanted = true
	}
}

// message decides about the files of a message.
func (j *judge) message(rec *archive.Record) {
	c := j.chat(rec.Account, rec.Chat)
	refs, exact := messageRefs(rec)
	for _, ref := range refs {
		j.judge(rec, c, ref, exact)
	}
	known := func(key archive.MediaKey) bool {
		return slices.ContainsFunc(refs, func(r normal.FileRef) bool { return r.Key == key })
	}
	for _, f := range rec.Files() { // what the message shows and fetching does not know
		if !known(f.Key) {
			j.judge(rec, c, normal.FileRef{Key: f.Key, Size: f.Size}, false)
		}
	}
}

// messageRefs are the files of a message as they would be fetched. Where its bytes are of
// another layer they cannot be read: exact is false.
func messageRefs(rec *archive.Record) (refs []normal.FileRef, exact bool) {
	if rec.Layer != normal.Layer || len(rec.Raw) == 0 {
		return nil, false
	}
	m, err := tg.DecodeMessage(&bin.Buffer{Buf: rec.Raw})
	if err != nil {
		return nil, false
	}
	return normal.Files(m), true
}

// judge decides about one file of a message. If its kind is not known, rules on kinds do
// not leave it out.
func (j *judge) judge(rec *archive.Record, c *chat, ref normal.FileRef, exact bool) {
	f := j.file(ref.Key)
	if c == nil {
		f.wanted = true
		return
	}
	rules := j.rules.of(c)
	if !exact && len(rules.Kinds) > 0 && !slices.Equal(rules.Kinds, []string{noMedia}) {
		f.unsure = true
		rules.Kinds = nil
	}
	why := rules.media(ref.Kind, ref.Size, rec.Message.Date)
	if !c.included {
		why = archive.MissingExcluded
	}
	if why == "" {
		f.wanted = true
		return
	}
	f.why, f.kind, f.chat = why, cmp.Or(ref.Kind, f.kind), c.id
	if exact {
		w := workFile{FileRef: ref, Message: rec.Message.ID, Date: rec.Message.Date, Protected: rec.Message.Protected, Why: why}
		f.refs = append(f.refs, judgedRef{rec.Account, c, w, !c.included})
	}
}

// result sorts out which stored files nothing wants.
func (j *judge) result() *Unwanted {
	u := &Unwanted{work: map[archive.PeerID][]*work{}, all: j.files}
	again := map[judgedPlace][]workFile{}
	for media := range j.snapshot.AllMedia() {
		f := j.files[media.Key]
		if f == nil || f.wanted {
			if f != nil && f.unsure {
				u.Unsure++
			}
			continue
		}
		u.Files = append(u.Files, UnwantedFile{media, f.kind, f.chat, f.why})
		u.Bytes += media.Size
		for _, ref := range f.refs {
			if ref.closed { // it waits until the chat is not left out any more
				ref.file.Why = ""
			}
			at := judgedPlace{ref.account, ref.chat, ref.closed, ref.file.Message}
			again[at] = append(again[at], ref.file)
		}
	}
	for at, files := range again {
		w := newWork(at.chat.id, 0, 0, files) // their references are old: new ones are asked for
		u.work[at.account] = append(u.work[at.account], w)
	}
	return u
}

type judgedPlace struct {
	account archive.PeerID
	chat    *chat
	closed  bool
	message int
}

// originPruned tells work of files that were pruned from that of pages.
const originPruned = "pruned"

// State is what the resume state has to say of the files, so that they are fetched should
// the rules choose them again.
func (u *Unwanted) State() (map[string][]byte, error) {
	state := map[string][]byte{}
	for account, all := range u.work {
		state[prunedKey(account)] = []byte{1}
		for _, w := range all {
			list := listLater
			if w.Files[0].Why == "" {
				list = listFetch
			}
			for class, files := range splitClasses(originPruned, w.Files, 0) {
				part := newWork(w.Chat, 0, 0, files)
				value, err := json.Marshal(part)
				if err != nil {
					return nil, err
				}
				state[workKey(list, account, class, originPruned, part)] = value
			}
		}
	}
	return state, nil
}
