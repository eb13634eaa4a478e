package archive

import (
	"errors"
	"fmt"
)

var (
	// ErrTooNew says that a record was written by a newer telekeep, which this
	// one would misread.
	ErrTooNew = errors.New("record of a newer version")
	// ErrTooLarge says that a record, or a batch of them, exceeds a limit of the
	// format.
	ErrTooLarge = errors.New("too large")
	// ErrStored says that a media file is stored already.
	ErrStored = errors.New("media is stored already")
	// ErrBusy says that another MediaWriter of the same key is at work.
	ErrBusy = errors.New("media is being written already")
	// ErrReservedKey says that a state key belongs to the archive itself.
	ErrReservedKey = errors.New("state key is reserved")
	// ErrClosed says that a Writer, or a MediaWriter, is not in use any more.
	ErrClosed = errors.New("closed")
	// ErrBroken says that a step failed half-way and the Writer takes nothing
	// more: what it took is in the journal, and opening the vault and the Writer
	// again goes on from there. The first failure is wrapped beside it.
	ErrBroken = errors.New("archive writer must be reopened")
	// ErrUnknownMedia says that a snapshot holds no media file of that key.
	ErrUnknownMedia = errors.New("no such media")
	// ErrMediaChanged says that the bytes of a media file are not those that its
	// record describes.
	ErrMediaChanged = errors.New("media differs from its record")
)

// A FormatError says where a record stream is not what an Encoder writes.
type FormatError struct {
	// Offset counts bytes from the start of the stream to the record at fault.
	Offset int64
	Reason string
	// Skipped says that the record at fault was passed over: the next call of
	// Next goes on behind it. Otherwise the rest of the stream cannot be read.
	Skipped bool
	// Err is io.ErrUnexpectedEOF where the stream ends too early, ErrTooNew or
	// ErrTooLarge where those apply, and nil otherwise.
	Err error
}

func (e *FormatError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("record at byte %d: %s", e.Offset, e.Reason)
	}
	return fmt.Sprintf("record at byte %d: %s: %v", e.Offset, e.Reason, e.Err)
}

// Unwrap returns Err.
func (e *FormatError) Unwrap() error { return e.Err }

// An IncompleteError says that a media file cannot be finished: parts of it
// were never written.
type IncompleteError struct {
	Key  MediaKey
	Size int64 // bytes declared
	Have int64 // bytes written
}

func (e *IncompleteError) Error() string {
	return fmt.Sprintf("media %s: %d of %d bytes are there", e.Key, e.Have, e.Size)
}

// A RangeError says that a part of a media file does not lie within it.
type RangeError struct {
	Key       MediaKey
	Off, Len  int64 // of the part
	MediaSize int64
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("media %s: part of %d bytes at %d in a file of %d", e.Key, e.Len, e.Off, e.MediaSize)
}
