package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/s3"
	"telekeep/config"
)

// openS3 opens a bucket.
func (a *app) openS3(ctx context.Context, cfg *config.Config, one config.Copy) (driver, error) {
	k, err := a.bucketKey(cfg, one)
	if err != nil {
		return nil, err
	}
	w := one.Where
	d, err := s3.Open(ctx, s3.Options{
		Endpoint: w.Address(), Plain: w.Plain, Bucket: w.Bucket, Prefix: w.Path, Region: one.Region,
		AccessKey: k.id, SecretKey: k.secret, SessionToken: k.session,
		StorageClass: one.StorageClass, Retention: one.RetentionTime, Now: a.now,
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", chunkstore.ErrNoVault, err)
	}
	if errors.Is(err, s3.ErrUnreachable) {
		return nil, awayError{err}
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}
