package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"telekeep/chunkstore"
	"telekeep/daemon"
)

// Verify reads the whole vault, one file after the other and for a quarter of the time,
// so that nobody notices it.
func (v *keptVault) Verify(ctx context.Context, progress func(done, total int64)) (daemon.Verified, error) {
	dst, err := v.app.openAny(ctx, v.config)
	if err != nil {
		return daemon.Verified{}, err
	}
	defer dst.Close()
	o := chunkstore.VerifyOptions{Workers: 1, Progress: progress}
	v.app.remember(ctx, v.config, &o)
	start := v.app.now()
	found, err := chunkstore.Verify(ctx, gentle{dst.driver}, o)
	if err != nil {
		return daemon.Verified{}, fmt.Errorf("cannot verify the vault: %w", err)
	}
	report := &verifyReport{
		Vault: found.Vault, Commits: found.Commits, Packs: found.Packs, Bytes: found.Bytes, OK: found.OK(), Seconds: v.app.now().Sub(start).Seconds(),
	}
	result := daemon.Verified{Problems: len(found.Problems)}
	for _, p := range found.Problems {
		report.Problems = append(report.Problems, describeProblem(p))
	}
	if len(report.Problems) > 0 {
		first := report.Problems[0]
		result.Detail = printable(first.Kind + ": " + first.Object)
	}
	v.app.saveProof(v.config, dst.Name, report)
	return result, nil
}

// A gentle destination rests after each read for three times as long as that took.
type gentle struct{ chunkstore.Destination }

// restMost is how long one rest may be: a read that hung is no reason to rest for hours.
const restMost = 5 * time.Second

func (g gentle) rest(ctx context.Context, start time.Time) {
	timer := time.NewTimer(min(3*time.Since(start), restMost))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (g gentle) ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error) {
	defer g.rest(ctx, time.Now()) //nolint:forbidigo // measures only
	return g.Destination.ReadAt(ctx, name, p, off)
}

func (g gentle) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := g.Destination.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return &gentleReader{ReadCloser: r, ctx: ctx, by: g}, nil
}

type gentleReader struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // of the Get that made it: Read has none
	by  gentle
}

func (r *gentleReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	defer r.by.rest(r.ctx, time.Now()) //nolint:forbidigo // measures only
	return r.ReadCloser.Read(p)
}
