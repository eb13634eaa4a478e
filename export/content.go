package export

import (
	"context"
	"errors"
	"io"

	"telekeep/archive"
)

// content is a file to be placed: what it is, and how it is read.
type content struct {
	archive.MediaFile
	open func(context.Context) (io.ReadCloser, error)
}

// stored is a media file of the archive.
func stored(source mediaSource, m *archive.MediaFile) content {
	return content{*m, func(ctx context.Context) (io.ReadCloser, error) {
		return source.OpenMedia(ctx, m.Key)
	}}
}

// mediaSource is what it takes to read a media file. At the end of one whose bytes do not have
// the hash in the archive, Read returns an error.
type mediaSource interface {
	OpenMedia(ctx context.Context, key archive.MediaKey) (io.ReadCloser, error)
}

// A sourceError is a fault of what is read, as opposed to the place it is
// written to: one file fails, the export goes on.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// errContent says that the bytes read are not the bytes that were stored.
var errContent = errors.New("the content is not as long as the archive says")

// copySize is how many bytes are copied at once.
const copySize = 256 << 10

// copyBuffer is what the folder's files are copied through, one after the other.
func (f *folder) copyBuffer() []byte {
	if f.buffer == nil {
		f.buffer = make([]byte, copySize)
	}
	return f.buffer
}

// write puts a file under a name. That its bytes have the hash in the archive is seen to by who
// reads them there (mediaSource). Faults of the content come back as *sourceError; they leave
// nothing behind.
func (f *folder) write(ctx context.Context, name string, c content, progress func(n int)) error {
	src, err := c.open(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &sourceError{err}
	}
	defer src.Close() // read only
	p, err := f.create()
	if err != nil {
		return err
	}
	defer p.drop()
	r := &watchedReader{r: src, stopped: ctx.Err, progress: progress}
	n, err := io.CopyBuffer(struct{ io.Writer }{p}, r, f.copyBuffer())
	switch {
	case r.err != nil:
		return &sourceError{r.err}
	case err != nil:
		return err
	case n != c.Size:
		return &sourceError{errContent}
	}
	return p.keep(name)
}

// watchedReader remembers whether it was the reader that failed, ends when it is
// told to and tells how far it is.
type watchedReader struct {
	r        io.Reader
	stopped  func() error // why to end, or nil
	progress func(n int)
	err      error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	if err := w.stopped(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	w.progress(n)
	if err != nil && !errors.Is(err, io.EOF) && w.stopped() == nil {
		w.err = err
	}
	return n, err
}
