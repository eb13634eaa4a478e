package daemon

import (
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
	Verify   VerifyStatus    `json:"verify"`
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
	// Open says that it is being written to.
	Open       bool      `json:"open"`
	Free       int64     `json:"free_bytes"`      // -1: nobody knows
	PendingAge float64   `json:"pending_seconds"` // for how long something is not in it; 0: nothing
	LastCommit time.Time `json:"last_commit,omitzero"`
	FullIn     float64   `json:"full_in_days,omitempty"` // if it goes on like this
	Error      string    `json:"error,omitempty"`
}

// A VerifyStatus says how verifying goes.
type VerifyStatus struct {
	Running  bool    `json:"running"`
	Age      float64 `json:"age_seconds"` // since the last that came to its end; -1 for never
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

// Status is what the daemon knows now.
func (d *Daemon) Status() Status {
	now := d.o.Clock.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Status{
		Time: now.wall.UTC().Truncate(time.Second), Started: d.started.UTC().Truncate(time.Second), Well: d.well(now), Verdict: d.verdict(now),
		Accounts: []AccountStatus{}, Copies: []CopyStatus{}, Alarms: d.active(),
		Verify: VerifyStatus{
			Running: d.verify.running, Age: d.verify.done.seconds(now), Problems: d.verify.problems, Error: d.words(d.verify.err),
		},
	}
	if d.verify.running {
		s.Verify.Bytes, s.Verify.Total = d.verify.read, d.verify.total
	}
	for _, name := range d.plan.Accounts {
		if a := d.accounts[name]; a != nil {
			s.Accounts = append(s.Accounts, d.accountStatus(a, now))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.copies)) {
		s.Copies = append(s.Copies, d.copyStatus(d.copies[name], now))
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
		if d.vault.err == nil {
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
	s := CopyStatus{Name: c.name, Free: c.free, Error: d.words(c.err)}
	if c.name == "vault" {
		v := &d.vault
		s.Open, s.LastCommit = v.open, v.commit.wall
		if v.pending.known {
			s.PendingAge = v.pending.seconds(now)
		}
		if s.Error == "" {
			s.Error = d.words(v.err)
		}
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
	for _, c := range d.copies {
		if c.err != nil {
			return false
		}
	}
	return len(d.copies) > 0 && (!d.vault.pending.known || d.vault.pending.age(now) <= limits.Copy)
}

// verdict is one line on how things are. The caller holds mu.
func (d *Daemon) verdict(now reading) string {
	if wrong := d.conditions(now); len(wrong) > 0 {
		var all []string
		for _, a := range wrong {
			subject := "account " + a.Account
			if a.Account == "" {
				subject = "copy " + a.Copy
				if a.Copy == "vault" {
					subject = "the vault"
				}
			}
			all = append(all, subject+": "+a.Text)
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
	for _, c := range d.copies {
		if c.err != nil {
			all = append(all, d.words(c.err))
		}
	}
	if len(all) == 0 {
		return "the vault was not looked at yet"
	}
	return strings.Join(all, "; ")
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
	if d.verify.running {
		line += ", verifying"
	}
	return line
}
