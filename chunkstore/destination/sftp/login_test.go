package sftp

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// try opens the folder and closes it again.
func (s *server) try(change func(*Options)) error {
	s.t.Helper()
	o := s.clientOptions()
	change(&o)
	d, err := Open(s.t.Context(), o)
	if err != nil {
		return err
	}
	return d.Close()
}

// A host key that is not known, or another one, ends the connection before the login, and
// the error is enough to set it right.
func TestHostKeys(t *testing.T) {
	s := newServer(t)
	defer s.stop()
	logins := 0
	accept := s.config.PublicKeyCallback
	s.config.PublicKeyCallback = func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		logins++
		return accept(c, key)
	}
	shown := ssh.FingerprintSHA256(s.host.PublicKey())
	other := newKey(t).PublicKey()
	refused := func(what string, changed, revoked bool) *HostKeyError {
		t.Helper()
		err := s.try(func(*Options) {})
		e, ok := errors.AsType[*HostKeyError](err)
		if !ok {
			t.Fatalf("%s: %v", what, err)
		}
		if e.Fingerprint != shown || e.Changed() != changed || e.Revoked != revoked || !strings.Contains(err.Error(), shown) {
			t.Errorf("%s: %+v", what, e)
		}
		if logins > 0 {
			t.Errorf("%s: a login was tried all the same", what)
		}
		return e
	}
	s.know("elsewhere:22", s.host.PublicKey())
	refused("a key of another host", false, false)
	s.know("server:22", other)
	e := refused("another key", true, false)
	if !strings.Contains(e.Error(), ssh.FingerprintSHA256(other)) || !strings.Contains(e.Error(), "known_hosts:1") {
		t.Errorf("the error does not say what was expected: %v", e)
	}
	if err := os.WriteFile(s.knownHosts(), []byte("@revoked server "+string(ssh.MarshalAuthorizedKey(s.host.PublicKey()))), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("a revoked key", false, true)
	if err := os.Remove(s.knownHosts()); err != nil {
		t.Fatal(err)
	}
	e = refused("no file", false, false)
	if err := os.WriteFile(s.knownHosts(), []byte(e.Line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.try(func(*Options) {}); err != nil {
		t.Errorf("with the line of the error: %v", err)
	}
	if err := s.try(func(o *Options) { o.Port = 2222 }); err == nil {
		t.Error("a key of one port was taken for another's")
	}
}

// A server with several host keys is asked for the one that is known.
func TestKnownKindOfHostKey(t *testing.T) {
	s := newServer(t)
	defer s.stop()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	s.config.AddHostKey(second)
	for _, known := range []ssh.Signer{s.host, second} {
		s.know("server:22", known.PublicKey())
		if err := s.try(func(*Options) {}); err != nil {
			t.Errorf("%s is known: %v", known.PublicKey().Type(), err)
		}
	}
}

func TestLogins(t *testing.T) {
	s := newServer(t)
	defer s.stop()
	wrong := filepath.Join(s.files, "wrong")
	wrongKey := newKey(t)
	writeKey(t, wrong, wrongKey, "")
	sealed := filepath.Join(s.files, "sealed")
	writeKey(t, sealed, s.user, "open sesame")
	socket := serveAgent(t, s.user)
	text := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	for _, c := range []struct {
		what   string
		change func(*Options)
		want   string // in the error; "": none
	}{
		{"key", func(*Options) {}, ""},
		{"wrong key", func(o *Options) { o.KeyFile = wrong }, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(wrongKey.PublicKey())))},
		{"no such key", func(o *Options) { o.KeyFile = "/no/such/key" }, "no such file"},
		{"not a key", func(o *Options) { o.KeyFile = s.knownHosts() }, "known_hosts"},
		{"sealed key", func(o *Options) { o.KeyFile, o.Passphrase = sealed, text("open sesame") }, ""},
		{"sealed key, wrong passphrase", func(o *Options) { o.KeyFile, o.Passphrase = sealed, text("open") }, "sealed"},
		{"sealed key, nobody to ask", func(o *Options) { o.KeyFile = sealed }, "passphrase"},
		{"agent", func(o *Options) { o.KeyFile, o.Agent = "", socket }, ""},
		{"no agent", func(o *Options) { o.KeyFile, o.Agent = "", "/no/such/socket" }, "agent"},
		{"password", func(o *Options) { o.KeyFile, o.Password = "", text("secret") }, ""},
		{"wrong password", func(o *Options) { o.KeyFile, o.Password = "", text("guess") }, "keeper"},
	} {
		err := s.try(c.change)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		if !errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.what, err)
		}
		if err != nil && (strings.Contains(err.Error(), "guess") || strings.Contains(err.Error(), "PRIVATE")) {
			t.Errorf("%s: the error has a secret: %v", c.what, err)
		}
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.Host = "" }, func(o *Options) { o.User = "" },
		func(o *Options) { o.KnownHosts = "" }, func(o *Options) { o.KeyFile = "" },
	} {
		if err := s.try(change); err == nil {
			t.Error("options that lack something were taken")
		}
	}
}

// serveAgent runs an SSH agent that holds one key.
func serveAgent(t *testing.T, key ssh.Signer) (socket string) {
	t.Helper()
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key.(fileKey).private}); err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, conn)
		}
	}()
	return socket
}
