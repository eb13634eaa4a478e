package telegram

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// loginWith signs in as a new process would.
func (i *installation) loginWith(phone string, a *answers) (*Self, error) {
	c, end := i.client()
	defer end()
	return c.Login(i.t.Context(), phone, a)
}

func TestLoginRefused(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{Password: "secret"}))
	phone := "+" + i.world.Accounts()[0].Phone
	for _, c := range []struct {
		name  string
		phone string
		asker *answers
		want  error
	}{
		{"nobody's number", "+1", &answers{}, ErrPhoneInvalid},
		{"no code", phone, &answers{}, errNoAnswer},
		{"a wrong code", phone, &answers{codes: []string{"1"}}, ErrCodeInvalid},
		{"wrong codes", phone, &answers{codes: []string{"1", "2", "3"}}, ErrCodeInvalid},
		{"no password", phone, &answers{codes: []string{"12345"}}, errNoAnswer},
		{"a wrong password", phone, &answers{codes: []string{"0", "12345"}, passwords: []string{"x"}}, ErrPasswordInvalid},
	} {
		if self, err := i.loginWith(c.phone, c.asker); !errors.Is(err, c.want) || self != nil {
			t.Errorf("%s: %v, error %v, want %v", c.name, self, err, c.want)
		}
		if _, err := os.Stat(filepath.Join(i.dir, "a.session")); err == nil {
			t.Fatalf("%s: a session is stored", c.name)
		}
	}
}

// The account lives at another data centre than is connected to first. Once
// signed in, the way there is remembered.
func TestLogin(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{Password: "secret", HomeDC: 4}))
	phone := "+" + i.world.Accounts()[0].Phone
	self, err := i.loginWith(phone, &answers{[]string{"0", " 12345\n"}, []string{"x", "secret"}})
	if err != nil || self.ID != "user100" || self.Name() != "Vera" || self.Username != "vera" {
		t.Fatalf("%+v, error %v", self, err)
	}
	if self, err = i.loginWith(phone, &answers{}); err != nil || self.ID != "user100" {
		t.Fatalf("signed in already: %+v, error %v", self, err)
	}
	if _, err = i.loginWith("+15559999999", &answers{}); !errors.Is(err, ErrPhoneOther) {
		t.Fatalf("another number: error %v", err)
	}
	i.mustSync()
}

// A session that was ended elsewhere is one clear error, costs no storm of
// calls, and another login makes the account work again.
func TestRevokedSession(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{}))
	c, end := i.client()
	if _, err := c.Sync(t.Context(), nil, SyncOptions{}); !errors.Is(err, ErrNotSignedIn) {
		t.Fatalf("before the login: error %v", err)
	}
	end()
	i.login()
	revoke, err := simulator.ParseFault("upload.getFile revoke dc=2 after=5 count=1")
	if err != nil {
		t.Fatal(err)
	}
	if err := i.sim.Fault(revoke); err != nil {
		t.Fatal(err)
	}
	r, err := i.sync(t.Context(), SyncOptions{})
	if !errors.Is(err, ErrSessionRevoked) {
		t.Fatalf("in the middle: error %v, result %+v", err, r)
	}
	i.sim.ResetStats()
	if _, err := i.sync(t.Context(), SyncOptions{}); !errors.Is(err, ErrSessionRevoked) {
		t.Fatalf("afterwards: error %v", err)
	}
	if n := i.sim.Stats().Requests["users.getUsers"]; n > 3 {
		t.Errorf("asked %d times", n)
	}
	i.login()
	i.mustSync()
}

// A key that the server has lost is never thrown away: a passing fault does not
// cost the login.
func TestLostKey(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{}))
	i.login()
	before, err := os.ReadFile(filepath.Join(i.dir, "a.session"))
	if err != nil {
		t.Fatal(err)
	}
	i.sim.LoseKeys()
	i.sim.ResetStats()
	if _, err := i.sync(t.Context(), SyncOptions{}); !errors.Is(err, ErrSessionLost) {
		t.Fatalf("error %v, want %v", err, ErrSessionLost)
	}
	i.fewRequests("-404", 10, 10)
	after, err := os.ReadFile(filepath.Join(i.dir, "a.session"))
	if err != nil || string(after) != string(before) {
		t.Fatalf("the session file changed, error %v", err)
	}
	i.login()
	i.mustSync()
}

// What makes a connection impossible is told apart, and soon.
func TestConnectErrors(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{}))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_ = closed.Close()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		change func(*Options)
		want   error
	}{
		{"nobody listens", func(o *Options) { o.Server = closed.Addr().String() }, ErrUnreachable},
		{"nobody answers", func(o *Options) { o.Server = silent.Addr().String() }, ErrUnreachable},
		{"another key", func(o *Options) { o.PublicKeys = []*rsa.PublicKey{&stranger.PublicKey} }, ErrServerKey},
		{"another data centre", func(o *Options) { o.DC += 5 }, ErrServerNumber},
		{"another api_id", func(o *Options) { o.APIID = 99 }, ErrAPIIDInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			session, err := OpenSession(filepath.Join(t.TempDir(), "s"), xorSealer(1))
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			o := i.options
			o.Session = session
			if c.want == ErrUnreachable && o.DC == i.options.DC {
				o.ConnectTimeout = 2 * time.Second
			}
			c.change(&o)
			client, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = client.Login(t.Context(), "+15550100", &answers{})
			if !errors.Is(err, c.want) || time.Since(start) > 20*time.Second {
				t.Fatalf("error %v after %v, want %v", err, time.Since(start), c.want)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	session, err := OpenSession(filepath.Join(t.TempDir(), "s"), xorSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	good := Options{APIID: 1, APIHash: "h", Session: session}
	for name, change := range map[string]func(*Options){
		"no api_id":   func(o *Options) { o.APIID = 0 },
		"no api_hash": func(o *Options) { o.APIHash = "" },
		"no session":  func(o *Options) { o.Session = nil },
		"odd parts":   func(o *Options) { o.PartSize = 4096 * 3 },
		"no port":     func(o *Options) { o.Server = "127.0.0.1" },
		"port 0":      func(o *Options) { o.Server = "127.0.0.1:0" },
		"a name":      func(o *Options) { o.Server = "localhost:https" },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
	if _, err := New(Options{Session: session}); !errors.Is(err, ErrAPIIDMissing) {
		t.Errorf("error %v, want %v", err, ErrAPIIDMissing)
	}
}

// Chats lists what there is and what the rules make of it.
func TestChats(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{}))
	i.login()
	c, end := i.client()
	defer end()
	chats, err := c.Chats(context.Background(), Rules{Exclude: []string{"channel", "@nobody", "user102"}})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Chat{}
	for _, chat := range chats {
		found[string(chat.ID)] = chat
	}
	for _, want := range villageChats {
		chat, ok := found[string(want.peer())]
		if want.messages == 0 {
			continue
		}
		if !ok || chat.Count < want.messages || chat.Count > want.messages+2 || string(chat.Type) != want.kind {
			t.Errorf("%s: %+v", want.peer(), chat)
		}
		excluded := map[string]string{"channel105": "channel", "user102": "user102"}[string(chat.ID)]
		if chat.Included != (excluded == "") || chat.Rule != excluded {
			t.Errorf("%s: included %v by %q", chat.ID, chat.Included, chat.Rule)
		}
	}
}
