package mtproto

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/tg"
)

func TestAcknowledgesSlowRequests(t *testing.T) {
	release := make(chan struct{})
	b := serve(t, func(ctx context.Context, r *Request) (bin.Encoder, error) {
		<-release
		return &tg.BoolTrue{}, nil
	})
	c := b.dial(t)
	one, two := c.call(&tg.HelpGetNearestDCRequest{}), c.call(&tg.HelpGetNearestDCRequest{})
	start := time.Now()
	ack := decode[mt.MsgsAck](t, c.wait(mt.MsgsAckTypeID).body)
	if !slices.Equal(ack.MsgIDs, []int64{one, two}) {
		t.Fatalf("acknowledged %v, want %v", ack.MsgIDs, []int64{one, two})
	}
	if d := time.Since(start); d < ackDelay/2 || d > 5*ackDelay {
		t.Errorf("acknowledged after %v", d)
	}
	c.tell(&mt.MsgsStateReq{MsgIDs: []int64{one, c.ids.New(proto.MessageFromClient)}})
	info := decode[mt.MsgsStateInfo](t, c.wait(mt.MsgsStateInfoTypeID).body)
	if want := []byte{stateReceived | stateTold | stateRunning, stateUnknown}; !bytes.Equal(info.Info, want) {
		t.Errorf("states %v, want %v", info.Info, want)
	}
	close(release)
	c.result(one)
	if state := b.states(t, c, one); state != stateReceived|stateTold|stateAnswered {
		t.Errorf("state %d once answered", state)
	}
}

func (b *bench) states(t *testing.T, c *client, id int64) byte {
	t.Helper()
	c.tell(&mt.MsgsStateReq{MsgIDs: []int64{id}})
	return decode[mt.MsgsStateInfo](t, c.wait(mt.MsgsStateInfoTypeID).body).Info[0]
}

func TestResend(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, nearest(&calls))
	c := b.dial(t)
	c.call(&tg.HelpGetNearestDCRequest{})
	answer := c.wait(proto.ResultTypeID)
	c.tell(&mt.MsgResendReq{MsgIDs: []int64{answer.id}})
	if again := c.wait(proto.ResultTypeID); again.id != answer.id {
		t.Fatalf("message %d was sent again as %d", answer.id, again.id)
	}
	c.tell(&mt.MsgsAck{MsgIDs: []int64{answer.id}})
	c.tell(&mt.MsgResendReq{MsgIDs: []int64{answer.id}})
	c.wait(mt.MsgsStateInfoTypeID)
}

func TestDropAnswer(t *testing.T) {
	stopped := make(chan struct{})
	b := serve(t, func(ctx context.Context, r *Request) (bin.Encoder, error) {
		if r.ID != tg.HelpGetNearestDCRequestTypeID {
			return &tg.BoolTrue{}, nil
		}
		<-ctx.Done()
		close(stopped)
		return nil, ctx.Err()
	})
	c := b.dial(t)
	slow := c.call(&tg.HelpGetNearestDCRequest{})
	outcome := c.result(c.call(&mt.RPCDropAnswerRequest{ReqMsgID: slow}))
	decode[mt.RPCAnswerDroppedRunning](t, outcome)
	<-stopped

	done := c.call(&tg.HelpGetConfigRequest{})
	c.result(done)
	dropped := decode[mt.RPCAnswerDropped](t, c.result(c.call(&mt.RPCDropAnswerRequest{ReqMsgID: done})))
	if dropped.Bytes == 0 {
		t.Errorf("%+v", dropped)
	}
	decode[mt.RPCAnswerUnknown](t, c.result(c.call(&mt.RPCDropAnswerRequest{ReqMsgID: done})))
}

func TestDestroySession(t *testing.T) {
	b := serve(t, nil)
	c := b.dial(t)
	c.tell(&mt.PingRequest{})
	c.wait(mt.PongTypeID)
	other := c.again(b)
	other.session++
	other.tell(&mt.DestroySessionRequest{SessionID: c.session})
	other.wait(mt.DestroySessionOkTypeID)
	other.tell(&mt.DestroySessionRequest{SessionID: c.session})
	other.wait(mt.DestroySessionNoneTypeID)
	c.tell(&mt.PingRequest{})
	c.wait(mt.NewSessionCreatedTypeID) // it is new to the server
}

func TestPush(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, nearest(&calls))
	c := b.dial(t)
	c.result(c.call(&tg.InvokeWithoutUpdatesRequest{Query: &tg.HelpGetNearestDCRequest{}}))
	push := func() {
		if err := b.Push(c.key.ID, &tg.UpdatesTooLong{}); err != nil {
			t.Fatal(err)
		}
	}
	push() // nobody has asked for updates
	c.result(c.call(&tg.HelpGetNearestDCRequest{}))
	push()
	if u := c.wait(tg.UpdatesTooLongTypeID); u.seq%2 != 1 || u.id%4 != 3 {
		t.Errorf("update has id %d, seqno %d", u.id, u.seq)
	}
	if got, err := c.packet(200 * time.Millisecond); err == nil && got[0].tl == tg.UpdatesTooLongTypeID {
		t.Error("an update came to a session that did not want any")
	}
}
