package copies

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"telekeep/chunkstore"
)

// stateOf sorts the error of a place: what state it puts the place in, and whether what
// was opened must be given up. ok is false if the error says nothing about the place.
func stateOf(ctx context.Context, err error) (state State, drop, ok bool) {
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist):
		return "", false, false
	case isAny(err, noSpace...), errors.Is(err, ErrFull):
		return Full, false, true
	case isAny(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return ReadOnly, false, true
	case isAny(err, gone...), errors.Is(err, ErrAway):
		return Away, true, true
	}
	return Failing, true, true
}

// stateOfOpening sorts the error of opening a place and of looking whether it is the
// right one.
func stateOfOpening(err error) State {
	switch {
	case errors.Is(err, chunkstore.ErrNoVault), errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrAway), isAny(err, gone...):
		return Away
	case errors.Is(err, chunkstore.ErrOtherVault), errors.Is(err, ErrOtherFileSystem), errors.Is(err, chunkstore.ErrRollback),
		errors.Is(err, chunkstore.ErrUnknownFormat), errors.Is(err, chunkstore.ErrForged), errors.Is(err, chunkstore.ErrForgedWriter),
		errors.Is(err, chunkstore.ErrForked), errors.Is(err, chunkstore.ErrChain):
		return Refused
	}
	return Failing
}

func isAny(err error, codes ...syscall.Errno) bool {
	for _, code := range codes {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
