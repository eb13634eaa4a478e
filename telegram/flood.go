package telegram

import (
	"context"
	"sync"
	"time"
)

// How a method that was told to wait comes back: the wait and a margin (the
// server counts whole seconds), then calls at a pace that starts slow and
// quickens with every call that goes through.
const (
	floodMargin = 300 * time.Millisecond
	paceMin     = 20 * time.Millisecond
	paceMost    = 2 * time.Second
)

// gates hold calls back where the server asked for a pause: one gate for each
// method at each data centre, so that a pause for files does not stop history.
// Safe for concurrent use.
type gates struct {
	longest time.Duration // a longer wait is an error instead
	notify  func(FloodError)

	mu     sync.Mutex
	gates  map[gateName]*gate
	waited time.Duration // all pauses asked for, without overlaps
}

type gateName struct {
	dc     int
	method string
}

// gate is the gate of one method at one data centre.
type gate struct {
	closings int           // pauses that are running
	opened   chan struct{} // closed when the last of them ends
	refusal  *FloodError   // set while a pause runs that is too long to wait for
	pace     time.Duration // least time between two calls, 0 for none
	turn     chan struct{} // held by the call that is waiting for its pace
}

func newGates(longest time.Duration, notify func(FloodError)) *gates {
	return &gates{longest: longest, notify: notify, gates: map[gateName]*gate{}}
}

func (g *gates) at(dc int, method string) *gate {
	name := gateName{dc, method}
	found, ok := g.gates[name]
	if !ok {
		found = &gate{turn: make(chan struct{}, 1)}
		g.gates[name] = found
	}
	return found
}

// enter waits until the method may be called. It returns a *FloodError at once
// where the pause is too long.
func (g *gates) enter(ctx context.Context, dc int, method string) error {
	for {
		g.mu.Lock()
		gate := g.at(dc, method)
		opened, refusal, pace := gate.opened, gate.refusal, gate.pace
		g.mu.Unlock()
		switch {
		case refusal != nil:
			return refusal
		case opened != nil:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-opened:
			}
		case pace > 0:
			return gate.wait(ctx, pace)
		default:
			return ctx.Err()
		}
	}
}

// wait lets one call through after the time of the pace.
func (g *gate) wait(ctx context.Context, pace time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case g.turn <- struct{}{}:
	}
	defer func() { <-g.turn }()
	return sleep(ctx, pace)
}

// flooded closes the gate for the time the server asked for. It returns a
// *FloodError if that is longer than anybody should wait here.
func (g *gates) flooded(dc int, method string, wait time.Duration) error {
	told := FloodError{Method: method, DC: dc, Wait: wait}
	g.mu.Lock()
	gate := g.at(dc, method)
	first := gate.closings == 0
	if first {
		gate.opened = make(chan struct{})
		gate.pace = min(max(2*gate.pace, paceMin), paceMost)
		g.waited += wait
	}
	if wait > g.longest {
		gate.refusal = &told
	}
	gate.closings++
	time.AfterFunc(wait+floodMargin, func() { g.reopen(gate) })
	refused := gate.refusal != nil
	g.mu.Unlock()
	if first && g.notify != nil {
		g.notify(told)
	}
	if refused {
		return &told
	}
	return nil
}

func (g *gates) reopen(gate *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gate.closings--
	if gate.closings == 0 {
		close(gate.opened)
		gate.opened, gate.refusal = nil, nil
	}
}

// passed says that a call went through: the pace quickens.
func (g *gates) passed(dc int, method string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gate := g.at(dc, method)
	if gate.pace -= gate.pace / 16; gate.pace < paceMin/2 {
		gate.pace = 0
	}
}

// total is how long the server asked to wait, all pauses together.
func (g *gates) total() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waited
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
