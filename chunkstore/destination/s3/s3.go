package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"telekeep/internal/objectname"
)

// A Destination is a bucket, or what of it begins with a prefix. Its methods may be used
// from many goroutines, and a bucket by many machines.
type Destination struct {
	options Options
	core    minio.Core
	prefix  string       // with a slash at its end, or ""
	idle    func()       // closes connections
	way     atomic.Int32 // of ways: the first that the server knows
	sweep   sync.Once
	recent  recent
	putting turns
}

// Open looks whether the bucket is there. Credentials that may not even ask for that are
// taken on trust. Errors are fs.ErrNotExist for a bucket that is not there,
// fs.ErrPermission for wrong credentials; all say what to do.
func Open(ctx context.Context, o Options) (*Destination, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	transport := o.transport()
	client, err := o.client(transport)
	if err != nil {
		return nil, fmt.Errorf("bucket %s at %s: %w", o.Bucket, o.Endpoint, err)
	}
	d := &Destination{options: o, core: minio.Core{Client: client}, idle: transport.CloseIdleConnections}
	if o.Prefix != "" {
		d.prefix = o.Prefix + "/"
	}
	// A refusal is taken: it may be allowed to put and nothing else.
	if err := d.ask(ctx); err != nil && !isRefusal(err) {
		return nil, fmt.Errorf("bucket %s at %s: %w", o.Bucket, o.Endpoint, err)
	}
	return d, nil
}

// ask asks for the first name in the bucket: errors of HEAD have no words.
func (d *Destination) ask(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for info := range d.core.Client.ListObjects(ctx, d.options.Bucket, minio.ListObjectsOptions{Prefix: d.prefix, Recursive: true, MaxKeys: 1}) {
		return sortError(info.Err)
	}
	return nil
}

// Close ends the connections that nobody uses.
func (d *Destination) Close() error {
	d.idle()
	return nil
}

// Stat returns the length of an object; see chunkstore.Destination.
func (d *Destination) Stat(ctx context.Context, name string) (int64, error) {
	if err := begin(ctx, name); err != nil {
		return 0, fmt.Errorf("stat %s: %w", name, err)
	}
	info, err := d.core.StatObject(ctx, d.options.Bucket, d.prefix+name, minio.StatObjectOptions{})
	if err != nil {
		return 0, fmt.Errorf("stat %s: %w", name, sortError(err))
	}
	return info.Size, nil
}

// Remove deletes an object; one that is not there is no error. In a bucket with versions
// it hides the object, and what was stored can be brought back. Under object lock it is
// fs.ErrPermission.
func (d *Destination) Remove(ctx context.Context, name string) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	err := sortError(d.core.RemoveObject(ctx, d.options.Bucket, d.prefix+name, minio.RemoveObjectOptions{}))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	d.recent.note(name, absent)
	return nil
}

// Sweep takes back the parts of uploads that did not come to their end and began before a
// moment: what a machine that stopped has left.
func (d *Destination) Sweep(ctx context.Context, before time.Time) error {
	for upload := range d.core.ListIncompleteUploads(ctx, d.options.Bucket, d.prefix, true) {
		if upload.Err != nil {
			return fmt.Errorf("list uploads: %w", sortError(upload.Err))
		}
		name := strings.TrimPrefix(upload.Key, d.prefix)
		if !upload.Initiated.Before(before) || objectname.Check(name) != nil {
			continue
		}
		if err := sortError(d.core.AbortMultipartUpload(ctx, d.options.Bucket, upload.Key, upload.UploadID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("take back an upload of %s: %w", name, err)
		}
	}
	return nil
}

// begin is what every call with a name checks first.
func begin(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return objectname.Check(name)
}
