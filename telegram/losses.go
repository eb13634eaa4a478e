package telegram

import (
	"context"
	"errors"
	"sync"

	"github.com/gotd/td/telegram"
)

// hangUps is how often the connection is lost under a call that a sync can do
// without, until the call is taken for the reason.
const hangUps = 3

// errHungUp: the server ends the connection whenever it gets this call.
var errHungUp = errors.New("the server hangs up on it")

// losses tells how often a connection that worked was lost. Safe for concurrent use.
type losses struct {
	mu   sync.Mutex
	down bool
	lost chan struct{} // closed at the next loss
}

func newLosses() *losses { return &losses{down: true} }

// attach watches a client's connection, beside whoever does already.
func (l *losses) attach(o *telegram.Options) {
	before := o.OnConnectionState
	o.OnConnectionState = func(s telegram.ConnectionState) {
		if before != nil {
			before(s)
		}
		l.state(s == telegram.ConnectionStateReady)
	}
}

func (l *losses) state(ready bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !ready && !l.down && l.lost != nil {
		close(l.lost)
		l.lost = nil
	}
	l.down = !ready
}

func (l *losses) next() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost == nil {
		l.lost = make(chan struct{})
	}
	return l.lost
}

// watch makes a context that ends, because of errHungUp, when the connection was lost
// so many times.
func (l *losses) watch(ctx context.Context, times int) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	lost := l.next()
	go func() {
		for range times {
			select {
			case <-ctx.Done():
				return
			case <-lost:
				lost = l.next()
			}
		}
		cancel(errHungUp)
	}()
	return ctx, func() { cancel(nil) }
}
