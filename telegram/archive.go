package telegram

import (
	"context"

	"telekeep/archive"
)

// An Archive is where records and media go; Into makes one of an
// *archive.Writer. All methods are safe for use by many goroutines at once.
type Archive interface {
	// Apply takes records and resume state, together or not at all.
	Apply(ctx context.Context, b archive.Batch) error
	// Get and Range read the resume state as of the last Apply.
	Get(key string) ([]byte, bool, error)
	Range(prefix string, f func(key string, value []byte) error) error
	// HasMedia reports whether a media file is stored, and its size in bytes.
	HasMedia(key archive.MediaKey) (size int64, ok bool, err error)
	// BeginMedia begins a media file of size bytes, or goes on with it. One
	// writer at a time has a key.
	BeginMedia(ctx context.Context, key archive.MediaKey, size int64) (MediaWriter, error)
	// Sync makes what was applied survive a power cut.
	Sync() error
	// Due reports whether Commit should be called.
	Due() bool
	// Commit makes everything durable. Without anything new it does nothing.
	Commit(ctx context.Context) error
}

// A MediaWriter takes the parts of one media file.
type MediaWriter interface {
	// Missing lists what is still to be fetched, in parts of partSize from the
	// start of the file (the last one may be shorter).
	Missing(partSize int64) []archive.Range
	// WritePart takes a part that was checked. Any order.
	WritePart(ctx context.Context, off int64, p []byte) error
	// Finish ends the file; hashed says that the server's hashes were compared.
	Finish(ctx context.Context, hashed bool) (*archive.MediaFile, error)
	// Abort gives the key back. What was written stays for the next time.
	Abort()
}

// Into makes an Archive of w.
func Into(w *archive.Writer) Archive { return writer{w} }

type writer struct{ *archive.Writer }

func (w writer) BeginMedia(ctx context.Context, key archive.MediaKey, size int64) (MediaWriter, error) {
	m, err := w.Writer.BeginMedia(ctx, key, size)
	if err != nil {
		return nil, err // not m: a nil pointer in an interface is not nil
	}
	return m, nil
}

func (w writer) Commit(ctx context.Context) error {
	_, err := w.Writer.Commit(ctx)
	return err
}
