package mtproto

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/exchange"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto/codec"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/transport"
)

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
	h := handshake{by: b.authority, key: b.key, pq: inner.Pq}
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
