package simulator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
)

// benchPart is the size of one request, in bytes.
const benchPart = 512 << 10

// BenchmarkDownload measures both ends together: they share the machine.
func BenchmarkDownload(b *testing.B) {
	h := newHamlet("", 2)
	h.file = randomBytes(64 << 20)
	s, err := Start(b.Context(), Options{World: h, Control: "off"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := client(s.Info(), &session.StorageMemory{})
	err = c.Run(b.Context(), func(ctx context.Context) error {
		if err := c.Auth().IfNecessary(ctx, flow(s.Info())); err != nil {
			return err
		}
		for _, conns := range []int{1, 4, 8} {
			b.Run(fmt.Sprintf("connections=%d", conns), func(b *testing.B) { download(ctx, b, c, h, conns) })
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// download fetches the file once per round, over so many connections.
func download(ctx context.Context, b *testing.B, c *telegram.Client, h *hamlet, conns int) {
	pool, err := c.DC(ctx, fileDC, int64(conns))
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	api := tg.NewClient(pool)
	parts := int64(len(h.file) / benchPart)
	fetch := func(rounds int64) error {
		var next atomic.Int64
		var wg sync.WaitGroup
		failed := make([]error, conns)
		for i := range conns {
			wg.Go(func() {
				for n := next.Add(1) - 1; n < rounds*parts && failed[i] == nil; n = next.Add(1) - 1 {
					_, failed[i] = api.UploadGetFile(ctx, &tg.UploadGetFileRequest{
						Location: &tg.InputDocumentFileLocation{ID: 5}, Offset: n % parts * benchPart, Limit: benchPart,
					})
				}
			})
		}
		wg.Wait()
		return errors.Join(failed...)
	}
	if err := fetch(1); err != nil { // makes the keys and the connections
		b.Fatal(err)
	}
	b.SetBytes(int64(len(h.file)))
	for b.ResetTimer(); b.Loop(); {
		if err := fetch(1); err != nil {
			b.Fatal(err)
		}
	}
}
