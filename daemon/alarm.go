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
	AlarmCopy       AlarmKind = "copy_stale"         // what was fetched is not there for too long
	AlarmAway       AlarmKind = "copy_away"          // it is not there: not mounted, most likely
	AlarmRefused    AlarmKind = "vault_refused"      // it is another vault, an older one, or damaged
	AlarmDisk       AlarmKind = "disk_full"          // there is no room, or soon there will be none
	AlarmDamaged    AlarmKind = "verify_failed"      // a verification found problems
	AlarmUnverified AlarmKind = "verify_overdue"     // none came to its end for too long
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

// conditions is everything that is wrong at a moment. The caller holds mu.
func (d *Daemon) conditions(now reading) []Alarm {
	var all []Alarm
	aged := now.boot >= d.grace
	for _, name := range slices.Sorted(maps.Keys(d.accounts)) {
		all = append(all, d.wrongWithAccount(d.accounts[name], now, aged)...)
	}
	for _, name := range slices.Sorted(maps.Keys(d.copies)) {
		all = append(all, d.wrongWithCopy(d.copies[name], now, aged)...)
	}
	all = append(all, d.wrongWithVault(now, aged)...)
	return append(all, d.wrongWithVerify(now, aged)...)
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
	since := c.seen
	if !since.known {
		since = c.first
	}
	if c.err != nil && since.age(now) > limits.Copy && aged {
		all = append(all, Alarm{Kind: AlarmAway, Copy: c.name, Text: "not there for " + inDays(since.age(now)) + ": " + d.words(c.err)})
	}
	if in, ok := c.full(now, limits.Reserve); ok && in <= limits.Disk {
		text := "no room is left"
		if in > 0 {
			text = "full in " + inDays(in) + " if it goes on like this"
		}
		all = append(all, Alarm{Kind: AlarmDisk, Copy: c.name, Text: text})
	}
	return all
}

func (d *Daemon) wrongWithVault(now reading, aged bool) (all []Alarm) {
	v := &d.vault
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

func (d *Daemon) wrongWithVerify(now reading, aged bool) (all []Alarm) {
	v := &d.verify
	if v.problems > 0 {
		all = append(all, Alarm{Kind: AlarmDamaged, Copy: "vault", Text: fmt.Sprintf("the last verification found %d problems: %s", v.problems, v.detail)})
	}
	since := v.done
	if !since.known {
		since = v.first
	}
	if d.plan.Verify > 0 && since.known && aged && since.age(now) > d.plan.Limits.Verify {
		all = append(all, Alarm{Kind: AlarmUnverified, Copy: "vault", Text: "not verified for " + inDays(since.age(now)) + reasonOf(d.words(v.err))})
	}
	return all
}

// judge raises alarms and ends them.
func (d *Daemon) judge(now reading) {
	d.mu.Lock()
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
