package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/archive"
)

// signInTries is how often a code or a password may be typed.
const signInTries = 3

// An Asker asks the person who signs in. An error of it ends the sign-in.
type Asker interface {
	// Code asks for the code that was sent the way Delivery says.
	Code(ctx context.Context, where Delivery) (string, error)
	// Password asks for the password of two-step verification; hint is what
	// the person once wrote to remember it by, "" for none.
	Password(ctx context.Context, hint string) (string, error)
}

// Self is the account that is signed in.
type Self struct {
	ID        archive.PeerID
	FirstName string
	LastName  string
	Username  string // without the @
	Phone     string // digits
}

// Name is how the account shows itself.
func (s *Self) Name() string {
	if name := strings.TrimSpace(s.FirstName + " " + s.LastName); name != "" {
		return name
	}
	return string(s.ID)
}

// Login signs in with phone (international form, + and digits) and asks for
// what it needs. Where the session is signed in already, it is used: fine if it
// is the same phone, ErrPhoneOther if not. A session that the server ended is
// replaced, but only once the new one has signed in, and only by one of the same
// account.
//
// Errors: ErrPhoneInvalid, ErrPhoneBanned, ErrPhoneUnknown, ErrTooManyTries,
// ErrCodeInvalid, ErrCodeExpired, ErrEmailNeeded, ErrPasswordInvalid, ErrAccountOther,
// *FloodError and those of every connection.
func (c *Client) Login(ctx context.Context, phone string, ask Asker) (*Self, error) {
	if self, err := c.signedIn(ctx); err != nil || self != nil {
		if err != nil {
			return nil, err
		}
		return self, samePhone(self, phone)
	}
	c.options.Session.begin(nil)
	return c.signInWith(ctx, func(ctx context.Context, l *link) (*Self, error) {
		if err := c.signIn(ctx, l.once, phone, ask); err != nil {
			return nil, signInError(err)
		}
		return c.expected(ctx, l, phone)
	})
}

// signedIn asks the server whose session this is: nil for nobody's, also where
// the server ended it.
func (c *Client) signedIn(ctx context.Context) (*Self, error) {
	if c.Account() == "" {
		return nil, nil
	}
	var self *Self
	err := c.connect(ctx, c.newGates(nil), func(ctx context.Context, l *link) (err error) {
		self, err = whoami(ctx, l)
		return err
	})
	if errors.Is(err, ErrSessionRevoked) || errors.Is(err, ErrSessionLost) {
		return nil, nil
	}
	return self, err
}

// signInWith connects with the key of a sign-in that has begun, and keeps it if
// prove comes back with the account it belongs to. Else nothing changes.
func (c *Client) signInWith(ctx context.Context, prove func(context.Context, *link) (*Self, error)) (*Self, error) {
	defer c.options.Session.abandon()
	var self *Self
	err := c.connect(ctx, newGates(signInPatience, nil), func(ctx context.Context, l *link) (err error) {
		if self, err = prove(ctx, l); err != nil {
			return err
		}
		return c.options.Session.adopt(ctx, self.ID, l.config().ThisDC)
	})
	if err != nil {
		return nil, err
	}
	return self, nil
}

// whoami asks the server whose session this is.
func whoami(ctx context.Context, l *link) (*Self, error) {
	user, err := l.self(ctx)
	if err != nil {
		return nil, err
	}
	return selfOf(user), nil
}

// signIn proves with a code, and a password if need be, who is calling.
func (c *Client) signIn(ctx context.Context, api *tg.Client, phone string, ask Asker) error {
	sent, err := api.AuthSendCode(ctx, &tg.AuthSendCodeRequest{
		PhoneNumber: phone, APIID: c.options.APIID, APIHash: c.options.APIHash,
	})
	if err != nil {
		return err
	}
	switch sent := sent.(type) {
	case *tg.AuthSentCode:
		err = typeCode(ctx, api, phone, sent, ask)
	case *tg.AuthSentCodeSuccess: // the server knows this device: no code is needed
		err = accepted(sent.Authorization)
	default:
		return errors.New("the server wants something for the code that this program cannot give")
	}
	return c.orPassword(ctx, api, err, ask)
}

// orPassword goes on with the password where err says that one is needed.
func (c *Client) orPassword(ctx context.Context, api *tg.Client, err error, ask Asker) error {
	if tgerr.Is(err, "SESSION_PASSWORD_NEEDED") {
		return typePassword(ctx, api, ask)
	}
	return err
}

// accepted looks whether a sign-in has led to an account.
func accepted(a tg.AuthAuthorizationClass) error {
	if _, ok := a.(*tg.AuthAuthorizationSignUpRequired); ok {
		return ErrPhoneUnknown
	}
	return nil
}

// typePassword asks for the password until it is right.
func typePassword(ctx context.Context, api *tg.Client, ask Asker) error {
	for try := 1; ; try++ {
		settings, err := api.AccountGetPassword(ctx)
		if err != nil {
			return err
		}
		password, err := ask.Password(ctx, settings.Hint)
		if err != nil {
			return orTryBefore(err, try, ErrPasswordInvalid)
		}
		err = provePassword(ctx, api, settings, password)
		if !tgerr.Is(err, "PASSWORD_HASH_INVALID") || try == signInTries {
			return err
		}
	}
}

// provePassword proves a password by the challenge in settings, or by a new one
// if that is over: it is good for one try and a short time, and goes when the
// password is changed meanwhile.
func provePassword(ctx context.Context, api *tg.Client, settings *tg.AccountPassword, password string) error {
	for try := 1; ; try++ {
		if !settings.HasPassword {
			return errors.New("the password was removed meanwhile; sign in again")
		}
		proof, err := auth.PasswordHash([]byte(password), settings.SRPID, settings.SRPB, settings.SecureRandom, settings.CurrentAlgo)
		if err != nil {
			return fmt.Errorf("the server's way to check a password: %w", err)
		}
		_, err = api.AuthCheckPassword(ctx, proof)
		if !tgerr.Is(err, "SRP_ID_INVALID", "SRP_PASSWORD_CHANGED") || try == signInTries {
			return err
		}
		if settings, err = api.AccountGetPassword(ctx); err != nil {
			return err
		}
	}
}

// orTryBefore is the error of an Asker that had nothing to say: after a wrong
// answer, the wrong answer is what went wrong.
func orTryBefore(err error, try int, wrong error) error {
	if try > 1 {
		return wrong
	}
	return err
}

// signInError gives the server's refusals the names that callers know.
func signInError(err error) error {
	if wait, ok := tgerr.AsFloodWait(err); ok {
		return &FloodError{Method: "sign-in", Wait: wait}
	}
	named := []struct {
		err   error
		types []string
	}{
		{ErrPhoneInvalid, []string{"PHONE_NUMBER_INVALID"}},
		{ErrTooManyTries, []string{"PHONE_NUMBER_FLOOD", "PHONE_PASSWORD_FLOOD"}},
		{ErrPhoneBanned, []string{"PHONE_NUMBER_BANNED"}},
		{ErrPhoneUnknown, []string{"PHONE_NUMBER_UNOCCUPIED", "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN"}},
		{ErrCodeExpired, []string{"PHONE_CODE_EXPIRED", "EMAIL_VERIFY_EXPIRED", "PHONE_CODE_HASH_EMPTY"}},
		{ErrCodeInvalid, []string{"PHONE_CODE_INVALID", "PHONE_CODE_EMPTY", "CODE_INVALID", "CODE_EMPTY"}},
		{ErrPasswordInvalid, []string{"PASSWORD_HASH_INVALID"}},
		{ErrAPIIDInvalid, []string{"API_ID_INVALID", "API_ID_PUBLISHED_FLOOD"}},
		{ErrAccountGone, []string{"USER_DEACTIVATED", "USER_DEACTIVATED_BAN"}},
	}
	for _, n := range named {
		if tgerr.Is(err, n.types...) {
			return n.err
		}
	}
	return err
}

func selfOf(u *tg.User) *Self {
	return &Self{
		ID: archive.NewPeerID(archive.PeerUser, u.ID), FirstName: u.FirstName, LastName: u.LastName,
		Username: u.Username, Phone: u.Phone,
	}
}

// samePhone reports ErrPhoneOther for an account with another number than phone,
// of which only the digits count; "" is any.
func samePhone(self *Self, phone string) error {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	if digits != "" && self.Phone != "" && digits != self.Phone {
		return ErrPhoneOther
	}
	return nil
}

// newGates makes the gates of one run.
func (c *Client) newGates(notify func(FloodError)) *gates {
	return newGates(c.options.LongestWait, notify)
}
