package simulator

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
	"telekeep/telegram/simulator/world"
)

const (
	codeLife   = 5 * time.Minute // of a sign-in code
	exportLife = time.Minute     // of an exported authorization
	tokenLife  = 30 * time.Second
)

// signIns are the sign-ins that are under way.
type signIns struct {
	now func() time.Time

	mu         sync.Mutex
	codes      map[string]*code        // by phone_code_hash
	pending    map[mtproto.KeyID]int64 // users who still owe their password
	exports    map[string]*export      // by the bytes handed out
	tokens     map[string]*token       // likewise
	secrets    map[int64]*secret       // of users with a password
	challenges map[int64]*challenge    // by srp_id
	changed    map[int64]changedPassword
}

// A code was sent to a phone.
type code struct {
	account *world.Account
	expires time.Time
}

func newSignIns(now func() time.Time) *signIns {
	return &signIns{
		now:        now,
		codes:      map[string]*code{},
		pending:    map[mtproto.KeyID]int64{},
		exports:    map[string]*export{},
		tokens:     map[string]*token{},
		secrets:    map[int64]*secret{},
		challenges: map[int64]*challenge{},
		changed:    map[int64]changedPassword{},
	}
}

func (s *Simulator) authMethods(t map[uint32]method) {
	t[tg.AuthSendCodeRequestTypeID] = method{open: true, answer: request(s.sendCode)}
	t[tg.AuthResendCodeRequestTypeID] = method{open: true, answer: request(s.resendCode)}
	t[tg.AuthCancelCodeRequestTypeID] = method{open: true, answer: request(s.cancelCode)}
	t[tg.AuthSignInRequestTypeID] = method{open: true, answer: request(s.signIn)}
	t[tg.AuthLogOutRequestTypeID] = method{answer: request(s.logOut)}
	t[tg.AuthResetAuthorizationsRequestTypeID] = method{answer: request(s.resetAuthorizations)}
	t[tg.AuthDropTempAuthKeysRequestTypeID] = method{open: true, answer: always(&tg.BoolTrue{})}
}

// migrate sends a client to another data centre.
func migrate(what string, dc int) error {
	return tgerr.New(303, fmt.Sprintf("%s_MIGRATE_%d", what, dc))
}

func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
}

// byPhone finds a login.
func (s *Simulator) byPhone(phone string) *world.Account {
	number := digits(phone)
	for _, a := range s.world.Accounts() {
		if number != "" && digits(a.Phone) == number {
			return a
		}
	}
	return nil
}

func (s *Simulator) checkAPI(id int, hash string) error {
	if id != s.o.APIID || hash != s.o.APIHash {
		return tgerr.New(400, "API_ID_INVALID")
	}
	return nil
}

func (s *Simulator) sendCode(_ context.Context, c *call, in *tg.AuthSendCodeRequest) (bin.Encoder, error) {
	if err := s.checkAPI(in.APIID, in.APIHash); err != nil {
		return nil, err
	}
	a := s.byPhone(in.PhoneNumber)
	if a == nil {
		return nil, tgerr.New(400, "PHONE_NUMBER_INVALID")
	}
	if home := s.homeOf(a); home != c.DC {
		return nil, migrate("PHONE", home)
	}
	hash := hex.EncodeToString(randomBytes(9))
	s.auth.mu.Lock()
	s.auth.codes[hash] = &code{account: a, expires: s.auth.now().Add(codeLife)}
	s.auth.mu.Unlock()
	return &tg.AuthSentCode{
		Type:          &tg.AuthSentCodeTypeApp{Length: len(a.Code)},
		PhoneCodeHash: hash,
		NextType:      &tg.AuthCodeTypeSMS{},
		Timeout:       60,
	}, nil
}

// sent finds a code that was sent; it is good for every number of tries.
func (s *Simulator) sent(phone, hash string) (*code, error) {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	sent, ok := s.auth.codes[hash]
	switch {
	case s.byPhone(phone) == nil:
		return nil, tgerr.New(400, "PHONE_NUMBER_INVALID")
	case hash == "":
		return nil, tgerr.New(400, "PHONE_CODE_HASH_EMPTY")
	case !ok || sent.account != s.byPhone(phone) || s.auth.now().After(sent.expires):
		delete(s.auth.codes, hash)
		return nil, tgerr.New(400, "PHONE_CODE_EXPIRED")
	}
	return sent, nil
}

func (s *Simulator) resendCode(_ context.Context, _ *call, in *tg.AuthResendCodeRequest) (bin.Encoder, error) {
	sent, err := s.sent(in.PhoneNumber, in.PhoneCodeHash)
	if err != nil {
		return nil, err
	}
	return &tg.AuthSentCode{
		Type:          &tg.AuthSentCodeTypeSMS{Length: len(sent.account.Code)},
		PhoneCodeHash: in.PhoneCodeHash,
	}, nil
}

func (s *Simulator) cancelCode(_ context.Context, _ *call, in *tg.AuthCancelCodeRequest) (bin.Encoder, error) {
	if _, err := s.sent(in.PhoneNumber, in.PhoneCodeHash); err != nil {
		return nil, err
	}
	s.auth.mu.Lock()
	delete(s.auth.codes, in.PhoneCodeHash)
	s.auth.mu.Unlock()
	return &tg.BoolTrue{}, nil
}

func (s *Simulator) signIn(_ context.Context, c *call, in *tg.AuthSignInRequest) (bin.Encoder, error) {
	sent, err := s.sent(in.PhoneNumber, in.PhoneCodeHash)
	switch {
	case err != nil:
		return nil, err
	case in.PhoneCode == "":
		return nil, tgerr.New(400, "PHONE_CODE_EMPTY")
	case in.PhoneCode != sent.account.Code:
		return nil, tgerr.New(400, "PHONE_CODE_INVALID")
	}
	s.auth.mu.Lock()
	delete(s.auth.codes, in.PhoneCodeHash)
	s.auth.mu.Unlock()
	return s.admit(c, sent.account)
}

// admit signs a user in who has proved the first factor.
func (s *Simulator) admit(c *call, a *world.Account) (bin.Encoder, error) {
	if password, _ := s.passwordOf(a); password != "" {
		s.auth.mu.Lock()
		s.auth.pending[c.Key] = a.UserID
		s.auth.mu.Unlock()
		return nil, tgerr.New(401, "SESSION_PASSWORD_NEEDED")
	}
	return s.welcome(c, a, mtproto.KeyID{}), nil
}

// welcome signs a user in.
func (s *Simulator) welcome(c *call, a *world.Account, origin mtproto.KeyID) *tg.AuthAuthorization {
	s.logins.add(login{Key: c.Key, DC: c.DC, User: a.UserID, Origin: origin})
	return &tg.AuthAuthorization{User: a.Self()}
}

func (s *Simulator) logOut(_ context.Context, c *call, _ *tg.AuthLogOutRequest) (bin.Encoder, error) {
	s.logins.remove(func(l *login) bool { return l.Key == c.Key })
	return &tg.AuthLoggedOut{}, nil
}

func (s *Simulator) resetAuthorizations(_ context.Context, c *call, _ *tg.AuthResetAuthorizationsRequest) (bin.Encoder, error) {
	s.logins.remove(func(l *login) bool {
		return l.User == c.user && l.Key != c.Key && l.Origin != c.Key
	})
	return &tg.BoolTrue{}, nil
}
