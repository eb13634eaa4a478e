package main

import (
	"errors"
	"log/slog"
	"time"

	"telekeep/daemon"
	"telekeep/systemd"
)

// managed tells systemd how the daemon is. Where no systemd started it, nothing is said.
type managed struct {
	manager systemd.Manager
	log     *slog.Logger
}

// drainSlack is what the process may take to end after the daemon has: with it, and
// drainTime, systemd waits long enough whatever a drop-in says.
const drainSlack = 20 * time.Second

// Notify passes on one note.
func (m managed) Notify(n daemon.Note) {
	var err error
	switch n.Kind {
	case daemon.NoteReady:
		err = m.manager.Ready(n.Status)
	case daemon.NoteReloading:
		err = m.manager.Reloading()
	case daemon.NoteStopping:
		err = errors.Join(m.manager.Stopping("storing what is in hand"), m.manager.Extend(drainTime+drainSlack))
	case daemon.NoteDraining:
		err = m.manager.Extend(drainTime + drainSlack)
	case daemon.NoteStatus:
		err = m.manager.Status(n.Status)
	case daemon.NoteAlive:
		err = m.manager.Watchdog()
	}
	if err != nil {
		m.log.Warn("systemd cannot be told", "error", err)
	}
}

// watchdog is how often systemd wants to hear that everything goes on; 0: never.
func (m managed) watchdog() time.Duration {
	every, err := m.manager.WatchdogInterval()
	if err != nil {
		m.log.Warn("the watchdog's interval cannot be read", "error", err)
		return 0
	}
	return every
}

// daemonLog is where the daemon writes what happened: in the journal's form, where
// standard error goes there.
func (a *app) daemonLog() *slog.Logger {
	if systemd.StderrIsJournal() {
		return slog.New(systemd.NewHandler(a.err, slog.LevelInfo))
	}
	return slog.New(slog.NewTextHandler(a.err, nil))
}
