package mtproto

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/proto/codec"
)

const (
	// Messages up to packedSize share a packet with others that wait to be sent,
	// maxPacked at most.
	packedSize = 8 << 10
	maxPacked  = 50
	// helloTime is how long a client may take to say which transport it speaks.
	helloTime = 30 * time.Second
	// writeTime is how long a packet may take to be written.
	writeTime = time.Minute
)

// A parcel is one message on its way through a connection.
type parcel struct {
	key     *Key
	session int64
	of      *session // nil where there is no session yet
	*message
}

// A conn is one connection of a client. Packets are read and handled by one
// goroutine and sealed and written by another.
type conn struct {
	server *Server
	wire   *wire
	shake  handshake
	hangup time.Time // by ping_delay_disconnect; belongs to the reader

	sessions map[*session]struct{} // belongs to the server's lock

	mu     sync.Mutex
	out    []parcel
	errs   []int32 // transport errors to send, codes
	closed bool
	silent bool // half-open
	wake   chan struct{}
}

// serve handles a connection until it ends. Requests live as long as ctx, which
// is the server's: they outlive the connection.
func (c *conn) serve(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(c.writeLoop)
	err := c.readLoop(ctx)
	c.close()
	wg.Wait()
	return err
}

// close ends the connection. What is queued is not sent.
func (c *conn) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	_ = c.wire.Close()
	c.signal()
}

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// stall makes the connection half-open. It stays until the client closes it, or
// the server ends.
func (c *conn) stall() {
	c.mu.Lock()
	c.silent = true
	c.mu.Unlock()
	_ = c.wire.SetReadDeadline(time.Time{}) // it is not this side that gives up
}

func (c *conn) isStalled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.silent
}

// queue sends a parcel after those queued before.
func (c *conn) queue(p parcel) {
	c.mu.Lock()
	c.out = append(c.out, p)
	c.mu.Unlock()
	c.signal()
}

// fail sends a transport error: four bytes, the negative code.
func (c *conn) fail(code int32) {
	c.mu.Lock()
	c.errs = append(c.errs, code)
	c.mu.Unlock()
	c.signal()
}

func (c *conn) readLoop(ctx context.Context) error {
	var b bin.Buffer
	for {
		deadline := time.Now().Add(c.server.idle)
		if !c.hangup.IsZero() && c.hangup.Before(deadline) {
			deadline = c.hangup
		}
		if c.isStalled() {
			deadline = time.Time{}
		}
		if err := c.wire.SetReadDeadline(deadline); err != nil {
			return err
		}
		if err := c.wire.read(&b); err != nil {
			return err
		}
		if c.isStalled() {
			continue
		}
		if err := c.packet(ctx, &b); err != nil {
			return err
		}
	}
}

// packet handles one packet: a step of a key exchange, or an encrypted message.
func (c *conn) packet(ctx context.Context, b *bin.Buffer) error {
	var id KeyID
	if err := b.PeekN(id[:], len(id)); err != nil {
		return err
	}
	if id == (KeyID{}) {
		return c.exchange(b)
	}
	now := c.server.now()
	key, ok := c.server.keys.get(id, now)
	if !ok {
		c.fail(codec.CodeAuthKeyNotFound)
		return nil
	}
	e, body, err := unseal(&key.auth, b.Buf)
	if err != nil {
		c.fail(codec.CodeAuthKeyNotFound)
		return nil
	}
	return c.server.receive(ctx, c, key, e, body)
}

func (c *conn) exchange(b *bin.Buffer) error {
	var in proto.UnencryptedMessage
	if err := in.Decode(b); err != nil {
		return err
	}
	answer, made, err := c.shake.step(&bin.Buffer{Buf: in.MessageData})
	switch {
	case errors.Is(err, errWrongDC):
		c.fail(codec.CodeWrongDC)
		return nil
	case errors.Is(err, errExchange):
		c.fail(codec.CodeAuthKeyNotFound)
		return nil
	case err != nil:
		return fmt.Errorf("key exchange: %w", err)
	}
	if made != nil {
		c.server.made(made)
	}
	var body bin.Buffer
	if err := body.Encode(answer); err != nil {
		return err
	}
	c.queue(parcel{message: &message{id: c.server.newID(proto.MessageServerResponse), body: body.Raw()}})
	return nil
}

// writeLoop sends what is queued until the connection is closed.
func (c *conn) writeLoop() {
	for range c.wake {
		parcels, errs, closed := c.take()
		if closed {
			return
		}
		if c.isStalled() {
			continue
		}
		if err := c.writeAll(parcels, errs); err != nil && !errors.Is(err, net.ErrClosed) {
			c.server.log.Debug("write", "error", err)
			_ = c.wire.Close()
		}
	}
}

func (c *conn) take() (parcels []parcel, errs []int32, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	parcels, c.out = c.out, nil
	errs, c.errs = c.errs, nil
	return parcels, errs, c.closed
}

func (c *conn) writeAll(parcels []parcel, errs []int32) error {
	if err := c.wire.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	s := c.server.sealers.get()
	defer c.server.sealers.put(s)
	for len(parcels) > 0 {
		n := together(parcels)
		packet, err := c.seal(s, parcels[:n])
		if err != nil {
			return err
		}
		if err := c.wire.write(&bin.Buffer{Buf: packet}); err != nil {
			return err
		}
		parcels = parcels[n:]
	}
	for _, code := range errs {
		var b bin.Buffer
		b.PutInt32(-code)
		if err := c.wire.write(&b); err != nil {
			return err
		}
	}
	return c.wire.flush()
}

// together is how many of the first parcels go into one packet.
func together(parcels []parcel) int {
	first := parcels[0]
	if first.of == nil {
		return 1
	}
	n := 0
	for n < min(len(parcels), maxPacked) && parcels[n].of == first.of && len(parcels[n].body) <= packedSize {
		n++
	}
	return max(n, 1)
}

// seal makes one packet: of a message, of several in a container, or, without a
// key, a plain one of the key exchange.
func (c *conn) seal(s *sealer, parcels []parcel) ([]byte, error) {
	p := parcels[0]
	if p.key == nil {
		var b bin.Buffer
		err := b.Encode(proto.UnencryptedMessage{MessageID: p.id, MessageData: p.body})
		return b.Raw(), err
	}
	m := p.message
	if len(parcels) > 1 {
		m = p.of.contain(parcels)
	}
	e := envelope{
		salt:    c.server.keys.currentSalt(p.key, c.server.now()),
		session: p.session, id: m.id, seq: m.seq,
	}
	return s.seal(&p.key.auth, e, m.body)
}

// contain puts messages into a container.
func (s *session) contain(parcels []parcel) *message {
	var b bin.Buffer
	b.PutID(proto.MessageContainerTypeID)
	b.PutInt(len(parcels))
	for _, p := range parcels {
		b.PutLong(p.id)
		b.PutInt32(p.seq)
		b.PutInt(len(p.body))
		b.Put(p.body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &message{id: s.server.newID(proto.MessageFromServer), seq: s.content * 2, body: b.Raw()}
}
