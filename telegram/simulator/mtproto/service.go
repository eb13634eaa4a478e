package mtproto

import (
	"context"
	"slices"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
)

// A contentKind says what seqno a message must have.
type contentKind int

const (
	request   contentKind = iota // odd: it asks for an acknowledgement
	container                    // even
	service                      // clients disagree
)

// mt does not have these, yet clients send them when they sign out.
const (
	destroyAuthKeyID     = 0xd1435160
	destroyAuthKeyOkID   = 0xf660e1d4
	destroyAuthKeyNoneID = 0x0a9f2259
)

func kindOf(tl uint32) contentKind {
	switch tl {
	case mt.MsgContainerTypeID:
		return container
	case mt.MsgsAckTypeID, mt.PingRequestTypeID, mt.PingDelayDisconnectRequestTypeID, mt.GetFutureSaltsRequestTypeID,
		mt.MsgsStateReqTypeID, mt.MsgResendReqTypeID, mt.MsgsStateInfoTypeID, mt.MsgsAllInfoTypeID,
		mt.DestroySessionRequestTypeID, mt.HTTPWaitRequestTypeID, mt.RPCDropAnswerRequestTypeID,
		mt.MsgDetailedInfoTypeID, mt.MsgNewDetailedInfoTypeID, destroyAuthKeyID:
		return service
	}
	return request
}

// Bits of the state of a message, as in msgs_state_info.
const (
	stateForgotten = 1
	stateUnknown   = 2
	stateTooHigh   = 3
	stateReceived  = 4
	stateTold      = 8
	stateNoAck     = 16
	stateRunning   = 32
	stateAnswered  = 64
)

// serve handles a service message, or passes a request on.
func (s *session) serve(ctx context.Context, c *conn, r *received, m incoming) error {
	switch m.tl {
	case mt.MsgsAckTypeID:
		var in mt.MsgsAck
		err := in.Decode(m.body)
		s.acked(in.MsgIDs)
		return err
	case mt.PingRequestTypeID:
		var in mt.PingRequest
		err := in.Decode(m.body)
		s.reply(c, r, &mt.Pong{MsgID: m.id, PingID: in.PingID})
		return err
	case mt.PingDelayDisconnectRequestTypeID:
		var in mt.PingDelayDisconnectRequest
		err := in.Decode(m.body)
		c.hangup = s.server.now().Add(time.Duration(in.DisconnectDelay) * time.Second)
		s.reply(c, r, &mt.Pong{MsgID: m.id, PingID: in.PingID})
		return err
	case mt.GetFutureSaltsRequestTypeID:
		return s.futureSalts(c, r, m)
	case mt.MsgsStateReqTypeID:
		var in mt.MsgsStateReq
		err := in.Decode(m.body)
		s.reply(c, r, &mt.MsgsStateInfo{ReqMsgID: m.id, Info: s.states(in.MsgIDs)})
		return err
	case mt.MsgResendReqTypeID:
		return s.resend(c, r, m)
	case mt.RPCDropAnswerRequestTypeID:
		return s.drop(c, r, m)
	case mt.DestroySessionRequestTypeID:
		return s.destroy(c, r, m)
	case destroyAuthKeyID:
		return s.destroyKey(c, r)
	}
	if kindOf(m.tl) == service {
		s.ackLater(r) // http_wait and what informs the server
		return nil
	}
	s.ackLater(r)
	s.request(ctx, c, r, m.body)
	return nil
}

// reply answers a service message; the answer is its acknowledgement.
func (s *session) reply(c *conn, r *received, m bin.Encoder) {
	s.mu.Lock()
	r.told = true
	s.mu.Unlock()
	s.sendService(c, m)
}

func (s *session) futureSalts(c *conn, r *received, m incoming) error {
	var in mt.GetFutureSaltsRequest
	if err := in.Decode(m.body); err != nil {
		return err
	}
	now := s.server.now()
	s.reply(c, r, &mt.FutureSalts{
		ReqMsgID: m.id, Now: int(s.server.clock().Unix()),
		Salts: s.server.keys.futureSalts(s.by, in.Num, now),
	})
	return nil
}

// states tells what became of messages of the client, a byte each.
func (s *session) states(ids []int64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := make([]byte, len(ids))
	for i, id := range ids {
		info[i] = s.state(id)
	}
	return info
}

func (s *session) state(id int64) byte {
	r, ok := s.received[id]
	switch {
	case ok:
	case id <= s.floor:
		return stateForgotten
	case len(s.order) == 0 || id > s.order[len(s.order)-1]:
		return stateTooHigh
	default:
		return stateUnknown
	}
	state := byte(stateReceived)
	if r.told {
		state |= stateTold
	}
	if r.seq%2 == 0 {
		state |= stateNoAck
	}
	if r.running {
		state |= stateRunning
	}
	if r.answered {
		state |= stateAnswered
	}
	return state
}

// resend sends messages of the server once more.
func (s *session) resend(c *conn, r *received, m incoming) error {
	var in mt.MsgResendReq
	if err := in.Decode(m.body); err != nil {
		return err
	}
	s.mu.Lock()
	found := 0
	for _, id := range in.MsgIDs {
		i := slices.IndexFunc(s.unacked, func(m *message) bool { return m.id == id })
		if i >= 0 {
			s.post(c, s.unacked[i])
			found++
		}
	}
	s.mu.Unlock()
	if found < len(in.MsgIDs) {
		s.reply(c, r, &mt.MsgsStateInfo{ReqMsgID: m.id, Info: s.states(in.MsgIDs)})
		return nil
	}
	s.ackLater(r)
	return nil
}

// drop gives up a request whose answer the client no longer wants.
func (s *session) drop(c *conn, r *received, m incoming) error {
	var in mt.RPCDropAnswerRequest
	if err := in.Decode(m.body); err != nil {
		return err
	}
	s.mu.Lock()
	var outcome bin.Encoder = &mt.RPCAnswerUnknown{}
	of, ok := s.received[in.ReqMsgID]
	switch {
	case ok && of.running:
		of.dropped = true
		of.cancel()
		outcome = &mt.RPCAnswerDroppedRunning{}
	case ok && of.answer != nil:
		outcome = &mt.RPCAnswerDropped{MsgID: of.answer.id, SeqNo: int(of.answer.seq), Bytes: len(of.answer.body)}
		of.got = true
		s.release(slices.Index(s.unacked, of.answer))
	}
	s.mu.Unlock()
	s.result(c, r, outcome)
	return nil
}

func (s *session) destroy(c *conn, r *received, m incoming) error {
	var in mt.DestroySessionRequest
	if err := in.Decode(m.body); err != nil {
		return err
	}
	if in.SessionID != s.id && s.server.destroy(sessionID{s.key, in.SessionID}) {
		s.reply(c, r, &mt.DestroySessionOk{SessionID: in.SessionID})
		return nil
	}
	s.reply(c, r, &mt.DestroySessionNone{SessionID: in.SessionID})
	return nil
}

// A bareID is a TL object without fields.
type bareID uint32

func (id bareID) Encode(b *bin.Buffer) error { b.PutID(uint32(id)); return nil }

func (s *session) destroyKey(c *conn, r *received) error {
	permanent, ok := s.server.keys.permanent(s.by)
	if !ok {
		s.reply(c, r, bareID(destroyAuthKeyNoneID))
		return nil
	}
	s.reply(c, r, bareID(destroyAuthKeyOkID))
	s.server.keys.Forget(func(id KeyID) bool { return id == permanent })
	return nil
}

// result answers a request with what it is due.
func (s *session) result(c *conn, r *received, m bin.Encoder) {
	body, err := s.server.rpcResult(r.id, m)
	if err != nil {
		s.server.log.Debug("encode answer", "error", err)
		return
	}
	s.send(c, proto.MessageServerResponse, true, body, r)
}
