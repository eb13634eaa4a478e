package telegram

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/transport"
)

// A fakeResolver stands for the network; it remembers what was asked for.
type fakeResolver struct {
	dcs.Resolver
	err   error
	asked []tg.DCOption
}

func (f *fakeResolver) Primary(_ context.Context, dc int, list dcs.List) (transport.Conn, error) {
	f.asked = append(f.asked, dcs.FindPrimaryDCs(list.Options, dc, false)...)
	return nil, f.err
}

// The configured server is where its data centre is, whatever the server's list
// says, and where those are that are on no list; all others are where it says.
func TestDialerFindsDataCentres(t *testing.T) {
	server, err := parseServer("configured:443", 2)
	if err != nil {
		t.Fatal(err)
	}
	d, network := newDialer(server), &fakeResolver{}
	d.plain = network
	listed := dcs.List{Options: []tg.DCOption{{ID: 2, IPAddress: "listed2", Port: 1}, {ID: 4, IPAddress: "listed4", Port: 1}}}
	for dc, want := range map[int]string{2: "configured", 4: "listed4", 0: "configured", 9: "configured"} {
		network.asked = nil
		if _, err := d.Primary(t.Context(), dc, listed); err != nil || len(network.asked) != 1 || network.asked[0].IPAddress != want {
			t.Errorf("data centre %d: %v, error %v, want %s", dc, network.asked, err, want)
		}
	}
	if list := d.list(listed.Options); len(list.Options) != 3 || list.Options[0].IPAddress != "configured" {
		t.Errorf("to start with: %v", list.Options)
	}
	if list := newDialer(tg.DCOption{}).list(nil); len(list.Options) < 5 {
		t.Errorf("Telegram's own: %v", list.Options)
	}
}

// Whoever dials in a circle is slowed down, whether dialling fails or succeeds.
func TestDialerDoesNotSpin(t *testing.T) {
	for name, fault := range map[string]error{"nobody listens": errors.New("refused"), "somebody hangs up": nil} {
		inBubble(t, name, func(t *testing.T) {
			d, network := newDialer(tg.DCOption{}), &fakeResolver{err: fault, asked: nil}
			d.plain = network
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			dials := 0
			for ctx.Err() == nil {
				if _, err := d.Primary(ctx, 2, dcs.List{}); !errors.Is(err, context.DeadlineExceeded) {
					dials++
				}
			}
			most := int(time.Minute/dialWindow+1) * dialBudget
			if fault != nil {
				most = 25 // the pauses grow
			}
			if dials > most || dials < 5 {
				t.Fatalf("%d dials in a minute", dials)
			}
			synctest.Wait()
			time.Sleep(dialWindow)
		})
	}
}

// When a run ends, so do its connections, and none is made any more.
func TestDialerEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := newDialer(tg.DCOption{})
	conn, err := d.dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	d.end()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading: error %v", err)
	}
	if _, err := d.dial(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dialling: error %v", err)
	}
	closed, err := newDialer(tg.DCOption{}).dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil || len(closed.(*trackedConn).dialer.conns) != 0 {
		t.Errorf("a closed connection is remembered, error %v", err)
	}
}
