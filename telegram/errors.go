package telegram

import (
	"errors"
	"fmt"
	"time"

	"github.com/gotd/td/tgerr"
)

// Errors that callers branch on. Everything else is a failure that says what it
// is in its text.
var (
	// ErrAPIIDMissing: Options name no api_id or no api_hash.
	ErrAPIIDMissing = errors.New("api_id and api_hash are missing")
	// ErrAPIIDInvalid: the server does not know this api_id and api_hash, or
	// refuses them because they were published.
	ErrAPIIDInvalid = errors.New("the server refuses this api_id and api_hash")
	// ErrNotSignedIn: there is no session yet.
	ErrNotSignedIn = errors.New("not signed in")
	// ErrSessionInUse: another process holds the session.
	ErrSessionInUse = errors.New("the session is in use by another process")
	// ErrSessionUnreadable: the session file cannot be opened with this sealer,
	// or is damaged.
	ErrSessionUnreadable = errors.New("the session file cannot be read")
	// ErrSessionLost: the server said it does not know the session's key. That
	// can be a passing fault of the server: the key is kept and used again.
	ErrSessionLost = errors.New("the server does not know the session's key; the key is kept")
	// ErrSessionRevoked: the server ended the session, or the account is gone.
	ErrSessionRevoked = errors.New("the session was ended")
	// ErrUnreachable: the server cannot be reached, or does not answer.
	ErrUnreachable = errors.New("the server cannot be reached")
	// ErrServerKey: the server has none of the public keys it should have.
	ErrServerKey = errors.New("the server does not have the public key it should have")

	// ErrPhoneInvalid: the server does not take this for a phone number.
	ErrPhoneInvalid = errors.New("the phone number is not valid")
	// ErrPhoneBanned: the server refuses this phone number.
	ErrPhoneBanned = errors.New("the phone number is banned")
	// ErrPhoneUnknown: no account has this phone number.
	ErrPhoneUnknown = errors.New("no account has this phone number")
	// ErrPhoneOther: the session belongs to an account with another number.
	ErrPhoneOther = errors.New("already signed in with another phone number")
	// ErrCodeInvalid: the sign-in code is wrong, or its time is over.
	ErrCodeInvalid = errors.New("the code is not valid")
	// ErrPasswordInvalid: the password of two-step verification is wrong.
	ErrPasswordInvalid = errors.New("the password is not valid")
)

// A FloodError says that the server asks for a longer pause than the client is
// willing to wait. Until it is over the client does not call Method there.
type FloodError struct {
	Method string        // such as messages.getHistory
	DC     int           // data centre
	Wait   time.Duration // what the server asked for
}

func (e *FloodError) Error() string {
	return fmt.Sprintf("the server asks to wait %v before the next %s", e.Wait, e.Method)
}

// An archiveError is an error of the place that records and media go to. It
// ends a sync: there is no sense in fetching what cannot be kept.
type archiveError struct{ err error }

func (e *archiveError) Error() string { return e.err.Error() }
func (e *archiveError) Unwrap() error { return e.err }

func archived(err error) error {
	if err == nil {
		return nil
	}
	return &archiveError{err}
}

// ends reports whether err ends the whole sync instead of one chat or file.
func ends(err error) bool {
	if _, ok := errors.AsType[*archiveError](err); ok {
		return true
	}
	for _, fatal := range []error{ErrSessionRevoked, ErrSessionLost, ErrUnreachable, ErrServerKey} {
		if errors.Is(err, fatal) {
			return true
		}
	}
	return false
}

// sessionEnded reports whether the server said that the session is no good.
func sessionEnded(err error) bool {
	if tgerr.Is(err, "SESSION_PASSWORD_NEEDED") {
		return false
	}
	return tgerr.IsCode(err, 401) || tgerr.Is(err, "AUTH_KEY_DUPLICATED")
}

// refused reports whether the server answered with an error of its own, as
// opposed to a call that got no answer.
func refused(err error) bool {
	_, ok := tgerr.As(err)
	return ok
}

// An undecodableError says that an answer holds something this program's layer
// does not know.
type undecodableError struct{ err error }

func (e *undecodableError) Error() string { return "the answer cannot be decoded: " + e.err.Error() }
func (e *undecodableError) Unwrap() error { return e.err }

func undecodable(err error) bool {
	_, ok := errors.AsType[*undecodableError](err)
	return ok
}

// dispensable reports whether a sync can go on without the answer to a call
// that is merely useful.
func dispensable(err error) bool {
	_, flood := errors.AsType[*FloodError](err)
	return !ends(err) && (refused(err) || undecodable(err) || flood || errors.Is(err, errSilent))
}

// reason is the server's word for an error, or a short text without any
// content: what may stand in logs and reports.
func reason(err error) string {
	if rpc, ok := tgerr.As(err); ok {
		return rpc.Type
	}
	if flood, ok := errors.AsType[*FloodError](err); ok {
		return flood.Error()
	}
	if undecodable(err) {
		return "UNKNOWN_CONSTRUCTOR"
	}
	if errors.Is(err, errSilent) {
		return "NO_ANSWER"
	}
	return err.Error()
}
