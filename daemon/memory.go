package daemon

import (
	"encoding/json"
	"time"
)

// What a daemon knows is written down as ages: a time on the wall may be years off when
// it is read. The clocks of that moment stand beside.
type memory struct {
	Wall     time.Time                `json:"wall"`
	Boot     time.Duration            `json:"boot"`
	BootID   string                   `json:"boot_id"`
	Accounts map[string]accountMemory `json:"accounts"`
	Copies   map[string]copyMemory    `json:"copies"`
	Verified *age                     `json:"verified,omitempty"`
	Problems int                      `json:"problems,omitempty"`
	Detail   string                   `json:"detail,omitempty"`
	Pending  *age                     `json:"pending,omitempty"`
	Commit   *age                     `json:"commit,omitempty"`
	Told     []toldMemory             `json:"told,omitempty"`
}

type accountMemory struct {
	Begun  *age          `json:"begun,omitempty"`
	Round  *age          `json:"round,omitempty"`
	Whole  *age          `json:"whole,omitempty"`
	Paused bool          `json:"paused,omitempty"`
	Left   time.Duration `json:"pause_left,omitempty"`
}

type copyMemory struct {
	Seen    *age     `json:"seen,omitempty"`
	First   *age     `json:"first,omitempty"`
	History []sample `json:"history,omitempty"`
}

// A toldMemory is an alarm that people were told of.
type toldMemory struct {
	Alarm Alarm `json:"alarm"`
	Told  *age  `json:"told"`
}

// An age is how long ago something was, and what the clock on the wall said.
type age struct {
	Ago  time.Duration `json:"ago"`
	Wall time.Time     `json:"wall"`
}

func (m mark) remembered(now reading) *age {
	if !m.known {
		return nil
	}
	return &age{m.age(now), m.wall}
}

// recalled is a mark that was remembered so long ago.
func (a *age) recalled(now reading, since time.Duration) mark {
	if a == nil {
		return mark{}
	}
	return mark{now.boot - a.Ago - since, a.Wall, true}
}

// save writes down what the daemon knows.
func (d *Daemon) save(now reading) {
	if d.o.Memory == nil {
		return
	}
	d.mu.Lock()
	d.saved = now.boot
	m := memory{
		Wall: now.wall.UTC().Round(0), Boot: now.boot, BootID: d.o.Clock.BootID,
		Accounts: map[string]accountMemory{}, Copies: map[string]copyMemory{},
		Verified: d.verify.done.remembered(now), Problems: d.verify.problems, Detail: d.verify.detail,
		Pending: d.vault.pending.remembered(now), Commit: d.vault.commit.remembered(now),
	}
	for name, a := range d.accounts {
		one := accountMemory{a.begun.remembered(now), a.round.remembered(now), a.whole.remembered(now), a.paused, 0}
		if a.until.known {
			one.Left = max(1, a.until.at-now.boot)
		}
		m.Accounts[name] = one
	}
	for name, c := range d.copies {
		one := copyMemory{Seen: c.seen.remembered(now), First: c.first.remembered(now)}
		for _, s := range c.history {
			one.History = append(one.History, sample{now.boot - s.At, s.Free})
		}
		m.Copies[name] = one
	}
	for _, s := range d.alarms {
		if s.told.known {
			m.Told = append(m.Told, toldMemory{s.alarm, s.told.remembered(now)})
		}
	}
	d.mu.Unlock()
	data, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = d.o.Memory.Save(data)
	}
	if err != nil {
		d.o.Log.Warn("what is known cannot be written down", "error", err)
	}
}

// remember takes up what an earlier daemon knew. What cannot be read is not known.
func (d *Daemon) remember() {
	if d.o.Memory == nil {
		return
	}
	data, err := d.o.Memory.Load()
	var m memory
	if err != nil || json.Unmarshal(data, &m) != nil {
		return
	}
	now := d.last
	since, sure := m.since(now, d.o.Clock.BootID)
	same := m.BootID != "" && m.BootID == d.o.Clock.BootID
	if !sure { // the clock went back: nobody knows how old this is, so it proves nothing
		since = 0
	}
	for name, one := range m.Accounts {
		a := newAccount(name, now)
		a.begun = one.Begun.recalled(now, since)
		if sure {
			a.proved = same
			a.round, a.whole = one.Round.recalled(now, since), one.Whole.recalled(now, since)
		}
		if !a.begun.known {
			a.begun = markNow(now)
		}
		a.paused = one.Paused
		if one.Left > 0 {
			a.until = mark{now.boot + one.Left - since, now.wall.Add(one.Left - since), true}
		}
		if a.paused {
			a.state = StatePaused
		}
		d.accounts[name] = a
	}
	for name, one := range m.Copies {
		c := &copyState{name: name, free: -1, seen: one.Seen.recalled(now, since), first: one.First.recalled(now, since)}
		for _, s := range one.History {
			c.history = append(c.history, sample{now.boot - s.At - since, s.Free})
		}
		d.copies[name] = c
	}
	d.verify.done, d.verify.problems, d.verify.detail = m.Verified.recalled(now, since), m.Problems, m.Detail
	d.vault.pending, d.vault.commit = m.Pending.recalled(now, since), m.Commit.recalled(now, since)
	for _, t := range m.Told {
		d.alarms[t.Alarm.key()] = &alarmState{alarm: t.Alarm, active: true, told: t.Told.recalled(now, since)}
	}
}

// since is how long ago m was written; false if nobody can know.
func (m *memory) since(now reading, bootID string) (time.Duration, bool) {
	if m.BootID != "" && m.BootID == bootID && now.boot >= m.Boot {
		return now.boot - m.Boot, true
	}
	passed := now.wall.Round(0).Sub(m.Wall)
	return max(0, passed), passed >= 0
}
