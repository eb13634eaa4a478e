package sftp

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// How long after a failure the next connection is made: it doubles up to the longest.
// Calls wait for that no longer than patience, and fail with the last error then. A server
// that refused the login, or showed another key, is left alone for longer: many lock out
// who tries too often.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
	refusedPause = 5 * time.Minute
	patience     = 2 * time.Second
)

// A pool keeps the connections.
type pool struct {
	o     Options
	login *login

	mu       sync.Mutex
	conns    []*conn
	dialing  *attempt
	pause    chan struct{} // closed when the pause after a failure is over; nil: there is none
	length   time.Duration // of the pause
	failures int           // in a row
	last     error
	closed   bool
	work     sync.WaitGroup
}

// An attempt is a connection that is being made.
type attempt struct {
	done   chan struct{}
	cancel context.CancelFunc
	err    error // once done
}

func newPool(o Options) *pool { return &pool{o: o, login: newLogin(o)} }

// take returns a connection for one call, which must be given back.
func (p *pool) take(ctx context.Context) (*conn, error) {
	for {
		c, a, pause, err := p.choose()
		if c != nil || err != nil {
			return c, err
		}
		var done chan struct{}
		if a != nil {
			done = a.done
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-pause:
		case <-done:
			if a.err != nil && !p.hasAny() {
				return nil, a.err
			}
		}
	}
}

// choose returns a connection to use, or what to wait for: an attempt or the end of the
// pause.
func (p *pool) choose() (*conn, *attempt, chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, nil, errClosed
	}
	best := p.leastBusy()
	if best != nil && (best.calls == 0 || len(p.conns) >= p.o.Connections || p.pause != nil) {
		best.calls++
		best.uses++
		return best, nil, nil, nil
	}
	if p.pause != nil {
		if p.length > patience {
			return nil, nil, nil, p.last
		}
		return nil, nil, p.pause, nil
	}
	if p.dialing == nil {
		p.dial()
	}
	return nil, p.dialing, nil, nil
}

func (p *pool) leastBusy() *conn {
	p.conns = slices.DeleteFunc(p.conns, func(c *conn) bool { return c.gone() != nil })
	if len(p.conns) == 0 {
		return nil
	}
	return slices.MinFunc(p.conns, func(a, b *conn) int { return a.calls - b.calls })
}

func (p *pool) hasAny() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leastBusy() != nil
}

// dial starts making a connection. The lock is held.
func (p *pool) dial() {
	ctx, cancel := context.WithCancel(context.Background()) // whoever wanted it first may leave
	a := &attempt{done: make(chan struct{}), cancel: cancel}
	p.dialing = a
	p.work.Go(func() {
		defer cancel()
		c, err := connect(ctx, p.o, p.login)
		p.dialled(a, c, err)
	})
}

func (p *pool) dialled(a *attempt, c *conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(a.done)
	p.dialing = nil
	if p.closed && c != nil {
		c.end(errClosed)
		err = errClosed
	}
	if err != nil {
		a.err = err
		p.failed(err)
		return
	}
	p.conns = append(p.conns, c)
	p.work.Go(func() {
		c.sftp.Wait() //nolint:errcheck // it says less than what is known here
		c.end(errLost)
		p.left(c)
	})
	p.work.Go(func() { c.watch(p.o.KeepAlive, p.idler(c)) })
}

// left notes that a connection has ended.
func (p *pool) left(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cause := c.gone()
	if cause == errIdle || errors.Is(cause, errClosed) || errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return
	}
	p.failed(&lostError{cause})
}

// failed makes everybody pause before the next connection is made. The lock is held.
func (p *pool) failed(err error) {
	p.last = err
	if p.pause != nil || p.closed {
		return
	}
	p.length = min(firstPause<<min(p.failures, 10), longestPause)
	if _, strange := errors.AsType[*HostKeyError](err); strange || errors.Is(err, ErrLogin) {
		p.length = refusedPause
	}
	p.failures++
	pause := make(chan struct{})
	p.pause = pause
	time.AfterFunc(p.length*3/4+rand.N(p.length/2), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pause = nil
		close(pause)
	})
}

// give takes a connection back after a call.
func (p *pool) give(c *conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.calls--
	if _, lost := errors.AsType[*lostError](err); !lost && !c.proven {
		c.proven = true // making connections is of use
		p.failures = 0
	}
}

// idler returns a function that ends a connection which nobody has used for long, if it
// is called once every KeepAlive.
func (p *pool) idler(c *conn) func() {
	var seen int
	var idle time.Duration
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if c.calls > 0 || c.uses != seen {
			seen, idle = c.uses, 0
			return
		}
		if idle += p.o.KeepAlive; idle >= p.o.IdleTimeout {
			c.end(errIdle)
		}
	}
}

// close ends all connections and waits until what looks after them has ended.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	if p.dialing != nil {
		p.dialing.cancel()
	}
	for _, c := range p.conns {
		c.end(errClosed)
	}
	p.mu.Unlock()
	p.work.Wait()
}
