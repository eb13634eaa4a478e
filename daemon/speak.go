package daemon

import (
	"context"
	"errors"
	"time"
)

// A Sayer tells people who are not there.
type Sayer interface {
	// Say tells of an alarm, or of its end. It is called again if it fails.
	Say(ctx context.Context, s Saying) error
	// Well is called now and then for as long as all is well, and not otherwise:
	// who misses it knows that something is wrong. It may do nothing.
	Well(ctx context.Context) error
}

// A Saying is what people are told.
type Saying struct {
	Failure bool // false: it is over
	Again   bool // it was told before, and still is so
	Alarm   Alarm
}

// An alarmState is an alarm, and what people know of it. Under Daemon.mu.
type alarmState struct {
	alarm  Alarm
	active bool
	told   mark // that it is on
}

// How often people are told again, how often Well is called, and the pauses after a
// call that failed.
const (
	remindEvery = 24 * time.Hour
	wellEvery   = time.Hour
	sayFirst    = time.Minute
	sayMost     = time.Hour
)

// speak tells people what they do not know yet, until ctx ends.
func (d *Daemon) speak(ctx context.Context) {
	if d.o.Say == nil {
		return
	}
	pause := backoff{first: sayFirst, most: sayMost, random: d.o.Random}
	for ctx.Err() == nil {
		var failed error
		for _, s := range d.unsaid() {
			failed = errors.Join(failed, d.say(ctx, s))
		}
		if d.shouldPing() {
			failed = errors.Join(failed, d.ping(ctx))
		}
		if failed != nil {
			d.o.Log.Warn("nobody could be told", "error", failed)
			rest(ctx, pause.pause(), nil)
			continue
		}
		pause.reset()
		select {
		case <-ctx.Done():
		case <-d.tell:
		}
	}
}

// unsaid is what people do not know.
func (d *Daemon) unsaid() []Saying {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Saying
	for _, s := range d.alarms {
		switch {
		case s.active && !s.told.known:
			all = append(all, Saying{Failure: true, Alarm: s.alarm})
		case s.active && s.told.age(now) >= remindEvery:
			all = append(all, Saying{Failure: true, Again: true, Alarm: s.alarm})
		case !s.active && s.told.known:
			all = append(all, Saying{Alarm: s.alarm})
		}
	}
	return all
}

func (d *Daemon) say(ctx context.Context, s Saying) error {
	if err := d.o.Say.Say(ctx, s); err != nil {
		return err
	}
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	state := d.alarms[s.Alarm.key()]
	switch {
	case state == nil:
	case s.Failure:
		state.told = markNow(now)
	case state.active: // it came back meanwhile
		state.told = mark{}
	default:
		delete(d.alarms, s.Alarm.key())
	}
	return nil
}

func (d *Daemon) shouldPing() bool {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.well(now) && (!d.pinged.known || d.pinged.age(now) >= wellEvery)
}

func (d *Daemon) ping(ctx context.Context) error {
	if err := d.o.Say.Well(ctx); err != nil {
		return err
	}
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pinged = markNow(now)
	return nil
}
