package telegram

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/exchange"
	"github.com/gotd/td/tg"

	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// fault lets something go wrong at the simulator.
func (i *installation) fault(texts ...string) {
	i.t.Helper()
	for _, text := range texts {
		f, err := simulator.ParseFault(text)
		if err == nil {
			err = i.sim.Fault(f)
		}
		if err != nil {
			i.t.Fatal(err)
		}
	}
}

// Every step of a sign-in can be refused, and each refusal has its name; a long
// pause is said at once.
func TestLoginStepsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		code   int
		text   string
		want   error
	}{
		{"auth.sendCode", 400, "PHONE_NUMBER_INVALID", ErrPhoneInvalid},
		{"auth.sendCode", 400, "PHONE_NUMBER_FLOOD", ErrTooManyTries},
		{"auth.sendCode", 406, "PHONE_PASSWORD_FLOOD", ErrTooManyTries},
		{"auth.sendCode", 400, "PHONE_NUMBER_BANNED", ErrPhoneBanned},
		{"auth.sendCode", 406, "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN", ErrPhoneUnknown},
		{"auth.sendCode", 400, "API_ID_PUBLISHED_FLOOD", ErrAPIIDInvalid},
		{"auth.signIn", 400, "PHONE_CODE_INVALID", ErrCodeInvalid},
		{"auth.signIn", 400, "PHONE_CODE_EXPIRED", ErrCodeExpired},
		{"auth.signIn", 400, "PHONE_NUMBER_UNOCCUPIED", ErrPhoneUnknown},
		{"auth.checkPassword", 400, "PASSWORD_HASH_INVALID", ErrPasswordInvalid},
		{"auth.checkPassword", 401, "USER_DEACTIVATED_BAN", ErrAccountGone},
		{"auth.sendCode", 420, "FLOOD_WAIT_3600", nil},
		{"auth.signIn", 420, "FLOOD_WAIT_3600", nil},
		{"account.getPassword", 420, "FLOOD_WAIT_3600", nil},
		{"auth.checkPassword", 420, "FLOOD_WAIT_3600", nil},
	} {
		server := newFakeServer(func(in any) (bin.Encoder, error) {
			if methodName(in.(bin.Encoder)) == c.method {
				return nil, rpcError(c.code, c.text)
			}
			switch in.(type) {
			case *tg.AuthSendCodeRequest:
				return &tg.AuthSentCodeBox{SentCode: &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeApp{}}}, nil
			case *tg.AuthSignInRequest:
				return nil, rpcError(401, "SESSION_PASSWORD_NEEDED")
			}
			return passwordSettings(t), nil
		})
		client := &Client{options: Options{APIID: 1, APIHash: "h"}}
		api := tg.NewClient(single{server, time.Minute, signInPatience})
		err := signInError(client.signIn(t.Context(), api, "+1", &answers{[]string{"1", "1", "1"}, []string{"x", "x", "x"}}))
		flood, flooded := errors.AsType[*FloodError](err)
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && (!flooded || flood.Wait != time.Hour) {
			t.Errorf("%s %s: error %v, want %v", c.method, c.text, err, c.want)
		}
		if n := server.count(c.method); n > signInTries {
			t.Errorf("%s %s: called %d times", c.method, c.text, n)
		}
	}
}

// passwordSettings are a challenge that can be answered, though not rightly.
func passwordSettings(t *testing.T) *tg.AccountPassword {
	t.Helper()
	prime, err := exchange.TestServerRNG{}.DhPrime()
	if err != nil {
		t.Fatal(err)
	}
	return &tg.AccountPassword{
		HasPassword: true, SRPB: bytes.Repeat([]byte{7}, 256), SRPID: 1, SecureRandom: bytes.Repeat([]byte{1}, 256),
		NewAlgo: &tg.PasswordKdfAlgoUnknown{}, NewSecureAlgo: &tg.SecurePasswordKdfAlgoUnknown{},
		CurrentAlgo: &tg.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow{
			Salt1: make([]byte, 40), Salt2: make([]byte, 16), G: 3, P: prime.Bytes(),
		},
	}
}

// changing is an Asker whose password is changed while it is typed.
type changing struct {
	sim   *simulator.Simulator
	hints []string
}

func (a *changing) Code(context.Context, Delivery) (string, error) { return "12345", nil }
func (a *changing) Password(_ context.Context, hint string) (string, error) {
	if a.hints = append(a.hints, hint); len(a.hints) > 1 {
		return "new", nil
	}
	return "secret", a.sim.SetPassword(0, "new", "the new one")
}

func TestLoginPasswordChanges(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{Password: "secret", HomeDC: 2}))
	// Short pauses are waited for on the way, and a challenge that is over is
	// replaced without asking anybody.
	i.fault("auth.sendCode flood=1 count=1", "auth.checkPassword flood=1 count=1", "auth.checkPassword error=400:SRP_ID_INVALID count=1")
	c, end := i.client()
	defer end()
	a := &changing{sim: i.sim}
	if _, err := c.Login(t.Context(), "+"+i.world.Accounts()[0].Phone, a); err != nil {
		t.Fatal(err)
	}
	equal(t, "hints", a.hints, []string{"", "the new one"})
}

// The ways of codes that the simulator does not have.
func TestLoginWays(t *testing.T) {
	email := &tg.AuthSentCodeTypeEmailCode{EmailPattern: "v***@example.org", Length: 6}
	for _, c := range []struct {
		name   string
		sent   tg.AuthSentCodeClass
		answer bin.Encoder
		want   error
		asked  string
	}{
		{"e-mail", &tg.AuthSentCode{Type: email}, &tg.AuthAuthorization{User: &tg.User{}}, nil, "by e-mail to v***@example.org, 6 digits"},
		{"no account", &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeSMS{Length: 5}}, &tg.AuthAuthorizationSignUpRequired{}, ErrPhoneUnknown, "by SMS, 5 digits"},
		{"a word", &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeSMSWord{Beginning: "b"}}, &tg.AuthAuthorization{User: &tg.User{}}, nil, "by SMS: it is a word that begins with b"},
		{"an e-mail to set up", &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeSetUpEmailRequired{}}, nil, ErrEmailNeeded, ""},
		{"known device", &tg.AuthSentCodeSuccess{Authorization: &tg.AuthAuthorization{User: &tg.User{}}}, nil, nil, ""},
		{"known, no account", &tg.AuthSentCodeSuccess{Authorization: &tg.AuthAuthorizationSignUpRequired{}}, nil, ErrPhoneUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newFakeServer(func(in any) (bin.Encoder, error) {
				switch in := in.(type) {
				case *tg.AuthSendCodeRequest:
					return &tg.AuthSentCodeBox{SentCode: c.sent}, nil
				case *tg.AuthSignInRequest:
					by, mail := in.EmailVerification.(*tg.EmailVerificationCode)
					if mail != (c.name == "e-mail") || mail && by.Code != "42" || !mail && in.PhoneCode != "42" {
						t.Errorf("signed in with %+v", in)
					}
					return &tg.AuthAuthorizationBox{Authorization: c.answer.(tg.AuthAuthorizationClass)}, nil
				}
				return nil, rpcError(400, "METHOD_INVALID")
			})
			a := &noting{}
			client := &Client{options: Options{APIID: 1, APIHash: "h"}}
			if err := client.signIn(t.Context(), tg.NewClient(server), "+1", a); !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if a.asked != c.asked {
				t.Errorf("asked for a code %q, want %q", a.asked, c.asked)
			}
		})
	}
}

// noting is an Asker that notes what it was told.
type noting struct{ asked string }

func (a *noting) Code(_ context.Context, where Delivery) (string, error) {
	a.asked = where.String()
	return "42", nil
}
func (a *noting) Password(context.Context, string) (string, error) { return "", errNoAnswer }
