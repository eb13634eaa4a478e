package telegram

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/transport"
)

// How long a failed dial is held back, and how many connections are made in how
// much time at most: gotd's connection pools dial again at once, whether nobody
// listens or whoever does hangs up.
const (
	dialTimeout   = 15 * time.Second
	dialPauseMin  = 100 * time.Millisecond
	dialPauseMost = 5 * time.Second
	dialBudget    = 40
	dialWindow    = 10 * time.Second
	cdnPause      = time.Second
)

// parseServer makes a data centre of host:port; ID 0 if server is "".
func parseServer(server string, dc int) (tg.DCOption, error) {
	if server == "" {
		return tg.DCOption{}, nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		return tg.DCOption{}, fmt.Errorf("server %q is not host:port: %w", server, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || host == "" {
		return tg.DCOption{}, fmt.Errorf("server %q is not host:port", server)
	}
	return tg.DCOption{ID: dc, IPAddress: host, Port: int(number)}, nil
}

// A dialer finds the data centres and connects to them, for one run. With a
// configured server its address is the one for its data centre, whatever the
// server's own list says, and for those not on it; all others come from that list.
type dialer struct {
	server tg.DCOption // ID 0: none is configured
	plain  dcs.Resolver
	budget chan struct{} // holds one token for each connection of the window

	mu    sync.Mutex
	conns map[*trackedConn]struct{}
	ended bool
	asked int           // the data centre of the newest try
	fault error         // of the newest try, nil if it went well
	pause time.Duration // before the next failed dial returns
}

func newDialer(server tg.DCOption) *dialer {
	d := &dialer{server: server, budget: make(chan struct{}, dialBudget), conns: map[*trackedConn]struct{}{}}
	d.plain = dcs.Plain(dcs.PlainOptions{Dial: d.dial})
	return d
}

// list is the data centres to start with: the configured server and those of
// an earlier run, or Telegram's own.
func (d *dialer) list(known []tg.DCOption) dcs.List {
	if d.server.ID == 0 {
		return dcs.Prod()
	}
	return dcs.List{Options: append([]tg.DCOption{d.server}, known...)}
}

// Primary connects to data centre dc. Some servers leave their number out of
// their configuration: gotd then asks for data centre 0. Others leave out their
// address: what is on nobody's list can only be the configured server.
func (d *dialer) Primary(ctx context.Context, dc int, list dcs.List) (transport.Conn, error) {
	d.ask(dc)
	unlisted := len(dcs.FindPrimaryDCs(list.Options, dc, false)) == 0
	if d.server.ID != 0 && (dc == d.server.ID || dc == 0 || unlisted) {
		own := d.server
		own.ID = dc
		list.Options = []tg.DCOption{own}
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case d.budget <- struct{}{}:
		time.AfterFunc(dialWindow, func() { <-d.budget })
	}
	conn, err := d.plain.Primary(ctx, dc, list)
	d.hold(ctx, err)
	return conn, err
}

// MediaOnly connects as Primary does: media is fetched from where it lies.
func (d *dialer) MediaOnly(ctx context.Context, dc int, list dcs.List) (transport.Conn, error) {
	return d.Primary(ctx, dc, list)
}

// CDN connects to data centre dc of the content delivery network, where the
// server's list says it is.
func (d *dialer) CDN(ctx context.Context, dc int, list dcs.List) (transport.Conn, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case d.budget <- struct{}{}:
		time.AfterFunc(dialWindow, func() { <-d.budget })
	}
	conn, err := d.plain.CDN(ctx, dc, list)
	if err != nil {
		_ = sleep(ctx, cdnPause)
	}
	return conn, err
}

// ask and asks remember which data centre was asked for last.
func (d *dialer) ask(dc int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = dc
}

func (d *dialer) asks() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// hold remembers how a try went, and waits after one that failed.
func (d *dialer) hold(ctx context.Context, err error) {
	d.mu.Lock()
	d.fault = err
	if err == nil {
		d.pause = 0
	} else {
		d.pause = min(max(2*d.pause, dialPauseMin), dialPauseMost)
	}
	pause := d.pause
	d.mu.Unlock()
	// Not all at the same moment: those who lost a server together come back apart.
	_ = sleep(ctx, pause*3/4+rand.N(pause/2+1))
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	tracked := &trackedConn{Conn: conn, dialer: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	d.conns[tracked] = struct{}{}
	return tracked, nil
}

// end closes all connections: while gotd exchanges keys it does not look at its
// context for half a minute.
func (d *dialer) end() {
	d.mu.Lock()
	d.ended = true
	conns := d.conns
	d.conns = map[*trackedConn]struct{}{}
	d.mu.Unlock()
	for c := range conns {
		_ = c.Conn.Close()
	}
}

// unreachable is ErrUnreachable with what went wrong last.
func (d *dialer) unreachable() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, d.fault)
	}
	return fmt.Errorf("%w: it accepts connections but does not answer (nor would it if the clock here is wrong)", ErrUnreachable)
}

// A trackedConn is a connection that its dialer can close.
type trackedConn struct {
	net.Conn
	dialer *dialer
}

// Close implements net.Conn.
func (c *trackedConn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.conns, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}
