package telegram

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/telegram"
)

var (
	// errClosed: the client is shutting down.
	errClosed = errors.New("connections are closed")
	// errDown: a data centre was given up for the rest of the run.
	errDown = errors.New("the data centre cannot be reached")
)

// How long connecting to a data centre may take, and how often in a row it may fail
// before the data centre is given up. gotd goes on trying for as long as it may.
const (
	openTimeout = 20 * time.Second
	openTries   = 3
)

// poolIdle is how long connections stay that nobody uses.
const poolIdle = 2 * time.Minute

// A pool is the connections to one data centre; each carries one request at a
// time. gotd's own pool loses a connection for good when the caller's time runs
// out while it is being made, and never asks for authorisation again: so after
// a call that hung or was refused with 401 this one starts over with a new one.
type pool struct {
	open  func(context.Context) (telegram.CloseInvoker, error)
	slots *window        // see caller; each connection carries one request at a time
	busy  sync.WaitGroup // closings under way
	idle  time.Duration  // how long connections stay that nobody uses

	mu    sync.Mutex // guards the next two
	users int        // calls under way
	quiet *time.Timer

	turn    turn // guards what follows
	current telegram.CloseInvoker
	failed  int   // times in a row that no connection was made
	ended   error // why nobody tries any more
}

func newPool(connections int, open func(context.Context) (telegram.CloseInvoker, error)) *pool {
	return &pool{open: open, slots: newWindow(connections), idle: poolIdle, turn: newTurn()}
}

// Invoke implements tg.Invoker.
func (p *pool) Invoke(ctx context.Context, in bin.Encoder, out bin.Decoder) error {
	p.begin()
	defer p.end()
	conns, err := p.get(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			p.renew(conns) // at once: Invoke may be busy for some time yet
		}
	})
	defer stop()
	err = conns.Invoke(ctx, in, out)
	if sessionEnded(err) {
		p.renew(conns)
	}
	return err
}

// begin notes a call.
func (p *pool) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users++
	if p.quiet != nil {
		p.quiet.Stop()
		p.quiet = nil
	}
}

// end notes the end of a call. Behind the last one the connections stay for a while.
func (p *pool) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users--; p.users == 0 {
		p.quiet = time.AfterFunc(p.idle, p.rest)
	}
}

// rest closes connections that nobody has used for some time.
func (p *pool) rest() {
	_ = p.turn.take(context.Background())
	defer p.turn.give()
	p.mu.Lock()
	users, conns := p.users, p.current
	p.mu.Unlock()
	if users > 0 || conns == nil {
		return // somebody wants them who waits for the turn
	}
	p.current = nil
	p.busy.Go(func() { _ = conns.Close() })
}

func (p *pool) get(ctx context.Context) (telegram.CloseInvoker, error) {
	if err := p.turn.take(ctx); err != nil {
		return nil, err
	}
	defer p.turn.give()
	if p.ended != nil {
		return nil, p.ended
	}
	if p.current == nil {
		if err := p.connect(ctx); err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
	}
	return p.current, nil
}

// connect opens new connections. What the server refuses, and a caller who does
// not wait any more, say nothing of the way there.
func (p *pool) connect(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	opened, err := p.open(limited)
	switch {
	case err == nil:
		p.current, p.failed = opened, 0
		return nil
	case refused(err), ctx.Err() != nil:
		return err
	}
	if p.failed++; p.failed == openTries {
		p.ended = fmt.Errorf("%w: %w", errDown, err)
		return p.ended
	}
	return err
}

// renew closes conns, unless somebody did already; the next call opens new ones.
func (p *pool) renew(conns telegram.CloseInvoker) {
	_ = p.turn.take(context.Background())
	defer p.turn.give()
	if p.current != conns {
		return
	}
	p.current = nil
	p.busy.Go(func() { _ = conns.Close() })
}

// giveUp makes every further call fail at once.
func (p *pool) giveUp(err error) {
	_ = p.turn.take(context.Background())
	defer p.turn.give()
	if p.ended == nil {
		p.ended = err
	}
}

// revive tries a data centre again that was given up.
func (p *pool) revive() {
	_ = p.turn.take(context.Background())
	defer p.turn.give()
	if errors.Is(p.ended, errDown) {
		p.ended, p.failed = nil, 0
	}
}

// down gives the data centre up because of err, and returns why.
func (p *pool) down(err error) error {
	err = fmt.Errorf("%w: %w", errDown, err)
	p.giveUp(err)
	return err
}

// close ends all connections and waits for them.
func (p *pool) close() {
	p.giveUp(errClosed)
	p.mu.Lock()
	if p.quiet != nil {
		p.quiet.Stop()
	}
	p.mu.Unlock()
	_ = p.turn.take(context.Background())
	conns := p.current
	p.current = nil
	p.turn.give()
	if conns != nil {
		_ = conns.Close()
	}
	p.busy.Wait()
}
