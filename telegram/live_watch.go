package telegram

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"telekeep/archive"
)

// watch takes pushes, and asks for what they do not tell, until it is time for
// another round.
func (v *live) watch(ctx context.Context) error {
	v.answered()
	for {
		v.going(quietTick)
		if err := v.take(ctx); err != nil {
			return err
		}
		v.probe()
		if err := v.askAll(ctx); err != nil {
			return err
		}
		if err := v.run.commitIfDue(ctx); err != nil {
			return err
		}
		v.connection()
		if err := v.complete(ctx); err != nil {
			return err
		}
		if v.changed() {
			v.tell(Notice{State: v.state})
		}
		now := time.Now()
		if !now.Before(v.due) {
			return ctx.Err()
		}
		timer := time.NewTimer(max(time.Millisecond, min(v.next().Sub(now), v.pace())))
		select {
		case <-ctx.Done():
		case <-v.in.wake:
		case n := <-v.wishes:
			v.heard(n)
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// pace is how long nothing need be looked at.
func (v *live) pace() time.Duration {
	if v.state == FollowLive && v.completed && v.run.media.idle() && v.in.gone() == 0 {
		return quietTick
	}
	return tick
}

// probePause is about how long the server is asked nothing while nothing happens. A session
// that was ended makes no noise: the connection stays, and answers calls alone. The answer
// to this one also tells whether a push was lost.
const probePause = 15 * time.Minute

// probe asks for what happened if nothing was asked for long. A connection that is away has
// it asked anyway when it is back.
func (v *live) probe() {
	now := time.Now()
	if now.Before(v.probeAt) {
		return
	}
	if v.answered(); v.in.gone() == 0 {
		v.box("").want(now)
	}
}

// answered notes that the server answered something: the next probe is some time off, and
// not for all who lost the same server at once.
func (v *live) answered() {
	v.probeAt = time.Now().Add(v.probePause*4/5 + rand.N(v.probePause*2/5))
}

// connection gives notice of a connection that is away, and of one that is back.
func (v *live) connection() {
	state, gone := FollowLive, v.in.gone()
	if gone >= offlineAfter {
		state = FollowOffline
	}
	if gone > 0 && gone < offlineAfter || state == v.state {
		return
	}
	if state == FollowLive {
		v.hurry() // what was given up meanwhile is tried again
	}
	v.state = state
	v.tell(Notice{State: state})
}

// next is when something is to be done.
func (v *live) next() time.Time {
	at := v.due
	if v.probeAt.Before(at) {
		at = v.probeAt
	}
	for _, b := range v.boxes {
		if !b.ask.IsZero() && b.ask.Before(at) {
			at = b.ask
		}
	}
	for _, look := range v.looks {
		if look.Before(at) {
			at = look
		}
	}
	return at
}

// askAll asks for everything that is due, and puts the answers onto the disk.
func (v *live) askAll(ctx context.Context) error {
	now, before := time.Now(), v.run.steps.Load()
	if err := v.askFor(ctx, now); err != nil || v.run.steps.Load() == before {
		return err
	}
	return archived(v.run.archive.Sync())
}

func (v *live) askFor(ctx context.Context, now time.Time) error {
	for _, id := range slices.Sorted(maps.Keys(v.boxes)) {
		if b := v.boxes[id]; !b.ask.IsZero() && !b.ask.After(now) {
			if err := v.ask(ctx, id); err != nil {
				return err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.looks)) {
		c := v.run.chats[id]
		if v.looks[id].After(now) {
			continue
		}
		delete(v.looks, id)
		if c == nil {
			continue
		}
		v.looked[id] = now
		if err := v.run.missed(ctx, c); err != nil { // a refusal is none
			return err
		}
	}
	if err := v.run.fetchEmoji(ctx, 1); err != nil {
		return err
	}
	for id := range v.renamed {
		delete(v.renamed, id)
		if err := v.run.lookAt(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// ask asks for what is missing in a sequence.
func (v *live) ask(ctx context.Context, id archive.PeerID) error {
	r := v.run
	if id == "" {
		if err := r.updates(ctx); err != nil {
			return err
		}
		v.answered()
		if slices.ContainsFunc(r.order, func(c *chat) bool { return c.included && c.state.Rescan != nil }) {
			v.hurry() // the server could not tell everything
		}
	} else if err := v.askChannel(ctx, id); err != nil {
		return err
	}
	told := !r.untold
	g := newGathering()
	v.release(g, id)
	if err := v.store(ctx, g); err != nil {
		return err
	}
	count, _ := v.count(id)
	v.box(id).asked(count, told, time.Now())
	return nil
}

// askChannel asks what happened to a channel, and reads its history where the
// server could not tell everything. That one cannot be read ends nothing.
func (v *live) askChannel(ctx context.Context, id archive.PeerID) error {
	r, c := v.run, v.run.chats[id]
	if c == nil || !c.included {
		return nil
	}
	err := r.read(ctx, c, func(ctx context.Context, c *chat) error {
		err := r.channelDifferences(ctx, c)
		if err == nil && (c.state.Rescan != nil || !c.state.Covered.has(c.dialog.TopMessage)) {
			err = r.chat(ctx, c)
		}
		return err
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case ends(err):
		return err
	}
	v.box(id).held = nil
	r.fail(c, err)
	return nil
}
