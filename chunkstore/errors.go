package chunkstore

import (
	"errors"
	"fmt"
)

var (
	// ErrForged says that an object carries a signature, and not that of the writer
	// whose place it is in.
	ErrForged = errors.New("forged")
	// ErrChain says that the commits of a writer do not follow on each other: one is
	// missing, or was put there from elsewhere.
	ErrChain = errors.New("broken chain of commits")
	// ErrForked says that somebody else wrote commits with the secrets of this writer.
	ErrForked = errors.New("two machines write with the same secrets")
	// ErrRollback says that a vault lacks commits which this machine remembers: it
	// was set back to an older state.
	ErrRollback = errors.New("the vault is older than this machine remembers")
	// ErrPartial says that a destination of several places cannot answer now, because one
	// that is away may hold what the others do not.
	ErrPartial = errors.New("it may be at a copy that is away")
	// ErrStateBusy says that another process uses the local state.
	ErrStateBusy = errors.New("the local state is in use by another process")
	// ErrMissing says that an object is not there that something else relies on.
	ErrMissing = errors.New("missing")
	// ErrNoIndex says that the index of a commit could not be read, so that nobody knows
	// its records.
	ErrNoIndex = fmt.Errorf("%w: an index", ErrMissing)
	// ErrUnknownChunk says that no index lists a chunk.
	ErrUnknownChunk = errors.New("unknown chunk")
	// ErrClosed says that a Writer, a Stream or a Reader was closed before.
	ErrClosed = errors.New("closed")
)
