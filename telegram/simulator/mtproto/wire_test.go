package mtproto

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/crypto"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/mtproxy"
	"github.com/gotd/td/mtproxy/obfuscated2"
	"github.com/gotd/td/proto/codec"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/transport"
)

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
