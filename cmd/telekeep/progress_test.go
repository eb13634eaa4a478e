package main

import (
	"testing"
	"time"
)

// The time that is left is told when there is something to go by. What was done
// before this kind of work began says nothing.
func TestRestOfTheWork(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	p := (&ui{}).progress("sync", start)
	for _, c := range []struct {
		after       time.Duration
		done, total int64
		want        string
	}{
		{time.Second, 50, 100, ""},
		{10 * time.Second, 0, 100, ""},
		{10 * time.Second, 10, 10_000, ""},
		{10 * time.Second, 50, 100, ", 10 s left"},
		{time.Hour, 25, 100, ", 3.0 h left"},
		{time.Minute, 25, 100, ", 3 min left"},
		{48 * time.Hour, 25, 100, ", 6.0 days left"},
		{time.Hour, 100, 100, ""},
	} {
		if got := p.rest(start.Add(c.after), c.done, c.total); got != c.want {
			t.Errorf("%d of %d after %s: %q, want %q", c.done, c.total, c.after, got, c.want)
		}
	}
	p.begin(start.Add(time.Hour), 100)
	if got, want := p.rest(start.Add(time.Hour+10*time.Second), 150, 300), ", 30 s left"; got != want {
		t.Errorf("of work that began later: %q, want %q", got, want)
	}
}
