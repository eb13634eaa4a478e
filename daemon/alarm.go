package daemon

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// An AlarmKind says what is wrong.
type AlarmKind string

// The kinds of alarms.
const (
	AlarmAccount    AlarmKind = "account_stale"      // it was not looked through for too long
	AlarmIncomplete AlarmKind = "account_incomplete" // things are missing for too long
	AlarmSession    AlarmKind = "session"            // the account cannot be used until somebody signs in, or so
	AlarmCopy       AlarmKind = "copy_stale"         // what was fetched is not in it for too long
	AlarmAway       AlarmKind = "copy_away"          // it is not there: not mounted, most likely
	AlarmRefused    AlarmKind = "vault_refused"      // it is another vault, an older one, or damaged
	AlarmDisk       AlarmKind = "disk_full"          // there is no room, or soon there will be none
	AlarmDamaged    AlarmKind = "verify_failed"      // a verification found problems
	AlarmUnverified AlarmKind = "verify_overdue"     // none came to its end for too long
	AlarmDrill      AlarmKind = "drill_failed"       // the last restore that was tried did not give everything back
	AlarmUndrilled  AlarmKind = "drill_overdue"      // no restore was proved to work for too long
	AlarmKeys       AlarmKind = "keys_overdue"       // no owner key was proved to open the vault for too long
)

// An Alarm is one thing that is wrong.
type Alarm struct {
	Kind    AlarmKind `json:"kind"`
	Account string    `json:"account,omitempty"`
	Copy    string    `json:"copy,omitempty"`
	Since   time.Time `json:"since"` // when it was raised
	Text    string    `json:"text"`  // names no chat and no person
}

type alarmKey struct {
	kind    AlarmKind
	subject string
}

func (a *Alarm) key() alarmKey { return alarmKey{a.Kind, a.Account + "/" + a.Copy} }

// conditions is everything that is wrong at a moment and is to be said. The caller holds mu.
func (d *Daemon) conditions(now reading) []Alarm {
	all := d.wrong(now, true)
	if now.boot < d.grace {
		sure := d.wrong(now, false)
		all = slices.DeleteFunc(all, func(c Alarm) bool { return !says(sure, c.key()) && d.waited[c.key()] < d.plan.Limits.Grace })
	}
	for _, a := range d.active() {
		if !says(all, a.key()) && !d.known(&a) {
			all = append(all, a) // of an earlier daemon
		}
	}
	return all
}

func says(all []Alarm, key alarmKey) bool {
	return slices.ContainsFunc(all, func(a Alarm) bool { return a.key() == key })
}

// wait adds up for how long the daemon has run while something was wrong: a machine that is
// on for minutes a day never comes to the end of the grace that follows each start, and who
// works on it is to hear of what is wrong all the same. The caller holds mu.
func (d *Daemon) wait(now reading) {
	passed := now.run.Sub(d.judged)
	waited := map[alarmKey]time.Duration{}
	for _, c := range d.wrong(now, true) {
		span := d.waited[c.key()] + passed
		if s := d.alarms[c.key()]; s != nil && s.active {
			span = d.plan.Limits.Grace // it was said: a start of the daemon does not end it
		}
		waited[c.key()] = min(span, d.plan.Limits.Grace)
	}
	d.waited, d.judged = waited, now.run
}

// wrong is everything that is wrong at a moment, with what only is of a certain age or without.
func (d *Daemon) wrong(now reading, aged bool) []Alarm {
	var all []Alarm
	for _, name := range slices.Sorted(maps.Keys(d.accounts)) {
		all = append(all, d.wrongWithAccount(d.accounts[name], now, aged)...)
	}
	for _, name := range slices.Sorted(maps.Keys(d.copies)) {
		all = append(all, d.wrongWithCopy(d.copies[name], now, aged)...)
	}
	return append(all, d.wrongWithVault(now, aged)...)
}

func (d *Daemon) wrongWithAccount(a *account, now reading, aged bool) (all []Alarm) {
	limits := d.plan.Limits
	if a.person != nil {
		all = append(all, Alarm{Kind: AlarmSession, Account: a.name, Text: d.words(a.person)})
	}
	since := a.round
	if !since.known {
		since = a.begun
	}
	if age := since.age(now); aged && age > limits.Account {
		text := "not backed up for " + inDays(age)
		switch {
		case a.paused:
			text += ": it is paused"
		case a.blocked > 0 || d.thrift == ThriftAll:
			text += reasonOf(d.words(d.held()))
		case a.err != nil:
			text += ": " + d.words(a.err)
		}
		return append(all, Alarm{Kind: AlarmAccount, Account: a.name, Text: text})
	}
	if since = a.whole; !since.known {
		since = a.begun
	}
	if age := since.age(now); aged && age > limits.Incomplete {
		all = append(all, Alarm{Kind: AlarmIncomplete, Account: a.name, Text: fmt.Sprintf("never complete for %s: %d things are missing and tried again", inDays(age), a.failing)})
	}
	return all
}

func (d *Daemon) wrongWithCopy(c *copyState, now reading, aged bool) (all []Alarm) {
	limits := d.plan.Limits
	add := func(kind AlarmKind, text string) { all = append(all, Alarm{Kind: kind, Copy: c.name, Text: text}) }
	since := c.seen
	if !since.known {
		since = c.first
	}
	behind := c.sinceCurrent().age(now)
	switch {
	case c.err != nil:
		if since.age(now) > limits.Copy && aged {
			add(AlarmAway, "not there for "+inDays(since.age(now))+": "+d.words(c.err))
		}
	case c.refused != nil:
		add(AlarmRefused, d.words(c.refused))
	case c.objects > 0 && behind > limits.Copy && aged:
		add(AlarmCopy, fmt.Sprintf("%d files of the vault are not in it, it was last up to date %s ago", c.objects, inDays(behind)))
	}
	if in, ok := c.full(now, limits.Reserve); ok && in <= limits.Disk {
		text := "no room is left"
		if in > 0 {
			text = "full in " + inDays(in) + " if it goes on like this"
		}
		add(AlarmDisk, text)
	}
	d.wrongWithProof(c, now, aged, add)
	return all
}

// wrongWithProof looks at what proves that a copy can be relied on.
func (d *Daemon) wrongWithProof(c *copyState, now reading, aged bool, add func(AlarmKind, string)) {
	if v := &c.verify; v.problems > 0 {
		add(AlarmDamaged, fmt.Sprintf("the last verification found %d problems: %s", v.problems, v.detail))
	}
	if age, overdue := d.verifyOverdue(c, now); overdue && aged {
		add(AlarmUnverified, "not verified for "+inDays(age)+reasonOf(d.words(c.verify.err)))
	}
	if n := c.drill.problems; n > 0 {
		add(AlarmDrill, fmt.Sprintf("the last restore that was tried found %d problems", n))
	}
	if age, overdue := d.drillOverdue(c, now); overdue && aged {
		add(AlarmUndrilled, "nobody has tried for "+inDays(age)+" whether it can be restored")
	}
}

// verifyOverdue reports whether a verification is overdue, and for how long there was none.
func (d *Daemon) verifyOverdue(c *copyState, now reading) (time.Duration, bool) {
	age := c.verify.since(c).likely(now)
	return age, d.plan.Verify > 0 && age > d.plan.Limits.Verify
}

func (d *Daemon) wrongWithVault(now reading, aged bool) (all []Alarm) {
	v := &d.vault
	if age, overdue := d.keysOverdue(now); overdue && aged {
		all = append(all, Alarm{Kind: AlarmKeys, Copy: "vault", Text: "nobody has tried for " + inDays(age) + " whether an owner key opens it"})
	}
	switch {
	case v.err == nil:
	case v.ending == EndPerson:
		all = append(all, Alarm{Kind: AlarmRefused, Copy: "vault", Text: d.words(v.err)})
	case v.ending == EndNoSpace:
		all = append(all, Alarm{Kind: AlarmDisk, Copy: "vault", Text: d.words(v.err)})
	case v.lost.known && aged && v.lost.age(now) > d.plan.Limits.Copy:
		all = append(all, Alarm{Kind: AlarmCopy, Copy: "vault", Text: "not written to for " + inDays(v.lost.age(now)) + ": " + d.words(v.err)})
		return all
	}
	if v.pending.known && aged && v.pending.age(now) > d.plan.Limits.Copy {
		all = append(all, Alarm{Kind: AlarmCopy, Copy: "vault", Text: "what was fetched is not in it for " + inDays(v.pending.age(now)) + reasonOf(d.words(v.err))})
	}
	return all
}

func reasonOf(words string) string {
	if words == "" {
		return ""
	}
	return ": " + words
}

// judge raises alarms and ends them.
func (d *Daemon) judge(now reading) {
	d.mu.Lock()
	d.wait(now)
	var events []Event
	active := map[alarmKey]bool{}
	for _, c := range d.conditions(now) {
		if active[c.key()] {
			continue
		}
		active[c.key()] = true
		s := d.alarms[c.key()]
		if s == nil {
			s = &alarmState{}
			d.alarms[c.key()] = s
		}
		since := s.alarm.Since
		if !s.active {
			since = now.wall.UTC().Truncate(time.Second)
		}
		c.Since = since
		s.alarm = c
		if !s.active {
			s.active = true
			events = append(events, Event{Kind: EventAlarm, Alarm: &c, Account: c.Account})
		}
	}
	for key, s := range d.alarms {
		if s.active && !active[key] {
			s.active = false
			over := s.alarm
			events = append(events, Event{Kind: EventRecovery, Alarm: &over, Account: over.Account})
		}
	}
	d.mu.Unlock()
	for _, e := range events {
		d.event(e)
	}
	signal(d.tell)
}

// known reports whether the daemon has seen since it began whether an alarm is over.
// The caller holds mu.
func (d *Daemon) known(a *Alarm) bool {
	if c := d.copies[a.Copy]; c != nil && !c.looked {
		return false
	}
	if one := d.accounts[a.Account]; one != nil && a.Kind == AlarmSession {
		return one.state == StateLive || one.progress != nil // somebody is signed in
	}
	if a.Copy == "vault" && (a.Kind == AlarmRefused || a.Kind == AlarmDisk) {
		return d.vault.open || !d.wants()
	}
	return true
}

// active is the alarms that are on, in a fixed order. The caller holds mu.
func (d *Daemon) active() []Alarm {
	all := []Alarm{}
	for _, s := range d.alarms {
		if s.active {
			all = append(all, s.alarm)
		}
	}
	slices.SortFunc(all, func(a, b Alarm) int {
		return strings.Compare(string(a.Kind)+a.Account+a.Copy, string(b.Kind)+b.Account+b.Copy)
	})
	return all
}

// inDays writes a span of time in words that are short and exact enough.
func inDays(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
