package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
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

If something is wrong for longer than the settings under [alarm] allow, it says so: in
its log, in telekeep status, to the command hook = [...], which finds TELEKEEP_EVENT
(failure, reminder, recovery), TELEKEEP_ALARM, TELEKEEP_ACCOUNT, TELEKEEP_COPY,
TELEKEEP_TEXT, TELEKEEP_SINCE and TELEKEEP_HEAD, and by no longer fetching the URL ping = "...".

It has no key that opens the vault and cannot try a restore. It says so when nobody has for
long: telekeep verify --drill -i KEY does.

On a link that is paid for by the byte (NetworkManager knows) media waits, and on a battery
nothing, unless the settings say otherwise (metered, battery under [daemon]).

telekeep status, sync, pause and resume talk to it while it runs. It reads its settings
anew when they change, or upon the signal HUP; wrong ones are refused, and the old ones
stay.

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
	app    *app
	log    *slog.Logger
	daemon *daemon.Daemon
	hub    hub
	behind *catchUps
	web    *http.Client // of the ping

	metrics  *metricsServer
	reloaded chan struct{} // holds a token when other settings hold
	told     chan struct{} // holds a token when the metrics may say something else

	mu     sync.Mutex
	config *config.Config
	vault  *keptVault
	open   openVault
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
	k := &keeper{app: a, log: a.daemonLog(), web: &http.Client{}, reloaded: make(chan struct{}, 1), told: make(chan struct{}, 1)}
	k.metrics = &metricsServer{numbers: k.numbers(), log: k.log}
	k.behind = newCatchUps(k)
	a.tellSessions(cfg, k.log)
	systemd := managed{log: k.log}
	listening, err := k.listen(cfg)
	if err != nil {
		return err
	}
	k.daemon = daemon.New(daemon.Options{
		Plan: k.plan(cfg), Clock: a.clock(), Classify: classifyEnding, Words: daemonWords, Tell: k.happened, Say: sayer{k},
		Supervisor: systemd, Watchdog: systemd.watchdog(), Memory: daemonMemory{cfg}, Log: k.log, Drain: drainTime,
	})
	if err := k.metrics.serve(cfg.Daemon.Metrics); err != nil {
		return err
	}
	helpers, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	group.Go(func() { listening.serve(helpers, k) })
	around := newSurroundings(k)
	group.Go(func() { around.watch(helpers) })
	around.wait(ctx)
	group.Go(func() { k.reloads(helpers, systemd) })
	group.Go(func() { k.nowAndThen(helpers) })
	group.Go(func() { k.behind.run(helpers) })
	group.Go(func() { k.scrubs(helpers) })
	group.Go(func() { k.drives(helpers) })
	group.Go(func() { k.inbox(helpers) })
	err = k.daemon.Run(ctx)
	stop()
	group.Wait()
	k.writeTextfile()
	_ = k.metrics.serve("") // closing cannot fail
	if errors.Is(err, daemon.ErrNotDurable) {
		return fmt.Errorf("%w; what was fetched is kept on this machine and goes into the vault with the next run", err)
	}
	return err
}

// plan is what the settings say. They are the keeper's from then on.
func (k *keeper) plan(cfg *config.Config) daemon.Plan {
	k.mu.Lock()
	if k.vault != nil {
		k.vault.copies.stop()
	}
	k.config, k.vault = cfg, &keptVault{app: k.app, config: cfg, open: &k.open, copies: newKeptCopies(k.app, cfg, k.happened)}
	k.mu.Unlock()
	d, alarm := cfg.Daemon, cfg.Alarm
	p := daemon.Plan{
		Vault: k.vault, Reconcile: d.ReconcileTime, Commit: d.CommitTime, Verify: d.VerifyTime,
		Metered: thriftOf(d.Metered), Battery: thriftOf(d.Battery),
		Limits: daemon.Limits{
			Account: alarm.AccountTime, Incomplete: alarm.IncompleteTime, Copy: alarm.CopyTime, Verify: alarm.VerifyTime,
			Drill: alarm.DrillTime, Keys: alarm.KeysTime, Disk: alarm.DiskTime, Reserve: alarm.ReserveBytes,
		},
	}
	for _, account := range cfg.Accounts {
		p.Accounts = append(p.Accounts, account.Name)
	}
	return p
}

// settings are those that hold now.
func (k *keeper) settings() *config.Config {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.config
}

// happened writes down what happened, and tells those who watch. How far a look through
// everything is, is for them alone.
func (k *keeper) happened(e daemon.Event) {
	k.hub.send(e)
	if e.Kind == daemon.EventProgress {
		return
	}
	select {
	case k.told <- struct{}{}:
	default:
	}
	var fields []any
	add := func(name string, value any, there bool) {
		if there {
			fields = append(fields, name, value)
		}
	}
	add("account", e.Account, e.Account != "")
	add("copy", e.Copy, e.Copy != "")
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

// nowAndThen does what is worth doing every few minutes.
func (k *keeper) nowAndThen(ctx context.Context) {
	ticker := time.NewTicker(textfileEvery)
	defer ticker.Stop()
	for {
		k.takeProof()
		debug.FreeOSMemory() // what a look through everything took is not needed until the next
		for again := false; !again; {
			k.writeTextfile()
			select { // not for each of many messages
			case <-ctx.Done():
			case <-time.After(textfileRest):
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				again = true
			case <-k.told:
			}
		}
	}
}

// takeProof tells the daemon what others verified, and what they restored.
func (k *keeper) takeProof() {
	for name, d := range loadDrills(k.settings()) {
		for _, p := range []*drillProof{d.Proven, d.Last} {
			if p != nil {
				k.daemon.Drilled(name, p.Time, daemon.Drill{Problems: p.Problems})
			}
		}
	}
	for _, p := range loadKeyTests(k.settings()) {
		k.daemon.KeysProved(p.Time)
	}
	for name, p := range loadProofs(k.settings()).Copies {
		if p.Files == nil || p.Files.Daemon { // it knows of its own
			continue
		}
		found := daemon.Verified{Problems: p.Files.Problems}
		if p.Files.Problems > 0 {
			found.Detail = "telekeep verify lists them"
		}
		k.daemon.Verified(name, p.Files.Time, found)
	}
}
