package simulator

import (
	"context"
	"errors"
	"slices"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
	"telekeep/telegram/simulator/world"
)

// A call is a request and who asks.
type call struct {
	*mtproto.Request
	user int64 // 0: not signed in
}

// A method answers one kind of request.
type method struct {
	open   bool // for those who are not signed in, too
	answer func(ctx context.Context, c *call) (bin.Encoder, error)
}

// Errors of every method.
func errUnregistered() error { return tgerr.New(401, "AUTH_KEY_UNREGISTERED") }
func errRequest() error      { return tgerr.New(400, "INPUT_REQUEST_INVALID") }

// Answer handles one request: it is counted, perhaps spoiled, checked, answered.
func (s *Simulator) Answer(ctx context.Context, r *mtproto.Request) (bin.Encoder, error) {
	s.today(r)
	name := s.stats.request(r.ID)
	if err := s.spoil(ctx, r, name); err != nil {
		s.stats.failed(name, err)
		if errors.Is(err, errStrange) {
			return strange{}, nil
		}
		return nil, err
	}
	raw := r.Body.Buf
	result, err := s.dispatch(ctx, r)
	if err != nil {
		s.stats.failed(name, err)
		return nil, err
	}
	switch file := result.(type) {
	case *tg.UploadFile:
		s.stats.served(raw, len(file.Bytes))
	case *tg.UploadCDNFile:
		s.stats.servedCDN(raw, len(file.Bytes))
	}
	return s.layers.For(result, r.Layer), nil
}

// today makes a request of an older layer one of today's.
func (s *Simulator) today(r *mtproto.Request) {
	r.Body.ResetTo(s.layers.Request(r.Body.Buf, r.Layer))
	if id, err := r.Body.PeekID(); err == nil {
		r.ID = id
	}
}

func (s *Simulator) dispatch(ctx context.Context, r *mtproto.Request) (bin.Encoder, error) {
	if r.DC == world.CDN {
		return s.dispatchCDN(ctx, r)
	}
	if r.Layer == 0 {
		return nil, tgerr.New(400, "CONNECTION_NOT_INITED")
	}
	if !s.layers.Knows(r.Layer) {
		return nil, tgerr.New(400, "CONNECTION_LAYER_INVALID")
	}
	m, ok := s.methods[r.ID]
	if !ok {
		s.stats.unknown(r.ID)
		return nil, tgerr.New(400, "INPUT_METHOD_INVALID")
	}
	c := &call{Request: r, user: s.logins.user(r.Key)}
	if c.user == 0 && !m.open {
		return nil, errUnregistered()
	}
	return m.answer(ctx, c)
}

// dispatchCDN answers at the CDN, which knows one method and nobody.
func (s *Simulator) dispatchCDN(ctx context.Context, r *mtproto.Request) (bin.Encoder, error) {
	if r.ID != tg.UploadGetCDNFileRequestTypeID || s.fromCDN == nil {
		return nil, tgerr.New(400, "CDN_METHOD_INVALID")
	}
	return s.fromCDN(ctx, &world.Call{DC: r.DC, Session: r.Session, Layer: r.Layer}, r.Body)
}

// table lists what is answered: the simulator's methods, and over them the world's.
func (s *Simulator) table() map[uint32]method {
	t := map[uint32]method{}
	s.authMethods(t)
	s.passwordMethods(t)
	s.transferMethods(t)
	s.tokenMethods(t)
	s.helpMethods(t)
	worldly := s.world.Methods()
	s.fromCDN = worldly[tg.UploadGetCDNFileRequestTypeID]
	for id, answer := range worldly {
		t[id] = s.worldly(id, answer)
	}
	return t
}

// worldly makes a method of the world one of the simulator.
func (s *Simulator) worldly(id uint32, answer world.Method) method {
	anywhere := slices.Contains(fileMethods(), id)
	return method{answer: func(ctx context.Context, c *call) (bin.Encoder, error) {
		if home := s.home(c.user); c.DC != home && !anywhere {
			return nil, migrate("USER", home)
		}
		return answer(ctx, &world.Call{
			DC: c.DC, User: c.user, Session: c.Session, Takeout: c.Takeout, Layer: c.Layer,
		}, c.Body)
	}}
}

// fileMethods are answered by data centres that are not the user's home.
func fileMethods() []uint32 {
	return []uint32{
		tg.UploadGetFileRequestTypeID, tg.UploadGetFileHashesRequestTypeID, tg.UploadGetWebFileRequestTypeID,
		tg.UploadGetCDNFileRequestTypeID, tg.UploadGetCDNFileHashesRequestTypeID, tg.UploadReuploadCDNFileRequestTypeID,
		tg.UploadSaveFilePartRequestTypeID, tg.UploadSaveBigFilePartRequestTypeID,
	}
}

// request decodes a call's parameters.
func request[T any, P interface {
	*T
	bin.Decoder
}](f func(ctx context.Context, c *call, in *T) (bin.Encoder, error)) func(context.Context, *call) (bin.Encoder, error) {
	return func(ctx context.Context, c *call) (bin.Encoder, error) {
		var in T
		if err := P(&in).Decode(c.Body); err != nil {
			return nil, errRequest()
		}
		return f(ctx, c, &in)
	}
}

// always answers a request with the same, whatever its parameters.
func always(result bin.Encoder) func(context.Context, *call) (bin.Encoder, error) {
	return func(context.Context, *call) (bin.Encoder, error) { return result, nil }
}
