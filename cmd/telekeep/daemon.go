package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"telekeep/config"
	"telekeep/daemon"
)

func (a *app) daemonCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "daemon",
		Short: "Keep all accounts backed up, for years",
		Long: `Follows all accounts of the settings until it is told to end: what happens in them is
on this machine's disk at once, and in the vault when the settings under [daemon] say
so. What nobody told it is looked for every now and then; a lost connection, a drive
that is away and a full disk are tried again. The vault is verified regularly.

If something is wrong for longer than the settings under [alarm] allow, it says so.
telekeep status, sync, pause and resume talk to it while it runs.

An interrupt, or the signal TERM, stores and commits what is in hand. The exit code is
0 if that is durable in the vault.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.daemon(c.Context()) },
	}
	return c
}

// drainTime is how long the end may take; systemd is told to wait longer.
const drainTime = 150 * time.Second

// A keeper is a daemon in this process: the package daemon with everything it is
// wired to.
type keeper struct {
	app *app
	log *slog.Logger

	mu     sync.Mutex
	config *config.Config
	daemon *daemon.Daemon
}

func (a *app) daemon(ctx context.Context) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if len(cfg.Accounts) == 0 {
		_, err := pickAccount(cfg, "")
		return err
	}
	k := &keeper{app: a, config: cfg, log: a.daemonLog()}
	systemd := managed{log: k.log}
	k.daemon = daemon.New(daemon.Options{
		Plan: k.plan(cfg), Clock: a.clock(), Classify: classifyEnding, Words: daemonWords, Tell: k.happened,
		Supervisor: systemd, Watchdog: systemd.watchdog(), Memory: daemonMemory{cfg}, Log: k.log, Drain: drainTime,
	})
	err = k.daemon.Run(ctx)
	if errors.Is(err, daemon.ErrNotDurable) {
		return fmt.Errorf("%w; what was fetched is kept on this machine and goes into the vault with the next run", err)
	}
	return err
}

// plan is what the settings say.
func (k *keeper) plan(cfg *config.Config) daemon.Plan {
	p := daemon.Plan{Vault: &keptVault{app: k.app, config: cfg}}
	for _, account := range cfg.Accounts {
		p.Accounts = append(p.Accounts, account.Name)
	}
	return p
}

// happened writes down what happened; how far a round is, is for those who watch.
func (k *keeper) happened(e daemon.Event) {
	if e.Kind == daemon.EventProgress {
		return
	}
	var fields []any
	add := func(name string, value any, there bool) {
		if there {
			fields = append(fields, name, value)
		}
	}
	add("account", e.Account, e.Account != "")
	add("state", e.State, e.State != "")
	add("messages", e.Messages, e.Messages > 0)
	add("edited", e.Edited, e.Edited > 0)
	add("deleted", e.Deleted, e.Deleted > 0)
	add("media", e.Media, e.Media > 0)
	add("failing", e.Failing, e.Failing > 0)
	add("retry_seconds", int(e.Retry), e.Retry > 0)
	add("what", e.Text, e.Text != "")
	if e.Alarm != nil {
		fields = append(fields, "kind", e.Alarm.Kind, "text", e.Alarm.Text)
	}
	add("error", e.Error, e.Error != "")
	level := slog.LevelInfo
	switch {
	case e.Kind == daemon.EventAlarm:
		level = slog.LevelError
	case e.Error != "":
		level = slog.LevelWarn
	}
	k.log.Log(context.Background(), level, string(e.Kind), fields...)
}
