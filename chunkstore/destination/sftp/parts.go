package sftp

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// partSize is how many bytes one packet carries, which every server must take. inFlight
// is how many packets of one call are under way at once: 2 MiB, as much as an SSH
// channel takes without being asked.
const (
	partSize = 32 << 10
	inFlight = 64
)

// inParts calls f for each part of size bytes, for many at once and in any order. It
// stops at the first error and at the end of ctx, and returns when no f runs any more.
func inParts(ctx context.Context, size int64, f func(off int64, n int) error) error {
	var next atomic.Int64
	group, groupCtx := errgroup.WithContext(ctx)
	for range min(inFlight, (size+partSize-1)/partSize) {
		group.Go(func() error {
			for groupCtx.Err() == nil {
				off := next.Add(partSize) - partSize
				if off >= size {
					return nil
				}
				if err := f(off, int(min(partSize, size-off))); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}
