package telegram

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"telekeep/archive"
)

// FollowOptions say what Follow fetches and who is told of it.
type FollowOptions struct {
	SyncOptions
	// Poll is how often the list of chats is looked through for what no push
	// told. Default 10 minutes.
	Poll time.Duration
	// Notice, if set, is told what happened, from one goroutine at a time; it
	// must be quick.
	Notice func(Notice)
	// Wishes, if set, asks for a look through everything, now, also while it is waited
	// for a connection. The number comes back in Notice.Wish; a newer one stands for
	// those before.
	Wishes <-chan int
	// Alive, if set, is called as long as the work goes on: at least every quiet and a
	// minute or two, which is what a call can take.
	Alive func(quiet time.Duration)
	// Room, if set, is called before each part of a file is fetched, and returns when that
	// may be: its error is that ctx ended. Messages are fetched without it.
	Room func(ctx context.Context) error
	// gapWait and probe are for tests, which cannot wait for the server so exactly, or so
	// long; see the constants.
	gapWait time.Duration
	probe   time.Duration
}

// A FollowState is what Follow is doing.
type FollowState string

// The states of Follow.
const (
	FollowSyncing FollowState = "syncing" // catching up, as Sync does
	FollowLive    FollowState = "live"    // up to date, and told of changes as they happen
	FollowOffline FollowState = "offline" // no connection; it will be tried again
)

// A Notice says what Follow does, and what came into the archive since the
// notice before. Messages, edits and deletions are on the disk.
type Notice struct {
	State                            FollowState
	Messages, Edited, Deleted, Media int
	// Failing is how many chats and files could not be fetched since all chats
	// were looked through last; they are tried again the next time.
	Failing int
	// Result is set when everything was looked through: what was done since the
	// start.
	Result *Result
	// Done is set beside Result when nothing is being fetched any more either, and
	// Wish is then the newest wish that was heard of before that look through
	// everything began.
	Done bool
	Wish int
	// Err is why there is no connection, if that is known, and Retry when it is
	// tried again.
	Err   error
	Retry time.Duration
}

// holdingsPause is how often contacts, folders, sessions and the like are looked
// through.
const holdingsPause = time.Hour

// The pauses between two connections that did not last.
const (
	reconnectMin = time.Second
	reconnectMax = 5 * time.Minute
)

// Follow brings the archive up to date as Sync does, and then keeps it so until
// ctx ends: what the server pushes is on the disk at once (messages, edits and
// deletions, and when the server is asked again a moment later, reactions, polls
// and pins), and in a commit when the archive asks for one. What was not pushed
// is found by differences, and at the latest when the list of chats is looked
// through again. A lost connection is made again for as long as it takes.
//
// When ctx ends, what is in hand is stored and committed; the error is nil if
// that is durable. The Result, which is never nil, counts everything since the
// start; what it lists as missing or failed is of the last look through all
// chats.
//
// It begins no takeout, whatever the options say.
//
// Errors: ErrNotSignedIn, ErrSessionRevoked, ErrSessionLost, ErrServerKey,
// ErrAPIIDInvalid, and those of the archive.
func (c *Client) Follow(ctx context.Context, a Archive, o FollowOptions) (*Result, error) {
	setDefault(&o.Poll, 10*time.Minute)
	setDefault(&o.gapWait, gapWait)
	setDefault(&o.probe, probePause)
	r := &run{
		options: &c.options, archive: a, rules: o.Rules, account: c.Account(), progress: o.Progress, log: c.options.Log,
		room: o.Room,
	}
	if r.account == "" {
		return &r.result, ErrNotSignedIn
	}
	if err := o.Rules.Check(); err != nil {
		return &r.result, err
	}
	r.live = &live{run: r, poll: o.Poll, gapWait: o.gapWait, probePause: o.probe, notify: o.Notice, wishes: o.Wishes, alive: o.Alive}
	r.progress = r.live.progress(o.Progress)
	gates := c.newGates(r.flood)
	err := r.live.keep(ctx, func() error { return c.connect(ctx, gates, r.live.connected) })
	if _, broken := errors.AsType[*archiveError](err); !broken {
		if r.live.settled {
			err = errors.Join(err, r.settled(ctx))
		}
		err = errors.Join(err, r.settleAside(ctx))
		err = errors.Join(err, r.flush(ctx))
	}
	r.result.FloodWaited = gates.total()
	return &r.result, err
}

// keep connects again and again until ctx ends, or there is no sense in it.
func (v *live) keep(ctx context.Context, connect func() error) error {
	pause, lost := reconnectMin, 0
	for {
		v.settled = false
		err := connect()
		if _, broken := errors.AsType[*archiveError](err); broken {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if v.settled {
			pause, lost = reconnectMin, 0
		}
		if errors.Is(err, ErrSessionLost) {
			lost++
		}
		if hopeless(err) || lost >= connectTries {
			return err
		}
		v.tell(Notice{State: FollowOffline, Err: err, Retry: pause})
		v.going(pause)
		if v.pause(ctx, pause) != nil {
			return nil
		}
		v.going(0)
		pause = min(2*pause, reconnectMax)
	}
}

// hopeless reports whether trying again would end the same way.
func hopeless(err error) bool {
	for _, end := range []error{ErrSessionRevoked, ErrServerKey, ErrAPIIDInvalid} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// A live is what a run that stays connected knows beside.
type live struct {
	run     *run
	poll    time.Duration
	gapWait time.Duration
	// probePause is how long the server is asked nothing, about.
	probePause time.Duration
	probeAt    time.Time // when it is asked in any case
	notify     func(Notice)
	wishes     <-chan int
	alive      func(quiet time.Duration)
	wish       int    // the newest that was heard
	told       Result // what was told of
	toldAt     time.Time

	settled bool // everything was looked through once on this connection

	// The rest belongs to the goroutine that syncs messages.
	in      *inbox
	state   FollowState
	boxes   map[archive.PeerID]*box
	looks   map[archive.PeerID]time.Time // when marked messages of a chat are looked up
	looked  map[archive.PeerID]time.Time // when they were
	renamed map[archive.PeerID]bool      // whose profile is looked at
	strange map[archive.PeerID]bool      // told of, but not in the list of chats
	held    time.Time                    // when what lies beside the chats was looked through
	rounded time.Time                    // when all chats were
	due     time.Time                    // when they will be

	completed bool // the last round was looked at for being complete
}

// connected is a run while it is connected.
func (v *live) connected(ctx context.Context, l *link) error {
	r := v.run
	r.start(l)
	v.in, v.state, v.held = l.pushed, FollowSyncing, time.Time{}
	v.boxes, v.looks = map[archive.PeerID]*box{}, map[archive.PeerID]time.Time{}
	v.looked = map[archive.PeerID]time.Time{}
	v.renamed, v.strange = map[archive.PeerID]bool{}, map[archive.PeerID]bool{}
	v.in.listen()
	v.tell(Notice{State: FollowSyncing})
	v.hear()
	if err := r.profile(ctx); err != nil {
		return err
	}
	if err := v.list(ctx); err != nil {
		return err
	}
	if err := r.resume(ctx); err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return r.media.fetch(inner) })
	group.Go(func() error {
		defer r.media.close()
		return v.rounds(inner)
	})
	err := group.Wait()
	if _, broken := errors.AsType[*archiveError](err); broken {
		return err
	}
	return errors.Join(err, v.take(context.WithoutCancel(ctx))) // what was pushed meanwhile
}

// rounds looks through all chats, waits for pushes until it is time to do so
// again, and so on until ctx ends.
func (v *live) rounds(ctx context.Context) error {
	for {
		v.due = time.Now().Add(v.poll)
		if err := v.round(ctx); err != nil {
			return err
		}
		v.settled, v.completed, v.state = true, false, FollowLive
		v.rounded, v.run.looked = time.Now(), v.run.started
		if err := v.run.settled(ctx); err != nil {
			return err
		}
		v.tell(Notice{State: FollowLive, Result: v.soFar()})
		if err := v.watch(ctx); err != nil {
			return err
		}
		if err := v.run.settled(ctx); err != nil {
			return err
		}
		if err := v.again(ctx); err != nil {
			return err
		}
	}
}

// round looks through everything once, as a sync does; through what lies beside
// the chats not every time.
func (v *live) round(ctx context.Context) error {
	r := v.run
	if time.Since(v.held) >= holdingsPause {
		v.held = time.Now()
		if err := r.holdings(ctx); err != nil {
			return err
		}
	}
	if err := r.messages(ctx); err != nil {
		return err
	}
	if err := r.belongings(ctx); err != nil {
		return err
	}
	if err := v.take(ctx); err != nil {
		return err
	}
	return v.askAll(ctx)
}

// again prepares another round.
func (v *live) again(ctx context.Context) error {
	r := v.run
	r.count(func(res *Result) {
		res.Failures, res.Missing, res.MissingTotal, res.MissingFailed = nil, nil, 0, 0
	})
	r.tell(func(e *Event) { e.Chats = 0 })
	v.forgive()
	if err := v.list(ctx); err != nil {
		return err
	}
	if err := r.restoreEmoji(); err != nil {
		return err
	}
	return r.media.restore()
}

// list fetches the list of chats and asks for those that are not there any more.
func (v *live) list(ctx context.Context) error {
	if err := v.run.list(ctx); err != nil {
		return err
	}
	return v.run.vanished(ctx)
}

// complete notes that everything is there that was at the start of the last
// round, once its media is, and gives notice of it. It is written down if
// anything was stored since the last time.
func (v *live) complete(ctx context.Context) error {
	r := v.run
	if v.state != FollowLive || v.completed || !r.media.idle() {
		return nil
	}
	v.completed = true
	r.wished.Store(false)
	r.mu.Lock()
	whole := r.result.Complete()
	if whole {
		r.result.CompleteUntil = time.Unix(r.started, 0).UTC()
	}
	r.mu.Unlock()
	if whole {
		r.state.Complete = r.started
	}
	if r.stored.Load() {
		r.noteSaved()
		if err := r.aside.put(accountKey(r.account), r.state); err != nil {
			return err
		}
	}
	if err := r.settleAside(ctx); err != nil {
		return err
	}
	v.tell(Notice{State: v.state, Result: v.soFar(), Done: true, Wish: v.wish})
	return nil
}

// forgive forgets what the server did not answer: a sync gives up such things for
// the rest of its time, which is not for days.
func (v *live) forgive() {
	r := v.run
	r.link.revive()
	r.mute, r.privacyMute, r.emoji = false, false, newEmojiDesk()
	r.curt.Store(false)
	r.hashing.CompareAndSwap(hashingRefused, hashingUnknown)
}

// tell gives notice, with what was counted since the last one.
func (v *live) tell(n Notice) {
	r := v.run
	r.mu.Lock()
	n.Messages, n.Edited = r.result.Messages-v.told.Messages, r.result.Edited-v.told.Edited
	n.Deleted, n.Media = r.result.Deleted-v.told.Deleted, r.result.Media-v.told.Media
	n.Failing = len(r.result.Failures) + r.result.MissingFailed
	v.told.Messages, v.told.Edited, v.told.Deleted, v.told.Media = r.result.Messages, r.result.Edited, r.result.Deleted, r.result.Media
	v.toldAt = time.Now()
	r.mu.Unlock()
	if v.notify != nil {
		v.notify(n)
	}
}

// soFar is a copy of the result.
func (v *live) soFar() *Result {
	r := v.run
	r.mu.Lock()
	defer r.mu.Unlock()
	copied := r.result
	copied.Missing, copied.Failures = slices.Clone(copied.Missing), slices.Clone(copied.Failures)
	copied.Warnings, copied.Unmatched = slices.Clone(copied.Warnings), slices.Clone(copied.Unmatched)
	copied.Unknown = maps.Clone(copied.Unknown)
	return &copied
}

// changed reports whether there is something to give notice of.
func (v *live) changed() bool {
	r := v.run
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result.Messages != v.told.Messages || r.result.Edited != v.told.Edited ||
		r.result.Deleted != v.told.Deleted || r.result.Media != v.told.Media
}
