package world

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/gotd/td/tg"
)

// What can become of a push.
const (
	PushLost    = "lost"     // it does not arrive
	PushTwice   = "twice"    // it arrives twice
	PushLate    = "late"     // it arrives behind the next one
	PushTooLong = "too-long" // updatesTooLong arrives in its place
)

// A delivery is how updates are told: pushes can go wrong on demand, and
// differences can be refused as too long.
type delivery struct {
	tooLong atomic.Int32 // so many differences more are too long

	mu   sync.Mutex
	how  string // for the next pushes
	next int
	held []func() // late ones
}

// SpoilPushes lets something happen to the next n pushes of all accounts: one of
// the Push… words.
func (w *World) SpoilPushes(how string, n int) error {
	switch how {
	case PushLost, PushTwice, PushLate, PushTooLong:
	default:
		return fmt.Errorf("pushes cannot be %q", how)
	}
	w.delivery.mu.Lock()
	defer w.delivery.mu.Unlock()
	w.delivery.how, w.delivery.next = how, n
	return nil
}

// TooLong makes the next n differences that have something to tell, of accounts
// and of channels, too long to be told.
func (w *World) TooLong(n int) { w.delivery.tooLong.Store(int32(n)) }

// isTooLong counts one difference of so many events.
func (d *delivery) isTooLong(events int) bool {
	for n := d.tooLong.Load(); events > 0 && n > 0; n = d.tooLong.Load() {
		if d.tooLong.CompareAndSwap(n, n-1) {
			return true
		}
	}
	return false
}

// deliver pushes, as it is decided for this push.
func (w *World) deliver(user int64, u *tg.Updates) {
	if w.push == nil {
		return
	}
	d := &w.delivery
	d.mu.Lock()
	how := ""
	if d.next > 0 {
		how = d.how
		d.next--
	}
	var send []func()
	now := func() { w.push(user, u) }
	switch how {
	case PushLost:
	case PushTwice:
		send = append(send, now, now)
	case PushTooLong:
		send = append(send, func() { w.push(user, &tg.UpdatesTooLong{}) })
	case PushLate:
		d.held = append(d.held, now)
	default:
		send, d.held = append([]func(){now}, d.held...), nil
	}
	d.mu.Unlock()
	for _, f := range send {
		f()
	}
}
