package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/pkg/sftp"
)

// window is how many bytes a reader fetches at once: as much as is under way.
const window = partSize * inFlight

// Get opens an object; see chunkstore.Destination. ctx also ends reading. What is read
// next is fetched ahead, 2 MiB at a time. A reader outlives its connection.
func (d *Destination) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := begin(ctx, name); err != nil {
		return nil, fmt.Errorf("get %s: %w", name, err)
	}
	o := &opened{d: d, name: name}
	if err := d.do(ctx, o.open); err != nil {
		return nil, fmt.Errorf("get %s: %w", name, err)
	}
	r := &reader{file: o, name: name, size: o.size}
	r.fetch = func(off int64) chan fetched {
		done := make(chan fetched, 1)
		go func() {
			buf := make([]byte, min(window, o.size-off))
			done <- fetched{buf, d.do(ctx, func(c *conn, moved func()) error { return o.read(ctx, c, moved, buf, off) })}
		}()
		return done
	}
	r.ahead = r.fetch(0)
	return r, nil
}

// An opened file is one on the connection that it was opened on, and is opened again
// if that is lost. One goroutine uses it at a time.
type opened struct {
	d    *Destination
	name string
	size int64
	time time.Time

	conn *conn
	file *sftp.File
}

// open opens the file on a connection. The second time it must be the same one.
func (o *opened) open(c *conn, moved func()) error {
	f, err := c.sftp.Open(o.d.at(o.name))
	if err != nil {
		return o.d.absent(c, o.name, err)
	}
	moved()
	info, err := f.Stat()
	if err == nil {
		err = regular(info)
	}
	if err == nil && o.conn != nil && (info.Size() != o.size || !info.ModTime().Equal(o.time)) {
		err = errors.New("the object was exchanged while it was read")
	}
	if err != nil {
		c.later(f)
		return err
	}
	o.size, o.time, o.conn, o.file = info.Size(), info.ModTime(), c, f
	return nil
}

// read fills buf from off. It uses the connection on which the file is open for as long
// as there is one, whichever it was given.
func (o *opened) read(ctx context.Context, c *conn, moved func(), buf []byte, off int64) error {
	if o.conn.gone() != nil {
		if err := o.open(c, moved); err != nil {
			return err
		}
	}
	got, err := fillFrom(ctx, moved, o.file, buf, off)
	if err == nil && got < len(buf) {
		return errShort
	}
	if o.conn != c && o.conn.gone() != nil {
		return &lostError{o.conn.gone()} // c is fine
	}
	return err
}

func (o *opened) close() {
	if o.conn.gone() == nil {
		o.conn.later(o.file)
	}
}

type fetched struct {
	data []byte
	err  error
}

// A reader reads an object from its start to its end.
type reader struct {
	file  *opened
	name  string
	size  int64
	off   int64 // of what is fetched next
	fetch func(off int64) chan fetched

	ahead chan fetched // nil: nothing is under way
	data  []byte
	err   error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.data) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.next()
	}
	n := copy(p, r.data)
	r.data = r.data[n:]
	return n, nil
}

// next takes what was fetched ahead and lets more be fetched.
func (r *reader) next() {
	if r.off == r.size {
		r.err = io.EOF
		return
	}
	got := <-r.ahead
	r.ahead = nil
	if got.err != nil {
		r.err = fmt.Errorf("read %s: %w", r.name, got.err)
		return
	}
	r.data = got.data
	if r.off += int64(len(got.data)); r.off < r.size {
		r.ahead = r.fetch(r.off)
	}
}

// Close gives the file back. It waits for what is under way.
func (r *reader) Close() error {
	if r.err != nil && errors.Is(r.err, fs.ErrClosed) && r.ahead == nil {
		return nil
	}
	if r.ahead != nil {
		<-r.ahead
		r.ahead = nil
	}
	r.data, r.err = nil, fmt.Errorf("read %s: %w", r.name, fs.ErrClosed)
	r.file.close()
	return nil
}
