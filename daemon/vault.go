package daemon

import (
	"context"
	"time"
)

// A Vault is where accounts are backed up to, as far as the daemon has to know.
// Its methods are called by one goroutine at a time, but for Look and Verify.
type Vault interface {
	// Open opens the vault to write and keeps everybody else from it.
	Open(ctx context.Context) (Session, error)
	// Look says how each copy of the vault is, without opening it: as many as there are,
	// each under its own name; one that it does not name is none any more. It must be
	// quick.
	Look(ctx context.Context) []Look
	// Verify reads a whole copy and needs no key. It is of low priority: it leaves room
	// for others, and may take days.
	Verify(ctx context.Context, v Verification) (Verified, error)
}

// A Session is a vault that is open to write.
type Session interface {
	// Follow keeps an account up to date until ctx ends, and then stores and commits
	// what is in hand. It returns nil if that is durable.
	Follow(ctx context.Context, f Following) error
	// Pending reports whether something is stored on this machine and not yet in the
	// vault.
	Pending() bool
	// Commit makes everything that was stored durable in the vault.
	Commit(ctx context.Context) error
	// Written grows while something is being written to the vault. It is quick, and may
	// be called by any goroutine.
	Written() int64
	// Close gives the vault back. It commits nothing.
	Close() error
}

// A Following is what Session.Follow is told.
type Following struct {
	Account string
	// Wishes asks for a look through everything, now; the number comes back in
	// News.Wish.
	Wishes <-chan int
	// Tell takes news; it is quick. It is called by one goroutine at a time.
	Tell func(News)
	// Progress takes how far a look through everything is; it is quick.
	Progress func(Progress)
	// Alive says that the work goes on, and that it may be silent for as long as
	// quiet from now without anything being wrong.
	Alive func(quiet time.Duration)
	// Room is called before media is fetched, a part at a time, and returns when that may
	// be: at once but for a link that is paid for by the byte, or a battery. Its error is
	// that ctx ended.
	Room func(ctx context.Context) error
}

// A Look is the state of one copy of the vault.
type Look struct {
	Copy string // its name in the settings; the only one is "vault"
	// Err is why it cannot be reached; nil if it is there.
	Err error
	// Refused is why nothing is written to it though it is there, until somebody settles
	// that: another vault, an older one, a forged one.
	Refused error
	Free    int64 // bytes; -1 if nobody knows
	// Objects and Bytes are what it lacks of what other copies have; 0: nothing.
	Objects int
	Bytes   int64
	// Unsure says that nobody could tell what it lacks: what was known of that still holds.
	Unsure bool
	// Begun is when the vault was backed up to first, by the clock on the wall; zero if
	// nobody knows.
	Begun time.Time
}

// current reports whether the copy has everything.
func (l *Look) current() bool { return l.Err == nil && l.Refused == nil && l.Objects == 0 && !l.Unsure }

// A Verification says what Vault.Verify reads.
type Verification struct {
	Copy string
	// Place is where an earlier one stopped that came to no end, as it told; "": this one
	// begins at the beginning.
	Place string
	// Reached tells where it is, now and then: a text that is Place for a later one. It is
	// quick.
	Reached func(place string)
	// Progress tells how many of the bytes were read; it is quick.
	Progress func(done, total int64)
}

// Verified is what a verification found.
type Verified struct {
	Problems int
	Detail   string // of the first problem; no names of people or chats
}

// A State is what is done about an account.
type State string

// The states of an account.
const (
	StateStarting State = "starting"
	StateSyncing  State = "syncing" // catching up
	StateLive     State = "live"    // up to date, and told of changes as they happen
	StateOffline  State = "offline" // no connection; it is tried again
	StateWaiting  State = "waiting" // it failed; it is tried again
	StatePaused   State = "paused"
	StateHeld     State = "held"  // it waits for a link that costs nothing, or for mains power
	StateEnded    State = "ended" // somebody must do something, as the alarm says
)

// News is what happened in one account since the news before.
type News struct {
	State                            State
	Messages, Edited, Deleted, Media int
	// Failing is how many things could not be fetched; they are tried again.
	Failing int
	// Round says that everything was looked through and nothing is being fetched any
	// more, Whole that then everything was there, and Wish which wish that answers.
	Round, Whole bool
	Wish         int
	// Err is why there is no connection.
	Err error
	// Report is of a round, for whoever wished it.
	Report any
}

// Progress is how far a look through everything is; totals can grow.
type Progress struct {
	Phase      string  `json:"phase"`
	Chats      int     `json:"chats"`
	ChatsTotal int     `json:"chats_total"`
	Messages   int     `json:"messages"`
	Files      int     `json:"files"`
	FilesTotal int     `json:"files_total"`
	Bytes      int64   `json:"bytes"`
	BytesTotal int64   `json:"bytes_total"`
	Wait       float64 `json:"wait_seconds,omitempty"` // Telegram asked for a pause
}

// An Ending says what an error of Open or Follow means.
type Ending int

// What an error can mean.
const (
	EndRetry    Ending = iota // it is tried again, with growing pauses
	EndPerson                 // no try helps until somebody did something
	EndVault                  // the vault must be opened anew
	EndNoSpace                // likewise, and there is no room
	EndNoMount                // the vault is not there: most likely not mounted
	EndIsLocked               // another process has it
)
