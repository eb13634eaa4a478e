package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/pkg/sftp"
)

// Stat returns the length of an object; see chunkstore.Destination.
func (d *Destination) Stat(ctx context.Context, name string) (int64, error) {
	if err := begin(ctx, name); err != nil {
		return 0, fmt.Errorf("stat %s: %w", name, err)
	}
	var size int64
	err := d.do(ctx, func(c *conn, _ func()) error {
		info, err := c.sftp.Lstat(d.at(name))
		if err != nil {
			return d.absent(c, name, err)
		}
		size = info.Size()
		return regular(info)
	})
	if err != nil {
		return 0, fmt.Errorf("stat %s: %w", name, err)
	}
	return size, nil
}

// ReadAt reads a part of an object; see chunkstore.Destination. It opens the file every
// time, which costs a round trip: read in large pieces.
func (d *Destination) ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error) {
	if err := begin(ctx, name); err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	if off < 0 {
		return 0, fmt.Errorf("read %s: %w: offset %d", name, fs.ErrInvalid, off)
	}
	var n int
	err := d.do(ctx, func(c *conn, moved func()) error {
		f, err := c.sftp.Open(d.at(name))
		if err != nil {
			return d.absent(c, name, err)
		}
		defer c.later(f)
		moved()
		n, err = readAt(ctx, moved, f, p, off)
		return err
	})
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read %s: %w", name, err)
	}
	return n, err
}

// readAt fills p while it asks how long the file is.
func readAt(ctx context.Context, moved func(), f *sftp.File, p []byte, off int64) (int, error) {
	var info fs.FileInfo
	var infoErr error
	var asking sync.WaitGroup
	asking.Go(func() { info, infoErr = f.Stat() })
	got, readErr := fillFrom(ctx, moved, f, p, off)
	asking.Wait()
	if infoErr == nil {
		infoErr = regular(info) // which is also why a folder cannot be read
	}
	if infoErr != nil {
		return 0, infoErr
	}
	if readErr != nil {
		return 0, readErr
	}
	n := int(max(0, min(int64(len(p)), info.Size()-off)))
	switch {
	case got < n:
		return 0, errShort
	case n < len(p):
		return n, io.EOF
	}
	return n, nil
}

// errShort is a file of which less came than it has.
var errShort = errors.New("the file is shorter than the server says")

// fillFrom reads len(p) bytes from off. It returns how many there are before the file
// ends, all of which have been read if there is no error.
func fillFrom(ctx context.Context, moved func(), f *sftp.File, p []byte, off int64) (int, error) {
	var mu sync.Mutex
	got := len(p)
	err := inParts(ctx, int64(len(p)), func(from int64, n int) error {
		read, err := f.ReadAt(p[from:from+int64(n)], off+from)
		moved()
		if err != nil && err != io.EOF {
			return err
		}
		if read < n {
			mu.Lock()
			defer mu.Unlock()
			got = min(got, int(from)+read)
		}
		return nil
	})
	return got, err
}

// regular returns fs.ErrNotExist for what is no file.
func regular(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fs.ErrNotExist
	}
	return nil
}
