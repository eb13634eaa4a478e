package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gotd/td/crypto"
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

// Delivery says how the code was sent.
type Delivery struct {
	// Way: app, sms, call, flash_call, missed_call, email, fragment, other.
	Way    string
	Length int // of the code, 0 if unknown
	Try    int // 1 for the first time; more: the code before was wrong
}

// String says it in words.
func (d Delivery) String() string {
	words := map[string]string{
		"app": "in the Telegram app on another device", "sms": "by SMS", "call": "by a phone call",
		"flash_call": "by a phone call", "missed_call": "by a missed call: the last digits of the number that called",
		"email": "by e-mail", "fragment": "on fragment.com", "other": "by Telegram",
	}
	out := words[d.Way]
	if d.Length > 0 {
		out += fmt.Sprintf(", %d digits", d.Length)
	}
	if d.Try > 1 {
		out += "; the last one was wrong"
	}
	return out
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
// replaced, but only once the new one has signed in.
//
// Errors: ErrPhoneInvalid, ErrPhoneBanned, ErrPhoneUnknown, ErrCodeInvalid,
// ErrPasswordInvalid, *FloodError and those of every connection.
func (c *Client) Login(ctx context.Context, phone string, ask Asker) (*Self, error) {
	if c.Account() != "" {
		self, err := c.whoami(ctx)
		switch {
		case err == nil:
			return self, samePhone(self, phone)
		case !errors.Is(err, ErrSessionRevoked) && !errors.Is(err, ErrSessionLost):
			return nil, err
		}
	}
	c.options.Session.begin()
	defer c.options.Session.abandon()
	var self *Self
	err := c.connect(ctx, c.newGates(nil), func(ctx context.Context, l *link) error {
		user, err := c.signIn(ctx, l.once, phone, ask)
		if err != nil {
			return err
		}
		self = selfOf(user)
		return c.options.Session.adopt(ctx, self.ID, l.config().ThisDC)
	})
	if err != nil {
		return nil, err
	}
	return self, nil
}

// whoami asks the server whose session this is.
func (c *Client) whoami(ctx context.Context) (*Self, error) {
	var self *Self
	err := c.connect(ctx, c.newGates(nil), func(ctx context.Context, l *link) error {
		user, err := l.self(ctx)
		if err == nil {
			self = selfOf(user)
		}
		return err
	})
	return self, err
}

func (c *Client) signIn(ctx context.Context, api *tg.Client, phone string, ask Asker) (*tg.User, error) {
	client := auth.NewClient(api, crypto.DefaultRand(), c.options.APIID, c.options.APIHash)
	sent, err := client.SendCode(ctx, phone, auth.SendCodeOptions{})
	if err != nil {
		return nil, signInError(err)
	}
	switch sent := sent.(type) {
	case *tg.AuthSentCode:
		err = typeCode(ctx, client, phone, sent, ask)
	case *tg.AuthSentCodeSuccess:
		// The server knows this device: no code is needed.
	default:
		return nil, errors.New("the server wants something for the code that this program cannot give")
	}
	if errors.Is(err, auth.ErrPasswordAuthNeeded) {
		err = typePassword(ctx, api, client, ask)
	}
	if err != nil {
		return nil, signInError(err)
	}
	l := &link{api: api}
	return l.self(ctx)
}

// typeCode asks for the code until it is right.
func typeCode(ctx context.Context, client *auth.Client, phone string, sent *tg.AuthSentCode, ask Asker) error {
	where := delivery(sent.Type)
	for where.Try = 1; ; where.Try++ {
		code, err := ask.Code(ctx, where)
		if err != nil {
			return orTryBefore(err, where.Try, ErrCodeInvalid)
		}
		_, err = client.SignIn(ctx, phone, strings.TrimSpace(code), sent.PhoneCodeHash)
		if !tgerr.Is(err, "PHONE_CODE_INVALID", "PHONE_CODE_EMPTY") || where.Try == signInTries {
			return err
		}
	}
}

// typePassword asks for the password until it is right.
func typePassword(ctx context.Context, api *tg.Client, client *auth.Client, ask Asker) error {
	settings, err := api.AccountGetPassword(ctx)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		password, err := ask.Password(ctx, settings.Hint)
		if err != nil {
			return orTryBefore(err, try, ErrPasswordInvalid)
		}
		_, err = client.Password(ctx, password)
		if !errors.Is(err, auth.ErrPasswordInvalid) || try == signInTries {
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

func delivery(t tg.AuthSentCodeTypeClass) Delivery {
	switch t := t.(type) {
	case *tg.AuthSentCodeTypeApp:
		return Delivery{Way: "app", Length: t.Length}
	case *tg.AuthSentCodeTypeSMS:
		return Delivery{Way: "sms", Length: t.Length}
	case *tg.AuthSentCodeTypeFirebaseSMS:
		return Delivery{Way: "sms", Length: t.Length}
	case *tg.AuthSentCodeTypeCall:
		return Delivery{Way: "call", Length: t.Length}
	case *tg.AuthSentCodeTypeFlashCall:
		return Delivery{Way: "flash_call"}
	case *tg.AuthSentCodeTypeMissedCall:
		return Delivery{Way: "missed_call", Length: t.Length}
	case *tg.AuthSentCodeTypeEmailCode:
		return Delivery{Way: "email", Length: t.Length}
	case *tg.AuthSentCodeTypeFragmentSMS:
		return Delivery{Way: "fragment", Length: t.Length}
	}
	return Delivery{Way: "other"}
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
		{ErrPhoneInvalid, []string{"PHONE_NUMBER_INVALID", "PHONE_NUMBER_FLOOD", "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN"}},
		{ErrPhoneBanned, []string{"PHONE_NUMBER_BANNED"}},
		{ErrPhoneUnknown, []string{"PHONE_NUMBER_UNOCCUPIED"}},
		{ErrCodeInvalid, []string{"PHONE_CODE_INVALID", "PHONE_CODE_EMPTY", "PHONE_CODE_EXPIRED", "PHONE_CODE_HASH_EMPTY"}},
		{ErrPasswordInvalid, []string{"PASSWORD_HASH_INVALID"}},
		{ErrAPIIDInvalid, []string{"API_ID_INVALID", "API_ID_PUBLISHED_FLOOD"}},
	}
	for _, n := range named {
		if tgerr.Is(err, n.types...) {
			return n.err
		}
	}
	if _, ok := errors.AsType[*auth.SignUpRequired](err); ok {
		return ErrPhoneUnknown
	}
	if errors.Is(err, auth.ErrPasswordInvalid) {
		return ErrPasswordInvalid
	}
	return err
}

func selfOf(u *tg.User) *Self {
	return &Self{
		ID: archive.NewPeerID(archive.PeerUser, u.ID), FirstName: u.FirstName, LastName: u.LastName,
		Username: u.Username, Phone: u.Phone,
	}
}

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
