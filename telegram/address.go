package telegram

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/transport"
)

// How long a failed dial is held back, so that neither gotd's connection pool,
// which dials again at once, nor its reconnection spins.
const (
	dialTimeout   = 15 * time.Second
	dialPauseMin  = 100 * time.Millisecond
	dialPauseMost = 5 * time.Second
)

// addresses finds the data centres. With a configured server its address is the
// one for its data centre, whatever the server's own list says; all others come
// from that list.
type addresses struct {
	server tg.DCOption // ID 0: none is configured
	plain  dcs.Resolver
	dialer net.Dialer

	mu    sync.Mutex
	fault error         // of the newest dial, nil if it went well
	pause time.Duration // before the next failed dial returns
}

func newAddresses(server string, dc int) (*addresses, error) {
	a := &addresses{dialer: net.Dialer{Timeout: dialTimeout}}
	a.plain = dcs.Plain(dcs.PlainOptions{Dial: a.dial})
	if server == "" {
		return a, nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		return nil, fmt.Errorf("server %q is not host:port: %w", server, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || host == "" {
		return nil, fmt.Errorf("server %q is not host:port", server)
	}
	a.server = tg.DCOption{ID: dc, IPAddress: host, Port: int(number)}
	return a, nil
}

// list is what gotd starts with: the configured server, or Telegram's own.
func (a *addresses) list() dcs.List {
	if a.server.ID == 0 {
		return dcs.Prod()
	}
	return dcs.List{Options: []tg.DCOption{a.server}}
}

// Primary connects to data centre dc. Some servers leave their number out of
// their configuration: gotd then asks for data centre 0.
func (a *addresses) Primary(ctx context.Context, dc int, list dcs.List) (transport.Conn, error) {
	if a.server.ID != 0 && (dc == a.server.ID || dc == 0) {
		own := a.server
		own.ID = dc
		list.Options = []tg.DCOption{own}
	}
	return a.plain.Primary(ctx, dc, list)
}

// MediaOnly connects as Primary does: media is fetched from where it lies.
func (a *addresses) MediaOnly(ctx context.Context, dc int, list dcs.List) (transport.Conn, error) {
	return a.Primary(ctx, dc, list)
}

// CDN refuses: files are taken from Telegram's own data centres only.
func (a *addresses) CDN(context.Context, int, dcs.List) (transport.Conn, error) {
	return nil, fmt.Errorf("content delivery networks are not used")
}

func (a *addresses) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := a.dialer.DialContext(ctx, network, address)
	pause := a.note(err)
	if err == nil {
		return conn, nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
	return nil, err
}

// note remembers how a dial went and returns how long to hold back after it.
func (a *addresses) note(err error) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = err
	if err == nil {
		a.pause = 0
		return 0
	}
	a.pause = min(max(2*a.pause, dialPauseMin), dialPauseMost)
	return a.pause
}

// unreachable is ErrUnreachable with what went wrong last.
func (a *addresses) unreachable() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fault != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, a.fault)
	}
	return fmt.Errorf("%w: it accepts connections but does not answer", ErrUnreachable)
}
