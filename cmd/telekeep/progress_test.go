package main

import (
	"testing"
	"time"
)

// The time that is left is told when there is something to go by, and "at least"
// while more work may come.
func TestRestOfTheWork(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	p := (&ui{}).progress("sync", start)
	for _, c := range []struct {
		after       time.Duration
		done, total int64
		more        bool
		want        string
	}{
		{time.Second, 50, 100, false, ""},
		{10 * time.Second, 0, 100, false, ""},
		{10 * time.Second, 10, 10_000, false, ""},
		{10 * time.Second, 50, 100, false, ", 10 s left"},
		{10 * time.Second, 50, 100, true, ", at least 10 s left"},
		{time.Hour, 25, 100, false, ", 3.0 h left"},
		{time.Minute, 25, 100, false, ", 3 min left"},
		{48 * time.Hour, 25, 100, false, ", 6.0 days left"},
		{time.Hour, 100, 100, false, ""},
	} {
		if got := p.rest(start.Add(c.after), c.done, c.total, c.more); got != c.want {
			t.Errorf("%d of %d after %s: %q, want %q", c.done, c.total, c.after, got, c.want)
		}
	}
}
