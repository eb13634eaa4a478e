package simulator

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
)

// A token is shown as a QR code by a client that wants to be signed in:
//
//	new client   exportLoginToken -> loginToken, shown
//	signed in    acceptLoginToken;   updateLoginToken goes to the new client
//	new client   exportLoginToken -> loginTokenSuccess, or loginTokenMigrateTo,
//	             then importLoginToken at the data centre it names
type token struct {
	dc       int
	key      mtproto.KeyID // of the client that shows it
	expires  time.Time
	accepted int64 // the user who did, 0 before
}

func (s *Simulator) tokenMethods(t map[uint32]method) {
	t[tg.AuthExportLoginTokenRequestTypeID] = method{open: true, answer: request(s.exportLoginToken)}
	t[tg.AuthImportLoginTokenRequestTypeID] = method{open: true, answer: request(s.importLoginToken)}
	t[tg.AuthAcceptLoginTokenRequestTypeID] = method{answer: request(s.acceptLoginToken)}
}

func (s *Simulator) exportLoginToken(_ context.Context, c *call, in *tg.AuthExportLoginTokenRequest) (bin.Encoder, error) {
	if err := s.checkAPI(in.APIID, in.APIHash); err != nil {
		return nil, err
	}
	s.auth.mu.Lock()
	for value, t := range s.auth.tokens {
		if t.key == c.Key && t.accepted != 0 {
			user := t.accepted
			s.auth.mu.Unlock()
			return s.redeem(c, value, user)
		}
	}
	defer s.auth.mu.Unlock()
	s.auth.sweepTokens()
	value, expires := randomBytes(32), s.auth.now().Add(s.o.QRLife)
	s.auth.tokens[string(value)] = &token{dc: c.DC, key: c.Key, expires: expires}
	return &tg.AuthLoginToken{Expires: int(expires.Unix()), Token: value}, nil
}

// sweepTokens forgets the tokens that nobody accepted in time. The caller holds
// the lock.
func (s *signIns) sweepTokens() {
	now := s.now()
	maps.DeleteFunc(s.tokens, func(_ string, t *token) bool { return t.accepted == 0 && now.After(t.expires.Add(tokenLife)) })
}

// redeem turns an accepted token into a login.
func (s *Simulator) redeem(c *call, value string, user int64) (bin.Encoder, error) {
	a := s.account(user)
	if a == nil {
		return nil, tgerr.New(400, "AUTH_TOKEN_INVALID")
	}
	if home := s.homeOf(a); home != c.DC {
		return &tg.AuthLoginTokenMigrateTo{DCID: home, Token: []byte(value)}, nil
	}
	s.auth.mu.Lock()
	delete(s.auth.tokens, value)
	s.auth.mu.Unlock()
	out, err := s.admit(c, a)
	if err != nil {
		return nil, err
	}
	return &tg.AuthLoginTokenSuccess{Authorization: out.(*tg.AuthAuthorization)}, nil
}

func (s *Simulator) importLoginToken(_ context.Context, c *call, in *tg.AuthImportLoginTokenRequest) (bin.Encoder, error) {
	s.auth.mu.Lock()
	var user int64
	if t, ok := s.auth.tokens[string(in.Token)]; ok {
		user = t.accepted
	}
	s.auth.mu.Unlock()
	return s.redeem(c, string(in.Token), user)
}

func (s *Simulator) acceptLoginToken(_ context.Context, c *call, in *tg.AuthAcceptLoginTokenRequest) (bin.Encoder, error) {
	if err := s.AcceptLogin(in.Token, c.user); err != nil {
		return nil, err
	}
	return &tg.Authorization{Hash: randomID(), APIID: s.o.APIID, DateCreated: int(s.auth.now().Unix())}, nil
}

// AcceptLogin does what a phone does that scans a QR code: it signs the client
// that shows the token in as a user, 0 for the first account.
func (s *Simulator) AcceptLogin(value []byte, user int64) error {
	a, err := s.named(user)
	if err != nil {
		return err
	}
	s.auth.mu.Lock()
	t, ok := s.auth.tokens[string(value)]
	switch {
	case !ok:
		s.auth.mu.Unlock()
		return tgerr.New(400, "AUTH_TOKEN_INVALID")
	case s.auth.now().After(t.expires):
		s.auth.mu.Unlock()
		return tgerr.New(400, "AUTH_TOKEN_EXPIRED")
	}
	t.accepted = a.UserID
	s.auth.mu.Unlock()
	err = s.pushTo(t.dc, t.key, &tg.UpdateShort{
		Update: &tg.UpdateLoginToken{}, Date: int(s.auth.now().Unix()),
	})
	if err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	return nil
}
