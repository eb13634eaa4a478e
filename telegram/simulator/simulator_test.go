package simulator

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/telegram/auth/qrlogin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// Each new key costs the client a second, so tests sign in sparingly.
func TestSignInAndDownload(t *testing.T) {
	for name, setup := range map[string]struct {
		password string
		home     int
		pfs      bool
	}{
		"with a code, at the files' dc": {"", fileDC, false},
		"with a password, at a third":   {"hunter2", 3, false},
		"by temporary keys":             {"", 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHamlet(setup.password, setup.home)
			s := run(t, Options{World: h, Control: "off"})
			with(t, s, &session.StorageMemory{}, func(ctx context.Context, c *telegram.Client) error {
				self, err := c.Self(ctx)
				if err != nil {
					return err
				}
				if self.ID != testUser {
					t.Errorf("signed in as %d", self.ID)
				}
				got, err := fetch(ctx, c.API())
				if err != nil {
					return err
				}
				if got != sha256.Sum256(h.file) {
					t.Error("the file differs")
				}
				return nil
			}, func(o *telegram.Options) { o.EnablePFS = setup.pfs })
			sum := s.Stats()
			if sum.BytesServed != int64(len(h.file)) || sum.FileBytes["document/5"] != sum.BytesServed {
				t.Errorf("counted %d bytes, by file %v", sum.BytesServed, sum.FileBytes)
			}
			if len(sum.Unknown) > 0 {
				t.Errorf("unknown methods: %v", sum.Unknown)
			}
		})
	}
}

func TestWrongCredentials(t *testing.T) {
	s := run(t, Options{World: newHamlet("hunter2", 2), Control: "off"})
	c := client(s.Info(), &session.StorageMemory{})
	err := c.Run(t.Context(), func(ctx context.Context) error {
		api := c.API()
		is := func(err error, want string) {
			t.Helper()
			if !tgerr.Is(err, want) {
				t.Errorf("error %v, want %s", err, want)
			}
		}
		send := func(phone, hash string) (*tg.AuthSentCode, error) {
			out, err := api.AuthSendCode(ctx, &tg.AuthSendCodeRequest{PhoneNumber: phone, APIID: s.info.APIID, APIHash: hash})
			sent, _ := out.(*tg.AuthSentCode)
			return sent, err
		}
		sign := func(phone, hash, code string) error {
			_, err := api.AuthSignIn(ctx, &tg.AuthSignInRequest{PhoneNumber: phone, PhoneCodeHash: hash, PhoneCode: code})
			return err
		}
		_, err := api.UpdatesGetState(ctx)
		is(err, "AUTH_KEY_UNREGISTERED")
		_, err = send("+15559999", s.info.APIHash)
		is(err, "PHONE_NUMBER_INVALID")
		_, err = send(testPhone, "wrong")
		is(err, "API_ID_INVALID")
		_, err = api.AccountGetPassword(ctx)
		is(err, "AUTH_KEY_UNREGISTERED")
		sent, err := send("+"+testPhone, s.info.APIHash)
		if err != nil {
			return err
		}
		is(sign(testPhone, sent.PhoneCodeHash, "00000"), "PHONE_CODE_INVALID")
		is(sign(testPhone, sent.PhoneCodeHash, ""), "PHONE_CODE_EMPTY")
		is(sign(testPhone, "other", testCode), "PHONE_CODE_EXPIRED")
		is(sign("15559999", sent.PhoneCodeHash, testCode), "PHONE_NUMBER_INVALID")
		is(sign(testPhone, sent.PhoneCodeHash, testCode), "SESSION_PASSWORD_NEEDED")
		_, err = api.UpdatesGetState(ctx)
		is(err, "AUTH_KEY_UNREGISTERED")
		if _, err := c.Auth().Password(ctx, "wrong"); !errors.Is(err, auth.ErrPasswordInvalid) {
			t.Errorf("a wrong password: %v", err)
		}
		_, err = api.AuthImportAuthorization(ctx, &tg.AuthImportAuthorizationRequest{ID: testUser, Bytes: []byte("x")})
		is(err, "AUTH_BYTES_INVALID")
		_, err = api.AccountGetThemes(ctx, &tg.AccountGetThemesRequest{})
		is(err, "INPUT_METHOD_INVALID")
		if _, err := c.Auth().Password(ctx, "hunter2"); err != nil {
			return err
		}
		_, err = api.AuthExportAuthorization(ctx, 9)
		is(err, "DC_ID_INVALID")
		_, err = api.UpdatesGetState(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if sum := s.Stats(); sum.Unknown["account.getThemes"] != 1 || sum.Errors["auth.signIn PHONE_CODE_INVALID"] != 1 {
		t.Errorf("counted %+v", sum)
	}
}

func TestFaultsMeetTheClient(t *testing.T) {
	h := newHamlet("", 2)
	s := run(t, Options{World: h, Faults: []Fault{{Method: "updates.getState", Code: 420, Error: "FLOOD_WAIT_7", Count: 1}}, Control: "off"})
	storage := &session.StorageMemory{}
	with(t, s, storage, func(ctx context.Context, c *telegram.Client) error {
		state := func() error { _, err := c.API().UpdatesGetState(ctx); return err }
		if d, ok := tgerr.AsFloodWait(state()); !ok || d != 7*time.Second {
			t.Errorf("flood wait %v, %v", d, ok)
		}
		if err := state(); err != nil {
			t.Errorf("the flood is over: %v", err)
		}
		mustFault(t, s, Fault{Method: "updates.*", Code: 500, Error: "RPC_CALL_FAIL", Count: 1})
		if err := state(); !tgerr.Is(err, "RPC_CALL_FAIL") {
			t.Errorf("error %v", err)
		}
		mustFault(t, s, Fault{Method: "updates.getState", Latency: 300 * time.Millisecond, Count: 1})
		start := time.Now()
		if err := state(); err != nil || time.Since(start) < 300*time.Millisecond {
			t.Errorf("answered after %v: %v", time.Since(start), err)
		}
		// Dropped connections: the client asks again on a new one.
		mustFault(t, s, Fault{Method: "updates.getState", Drop: true, Every: 2, Count: 2})
		for range 6 {
			if err := state(); err != nil {
				t.Errorf("after a dropped connection: %v", err)
			}
		}
		s.VoidSalts()
		if err := state(); err != nil {
			t.Errorf("after a change of salts: %v", err)
		}
		if n := s.Drop(); n == 0 {
			t.Error("there was no connection to drop")
		}
		if err := eventually(state); err != nil {
			t.Errorf("after all connections were dropped: %v", err)
		}
		mustFault(t, s, Fault{Method: "updates.getState", Revoke: true})
		if err := state(); !tgerr.Is(err, "AUTH_KEY_UNREGISTERED") {
			t.Errorf("a revoked session: %v", err)
		}
		return nil
	})
	if n := s.Stats().Errors["updates.getState dropped"]; n != 2 {
		t.Errorf("dropped %d requests, want 2", n)
	}
	s.ClearFaults()
	before, err := storage.LoadSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := s.LoseKeys(); n == 0 {
		t.Error("there were no keys to lose")
	}
	with(t, s, storage, func(context.Context, *telegram.Client) error { return nil })
	after, err := storage.LoadSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if string(before) == string(after) {
		t.Error("the client still has the key that was lost")
	}
}

// eventually asks again while the client notices only by writing that its
// connection is gone, which it does not repair by itself.
func eventually(ask func() error) error {
	var err error
	for range 50 {
		if err = ask(); err == nil {
			return nil
		}
		if _, ok := tgerr.As(err); ok {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

func mustFault(t *testing.T, s *Simulator, f Fault) {
	t.Helper()
	if err := s.Fault(f); err != nil {
		t.Fatal(err)
	}
}

func TestUpdatesUntilSignedOut(t *testing.T) {
	h := newHamlet("", 2)
	s := run(t, Options{World: h, Control: "off"})
	got := make(chan tg.UpdatesClass, 10)
	handler := func(o *telegram.Options) {
		o.NoUpdates = false
		o.UpdateHandler = telegram.UpdateHandlerFunc(func(_ context.Context, u tg.UpdatesClass) error { got <- u; return nil })
	}
	with(t, s, &session.StorageMemory{}, func(ctx context.Context, c *telegram.Client) error {
		h.push(testUser+1, &tg.Updates{}) // nobody
		h.push(testUser, &tg.UpdatesTooLong{})
		select {
		case u := <-got:
			if _, ok := u.(*tg.UpdatesTooLong); !ok {
				t.Errorf("update %T", u)
			}
		case <-time.After(10 * time.Second):
			t.Error("no update came")
		}
		if _, err := c.API().AuthLogOut(ctx); err != nil {
			return err
		}
		if _, err := c.API().UpdatesGetState(ctx); !tgerr.Is(err, "AUTH_KEY_UNREGISTERED") {
			t.Errorf("signed out, and yet: %v", err)
		}
		h.push(testUser, &tg.UpdatesTooLong{})
		return nil
	}, handler)
	if len(got) > 0 {
		t.Error("an update came to a session that was signed out")
	}
}

func TestQRCode(t *testing.T) {
	s := run(t, Options{World: newHamlet("", 3), Control: "off"})
	d := tg.NewUpdateDispatcher()
	loggedIn := make(chan struct{}, 1) // qrlogin.OnLoginToken drops what comes while the token is still being shown
	d.OnLoginToken(func(context.Context, tg.Entities, *tg.UpdateLoginToken) error {
		select {
		case loggedIn <- struct{}{}:
		default:
		}
		return nil
	})
	c := client(s.Info(), &session.StorageMemory{}, func(o *telegram.Options) { o.NoUpdates, o.UpdateHandler = false, d })
	err := c.Run(t.Context(), func(ctx context.Context) error {
		_, err := c.QR().Auth(ctx, loggedIn, func(_ context.Context, token qrlogin.Token) error {
			_, err := s.postAccept(struct {
				User  int64  `json:"user"`
				Token string `json:"token"`
			}{Token: token.URL()})
			return err
		})
		if err != nil {
			return err
		}
		_, err = c.API().UpdatesGetState(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRestartKeepsSessions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sim")
	h := newHamlet("", 2)
	ready := 0
	o := Options{World: h, Out: dir, Ready: func(i Info) {
		ready++
		if _, err := os.Stat(filepath.Join(dir, settingsFile)); err != nil {
			t.Errorf("ready without its files: %v", err)
		}
	}}
	storage := &session.StorageMemory{}
	first, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	with(t, first, storage, func(context.Context, *telegram.Client) error { return nil })
	checkFiles(t, dir, first.Info())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := run(t, o)
	if ready != 2 || first.Info().PublicKeyPEM != second.Info().PublicKeyPEM {
		t.Errorf("%d starts; the key changed: %v", ready, first.Info().PublicKeyPEM != second.Info().PublicKeyPEM)
	}
	c := client(second.Info(), storage)
	err = c.Run(t.Context(), func(ctx context.Context) error { _, err := c.API().UpdatesGetState(ctx); return err })
	if err != nil {
		t.Errorf("the session did not outlive the restart: %v", err)
	}
	if n := second.Stats().Exchanges; n != 0 {
		t.Errorf("%d new keys", n)
	}
}

func checkFiles(t *testing.T, dir string, i Info) {
	t.Helper()
	var account map[string]string
	data, err := os.ReadFile(filepath.Join(dir, accountFile))
	if err == nil {
		err = json.Unmarshal(data, &account)
	}
	if err != nil || account["phone"] != "+"+testPhone || account["code"] != testCode || account["password"] != "" {
		t.Errorf("%s: %v, %v", accountFile, account, err)
	}
	settings, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if err != nil || !strings.Contains(string(settings), i.Server) || !strings.Contains(string(settings), i.PublicKeyPEM) {
		t.Errorf("%s: %v\n%s", settingsFile, err, settings)
	}
	pem, err := os.ReadFile(filepath.Join(dir, publicFile))
	if err != nil || string(pem) != i.PublicKeyPEM {
		t.Errorf("%s: %v", publicFile, err)
	}
}

func TestStartErrors(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"no world":       {},
		"a taken port":   {World: newHamlet("", 2), Listen: busy.Addr().String()},
		"no address":     {World: newHamlet("", 2), Listen: "nonsense"},
		"a taken API":    {World: newHamlet("", 2), Control: busy.Addr().String()},
		"no data centre": {World: newHamlet("", 2), DC: 6},
		"not a folder":   {World: newHamlet("", 2), Out: file},
		"a bad fault":    {World: newHamlet("", 2), Faults: []Fault{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Start(t.Context(), o)
			if err == nil {
				t.Error("it starts")
				s.Close()
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{World: newHamlet("", 2), Ready: func(Info) { cancel() }}
	if err := Run(ctx, o); err != nil {
		t.Errorf("run until the end: %v", err)
	}
}
