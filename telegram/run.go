package telegram

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// flushTimeout limits the commit at the end of a sync that is being stopped.
const flushTimeout = 5 * time.Minute

// A run is one sync. Its fields up to api are set when it starts; api and link
// change when it has to connect anew.
type run struct {
	options  *Options
	archive  Archive
	rules    Rules
	takeout  TakeoutMode
	eager    bool
	wished   atomic.Bool // eager, until everything was looked through
	account  archive.PeerID
	progress func(Event)
	log      *slog.Logger
	people   *people
	emoji    *emojiDesk

	link     *link
	api      *tg.Client // see link
	optional *tg.Client

	state  accountState             // of the goroutine that syncs messages
	saved  *updateState             // likewise: how far updates were taken, as the archive has it
	order  []*chat                  // likewise: the chats as they will be synced
	hashes map[archive.PeerID]int64 // likewise: access hashes, asked for later than chats; nil: not yet
	lifted bool                     // the owner of some chat allows saving again
	mute   bool                     // the server does not answer about changes in channels
	untold bool                     // it did not tell the difference that was asked for last
	// privacyMute: it does not answer about people either.
	privacyMute bool
	// chats is of that goroutine too; others call find. Once media is fetched it
	// is not changed, but replaced.
	chats map[archive.PeerID]*chat
	media *fetcher
	hold  hold                        // of media, while messages are read
	room  func(context.Context) error // if set: waits until media may be fetched

	erased  map[archive.PeerID]bool // of the goroutine that syncs messages: where messages were deleted; "" as in deletion
	started int64                   // when the list of chats was asked for, Unix seconds
	looked  int64                   // started of the last look through all chats that came to its end, of a run that goes on
	aside   aside
	stored  atomic.Bool // something is, since the aside was

	committing sync.Mutex
	steps      atomic.Int64 // how often something was applied
	hashing    atomic.Int32 // whether the server gives hashes of files
	curt       atomic.Bool  // the server does not answer when it is asked for whole articles

	live *live // nil unless the run stays connected

	mu     sync.Mutex // guards the rest, and the replacing of chats
	result Result
	event  Event
}

// find returns a chat of the list, nil if it is not there.
func (r *run) find(id archive.PeerID) *chat {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.chats[id]
}

// now is the time that records are dated by, in Unix seconds.
func (r *run) now() int64 { return r.options.Now().Unix() }

// apply hands a batch over. What is in hand is kept even if the sync is being
// stopped.
func (r *run) apply(ctx context.Context, b *batch) error {
	if b.empty() {
		return nil
	}
	if err := b.closeLedger(); err != nil {
		return err
	}
	r.stored.Store(true)
	r.aside.outdate(b)
	err := r.archive.Apply(context.WithoutCancel(ctx), archive.Batch{Records: b.records, State: b.state})
	if err != nil {
		return archived(err)
	}
	r.steps.Add(1)
	r.media.add(b.queued)
	return r.commitIfDue(ctx)
}

// commitIfDue commits if it is time to. One commit at a time is enough.
func (r *run) commitIfDue(ctx context.Context) error {
	if !r.archive.Due() || !r.committing.TryLock() {
		return nil
	}
	defer r.committing.Unlock()
	return archived(r.archive.Commit(context.WithoutCancel(ctx)))
}

// flush commits what there is at the end of a sync, also of one that was
// stopped or failed.
func (r *run) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	return archived(r.archive.Commit(ctx))
}

// record starts a record of the account.
func (r *run) record(kind archive.Kind) *archive.Record {
	return &archive.Record{Version: archive.RecordVersion, Kind: kind, Account: r.account, Seen: r.now()}
}

// raw adds an object's TL bytes to a record.
func raw(rec *archive.Record, o encoder) error {
	data, err := normal.Raw(o)
	if err != nil {
		return err
	}
	rec.Raw, rec.Layer = data, normal.Layer
	return nil
}

// count changes the result.
func (r *run) count(change func(*Result)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.result)
}

// tell changes the event and passes it on.
func (r *run) tell(change func(*Event)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.event)
	if r.progress != nil {
		r.progress(r.event)
	}
}

// flood announces a pause.
func (r *run) flood(f FloodError) {
	r.log.Info("the server asked for a pause", "method", f.Method, "dc", f.DC, "wait", f.Wait)
	r.paused(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.progress != nil {
		e := r.event
		e.Wait, e.Method = f.Wait, f.Method
		r.progress(e)
	}
}

// warn notes that the server refused what a sync can do without.
func (r *run) warn(what string, err error) {
	text := what + ": " + reason(err)
	r.log.Warn("the server refuses what a sync can do without", "what", text)
	r.count(func(res *Result) {
		if !slices.Contains(res.Warnings, text) {
			res.Warnings = append(res.Warnings, text)
		}
	})
}

// report puts a file that is not stored on the list of the result.
func (r *run) report(chat archive.PeerID, f workFile, why *missingState) {
	if why == nil {
		return
	}
	r.count(func(res *Result) {
		res.MissingTotal++
		if why.Reason == archive.MissingFailed {
			res.MissingFailed++
		}
		if len(res.Missing) < maxMissing {
			res.Missing = append(res.Missing, MissingItem{
				Chat: chat, MessageID: f.Message, Key: f.Key, Size: f.Size, Reason: why.Reason, Detail: why.Detail,
			})
		}
	})
}

// fail notes that a chat could not be fetched completely.
func (r *run) fail(c *chat, err error) {
	r.log.Warn("a chat could not be fetched completely", "error", reason(err))
	r.count(func(res *Result) {
		res.Failures = append(res.Failures, ChatFailure{Chat: c.id, Reason: reason(err), Err: err, Refused: refusedChat(err)})
	})
}
