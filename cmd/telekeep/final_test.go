package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// A single message that came since everything was saved and read back turns yes
// into no.
func TestFinalAsksForNewMessages(t *testing.T) {
	sim := startSimulator(t, "--messages", "60", "--media", "1 MiB")
	dir := sim.install(t)
	mustCall(t, "", "sync", "--dir", dir)
	mustCall(t, "", "verify", "--dir", dir, "--deep", "-i", dir+"/owner.key")
	mustCall(t, "", "status", "--dir", dir, "--final")
	var chats []struct{ ID, Kind string }
	if err := json.Unmarshal([]byte(mustCall(t, "", "chats", "--dir", dir, "--json").out), &chats); err != nil || len(chats) == 0 {
		t.Fatal(err)
	}
	sim.control(t, "POST", "/messages", map[string]any{"chat": chats[0].ID, "text": "the last one"})
	o := call(t, "", "status", "--dir", dir, "--final")
	if o.code != exitIncomplete || !strings.Contains(o.out, "1 message is not stored: telekeep sync") {
		t.Errorf("exit code %d, %s", o.code, o.out)
	}
}

// What was edited since the last backup is not asked for: an old one is no yes.
func TestFinalWantsAFreshBackup(t *testing.T) {
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]int{time.Hour: 0, 3 * time.Hour: 1, 1000 * time.Hour: 1} {
		f := finalAccount{CompleteUntil: &until}
		if f.old(until.Add(after)); len(f.Open) != want {
			t.Errorf("after %v: %q", after, f.Open)
		}
	}
}
