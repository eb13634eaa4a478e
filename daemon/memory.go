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
	Pending  *age                     `json:"pending,omitempty"`
	Commit   *age                     `json:"commit,omitempty"`
	Told     []toldMemory             `json:"told,omitempty"`
	Waited   []waitedMemory           `json:"waited,omitempty"`
}

// A waitedMemory is for how long a daemon ran while something was wrong.
type waitedMemory struct {
	Kind    AlarmKind     `json:"kind"`
	Subject string        `json:"subject"`
	Time    time.Duration `json:"time"`
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
	Current *age     `json:"current,omitempty"`
	First   *age     `json:"first,omitempty"`
	Begun   *age     `json:"begun,omitempty"`
	History []sample `json:"history,omitempty"`
	Objects int      `json:"behind_files,omitempty"`
	Bytes   int64    `json:"behind_bytes,omitempty"`

	Verified *age   `json:"verified,omitempty"`
	Problems int    `json:"problems,omitempty"`
	Detail   string `json:"detail,omitempty"`
	Round    *age   `json:"verifying_since,omitempty"` // of a verification that came to no end
	Place    string `json:"verified_up_to,omitempty"`

	Drilled       *age `json:"drilled,omitempty"`
	Tried         *age `json:"drill_tried,omitempty"`
	DrillProblems int  `json:"drill_problems,omitempty"`
}

// remembered is what is written down of a copy.
func (c *copyState) remembered(now reading) copyMemory {
	v := &c.verify
	m := copyMemory{
		Seen: c.seen.remembered(now), Current: c.current.remembered(now), First: c.first.remembered(now), Begun: c.begun.remembered(now),
		Objects: c.objects, Bytes: c.bytes, Verified: v.done.remembered(now), Problems: v.problems, Detail: v.detail,
		Round: v.begun.remembered(now), Place: v.place,
		Drilled: c.drill.done.remembered(now), Tried: c.drill.last.remembered(now), DrillProblems: c.drill.problems,
	}
	for _, s := range c.history {
		m.History = append(m.History, sample{now.boot - s.At, s.Free})
	}
	return m
}

// recalled is a copy of which m was written down so long ago, since the same start of the
// machine or not.
func (m *copyMemory) recalled(name string, now reading, since time.Duration, same bool) *copyState {
	c := &copyState{
		name: name, free: -1, seen: m.Seen.recalled(now, since), current: m.Current.recalled(now, since), proved: same, first: m.First.lasting(now, since, same),
		begun: m.Begun.lasting(now, since, same), objects: m.Objects, bytes: m.Bytes,
	}
	if !c.first.known {
		c.first = markNow(now)
	}
	for _, s := range m.History {
		c.history = append(c.history, sample{now.boot - s.At - since, s.Free})
	}
	c.verify = verifyState{
		done: m.Verified.lasting(now, since, same), problems: m.Problems, detail: m.Detail, begun: m.Round.lasting(now, since, same), place: m.Place,
	}
	c.drill = drillState{done: m.Drilled.lasting(now, since, same), last: m.Tried.lasting(now, since, same), problems: m.DrillProblems}
	return c
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
	Off  time.Duration `json:"off,omitempty"`
	Dial time.Duration `json:"dial,omitempty"`
}

func (m mark) remembered(now reading) *age {
	if !m.known {
		return nil
	}
	return &age{m.age(now), m.wall, m.off, m.dial}
}

// recalled is a mark that was remembered so long ago.
func (a *age) recalled(now reading, since time.Duration) mark {
	if a == nil {
		return mark{}
	}
	return mark{at: now.boot - a.Ago - since, wall: a.Wall, known: true, off: a.Off, dial: a.Dial}
}

// lasting is recalled for what stays for months: see mark.likely.
func (a *age) lasting(now reading, since time.Duration, same bool) mark {
	m := a.recalled(now, since)
	if !same {
		m.off += since
	}
	return m
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
		m.Copies[name] = c.remembered(now)
	}
	for _, s := range d.alarms {
		if s.told.known {
			m.Told = append(m.Told, toldMemory{s.alarm, s.told.remembered(now)})
		}
	}
	for key, span := range d.waited {
		m.Waited = append(m.Waited, waitedMemory{key.kind, key.subject, span})
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
			a.until = mark{at: now.boot + one.Left - since, wall: now.wall.Add(one.Left - since), known: true}
		}
		if a.paused {
			a.state = StatePaused
		}
		d.accounts[name] = a
	}
	jumped := now.wall.Round(0).Sub(m.Wall) - since
	for name, one := range m.Copies {
		d.copies[name] = one.recalled(name, now, since, same)
		if same && jumped.Abs() >= leastJump {
			d.copies[name].shift(jumped)
		}
	}
	d.vault.pending, d.vault.commit = m.Pending.recalled(now, since), m.Commit.recalled(now, since)
	for _, t := range m.Told {
		d.alarms[t.Alarm.key()] = &alarmState{alarm: t.Alarm, active: true, told: t.Told.recalled(now, since)}
	}
	for _, w := range m.Waited {
		d.waited[alarmKey{w.Kind, w.Subject}] = w.Time
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
