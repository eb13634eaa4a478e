package daemon

// A Supervisor started the daemon and wants to know how it is. Its methods are quick,
// and are called by many goroutines.
type Supervisor interface {
	Notify(Note)
}

// A Note is what a supervisor is told.
type Note struct {
	Kind   NoteKind
	Status string // one line, with NoteStatus, NoteReady and NoteReloading
}

// A NoteKind says what a note is about.
type NoteKind int

// The kinds of notes.
const (
	NoteReady     NoteKind = iota // it works
	NoteReloading                 // it reads its settings anew; NoteReady follows
	NoteStopping                  // it stores what is in hand and ends
	NoteDraining                  // that gets on, and takes as long once more
	NoteStatus                    // what it does
	NoteAlive                     // every loop went on since the last one
)

type nobody struct{}

func (nobody) Notify(Note) {}
