package mtproto

import (
	"context"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
)

// maxDetached is how many sessions without a connection are remembered. A client
// that comes back later than that is told that its session is new.
const maxDetached = 32

// Options of a Server. Zero values mean defaults, where none is named they are required.
type Options struct {
	DC      int
	Key     func() (*rsa.PrivateKey, error) // 2048 bits, the same each time; clients hold the public half
	Keys    *Keys
	Handler Handler
	Idle    time.Duration    // silence after which a connection is closed, default 3 minutes
	Now     func() time.Time // the time that clients are told and have to know, default time.Now
	Log     *slog.Logger     // default: none
}

// A Server is one data centre.
type Server struct {
	authority *authority
	dc        int
	keys      *Keys
	handler   Handler
	idle      time.Duration
	now       func() time.Time
	log       *slog.Logger
	ids       atomic.Pointer[proto.MessageIDGen] // newer ones are higher, as long as nobody turns the clock back
	sealers   sealers
	packers   packers
	away      atomic.Bool
	ahead     atomic.Int64 // nanoseconds
	accepted  atomic.Int64
	exchanged atomic.Int64

	mu       sync.Mutex
	sessions map[sessionID]*session
	detached []*session // without a connection, longest first
	conns    map[*conn]struct{}
	work     sync.WaitGroup
}

// Stats counts what a server has seen since it was made.
type Stats struct {
	Open      int   `json:"open"`      // connections that are open now
	Accepted  int64 `json:"accepted"`  // connections
	Exchanges int64 `json:"exchanges"` // keys made
}

// NewServer makes a data centre that serves once Serve is called.
func NewServer(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Idle == 0 {
		o.Idle = 3 * time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		dc: o.DC, keys: o.Keys, handler: o.Handler,
		idle: o.Idle, now: o.Now, log: o.Log.With("dc", o.DC),
		sessions: map[sessionID]*session{}, conns: map[*conn]struct{}{},
	}
	s.ids.Store(proto.NewMessageIDGen(s.clock))
	var err error
	s.authority, err = newAuthority(o.DC, o.Key, s.clock)
	return s, err
}

// clock is the time that clients are shown.
func (s *Server) clock() time.Time { return s.now().Add(time.Duration(s.ahead.Load())) }

// SetAhead makes the clock that clients are shown, and their message ids are held
// against, go wrong by so much. Keys and salts grow old by the true one. Message ids
// go back with the clock: they are what clients set theirs by.
func (s *Server) SetAhead(by time.Duration) {
	s.ahead.Store(int64(by))
	s.ids.Store(proto.NewMessageIDGen(s.clock))
}

// newID makes the id of a message to a client.
func (s *Server) newID(kind proto.MessageType) int64 { return s.ids.Load().New(kind) }

// SetAway makes the data centre hang up on everybody, or stop doing so.
func (s *Server) SetAway(away bool) {
	s.away.Store(away)
	if away {
		s.Drop(nil)
	}
}

// Serve accepts connections until ctx ends, and returns when the last goroutine
// has. It may be called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	err := s.accept(ctx, l)
	cancel() // every connection watches ctx
	s.work.Wait()
	return err
}

func (s *Server) accept(ctx context.Context, l net.Listener) error {
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = c.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		if s.away.Load() {
			_ = c.Close()
			continue
		}
		s.accepted.Add(1)
		s.work.Go(func() {
			if err := s.handle(ctx, c); err != nil {
				s.log.Debug("connection ended", "error", err)
			}
		})
	}
}

// handle serves one connection.
func (s *Server) handle(ctx context.Context, tcp net.Conn) error {
	defer tcp.Close()
	stop := context.AfterFunc(ctx, func() { _ = tcp.Close() })
	defer stop()
	if err := tcp.SetReadDeadline(time.Now().Add(helloTime)); err != nil {
		return err
	}
	w, err := newWire(tcp)
	if err != nil {
		return err
	}
	c := &conn{
		server: s, wire: w, shake: handshake{by: s.authority},
		sessions: map[*session]struct{}{}, wake: make(chan struct{}, 1),
	}
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	defer s.leave(c)
	return c.serve(ctx)
}

// leave forgets a connection.
func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	for session := range c.sessions {
		if session.detach(c) && s.sessions[session.sessionID] == session {
			s.detached = append(s.detached, session)
		}
	}
	for len(s.detached) > maxDetached {
		s.end(s.detached[0])
	}
}

// end forgets a session. The lock is held.
func (s *Server) end(gone *session) {
	gone.giveUp()
	delete(s.sessions, gone.sessionID)
	s.detached = slices.DeleteFunc(s.detached, func(d *session) bool { return d == gone })
}

// destroy ends a session and reports whether there was one.
func (s *Server) destroy(id sessionID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.sessions[id]
	if ok {
		s.end(found)
	}
	return ok
}

// session returns a client's session, attached to c; made says that it is new.
func (s *Server) session(key *Key, id int64, c *conn) (_ *session, made bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := sessionID{key.ID(), id}
	found, ok := s.sessions[at]
	if !ok {
		found = &session{sessionID: at, server: s, by: key, received: map[int64]*received{}}
		s.sessions[at] = found
	}
	s.detached = slices.DeleteFunc(s.detached, func(d *session) bool { return d == found })
	c.sessions[found] = struct{}{}
	found.attach(c)
	return found, !ok
}

// made keeps the key of a finished exchange.
func (s *Server) made(m *madeKey) {
	s.exchanged.Add(1)
	now := s.now()
	var expires time.Time
	if m.life > 0 {
		expires = now.Add(m.life)
	}
	s.keys.add(m.key, m.salt, now, expires)
}

// Push sends a message to every session of a permanent key that wants updates.
func (s *Server) Push(key KeyID, m bin.Encoder) error {
	var b bin.Buffer
	if err := b.Encode(m); err != nil {
		return fmt.Errorf("encode update: %w", err)
	}
	body := b.Raw()
	if packed, pays := s.packers.deflate(body); pays {
		body = packed
	}
	for _, session := range s.sessionsOf(key) {
		session.mu.Lock()
		updates := session.updates
		session.mu.Unlock()
		if updates {
			session.send(nil, proto.MessageFromServer, true, body, nil)
		}
	}
	return nil
}

func (s *Server) sessionsOf(key KeyID) []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var of []*session
	for _, session := range s.sessions {
		if permanent, ok := s.keys.permanent(session.by); ok && permanent == key {
			of = append(of, session)
		}
	}
	return of
}

// Drop closes connections and returns how many: those that a permanent key fits
// uses, or, with nil, all.
func (s *Server) Drop(fits func(KeyID) bool) int {
	s.mu.Lock()
	var drop []*conn
	for c := range s.conns {
		if fits == nil || s.uses(c, fits) {
			drop = append(drop, c)
		}
	}
	s.mu.Unlock()
	for _, c := range drop {
		c.close()
	}
	return len(drop)
}

// uses reports whether a connection carries a session of a key. The lock is held.
func (s *Server) uses(c *conn, fits func(KeyID) bool) bool {
	for session := range c.sessions {
		if permanent, ok := s.keys.permanent(session.by); ok && fits(permanent) {
			return true
		}
	}
	return false
}

// Stats returns what was counted so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Open: len(s.conns), Accepted: s.accepted.Load(), Exchanges: s.exchanged.Load()}
}

// receive handles a decrypted packet.
func (s *Server) receive(ctx context.Context, c *conn, key *Key, e envelope, body []byte) error {
	now := s.now()
	if !s.keys.saltHolds(key, e.salt, now) {
		return s.refuse(c, key, e, &mt.BadServerSalt{
			BadMsgID: e.id, BadMsgSeqno: int(e.seq), ErrorCode: badSalt,
			NewServerSalt: s.keys.currentSalt(key, now),
		})
	}
	if code := checkID(e.id, s.clock()); code != 0 {
		return s.refuse(c, key, e, badMessage(incoming{id: e.id, seq: e.seq}, code))
	}
	outer, inner, err := unpack(e, body)
	if err != nil {
		return err
	}
	session, made := s.session(key, e.session, c)
	if made {
		first := outer.id
		for _, m := range inner {
			first = min(first, m.id)
		}
		session.greet(c, first)
	}
	return session.receive(ctx, c, outer, inner)
}

// refuse answers a packet outside of any session.
func (s *Server) refuse(c *conn, key *Key, e envelope, why bin.Encoder) error {
	var b bin.Buffer
	if err := b.Encode(why); err != nil {
		return err
	}
	c.queue(parcel{key: key, session: e.session, message: &message{
		id: s.newID(proto.MessageServerResponse), body: b.Raw(),
	}})
	return nil
}
