package mtproto

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/tg"
)

func TestBadMessages(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, nearest(&calls))
	c := b.dial(t)
	ask := encode(t, &tg.HelpGetNearestDCRequest{})
	first := c.call(&tg.HelpGetNearestDCRequest{}) // seqno 1
	c.result(first)
	at := func(d time.Duration) int64 {
		return int64(proto.NewMessageID(time.Now().Add(d), proto.MessageFromClient))
	}
	for name, bad := range map[string]struct {
		id   int64
		seq  int32
		body []byte
		code int
	}{
		"not a client's id": {at(0) + 1, 3, ask, badIDBits},
		"of the past":       {at(-6 * time.Minute), 3, ask, badIDLow},
		"of the future":     {at(time.Minute), 3, ask, badIDHigh},
		"even request":      {at(0), 2, ask, badSeqOdd},
		"odd container":     {at(0), 3, encode(t, &proto.MessageContainer{Messages: []proto.Message{{ID: at(0), SeqNo: 3, Bytes: len(ask), Body: ask}}}), badSeqEven},
		"number too low":    {at(0), 1, ask, badSeqLow},
		"number too high":   {first - 4, 7, ask, badSeqHigh},
		"container's id":    {first, 2, encode(t, &proto.MessageContainer{Messages: []proto.Message{{ID: at(0), SeqNo: 3, Bytes: len(ask), Body: ask}}}), badContainerID},
	} {
		t.Run(name, func(t *testing.T) {
			c.raw(bad.id, bad.seq, bad.body)
			n := decode[mt.BadMsgNotification](t, c.wait(mt.BadMsgNotificationTypeID).body)
			if n.BadMsgID != bad.id || n.BadMsgSeqno != int(bad.seq) || n.ErrorCode != bad.code {
				t.Fatalf("%+v, want code %d for %d", n, bad.code, bad.id)
			}
		})
	}
	if n := calls.Load(); n != 1 {
		t.Fatalf("%d calls, want 1", n)
	}
}

func TestRepeatedRequest(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, nearest(&calls))
	c := b.dial(t)
	id, seq, ask := c.newID(), c.seq(true), encode(t, &tg.HelpGetNearestDCRequest{})
	c.raw(id, seq, ask)
	first := c.wait(proto.ResultTypeID)
	c.raw(id, seq, ask)
	second := c.wait(proto.ResultTypeID)
	if second.id != first.id || second.seq != first.seq || !bytes.Equal(second.body, first.body) {
		t.Fatal("a repeated request is not answered by the same message")
	}
	c.tell(&mt.MsgsAck{MsgIDs: []int64{first.id}})
	c.raw(id, seq, ask)
	ack := decode[mt.MsgsAck](t, c.wait(mt.MsgsAckTypeID).body)
	if !slices.Equal(ack.MsgIDs, []int64{id}) {
		t.Fatalf("acknowledged %v, want %d", ack.MsgIDs, id)
	}
	if n := calls.Load(); n != 1 {
		t.Fatalf("%d calls, want 1", n)
	}
}

func TestLetGoAnswersAreGivenAnew(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, func(context.Context, *Request) (bin.Encoder, error) {
		calls.Add(1)
		return &tg.UploadFile{Type: &tg.StorageFilePartial{}, Bytes: random(t, 1<<20)}, nil
	})
	c := b.dial(t)
	id, seq, ask := c.newID(), c.seq(true), encode(t, &tg.HelpGetNearestDCRequest{})
	c.raw(id, seq, ask)
	c.result(id)
	for range 3 {
		c.result(c.call(&tg.HelpGetNearestDCRequest{}))
	}
	c.raw(id, seq, ask)
	c.result(id)
	if n := calls.Load(); n != 5 {
		t.Fatalf("%d calls, want 5", n)
	}
}

func TestAnswersFollowTheSession(t *testing.T) {
	release := make(chan struct{})
	b := serve(t, func(context.Context, *Request) (bin.Encoder, error) {
		<-release
		return &tg.BoolTrue{}, nil
	})
	c := b.dial(t)
	id := c.call(&tg.HelpGetNearestDCRequest{})
	c.wait(mt.MsgsAckTypeID)
	c.tcp.Close()
	close(release)
	c = c.again(b)
	c.tell(&mt.PingRequest{PingID: 1})
	c.result(id)
}

// TestStorm: clients of one key ask over connections that break, while updates
// are pushed. Every request is answered in the end, and carried out once.
func TestStorm(t *testing.T) {
	const clients, requests = 4, 60
	var calls atomic.Int64
	b := serve(t, func(ctx context.Context, r *Request) (bin.Encoder, error) {
		time.Sleep(time.Duration(calls.Add(1)%5) * time.Millisecond)
		return &tg.BoolTrue{}, nil
	})
	first := b.dial(t)
	ctx, stop := context.WithCancel(t.Context())
	var noise, work sync.WaitGroup
	noise.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			time.Sleep(20 * time.Millisecond)
			b.Drop(func(KeyID) bool { return n%2 == 0 })
			if err := b.Push(first.key.ID, &tg.UpdatesTooLong{}); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range clients {
		work.Go(func() {
			c := first.again(b)
			c.session += int64(i) + 1
			for range requests {
				c = askUntilAnswered(t, b, c)
			}
		})
	}
	work.Wait()
	stop()
	noise.Wait()
	if n := calls.Load(); n != clients*requests {
		t.Errorf("%d requests were answered %d times", clients*requests, n)
	}
}

// askUntilAnswered sends one request, and again on a new connection as often as
// the old one breaks. It returns the client as it is then.
func askUntilAnswered(t *testing.T, b *bench, c *client) *client {
	id, seq, ask := c.newID(), c.seq(true), encode(t, &tg.HelpGetNearestDCRequest{})
	for {
		err := c.send(id, seq, ask)
		for err == nil {
			var all []got
			all, err = c.packet(10 * time.Second)
			for _, m := range all {
				if m.tl == proto.ResultTypeID && decode[proto.Result](t, m.body).RequestMessageID == id {
					if err := c.send(c.newID(), c.seq(false), encode(t, &mt.MsgsAck{MsgIDs: []int64{m.id}})); err != nil {
						c = c.again(b)
					}
					return c
				}
			}
		}
		if errors.Is(err, errSilent) {
			t.Error("a request is not answered")
			return c
		}
		c = c.again(b)
	}
}

func TestOldSessionsAreForgotten(t *testing.T) {
	b := serve(t, nil)
	c := b.dial(t)
	for range maxDetached + 3 {
		n := c.again(b)
		n.session += int64(len(b.sessionsOf(c.key.ID))) + time.Now().UnixNano()
		n.tell(&mt.PingRequest{})
		n.wait(mt.PongTypeID)
		n.tcp.Close()
	}
	deadline := time.Now().Add(5 * time.Second)
	for len(b.sessionsOf(c.key.ID)) > maxDetached && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := len(b.sessionsOf(c.key.ID)); n > maxDetached {
		t.Errorf("%d sessions are remembered", n)
	}
}
