package sftp

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"
)

// Options say where the folder is and how to get there. Host, User and KnownHosts are
// needed, and one of KeyFile, Agent and Password.
type Options struct {
	// Host is a name or an address, without port.
	Host string
	// Port is 22 if it is 0.
	Port int
	// User is the login on the server.
	User string
	// Path is the folder, with slashes; one that does not start with a slash is below
	// the folder that the server puts the login into. "" is that folder itself.
	Path string

	// KeyFile is a private SSH key in a file, as ssh-keygen makes it.
	KeyFile string
	// Passphrase, if not nil, is asked for the passphrase of a sealed KeyFile, once.
	Passphrase func() (string, error)
	// Agent is the path of the socket of an SSH agent.
	Agent string
	// Password, if not nil, is asked for the password of the login, at each connection.
	Password func() (string, error)
	// KnownHosts is the file with the host keys that are trusted, in OpenSSH's form. It
	// is read anew at each connection. Certificates of hosts are not supported.
	KnownHosts string

	// Connections is how many connections there are at most. Default 4.
	Connections int
	// ConnectTimeout is how long making one may take. Default 20 s.
	ConnectTimeout time.Duration
	// StallTimeout is how long the server may take over the next step of a call: drives
	// that sleep, and large fsyncs, need time. Default 90 s.
	StallTimeout time.Duration
	// KeepAlive is after how much silence the server is asked whether it is there; after
	// three unanswered times the connection is given up. Default 15 s.
	KeepAlive time.Duration
	// IdleTimeout is after how long without a call a connection is closed. Default 5 min.
	IdleTimeout time.Duration

	// Dial, if not nil, makes the connection below SSH.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o Options) withDefaults() (Options, error) {
	switch {
	case o.Host == "":
		return o, errors.New("no host given")
	case o.User == "":
		return o, errors.New("no login given: which user is it on the server?")
	case o.KnownHosts == "":
		return o, errors.New("no file of known host keys given")
	case o.KeyFile == "" && o.Agent == "" && o.Password == nil:
		return o, errors.New("no SSH key, no SSH agent and no password given")
	}
	setDefault(&o.Port, 22)
	setDefault(&o.Connections, 4)
	setDefault(&o.ConnectTimeout, 20*time.Second)
	setDefault(&o.StallTimeout, 90*time.Second)
	setDefault(&o.KeepAlive, 15*time.Second)
	setDefault(&o.IdleTimeout, 5*time.Minute)
	if o.Path == "" {
		o.Path = "."
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return o, nil
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// address is host:port.
func (o Options) address() string { return net.JoinHostPort(o.Host, strconv.Itoa(o.Port)) }
