package main

import (
	"telekeep/daemon"
)

// printDaemon says how the daemon is; nothing if none runs.
func (a *app) printDaemon(put func(string, ...any), s *daemon.Status) {
	if s == nil {
		return
	}
	put("daemon       running since %s", moment(s.Started))
	for _, account := range s.Accounts {
		text := string(account.State)
		if account.Age >= 0 {
			text += ", looked through " + roughly(account.Age) + " ago"
		}
		if account.Error != "" {
			text += ": " + printable(account.Error)
		}
		put("  %-10s %s", account.Name, text)
	}
	if s.Held != nil {
		put("  held       %s", heldWords(s.Held))
	}
	for i := range s.Copies {
		c := &s.Copies[i]
		if len(s.Copies) > 1 {
			put("  %-10s %s", c.Name, copyHealth(c))
		} else if c.PendingAge > 0 {
			put("  waiting    for a commit for %s", roughly(c.PendingAge))
		}
	}
	if s.Verify.Running {
		put("  verifying  %s", percent(s.Verify.Bytes, s.Verify.Total))
	}
	for _, alarm := range s.Alarms {
		put("  alarm      since %s: %s", moment(alarm.Since), printable(alarm.Text))
	}
}

// copyHealth says how one of several copies is.
func copyHealth(c *daemon.CopyStatus) string {
	text := copyState(c)
	if c.PendingAge > 0 {
		text += ", lacks what is new for " + roughly(c.PendingAge)
	}
	if proven := provenWords(c, true); proven != "" {
		text += "; " + proven
	}
	if c.Error != "" {
		text += ": " + printable(c.Error)
	}
	return text
}
