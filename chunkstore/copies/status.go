package copies

import (
	"time"

	"telekeep/chunkstore"
)

// A State is how one copy is.
type State string

// The states of a copy.
const (
	Unknown  State = "unknown"   // not looked at yet
	Current  State = "current"   // it holds all that is known
	Behind   State = "behind"    // it is there and lacks something: see CatchUp
	Away     State = "away"      // nothing is there: unplugged, not mounted, no network
	Full     State = "full"      // it takes no packs; reading works
	ReadOnly State = "read-only" // it takes nothing; reading works
	Failing  State = "failing"   // its answers are errors; it is tried again later
	Refused  State = "refused"   // something is there that is not what it should be: see Err
	Released State = "released"  // given back by Release; opened again when needed
)

// A Status is what is known of one copy.
type Status struct {
	Name     string
	State    State
	Err      error // why, if State is not Current
	LastSeen time.Time
	Heads    []chunkstore.Head // the last commit of each writer there, by writer
	Free     int64             // bytes; -1 if not known
	Behind   Lack              // what CatchUp would copy; of a copy that is not there, what it missed
	Caught   time.Time         // when it last held all that was known
	Checked  time.Time         // when its least recently checked pack was checked; zero if one never was
}

// A Lack is how much is missing somewhere.
type Lack struct {
	Objects int64
	Bytes   int64
}

func (l Lack) add(size int64) Lack { return Lack{l.Objects + 1, l.Bytes + size} }

// An Event says that the state of a copy changed.
type Event struct {
	Copy   string
	Time   time.Time
	Before State
	State  State
	Err    error // why, if State is not Current
}
