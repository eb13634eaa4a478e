package simulator

import (
	"context"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
	"telekeep/telegram/simulator/world"
)

// An export is an authorization on its way to another data centre.
type export struct {
	user    int64
	dc      int
	origin  mtproto.KeyID
	expires time.Time
}

func (s *Simulator) transferMethods(t map[uint32]method) {
	t[tg.AuthExportAuthorizationRequestTypeID] = method{answer: request(s.exportAuthorization)}
	t[tg.AuthImportAuthorizationRequestTypeID] = method{open: true, answer: request(s.importAuthorization)}
}

func (s *Simulator) exportAuthorization(_ context.Context, c *call, in *tg.AuthExportAuthorizationRequest) (bin.Encoder, error) {
	if _, ok := s.centres[in.DCID]; !ok || in.DCID == c.DC || in.DCID == world.CDN {
		return nil, tgerr.New(400, "DC_ID_INVALID")
	}
	ticket := randomBytes(128)
	s.auth.mu.Lock()
	s.auth.exports[string(ticket)] = &export{
		user: c.user, dc: in.DCID, origin: c.Key, expires: s.auth.now().Add(exportLife),
	}
	s.auth.mu.Unlock()
	return &tg.AuthExportedAuthorization{ID: c.user, Bytes: ticket}, nil
}

func (s *Simulator) importAuthorization(_ context.Context, c *call, in *tg.AuthImportAuthorizationRequest) (bin.Encoder, error) {
	s.auth.mu.Lock()
	e, ok := s.auth.exports[string(in.Bytes)]
	delete(s.auth.exports, string(in.Bytes)) // good for once
	s.auth.mu.Unlock()
	if !ok || e.user != in.ID || e.dc != c.DC || s.auth.now().After(e.expires) {
		return nil, tgerr.New(400, "AUTH_BYTES_INVALID")
	}
	a := s.account(e.user)
	if a == nil {
		return nil, tgerr.New(400, "AUTH_BYTES_INVALID")
	}
	return s.welcome(c, a, e.origin), nil
}
