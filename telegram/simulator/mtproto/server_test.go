package mtproto

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/exchange"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/mtproxy"
	"github.com/gotd/td/mtproxy/obfuscated2"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/proto/codec"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
	"github.com/gotd/td/transport"
)

// nearest answers help.getNearestDc, and whatever else, with the number of the call.
func nearest(calls *atomic.Int64) answerFunc {
	return func(_ context.Context, r *Request) (bin.Encoder, error) {
		return &tg.NearestDC{Country: "XX", ThisDC: r.DC, NearestDC: int(calls.Add(1))}, nil
	}
}

func TestTransports(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, nearest(&calls))
	for name, p := range map[string]transport.Protocol{
		"abridged": transport.Abridged, "intermediate": transport.Intermediate,
		"padded": transport.PaddedIntermediate, "full": transport.Full,
	} {
		t.Run(name, func(t *testing.T) {
			c := b.connect(t, p)
			if name == "full" {
				c.exchange(b)
			} else {
				c.given(b)
			}
			c.result(c.call(&tg.HelpGetNearestDCRequest{}))
		})
	}
	for name, f := range map[string]codec.TaggedCodec{
		"abridged": codec.Abridged{}, "intermediate": codec.Intermediate{}, "padded": codec.PaddedIntermediate{},
	} {
		t.Run("obfuscated "+name, func(t *testing.T) {
			c := b.connect(t, transport.NewProtocol(func() transport.Codec { return codec.NoHeader{Codec: f} }))
			veil := obfuscated2.NewObfuscated2(crypto.DefaultRand(), c.tcp)
			if err := veil.Handshake(f.ObfuscatedTag(), testDC, mtproxy.Secret{}); err != nil {
				t.Fatal(err)
			}
			wire, err := transport.NewProtocol(func() transport.Codec { return codec.NoHeader{Codec: f} }).
				Handshake(veiled{c.tcp, veil})
			if err != nil {
				t.Fatal(err)
			}
			c.wire = wire
			if name == "padded" {
				c.exchange(b)
			} else {
				c.given(b)
			}
			c.result(c.call(&tg.HelpGetNearestDCRequest{}))
		})
	}
}

type veiled struct {
	net.Conn
	veil *obfuscated2.Obfuscated2
}

func (v veiled) Read(p []byte) (int, error)  { return v.veil.Read(p) }
func (v veiled) Write(p []byte) (int, error) { return v.veil.Write(p) }

func TestKeyExchangeForAnotherDataCentre(t *testing.T) {
	b := serve(t, nil)
	c := b.connect(t, transport.Intermediate)
	_, err := exchange.NewExchanger(c.wire, testDC+1).Client([]exchange.PublicKey{{RSA: &b.key.PublicKey}}).Run(t.Context())
	if code, ok := errors.AsType[*codec.ProtocolErr](err); !ok || code.Code != codec.CodeWrongDC {
		t.Fatalf("error %v, want -444", err)
	}
}

func TestOldRSAPadding(t *testing.T) {
	b := serve(t, nil)
	inner := mt.PQInnerData{Pq: []byte{6}, P: []byte{2}, Q: []byte{3}}
	sealed, err := crypto.RSAEncryptHashed(encode(t, &inner), &b.key.PublicKey, crypto.DefaultRand())
	if err != nil {
		t.Fatal(err)
	}
	h := handshake{by: b.authority, pq: inner.Pq}
	d, err := h.open(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.accept(d); err != nil {
		t.Fatal(err)
	}
	sealed[100] ^= 1
	if _, err := h.open(sealed); !errors.Is(err, errExchange) {
		t.Fatalf("a damaged proof opens: %v", err)
	}
}

func TestSalts(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, nearest(&calls))
	c := b.dial(t)
	right := c.salt // of the exchange
	c.salt++
	id, seq := c.newID(), c.seq(true)
	c.raw(id, seq, encode(t, &tg.HelpGetNearestDCRequest{}))
	bad := decode[mt.BadServerSalt](t, c.wait(mt.BadServerSaltTypeID).body)
	if bad.BadMsgID != id || bad.ErrorCode != badSalt || bad.NewServerSalt == c.salt {
		t.Fatalf("bad_server_salt %+v for message %d", bad, id)
	}
	for _, salt := range []int64{bad.NewServerSalt, right} {
		c.salt = salt
		c.session++
		c.raw(id, seq, encode(t, &tg.HelpGetNearestDCRequest{}))
		made := decode[mt.NewSessionCreated](t, c.wait(mt.NewSessionCreatedTypeID).body)
		c.result(id)
		if made.FirstMsgID != id || made.ServerSalt != bad.NewServerSalt {
			t.Fatalf("new_session_created %+v, want first %d, salt %d", made, id, bad.NewServerSalt)
		}
	}
	if n := calls.Load(); n != 2 {
		t.Fatalf("%d calls, want 2", n)
	}
	b.keys.VoidSalts()
	c.call(&tg.HelpGetNearestDCRequest{})
	c.wait(mt.BadServerSaltTypeID)
}

func TestFutureSalts(t *testing.T) {
	now := time.Now()
	b := serve(t, nil, func(o *Options) { o.Now = func() time.Time { return now } })
	c := b.dial(t)
	id := c.tell(&mt.GetFutureSaltsRequest{Num: 4})
	salts := decode[mt.FutureSalts](t, c.wait(mt.FutureSaltsTypeID).body)
	if salts.ReqMsgID != id || len(salts.Salts) != 4 {
		t.Fatalf("%+v", salts)
	}
	k, _ := b.keys.get(c.key.ID, now)
	for _, s := range salts.Salts {
		for _, at := range []int{s.ValidSince, s.ValidUntil - 1} {
			if !b.keys.saltHolds(k, s.Salt, time.Unix(int64(at), 0)) {
				t.Errorf("salt %+v does not hold at %d", s, at)
			}
		}
		for _, at := range []int{s.ValidSince - 1, s.ValidUntil} {
			if b.keys.saltHolds(k, s.Salt, time.Unix(int64(at), 0)) {
				t.Errorf("salt %+v holds at %d", s, at)
			}
		}
	}
}

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

func TestLostKeys(t *testing.T) {
	var calls atomic.Int64
	b := serve(t, nearest(&calls))
	c := b.dial(t)
	c.result(c.call(&tg.HelpGetNearestDCRequest{}))
	if n := b.keys.Forget(func(id KeyID) bool { return id == c.key.ID }); n != 1 {
		t.Fatalf("forgot %d keys", n)
	}
	c.call(&tg.HelpGetNearestDCRequest{})
	_, err := c.packet(5 * time.Second)
	if code, ok := errors.AsType[*codec.ProtocolErr](err); !ok || code.Code != codec.CodeAuthKeyNotFound {
		t.Fatalf("error %v, want -404", err)
	}
	c.exchange(b) // on the same connection
	c.content = 0
	c.result(c.call(&tg.HelpGetNearestDCRequest{}))
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

func TestTemporaryKeys(t *testing.T) {
	seen := make(chan *Request, 1)
	b := serve(t, func(_ context.Context, r *Request) (bin.Encoder, error) {
		seen <- r
		return &tg.BoolTrue{}, nil
	})
	c := b.dial(t)
	permanent := c.key
	made, err := exchange.NewExchanger(c.wire, testDC).WithTempMode(3600).
		Client([]exchange.PublicKey{{RSA: &b.key.PublicKey}}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.key, c.salt, c.session = made.AuthKey, made.ServerSalt, made.SessionID
	e := decode[mt.RPCError](t, c.result(c.call(&tg.HelpGetNearestDCRequest{})))
	if e.ErrorMessage != "AUTH_KEY_PERM_EMPTY" {
		t.Errorf("an unbound key: %+v", e)
	}
	bind := func(session int64) []byte {
		id, expires := c.newID(), int(time.Now().Add(time.Hour).Unix())
		sealed, err := crypto.EncryptBindMessage(nil, permanent, id, &crypto.BindAuthKeyInner{
			Nonce: 5, TempAuthKeyID: c.key.IntID(), PermAuthKeyID: permanent.IntID(), TempSessionID: session, ExpiresAt: expires,
		})
		if err != nil {
			t.Fatal(err)
		}
		c.raw(id, c.seq(true), encode(t, &tg.AuthBindTempAuthKeyRequest{
			PermAuthKeyID: permanent.IntID(), Nonce: 5, ExpiresAt: expires, EncryptedMessage: sealed,
		}))
		return c.result(id)
	}
	if e := decode[mt.RPCError](t, bind(c.session+1)); e.ErrorMessage != "ENCRYPTED_MESSAGE_INVALID" {
		t.Errorf("a binding of another session: %+v", e)
	}
	decode[tg.BoolTrue](t, bind(c.session))
	c.result(c.call(&tg.HelpGetNearestDCRequest{}))
	if r := <-seen; r.Key != permanent.ID {
		t.Errorf("asked by key %v, want the permanent one, %x", r.Key, permanent.ID)
	}
	if all := b.keys.All(); len(all) != 1 {
		t.Errorf("%d keys to save, want the permanent one", len(all))
	}
}

func TestSilenceAndDelayedDisconnect(t *testing.T) {
	b := serve(t, nil, func(o *Options) { o.Idle = 400 * time.Millisecond })
	quiet, pinging := b.dial(t), b.dial(t)
	quiet.tell(&mt.PingRequest{PingID: 1})
	quiet.wait(mt.PongTypeID)
	for range 4 {
		pinging.tell(&mt.PingRequest{PingID: 1})
		pinging.wait(mt.PongTypeID)
		time.Sleep(200 * time.Millisecond)
	}
	if _, err := quiet.packet(2 * time.Second); errors.Is(err, errSilent) || err == nil {
		t.Errorf("a silent connection stays open: %v", err)
	}
	b = serve(t, nil)
	c := b.dial(t)
	c.tell(&mt.PingDelayDisconnectRequest{PingID: 7, DisconnectDelay: 1})
	if pong := decode[mt.Pong](t, c.wait(mt.PongTypeID).body); pong.PingID != 7 {
		t.Errorf("%+v", pong)
	}
	start := time.Now()
	if _, err := c.packet(5 * time.Second); errors.Is(err, errSilent) || time.Since(start) < 500*time.Millisecond {
		t.Errorf("disconnected after %v: %v", time.Since(start), err)
	}
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
