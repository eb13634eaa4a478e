package daemon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNotDurable says that something was fetched and is not in the vault at the end. It
// is in the journal on this machine, and the next run puts it into the vault.
var ErrNotDurable = errors.New("the last commit is not durable")

// A Daemon keeps accounts backed up. All methods are safe for concurrent use.
type Daemon struct {
	o Options

	wake  chan struct{} // the schedule looks at everything now
	tell  chan struct{} // alarms are to be told of
	pulse atomic.Int64  // grows as work on accounts goes on

	mu       sync.Mutex
	plan     Plan
	turn     int           // of plan: how often it was changed
	changed  chan struct{} // closed and made anew when there may be something to do
	asked    chan struct{} // likewise, when a person wants something
	accounts map[string]*account
	vault    vaultState
	copies   map[string]*copyState
	looks    lookState
	alarms   map[alarmKey]*alarmState
	beats    map[string]time.Time // by loop: when it must have said again that it goes on
	fed      time.Time            // when Supervisor was told last
	status   string               // that it was told
	last     reading
	grace    time.Duration              // on Boot: until then nothing is said about ages
	waited   map[alarmKey]time.Duration // how long it ran while that was wrong, over all starts; Grace at most
	judged   time.Time                  // on the monotonic clock: what was waited is known up to here
	started  time.Time
	ending   bool
	saved    time.Duration // on Boot: when Memory was written
	pinged   mark
	rested   time.Duration // on Boot: until then nothing is verified

	verifying  string // the copy that is being verified
	stopVerify context.CancelFunc

	around      Surroundings
	thrift      Thrift
	thriftWhy   []string
	thriftSince mark
}

// A mark is when something was so, on Boot; never, if it is not known.
type mark struct {
	at    time.Duration
	wall  time.Time // as the clock on the wall said then
	known bool
	off   time.Duration // of the age: the machine was off, by the clock on the wall alone
	dial  time.Duration // by how much that clock was set since, until the machine was started anew
}

func (m mark) age(now reading) time.Duration { return now.boot - m.at }

// likely is the age of something that lasts: what stays for months must not be too old
// for ever because the clock was wrong when the machine was started once. A clock that shows
// less than was measured since is wrong now.
func (m mark) likely(now reading) time.Duration {
	age, shown := m.age(now), now.wall.Round(0).Sub(m.wall.Add(m.dial))
	if shown < age-m.off {
		return age
	}
	return min(age, shown)
}

// shift notes that the clock on the wall was set. What is guessed by it stays: the clock may
// have been wrong until now.
func (m *mark) shift(by time.Duration) {
	if m.off == 0 {
		m.dial += by
	}
}

func markNow(now reading) mark { return mark{at: now.boot, wall: now.wall.UTC().Round(0), known: true} }

// A vaultState is what is known of the vault that is written to.
type vaultState struct {
	held    bool // by this process, or it is about to be
	open    bool
	session Session
	err     error // why it is not open, or the last commit failed
	ending  Ending
	lost    mark // since when
	pending mark // since when something waits for a commit
	commit  mark // the last one
	keys    mark // when an owner key was last proved to open it
}

// New makes a daemon. It does nothing before Run.
func New(o Options) *Daemon {
	o.setDefaults()
	d := &Daemon{
		o: o, plan: o.Plan, changed: make(chan struct{}), asked: make(chan struct{}), wake: make(chan struct{}, 1), tell: make(chan struct{}, 1),
		accounts: map[string]*account{}, copies: map[string]*copyState{}, alarms: map[alarmKey]*alarmState{},
		beats: map[string]time.Time{}, waited: map[alarmKey]time.Duration{},
	}
	d.last = o.Clock.read()
	d.started = d.last.wall
	d.grace, d.judged = d.last.boot+o.Plan.Limits.Grace, d.last.run
	d.rested = d.last.boot + verifyRest
	d.remember()
	d.adopt()
	return d
}

// adopt makes the accounts of the plan, and forgets others. The caller holds mu, or is
// alone.
func (d *Daemon) adopt() {
	keep := map[string]*account{}
	for _, name := range d.plan.Accounts {
		a := d.accounts[name]
		if a == nil {
			a = newAccount(name, d.last)
		}
		if a.state == StateEnded { // another try, with new settings
			a.state, a.person = StateStarting, nil
		}
		a.wishes = make(chan int, 1)
		keep[name] = a
	}
	d.accounts = keep
}

// Run keeps the accounts backed up until ctx ends, and then stores what is in hand,
// which takes no longer than Options.Drain without getting on. It returns ErrNotDurable if
// that is not in the vault then, and nil otherwise: nothing else ends it.
func (d *Daemon) Run(ctx context.Context) error {
	d.event(Event{Kind: EventDaemon, Text: "began"})
	helpers, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	group.Go(func() { d.schedule(helpers) })
	group.Go(func() { d.speak(helpers) })
	kept := make(chan error, 1)
	go func() { kept <- d.keep(ctx) }()
	d.o.Supervisor.Notify(Note{Kind: NoteReady, Status: d.statusLine()})

	<-ctx.Done()
	d.mu.Lock()
	d.ending = true
	d.mu.Unlock()
	d.o.Supervisor.Notify(Note{Kind: NoteStopping})
	err := d.drain(kept)
	stop()
	group.Wait()
	d.save(d.o.Clock.read())
	d.event(Event{Kind: EventDaemon, Text: "ended", Error: d.words(err)})
	return err
}

func (d *Daemon) words(err error) string {
	if err == nil {
		return ""
	}
	return d.o.Words(err)
}

// event tells of e, with the time.
func (d *Daemon) event(e Event) {
	e.Time = d.o.Clock.Wall().UTC().Truncate(time.Millisecond)
	d.o.Tell(e)
}

// change wakes whoever waits for something that a person can do. The caller holds mu.
func (d *Daemon) change() {
	close(d.asked)
	d.asked = make(chan struct{})
	d.stir()
}

// stir wakes whoever waits, but for those whom only a person can help. The caller holds mu.
func (d *Daemon) stir() {
	close(d.changed)
	d.changed = make(chan struct{})
	signal(d.wake)
}

// signal leaves a token in c unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// changes is closed at the next change.
func (d *Daemon) changes() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}

// rest waits for as long, until ctx ends, or until something changed.
func rest(ctx context.Context, pause time.Duration, changed <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C:
	}
}
