package daemon

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Errors of the made-up world.
var (
	errNetwork = errors.New("no network")
	errRevoked = errors.New("session revoked")
	errVault   = errors.New("vault gone")
	errSpace   = errors.New("no space")
	errAway    = errors.New("not mounted")
	errHook    = errors.New("the hook failed")
)

func endingOf(err error) Ending {
	switch {
	case errors.Is(err, errRevoked):
		return EndPerson
	case errors.Is(err, errSpace):
		return EndNoSpace
	case errors.Is(err, errAway):
		return EndNoMount
	case errors.Is(err, errVault):
		return EndVault
	}
	return EndRetry
}

// A world is what surrounds a daemon, and knows how things really are. Time in it is
// real time since its beginning: the fake clock of the test, and what was slept and
// switched off besides.
type world struct {
	random *rand.Rand
	start  time.Time

	mu      sync.Mutex
	changed chan struct{}
	slept   time.Duration // real time that no timer saw
	booted  time.Duration // when the machine was started, real
	boots   int
	jump    time.Duration // how wrong the clock on the wall is
	up      time.Duration // when the daemon began, or the machine woke, real

	offline, away, full, mute bool
	metered, battery          bool
	media                     map[string]bool // an account has media that is not fetched
	slow                      time.Duration   // what a commit takes
	written                   int64
	hangs                     bool // a look through everything, and a commit, never end
	revoked, failing          map[string]bool
	damaged                   int
	others                    []*otherCopy  // besides the one that is called vault
	vault                     verifications // of that one
	drillBoots                int           // boots, then
	drilled                   time.Duration // when it was proved to be restorable, or begun
	drilledAt                 time.Time     // as the clock on the wall said
	free                      int64
	memory                    []byte

	rounds    map[string]time.Duration // the last look through everything that was true
	revokedAt map[string]time.Duration
	pending   time.Duration // since when something is not in the vault; -1: nothing
	commits   int
	follows   int
	awayAt    time.Duration
	said      []Saying
	known     map[alarmKey]bool // alarms that people were told of
	wells     int
	dear      time.Time       // since when fetching costs something
	cost      int             // how often media was fetched though
	tainted   map[string]bool // the clock was set while the machine was off, and this was not looked at since
}

// An otherCopy is one more place of the vault. What is committed while it is away it lacks
// until some time after it is back.
type otherCopy struct {
	name    string
	away    bool
	awayAt  time.Duration
	backAt  time.Duration
	lacks   bool
	lackAt  time.Duration // since it lacks something, or was told to
	refused error
	verifications
}

// verifications are what became of those of one copy.
type verifications struct {
	begun    time.Duration // the round that is under way
	verified time.Duration // the begin of the last that came to its end
	steps    int           // of 30 minutes that were read
}

// catchUp is how long a copy that is back takes to have everything.
const catchUp = time.Hour

// other is a copy besides the one that is called vault. The caller holds mu.
func (w *world) other(name string) *otherCopy {
	for _, o := range w.others {
		if o.name == name {
			return o
		}
	}
	return nil
}

// look is how a copy is. The caller holds mu.
func (o *otherCopy) look(w *world) Look {
	l := Look{Copy: o.name, Free: 1 << 40, Refused: o.refused, Begun: w.start}
	if o.away {
		return Look{Copy: o.name, Err: errAway, Free: -1}
	}
	w.tainted[o.name] = false
	if o.lacks && w.real()-o.backAt > catchUp && o.refused == nil {
		o.lacks = false
	}
	if o.lacks {
		l.Objects, l.Bytes = 3, 3<<20
	}
	return l
}

func newWorld(seed uint64, accounts ...string) *world {
	w := &world{
		random: rand.New(rand.NewPCG(seed, 1)), start: time.Now(), changed: make(chan struct{}), revoked: map[string]bool{}, failing: map[string]bool{},
		media: map[string]bool{}, rounds: map[string]time.Duration{}, revokedAt: map[string]time.Duration{}, known: map[alarmKey]bool{}, tainted: map[string]bool{}, pending: -1, free: 1 << 40,
	}
	for _, a := range accounts {
		w.rounds[a] = 0
	}
	return w
}

// real is the time since the beginning. The caller holds mu.
func (w *world) real() time.Duration { return time.Since(w.start) + w.slept }

func (w *world) clock() Clock {
	w.mu.Lock()
	defer w.mu.Unlock()
	booted := w.booted
	return Clock{
		Wall: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.start.Add(w.real() + w.jump).Round(0)
		},
		Boot: func() time.Duration {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.real() - booted
		},
		BootID: fmt.Sprint("boot ", w.boots),
	}
}

// set changes the world, and everybody in it notices.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *world) Load() ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.memory == nil {
		return nil, errors.New("nothing is known")
	}
	return w.memory, nil
}

func (w *world) Save(data []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.memory = data
	return nil
}

func (w *world) Say(_ context.Context, s Saying) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mute {
		return errHook
	}
	if len(w.said) < 1000 {
		w.said = append(w.said, s)
	}
	if s.Failure {
		w.known[s.Alarm.key()] = true
	} else {
		delete(w.known, s.Alarm.key())
	}
	return nil
}

func (w *world) Well(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mute {
		return errHook
	}
	w.wells++
	return nil
}

// unusable is why the vault cannot be used. The caller holds mu.
func (w *world) unusable() error {
	switch {
	case w.away:
		return errAway
	case w.full:
		return errSpace
	}
	return nil
}

func (w *world) Open(context.Context) (Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.unusable(); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *world) Look(context.Context) []Look {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Look
	for _, o := range w.others {
		all = append(all, o.look(w))
	}
	if w.away {
		return append(all, Look{Copy: "vault", Err: errAway, Free: -1})
	}
	w.tainted["away"] = false
	return append(all, Look{Copy: "vault", Free: w.free, Begun: w.start})
}

// verifySteps are how many times half an hour a verification takes.
const verifySteps = 20

func (w *world) Verify(ctx context.Context, v Verification) (Verified, error) {
	step := 0
	if v.Place != "" {
		if _, err := fmt.Sscan(v.Place, &step); err != nil {
			return Verified{}, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	o, mine := w.other(v.Copy), &w.vault
	if o != nil {
		mine = &o.verifications
	}
	if step == 0 {
		mine.begun = w.real()
	}
	for ; step < verifySteps; step++ {
		w.mu.Unlock()
		v.Progress(int64(step), verifySteps)
		rest(ctx, 30*time.Minute, nil)
		w.mu.Lock()
		switch {
		case ctx.Err() != nil:
			return Verified{}, ctx.Err()
		case o == nil && w.away || o != nil && o.away:
			return Verified{}, errAway
		}
		mine.steps++
		w.mu.Unlock()
		v.Reached(fmt.Sprint(step + 1))
		w.mu.Lock()
	}
	mine.verified = mine.begun
	return Verified{Problems: w.damaged, Detail: "a pack is damaged"}, nil
}

func (w *world) Written() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.slow > 0 {
		w.written++ // whenever somebody looks, something was
	}
	return w.written
}

func (w *world) Pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pending >= 0
}

func (w *world) Commit(ctx context.Context) error {
	w.hang()
	w.mu.Lock()
	slow := w.slow
	w.mu.Unlock()
	if slow > 0 {
		if rest(ctx, slow, nil); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.unusable(); err != nil {
		return fmt.Errorf("%w: %w", errVault, err)
	}
	if w.pending >= 0 {
		w.commits++
		for _, o := range w.others {
			if (o.away || o.refused != nil) && !o.lacks {
				o.lacks, o.lackAt = true, w.real()
			}
		}
	}
	w.pending, w.tainted["vault"] = -1, false
	return nil
}

// hang returns when nothing hangs.
func (w *world) hang() {
	for {
		w.mu.Lock()
		hangs, changed := w.hangs, w.changed
		w.mu.Unlock()
		if !hangs {
			return
		}
		<-changed
	}
}

func (w *world) Close() error { return nil }

// Follow does what the one of telegram does, as far as a daemon can tell.
func (w *world) Follow(ctx context.Context, f Following) error {
	w.mu.Lock()
	w.follows++
	w.mu.Unlock()
	wish, round := 0, true
	written := time.NewTimer(5 * time.Hour) // something is written to this account
	defer written.Stop()
	for {
		w.mu.Lock()
		changed, offline, revoked, unusable := w.changed, w.offline, w.revoked[f.Account], w.unusable()
		w.mu.Unlock()
		pause := 10 * time.Hour
		switch {
		case ctx.Err() != nil:
			return w.Commit(ctx)
		case revoked && !offline:
			return errRevoked
		case offline:
			f.Tell(News{State: StateOffline, Err: errNetwork})
			pause, round = 5*time.Minute, true
		case unusable != nil && round:
			return fmt.Errorf("%w: %w", errVault, unusable)
		case round:
			f.Alive(0)
			f.Tell(News{State: StateSyncing})
			w.hang()
			rest(ctx, time.Minute, nil)
			round = false
			if w.fetch(ctx, f) != nil {
				continue
			}
			w.looked(ctx, f, wish)
			continue
		}
		f.Alive(pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-changed:
		case wish = <-f.Wishes:
			round = true
		case <-written.C:
			written.Reset(w.some(5 * time.Hour))
			if !offline {
				w.stored()
				f.Tell(News{State: StateLive, Messages: 1})
			}
		case <-timer.C:
		}
		timer.Stop()
	}
}

// fetch fetches what media there is, if that may be.
func (w *world) fetch(ctx context.Context, f Following) error {
	w.mu.Lock()
	media := w.media[f.Account]
	w.mu.Unlock()
	if !media {
		return nil
	}
	f.Tell(News{State: StateLive})
	if err := f.Room(ctx); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if (w.metered || w.battery) && time.Since(w.dear) > time.Second {
		w.cost++
	}
	return nil
}

// looked is the end of a look through everything, if nothing came between.
func (w *world) looked(ctx context.Context, f Following, wish int) {
	w.mu.Lock()
	if w.offline || w.revoked[f.Account] || w.unusable() != nil || ctx.Err() != nil {
		w.mu.Unlock()
		return
	}
	w.rounds[f.Account], w.tainted[f.Account] = w.real(), false
	failing := 0
	if w.failing[f.Account] {
		failing = 1
	}
	w.mu.Unlock()
	f.Tell(News{State: StateLive, Round: true, Whole: failing == 0, Failing: failing, Wish: wish, Report: "report"})
}

func (w *world) stored() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending < 0 {
		w.pending = w.real()
	}
}

// some is a span of time that is mean on average.
func (w *world) some(mean time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.random.ExpFloat64() * float64(mean))
}

// A tally is what a world counted.
type tally struct {
	follows, commits int
	said             []Saying
	waits            time.Duration // for how long something is not in the vault
}

func (w *world) tally() tally {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := tally{follows: w.follows, commits: w.commits, said: append([]Saying{}, w.said...)}
	if w.pending >= 0 {
		t.waits = w.real() - w.pending
	}
	return t
}
