package mtproto

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/exchange"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/transport"
)

const testDC = 2

// testKey is made once: it takes a while.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, crypto.RSAKeyBits) })

type answerFunc func(ctx context.Context, r *Request) (bin.Encoder, error)

func (f answerFunc) Answer(ctx context.Context, r *Request) (bin.Encoder, error) { return f(ctx, r) }

// A bench is a server under test.
type bench struct {
	*Server
	addr string
	key  *rsa.PrivateKey
}

func serve(t *testing.T, answer answerFunc, change ...func(*Options)) *bench {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := NewKeys(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{DC: testDC, Key: testKey, Keys: keys, Handler: answer}
	for _, f := range change {
		f(&o)
	}
	s, err := NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the server does not stop")
		}
	})
	return &bench{Server: s, addr: l.Addr().String(), key: key}
}

// A client speaks MTProto by hand: every number is the test's own.
type client struct {
	t       *testing.T
	wire    transport.Conn
	tcp     net.Conn
	key     crypto.AuthKey
	salt    int64
	session int64
	ids     *proto.MessageIDGen
	content int32
	inbox   []got // read, but not waited for yet
}

// dial connects with a key that the server knows already: making one takes a
// second, for the client tests whether the server's prime is one.
func (b *bench) dial(t *testing.T) *client {
	t.Helper()
	c := b.connect(t, transport.Intermediate)
	c.given(b)
	return c
}

func (c *client) given(b *bench) {
	c.t.Helper()
	var value crypto.Key
	copy(value[:], random(c.t, len(value)))
	c.key = value.WithID()
	c.salt = int64(binary.LittleEndian.Uint64(random(c.t, 8)))
	c.session = int64(binary.LittleEndian.Uint64(random(c.t, 8)))
	b.keys.add(c.key, c.salt, b.now(), time.Time{})
}

func random(t *testing.T, n int) []byte {
	t.Helper()
	p := make([]byte, n)
	if _, err := rand.Read(p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (b *bench) connect(t *testing.T, p transport.Protocol) *client {
	t.Helper()
	tcp, err := net.Dial("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	wire, err := p.Handshake(tcp)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, wire: wire, tcp: tcp, ids: proto.NewMessageIDGen(time.Now)}
}

func (c *client) exchange(b *bench) {
	c.t.Helper()
	keys := []exchange.PublicKey{{RSA: &b.key.PublicKey}}
	r, err := exchange.NewExchanger(c.wire, testDC).Client(keys).Run(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	c.key, c.salt, c.session = r.AuthKey, r.ServerSalt, r.SessionID
}

// again is the same client on a new connection.
func (c *client) again(b *bench) *client {
	c.t.Helper()
	n := b.connect(c.t, transport.Intermediate)
	n.key, n.salt, n.session, n.content, n.ids = c.key, c.salt, c.session, c.content, c.ids
	return n
}

func (c *client) newID() int64 { return c.ids.New(proto.MessageFromClient) }

// seq is the number of the next message.
func (c *client) seq(content bool) int32 {
	n := c.content * 2
	if content {
		n++
		c.content++
	}
	return n
}

func encode(t *testing.T, m bin.Encoder) []byte {
	t.Helper()
	var b bin.Buffer
	if err := b.Encode(m); err != nil {
		t.Fatal(err)
	}
	return b.Raw()
}

// raw sends a body under chosen numbers.
func (c *client) raw(id int64, seq int32, body []byte) {
	c.t.Helper()
	if err := c.send(id, seq, body); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) send(id int64, seq int32, body []byte) error {
	cipher := crypto.NewClientCipher(rand.Reader)
	var b bin.Buffer
	if err := cipher.Encrypt(c.key, crypto.EncryptedMessageData{
		Salt: c.salt, SessionID: c.session, MessageID: id, SeqNo: seq,
		MessageDataLen: int32(len(body)), MessageDataWithPadding: body,
	}, &b); err != nil {
		return err
	}
	return c.wire.Send(c.t.Context(), &b)
}

// call sends a request and returns its id.
func (c *client) call(m bin.Encoder) int64 {
	c.t.Helper()
	id := c.newID()
	c.raw(id, c.seq(true), encode(c.t, m))
	return id
}

// tell sends a message that wants no acknowledgement.
func (c *client) tell(m bin.Encoder) int64 {
	c.t.Helper()
	id := c.newID()
	c.raw(id, c.seq(false), encode(c.t, m))
	return id
}

// A got is a message from the server.
type got struct {
	id   int64
	seq  int32
	tl   uint32
	body []byte
}

var errSilent = errors.New("nothing came")

// packet reads the messages of the next packet.
func (c *client) packet(wait time.Duration) ([]got, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), wait)
	defer cancel()
	var b bin.Buffer
	if err := c.wire.Recv(ctx, &b); err != nil {
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return nil, errSilent
		}
		return nil, err
	}
	m, err := crypto.NewClientCipher(rand.Reader).DecryptFromBuffer(c.key, &b)
	if err != nil {
		return nil, err
	}
	if m.SessionID != c.session {
		c.t.Errorf("a message for session %d, want %d", m.SessionID, c.session)
	}
	one := got{id: m.MessageID, seq: m.SeqNo, body: m.Data()}
	if one.tl, err = (&bin.Buffer{Buf: one.body}).PeekID(); err != nil || one.tl != mt.MsgContainerTypeID {
		return []got{one}, err
	}
	var list proto.MessageContainer
	if err := list.Decode(&bin.Buffer{Buf: one.body}); err != nil {
		return nil, err
	}
	var all []got
	for _, m := range list.Messages {
		tl, err := (&bin.Buffer{Buf: m.Body}).PeekID()
		if err != nil {
			return nil, err
		}
		if m.ID >= one.id {
			c.t.Errorf("message %d inside container %d", m.ID, one.id)
		}
		all = append(all, got{m.ID, int32(m.SeqNo), tl, m.Body})
	}
	return all, nil
}

// wait returns the next message of a type, be it one that was read before.
func (c *client) wait(tl uint32) got {
	c.t.Helper()
	return c.waitFor(tl, func(got) bool { return true })
}

func (c *client) waitFor(tl uint32, fits func(got) bool) got {
	c.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		for i, m := range c.inbox {
			if m.tl == tl && fits(m) {
				c.inbox = slices.Delete(c.inbox, i, i+1)
				return m
			}
		}
		all, err := c.packet(time.Until(deadline))
		if err != nil {
			c.t.Fatalf("waiting for %#x, having %d others: %v", tl, len(c.inbox), err)
		}
		c.inbox = append(c.inbox, all...)
	}
}

// result waits for the answer to a request, unpacked.
func (c *client) result(id int64) []byte {
	c.t.Helper()
	m := c.waitFor(proto.ResultTypeID, func(m got) bool {
		return decode[proto.Result](c.t, m.body).RequestMessageID == id
	})
	r := decode[proto.Result](c.t, m.body)
	if !bytes.HasPrefix(r.Result, encode(c.t, bareID(mt.GzipPackedTypeID))) {
		return r.Result
	}
	data, err := inflate(&bin.Buffer{Buf: r.Result})
	if err != nil {
		c.t.Fatal(err)
	}
	return data
}

func decode[T any, P interface {
	*T
	bin.Decoder
}](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	if err := P(&v).Decode(&bin.Buffer{Buf: body}); err != nil {
		t.Fatalf("decode %T: %v", v, err)
	}
	return v
}
