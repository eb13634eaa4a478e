package mtproto

import (
	"context"
	"errors"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// ErrDrop, returned by a Handler, closes the connections of the session that
// asked; the request counts as never received.
var ErrDrop = errors.New("drop the connection")

// ErrStall, returned by a Handler, makes the session's connections half-open: they
// stay, but nothing is sent on them any more, and what comes is not looked at. The
// request counts as never received.
var ErrStall = errors.New("stall the connection")

// A Handler answers API requests. It is called in a goroutine of each request's
// own, after the requests it was told to wait for. A *tgerr.Error is passed to
// the client, ErrDrop hangs up, ErrStall falls silent, any other error is answered with 500.
type Handler interface {
	Answer(ctx context.Context, r *Request) (bin.Encoder, error)
}

// A Request is one API call with its wrappers taken off.
type Request struct {
	DC        int
	Key       KeyID // the permanent key, also where a temporary one was used
	Session   int64
	ID        uint32                    // TL id of the method
	Body      *bin.Buffer               // begins with the id; the handler's to consume
	Layer     int                       // the client's, 0 before its first initConnection
	Client    *tg.InitConnectionRequest // the session's last one, nil without; Query is not set
	Takeout   int64                     // of invokeWithTakeout, else 0
	NoUpdates bool                      // of invokeWithoutUpdates
}

// request runs one API call in the background.
func (s *session) request(ctx context.Context, c *conn, r *received, b *bin.Buffer) {
	req := &Request{DC: s.server.dc, Session: s.id}
	after, err := unwrap(b, req)
	if err == nil && req.ID == tg.AuthBindTempAuthKeyRequestTypeID {
		err = s.bind(r, req)
		s.finish(c, r, &tg.BoolTrue{}, err)
		return
	}
	permanent, ok := s.server.keys.permanent(s.by)
	if err == nil && !ok {
		err = tgerr.New(401, "AUTH_KEY_PERM_EMPTY")
	}
	if err != nil {
		s.finish(c, r, nil, err)
		return
	}
	req.Key = permanent
	req.Layer = s.server.keys.layer(permanent, req.Layer)
	ctx, cancel := context.WithCancel(ctx)
	waits := s.start(r, req, after, cancel)
	s.server.work.Go(func() {
		defer cancel()
		result, err := s.call(ctx, req, waits)
		s.finish(c, r, result, err)
	})
}

// start notes what a request says of its session and finds those it waits for.
func (s *session) start(r *received, req *Request, after []int64, cancel context.CancelFunc) []*received {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.Client != nil {
		s.client = req.Client
	}
	req.Client = s.client
	s.updates = s.updates || !req.NoUpdates
	r.running, r.cancel = true, cancel
	var waits []*received
	for _, id := range after {
		if w, ok := s.received[id]; ok && id != r.id {
			waits = append(waits, w)
		}
	}
	return waits
}

func (s *session) call(ctx context.Context, req *Request, waits []*received) (bin.Encoder, error) {
	for _, w := range waits {
		select {
		case <-w.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		s.mu.Lock()
		failed := w.failed
		s.mu.Unlock()
		if failed {
			return nil, tgerr.New(400, "MSG_WAIT_FAILED")
		}
	}
	return s.server.handler.Answer(ctx, req)
}

// finish sends the answer of a request.
func (s *session) finish(c *conn, r *received, result bin.Encoder, err error) {
	if errors.Is(err, ErrDrop) {
		s.forget(r)
		s.each((*conn).close)
		return
	}
	if errors.Is(err, ErrStall) {
		s.forget(r)
		s.each((*conn).stall)
		return
	}
	if err != nil {
		result = s.rpcError(err)
	}
	s.mu.Lock()
	if r.dropped {
		result = &mt.RPCAnswerDroppedRunning{}
	}
	s.mu.Unlock()
	body, encodeErr := s.server.rpcResult(r.id, result)
	if encodeErr != nil {
		err = encodeErr
		body, _ = s.server.rpcResult(r.id, s.rpcError(encodeErr)) // an error always encodes
	}
	s.send(c, proto.MessageServerResponse, true, body, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !r.settled
	r.running, r.failed, r.settled = false, err != nil, true
	if first {
		close(r.done)
	}
}

func (s *session) rpcError(err error) bin.Encoder {
	if rpc, ok := tgerr.As(err); ok {
		return &mt.RPCError{ErrorCode: rpc.Code, ErrorMessage: rpc.Message}
	}
	s.server.log.Warn("internal error", "error", err)
	return &mt.RPCError{ErrorCode: 500, ErrorMessage: "INTERNAL"}
}

// rpcResult encodes an answer, packed if that pays.
func (s *Server) rpcResult(id int64, m bin.Encoder) ([]byte, error) {
	var b bin.Buffer
	b.PutID(proto.ResultTypeID)
	b.PutLong(id)
	head := b.Len()
	if err := b.Encode(m); err != nil {
		return nil, err
	}
	if packed, pays := s.packers.deflate(b.Buf[head:]); pays {
		b.Buf = append(b.Buf[:head], packed...)
	}
	return b.Raw(), nil
}
