package daemon

import "time"

// A restore that was tried and worked is the only proof that a backup is one. The daemon
// has no key and can try none: it is told of those that people make, and says so when
// nobody made one for too long.

// A drillState is what is known of restores from one copy. Under Daemon.mu.
type drillState struct {
	done     mark // the last that worked
	last     mark // the last
	problems int  // that it found
}

// A Drill is a restore that somebody tried, of a part or of everything.
type Drill struct {
	Problems int // 0: all that was tried was restored as it was stored
}

// Drilled tells the daemon of a drill on a copy, at a time on the wall. Like Verified it
// may be told again and again.
func (d *Daemon) Drilled(name string, at time.Time, found Drill) {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.copyTold(name, now)
	if c == nil {
		return
	}
	s := &c.drill
	if made, ok := s.done.younger(at, now); ok && found.Problems == 0 {
		s.done = made
	}
	if made, ok := s.last.younger(at, now); ok {
		s.last, s.problems = made, found.Problems
	}
}

// undrilled is how long nobody has proved that a copy can be restored: since the last
// proof, or since the first backup. False: there is nothing yet to restore.
func (c *copyState) undrilled(now reading) (time.Duration, bool) {
	switch {
	case c.drill.done.known:
		return c.drill.done.likely(now), true
	case c.begun.known:
		return c.begun.likely(now), true
	}
	return 0, false
}

// drillOverdue reports whether a drill is overdue, and for how long there was none.
func (d *Daemon) drillOverdue(c *copyState, now reading) (time.Duration, bool) {
	age, ok := c.undrilled(now)
	return age, ok && d.plan.Limits.Drill > 0 && age > d.plan.Limits.Drill
}

// ago is a mark so long before now.
func ago(now reading, age time.Duration) mark {
	return mark{at: now.boot - age, wall: now.wall.Add(-age).UTC().Round(0), known: true}
}
