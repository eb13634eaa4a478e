package sftp

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// A server is an SSH server in this process with SFTP of the real file system. Every
// request passes its relay, which may do other things with it.
type server struct {
	t      testing.TB
	config *ssh.ServerConfig
	host   ssh.Signer
	user   ssh.Signer
	files  string // a folder for key and known hosts
	dir    string // where the vault goes

	// handle decides what happens to a request; nil means pass.
	handle  func(r request) verdict
	options []sftp.ServerOption
	hide    map[string]bool // extensions that the client shall not see
	shorten bool            // the second part of every file is said to be behind its end

	mu    sync.Mutex
	conns []net.Conn
	dials int
	deaf  error // what dialing gives, if not nil
	work  sync.WaitGroup
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{t: t, host: newKey(t), user: newKey(t), files: t.TempDir(), dir: filepath.Join(t.TempDir(), "vault")}
	s.config = &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if string(key.Marshal()) != string(s.user.PublicKey().Marshal()) {
				return nil, errors.New("not this key")
			}
			return nil, nil
		},
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if c.User() != "keeper" || string(password) != "secret" {
				return nil, errors.New("not this password")
			}
			return nil, nil
		},
	}
	s.config.AddHostKey(s.host)
	s.know("server:22", s.host.PublicKey())
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

// newKey returns an SSH key whose private half is in a file too, see writeKey.
func newKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return fileKey{signer, private}
}

type fileKey struct {
	ssh.Signer
	private ed25519.PrivateKey
}

// writeKey writes a private key to a file as ssh-keygen does.
func writeKey(t testing.TB, path string, key ssh.Signer, passphrase string) {
	t.Helper()
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key.(fileKey).private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key.(fileKey).private, "", []byte(passphrase))
	}
	if err == nil {
		err = os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// know makes the known hosts file say that a host has a key.
func (s *server) know(host string, key ssh.PublicKey) {
	s.t.Helper()
	line := knownhosts.Line([]string{knownhosts.Normalize(host)}, key) + "\n"
	if err := os.WriteFile(s.knownHosts(), []byte(line), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) knownHosts() string { return filepath.Join(s.files, "known_hosts") }

// clientOptions returns what leads to the server.
func (s *server) clientOptions() Options {
	key := filepath.Join(s.files, "key")
	if _, err := os.Stat(key); err != nil {
		writeKey(s.t, key, s.user, "")
	}
	return Options{Host: "server", User: "keeper", Path: s.dir, KeyFile: key, KnownHosts: s.knownHosts(), Dial: s.dial}
}

// dial makes a connection to the server through memory.
func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials++
	if s.deaf != nil {
		return nil, s.deaf
	}
	ours, theirs := memoryConns()
	s.conns = append(s.conns, theirs)
	s.work.Go(func() { s.serve(theirs) })
	return ours, nil
}

// serve is one connection.
func (s *server) serve(raw net.Conn) {
	defer raw.Close()
	conn, channels, requests, err := ssh.NewServerConn(raw, s.config)
	if err != nil {
		return
	}
	s.work.Go(func() { ssh.DiscardRequests(requests) })
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		s.work.Go(func() {
			for r := range requests {
				r.Reply(r.Type == "subsystem", nil)
			}
		})
		s.work.Go(func() { s.session(conn, channel) })
	}
}

func (s *server) session(conn ssh.Conn, channel ssh.Channel) {
	defer conn.Close()
	inner, outer := memoryConns()
	defer outer.Close()
	backend, err := sftp.NewServer(inner, s.options...)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.work.Go(func() {
		backend.Serve()
		inner.Close()
	})
	relay := &relay{server: s, conn: conn, client: channel, backend: outer, handles: make(map[string]string), answers: make(map[uint32]func([]byte) []byte)}
	s.work.Go(func() { relay.down(); conn.Close() })
	relay.up()
}

// cut ends all connections.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// stop ends all connections and waits for all that was started for them.
func (s *server) stop() {
	s.cut()
	s.work.Wait()
}

func (s *server) setDeaf(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = err
}

func (s *server) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// open opens the folder of the server.
func (s *server) open(change ...func(*Options)) *Destination {
	s.t.Helper()
	o := s.clientOptions()
	for _, c := range change {
		c(&o)
	}
	d, err := Open(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}
