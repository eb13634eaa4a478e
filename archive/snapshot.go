package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// A source is what a Snapshot needs of the vault; chunkstore.Reader is the one.
type source interface {
	Commits() []*chunkstore.Commit
	Records(ctx context.Context, c *chunkstore.Commit) ([]crypto.ID, error)
	Chunk(ctx context.Context, id crypto.ID) ([]byte, error)
	Stream(ctx context.Context, ids []crypto.ID) io.ReadCloser
	Size(id crypto.ID) (int64, error)
}

// SnapshotOptions says which state of the archive to read, and how.
type SnapshotOptions struct {
	// At is the moment to look back to: commits made later do not count. Zero
	// means all.
	At time.Time
	// Commit is another way to say so: the last one of its writer that counts, and of
	// other writers what was committed until then. nil means all.
	Commit *chunkstore.Commit
	// KeepGoing reads what can be read of a damaged vault. What cannot is listed
	// in Problems instead of being an error of OpenSnapshot.
	KeepGoing bool
	// Quick opens a large archive in a fraction of the time: it finds out where messages are
	// and does not take them apart. What is wrong with one is told when it is read, and
	// Unknown counts no fields of messages. It is no help where messages were imported: those
	// must be compared with the others.
	Quick bool
	// Media learns of stored files alone: it is for Media, AllMedia, OpenMedia, Records and Lines.
	// The snapshot has no accounts, chats, people or items.
	Media bool
	// Progress, if set, is told now and then how many bytes of the records are replayed,
	// and how many there are.
	Progress func(done, total int64)
}

// counts reports whether a commit belongs to the state that is asked for.
func (o SnapshotOptions) counts(c *chunkstore.Commit) bool {
	switch {
	case !o.At.IsZero() && c.Time.After(o.At):
		return false
	case o.Commit != nil && c.Writer == o.Commit.Writer:
		return c.Seq <= o.Commit.Seq
	}
	return o.Commit == nil || !c.Time.After(o.Commit.Time)
}

// A Problem is something that cannot be read.
type Problem struct {
	Object string // "records of commit 3 of writer …", "media photo:7"
	Err    error  // a *FormatError, ErrMediaChanged, or what the vault said
}

func recordsOf(c *chunkstore.Commit) string {
	return fmt.Sprintf("records of commit %d of writer %s", c.Seq, c.Writer)
}

// A Snapshot is the archive as of one commit: what exports, restores and deep
// verification read. In memory it holds some 16 bytes for each version of a
// message; records are read from the vault when they are asked for. All methods
// are safe for use by many goroutines at once.
type Snapshot struct {
	source   source
	streams  []recordStream
	seed     maphash.Seed
	quick    bool
	only     bool // SnapshotOptions.Media
	accounts map[PeerID]*accountLog
	order    []PeerID // accounts as they first appeared
	media    map[MediaKey]mediaRef
	missing  map[MediaKey]*Missing
	pruned   map[MediaKey]mediaRef // what was in media until it was pruned
	emoji    map[MediaKey]*Emoji
	records  int
	unknown  Unknown
	problems []Problem
}

// An Account is one login.
type Account struct {
	ID      PeerID
	Profile *Peer // nil if no record describes it
}

// A ChatInfo is one chat of an account.
type ChatInfo struct {
	ID       PeerID
	Dialog   *Dialog // nil if no record describes it
	Name     string  // of the peer as last seen, "" if it is unknown
	Messages int     // how many, deleted ones included
	Newest   int64   // Unix seconds when the message with the largest id was sent, 0 without one
}

// mediaRef is what a snapshot keeps of a media record.
type mediaRef struct {
	size   int64
	sha    [32]byte
	hashed bool
	at     place
}

// OpenSnapshot replays the records of a vault. Versions of one message are in the
// order of the commits that hold them; those that were imported (Record.Origin) come
// before all that were fetched, whenever they were imported, and one that says what a
// later version says too is none. What else was imported counts only where nothing was
// fetched; an imported file stands in for one that is not stored.
func OpenSnapshot(ctx context.Context, r *chunkstore.Reader, o SnapshotOptions) (*Snapshot, error) {
	return openSnapshot(ctx, r, o)
}

func openSnapshot(ctx context.Context, src source, o SnapshotOptions) (*Snapshot, error) {
	s, err := replayAll(ctx, src, o)
	if errors.Is(err, errImports) {
		o.Quick = false
		s, err = replayAll(ctx, src, o)
	}
	return s, err
}

func replayAll(ctx context.Context, src source, o SnapshotOptions) (*Snapshot, error) {
	s := &Snapshot{
		source:   src,
		seed:     maphash.MakeSeed(),
		quick:    o.Quick && !o.Media,
		only:     o.Media,
		accounts: make(map[PeerID]*accountLog),
		media:    make(map[MediaKey]mediaRef),
		missing:  make(map[MediaKey]*Missing),
		pruned:   make(map[MediaKey]mediaRef),
		emoji:    make(map[MediaKey]*Emoji),
	}
	progress := newReplayProgress(ctx, src, o)
	for _, c := range src.Commits() {
		if !o.counts(c) {
			continue
		}
		if err := s.replay(ctx, c, o.KeepGoing, progress); err != nil {
			return nil, err
		}
		progress.next()
	}
	for _, a := range s.accounts {
		a.settle()
	}
	return s, nil
}

// replay reads the records of one commit.
func (s *Snapshot) replay(ctx context.Context, c *chunkstore.Commit, keepGoing bool, progress *replayProgress) error {
	stream, err := newRecordStream(ctx, s.source, c, keepGoing)
	if err == nil && len(s.streams) == maxStreams {
		err = fmt.Errorf("%w: more than %d commits", ErrTooLarge, maxStreams)
	}
	if err == nil && len(stream.chunks) > 0 {
		s.streams = append(s.streams, stream)
		progress.of = stream.startOf(len(stream.chunks))
		err = s.replayStream(ctx, c, &stream, keepGoing, progress)
	}
	if err == nil {
		return nil
	}
	if !keepGoing || ctx.Err() != nil || errors.Is(err, errImports) {
		return fmt.Errorf("%s: %w", recordsOf(c), err)
	}
	if !errors.Is(err, chunkstore.ErrNoIndex) { // which the vault has told
		s.problems = append(s.problems, Problem{recordsOf(c), err})
	}
	return nil
}

func (s *Snapshot) replayStream(ctx context.Context, c *chunkstore.Commit, stream *recordStream, keepGoing bool, progress *replayProgress) error {
	r := newStretchReader(ctx, s.source, stream)
	defer r.close()
	r.decoder.seed, r.decoder.quick, r.decoder.skim = &s.seed, s.quick, s.only
	if !s.quick && !s.only { // which cost little
		r.widen()
	}
	defer func() { s.unknown.add(r.decoder.unknown) }()
	for {
		record, off, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = s.add(record, newPlace(len(s.streams)-1, off))
		}
		if err == nil {
			s.records++
			if s.records%replayStep == 0 {
				progress.tell(off)
			}
			continue
		}
		if !keepGoing || ctx.Err() != nil || errors.Is(err, errImports) {
			return err
		}
		s.problems = append(s.problems, Problem{recordsOf(c), err})
		if !isSkipped(err) && !r.resume(off, err) {
			return ctx.Err()
		}
	}
}

// add takes one record into the snapshot.
func (s *Snapshot) add(r *Record, at place) error {
	if s.only && r.Kind != KindMedia && r.Kind != KindMissing {
		return nil
	}
	switch r.Kind {
	case KindMedia:
		return s.addMedia(r.Media, at)
	case KindMissing:
		s.takeMissing(r.Missing)
	case KindEmoji:
		s.emoji[r.Emoji.File.Key] = r.Emoji
	case KindAccount, KindPeer:
		s.account(r.Account).addProfile(r)
	case KindChat:
		s.account(r.Account).chat(r.Chat).addDialog(r)
	case KindMessage:
		if g := r.glimpse; g != nil {
			s.account(r.Account).chat(r.Chat).add(g.id, g.date, g.sum, at)
			return nil
		}
		if s.quick && r.Origin != nil {
			return errImports
		}
		return s.account(r.Account).chat(r.Chat).addMessage(r, s.seed, at)
	case KindDeletion:
		return s.account(r.Account).addDeletion(r.Chat, r.Deletion, at)
	default:
		if r.Kind.ofItems() {
			s.account(r.Account).addItem(r)
		}
	}
	return nil // one of an unknown kind was counted by the decoder and is in Records
}

func (s *Snapshot) addMedia(f *MediaFile, at place) error {
	sha, err := hex.DecodeString(f.SHA256)
	if err != nil || len(sha) != 32 || f.Size < 0 {
		return &FormatError{Offset: at.offset(), Reason: "media record without size or hash", Skipped: true}
	}
	s.media[f.Key] = mediaRef{f.Size, [32]byte(sha), f.Hashed, at}
	delete(s.missing, f.Key)
	delete(s.pruned, f.Key)
	return nil
}

func (s *Snapshot) account(id PeerID) *accountLog {
	a := s.accounts[id]
	if a == nil {
		a = newAccountLog()
		s.accounts[id] = a
		s.order = append(s.order, id)
	}
	return a
}

// Accounts returns all accounts in the order in which they first appeared.
func (s *Snapshot) Accounts() []Account {
	accounts := make([]Account, len(s.order))
	for i, id := range s.order {
		accounts[i] = Account{id, s.accounts[id].profile}
	}
	return accounts
}

// Chats returns all chats of an account in the order in which they first
// appeared.
func (s *Snapshot) Chats(account PeerID) []ChatInfo {
	a := s.accounts[account]
	if a == nil {
		return nil
	}
	chats := make([]ChatInfo, len(a.order))
	for i, id := range a.order {
		c := a.chats[id]
		chats[i] = ChatInfo{ID: id, Dialog: c.dialog, Messages: c.messages, Newest: c.newest}
		if peer, ok := s.Peer(account, id); ok {
			chats[i].Name = peer.name()
		}
	}
	return chats
}

// name is what people call p.
func (p *Peer) name() string {
	if p.Title != "" {
		return p.Title
	}
	return strings.TrimSpace(p.FirstName + " " + p.LastName)
}

// Peer returns the latest profile of a user, a group or a channel as the account
// saw it; false if there is none.
func (s *Snapshot) Peer(account, id PeerID) (*Peer, bool) {
	a := s.accounts[account]
	if a == nil {
		return nil, false
	}
	p := a.peers[id]
	if id == account && a.profile != nil && (p == nil || a.fetchedProfile() && !a.fetchedPeer(id)) {
		p = a.profile
	}
	return p, p != nil
}

// Media returns the latest record of a stored media file, without its Chunks;
// false if it is not stored.
func (s *Snapshot) Media(key MediaKey) (*MediaFile, bool) {
	ref, ok := s.media[key]
	if !ok {
		return nil, false
	}
	return &MediaFile{Key: key, Size: ref.size, SHA256: hex.EncodeToString(ref.sha[:]), Hashed: ref.hashed}, true
}

// AllMedia goes over all stored media files in the order of their keys, as Media
// returns them.
func (s *Snapshot) AllMedia() iter.Seq[*MediaFile] {
	return func(yield func(*MediaFile) bool) {
		for _, key := range slices.Sorted(maps.Keys(s.media)) {
			if f, _ := s.Media(key); !yield(f) {
				return
			}
		}
	}
}

// Missing returns why a media file is not stored; false if it is stored, or if
// no record speaks of it.
func (s *Snapshot) Missing(key MediaKey) (*Missing, bool) {
	m, ok := s.missing[key]
	return m, ok
}

// Emoji returns what a custom emoji is; false if no record describes it. Whether
// its file is stored is for Media to say.
func (s *Snapshot) Emoji(key MediaKey) (*Emoji, bool) {
	e, ok := s.emoji[key]
	return e, ok
}

// Len returns the number of records that were replayed.
func (s *Snapshot) Len() int { return s.records }

// Unknown counts the records that this version does not fully understand. They
// are in Records all the same.
func (s *Snapshot) Unknown() Unknown { return s.unknown }

// Problems lists what could not be read: always empty without KeepGoing.
func (s *Snapshot) Problems() []Problem { return s.problems }
