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

	"github.com/minio/minio-go/v7"
)

// Put stores data under name; see chunkstore.Destination.
func (d *Destination) Put(ctx context.Context, name string, data []byte) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	size, err := d.Stat(ctx, name)
	switch {
	case err == nil:
		return d.compare(ctx, name, size, data)
	case !errors.Is(err, fs.ErrNotExist) && !isRefusal(err):
		return err
	}
	err = d.upload(ctx, name, data, true)
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
	return d.upload(ctx, name, data, false)
}

// upload stores data. If only is set and there is an object already, it is fs.ErrExist.
func (d *Destination) upload(ctx context.Context, name string, data []byte, only bool) error {
	o := minio.PutObjectOptions{
		ContentType: "application/octet-stream", StorageClass: d.options.StorageClass,
		DisableMultipart: int64(len(data)) <= d.options.PartSize, PartSize: uint64(d.options.PartSize), NumThreads: 2,
		SendContentMd5: true,
	}
	if o.DisableMultipart {
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
	if only {
		o.SetMatchETagExcept("*")
	}
	_, err := d.core.Client.PutObject(ctx, d.options.Bucket, d.prefix+name, bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		return fmt.Errorf("put %s: %w", name, sortError(err))
	}
	return nil
}

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
