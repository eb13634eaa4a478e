package telegram

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"telekeep/telegram/simulator/world"
)

// A probe needs no login and no right clock, and tells what is wrong with a server.
func TestProbe(t *testing.T) {
	i := install(t, tinyWorld(t))
	now := func() time.Time { return time.Now() }
	echo, err := Probe(t.Context(), i.options.Server, i.options.PublicKeys, now)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := time.Since(echo.Time).Abs(); wrong > 5*time.Second {
		t.Errorf("the server's clock is wrong by %v", wrong)
	}
	i.fault("clock=24h")
	if echo, err = Probe(t.Context(), i.options.Server, i.options.PublicKeys, now); err != nil {
		t.Fatal(err)
	}
	if ahead := time.Until(echo.Time); (ahead - 24*time.Hour).Abs() > 5*time.Second {
		t.Errorf("a server that is a day ahead is %v ahead", ahead)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if echo, err = Probe(t.Context(), i.options.Server, []*rsa.PublicKey{&stranger.PublicKey}, now); !errors.Is(err, ErrServerKey) || echo == nil {
		t.Errorf("a server with another key: %v", err)
	}
}

func TestProbeOfNoServer(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	go func() {
		for {
			conn, err := mute.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
			_ = conn.(*net.TCPConn).CloseWrite()
		}
	}()
	if _, err := Probe(t.Context(), mute.Addr().String(), nil, time.Now); !errors.Is(err, ErrUnreachable) || errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("something else than a server of Telegram: %v", err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if _, err := Probe(t.Context(), closed.Addr().String(), nil, time.Now); !errors.Is(err, ErrUnreachable) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	// One that accepts and says nothing does not hold anybody longer than asked for.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Probe(ctx, silent.Addr().String(), nil, time.Now); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a silent server: %v", err)
	}
}

func TestTargets(t *testing.T) {
	if got := Targets("example.org:443", 4); len(got) != 1 || got[0] != (Target{4, "example.org:443"}) {
		t.Errorf("of a configured server: %v", got)
	}
	got := Targets("", 2)
	for n, target := range got {
		if host, port, err := net.SplitHostPort(target.Address); err != nil || net.ParseIP(host) == nil || port == "" || target.DC != n+1 {
			t.Errorf("target %d is %v", n, target)
		}
	}
	if len(got) != telegramCentres {
		t.Errorf("Telegram has %d data centres", len(got))
	}
}

// Looking at a session changes neither the file nor its permissions, and leaves no lock.
func TestWhoseOfASessionThatIsLookedAt(t *testing.T) {
	i := install(t, tinyWorld(t))
	path := filepath.Join(i.dir, "a.session")
	look := func() (*Self, error) {
		t.Helper()
		s, err := LookAtSession(path, xorSealer(7))
		if err != nil {
			return nil, err
		}
		defer s.Close()
		o := i.options
		o.Session = s
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		return c.Whose(t.Context())
	}
	if self, err := look(); self != nil || err != nil {
		t.Errorf("before a sign-in: %v, %v", self, err)
	}
	if files, _ := os.ReadDir(i.dir); len(files) > 0 {
		t.Errorf("looking has made %v", files)
	}
	i.login()
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	self, err := look()
	if err != nil || self == nil || self.Phone != i.world.Accounts()[0].Phone {
		t.Fatalf("signed in as %v (%v)", self, err)
	}
	after, _ := os.ReadFile(path)
	if info, _ := os.Stat(path); string(before) != string(after) || info.Mode().Perm() != 0o640 {
		t.Errorf("looking has changed the session (mode %v)", info.Mode())
	}
	s, err := OpenSession(path, xorSealer(7))
	if err != nil {
		t.Fatalf("the session is not free: %v", err)
	}
	if _, err := look(); !errors.Is(err, ErrSessionInUse) {
		t.Errorf("a session that is in use: %v", err)
	}
	s.Close()
	i.fault("help.getConfig error=400:CONNECTION_API_ID_INVALID count=3")
	if _, err := look(); !errors.Is(err, ErrAPIIDInvalid) {
		t.Errorf("an api_id that the server refuses: %v", err)
	}
	i.sim.ClearFaults()
	i.fault("users.getUsers revoke count=1")
	if _, err := look(); !errors.Is(err, ErrSessionRevoked) {
		t.Errorf("a revoked session: %v", err)
	}
}

func tinyWorld(t *testing.T) *world.World {
	t.Helper()
	w, err := world.FromSeed(world.SeedOptions{Seed: 3, Chats: 1, Messages: 3, MediaBytes: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	return w
}
