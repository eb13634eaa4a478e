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
	// ErrSessionUnsafe: others could read or replace the session file.
	ErrSessionUnsafe = errors.New("the session file is not safe from others")
	// ErrSessionLost: the server said it does not know the session's key. That
	// can be a passing fault of the server: the key is kept and used again.
	ErrSessionLost = errors.New("the server does not know the session's key; the key is kept")
	// ErrSessionRevoked: the server ended the session, or the account is gone.
	ErrSessionRevoked = errors.New("the session was ended")
	// ErrAccountGone: the server says that the account was deleted or banned.
	ErrAccountGone = errors.New("the account was deleted or banned")
	// ErrSessionDuplicated: the session's key was used from two places at once,
	// and the server has voided it for both.
	ErrSessionDuplicated = errors.New("the session was used from two places at once")
	// ErrUnreachable: the server cannot be reached, or does not answer.
	ErrUnreachable = errors.New("the server cannot be reached")
	// ErrServerNumber: the configured server is not the data centre of the configured
	// number. It comes with ErrUnreachable.
	ErrServerNumber = errors.New("the server is another data centre than configured")
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
	// ErrAccountOther: the one that let the session in is not the account that
	// this session was for before.
	ErrAccountOther = errors.New("this is another account than the one before")
	// ErrForeign: a session of another program does not fit the settings.
	ErrForeign = errors.New("this session cannot be used here")
	// ErrForeignEnded: a session of another program is not signed in any more.
	ErrForeignEnded = errors.New("this session is not signed in any more")
	// ErrForeignUnreadable: this is no session that is known how to read.
	ErrForeignUnreadable = errors.New("no session can be read")
	// ErrPasscode: Telegram Desktop's files are locked with another passcode.
	ErrPasscode = errors.New("the passcode is not the one of Telegram Desktop")
	// ErrSignedIn: there is a session that works; nothing was changed.
	ErrSignedIn = errors.New("signed in already")
	// ErrTooManyTries: the server takes no more sign-ins of this number for now.
	ErrTooManyTries = errors.New("the server allows no more sign-ins with this phone number for now")
	// ErrCodeInvalid: the sign-in code is wrong.
	ErrCodeInvalid = errors.New("the code is not valid")
	// ErrCodeExpired: the sign-in code's time is over.
	ErrCodeExpired = errors.New("the code's time is over")
	// ErrEmailNeeded: the account needs an e-mail address for sign-ins first.
	ErrEmailNeeded = errors.New("the account has to be given a sign-in e-mail address first")
	// ErrQRNotScanned: nobody has agreed to any of the QR codes.
	ErrQRNotScanned = errors.New("no QR code was scanned")
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

// revoked says what it means that the server ended the session.
func revoked(err error) error {
	switch {
	case tgerr.Is(err, "USER_DEACTIVATED", "USER_DEACTIVATED_BAN"):
		return fmt.Errorf("%w: %w (%s)", ErrSessionRevoked, ErrAccountGone, reason(err))
	case tgerr.Is(err, "AUTH_KEY_DUPLICATED"):
		return fmt.Errorf("%w: %w (%s)", ErrSessionRevoked, ErrSessionDuplicated, reason(err))
	}
	return fmt.Errorf("%w (%s)", ErrSessionRevoked, reason(err))
}

// An unsafeError says why a session file is not safe: errors.Is ErrSessionUnsafe.
type unsafeError struct{ path, why string }

func (e *unsafeError) Error() string {
	return fmt.Sprintf("%v: %s: %s", ErrSessionUnsafe, e.path, e.why)
}
func (e *unsafeError) Unwrap() error { return ErrSessionUnsafe }

// refused reports whether the server answered with an error of its own, as
// opposed to a call that got no answer.
func refused(err error) bool {
	_, ok := tgerr.As(err)
	return ok
}

// An undecodableError says that an answer holds something this program's layer
// does not know.
type undecodableError struct {
	err error
	raw []byte // the answer
}

func (e *undecodableError) Error() string { return "the answer cannot be decoded: " + e.err.Error() }
func (e *undecodableError) Unwrap() error { return e.err }

// undecodableRaw is the answer that an undecodableError is about.
func undecodableRaw(err error) []byte {
	u, ok := errors.AsType[*undecodableError](err)
	if !ok {
		return nil
	}
	return u.raw
}

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
