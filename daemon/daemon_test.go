package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func bubble(t *testing.T, f func(t *testing.T, l *life)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newLife(t, 1, "one", "two")
		f(t, l)
		_ = l.stop()
	})
}

func (l *life) wait(d time.Duration) Status {
	time.Sleep(d)
	synctest.Wait()
	return l.daemon.Status()
}

func (s *Status) account(name string) AccountStatus {
	for _, a := range s.Accounts {
		if a.Name == name {
			return a
		}
	}
	return AccountStatus{}
}

// A quiet account: what is written is in the vault within the time for that, in a few
// commits a day, and everything is looked through about once an hour.
func TestQuietDays(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		for range 30 * 24 * 6 {
			s := l.wait(10 * time.Minute)
			if waits := l.w.tally().waits; waits > l.plan.Commit+2*l.daemon.o.Check {
				t.Fatalf("something waits for %v", waits)
			}
			for _, a := range s.Accounts {
				if a.Age > 1.4*3600 {
					t.Fatalf("%s was not looked at for %.0f s", a.Name, a.Age)
				}
			}
		}
		if perDay := float64(l.w.tally().commits) / 30; perDay > 4 || perDay < 1 {
			t.Errorf("%.1f commits a day", perDay)
		}
		if len(l.w.tally().said) > 0 {
			t.Errorf("people were told: %+v", l.w.tally().said)
		}
	})
}

// A session that ended: one alarm within minutes, no try after it, and the other account
// goes on. Somebody who asks has it tried again.
func TestRevokedSession(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		l.wait(time.Hour)
		before := l.w.tally().follows
		l.w.set(func() { l.w.revoked["one"] = true })
		s := l.wait(10 * time.Minute)
		if len(s.Alarms) != 1 || s.Alarms[0].Kind != AlarmSession || s.account("one").State != StateEnded || s.Well {
			t.Fatalf("%+v", s)
		}
		l.wait(12 * time.Hour)
		if len(l.w.tally().said) != 1 || !l.w.tally().said[0].Failure || l.w.tally().said[0].Alarm.Account != "one" {
			t.Errorf("people were told %+v", l.w.tally().said)
		}
		s = l.wait(30 * 24 * time.Hour)
		if tries := l.w.tally().follows - before; tries > 1 {
			t.Errorf("it was tried %d times", tries)
		}
		if two := s.account("two"); two.State != StateLive || two.Age > 2*3600 {
			t.Errorf("the other account: %+v", two)
		}
		if _, err := l.daemon.Sync(t.Context(), "one", func(string, Progress) {}); !errors.Is(err, errRevoked) {
			t.Errorf("a wish ends with %v", err)
		}
		l.w.set(func() { l.w.revoked["one"] = false })
		report, err := l.daemon.Sync(t.Context(), "one", func(string, Progress) {})
		if err != nil || report != "report" {
			t.Errorf("a wish ends with %v, %v", report, err)
		}
		if s := l.wait(10 * time.Minute); !s.Well {
			t.Errorf("%+v", s)
		}
		if last := l.w.tally().said[len(l.w.tally().said)-1]; last.Failure || last.Alarm.Kind == "" {
			t.Errorf("people were told last: %+v", last)
		}
	})
}

// What was remembered across a start of the machine proves nothing if the clock was set
// meanwhile.
func TestClockSetBackWhileOff(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		if s := l.wait(2 * time.Hour); !s.Well {
			t.Fatalf("%+v", s)
		}
		_ = l.stop()
		l.w.offline, l.w.booted, l.w.boots = true, l.w.real(), 1
		l.w.slept += 100 * 24 * time.Hour
		l.w.jump = -100 * 24 * time.Hour
		l.begin()
		if s := l.wait(30 * time.Minute); s.Well || strings.Contains(s.Verdict, "all is well") {
			t.Fatalf("%+v", s)
		}
	})
}

func TestPauseOutlivesTheDaemon(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		l.wait(time.Hour)
		if err := l.daemon.Pause("", 0); err != nil {
			t.Fatal(err)
		}
		if _, err := l.daemon.Sync(t.Context(), "one", nil); !errors.Is(err, ErrPaused) {
			t.Errorf("a wish ends with %v", err)
		}
		s := l.wait(time.Minute)
		if s.Well || s.account("one").State != StatePaused || s.Copies[0].Open {
			t.Errorf("%+v", s)
		}
		_ = l.stop()
		l.begin()
		if s := l.wait(30 * time.Hour); s.account("one").State != StatePaused || len(s.Alarms) == 0 {
			t.Errorf("nobody is told that it is paused: %+v", s)
		}
		if err := l.daemon.Resume(""); err != nil {
			t.Fatal(err)
		}
		if s := l.wait(10 * time.Minute); !s.Well {
			t.Errorf("%+v", s)
		}
		if err := l.daemon.Pause("two", time.Hour); err != nil {
			t.Fatal(err)
		}
		if s := l.wait(30 * time.Minute); s.account("two").State != StatePaused || s.account("one").State != StateLive {
			t.Errorf("%+v", s)
		}
		if s := l.wait(time.Hour); s.account("two").State != StateLive {
			t.Errorf("the pause does not end: %+v", s)
		}
		if err := l.daemon.Pause("three", 0); !errors.Is(err, ErrNoAccount) {
			t.Errorf("%v", err)
		}
	})
}

// Who asked before a pause is told of it. Who asks behind a pause that ended at once is not told of
// the Follow that it stopped.
func TestWishBehindPause(t *testing.T) {
	for _, name := range []string{"", "one"} { // the session ends, or goes on
		for asked, want := range map[string]error{"behind": nil, "before": ErrPaused} {
			bubble(t, func(t *testing.T, l *life) {
				l.wait(time.Hour)
				answer := make(chan error)
				ask := func() {
					report, err := l.daemon.Sync(t.Context(), "one", func(string, Progress) {})
					if err == nil && report != "report" {
						err = fmt.Errorf("the report is %v", report)
					}
					answer <- err
				}
				if asked == "before" {
					go ask()
					synctest.Wait() // it is being looked through
				}
				if err := errors.Join(l.daemon.Pause(name, 0), l.daemon.Resume(name)); err != nil {
					t.Fatal(err)
				}
				if asked == "behind" {
					go ask()
				}
				if err := <-answer; !errors.Is(err, want) {
					t.Errorf("pause of %q, asked %s it: %v", name, asked, err)
				}
			})
		}
	}
}

func TestReload(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		l.wait(time.Hour)
		l.plan.Accounts = []string{"two", "three"}
		l.daemon.Reload(l.plan)
		s := l.wait(10 * time.Minute)
		if len(s.Accounts) != 2 || s.account("three").State != StateLive || s.account("two").State != StateLive || !s.Well {
			t.Errorf("%+v", s)
		}
	})
}

// The end is durable, or says that it is not, and takes no longer than it may.
func TestEnd(t *testing.T) {
	for name, c := range map[string]struct {
		world func(*world)
		want  error
	}{
		"all is well":      {func(*world) {}, nil},
		"no room":          {func(w *world) { w.full = true }, ErrNotDurable},
		"no vault":         {func(w *world) { w.away = true }, ErrNotDurable},
		"a file hangs":     {func(w *world) { w.hangs = true }, ErrNotDurable},
		"a slow drive":     {func(w *world) { w.slow = 5 * time.Minute }, nil},
		"far too slow":     {func(w *world) { w.slow = time.Hour }, ErrNotDurable},
		"without network":  {func(w *world) { w.offline = true }, nil},
		"a session is old": {func(w *world) { w.revoked["one"] = true }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, l *life) {
				l.wait(time.Hour)
				l.w.stored()
				l.w.set(func() { c.world(l.w) })
				l.wait(time.Second)
				before := time.Now()
				if err := l.stop(); !errors.Is(err, c.want) {
					t.Errorf("it ends with %v, want %v", err, c.want)
				}
				most := l.daemon.o.Drain
				if l.w.slow > 0 {
					most = l.daemon.o.DrainMost
				}
				if took := time.Since(before); took > most {
					t.Errorf("it took %v", took)
				}
				l.w.set(func() { l.w.hangs = false })
				time.Sleep(time.Hour)
			})
		})
	}
}

// feeding counts how often the watchdog is fed.
type feeding struct{ alive, ready, draining atomic.Int64 }

func (f *feeding) Notify(n Note) {
	switch n.Kind {
	case NoteAlive:
		f.alive.Add(1)
	case NoteReady:
		f.ready.Add(1)
	case NoteDraining:
		f.draining.Add(1)
	}
}

// The watchdog is fed while all loops go on, and starves when one of them does not,
// though all timers run.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, fed := newWorld(1, "one"), &feeding{}
		d := New(Options{
			Plan: Plan{Accounts: []string{"one"}, Vault: w}, Clock: w.clock(), Classify: endingOf, Supervisor: fed, Watchdog: 5 * time.Minute,
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		for range 24 * 12 {
			before := fed.alive.Load()
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			if fed.alive.Load() == before {
				t.Fatal("it starves though all is well")
			}
		}
		w.set(func() { w.hangs = true }) // the next look through everything never ends
		time.Sleep(2 * time.Hour)
		before := fed.alive.Load()
		time.Sleep(time.Hour)
		if fed.alive.Load() != before {
			t.Errorf("it is fed though an account hangs: %d times", fed.alive.Load()-before)
		}
		w.set(func() { w.hangs = false })
		cancel()
		if err := <-ended; err != nil || fed.ready.Load() != 1 {
			t.Errorf("ready %d times, %v", fed.ready.Load(), err)
		}
	})
}

func TestForecast(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		free []int64 // one a day, the last one now
		want time.Duration
		ok   bool
	}{
		"nobody knows":    {[]int64{-1}, 0, false},
		"one look":        {[]int64{1000}, 0, false},
		"shrinks":         {[]int64{1000, 900, 800}, 7 * day, true},
		"grows":           {[]int64{800, 900}, 0, false},
		"at the reserve":  {[]int64{100}, 0, true},
		"below it":        {[]int64{1000, 0}, 0, true},
		"hardly shrinks":  {[]int64{1 << 62, 1<<62 - 1}, 0, false},
		"stays as it was": {[]int64{700, 700, 700}, 0, false},
	} {
		copied := &copyState{}
		for i, free := range c.free {
			copied.free = free
			copied.history = append(copied.history, sample{time.Duration(i) * day, free})
		}
		in, ok := copied.full(reading{boot: time.Duration(len(c.free)-1) * day}, 100)
		if ok != c.ok || in.Round(time.Hour) != c.want {
			t.Errorf("%s: %v, %v; want %v, %v", name, in, ok, c.want, c.ok)
		}
	}
}

func TestLapse(t *testing.T) {
	base := reading{wall: time.Unix(1e9, 0), boot: time.Hour, run: time.Now()}
	for name, c := range map[string]struct {
		wall, boot, run time.Duration
		want            lapse
	}{
		"a minute passed":         {time.Minute, time.Minute, time.Minute, lapse{}},
		"a night was slept":       {8 * time.Hour, 8 * time.Hour, time.Minute, lapse{slept: 8*time.Hour - time.Minute}},
		"the clock was set":       {-2 * time.Hour, time.Minute, time.Minute, lapse{jumped: -2*time.Hour - time.Minute}},
		"both":                    {24 * time.Hour, 8 * time.Hour, time.Minute, lapse{8*time.Hour - time.Minute, 16 * time.Hour}},
		"the clock was corrected": {61 * time.Second, time.Minute, time.Minute, lapse{}},
	} {
		now := reading{base.wall.Add(c.wall), base.boot + c.boot, base.run.Add(c.run)}
		if got := base.until(now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestBackoffGrowsAndSpreads(t *testing.T) {
	b := backoff{first: time.Second, most: time.Minute, random: func() float64 { return 0.999 }}
	low := backoff{first: time.Second, most: time.Minute, random: func() float64 { return 0 }}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if got := b.pause().Round(time.Second); got != want*time.Second {
			t.Errorf("pause %d is %v, want %v", i, got, want*time.Second)
		}
		if got := low.pause(); got != want*time.Second/2 {
			t.Errorf("pause %d is %v, want %v", i, got, want*time.Second/2)
		}
	}
	if b.reset(); b.pause() > time.Second {
		t.Error("it did not begin anew")
	}
}

// An alarm about a copy that stands when the daemon begins again is the same one: it is
// not called over before the copy was looked at.
func TestAlarmOutlivesTheDaemon(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		l.w.set(func() { l.w.free = 0 })
		before := l.wait(time.Hour)
		if before.alarms() != "disk_full vault" {
			t.Fatalf("of a full disk: %q", before.alarms())
		}
		_ = l.stop()
		l.begin()
		after := l.wait(30 * time.Minute)
		if after.alarms() != "disk_full vault" || !after.Alarms[0].Since.Equal(before.Alarms[0].Since) {
			t.Errorf("since %v, and after another start since %v: %q", before.Alarms[0].Since, after.Alarms[0].Since, after.alarms())
		}
		l.w.set(func() { l.w.free = 1 << 40 })
		if s := l.wait(time.Hour); s.alarms() != "" {
			t.Errorf("with room again: %q", s.alarms())
		}
	})
}

// A session that somebody must renew is not called well by a start of the daemon.
func TestRevokedOverAStart(t *testing.T) {
	bubble(t, func(t *testing.T, l *life) {
		l.wait(time.Hour)
		l.w.set(func() { l.w.revoked["one"] = true })
		l.wait(10 * time.Minute)
		for range 3 {
			_ = l.stop()
			l.begin()
			l.wait(10 * time.Minute)
		}
		if said := l.w.tally().said; len(said) != 1 || !said[0].Failure || said[0].Alarm.Kind != AlarmSession {
			t.Errorf("people were told %+v", said)
		}
		l.w.set(func() { l.w.revoked["one"] = false })
		_ = l.stop()
		l.begin()
		if s := l.wait(10 * time.Minute); !s.Well {
			t.Errorf("%+v", s)
		}
		if said := l.w.tally().said; len(said) != 2 || said[1].Failure {
			t.Errorf("people were told %+v", said)
		}
	})
}

// A machine that is on for twenty minutes a day: as long as that is enough nobody is told
// anything, and where it is not, people hear of it though no run is as long as the grace.
func TestMinutesADay(t *testing.T) {
	for _, offline := range []bool{false, true} {
		bubble(t, func(t *testing.T, l *life) {
			l.wait(20 * time.Minute)
			for range 12 {
				_ = l.stop()
				l.w.set(func() {
					l.w.offline, l.w.booted, l.w.slept = offline, l.w.real()+30*time.Hour, l.w.slept+30*time.Hour
					l.w.boots++
				})
				l.begin()
				l.wait(20 * time.Minute)
			}
			said := slices.DeleteFunc(l.w.tally().said, func(s Saying) bool { return s.Again })
			if !offline && len(said) > 0 {
				t.Errorf("people were told %+v", said)
			}
			if offline && (len(said) != 2 || said[0].Alarm.Kind != AlarmAccount || said[1].Alarm.Kind != AlarmAccount || said[0].Alarm.Account == said[1].Alarm.Account) {
				t.Errorf("people were told %+v", said)
			}
		})
	}
}
