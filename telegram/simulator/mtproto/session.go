package mtproto

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/tg"
)

const (
	// ackDelay is how long the server waits for an answer to acknowledge a request by.
	ackDelay = 500 * time.Millisecond
	// maxReceived is how many received messages a session remembers.
	maxReceived = 1024
	// maxUnacked is how many bytes of messages a session keeps until the client
	// has them. Beyond that the oldest go, and a repeated request is answered anew.
	maxUnacked = 2 << 20
)

// A sessionID names a session: clients pick the number, per key.
type sessionID struct {
	key KeyID
	id  int64
}

// A session is what the server remembers of a client between its connections:
// numbers, requests received, messages it has not acknowledged.
type session struct {
	sessionID
	server *Server
	by     *Key // the key packets are sealed with; perhaps a temporary one

	mu       sync.Mutex
	conns    []*conn // open ones, the newest last
	content  int32   // messages sent that ask for an acknowledgement
	received map[int64]*received
	order    []int64 // ids in received, ascending
	floor    int64   // ids up to here are forgotten
	unacked  []*message
	bytes    int         // of unacked
	toAck    []*received // a timer runs while there are any
	client   *tg.InitConnectionRequest
	updates  bool // wants them
}

// A message from the server to a client.
type message struct {
	id   int64
	seq  int32
	body []byte
	to   *received // the request it answers, nil for others
	via  *conn     // the connection it was last sent on, nil for none
}

// A received message from a client. Its fields belong to the session's lock.
type received struct {
	id        int64
	seq       int32
	container bool
	running   bool
	failed    bool
	dropped   bool // rpc_drop_answer: the answer is not wanted
	told      bool // acknowledged, or answered
	answered  bool
	got       bool          // the client acknowledged the answer
	answer    *message      // nil once acknowledged or let go
	settled   bool          // done is closed
	done      chan struct{} // closed once there is an answer
	cancel    context.CancelFunc
}

// send gives a message its numbers and puts it on its way: on the connection to,
// if that is still open, else on the newest. Without a connection it waits.
func (s *session) send(to *conn, kind proto.MessageType, content bool, body []byte, answered *received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &message{id: s.server.newID(kind), seq: s.content * 2, body: body, to: answered}
	if content {
		m.seq++
		s.content++
		s.keep(m)
	}
	if answered != nil {
		answered.answer, answered.told = m, true
		answered.answered = true
	}
	s.post(to, m)
}

// greet tells a client that the server knows nothing of its session before the
// message of id first.
func (s *session) greet(c *conn, first int64) {
	var unique [8]byte
	rand.Read(unique[:]) // never fails
	var b bin.Buffer
	if err := b.Encode(&mt.NewSessionCreated{
		FirstMsgID: first,
		UniqueID:   int64(binary.LittleEndian.Uint64(unique[:])),
		ServerSalt: s.server.keys.currentSalt(s.by, s.server.now()),
	}); err != nil {
		s.server.log.Debug("encode service message", "error", err)
		return
	}
	s.send(c, proto.MessageFromServer, true, b.Raw(), nil)
}

// sendService sends a message that needs no acknowledgement.
func (s *session) sendService(to *conn, m bin.Encoder) {
	var b bin.Buffer
	if err := b.Encode(m); err != nil {
		s.server.log.Debug("encode service message", "error", err)
		return
	}
	s.send(to, proto.MessageServerResponse, false, b.Raw(), nil)
}

// post queues m on a connection. The lock is held.
func (s *session) post(to *conn, m *message) {
	if len(s.conns) == 0 {
		return
	}
	if !slices.Contains(s.conns, to) {
		to = s.conns[len(s.conns)-1]
	}
	m.via = to
	to.queue(parcel{key: s.by, session: s.id, of: s, message: m})
}

// keep holds m until the client has it. The lock is held.
func (s *session) keep(m *message) {
	s.unacked = append(s.unacked, m)
	s.bytes += len(m.body)
	for s.bytes > maxUnacked && len(s.unacked) > 1 {
		s.release(0)
	}
}

// release lets unacked[i] go. The lock is held.
func (s *session) release(i int) {
	m := s.unacked[i]
	s.bytes -= len(m.body)
	s.unacked = slices.Delete(s.unacked, i, i+1)
	if m.to != nil {
		m.to.answer = nil
	}
}

// acked takes note of what the client has received.
func (s *session) acked(ids []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		i := slices.IndexFunc(s.unacked, func(m *message) bool { return m.id == id })
		if i < 0 {
			continue
		}
		if to := s.unacked[i].to; to != nil {
			to.got = true
		}
		s.release(i)
	}
}

// attach makes c a connection of the session. What waits for one is sent.
func (s *session) attach(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.conns, c) {
		s.conns = append(s.conns, c)
		s.repost()
	}
}

// detach removes a connection and reports whether it was the last. What was sent
// on it and not acknowledged is sent on another.
func (s *session) detach(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(s.conns, func(o *conn) bool { return o == c })
	for _, m := range s.unacked {
		if m.via == c {
			m.via = nil
		}
	}
	s.repost()
	return len(s.conns) == 0
}

// repost sends what is on no connection. The lock is held.
func (s *session) repost() {
	for _, m := range s.unacked {
		if m.via == nil {
			s.post(nil, m)
		}
	}
}

// each does something to the session's connections.
func (s *session) each(do func(*conn)) {
	s.mu.Lock()
	conns := slices.Clone(s.conns)
	s.mu.Unlock()
	for _, c := range conns {
		do(c)
	}
}

// admit checks a message's id and number against those received before. code is
// that of bad_msg_notification, 0 for a message that is welcome; known is set
// when the very same message was received before.
func (s *session) admit(id int64, seq int32, kind contentKind) (r *received, known bool, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.received[id]; ok {
		if (kind == container) != r.container {
			return nil, false, badContainerID
		}
		return r, true, 0
	}
	if id <= s.floor {
		return nil, false, badTooOld
	}
	i, _ := slices.BinarySearch(s.order, id)
	if code := s.checkSeq(i, seq, kind); code != 0 {
		return nil, false, code
	}
	r = &received{id: id, seq: seq, container: kind == container, done: make(chan struct{})}
	s.received[id] = r
	s.order = slices.Insert(s.order, i, id)
	for len(s.order) > maxReceived && !s.received[s.order[0]].running {
		s.floor = s.order[0]
		delete(s.received, s.floor)
		s.order = slices.Delete(s.order, 0, 1)
	}
	return r, false, 0
}

// checkSeq checks the number of a message that belongs at order[i]: numbers rise
// with ids, and that of each message that asks for an acknowledgement is odd and new.
func (s *session) checkSeq(i int, seq int32, kind contentKind) int {
	odd := seq%2 == 1
	switch {
	case odd && kind == container:
		return badSeqEven
	case !odd && kind == request:
		return badSeqOdd
	}
	if i > 0 {
		if before := s.received[s.order[i-1]].seq; before > seq || odd && before == seq {
			return badSeqLow
		}
	}
	if i < len(s.order) {
		if after := s.received[s.order[i]].seq; after < seq || odd && after == seq {
			return badSeqHigh
		}
	}
	return 0
}

// giveUp stops the requests that are running.
func (s *session) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.received {
		if r.running {
			r.cancel()
		}
	}
}

// forget makes a message one that was never received.
func (s *session) forget(r *received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.received, r.id)
	if i, ok := slices.BinarySearch(s.order, r.id); ok {
		s.order = slices.Delete(s.order, i, i+1)
	}
	r.running = false
	if !r.settled {
		r.settled, r.failed = true, true
		close(r.done)
	}
}

// ackLater acknowledges a message after a while, unless an answer did by then.
func (s *session) ackLater(r *received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.toAck = append(s.toAck, r)
	if len(s.toAck) == 1 {
		time.AfterFunc(ackDelay, s.flushAcks)
	}
}

func (s *session) flushAcks() {
	s.mu.Lock()
	var ids []int64
	for _, r := range s.toAck {
		if !r.told {
			r.told = true
			ids = append(ids, r.id)
		}
	}
	s.toAck = nil
	s.mu.Unlock()
	if len(ids) > 0 {
		s.sendService(nil, &mt.MsgsAck{MsgIDs: ids})
	}
}
