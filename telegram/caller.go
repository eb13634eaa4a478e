package telegram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// How often a call that got no answer is made, and how long the pauses between
// are: a call is given up after some 30 s of pauses. Of the server's own
// troubles less is borne, since a server can have one with a method for ever.
const (
	callTries     = 10
	troubleTries  = 5
	optionalTries = 2
	hangTries     = 4 // a call for a file that took all its time counts as so many
	retryPauseMin = 100 * time.Millisecond
	retryMost     = 10 * time.Second
)

// A caller makes calls to one data centre. It waits where the server asked to,
// gives every call a time limit, and makes a call again that got no answer: so
// it is for calls that only read. gotd's own connection pools do none of this.
type caller struct {
	dc    int
	next  tg.Invoker
	slots *window       // how many calls may be under way; nil: any number
	limit time.Duration // for one try, waiting for a slot not counted
	tries int           // of a call that gets no answer
	gates *gates
	log   *slog.Logger
	// quiet, if set, says that a call of this kind got no answer; see forOptional.
	quiet *atomic.Bool
	// losses, if set, say when a call is the reason that the connection is lost.
	losses *losses
	// takeout is the data export that calls are made in; nil: never any.
	takeout *takeout
	// unauthorised decides what it means that the server says 401: an error
	// that ends the session, or nil to try again.
	unauthorised func(ctx context.Context, err error) error
	// silent makes the error of a call that got no answer however often it was
	// made.
	silent func(err error) error
}

// forOptional is c for calls that a sync can do without, which have less time: least
// of all once one of them got no answer. Quiet, which they share, remembers that.
func (c *caller) forOptional(limit time.Duration, quiet *atomic.Bool) *caller {
	o := *c
	o.quiet = quiet
	o.limit, o.tries = min(limit, optionalTimeout), optionalTries
	o.silent = func(err error) error {
		quiet.Store(true)
		return fmt.Errorf("%w: %w", errSilent, err)
	}
	return &o
}

// impatient is c as long as optional calls get answers, and else c with one short try.
func (c *caller) impatient() *caller {
	if c.quiet == nil || !c.quiet.Load() {
		return c
	}
	o := *c
	o.limit, o.tries = min(c.limit, quietTimeout), 1
	return &o
}

// Invoke implements tg.Invoker.
func (c *caller) Invoke(ctx context.Context, in bin.Encoder, out bin.Decoder) error {
	c = c.impatient()
	method := methodName(in)
	pause := retryPauseMin
	for try := 1; ; {
		if err := c.gates.enter(ctx, c.dc, method); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		err := c.once(ctx, in, out)
		c.learn(err)
		if err == nil {
			c.gates.passed(c.dc, method)
			if c.quiet != nil {
				c.quiet.Store(false)
			}
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.takeout.ended(err) {
			continue
		}
		if wait, ok := tgerr.AsFloodWait(err); ok {
			if err := c.gates.flooded(c.dc, method, wait); err != nil {
				return fmt.Errorf("%s: %w", method, err)
			}
			continue // waiting is not failing: it does not count as a try
		}
		if err := c.verdict(ctx, err); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		if try++; c.slots != nil && c.tries > hangTries && errors.Is(err, context.DeadlineExceeded) {
			try += hangTries - 1
		}
		if try > c.tries || try > troubleTries && refused(err) {
			return fmt.Errorf("%s: %w", method, c.exhausted(err))
		}
		c.log.Debug("call is made again", "method", method, "dc", c.dc, "try", try)
		if err := sleep(ctx, pause/2+rand.N(pause/2)); err != nil {
			return err
		}
		pause = min(2*pause, retryMost)
	}
}

// learn lets more calls be under way after one that went through, fewer when the
// server asks for a pause or does not answer.
func (c *caller) learn(err error) {
	_, flood := tgerr.AsFloodWait(err)
	switch {
	case c.slots == nil:
	case err == nil:
		c.slots.grow()
	case flood, errors.Is(err, context.DeadlineExceeded):
		c.slots.shrink()
	}
}

// once makes one try.
func (c *caller) once(ctx context.Context, in bin.Encoder, out bin.Decoder) error {
	if c.slots != nil {
		if err := c.slots.take(ctx); err != nil {
			return err
		}
		defer c.slots.give()
	}
	if c.losses == nil {
		return callOnce(ctx, c.next, c.limit, c.takeout.wrap(in), out)
	}
	ctx, end := c.losses.watch(ctx, hangUps)
	defer end()
	err := callOnce(ctx, c.next, c.limit, c.takeout.wrap(in), out)
	if why := context.Cause(ctx); err != nil && errors.Is(why, errHungUp) {
		return why
	}
	return err
}

// verdict returns the error to end with, or nil if the call can be made again.
func (c *caller) verdict(ctx context.Context, err error) error {
	switch {
	case sessionEnded(err):
		return c.unauthorised(ctx, err)
	case errors.Is(err, errHungUp):
		return c.silent(err)
	case errors.Is(err, errClosed), errors.Is(err, errDown), undecodable(err):
		return err
	case refused(err) && !passing(err):
		return err
	}
	return nil
}

// passing tells the server's own troubles from refusals. 501 and the like say
// that a method is not there: asking again does not help.
func passing(err error) bool {
	return tgerr.IsCode(err, 500, 502, 503, 504, -500, -503) && !tgerr.Is(err, "NOT_IMPLEMENTED", "METHOD_NOT_IMPLEMENTED")
}

// exhausted is the error of a call that was made often enough. A data centre that
// goes on denying a session which the account's own takes is as good as silent.
func (c *caller) exhausted(err error) error {
	if refused(err) && !sessionEnded(err) {
		return err
	}
	return c.silent(err)
}

// callOnce makes a call. It returns when ctx ends or limit is over, even where
// gotd is still telling the server that the answer is not wanted any more, which
// takes it up to 15 s on a dead connection.
func callOnce(ctx context.Context, next tg.Invoker, limit time.Duration, in bin.Encoder, out bin.Decoder) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a := &awaited{out: out}
	done := make(chan error, 1)
	go func() { done <- next.Invoke(ctx, in, a) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		a.abandon()
		return ctx.Err()
	}
}

// awaited is where an answer goes, for as long as somebody waits for it.
type awaited struct {
	mu  sync.Mutex
	out bin.Decoder // nil when nobody does any more
}

// Decode implements bin.Decoder.
func (a *awaited) Decode(b *bin.Buffer) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.out == nil {
		return context.Canceled
	}
	raw := b.Buf
	if err := a.out.Decode(b); err != nil {
		return &undecodableError{err, bytes.Clone(raw)}
	}
	return nil
}

func (a *awaited) abandon() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.out = nil
}

// signInPatience is how long a sign-in waits in all where the server asks for
// pauses, without saying anything to the person who waits.
const signInPatience = 30 * time.Second

// single makes every call once: for calls that change something, as those of a
// sign-in do. A call that the server puts off by a short pause has changed
// nothing, and is made again.
type single struct {
	next     tg.Invoker
	limit    time.Duration // for one try
	patience time.Duration // for the pauses of one call
}

// Invoke implements tg.Invoker.
func (s single) Invoke(ctx context.Context, in bin.Encoder, out bin.Decoder) error {
	for left := s.patience; ; {
		err := callOnce(ctx, s.next, s.limit, in, out)
		wait, put := tgerr.AsFloodWait(err)
		if left -= wait + floodMargin; !put || left < 0 {
			return err
		}
		if err := sleep(ctx, wait+floodMargin); err != nil {
			return err
		}
	}
}

// methodName is the name of a request, such as messages.getHistory.
func methodName(in bin.Encoder) string {
	if named, ok := in.(interface{ TypeName() string }); ok {
		return named.TypeName()
	}
	return fmt.Sprintf("%T", in)
}
