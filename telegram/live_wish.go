package telegram

import (
	"context"
	"time"
)

// A wish is a look through everything that somebody waits for: what is looked through
// once an hour only, and what failed and would be tried again later, is too.

// heard takes a wish: another round is due.
func (v *live) heard(n int) {
	v.wish = max(v.wish, n)
	v.run.wished.Store(true)
	v.held, v.due = time.Time{}, time.Now()
}

// hear takes a wish that is there already.
func (v *live) hear() {
	select {
	case n := <-v.wishes:
		v.heard(n)
	default:
	}
}

// pause waits before another connection, unless somebody wishes one.
func (v *live) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case n := <-v.wishes:
		v.heard(n)
	case <-timer.C:
	}
	return nil
}

// going says that the work goes on.
func (v *live) going(quiet time.Duration) {
	if v.alive != nil {
		v.alive(quiet)
	}
}

// progress passes on how far a round is, and says that it goes on.
func (v *live) progress(pass func(Event)) func(Event) {
	return func(e Event) {
		v.going(e.Wait)
		if pass != nil {
			pass(e)
		}
	}
}
