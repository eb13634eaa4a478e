package main

import (
	"errors"
	"testing"
	"time"

	"telekeep/config"
)

// A trouble that goes on is told since it began; another one begins anew.
func TestTroubleSince(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := &app{now: func() time.Time { return now }}
	cfg := &config.Config{State: t.TempDir()}
	for i, c := range []struct{ words, since string }{
		{"no network", "04:05"}, {"no network", "04:05"}, {"signed out", "06:05"}, {"", ""}, {"signed out", "08:05"},
	} {
		if err := a.noteTrouble(cfg, "main", c.words, errors.New("x")); err != nil {
			t.Fatal(err)
		}
		got := ""
		if n := loadTrouble(cfg, "main"); n != nil {
			got = n.Since.Format("04:05")
		}
		if got != c.since {
			t.Errorf("run %d, %q: since %q, want %q", i+1, c.words, got, c.since)
		}
		now = now.Add(time.Minute)
	}
}
