package telegram

import (
	"slices"
	"time"

	"telekeep/archive"
)

// A Result says what a sync did. After an error it says what was done before.
type Result struct {
	Chats    int // chats that the rules include
	Messages int // messages seen for the first time
	Edited   int // new versions of messages
	Deleted  int // messages the server reported as deleted
	// Items are the things the account holds besides chats, such as contacts and
	// stories, that are new, changed, or not listed any more.
	Items int

	Media      int   // files fetched
	MediaBytes int64 // bytes fetched
	MediaKnown int   // files of new messages that the archive had already
	MediaLeft  int   // files of new messages that the rules leave out

	// Missing are files that are not in the archive though no rule leaves them
	// out: of new messages, and those that were tried again; at most maxMissing
	// of them. MissingTotal counts all, MissingFailed those of them that failed
	// and will be tried again by the next sync.
	Missing       []MissingItem
	MissingTotal  int
	MissingFailed int
	// Failures are the chats whose messages could not be fetched completely.
	Failures []ChatFailure
	// Warnings are things the server refused that a sync can do without, such as
	// "updates.getDifference: METHOD_INVALID".
	Warnings []string
	// Unknown counts the records, of all syncs, that hold something this version has
	// no words for, by its name in TL. They have it as it came.
	Unknown map[string]int
	// Unmatched are the rules on chats that mean no chat of the account.
	Unmatched []string
	// TakeoutAfter is when the server lets a takeout begin, if it put it off: at
	// once if the account confirms it on another device. The zero time otherwise.
	TakeoutAfter time.Time
	// CompleteUntil is when the sync began, if everything asked for that was sent
	// until then is there; else zero.
	CompleteUntil time.Time
	// FloodWaited is how long the server asked to wait, all in all.
	FloodWaited time.Duration
}

// maxMissing bounds the memory that Result.Missing takes.
const maxMissing = 1000

// Complete reports whether everything is in the archive that the rules ask for
// and the server gives.
func (r *Result) Complete() bool {
	return r.MissingFailed == 0 && !slices.ContainsFunc(r.Failures, func(f ChatFailure) bool { return !f.Refused })
}

// A MissingItem is a file that is not in the archive.
type MissingItem struct {
	Chat      archive.PeerID
	MessageID int
	Key       archive.MediaKey
	Size      int64  // bytes, as declared
	Reason    string // one of archive.Missing…
	Detail    string // the server's word for it
}

// A ChatFailure is a chat whose messages could not be fetched completely. The
// next sync goes on where it stopped.
type ChatFailure struct {
	Chat   archive.PeerID
	Reason string // the server's word for it, such as CHANNEL_PRIVATE
	Err    error
	// Refused: the server says that the account may not read it (any more). What
	// was archived stays; there is nothing to try again.
	Refused bool
}

// A Phase is a part of a sync.
type Phase string

// The phases of a sync. Media is fetched in PhaseMedia; that of the last day, and
// while the server has the messages wait, from PhaseAccount on.
const (
	PhaseChats   Phase = "chats"   // the list of chats
	PhaseAccount Phase = "account" // what the account holds besides chats
	PhaseUpdates Phase = "updates" // edits and deletions since the last time
	PhaseHistory Phase = "history" // new messages
	PhaseMedia   Phase = "media"   // the media
)

// An Event says how far a sync is. All numbers are totals since it started; a
// total can grow while the sync finds out what there is.
type Event struct {
	Phase Phase
	Chat  archive.PeerID // the chat whose messages are being fetched

	Chats, ChatsTotal int // chats done
	Messages          int
	Media, MediaTotal int   // files done
	Bytes, BytesTotal int64 // of media

	// Wait is set on an event that announces a pause the server asked for, for
	// calls of Method.
	Wait   time.Duration
	Method string
}
