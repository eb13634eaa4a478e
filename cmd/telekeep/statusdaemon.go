package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"telekeep/config"
	"telekeep/daemon"
)

// hearDaemon asks the daemon how it is, if one runs. One that does not answer is worse
// than none: it holds the vault and backs nothing up.
func (a *app) hearDaemon(ctx context.Context, cfg *config.Config, r *statusReport) {
	d := running(cfg)
	if d == nil || a.vault != "" {
		return
	}
	status, err := d.status(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		r.DaemonProblem = "runs and does not answer: it hangs, or was stopped"
	case err != nil && !errors.Is(err, errDaemonGone):
		r.DaemonProblem = "runs and does not say how it is: " + printable(oneLine(err))
	}
	r.Daemon = status
	for i := range r.Accounts {
		one := &r.Accounts[i]
		one.atWork = one.atWork || status != nil && isAtWork(status, one.Name)
	}
}

// isAtWork reports whether the daemon backs an account up, now or when it can again.
func isAtWork(s *daemon.Status, name string) bool {
	return slices.ContainsFunc(s.Accounts, func(a daemon.AccountStatus) bool {
		return a.Name == name && a.State != daemon.StateEnded && a.State != daemon.StatePaused
	})
}

// oldSettings says what becomes of the backup while the settings cannot be read: a daemon
// goes on with those that it had.
func (a *app) oldSettings(ctx context.Context, err error) error {
	d := a.besideBadSettings(err)
	if d == nil {
		return nil
	}
	s, err := d.status(ctx)
	if err != nil {
		return nil //nolint:nilerr // the settings are what must be mended first
	}
	put := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	put("a daemon runs, with the settings as they were: %s", s.Verdict)
	a.printDaemon(put, s)
	return nil
}

// besideBadSettings finds the daemon of an installation whose settings cannot be read, where
// init puts its state; nil if there is none, or the error is another.
func (a *app) besideBadSettings(err error) *remote {
	var bad *config.Error
	p, placeErr := a.place()
	if !errors.As(err, &bad) || placeErr != nil {
		return nil
	}
	state := p.state
	if !filepath.IsAbs(state) {
		state = filepath.Join(filepath.Dir(p.config), state)
	}
	return running(&config.Config{State: state})
}

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
