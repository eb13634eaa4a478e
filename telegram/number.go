package telegram

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gotd/td/proto/codec"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
)

// numberDelay is how long a connection that is set up may take to be ready.
const numberDelay = time.Second

// A numberError says that the configured server is not the data centre it was
// asked for as.
type numberError struct {
	asked int
	told  int // what it calls itself, 0 if it only says no
}

func (e *numberError) Error() string {
	if e.told == 0 {
		return fmt.Sprintf("%v: it is not data centre %d", ErrUnreachable, e.asked)
	}
	return fmt.Sprintf("%v: it is data centre %d and not %d", ErrUnreachable, e.told, e.asked)
}

func (e *numberError) Unwrap() []error { return []error{ErrUnreachable, ErrServerNumber} }

// A numberCheck finds out that the configured server has another number than it
// is asked for as. To gotd that is no error: it tries again, or waits for ever.
type numberCheck struct {
	dialer *dialer
	api    *tg.Client    // set before the client runs
	ready  chan struct{} // closed when the client is ready: the number is right
	wrong  func(error)   // told a *numberError
}

// watch adds what is needed to the options of a client that runs in ctx.
func (n *numberCheck) watch(ctx context.Context, o *telegram.Options) {
	o.OnDead = n.dead
	o.OnConnectionState = func(s telegram.ConnectionState) {
		if s == telegram.ConnectionStateReady { // of the connection, not of the client
			go n.ask(ctx)
		}
	}
}

// dead looks at what ended a connection: strict servers refuse a wrong number.
func (n *numberCheck) dead(err error) {
	if refusal, ok := errors.AsType[*codec.ProtocolErr](err); ok && refusal.Code == codec.CodeWrongDC && !n.over() {
		n.wrong(&numberError{asked: n.dialer.asks()})
	}
}

// ask looks why a connection is set up and the client is not ready: the server
// may tell another number.
func (n *numberCheck) ask(ctx context.Context) {
	if sleep(ctx, numberDelay) != nil || n.over() {
		return
	}
	config, err := n.api.HelpGetConfig(ctx)
	if asked := n.dialer.asks(); err == nil && config.ThisDC != 0 && config.ThisDC != asked && !n.over() {
		n.wrong(&numberError{asked: asked, told: config.ThisDC})
	}
}

func (n *numberCheck) over() bool {
	select {
	case <-n.ready:
		return true
	default:
		return false
	}
}
