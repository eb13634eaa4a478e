package telegram

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/telegram"

	"telekeep/archive"
)

// A session that somebody ends elsewhere is noticed though nothing happens in the account
// and the connection stays: the server is asked something every now and then.
func TestRevokedWhileIdle(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{probe: 500 * time.Millisecond})
	for !f.await(FollowLive).Done { // until nothing is under way any more
	}
	i.sim.Revoke()
	if _, err := f.ended(t); !errors.Is(err, ErrSessionRevoked) {
		t.Fatalf("error %v", err)
	}
}

// While nothing happens the server is asked once in a while, and not more: that is all
// that an idle account costs.
func TestProbesAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &live{probePause: probePause, in: newInbox(), boxes: map[archive.PeerID]*box{}}
		v.answered()
		asked, begun := 0, time.Now()
		for range 24 * 60 {
			time.Sleep(quietTick)
			v.probe()
			if b := v.box(""); !b.ask.IsZero() {
				b.asked(0, true, time.Now())
				asked++
			}
		}
		if asked < 70 || asked > 120 {
			t.Errorf("asked %d times in %v", asked, time.Since(begun))
		}
	})
}

// While there is no room for media, messages come in all the same, no file is fetched,
// and the account is not called complete; then the files come.
func TestNoRoomForMedia(t *testing.T) {
	i := settled(t)
	var room atomic.Bool
	wake := make(chan struct{})
	f := i.follow(FollowOptions{Room: func(ctx context.Context) error {
		for !room.Load() && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-wake:
			}
		}
		return ctx.Err()
	}})
	i.sim.ResetStats()
	id := i.add("user101", "with a file", 300_000, false)
	f.within(t, soon, fmt.Sprintf("user101 %d with a file", id))
	time.Sleep(300 * time.Millisecond) // it would be fetched by now
	if n := i.sim.Stats().Requests["upload.getFile"]; n > 0 {
		t.Errorf("%d parts were fetched", n)
	}
	room.Store(true)
	close(wake)
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		f.mu.Lock()
		n := len(f.sizes)
		f.mu.Unlock()
		if n == 1 {
			break
		}
		if time.Since(start) > 30*time.Second {
			t.Fatal("the file does not come")
		}
	}
	if _, err := f.end(); err != nil {
		t.Error(err)
	}
}

// A countedConns counts how often it is closed, and answers after a while.
type countedConns struct {
	closed *atomic.Int32
	takes  time.Duration
}

func (c *countedConns) Close() error { c.closed.Add(1); return nil }

func (c *countedConns) Invoke(ctx context.Context, _ bin.Encoder, _ bin.Decoder) error {
	return sleep(ctx, c.takes)
}

// Connections that nobody uses are closed, those that somebody uses are not, and the next
// call opens new ones.
func TestIdlePoolCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opened, closed atomic.Int32
		p := newPool(2, func(context.Context) (telegram.CloseInvoker, error) {
			opened.Add(1)
			return &countedConns{closed: &closed, takes: 10 * time.Minute}, nil
		})
		done := make(chan error, 4)
		call := func() { done <- p.Invoke(t.Context(), nil, nil) }
		want := func(when string, o, c int32) {
			t.Helper()
			synctest.Wait()
			if opened.Load() != o || closed.Load() != c {
				t.Errorf("%s: opened %d times, closed %d times; want %d and %d", when, opened.Load(), closed.Load(), o, c)
			}
		}
		go call()
		time.Sleep(5 * time.Minute)
		go call()
		time.Sleep(9 * time.Minute)
		want("the first call is over, the second is not", 1, 0)
		time.Sleep(poolIdle)
		want("shortly after the second", 1, 0)
		go call()
		time.Sleep(10*time.Minute + poolIdle/2)
		want("shortly after the third", 1, 0)
		time.Sleep(poolIdle)
		want("long after it", 1, 1)
		go call()
		time.Sleep(11 * time.Minute)
		want("after another", 2, 1)
		p.close()
		want("at the end", 2, 2)
		time.Sleep(time.Hour)
		want("later", 2, 2)
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}
