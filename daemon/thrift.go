package daemon

import (
	"context"
	"errors"
	"strings"
)

// A Thrift is what is not done while it would cost something: on a link that is paid for
// by the byte, or on a battery.
type Thrift int

// What waits. While anything does, nothing is verified either.
const (
	ThriftNone  Thrift = iota // nothing
	ThriftMedia               // media; messages are small, and are fetched
	ThriftAll                 // everything
)

// String is the word for it in a Status.
func (t Thrift) String() string { return [...]string{"nothing", "media", "everything"}[t] }

// Surroundings are what the machine is connected to, as far as anybody knows.
type Surroundings struct {
	Metered bool // the link to the network is paid for by the byte
	Battery bool // there is no mains power
}

// ErrHeld says that something waits for a link that costs nothing, or for mains power, as
// the plan wants it.
var ErrHeld = errors.New("it waits")

// A heldError is an ErrHeld that says for what.
type heldError struct{ words string }

func (e *heldError) Error() string        { return e.words }
func (e *heldError) Is(target error) bool { return target == ErrHeld }

// A Held is what waits, and why.
type Held struct {
	What string   `json:"what"` // "media", or "everything"
	Why  []string `json:"why"`  // "metered", "battery"
	Age  float64  `json:"age_seconds"`
}

// Surroundings tells the daemon what the machine is connected to now.
func (d *Daemon) Surroundings(s Surroundings) {
	d.mu.Lock()
	d.around = s
	events := d.economise()
	d.mu.Unlock()
	for _, e := range events {
		d.event(e)
	}
}

// economise applies the plan to the surroundings. The caller holds mu.
func (d *Daemon) economise() []Event {
	thrift, why := ThriftNone, []string{}
	for _, one := range []struct {
		is   bool
		want Thrift
		word string
	}{{d.around.Metered, d.plan.Metered, "metered"}, {d.around.Battery, d.plan.Battery, "battery"}} {
		if one.is && one.want > ThriftNone {
			thrift, why = max(thrift, one.want), append(why, one.word)
		}
	}
	before := d.thrift
	d.thrift, d.thriftWhy = thrift, why
	if thrift == before {
		return nil
	}
	d.thriftSince = markNow(d.o.Clock.read())
	if thrift > ThriftNone && d.verifying != "" {
		d.stopVerify()
	}
	if thrift == ThriftAll {
		for _, a := range d.accounts {
			if a.stop != nil {
				a.stop()
			}
			a.answer(wishAnswer{err: d.held()}, a.wish)
		}
	}
	d.stir()
	text := "nothing waits any more"
	if thrift > ThriftNone {
		text = d.held().Error()
	}
	return []Event{{Kind: EventThrift, Text: text}}
}

// held says what waits for what; nil: nothing. The caller holds mu.
func (d *Daemon) held() error {
	if d.thrift == ThriftNone {
		return nil
	}
	words := map[string]string{"metered": "the link to the network is metered", "battery": "the machine runs on its battery"}
	var why []string
	for _, w := range d.thriftWhy {
		why = append(why, words[w])
	}
	return &heldError{d.thrift.String() + " waits: " + strings.Join(why, ", and ")}
}

// heldStatus is for a Status. The caller holds mu.
func (d *Daemon) heldStatus(now reading) *Held {
	if d.thrift == ThriftNone {
		return nil
	}
	return &Held{What: d.thrift.String(), Why: d.thriftWhy, Age: d.thriftSince.seconds(now)}
}

// room waits until media of an account may be fetched. Who wished to have everything is
// not kept waiting for that.
func (d *Daemon) room(ctx context.Context, a *account) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.thrift == ThriftNone {
		return ctx.Err()
	}
	a.blocked++
	defer func() { a.blocked-- }()
	for d.thrift > ThriftNone && ctx.Err() == nil {
		a.answer(wishAnswer{err: d.held()}, a.wish)
		changed := d.changed
		d.mu.Unlock()
		rest(ctx, forever, changed)
		d.mu.Lock()
	}
	return ctx.Err()
}
