package daemon

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Status is what a daemon knows at one moment.
type Status struct {
	Time    time.Time `json:"time"`
	Started time.Time `json:"started"`
	// Well says that everything of every account is backed up, as far as anybody can
	// know, and that nothing is wrong.
	Well     bool            `json:"well"`
	Verdict  string          `json:"verdict"` // one line
	Accounts []AccountStatus `json:"accounts"`
	Copies   []CopyStatus    `json:"copies"`
	Alarms   []Alarm         `json:"alarms"`
	// Verify sums the copies up: the oldest age, all problems, and the one that is read.
	Verify VerifyStatus `json:"verify"`
	// Held is what waits for a link that costs nothing, or for mains power; nil: nothing.
	Held *Held `json:"held,omitempty"`
}

// An AccountStatus is the state of one account. Ages are seconds, -1 for never.
type AccountStatus struct {
	Name      string    `json:"name"`
	State     State     `json:"state"`
	Age       float64   `json:"age_seconds"`         // since everything was looked through
	WholeAge  float64   `json:"whole_age_seconds"`   // since everything was there
	LookedAt  time.Time `json:"looked_at,omitzero"`  // by the clock on the wall
	RetryAt   time.Time `json:"retry_at,omitzero"`   //
	PauseEnds time.Time `json:"pause_ends,omitzero"` //
	Failing   int       `json:"failing"`             // things that are missing and tried again
	Messages  int       `json:"messages"`            // stored since the daemon began
	Media     int       `json:"media"`
	Error     string    `json:"error,omitempty"`
	Progress  *Progress `json:"progress,omitempty"`
}

// A CopyStatus is the state of one copy of the vault.
type CopyStatus struct {
	Name string `json:"name"`
	// There says that it can be reached, and Open that it is being written to.
	There      bool      `json:"there"`
	Open       bool      `json:"open"`
	SeenAge    float64   `json:"seen_age_seconds"`    // since it was there; -1 for never
	CurrentAge float64   `json:"current_age_seconds"` // since it had all that the other copies have; -1 for never
	Objects    int       `json:"behind_files"`        // that it lacked when it was there last
	Bytes      int64     `json:"behind_bytes"`        // of them
	Free       int64     `json:"free_bytes"`          // -1: nobody knows
	PendingAge float64   `json:"pending_seconds"`     // for how long something is not in it; 0: nothing
	LastCommit time.Time `json:"last_commit,omitzero"`
	FullIn     float64   `json:"full_in_days,omitempty"` // if it goes on like this
	Error      string    `json:"error,omitempty"`

	Verify VerifyStatus `json:"verify"`
	Drill  DrillStatus  `json:"drill"`
}

// A DrillStatus says when a restore was last proved to work.
type DrillStatus struct {
	Age      float64   `json:"age_seconds"` // since the last that worked; -1 for never
	At       time.Time `json:"proven_at,omitzero"`
	Problems int       `json:"problems"` // that the last one found
	Overdue  bool      `json:"overdue"`
}

// A VerifyStatus says how verifying goes.
type VerifyStatus struct {
	Running  bool    `json:"running"`
	Age      float64 `json:"age_seconds"` // since the last that came to its end began; -1 for never
	Problems int     `json:"problems"`
	Bytes    int64   `json:"bytes,omitempty"` // read, of one that runs
	Total    int64   `json:"bytes_total,omitempty"`
	Error    string  `json:"error,omitempty"`
}

func (m mark) seconds(now reading) float64 {
	if !m.known {
		return -1
	}
	return max(0, m.age(now).Seconds())
}

func (m mark) lasting(now reading) float64 {
	if !m.known {
		return -1
	}
	return max(0, m.likely(now).Seconds())
}

// Status is what the daemon knows now.
func (d *Daemon) Status() Status {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Status{
		Time: now.wall.UTC().Truncate(time.Second), Started: d.started.UTC().Truncate(time.Second), Well: d.well(now), Verdict: d.verdict(now),
		Accounts: []AccountStatus{}, Copies: []CopyStatus{}, Alarms: d.active(), Held: d.heldStatus(now),
	}
	for _, name := range d.plan.Accounts {
		if a := d.accounts[name]; a != nil {
			s.Accounts = append(s.Accounts, d.accountStatus(a, now))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.copies)) {
		s.Copies = append(s.Copies, d.copyStatus(d.copies[name], now))
	}
	s.Verify = verifySum(s.Copies)
	return s
}

// verifySum sums up how verifying all copies goes.
func verifySum(copies []CopyStatus) VerifyStatus {
	sum := VerifyStatus{Age: -1}
	for i, c := range copies {
		v := c.Verify
		if i == 0 || v.Age < 0 || sum.Age >= 0 && v.Age > sum.Age {
			sum.Age = v.Age
		}
		sum.Problems += v.Problems
		if v.Running {
			sum.Running, sum.Bytes, sum.Total = true, v.Bytes, v.Total
		}
		if sum.Error == "" {
			sum.Error = v.Error
		}
	}
	return sum
}

func (d *Daemon) verifyStatus(c *copyState, now reading) VerifyStatus {
	v := &c.verify
	s := VerifyStatus{Running: d.verifying == c.name, Age: v.done.lasting(now), Problems: v.problems, Error: d.words(v.err)}
	if s.Running {
		s.Bytes, s.Total = v.read, v.total
	}
	return s
}

func (d *Daemon) accountStatus(a *account, now reading) AccountStatus {
	s := AccountStatus{
		Name: a.name, State: a.state, Age: a.round.seconds(now), WholeAge: a.whole.seconds(now), LookedAt: a.round.wall,
		Failing: a.failing, Messages: a.messages, Media: a.media, Error: d.words(a.err), Progress: a.progress,
	}
	if !d.vault.open && a.state != StatePaused && a.state != StateEnded {
		s.State = StateWaiting
		switch {
		case d.thrift == ThriftAll:
			s.State = StateHeld
		case d.vault.err == nil:
			s.State = StateStarting
		}
	}
	if a.state == StateWaiting && a.retry.known {
		s.RetryAt = a.retry.wall.UTC().Truncate(time.Second)
	}
	if a.until.known {
		s.PauseEnds = a.until.wall.UTC().Truncate(time.Second)
	}
	return s
}

func (d *Daemon) copyStatus(c *copyState, now reading) CopyStatus {
	v := &d.vault
	_, overdue := d.drillOverdue(c, now)
	s := CopyStatus{
		Name: c.name, There: c.looked && c.err == nil, Open: v.open && c.err == nil && c.refused == nil, SeenAge: c.seen.seconds(now), CurrentAge: c.current.seconds(now),
		Objects: c.objects, Bytes: c.bytes, Free: c.free, Error: d.words(errors.Join(c.err, c.refused)), Verify: d.verifyStatus(c, now),
		Drill: DrillStatus{Age: c.drill.done.lasting(now), At: c.drill.done.wall, Problems: c.drill.problems, Overdue: overdue},
	}
	if !c.lacks() {
		s.LastCommit = v.commit.wall
	} else if c.current.known {
		s.PendingAge = c.current.seconds(now)
	}
	if v.pending.known {
		s.PendingAge = max(s.PendingAge, v.pending.seconds(now))
	}
	if s.Error == "" {
		s.Error = d.words(v.err)
	}
	if in, ok := c.full(now, d.plan.Limits.Reserve); ok {
		s.FullIn = in.Hours() / 24
	}
	return s
}

// well reports whether all is well. It does not wait for an alarm to be due. The caller
// holds mu.
func (d *Daemon) well(now reading) bool {
	if len(d.accounts) == 0 || d.vault.err != nil || len(d.conditions(now)) > 0 {
		return false
	}
	limits := d.plan.Limits
	for _, a := range d.accounts {
		if a.paused || a.person != nil || !a.proved || !a.round.known || a.round.age(now) > limits.Account {
			return false
		}
		if !a.whole.known || a.whole.age(now) > limits.Incomplete {
			return false
		}
	}
	return d.copiesWell(now) && (!d.vault.pending.known || d.vault.pending.age(now) <= limits.Copy)
}

// copiesWell reports whether one copy at least is there and has everything, and no other
// lacks anything, or proof, for too long. The caller holds mu.
func (d *Daemon) copiesWell(now reading) bool {
	one := false
	for _, c := range d.copies {
		_, unverified := d.verifyOverdue(c, now)
		_, undrilled := d.drillOverdue(c, now)
		switch {
		case c.refused != nil || unverified || undrilled:
			return false
		case !c.lacks():
			one = true
		case !c.proved || c.sinceCurrent().age(now) > d.plan.Limits.Copy:
			return false
		}
	}
	return one
}

// verdict is one line on how things are. The caller holds mu.
func (d *Daemon) verdict(now reading) string {
	if wrong := d.conditions(now); len(wrong) > 0 {
		var all []string
		for _, a := range wrong {
			subject := "account " + a.Account + ": "
			if a.Account == "" {
				subject = of(a.Copy)
			}
			all = append(all, subject+a.Text)
		}
		return "something is wrong: " + strings.Join(all, "; ")
	}
	if d.well(now) {
		oldest := time.Duration(0)
		for _, a := range d.accounts {
			oldest = max(oldest, a.round.age(now))
		}
		return fmt.Sprintf("all is well: everything up to %s ago is backed up", inDays(oldest))
	}
	return "not known to be complete yet: " + d.unsure(now)
}

// unsure says why all is not well, though nothing is wrong for long enough.
func (d *Daemon) unsure(now reading) string {
	if d.vault.err != nil {
		return d.words(d.vault.err)
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(d.accounts)) {
		a := d.accounts[name]
		text := "account " + name + " is " + string(a.state)
		switch {
		case a.paused:
			text = "account " + name + " is paused"
		case a.blocked > 0 || d.thrift == ThriftAll:
			text = "account " + name + reasonOf(d.words(d.held()))
		case a.err != nil:
			text += " (" + d.words(a.err) + ")"
		case a.proved && a.round.known && a.round.age(now) <= d.plan.Limits.Account && a.whole.known:
			continue
		case a.progress != nil && a.progress.FilesTotal > 0:
			text = fmt.Sprintf("account %s is being backed up (%d of %d files)", name, a.progress.Files, a.progress.FilesTotal)
		case a.progress != nil:
			text = fmt.Sprintf("account %s is being backed up (%d of %d chats)", name, a.progress.Chats, a.progress.ChatsTotal)
		case a.failing > 0:
			text = fmt.Sprintf("account %s misses %d things that are tried again", name, a.failing)
		}
		all = append(all, text)
	}
	for _, name := range slices.Sorted(maps.Keys(d.copies)) {
		all = append(all, d.unsureOf(d.copies[name], now)...)
	}
	if len(all) == 0 {
		return "the vault was not looked at yet"
	}
	return strings.Join(all, "; ")
}

// unsureOf says why a copy does not prove anything. The caller holds mu.
func (d *Daemon) unsureOf(c *copyState, now reading) (all []string) {
	switch {
	case !c.looked:
		all = append(all, of(c.name)+"it was not looked at yet")
	case c.err != nil:
		all = append(all, of(c.name)+d.words(c.err))
	case c.objects > 0:
		all = append(all, of(c.name)+fmt.Sprintf("it lacks %d files", c.objects))
	}
	if _, overdue := d.verifyOverdue(c, now); overdue {
		all = append(all, of(c.name)+"it was not verified for long")
	}
	if _, overdue := d.drillOverdue(c, now); overdue {
		all = append(all, of(c.name)+"nobody has tried for long whether it can be restored")
	}
	return all
}

// of begins a sentence on a copy.
func of(name string) string {
	if name == "vault" {
		return "the vault: "
	}
	return "copy " + name + ": "
}

// statusLine is what a supervisor shows to everybody on the machine: it names nothing.
func (d *Daemon) statusLine() string {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	live := 0
	for _, a := range d.accounts {
		if a.state == StateLive {
			live++
		}
	}
	var kinds []string
	for _, c := range d.conditions(now) {
		if !slices.Contains(kinds, string(c.Kind)) {
			kinds = append(kinds, string(c.Kind))
		}
	}
	line := fmt.Sprintf("%d of %d accounts live", live, len(d.accounts))
	switch {
	case len(kinds) > 0:
		line = "something is wrong (" + strings.Join(kinds, ", ") + "), " + line
	case d.well(now):
		line = "all is well, " + line
	case d.vault.err != nil:
		line = "the vault cannot be written to, " + line
	}
	if d.verifying != "" {
		line += ", verifying"
	}
	if d.thrift > ThriftNone {
		line += ", " + d.held().Error()
	}
	return line
}
