package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// grace is how long a call whose context has ended waits for answers that are under way
// before it gives the connection up.
const grace = time.Second

// silences is how many times in a row a server may leave a keep-alive unanswered.
const silences = 3

// A conn is one connection with one SFTP session, used by many calls at once.
type conn struct {
	raw   *countedConn
	ssh   ssh.Conn
	sftp  *sftp.Client
	stall time.Duration

	once  sync.Once
	ended chan struct{} // closed after cause is set
	cause error

	calls  int  // under way; the pool's lock guards it
	uses   int  // calls so far; the pool's lock guards it
	proven bool // a call succeeded; the pool's lock guards it
}

// connect makes a connection and signs in.
func connect(ctx context.Context, o Options, l *login) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
	defer cancel()
	raw, err := o.Dial(ctx, "tcp", o.address())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	c := &conn{raw: &countedConn{Conn: raw}, stall: o.StallTimeout, ended: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() { c.end(ctx.Err()) }) // the steps below know no context
	err = c.handshake(ctx, o, l)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.end(err)
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: it did not get through with the connection in time: %w", ErrUnreachable, ctx.Err())
		}
		return nil, err
	}
	return c, nil
}

func (c *conn) handshake(ctx context.Context, o Options, l *login) error {
	check, algorithms, err := hostKeys(o)
	if err != nil {
		return err
	}
	methods, done, err := l.methods(ctx)
	if err != nil {
		return err
	}
	defer done()
	var wrongKey error
	config := &ssh.ClientConfig{User: o.User, Auth: methods, HostKeyAlgorithms: algorithms,
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error {
			wrongKey = check(address, remote, key)
			return wrongKey
		}}
	conn, channels, requests, err := ssh.NewClientConn(c.raw, o.address(), config)
	switch {
	case wrongKey != nil:
		return wrongKey
	case err != nil && strings.Contains(err.Error(), "unable to authenticate"): // there is no type for it
		return l.refused(err)
	case err != nil && strings.Contains(err.Error(), "no common algorithm for host key"):
		return fmt.Errorf("the server has no host key of a kind that %s knows for it: %w", o.KnownHosts, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	c.ssh = conn
	return c.openSession(ssh.NewClient(conn, channels, requests))
}

// openSession starts SFTP on a connection that is signed in.
func (c *conn) openSession(client *ssh.Client) error {
	session, err := client.NewSession()
	if _, refused := errors.AsType[*ssh.OpenChannelError](err); refused {
		return fmt.Errorf("the server opens no session for this login: %w", err)
	}
	if err != nil {
		return fmt.Errorf("%w: open a session: %w", ErrUnreachable, err)
	}
	in, inErr := session.StdinPipe()
	out, outErr := session.StdoutPipe()
	remarks, remarksErr := session.StderrPipe()
	if err := errors.Join(inErr, outErr, remarksErr); err != nil {
		return err
	}
	if err := session.RequestSubsystem("sftp"); err != nil {
		if strings.Contains(err.Error(), "subsystem request failed") { // there is no type for it
			return fmt.Errorf("the server has no SFTP for this login: %w", err)
		}
		return fmt.Errorf("%w: start SFTP: %w", ErrUnreachable, err)
	}
	go io.Copy(io.Discard, remarks) //nolint:errcheck // ends with the connection
	// Calls bring their own concurrency, in steps of one packet each.
	c.sftp, err = sftp.NewClientPipe(out, &endingWriter{in, c})
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errLost) {
		return fmt.Errorf("%w: the session ended as it began: %w", ErrUnreachable, err)
	}
	if err != nil {
		return fmt.Errorf("the server does not speak SFTP to this login (does its shell print something?): %w", err)
	}
	return nil
}

// end gives the connection up. The first cause counts; all calls under way fail.
func (c *conn) end(cause error) {
	c.once.Do(func() {
		c.cause = cause
		close(c.ended)
		c.raw.Close() // of no interest; it also frees writers that hang
	})
}

// gone returns why the connection has ended, or nil.
func (c *conn) gone() error {
	select {
	case <-c.ended:
		return c.cause
	default:
		return nil
	}
}

func (c *conn) has(extension string) bool {
	_, ok := c.sftp.HasExtension(extension)
	return ok
}

// A step is the work of a call on one connection. It calls moved whenever the server has
// answered, and looks at ctx between steps.
type step func(c *conn, moved func()) error

// run does the work of a call. If the connection ends meanwhile the error is a
// *lostError, if ctx does it is that of ctx.
func (c *conn) run(ctx context.Context, f step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timer := time.AfterFunc(c.stall, func() { c.end(errStalled) })
	defer timer.Stop()
	returned := make(chan struct{})
	defer close(returned)
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-returned:
		case <-time.After(grace):
			c.end(context.Cause(ctx))
		}
	})
	defer stop()
	err := f(c, func() { timer.Reset(c.stall) })
	if err == nil {
		return nil
	}
	if isLoss(err) {
		c.end(errLost)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if cause := c.gone(); cause != nil {
		return &lostError{cause}
	}
	return err
}

// later closes a file without anybody waiting for it.
func (c *conn) later(f *sftp.File) {
	go c.run(context.Background(), func(*conn, func()) error { return f.Close() }) //nolint:errcheck // it was only read
}

// watch asks a silent server whether it is there, until the connection ends. idle is
// called at every tick.
func (c *conn) watch(every time.Duration, idle func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var asking atomic.Bool
	var seen int64
	for silent := 0; ; {
		select {
		case <-c.ended:
			return
		case <-ticker.C:
		}
		idle()
		if now := c.raw.received.Load(); now != seen {
			seen, silent = now, 0
			continue
		}
		if silent++; silent > silences {
			c.end(errSilent)
			return
		}
		if asking.CompareAndSwap(false, true) {
			go func() {
				defer asking.Store(false)
				c.ssh.SendRequest("keepalive@openssh.com", true, nil) //nolint:errcheck // the answer counts as bytes received
			}()
		}
	}
}

// A countedConn counts what the server says.
type countedConn struct {
	net.Conn
	received atomic.Int64
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.received.Add(int64(n))
	return n, err
}

// An endingWriter makes a connection end on which nothing can be sent any more.
type endingWriter struct {
	io.WriteCloser
	c *conn
}

func (w *endingWriter) Write(p []byte) (int, error) {
	n, err := w.WriteCloser.Write(p)
	if err != nil {
		w.c.end(errLost)
		err = errLost // it would be io.EOF, which means another thing to readers
	}
	return n, err
}
