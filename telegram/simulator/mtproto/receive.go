package mtproto

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
)

// Codes of bad_msg_notification.
const (
	badIDLow       = 16
	badIDHigh      = 17
	badIDBits      = 18
	badContainerID = 19
	badTooOld      = 20
	badSeqLow      = 32
	badSeqHigh     = 33
	badSeqEven     = 34
	badSeqOdd      = 35
	badSalt        = 48
	badContainer   = 64
)

const (
	maxPast   = 300 * time.Second // age of a packet
	maxFuture = 30 * time.Second
	maxInner  = 1020 // messages of a container
)

var errMessage = errors.New("message cannot be read")

// An incoming message: a packet's only one, a container, or one inside it.
type incoming struct {
	id   int64
	seq  int32
	tl   uint32      // TL id of the body
	body *bin.Buffer // not packed
}

func newIncoming(id int64, seq int32, body []byte) (incoming, error) {
	m := incoming{id: id, seq: seq, body: &bin.Buffer{Buf: body}}
	for {
		tl, err := m.body.PeekID()
		if err != nil {
			return m, fmt.Errorf("%w: %w", errMessage, err)
		}
		m.tl = tl
		switch tl {
		case mt.GzipPackedTypeID:
			data, err := inflate(m.body)
			if err != nil {
				return m, err
			}
			m.body.ResetTo(data)
		case mt.MsgCopyTypeID:
			return copied(m.body)
		default:
			return m, nil
		}
	}
}

// copied takes a message out of the copy that msg_copy is.
func copied(b *bin.Buffer) (incoming, error) {
	if _, err := b.ID(); err != nil {
		return incoming{}, err
	}
	if id, err := b.PeekID(); err == nil && id == mt.MessageTypeID {
		b.Skip(bin.Word) // boxed
	}
	return contained(b)
}

// contained reads one message of a container: id, seqno, length, body.
func contained(b *bin.Buffer) (incoming, error) {
	id, err := b.Long()
	if err != nil {
		return incoming{}, err
	}
	seq, err := b.Int32()
	if err != nil {
		return incoming{}, err
	}
	n, err := b.Int()
	if err != nil {
		return incoming{}, err
	}
	if n < 0 || n > b.Len() {
		return incoming{}, fmt.Errorf("%w: %d bytes of %d", errMessage, n, b.Len())
	}
	body := b.Buf[:n:n]
	b.Skip(n)
	return newIncoming(id, seq, body)
}

// unpack reads a packet; inner is set if it is a container.
func unpack(e envelope, body []byte) (outer incoming, inner []incoming, err error) {
	outer, err = newIncoming(e.id, e.seq, body)
	if err != nil || outer.tl != mt.MsgContainerTypeID {
		return outer, nil, err
	}
	b := outer.body
	b.Skip(bin.Word)
	n, err := b.Int()
	if err != nil || n < 1 || n > maxInner {
		return outer, nil, fmt.Errorf("%w: container of %d", errMessage, n)
	}
	for range n {
		m, err := contained(b)
		if err != nil {
			return outer, nil, err
		}
		inner = append(inner, m)
	}
	return outer, inner, nil
}

// receive handles the messages of one packet.
func (s *session) receive(ctx context.Context, c *conn, outer incoming, inner []incoming) error {
	if inner == nil {
		return s.accept(ctx, c, outer)
	}
	if _, _, code := s.admit(outer.id, outer.seq, container); code != 0 {
		s.sendService(c, badMessage(outer, code))
		return nil
	}
	for _, m := range inner {
		code := 0
		switch {
		case m.tl == mt.MsgContainerTypeID:
			code = badContainer
		case m.id%4 != 0:
			code = badIDBits
		}
		if code != 0 {
			s.sendService(c, badMessage(m, code))
			continue
		}
		if err := s.accept(ctx, c, m); err != nil {
			return err
		}
	}
	return nil
}

func badMessage(m incoming, code int) *mt.BadMsgNotification {
	return &mt.BadMsgNotification{BadMsgID: m.id, BadMsgSeqno: int(m.seq), ErrorCode: code}
}

// accept handles one message unless it was received before.
func (s *session) accept(ctx context.Context, c *conn, m incoming) error {
	kind := kindOf(m.tl)
	r, known, code := s.admit(m.id, m.seq, kind)
	switch {
	case code != 0:
		s.sendService(c, badMessage(m, code))
		return nil
	case known && kind == request:
		s.repeat(ctx, c, r, m)
		return nil
	}
	return s.serve(ctx, c, r, m)
}

// repeat handles a request that came before: the client has not seen its answer.
func (s *session) repeat(ctx context.Context, c *conn, r *received, m incoming) {
	s.mu.Lock()
	again := false
	switch {
	case r.answer != nil:
		s.post(c, r.answer)
	case r.running || r.got:
		r.told = false // that it arrived, once more
	default:
		again = true // the answer was let go
	}
	s.mu.Unlock()
	if again {
		s.request(ctx, c, r, m.body)
		return
	}
	s.ackLater(r)
	s.flushAcks()
}

// checkID checks the id of a packet against the clock.
func checkID(id int64, now time.Time) int {
	sent := time.Unix(id>>32, 0)
	switch {
	case id%4 != 0:
		return badIDBits
	case now.Sub(sent) > maxPast:
		return badIDLow
	case sent.Sub(now) > maxFuture:
		return badIDHigh
	}
	return 0
}
