package daemon

import (
	"maps"
	"slices"
	"time"
)

// beatSlack is how late a loop may be with saying that it goes on: one call to a server
// that does not answer takes a minute or two, a commit to a slow drive some minutes.
const beatSlack = 10 * time.Minute

// beat says that a loop went on, and may be silent for as long as quiet from now. The
// supervisor is fed by that alone, and only while no loop is late: a process that only
// keeps its timers running starves.
func (d *Daemon) beat(loop string, quiet time.Duration) {
	now := time.Now()
	d.mu.Lock()
	d.beats[loop] = now.Add(quiet + beatSlack)
	feed := d.o.Watchdog > 0 && now.Sub(d.fed) >= d.o.Watchdog/4 && d.lateLoop(now) == ""
	if feed {
		d.fed = now
	}
	d.mu.Unlock()
	if feed {
		d.o.Supervisor.Notify(Note{Kind: NoteAlive})
	}
}

// unbeat says that a loop ended as it should.
func (d *Daemon) unbeat(loop string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.beats, loop)
}

// lateLoop names a loop that is late, "" if none is. The caller holds mu.
func (d *Daemon) lateLoop(now time.Time) string {
	for _, loop := range slices.Sorted(maps.Keys(d.beats)) {
		if now.After(d.beats[loop]) {
			return loop
		}
	}
	return ""
}
