package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/minio/minio-go/v7"
)

// Put stores data under name; see chunkstore.Destination.
func (d *Destination) Put(ctx context.Context, name string, data []byte) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	done, err := d.putting.begin(ctx, name)
	if err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	defer done()
	size, err := d.Stat(ctx, name)
	switch {
	case err == nil:
		return d.compare(ctx, name, size, data)
	case !errors.Is(err, fs.ErrNotExist) && !isRefusal(err):
		return err
	}
	err = d.upload(ctx, name, data, ifAbsent{asked: true, known: err})
	if errors.Is(err, fs.ErrExist) { // somebody was faster; or it is what came of the same request before
		if size, err = d.Stat(ctx, name); err != nil {
			return err
		}
		return d.compare(ctx, name, size, data)
	}
	return err
}

// Replace exchanges an object, or stores it if there is none.
func (d *Destination) Replace(ctx context.Context, name string, data []byte) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return d.upload(ctx, name, data, ifAbsent{})
}

// ifAbsent says whether an object must not be there yet, and how Stat answered to that.
type ifAbsent struct {
	asked bool
	known error
}

// A way is what goes along with the bytes. Not every server knows all of it.
type way struct{ condition, hash bool }

// ways are tried in this order: what a server knows is made use of.
var ways = [...]way{{true, true}, {true, false}, {false, true}, {false, false}}

// upload stores data, in the best way that the server knows. If absent is asked for and
// there is an object already, it is fs.ErrExist.
func (d *Destination) upload(ctx context.Context, name string, data []byte, absent ifAbsent) error {
	if int64(len(data)) > d.options.PartSize {
		d.sweep.Do(func() { _ = d.Sweep(ctx, d.options.Now().Add(-staleUpload)) }) // who may not look leaves it to others
	}
	var err error
	for i := int(d.way.Load()); i < len(ways); i++ {
		w := ways[i]
		if absent.asked && !w.condition && !errors.Is(absent.known, fs.ErrNotExist) {
			return fmt.Errorf("put %s: %w", name, unguarded())
		}
		w.condition = w.condition && absent.asked
		if err = d.send(ctx, name, data, w); errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err == nil && absent.asked { // without a condition it says nothing of conditions
			d.way.Store(int32(i))
		}
		break
	}
	if err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	d.recent.note(name, int64(len(data)))
	return nil
}

// send makes one upload.
func (d *Destination) send(ctx context.Context, name string, data []byte, w way) error {
	o := minio.PutObjectOptions{
		ContentType: "application/octet-stream", StorageClass: d.options.StorageClass,
		DisableMultipart: int64(len(data)) <= d.options.PartSize, PartSize: uint64(d.options.PartSize), NumThreads: 2,
		SendContentMd5: true,
	}
	if o.DisableMultipart && w.hash {
		sum := sha256.Sum256(data)
		o.SendContentMd5 = false
		o.UserMetadata = map[string]string{checksumHeader: base64.StdEncoding.EncodeToString(sum[:])}
	}
	if d.options.Retention > 0 {
		o.RetainUntilDate, o.Mode = d.options.Now().Add(d.options.Retention).UTC(), minio.Governance
		if d.options.Compliance {
			o.Mode = minio.Compliance
		}
	}
	if w.condition {
		o.SetMatchETagExcept("*")
	}
	_, err := d.core.Client.PutObject(ctx, d.options.Bucket, d.prefix+name, bytes.NewReader(data), int64(len(data)), o)
	return sortError(err)
}

// staleUpload is how old an upload is that nobody goes on with any more.
const staleUpload = 7 * 24 * time.Hour

const checksumHeader = "X-Amz-Checksum-Sha256"

// compare reports whether the object that is there has the bytes of data.
func (d *Destination) compare(ctx context.Context, name string, size int64, data []byte) error {
	if size != int64(len(data)) {
		return fmt.Errorf("put %s: other bytes are there: %w", name, fs.ErrExist)
	}
	r, err := d.Get(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close() // read only
	piece := make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(r, piece)
		if n > len(data) || !bytes.Equal(piece[:n], data[:n]) {
			return fmt.Errorf("put %s: other bytes are there: %w", name, fs.ErrExist)
		}
		data = data[n:]
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			if len(data) > 0 {
				return fmt.Errorf("put %s: other bytes are there: %w", name, fs.ErrExist)
			}
			return nil
		case err != nil:
			return err
		}
	}
}
