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

	"telekeep/telegram/simulator/world"
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

// BenchmarkHistory measures pages of a hundred messages, so many at a time.
func BenchmarkHistory(b *testing.B) {
	const messages = 20_000
	w, err := world.FromSeed(world.SeedOptions{Seed: 1, Chats: 1, Messages: messages, MediaBytes: 1 << 10})
	if err != nil {
		b.Fatal(err)
	}
	s, err := Start(b.Context(), Options{World: w, Control: "off"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := client(s.Info(), &session.StorageMemory{})
	err = c.Run(b.Context(), func(ctx context.Context) error {
		if err := c.Auth().IfNecessary(ctx, flow(s.Info())); err != nil {
			return err
		}
		peer, err := anyChat(ctx, c.API())
		if err != nil {
			return err
		}
		for _, flight := range []int{1, 4} {
			b.Run(fmt.Sprintf("requests=%d", flight), func(b *testing.B) {
				n := 0
				for b.Loop() {
					n += history(ctx, b, c.API(), peer, messages, flight)
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msg/s")
			})
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func anyChat(ctx context.Context, api *tg.Client) (tg.InputPeerClass, error) {
	out, err := api.MessagesGetDialogs(ctx, &tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 10})
	if err != nil {
		return nil, err
	}
	all, ok := out.AsModified()
	if !ok {
		return nil, fmt.Errorf("dialogs are %T", out)
	}
	for _, chat := range all.GetChats() {
		if c, ok := chat.(*tg.Channel); ok {
			return c.AsInputPeer(), nil
		}
	}
	for _, user := range all.GetUsers() {
		if u, ok := user.(*tg.User); ok && !u.Self {
			return u.AsInputPeer(), nil
		}
	}
	return nil, errors.New("no chat")
}

// history reads a chat once and returns how many messages came.
func history(ctx context.Context, b *testing.B, api *tg.Client, peer tg.InputPeerClass, messages, flight int) int {
	var next, sum atomic.Int64
	var wg sync.WaitGroup
	for range flight {
		wg.Go(func() {
			for n := int(next.Add(100)) - 100; n < messages; n = int(next.Add(100)) - 100 {
				out, err := api.MessagesGetHistory(ctx, &tg.MessagesGetHistoryRequest{Peer: peer, AddOffset: n, Limit: 100})
				if err != nil {
					b.Error(err)
					return
				}
				if page, ok := out.AsModified(); ok {
					sum.Add(int64(len(page.GetMessages())))
				}
			}
		})
	}
	wg.Wait()
	return int(sum.Load())
}
