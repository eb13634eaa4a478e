package telegram

import (
	"context"
	"sync"
	"time"

	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
)

// maxPushed bounds the memory of an inbox. What is beyond is asked for again.
const maxPushed = 5000

// An inbox takes what the server pushes, until somebody has time for it. It never
// makes the connection wait. Safe for concurrent use.
type inbox struct {
	wake chan struct{} // holds one token if something came

	mu   sync.Mutex
	open bool // somebody will look into it
	list []tg.UpdatesClass
	lost bool      // pushes may be missing: ask for the difference
	down time.Time // since when there is no connection; zero: there is one
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// attach makes the inbox the place of a client's updates. One that nobody looks
// into is needed too: without a handler gotd wraps every call in
// invokeWithoutUpdates. First sees every push before.
func (i *inbox) attach(o *telegram.Options, first func(tg.UpdatesClass)) {
	o.UpdateHandler = telegram.UpdateHandlerFunc(func(ctx context.Context, u tg.UpdatesClass) error {
		first(u)
		return i.Handle(ctx, u)
	})
	before := o.OnConnectionState
	o.OnConnectionState = func(s telegram.ConnectionState) {
		if before != nil {
			before(s)
		}
		i.state(s)
	}
}

// listen opens the inbox: until then everything is thrown away.
func (i *inbox) listen() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.open, i.list, i.lost = true, nil, false
}

// Handle implements telegram.UpdateHandler.
func (i *inbox) Handle(_ context.Context, u tg.UpdatesClass) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case !i.open:
		return nil
	case len(i.list) >= maxPushed:
		i.list, i.lost = nil, true
	default:
		i.list = append(i.list, u)
	}
	i.signal()
	return nil
}

// state watches the connection: what was pushed while there was none is lost.
func (i *inbox) state(s telegram.ConnectionState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case s == telegram.ConnectionStateReady:
		i.lost, i.down = true, time.Time{}
	case i.down.IsZero():
		i.down = time.Now()
	default:
		return
	}
	i.signal()
}

// gone is how long there has been no connection, 0 if there is one.
func (i *inbox) gone() time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.down.IsZero() {
		return 0
	}
	return time.Since(i.down)
}

func (i *inbox) signal() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// take empties the inbox.
func (i *inbox) take() (list []tg.UpdatesClass, lost bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	list, lost = i.list, i.lost
	i.list, i.lost = nil, false
	return list, lost
}
