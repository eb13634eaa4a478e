package daemon

import "time"

// An Event is one thing that happened. It names accounts as the settings do, and
// nothing of what is in them.
type Event struct {
	Time    time.Time `json:"time"`
	Kind    EventKind `json:"event"`
	Account string    `json:"account,omitempty"`
	Copy    string    `json:"copy,omitempty"`
	State   State     `json:"state,omitempty"`
	// What came into the archive.
	Messages int `json:"messages,omitempty"`
	Edited   int `json:"edited,omitempty"`
	Deleted  int `json:"deleted,omitempty"`
	Media    int `json:"media,omitempty"`
	Failing  int `json:"failing,omitempty"`
	// Seconds until the next try.
	Retry    float64   `json:"retry_seconds,omitempty"`
	Error    string    `json:"error,omitempty"`
	Alarm    *Alarm    `json:"alarm,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Text     string    `json:"text,omitempty"`
}

// An EventKind says what an event is about.
type EventKind string

// The kinds of events.
const (
	EventAccount  EventKind = "account"  // its state changed, or something was stored
	EventProgress EventKind = "progress" // how far a look through everything is
	EventVault    EventKind = "vault"    // opened, lost
	EventCopy     EventKind = "copy"     // a copy came or went; others tell of it
	EventCommit   EventKind = "commit"
	EventVerify   EventKind = "verify"
	EventAlarm    EventKind = "alarm"    // something is wrong
	EventRecovery EventKind = "recovery" // it is not any more
	EventClock    EventKind = "clock"    // the machine slept, or its clock was set
	EventThrift   EventKind = "thrift"   // something waits for a better link, or for mains power; or nothing any more
	EventSettings EventKind = "settings" // read anew
	EventImport   EventKind = "import"   // an export was taken in from the inbox, or could not be
	EventDaemon   EventKind = "daemon"   // began, ends
)
