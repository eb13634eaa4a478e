package mtproto

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/transport"
)

// A stalled connection stays open and silent; the same request on another one of
// the same session is answered.
func TestStalledConnections(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, func(context.Context, *Request) (bin.Encoder, error) {
		if calls.Add(1) == 1 {
			return nil, ErrStall
		}
		return &tg.NearestDC{}, nil
	}, func(o *Options) { o.Idle = time.Second })
	c := b.dial(t)
	id, seq, ask := c.newID(), c.seq(true), encode(t, &tg.HelpGetNearestDCRequest{})
	c.raw(id, seq, ask)
	for calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond) // the connection falls silent after the handler said so
	for range 3 {
		c.tell(&mt.PingRequest{PingID: 7})
	}
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); { // longer than idle connections live
		all, err := c.packet(time.Until(end))
		if err != nil && !errors.Is(err, errSilent) {
			t.Fatalf("a stalled connection ends with %v", err)
		}
		for _, m := range all {
			if m.tl == mt.PongTypeID || m.tl == proto.ResultTypeID {
				t.Fatalf("a stalled connection gives %#x", m.tl)
			}
		}
	}
	again := c.again(b)
	again.raw(id, seq, ask)
	again.result(id)
	if n := b.Stats().Open; n != 2 {
		t.Errorf("%d connections are open, want both", n)
	}
}

func TestDataCentreThatIsAway(t *testing.T) {
	b := serve(t, nearest(new(atomic.Int64)))
	c := b.dial(t)
	c.result(c.call(&tg.HelpGetNearestDCRequest{}))
	b.SetAway(true)
	if err := readAll(c); errors.Is(err, errSilent) {
		t.Errorf("the connection stays open: %v", err)
	}
	other := b.connect(t, transport.Intermediate)
	other.key, other.session = c.key, c.session
	if err := readAll(other); errors.Is(err, errSilent) {
		t.Errorf("a new connection stays open: %v", err)
	}
	b.SetAway(false)
	back := c.again(b)
	back.result(back.call(&tg.HelpGetNearestDCRequest{}))
}

// readAll reads until there is an error: the end, or nothing for two seconds.
func readAll(c *client) error {
	for {
		if _, err := c.packet(2 * time.Second); err != nil {
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return err
		}
	}
}

// When clocks differ by a day, the client is told which way, and can go on by the
// time in the server's own message ids.
func TestClockThatIsWrongByADay(t *testing.T) {
	b := serve(t, nearest(new(atomic.Int64)))
	for ahead, code := range map[time.Duration]int{24 * time.Hour: badIDLow, -24 * time.Hour: badIDHigh} {
		b.SetAhead(0)
		c := b.dial(t)
		b.SetAhead(ahead)
		id := c.call(&tg.HelpGetNearestDCRequest{})
		told := c.wait(mt.BadMsgNotificationTypeID)
		if n := decode[mt.BadMsgNotification](t, told.body); n.ErrorCode != code || n.BadMsgID != id {
			t.Errorf("%v ahead: %+v, want code %d", ahead, n, code)
		}
		offset := time.Until(proto.MessageID(told.id).Time())
		c.ids = proto.NewMessageIDGen(func() time.Time { return time.Now().Add(offset) })
		c.content = 0
		c.result(c.call(&tg.HelpGetNearestDCRequest{}))
	}
}

// Service messages and acknowledgements travel with requests in one container.
func TestContainerOfAllSorts(t *testing.T) {
	b := serve(t, nearest(new(atomic.Int64)))
	c := b.dial(t)
	first := c.call(&tg.HelpGetNearestDCRequest{})
	answer := c.wait(proto.ResultTypeID)
	var inner []proto.Message
	add := func(m bin.Encoder, content bool) int64 {
		body := encode(t, m)
		id := c.newID()
		inner = append(inner, proto.Message{ID: id, SeqNo: int(c.seq(content)), Bytes: len(body), Body: body})
		return id
	}
	add(&mt.MsgsAck{MsgIDs: []int64{answer.id}}, false)
	add(&mt.HTTPWaitRequest{MaxDelay: 1, WaitAfter: 1, MaxWait: 1}, false)
	state := add(&mt.MsgsStateReq{MsgIDs: []int64{first, first + 4, c.newID() + 1<<40}}, true)
	add(&mt.PingRequest{PingID: 3}, false)
	ask := add(&tg.HelpGetNearestDCRequest{}, true)
	c.tell(&proto.MessageContainer{Messages: inner})
	info := decode[mt.MsgsStateInfo](t, c.wait(mt.MsgsStateInfoTypeID).body)
	want := []byte{stateReceived | stateTold | stateAnswered, stateUnknown, stateTooHigh}
	if info.ReqMsgID != state || !slices.Equal(info.Info, want) {
		t.Errorf("states %v of %d, want %v of %d", info.Info, info.ReqMsgID, want, state)
	}
	if pong := decode[mt.Pong](t, c.wait(mt.PongTypeID).body); pong.PingID != 3 {
		t.Errorf("pong %d", pong.PingID)
	}
	c.result(ask)
}
