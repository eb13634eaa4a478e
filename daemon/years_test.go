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
// restarts, hooks that fail, metered links, batteries, a second copy that comes and goes,
// restores that are tried now and then. At every moment: no alarm is late, none is false, and "all
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
	return liveIn(t, newWorld(seed, accounts...), 0, accounts...)
}

// liveIn is a life in a world that is there already.
func liveIn(t *testing.T, w *world, drill time.Duration, accounts ...string) *life {
	l := &life{t: t, w: w, faults: map[string]int{}, seen: map[AlarmKind]int{}, since: map[alarmKey]time.Duration{}}
	l.plan = Plan{Accounts: accounts, Vault: l.w, Metered: ThriftMedia, Battery: ThriftAll, Limits: Limits{Incomplete: 2 * 24 * time.Hour, Drill: drill}}
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
	l.tell()
	l.run()
}

// run runs the daemon; stop ends it.
func (l *life) run() {
	ctx, cancel := context.WithCancel(l.t.Context())
	var group sync.WaitGroup
	var err error
	group.Go(func() { err = l.daemon.Run(ctx) })
	l.stop = func() error { cancel(); group.Wait(); return err }
}

// tell tells the daemon what others see: what the machine is connected to, and restores
// that were tried.
func (l *life) tell() {
	l.w.mu.Lock()
	s, drilled := Surroundings{l.w.metered, l.w.battery}, l.w.drilledAt
	l.w.mu.Unlock()
	l.daemon.Surroundings(s)
	if !drilled.IsZero() {
		l.daemon.Drilled("vault", drilled, Drill{})
		l.daemon.Drilled("drive", drilled, Drill{})
	}
}

func liveYears(t *testing.T, seed uint64, span time.Duration) {
	w := newWorld(seed, "one", "two")
	w.media["one"] = true
	if seed%2 == 0 {
		w.others = []*otherCopy{{name: "drive"}}
	}
	l := liveIn(t, w, 20*24*time.Hour, "one", "two")
	end, next := time.Now().Add(span), time.Duration(0)
	for time.Now().Before(end) {
		step := 11 * time.Minute
		time.Sleep(step)
		l.tell()
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
	for _, kind := range []AlarmKind{AlarmAccount, AlarmIncomplete, AlarmSession, AlarmAway, AlarmDisk, AlarmDamaged, AlarmUndrilled, AlarmCopy} {
		if l.seen[kind] == 0 {
			t.Errorf("in two years there was never a %s: the test looks at nothing", kind)
		}
	}
	if l.wells < 1000 {
		t.Errorf("all was well at %d looks only", l.wells)
	}
	if l.w.cost > 0 {
		t.Errorf("media was fetched %d times though it cost something", l.w.cost)
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
		"drive": func() {
			for _, o := range w.others {
				if o.away = !o.away; o.away {
					o.awayAt = w.real()
				} else {
					o.backAt = w.real()
				}
			}
		},
		"metered": func() { w.metered, w.dear = !w.metered, time.Now() },
		"battery": func() { w.battery, w.dear = !w.battery, time.Now() },
		"drill": func() {
			w.drilled, w.drilledAt = w.real(), w.start.Add(w.real()+w.jump).Round(0)
			w.drillBoots, w.tainted["drill"] = w.boots, false
		},
		"missing": func() { w.failing[account] = !w.failing[account] },
		"damage":  func() { w.damaged = 1 - w.damaged },
		"hook":    func() { w.mute = !w.mute },
		"clock": func() {
			w.tainted["drill"] = w.tainted["drill"] || w.boots != w.drillBoots
			w.jump = time.Duration((w.random.Float64() - 0.5) * float64(8*365*24*time.Hour))
		},
		"sleep": func() {
			w.slept += time.Duration(w.random.ExpFloat64() * float64(40*time.Hour))
			w.up = w.real()
		},
	}
	names := []string{"drive", "metered", "battery", "drill", "network", "vault", "space", "session", "missing", "damage", "hook", "clock", "sleep", "restart", "reboot", "calm", "calm", "calm", "calm", "calm", "calm", "calm", "calm"}
	name := names[w.random.IntN(len(names))]
	l.faults[name]++
	switch name {
	case "restart", "reboot":
		l.restart(name == "reboot")
	case "calm":
		w.set(func() {
			w.offline, w.away, w.full, w.mute, w.damaged, w.free = false, false, false, false, 0, 1<<40
			w.metered, w.battery = false, false
			for _, o := range w.others {
				if o.away {
					o.away, o.backAt = false, w.real()
				}
			}
			clear(w.revoked)
			clear(w.failing)
		})
	default:
		w.set(toggles[name])
	}
	l.tell()
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
			w.tainted = map[string]bool{"one": true, "two": true, "vault": true, "away": true, "drill": true, "drive": true}
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
	for _, o := range w.others {
		l.checkOther(s, o, now, awake, on)
	}
	l.checkDrill(s, now, awake, on)
	if s.Well {
		l.wells++
		if w.away && now-w.awayAt > slack && !l.elsewhere() || w.pending >= 0 && now-w.pending > limits.Copy+slack && !w.tainted["vault"] {
			l.t.Fatalf("at %v: all is well, it says, and the vault is away (%v for %v) or behind (%v)", now, w.away, now-w.awayAt, now-w.pending)
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
		deadline += max(0, age-(now-w.up))
	}
	if awake && age > deadline && !on[stale] {
		l.t.Fatalf("at %v: %s is %v old, and no alarm: %s", now, account, age, s.Verdict)
	}
	if age < limits.Account-slack && on[stale] && !w.tainted[account] {
		l.t.Fatalf("at %v: %s is %v old, and there is an alarm", now, account, age)
	}
	usable := !w.metered && !w.battery && !w.offline && w.unusable() == nil && !w.mute
	if w.revoked[account] && usable && awake && now-max(w.revokedAt[account], w.up) > time.Hour && now-w.rounds[account] > 2*time.Hour && !on[session] && !on[stale] {
		l.t.Fatalf("at %v: the session of %s ended %v ago, and no alarm", now, account, now-w.revokedAt[account])
	}
	if s.Well && age > limits.Account+slack {
		l.t.Fatalf("at %v: all is well, it says, and %s is %v old: %s", now, account, age, s.Verdict)
	}
}

// elsewhere reports whether there is a copy with everything besides the one called vault.
func (l *life) elsewhere() bool {
	for _, o := range l.w.others {
		if !o.away && !o.lacks {
			return true
		}
	}
	return false
}

// checkOther looks at a copy besides the one called vault.
func (l *life) checkOther(s Status, o *otherCopy, now time.Duration, awake bool, on map[alarmKey]bool) {
	limits, known := l.plan.Limits, !l.w.tainted["drive"]
	away, behind := alarmKey{AlarmAway, "/" + o.name}, alarmKey{AlarmCopy, "/" + o.name}
	if o.away && awake && known && now-o.awayAt > limits.Copy+slack && !on[away] {
		l.t.Fatalf("at %v: %s is away for %v, and no alarm", now, o.name, now-o.awayAt)
	}
	if on[away] && (!o.away && now-o.backAt > slack && now-l.w.up > slack || known && o.away && now-o.awayAt < limits.Copy-slack) {
		l.t.Fatalf("at %v: %s is there (%v), and there is an alarm", now, o.name, !o.away)
	}
	if o.lacks && !o.away && now-o.backAt > slack && awake && known && now-o.lackAt > limits.Copy+slack && !on[behind] {
		l.t.Fatalf("at %v: %s lacks something for %v, and no alarm", now, o.name, now-o.lackAt)
	}
	if !o.lacks && !o.away && on[behind] && now-o.backAt > catchUp+slack && now-l.w.up > slack {
		l.t.Fatalf("at %v: %s has everything, and there is an alarm", now, o.name)
	}
	if s.Well && known && (o.away && now-o.awayAt > limits.Copy+slack || o.lacks && now-o.lackAt > limits.Copy+slack) {
		l.t.Fatalf("at %v: all is well, it says, and %s is away (%v) or behind", now, o.name, o.away)
	}
}

// checkDrill looks at when it was last proved that something can be restored.
func (l *life) checkDrill(s Status, now time.Duration, awake bool, on map[alarmKey]bool) {
	age, limit, alarm := now-l.w.drilled, l.plan.Limits.Drill, on[alarmKey{AlarmUndrilled, "/vault"}]
	switch {
	case l.w.tainted["drill"]:
	case awake && age > limit+slack && !alarm:
		l.t.Fatalf("at %v: the last drill was %v ago, and no alarm", now, age)
	case alarm && age < limit-slack:
		l.t.Fatalf("at %v: the last drill was %v ago, and there is an alarm", now, age)
	case s.Well && age > limit+slack:
		l.t.Fatalf("at %v: all is well, it says, and the last drill was %v ago", now, age)
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
