package daemon

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const day = 24 * time.Hour

// inWorld lives in a world that was prepared.
func inWorld(t *testing.T, prepare func(w *world), f func(t *testing.T, l *life)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1, "one", "two")
		prepare(w)
		l := liveIn(t, w, 0, "one", "two")
		f(t, l)
		_ = l.stop()
	})
}

func (s *Status) copied(name string) CopyStatus {
	for _, c := range s.Copies {
		if c.Name == name {
			return c
		}
	}
	return CopyStatus{}
}

// alarms are the kinds that are on, with what they are about.
func (s *Status) alarms() string {
	var all []string
	for _, a := range s.Alarms {
		all = append(all, string(a.Kind)+" "+a.Account+a.Copy)
	}
	return strings.Join(all, ", ")
}

// Each of three copies is judged by itself and called by its name: one that is away, one
// that is refused, one that catches up, one that is not one any more.
func TestManyCopies(t *testing.T) {
	drive, nas := &otherCopy{name: "drive"}, &otherCopy{name: "nas"}
	inWorld(t, func(w *world) { w.others = []*otherCopy{drive, nas} }, func(t *testing.T, l *life) {
		s := l.wait(time.Hour)
		if !s.Well || len(s.Copies) != 3 || !s.copied("nas").Open || !s.copied("nas").There {
			t.Fatalf("%+v", s)
		}
		l.w.set(func() { drive.away, drive.awayAt = true, l.w.real() })
		s = l.wait(23 * time.Hour)
		if c := s.copied("drive"); !s.Well || c.There || c.Open || c.Error == "" || s.copied("nas").Error != "" {
			t.Errorf("two of three are enough for a day: %+v", s)
		}
		if s = l.wait(2 * time.Hour); s.alarms() != "copy_away drive" || s.Well {
			t.Errorf("after 25 hours: %s (%v)", s.alarms(), s.Well)
		}
		l.w.set(func() { drive.away, drive.backAt = false, l.w.real() })
		l.daemon.Drives()
		if s = l.wait(time.Minute); s.alarms() != "copy_stale drive" || s.copied("drive").Objects != 3 || s.copied("drive").PendingAge < 24*3600 {
			t.Errorf("it is back and lacks things: %s %+v", s.alarms(), s.copied("drive"))
		}
		if s = l.wait(catchUp + 30*time.Minute); s.alarms() != "" || !s.Well || s.copied("drive").CurrentAge > 1000 {
			t.Errorf("it caught up: %s %+v", s.alarms(), s.copied("drive"))
		}
		l.w.set(func() { nas.refused = errors.New("another vault") })
		if s = l.wait(30 * time.Minute); s.alarms() != "vault_refused nas" || s.Well || s.copied("nas").Open {
			t.Errorf("refused: %s %+v", s.alarms(), s.copied("nas"))
		}
		l.w.set(func() { l.w.others = l.w.others[:1] })
		l.daemon.Reload(l.plan)
		if s = l.wait(30 * time.Minute); s.alarms() != "" || len(s.Copies) != 2 {
			t.Errorf("taken out of the settings: %s, %d copies", s.alarms(), len(s.Copies))
		}
	})
}

// All copies are verified, one after the other. What stopped goes on where it was, also
// if the machine is on for an hour a day only, and the age counts from the begin.
func TestVerificationGoesOn(t *testing.T) {
	drive := &otherCopy{name: "drive"}
	inWorld(t, func(w *world) { w.others = []*otherCopy{drive} }, func(t *testing.T, l *life) {
		var s Status
		for range 60 {
			s = l.wait(time.Hour)
			_ = l.stop()
			l.w.mu.Lock()
			l.w.slept += 23 * time.Hour
			l.w.booted, l.w.boots = l.w.real(), l.w.boots+1
			l.w.mu.Unlock()
			l.begin()
			if l.w.verified() {
				break
			}
		}
		if !l.w.verified() {
			t.Fatalf("after two months: %+v %+v", l.w.vault, drive)
		}
		s = l.wait(time.Minute)
		for name, v := range map[string]verifications{"vault": l.w.vault, "drive": drive.verifications} {
			if v.steps > verifySteps+2 {
				t.Errorf("%s: %d steps were read for %d", name, v.steps, verifySteps)
			}
			real := (l.w.real() - v.verified).Seconds()
			if got := s.copied(name).Verify.Age; got < real-60 || got > real+2*60*60 {
				t.Errorf("%s: verified %.0f s ago, it says, and the round began %.0f s ago", name, got, real)
			}
		}
	})
}

func (w *world) verified() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.vault.verified > 0 && w.others[0].verified > 0
}

// Nobody proved that a restore works: an alarm, by copy, from the first backup on. One
// that worked ends it; one that did not is another alarm and proves nothing.
func TestDrillOverdue(t *testing.T) {
	drive := &otherCopy{name: "drive"}
	inWorld(t, func(w *world) { w.others = []*otherCopy{drive} }, func(t *testing.T, l *life) {
		l.wait(100 * day)
		l.w.set(func() { l.w.others = append(l.w.others, &otherCopy{name: "late"}) }) // which counts from now on
		if s := l.wait(79 * day); s.alarms() != "" || !s.Well || len(s.Copies) != 3 {
			t.Fatalf("%s", s.alarms())
		}
		s := l.wait(2 * day)
		if s.alarms() != "drill_overdue drive, drill_overdue vault" || s.Well || !s.copied("vault").Drill.Overdue {
			t.Fatalf("%s", s.alarms())
		}
		if said := l.w.tally().said; len(said) < 2 || said[0].Alarm.Kind != AlarmUndrilled {
			t.Errorf("people were told %+v", said)
		}
		wall := l.daemon.o.Clock.Wall
		l.daemon.Drilled("drive", wall(), Drill{Problems: 2})
		l.daemon.Drilled("vault", wall(), Drill{})
		l.daemon.Drilled("nobody", wall(), Drill{})
		if s = l.wait(10 * time.Minute); s.alarms() != "drill_failed drive, drill_overdue drive" {
			t.Errorf("%s", s.alarms())
		}
		l.daemon.Drilled("drive", wall(), Drill{})
		if s = l.wait(10 * time.Minute); s.alarms() != "" || !s.Well || len(s.Copies) != 3 {
			t.Errorf("%s", s.alarms())
		}
		if s = l.wait(102 * day); s.alarms() != "drill_overdue late" {
			t.Errorf("the copy that came later: %s", s.alarms())
		}
		for _, name := range []string{"vault", "drive", "late"} {
			l.daemon.Drilled(name, wall(), Drill{})
		}
		_ = l.stop()
		l.begin()
		if s = l.wait(170 * day); s.alarms() != "" || s.copied("drive").Drill.Age < 169*24*3600 {
			t.Errorf("after a restart: %s %+v", s.alarms(), s.Copies)
		}
		l.plan.Limits.Drill = -1
		l.daemon.Reload(l.plan)
		if s = l.wait(300 * day); s.alarms() != "" {
			t.Errorf("nobody wants to hear of it: %s", s.alarms())
		}
	})
}

// Nobody proved that a key opens the vault: an alarm, from the first backup on, which a proof
// ends; with a restart in between, after which it is told again.
func TestKeysOverdue(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		l.plan.Limits.Keys, l.plan.Limits.Drill = 36*day, -1
		l.daemon.Reload(l.plan)
		if s := l.wait(35 * day); s.alarms() != "" {
			t.Fatalf("%s", s.alarms())
		}
		if s := l.wait(2 * day); s.alarms() != "keys_overdue vault" || s.Well {
			t.Fatalf("%s", s.alarms())
		}
		at := l.daemon.o.Clock.Wall()
		l.daemon.KeysProved(at)
		if s := l.wait(10 * time.Minute); s.alarms() != "" || !s.Well {
			t.Errorf("%s", s.alarms())
		}
		l.wait(30 * day)
		_ = l.stop()
		l.begin()
		l.daemon.KeysProved(at)
		if s := l.wait(5 * day); s.alarms() != "" {
			t.Errorf("after a restart: %s", s.alarms())
		}
		if s := l.wait(3 * day); s.alarms() != "keys_overdue vault" {
			t.Errorf("when it is over: %s", s.alarms())
		}
		l.plan.Limits.Keys = -1
		l.daemon.Reload(l.plan)
		if s := l.wait(30 * day); s.alarms() != "" {
			t.Errorf("nobody wants to hear of it: %s", s.alarms())
		}
	})
}

// A clock that is wrong when the machine is started, and right later, makes no old drill
// of a new one; a clock that is set later makes no new one of an old one.
func TestDrillAndTheClock(t *testing.T) {
	for name, c := range map[string]struct {
		boot, later time.Duration // how wrong the clock is at the start, and then
		least, most float64       // days
	}{
		"right":             {0, 0, 100, 101},
		"fast, then right":  {3000 * day, 0, 100, 101},
		"slow, then right":  {-3000 * day, 0, 70, 101}, // for how long it was off nobody knows
		"right, then fast":  {0, 3000 * day, 100, 101},
		"right, then slow":  {0, -3000 * day, 100, 101},
		"set back before":   {-50 * day, -50 * day, 70, 101},
		"set back as it is": {0, -50 * day, 100, 101},
	} {
		bubble(t, func(t *testing.T, l *life) {
			l.wait(day)
			at := l.daemon.o.Clock.Wall()
			l.daemon.Drilled("vault", at, Drill{})
			l.wait(70 * day)
			_ = l.stop()
			l.w.mu.Lock()
			l.w.slept += 30 * day
			l.w.booted, l.w.boots, l.w.jump = l.w.real(), l.w.boots+1, c.boot
			l.w.mu.Unlock()
			l.begin()
			l.wait(time.Hour)
			l.w.set(func() { l.w.jump = c.later })
			l.daemon.Drilled("vault", at, Drill{}) // as it is read again and again
			s := l.wait(time.Hour)
			if age := s.copied("vault").Drill.Age / 86400; age < c.least || age > c.most {
				t.Errorf("%s: %.1f days", name, age)
			}
		})
	}
}

// A drive that is plugged in is used within seconds, though it had been looked for in
// vain for days; nobody is asked about an account that only a person can help.
func TestDrives(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		l.wait(time.Hour)
		l.w.set(func() { l.w.away, l.w.awayAt, l.w.revoked["one"] = true, l.w.real(), true })
		s := l.wait(3 * day)
		if s.alarms() == "" || s.copied("vault").There {
			t.Fatalf("%+v", s)
		}
		if s = l.wait(10 * time.Second); s.copied("vault").There {
			t.Fatalf("%+v", s)
		}
		l.w.set(func() { l.w.away = false })
		l.daemon.Drives()
		if s = l.wait(time.Second); !s.copied("vault").There || !s.copied("vault").Open {
			t.Errorf("a second later: %+v", s.Copies)
		}
		before := l.w.tally().follows
		for range 100 {
			l.daemon.Drives()
			l.wait(time.Minute)
		}
		if tries := l.w.tally().follows - before; tries > 1 {
			t.Errorf("the account was tried %d times", tries)
		}
	})
}

// On a metered link messages are fetched and media waits; on a battery everything does.
// Both are said, who wishes more is told why not, nothing is called well that is old,
// and it goes on at once.
func TestThrift(t *testing.T) {
	inWorld(t, func(w *world) { w.media["one"] = true }, func(t *testing.T, l *life) {
		if s := l.wait(time.Hour); !s.Well || s.Held != nil {
			t.Fatalf("%+v", s)
		}
		l.w.set(func() { l.w.metered, l.w.dear = true, time.Now() })
		l.tell()
		s := l.wait(3 * time.Hour)
		if !s.Well || s.Held == nil || s.Held.What != "media" || fmt.Sprint(s.Held.Why) != "[metered]" {
			t.Errorf("metered: %+v", s)
		}
		if s.account("one").State != StateLive || s.account("one").Age < 2*3600 || s.account("two").Age > 2*3600 {
			t.Errorf("metered: %+v", s.Accounts)
		}
		if _, err := l.daemon.Sync(t.Context(), "one", func(string, Progress) {}); !errors.Is(err, ErrHeld) {
			t.Errorf("a wish ends with %v", err)
		}
		if _, err := l.daemon.Sync(t.Context(), "two", func(string, Progress) {}); err != nil {
			t.Errorf("a wish for messages ends with %v", err)
		}
		s = l.wait(23 * time.Hour)
		if s.alarms() != "account_stale one" || !strings.Contains(s.Alarms[0].Text, "metered") || s.Well {
			t.Errorf("after a day: %s %+v", s.alarms(), s.Alarms)
		}
		l.w.set(func() { l.w.metered, l.w.battery, l.w.dear = false, true, time.Now() })
		l.tell()
		s = l.wait(10 * time.Minute)
		if s.account("two").State != StateHeld || s.copied("vault").Open || s.Held.What != "everything" {
			t.Errorf("on a battery: %+v", s)
		}
		if _, err := l.daemon.Sync(t.Context(), "two", func(string, Progress) {}); !errors.Is(err, ErrHeld) {
			t.Errorf("a wish ends with %v", err)
		}
		l.w.set(func() { l.w.battery = false })
		l.tell()
		if s = l.wait(2 * time.Minute); s.alarms() != "" || !s.Well || s.Held != nil {
			t.Errorf("on mains power: %s %+v", s.alarms(), s)
		}
		if l.w.cost > 0 {
			t.Errorf("media was fetched %d times though it cost something", l.w.cost)
		}
	})
}

// A verification stops on a battery, and goes on without one. What the plan does not want
// to wait does not.
func TestThriftAndVerification(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		l.wait(26 * time.Hour)
		if s := l.daemon.Status(); !s.Verify.Running {
			t.Fatalf("%+v", s)
		}
		l.w.set(func() { l.w.battery, l.w.dear = true, time.Now() })
		l.tell()
		if s := l.wait(5 * time.Hour); s.Verify.Running || s.Verify.Age >= 0 || s.Verify.Error != "" {
			t.Errorf("on a battery: %+v", s.Verify)
		}
		l.w.set(func() { l.w.battery = false })
		l.tell()
		if s := l.wait(11 * time.Hour); s.Verify.Running || s.Verify.Age < 15*3600 || l.w.vault.steps > verifySteps+1 {
			t.Errorf("it did not go on: %+v, %d steps", s.Verify, l.w.vault.steps)
		}
		l.plan.Battery, l.plan.Metered = ThriftNone, ThriftNone
		l.daemon.Reload(l.plan)
		l.w.set(func() { l.w.battery, l.w.metered = true, true })
		l.tell()
		if s := l.wait(3 * time.Hour); s.Held != nil || !s.Well || s.account("one").State != StateLive {
			t.Errorf("nothing is to wait: %+v", s)
		}
	})
}

// While the end gets on, whoever waits for it is told so; where it does not, nobody is.
func TestDraining(t *testing.T) {
	for slow, want := range map[time.Duration]bool{5 * time.Minute: true, 0: false} {
		synctest.Test(t, func(t *testing.T) {
			w, fed := newWorld(1, "one"), &feeding{}
			w.slow = slow
			l := &life{t: t, w: w, plan: Plan{Accounts: []string{"one"}, Vault: w}}
			l.daemon = New(Options{Plan: l.plan, Clock: w.clock(), Classify: endingOf, Supervisor: fed})
			l.run()
			l.wait(time.Hour)
			w.stored()
			if err := l.stop(); err != nil {
				t.Error(err)
			}
			if got := fed.draining.Load() > 5; got != want {
				t.Errorf("a commit of %v: told %d times that it gets on", slow, fed.draining.Load())
			}
		})
	}
}
