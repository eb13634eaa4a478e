package daemon

import "time"

// A backup that nobody can open any more is none. The daemon has no owner key: it is told when
// somebody proved that one opens the vault, and says so when that is too long ago.

// KeysProved tells the daemon that an owner key was proved to open the vault, at a time on
// the wall. Like Verified it may be told again and again.
func (d *Daemon) KeysProved(at time.Time) {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	if made, ok := d.vault.keys.younger(at, now); ok {
		d.vault.keys = made
	}
}

// keysOverdue reports whether that is too long ago, and for how long nobody did it: since the
// last time, or since the first backup to any copy.
func (d *Daemon) keysOverdue(now reading) (age time.Duration, overdue bool) {
	if d.vault.keys.known {
		age = d.vault.keys.likely(now)
	} else {
		for _, c := range d.copies {
			if c.begun.known {
				age = max(age, c.begun.likely(now))
			}
		}
	}
	return age, d.plan.Limits.Keys > 0 && age > d.plan.Limits.Keys
}
