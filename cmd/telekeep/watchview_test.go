package main

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"telekeep/daemon"
)

func someStatus(start time.Time) *daemon.Status {
	return &daemon.Status{
		Time: start, Verdict: "something is wrong: account work: the session was ended (AUTH_KEY_UNREGISTERED)",
		Accounts: []daemon.AccountStatus{
			{Name: "main", State: daemon.StateSyncing, Age: 7200, Messages: 12, Media: 1, Failing: 2, Progress: &daemon.Progress{
				Phase: "media", Chats: 12, ChatsTotal: 12, Files: 5, FilesTotal: 40, Bytes: 50_000_000, BytesTotal: 200_000_000,
			}},
			{Name: "work", State: daemon.StateEnded, Age: -1, Error: "the session was ended\x1b[2J"},
		},
		Copies: []daemon.CopyStatus{
			{Name: "vault", There: true, Open: true, Free: 57_000_000_000, PendingAge: 600, FullIn: 20, Verify: daemon.VerifyStatus{Age: 90_000}, Drill: daemon.DrillStatus{Age: 864_000}},
			{Name: "drive", SeenAge: 7200, Free: -1, Verify: daemon.VerifyStatus{Age: -1}, Drill: daemon.DrillStatus{Age: -1, Overdue: true}, Error: "not mounted\x1b[2J"},
			{
				Name: "nas", There: true, Open: true, Objects: 3, Bytes: 5_000_000, CurrentAge: 7200, Verify: daemon.VerifyStatus{Age: 90_000, Problems: 1},
				Drill: daemon.DrillStatus{Age: 864_000, Problems: 2},
			},
		},
		Held:   &daemon.Held{What: "media", Why: []string{"metered", "battery"}, Age: 600},
		Alarms: []daemon.Alarm{{Kind: daemon.AlarmSession, Account: "work", Since: start, Text: "the session was ended"}},
		Verify: daemon.VerifyStatus{Age: 90_000},
	}
}

// The screen says what there is to say, fits every terminal, and lets nothing through that
// a terminal would obey.
func TestWatchScreen(t *testing.T) {
	start := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	v := newWatchView()
	for i := range 11 {
		s := someStatus(start)
		s.Accounts[0].Progress.Bytes += int64(i) * 1_000_000
		v.take(start.Add(time.Duration(i)*time.Second), s)
	}
	v.happened(daemon.Event{Time: start, Kind: daemon.EventAccount, Account: "main", Messages: 2})
	v.happened(daemon.Event{Time: start, Kind: daemon.EventProgress, Account: "main"})
	screen := strings.Join(v.draw(130, 40), "\n")
	for _, text := range []string{
		"something is wrong", "account main       syncing  looked through 2.0 h ago", "[███████░", " 30% 60.0 MB of 200.0 MB, 1.0 MB/s, 2 min left",
		"12/12 chats, 5/40 files", "stored 12 messages, 1 file; 2 missing", "account work       ended    never looked through",
		"copy    vault      behind   57.0 GB free, full in 20 days", "waiting for a commit for 10 min", "verified 25.0 h ago, 0 problems",
		"copy    drive      away", "  there 2.0 h ago", "verified never; never proved to be restorable", "  not mounted",
		"copy    nas        behind", "lacks 3 files (5.0 MB), up to date 2.0 h ago", "1 problem; proved to be restorable 10.0 days ago; the last restore that was tried found 2 problems",
		"media waits for a link that is not metered and mains power, for 10 min",
		"! work: the session was ended", "main: stored 2 messages",
	} {
		if !strings.Contains(screen, text) {
			t.Errorf("%q is not on the screen:\n%s", text, screen)
		}
	}
	if strings.Contains(screen, "\x1b") {
		t.Errorf("the screen holds what a terminal obeys: %q", screen)
	}
	for _, size := range [][2]int{{80, 24}, {40, 12}, {20, 6}, {10, 3}, {3, 1}, {300, 100}} {
		lines := v.draw(size[0], size[1])
		if len(lines) > size[1] {
			t.Errorf("%d lines on %d", len(lines), size[1])
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n >= size[0] {
				t.Errorf("%d letters on %d columns: %q", n, size[0], line)
			}
		}
	}
}

func TestEventWords(t *testing.T) {
	alarm := &daemon.Alarm{Kind: daemon.AlarmDisk, Copy: "vault", Text: "no room is left"}
	for want, e := range map[string]daemon.Event{
		"":                              {Kind: daemon.EventProgress, Account: "main"},
		"main: live":                    {Kind: daemon.EventAccount, Account: "main", State: daemon.StateLive},
		"main: stored 1 edit, 2 files":  {Kind: daemon.EventAccount, Account: "main", State: daemon.StateLive, Edited: 1, Media: 2},
		"WRONG: vault: no room is left": {Kind: daemon.EventAlarm, Alarm: alarm},
		"over: vault: no room is left":  {Kind: daemon.EventRecovery, Alarm: alarm},
		"commit; no space":              {Kind: daemon.EventCommit, Error: "no space"},
		"main: waiting; tried again in 30 s; gone": {
			Kind: daemon.EventAccount, Account: "main", State: daemon.StateWaiting, Retry: 30, Error: "gone",
		},
	} {
		if got := eventWords(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What is done about an error is decided here and nowhere else.
func TestClassifyEnding(t *testing.T) {
	if got := classifyEnding(errors.New("anything")); got != daemon.EndRetry {
		t.Errorf("an unknown error is %v", got)
	}
	for _, rule := range rules() {
		ending := classifyEnding(rule.is)
		switch rule.code {
		case exitNotSignedIn:
			if ending != daemon.EndPerson {
				t.Errorf("%v: %v: it would be tried again and again", rule.is, ending)
			}
		case exitNoSpace:
			if ending != daemon.EndNoSpace {
				t.Errorf("%v: %v", rule.is, ending)
			}
		}
	}
}
