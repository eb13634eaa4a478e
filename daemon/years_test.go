package daemon

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var seeds = flag.Int("seeds", 1, "how many times two years are simulated")

// Two years of a daemon's life, with everything that happens to a small machine: no
// network, no vault, no room, a session that ends, sleep, clocks that are set by years,
// restarts, hooks that fail. At every moment: no alarm is late, none is false, and "all
// is well" is only said where it is true.
func TestTwoYears(t *testing.T) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { liveYears(t, uint64(seed), 2*365*24*time.Hour) })
		})
	}
}

// A life is a daemon in a world.
type life struct {
	t      *testing.T
	w      *world
	plan   Plan
	daemon *Daemon
	stop   func() error
	faults map[string]int
	seen   map[AlarmKind]int
	wells  int
	since  map[alarmKey]time.Duration // alarms that people should know, since
}

func newLife(t *testing.T, seed uint64, accounts ...string) *life {
	l := &life{t: t, w: newWorld(seed, accounts...), faults: map[string]int{}, seen: map[AlarmKind]int{}, since: map[alarmKey]time.Duration{}}
	l.plan = Plan{Accounts: accounts, Vault: l.w, Limits: Limits{Incomplete: 2 * 24 * time.Hour}}
	l.begin()
	return l
}

func (l *life) begin() {
	l.w.mu.Lock()
	l.w.up = l.w.real()
	l.w.mu.Unlock()
	l.daemon = New(Options{
		Plan: l.plan, Clock: l.w.clock(), Classify: endingOf, Say: l.w, Memory: l.w, Check: 5 * time.Minute,
		Random: func() float64 { return 0.37 },
	})
	l.plan.setDefaults()
	ctx, cancel := context.WithCancel(l.t.Context())
	var group sync.WaitGroup
	var err error
	group.Go(func() { err = l.daemon.Run(ctx) })
	l.stop = func() error { cancel(); group.Wait(); return err }
}

func liveYears(t *testing.T, seed uint64, span time.Duration) {
	l := newLife(t, seed, "one", "two")
	end, next := time.Now().Add(span), time.Duration(0)
	for time.Now().Before(end) {
		step := 11 * time.Minute
		time.Sleep(step)
		synctest.Wait()
		l.check()
		if next -= step; next <= 0 {
			l.happen()
			next = time.Duration(l.w.random.ExpFloat64() * float64(20*time.Hour))
		}
	}
	if err := l.stop(); err != nil && l.w.unusable() == nil {
		t.Errorf("it ends with %v", err)
	}
	t.Logf("happened: %v; alarms: %v; well at %d looks; %d commits, %d follows, %d pings", l.faults, l.seen, l.wells, l.w.commits, l.w.follows, l.w.wells)
	for _, kind := range []AlarmKind{AlarmAccount, AlarmIncomplete, AlarmSession, AlarmAway, AlarmDisk, AlarmDamaged} {
		if l.seen[kind] == 0 {
			t.Errorf("in two years there was never a %s: the test looks at nothing", kind)
		}
	}
	if l.wells < 1000 {
		t.Errorf("all was well at %d looks only", l.wells)
	}
	if l.w.commits < 100 {
		t.Errorf("%d commits only", l.w.commits)
	}
	if perDay := float64(l.w.commits) / span.Hours() * 24; perDay > 8 {
		t.Errorf("%.1f commits a day", perDay)
	}
}

// happen lets something happen, or end.
func (l *life) happen() {
	w := l.w
	account := []string{"one", "two"}[w.random.IntN(2)]
	toggles := map[string]func(){
		"network": func() { w.offline = !w.offline },
		"vault": func() {
			if w.away = !w.away; w.away {
				w.awayAt = w.real()
			}
		},
		"space": func() {
			if w.full = !w.full; w.full {
				w.free = 0
			} else {
				w.free = 1 << 40
			}
		},
		"session": func() {
			if w.revoked[account] = !w.revoked[account]; w.revoked[account] {
				w.revokedAt[account] = w.real()
			}
		},
		"missing": func() { w.failing[account] = !w.failing[account] },
		"damage":  func() { w.damaged = 1 - w.damaged },
		"hook":    func() { w.mute = !w.mute },
		"clock":   func() { w.jump = time.Duration((w.random.Float64() - 0.5) * float64(8*365*24*time.Hour)) },
		"sleep": func() {
			w.slept += time.Duration(w.random.ExpFloat64() * float64(40*time.Hour))
			w.up = w.real()
		},
	}
	names := []string{"network", "vault", "space", "session", "missing", "damage", "hook", "clock", "sleep", "restart", "reboot", "calm", "calm", "calm", "calm", "calm", "calm", "calm", "calm"}
	name := names[w.random.IntN(len(names))]
	l.faults[name]++
	switch name {
	case "restart", "reboot":
		l.restart(name == "reboot")
	case "calm":
		w.set(func() {
			w.offline, w.away, w.full, w.mute, w.damaged, w.free = false, false, false, false, 0, 1<<40
			clear(w.revoked)
			clear(w.failing)
		})
	default:
		w.set(toggles[name])
	}
	if name == "session" || name == "calm" { // somebody signed in and says so
		for _, a := range l.plan.Accounts {
			if !w.revoked[a] {
				go func() { _, _ = l.daemon.Sync(l.t.Context(), a, func(string, Progress) {}) }()
			}
		}
	}
}

// restart ends the daemon and begins another one, a while later.
func (l *life) restart(reboot bool) {
	_ = l.stop()
	w := l.w
	w.mu.Lock()
	w.slept += time.Duration(w.random.ExpFloat64() * float64(20*time.Hour))
	if reboot {
		w.booted, w.boots = w.real(), w.boots+1
		if w.random.IntN(2) == 0 {
			w.jump = time.Duration((w.random.Float64() - 0.5) * float64(4*365*24*time.Hour))
			w.tainted = map[string]bool{"one": true, "two": true, "vault": true, "away": true}
		}
	}
	w.mu.Unlock()
	clear(l.since)
	l.begin()
}

// slack is how late a daemon may be: its looks at the clock and at the vault.
const slack = 25 * time.Minute

// check compares what the daemon says with what is so.
func (l *life) check() {
	s := l.daemon.Status()
	w := l.w
	w.mu.Lock()
	defer w.mu.Unlock()
	now, limits := w.real(), l.plan.Limits
	on := map[alarmKey]bool{}
	for _, a := range s.Alarms {
		on[a.key()] = true
		l.seen[a.Kind]++
	}
	awake := now-w.up > limits.Grace+slack
	for _, account := range l.plan.Accounts {
		l.checkAccount(s, account, now, awake, on)
	}
	away := alarmKey{AlarmAway, "/vault"}
	if w.away && awake && now-w.awayAt > limits.Copy+slack && !w.tainted["away"] && !on[away] {
		l.t.Fatalf("at %v: the vault is away for %v, and no alarm", now, now-w.awayAt)
	}
	if waits := now - w.pending; w.pending >= 0 && waits > limits.Copy+slack && awake && !w.tainted["vault"] && len(on) == 0 {
		l.t.Fatalf("at %v: something waits for %v, and no alarm", now, waits)
	}
	if s.Well {
		l.wells++
		if w.away && now-w.awayAt > slack || w.pending >= 0 && now-w.pending > limits.Copy+slack && !w.tainted["vault"] {
			l.t.Fatalf("at %v: all is well, it says, and the vault is away (%v) or behind", now, w.away)
		}
		if len(s.Alarms) > 0 {
			l.t.Fatalf("at %v: all is well, it says, with %v", now, s.Alarms)
		}
	}
	l.checkTold(now, on)
}

func (l *life) checkAccount(s Status, account string, now time.Duration, awake bool, on map[alarmKey]bool) {
	w, limits := l.w, l.plan.Limits
	age := now - w.rounds[account]
	stale, session := alarmKey{AlarmAccount, account + "/"}, alarmKey{AlarmSession, account + "/"}
	deadline := limits.Account + slack
	if w.tainted[account] { // nobody can know how long the machine was off
		deadline = max(deadline, now-w.up)
	}
	if awake && age > deadline && !on[stale] {
		l.t.Fatalf("at %v: %s is %v old, and no alarm: %s", now, account, age, s.Verdict)
	}
	if age < limits.Account-slack && on[stale] && !w.tainted[account] {
		l.t.Fatalf("at %v: %s is %v old, and there is an alarm", now, account, age)
	}
	usable := !w.offline && w.unusable() == nil && !w.mute
	if w.revoked[account] && usable && awake && now-max(w.revokedAt[account], w.up) > time.Hour && now-w.rounds[account] > 2*time.Hour && !on[session] && !on[stale] {
		l.t.Fatalf("at %v: the session of %s ended %v ago, and no alarm", now, account, now-w.revokedAt[account])
	}
	if s.Well && age > limits.Account+slack {
		l.t.Fatalf("at %v: all is well, it says, and %s is %v old: %s", now, account, age, s.Verdict)
	}
}

// checkTold makes sure that people know of what is wrong, once they can be told.
func (l *life) checkTold(now time.Duration, on map[alarmKey]bool) {
	for key := range on {
		if _, ok := l.since[key]; !ok || l.w.mute {
			l.since[key] = now
		}
		if late := now - max(l.since[key], l.w.up); late > sayMost+slack && !l.w.known[key] {
			l.t.Fatalf("at %v: nobody was told of %v for %v", now, key, late)
		}
	}
	for key := range l.since {
		if !on[key] {
			delete(l.since, key)
		}
	}
}
