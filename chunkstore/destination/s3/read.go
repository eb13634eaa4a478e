package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"

	"telekeep/internal/objectname"
)

// Get opens an object; see chunkstore.Destination.
func (d *Destination) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := begin(ctx, name); err != nil {
		return nil, fmt.Errorf("get %s: %w", name, err)
	}
	r := &reader{d: d, ctx: ctx, name: name, tries: d.options.Tries}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

// A reader reads an object, and goes on where the connection broke.
type reader struct {
	d     *Destination
	ctx   context.Context //nolint:containedctx // of the Get that made it: Read has none
	name  string
	body  io.ReadCloser
	etag  string
	off   int64
	size  int64
	tries int
	sum   hash.Hash // of what was read; nil if the server keeps no SHA-256
	want  []byte
}

// open asks for the object from off on.
func (r *reader) open() error {
	var o minio.GetObjectOptions
	o.Checksum = true
	if r.etag != "" {
		err := o.SetMatchETag(r.etag)
		if r.off > 0 {
			err = errors.Join(err, o.SetRange(r.off, 0))
		}
		if err != nil {
			return fmt.Errorf("get %s: %w", r.name, err)
		}
	}
	body, info, _, err := r.d.core.GetObject(r.ctx, r.d.options.Bucket, r.d.prefix+r.name, o)
	if err != nil {
		return fmt.Errorf("get %s: %w", r.name, sortError(err))
	}
	if r.etag == "" {
		r.etag, r.size = info.ETag, info.Size
		// That of an object in parts is one of sums, and no sum of its bytes.
		if want, err := base64.StdEncoding.DecodeString(info.ChecksumSHA256); err == nil && len(want) == sha256.Size {
			r.sum, r.want = sha256.New(), want
		}
	}
	r.body = body
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		n, err := r.body.Read(p)
		r.off += int64(n)
		if r.sum != nil {
			r.sum.Write(p[:n])
		}
		switch {
		case n > 0:
			return n, nil
		case err == nil:
			continue
		case r.off == r.size:
			return 0, r.end(err)
		case r.ctx.Err() != nil:
			return 0, fmt.Errorf("get %s: %w", r.name, r.ctx.Err())
		}
		if r.tries--; r.tries <= 0 || r.etag == "" {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, fmt.Errorf("get %s: %w", r.name, sortError(err))
		}
		r.body.Close() // it is broken
		if err := r.open(); err != nil {
			return 0, err
		}
	}
}

// end is what Read returns after the last byte, of which there is no more to ask for. The
// library compares sums too, and its error is like that of a connection.
func (r *reader) end(err error) error {
	right := err == io.EOF
	if r.sum != nil {
		right = bytes.Equal(r.sum.Sum(nil), r.want)
	}
	if !right {
		return fmt.Errorf("get %s: %w", r.name, known("BadDigest"))
	}
	return io.EOF
}

func (r *reader) Close() error { return r.body.Close() }

// ReadAt reads a part of an object; see chunkstore.Destination. Each is a request.
func (d *Destination) ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error) {
	if err := begin(ctx, name); err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	if off < 0 {
		return 0, fmt.Errorf("read %s: offset %d is before its start", name, off)
	}
	if len(p) == 0 {
		_, err := d.Stat(ctx, name)
		return 0, err
	}
	var err error
	for range d.options.Tries {
		var n int
		var again bool
		if n, again, err = d.readRange(ctx, name, p, off); !again {
			return n, err
		}
	}
	return 0, err
}

// readRange makes one request; again says that another one may do better.
func (d *Destination) readRange(ctx context.Context, name string, p []byte, off int64) (n int, again bool, err error) {
	var o minio.GetObjectOptions
	if err := o.SetRange(off, off+int64(len(p))-1); err != nil {
		return 0, false, fmt.Errorf("read %s: %w", name, err)
	}
	body, info, _, err := d.core.GetObject(ctx, d.options.Bucket, d.prefix+name, o)
	if isPastEnd(err) {
		return 0, false, io.EOF
	}
	if err != nil {
		return 0, false, fmt.Errorf("read %s: %w", name, sortError(err))
	}
	defer body.Close() // read only
	want := min(int64(len(p)), info.Size)
	got, err := io.ReadFull(body, p[:want])
	if err != nil {
		if ctx.Err() != nil {
			return 0, false, fmt.Errorf("read %s: %w", name, ctx.Err())
		}
		return 0, true, fmt.Errorf("read %s: %w", name, sortError(err))
	}
	if got < len(p) {
		return got, false, io.EOF
	}
	return got, false, nil
}

// List lists objects; see chunkstore.Destination. It gathers the names first, because not
// every server sorts them by their bytes, and asks for those that this Destination has
// changed a short while ago, because not every server lists them at once.
func (d *Destination) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	found := make(map[string]int64)
	err := d.gather(ctx, prefix, found)
	if err == nil {
		err = d.settle(ctx, prefix, found)
	}
	if err != nil {
		return fmt.Errorf("list %s: %w", prefix, err)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		if err := visit(name, found[name]); err != nil {
			return err
		}
	}
	return nil
}

// gather puts what the server lists into found.
func (d *Destination) gather(ctx context.Context, prefix string, found map[string]int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	for info := range d.core.Client.ListObjects(asking, d.options.Bucket, minio.ListObjectsOptions{Prefix: d.prefix + prefix, Recursive: true}) {
		if info.Err != nil {
			return sortError(info.Err)
		}
		if name := strings.TrimPrefix(info.Key, d.prefix); objectname.Check(name) == nil {
			found[name] = info.Size
		}
	}
	return ctx.Err()
}

// settle asks for each object that was changed a short while ago and is not listed so.
func (d *Destination) settle(ctx context.Context, prefix string, found map[string]int64) error {
	for name, size := range d.recent.below(prefix) {
		if listed, there := found[name]; there && listed == size || !there && size == absent {
			continue
		}
		size, err := d.Stat(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			delete(found, name)
		case err != nil:
			return err
		default:
			found[name] = size
		}
	}
	return nil
}
