package copies

import "errors"

var (
	// ErrAway says that a copy cannot be reached now.
	ErrAway = errors.New("the copy is away")
	// ErrUnknownCopy says that no copy has a name.
	ErrUnknownCopy = errors.New("there is no copy of this name")
	// ErrOtherFileSystem says that a place shows the right vault on another file system
	// than before: something else is mounted there, or nothing and a folder lies
	// beneath. Adopt accepts it.
	ErrOtherFileSystem = errors.New("the copy lies on another file system than before")
	// ErrSpoolFull says that fewer places than needed took a pack and the spool, which
	// keeps it until they do, may not grow further.
	ErrSpoolFull = errors.New("the spool is full")
	// ErrTooFew says that fewer places than needed took an object and there is no spool.
	ErrTooFew = errors.New("too few copies took it")
	// ErrBehind says that a place lacks something that a commit builds on.
	ErrBehind = errors.New("the copy is behind")
	// ErrFull says that a place has no room but for its reserve.
	ErrFull = errors.New("the copy is full")
	// ErrClosed says that the Set was closed before.
	ErrClosed = errors.New("closed")
	// ErrNotEmpty says that a place for a new copy holds something else.
	ErrNotEmpty = errors.New("the place for the new copy is not empty")
	// ErrLost says that no place that could be asked has an object.
	ErrLost = errors.New("no copy that is there has it whole")
)

// errTooLong says that an object is longer than its kind can be.
var errTooLong = errors.New("it is longer than it can be")
