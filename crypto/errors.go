package crypto

import (
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

var (
	// ErrWrongKey says that none of the identities tried opens the bytes, or
	// that a passphrase was wrong.
	ErrWrongKey = errors.New("wrong key")
	// ErrDamaged says that the bytes are not what a telekeep or an age wrote:
	// they are cut off, changed, or of another kind.
	ErrDamaged = errors.New("damaged")
	// ErrMixedRecipients says that recipients were combined which age keeps
	// apart: post-quantum with classic ones, or a passphrase with anything.
	ErrMixedRecipients = errors.New("recipients cannot be combined")
	// ErrPassphraseNeeded says that a key is itself locked with a passphrase
	// and the caller offered no way to ask for it.
	ErrPassphraseNeeded = errors.New("the key is locked with a passphrase")
	// ErrBadKey says that the text of a key, public or secret, is not one.
	ErrBadKey = errors.New("not a usable key")
)

// damaged makes an ErrDamaged that says where.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// A sourceError carries a failure of the reader below age through age's own
// wrapping, so that a broken cable is never reported as a broken file.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// A source marks every error of src but io.EOF as its own.
type source struct{ src io.Reader }

func (s source) Read(p []byte) (int, error) {
	n, err := s.src.Read(p)
	return n, markSource(err)
}

// A sourceAt is source for io.ReaderAt.
type sourceAt struct{ src io.ReaderAt }

func (s sourceAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.src.ReadAt(p, off)
	return n, markSource(err)
}

func markSource(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &sourceError{err}
}

// sortOpenError turns what age says about a header into this package's errors.
func sortOpenError(err error) error {
	if source, ok := errors.AsType[*sourceError](err); ok {
		return fmt.Errorf("read sealed bytes: %w", source.err)
	}
	if failed, ok := errors.AsType[*pluginError](err); ok {
		return failed.err
	}
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return fmt.Errorf("%w: none of the given keys opens this", ErrWrongKey)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("the sealed file ends inside its header")
	}
	return damaged("the header of the sealed file cannot be read")
}

// sortReadError turns what age says about the payload into this package's
// errors. off is how many plaintext bytes were read before.
func sortReadError(err error, off int64) error {
	if err == nil || err == io.EOF {
		return err
	}
	if source, ok := errors.AsType[*sourceError](err); ok {
		return fmt.Errorf("read sealed bytes: %w", source.err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("the sealed file ends too early, after %d bytes of content", off)
	}
	return damaged("the sealed content after byte %d does not authenticate", off)
}
