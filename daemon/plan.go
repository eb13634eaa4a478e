package daemon

import (
	"log/slog"
	"math/rand/v2"
	"time"
)

// A Plan is what a daemon does and when it says that something is wrong. It is what
// can be changed while it runs.
type Plan struct {
	Accounts []string
	Vault    Vault
	// Reconcile is about how often everything is looked through for what nobody
	// told. Default 1 hour.
	Reconcile time.Duration
	// Commit is how old the oldest thing may get that is not in the vault yet.
	// Default 6 hours.
	Commit time.Duration
	// Verify is how often each copy is verified. Default 7 days; negative: never.
	Verify time.Duration
	// Metered and Battery are what waits while the link to the network is paid for by
	// the byte, and while the machine runs on its battery.
	Metered, Battery Thrift
	Limits           Limits
}

// Limits say when an alarm is due. Each is counted while the machine is awake and
// the daemon runs for Grace at least: a laptop that was closed for weeks is given
// the time to catch up.
type Limits struct {
	// Account is how old the last look through everything of an account may get.
	// Default 24 hours.
	Account time.Duration
	// Incomplete is for how long things may be missing that are tried again and
	// again. Default 7 days.
	Incomplete time.Duration
	// Copy is for how long a copy may lack something that was fetched, or not be there.
	// Default 24 hours.
	Copy time.Duration
	// Verify is how old the last verification may get. Default 4 times Plan.Verify.
	Verify time.Duration
	// Drill is how long ago the last restore may be that worked. Default 180 days;
	// negative: for ever.
	Drill time.Duration
	// Keys is how long ago an owner key may have been proved to open the vault: any, since
	// one is enough. 0 or negative: for ever.
	Keys time.Duration
	// Disk is how far ahead a disk that will be full is told of. Default 14 days.
	Disk time.Duration
	// Reserve is the least free space in bytes. Default 1 GiB.
	Reserve int64
	// Grace is how long after a start, and after a sleep, nothing is said about ages.
	// Default 1 hour.
	Grace time.Duration
}

// Options are what a daemon is made of.
type Options struct {
	Plan  Plan
	Clock Clock
	// Classify says what an error of the vault or of Follow means.
	Classify func(error) Ending
	// Words puts an error into words that name no chat and no person.
	Words func(error) string
	// Tell is told of everything that happens; it must be quick.
	Tell func(Event)
	// Say tells the outside world of an alarm, and returns an error if it could not:
	// it is tried again. Nil: nobody is told.
	Say Sayer
	// Supervisor is what started the daemon, such as systemd; nil: nobody.
	Supervisor Supervisor
	// Watchdog is how often Supervisor wants to be told that everything goes on; 0:
	// never.
	Watchdog time.Duration
	// Memory keeps what a daemon knows for the next one; nil: nobody does.
	Memory Memory
	// Drain is how long the end may take without getting on. Default 80 seconds.
	Drain time.Duration
	// DrainMost is how long it may take at all. Default 15 minutes, or Drain if that is
	// more.
	DrainMost time.Duration
	// Check is how often the daemon looks at its clocks. Default 1 minute.
	Check time.Duration
	// Random is from 0 up to 1; nil means math/rand.
	Random func() float64
	Log    *slog.Logger
}

// A Memory outlives the process.
type Memory interface {
	Load() ([]byte, error)
	Save(data []byte) error
}

func setDefault[T comparable](value *T, to T) {
	var zero T
	if *value == zero {
		*value = to
	}
}

func (p *Plan) setDefaults() {
	setDefault(&p.Reconcile, time.Hour)
	setDefault(&p.Commit, 6*time.Hour)
	setDefault(&p.Verify, 7*24*time.Hour)
	setDefault(&p.Limits.Account, 24*time.Hour)
	setDefault(&p.Limits.Incomplete, 7*24*time.Hour)
	setDefault(&p.Limits.Copy, 24*time.Hour)
	setDefault(&p.Limits.Verify, 4*max(p.Verify, 0))
	setDefault(&p.Limits.Drill, 180*24*time.Hour)
	setDefault(&p.Limits.Disk, 14*24*time.Hour)
	setDefault(&p.Limits.Reserve, 1<<30)
	setDefault(&p.Limits.Grace, time.Hour)
}

func (o *Options) setDefaults() {
	o.Plan.setDefaults()
	setDefault(&o.Drain, 80*time.Second)
	setDefault(&o.DrainMost, max(15*time.Minute, o.Drain))
	setDefault(&o.Check, time.Minute)
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Classify == nil {
		o.Classify = func(error) Ending { return EndRetry }
	}
	if o.Words == nil {
		o.Words = error.Error
	}
	if o.Tell == nil {
		o.Tell = func(Event) {}
	}
	if o.Supervisor == nil {
		o.Supervisor = nobody{}
	}
}
