package chunkstore

import (
	"context"
	"io"
)

// A Destination is one place that holds a vault: a folder, a drive, a bucket.
// Drivers live below chunkstore/destination; the suite there tests everything
// that is said here.
//
// Names are slash-separated paths of short ASCII words, such as
// "packs/ab/ab12….age": each word starts with a lower-case letter or digit, goes on with
// those, '.', '_' and '-', does not end in '.', is at most 100 bytes long and is no device
// name of Windows; a name is at most 200 bytes long. README.txt, also with a dot and more
// behind it, is the one exception. Every other name is an error and touches nothing.
//
// Objects are immutable: there is no way to change one. All methods may be called
// from many goroutines at once; all return ctx.Err(), wrapped, when ctx has ended.
type Destination interface {
	// Put stores data under name, durably (file and directory) and atomically: when
	// it returns nil the object survives a power cut, and until then readers see
	// no object. The same bytes again are fine: nil. Other bytes under a name that is
	// taken are fs.ErrExist and change nothing. After any other error the object is
	// absent or whole, never half; a later Put of the same bytes settles it.
	Put(ctx context.Context, name string, data []byte) error

	// Get opens the object for reading from its start; the caller closes it.
	// fs.ErrNotExist if there is none.
	Get(ctx context.Context, name string) (io.ReadCloser, error)

	// ReadAt fills p from offset off of the object by the rules of io.ReaderAt: fewer
	// bytes than len(p) come with an error, io.EOF at the end. fs.ErrNotExist if there
	// is no object.
	ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error)

	// Stat returns the length of the object in bytes. fs.ErrNotExist if there is none.
	Stat(ctx context.Context, name string) (int64, error)

	// List calls visit for every object whose name starts with prefix, in the order
	// of the bytes of the names. Files that are still being written never show. An
	// error of visit ends the list and is returned as it is. A prefix that nothing
	// matches lists nothing.
	List(ctx context.Context, prefix string, visit func(name string, size int64) error) error
}
