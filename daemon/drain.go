package daemon

import (
	"context"
	"fmt"
	"time"
)

// drainLooks is how often, within Options.Drain, it is looked whether the end gets on.
const drainLooks = 15

// drain waits for the end of the work. For as long as that gets on it is given more time,
// and the supervisor is told, up to Options.DrainMost.
func (d *Daemon) drain(kept <-chan error) error {
	most := time.NewTimer(d.o.DrainMost)
	defer most.Stop()
	limit := time.NewTimer(d.o.Drain)
	defer limit.Stop()
	ticker := time.NewTicker(d.o.Drain / drainLooks)
	defer ticker.Stop()
	for before := d.gotOn(); ; {
		select {
		case err := <-kept:
			return err
		case <-ticker.C:
			if now := d.gotOn(); now != before {
				before = now
				limit.Reset(d.o.Drain)
				d.o.Supervisor.Notify(Note{Kind: NoteDraining})
			}
		case <-limit.C:
			return fmt.Errorf("%w: nothing got on for %v", ErrNotDurable, d.o.Drain)
		case <-most.C:
			return fmt.Errorf("%w: it took longer than %v", ErrNotDurable, d.o.DrainMost)
		}
	}
}

// gotOn is a number that changes while work gets on.
func (d *Daemon) gotOn() int64 {
	d.mu.Lock()
	s := d.vault.session
	d.mu.Unlock()
	n := d.pulse.Load()
	if s != nil {
		n += s.Written()
	}
	return n
}

// patient is a context for the last work in a session. It outlives ctx, and ends when
// nothing was written for Options.Drain, or after Options.DrainMost.
func (d *Daemon) patient(ctx context.Context, s Session) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.o.DrainMost)
	go func() {
		ticker := time.NewTicker(d.o.Drain / drainLooks)
		defer ticker.Stop()
		before, at := s.Written(), time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if now := s.Written(); now != before {
				before, at = now, time.Now()
			}
			if time.Since(at) >= d.o.Drain {
				cancel()
			}
		}
	}()
	return ctx, cancel
}
