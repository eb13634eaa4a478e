package mtproto

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// nearest answers help.getNearestDc, and whatever else, with the number of the call.
func nearest(calls *atomic.Int64) answerFunc {
	return func(_ context.Context, r *Request) (bin.Encoder, error) {
		return &tg.NearestDC{Country: "XX", ThisDC: r.DC, NearestDC: int(calls.Add(1))}, nil
	}
}

func TestContainerAndPackedRequests(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, nearest(&calls))
	c := b.dial(t)
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	if _, err := w.Write(encode(t, &tg.HelpGetNearestDCRequest{})); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var layer bin.Buffer // a packed request inside a wrapper
	layer.PutID(tg.InvokeWithLayerRequestTypeID)
	layer.PutInt(42)
	layer.Put(encode(t, proto.GZIP{Data: encode(t, &tg.HelpGetNearestDCRequest{})}))
	var list proto.MessageContainer
	var ids []int64
	for _, body := range [][]byte{
		encode(t, &tg.HelpGetNearestDCRequest{}),
		encode(t, &mt.GzipPacked{PackedData: packed.Bytes()}),
		encode(t, proto.GZIP{Data: encode(t, &tg.HelpGetNearestDCRequest{})}),
		layer.Raw(),
	} {
		id := c.newID()
		ids = append(ids, id)
		list.Messages = append(list.Messages, proto.Message{ID: id, SeqNo: int(c.seq(true)), Bytes: len(body), Body: body})
	}
	c.tell(proto.GZIP{Data: encode(t, &list)})
	if made := decode[mt.NewSessionCreated](t, c.wait(mt.NewSessionCreatedTypeID).body); made.FirstMsgID != ids[0] {
		t.Errorf("first message %d, want the first inside the container, %d", made.FirstMsgID, ids[0])
	}
	for _, id := range ids {
		c.result(id)
	}
}

func TestDropErrorHangsUp(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, func(ctx context.Context, r *Request) (bin.Encoder, error) {
		if calls.Add(1) == 1 {
			return nil, ErrDrop
		}
		return &tg.BoolTrue{}, nil
	})
	c := b.dial(t)
	id, seq, ask := c.newID(), c.seq(true), encode(t, &tg.HelpGetNearestDCRequest{})
	c.raw(id, seq, ask)
	for {
		if _, err := c.packet(5 * time.Second); errors.Is(err, errSilent) {
			t.Fatal("the connection stays open")
		} else if err != nil {
			break
		}
	}
	c = c.again(b)
	c.raw(id, seq, ask) // the same request counts as new
	c.result(id)
}

func TestErrors(t *testing.T) {
	answers := map[uint32]error{
		tg.HelpGetNearestDCRequestTypeID: tgerr.New(420, "FLOOD_WAIT_3"),
		tg.HelpGetConfigRequestTypeID:    errors.New("some fault"),
	}
	b := serve(t, func(_ context.Context, r *Request) (bin.Encoder, error) { return nil, answers[r.ID] })
	c := b.dial(t)
	if e := decode[mt.RPCError](t, c.result(c.call(&tg.HelpGetNearestDCRequest{}))); e.ErrorCode != 420 || e.ErrorMessage != "FLOOD_WAIT_3" {
		t.Errorf("%+v", e)
	}
	if e := decode[mt.RPCError](t, c.result(c.call(&tg.HelpGetConfigRequest{}))); e.ErrorCode != 500 || e.ErrorMessage != "INTERNAL" {
		t.Errorf("%+v", e)
	}
	failed := c.call(&tg.HelpGetConfigRequest{})
	waiting := c.call(&tg.InvokeAfterMsgRequest{MsgID: failed, Query: &tg.HelpGetNearestDCRequest{}})
	if e := decode[mt.RPCError](t, c.result(waiting)); e.ErrorMessage != "MSG_WAIT_FAILED" {
		t.Errorf("%+v", e)
	}
}

func TestWrappers(t *testing.T) {
	seen := make(chan *Request, 2)
	b := serve(t, func(_ context.Context, r *Request) (bin.Encoder, error) {
		seen <- r
		return &tg.BoolTrue{}, nil
	})
	c := b.dial(t)
	c.result(c.call(&tg.InvokeWithLayerRequest{Layer: 229, Query: &tg.InitConnectionRequest{
		APIID: 7, DeviceModel: "model", Query: &tg.InvokeWithTakeoutRequest{
			TakeoutID: 9, Query: &tg.InvokeWithMessagesRangeRequest{
				Range: tg.MessageRange{MinID: 1, MaxID: 2}, Query: &tg.HelpGetNearestDCRequest{},
			},
		},
	}}))
	r := <-seen
	if r.Layer != 229 || r.Client.APIID != 7 || r.Takeout != 9 || r.ID != tg.HelpGetNearestDCRequestTypeID || r.Key != c.key.ID {
		t.Errorf("%+v", r)
	}
	c.result(c.call(&tg.HelpGetConfigRequest{}))
	if r = <-seen; r.Layer != 229 || r.Client.APIID != 7 || r.Takeout != 0 {
		t.Errorf("a bare request after that: %+v", r)
	}
}

func TestPackedAnswers(t *testing.T) {
	text := make([]byte, 100_000)
	noise := random(t, 100_000)
	b := serve(t, func(_ context.Context, r *Request) (bin.Encoder, error) {
		f := &tg.UploadFile{Type: &tg.StorageFilePartial{}, Bytes: text}
		if r.ID == tg.HelpGetConfigRequestTypeID {
			f.Bytes = noise
		}
		return f, nil
	})
	c := b.dial(t)
	for _, q := range []struct {
		ask    bin.Encoder
		packed bool
		want   []byte
	}{{&tg.HelpGetNearestDCRequest{}, true, text}, {&tg.HelpGetConfigRequest{}, false, noise}} {
		c.call(q.ask)
		m := c.wait(proto.ResultTypeID)
		if packed := len(m.body) < len(q.want)/2; packed != q.packed {
			t.Errorf("%d bytes were sent as %d", len(q.want), len(m.body))
		}
		id := c.call(q.ask)
		if f := decode[tg.UploadFile](t, c.result(id)); !bytes.Equal(f.Bytes, q.want) {
			t.Error("the answer differs")
		}
	}
}

// FuzzPacket: whatever a client sends under a right key, the server answers or
// hangs up.
func FuzzPacket(f *testing.F) {
	seed := func(m bin.Encoder) []byte {
		var b bin.Buffer
		if err := b.Encode(m); err != nil {
			f.Fatal(err)
		}
		return b.Raw()
	}
	f.Add(seed(&mt.PingRequest{PingID: 1}))
	f.Add(seed(proto.GZIP{Data: seed(&mt.MsgsAck{MsgIDs: []int64{1, 2}})}))
	f.Add(seed(&proto.MessageContainer{Messages: []proto.Message{{ID: 4, SeqNo: 1, Bytes: 4, Body: seed(&tg.HelpGetConfigRequest{})}}}))
	f.Add(seed(&tg.InvokeWithLayerRequest{Query: &tg.InitConnectionRequest{Query: &tg.HelpGetConfigRequest{}}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		outer, inner, err := unpack(envelope{id: 4, seq: 1}, bytes.Clone(body))
		if err != nil {
			return
		}
		if inner == nil {
			inner = []incoming{outer}
		}
		for _, m := range inner {
			if kindOf(m.tl) == request {
				if _, err := unwrap(m.body, &Request{}); err != nil && !tgerr.IsCode(err, 400) {
					t.Fatalf("error %v is no answer", err)
				}
			}
		}
	})
}
