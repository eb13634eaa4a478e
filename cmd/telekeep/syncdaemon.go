package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"telekeep/config"
	"telekeep/daemon"
	"telekeep/telegram"
)

// daemonFor is the daemon to ask for a sync; nil: this process does it. A daemon that
// paused everything has given session and vault back: a data export can have them.
func (a *app) daemonFor(ctx context.Context, cfg *config.Config, mode telegram.TakeoutMode) *remote {
	d := running(cfg)
	if d == nil || mode != telegram.TakeoutAgain {
		return d
	}
	s, err := d.status(ctx)
	if err == nil && !slices.ContainsFunc(s.Accounts, func(a daemon.AccountStatus) bool { return a.State != daemon.StatePaused }) {
		return nil
	}
	return d
}

// syncByDaemon asks a daemon that runs to look through accounts now, and shows what it
// does as a sync of this process would.
func (a *app) syncByDaemon(ctx context.Context, cfg *config.Config, d *remote, accounts []config.Account, mode telegram.TakeoutMode, run *syncRun, asJSON bool) error {
	if mode == telegram.TakeoutAgain {
		return &failure{
			code: exitBusy, err: errors.New("the daemon has the session, and begins no data export"),
			hint: "telekeep pause, then sync --takeout, then telekeep resume",
		}
	}
	var failures []error
	for _, account := range accounts {
		report, err := a.syncOneByDaemon(ctx, d, account.Name, run)
		if err == nil {
			err = incomplete(report)
		} else if report == nil {
			report = emptySyncReport(account.Name)
		}
		report.Error = a.reasonToStop(ctx, err)
		if !asJSON {
			a.printSync(report)
		}
		a.warnUnmatched(report.Unmatched)
		run.Accounts = append(run.Accounts, report)
		if err != nil && len(accounts) > 1 {
			err = fmt.Errorf("account %s: %w", account.Name, err)
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(append(failures, vaultFailure(run.Vault))...)
}

// syncOneByDaemon asks for one account.
func (a *app) syncOneByDaemon(ctx context.Context, d *remote, name string, run *syncRun) (*syncReport, error) {
	bar := a.ui.progress("sync "+name, a.now())
	defer bar.end()
	last, err := d.sync(ctx, name, func(p daemon.Progress) {
		bar.show(a.now(), p.Bytes, p.BytesTotal, progressWords(p))
	})
	if err != nil {
		return nil, err
	}
	if len(last.Vault) > 0 {
		run.Vault = last.Vault
	}
	if last.Failed != nil {
		return last.Report, last.Failed.failure()
	}
	if last.Report == nil {
		return nil, errDaemonGone
	}
	return last.Report, nil
}

// progressWords is what stands behind a bar.
func progressWords(p daemon.Progress) string {
	return progressText(telegram.Event{
		Chats: p.Chats, ChatsTotal: p.ChatsTotal, Messages: p.Messages, Media: p.Files, MediaTotal: p.FilesTotal, Bytes: p.Bytes,
		Wait: time.Duration(p.Wait * float64(time.Second)),
	})
}

func (a *app) pauseCommand() *cobra.Command {
	var account, span string
	c := &cobra.Command{
		Use:   "pause",
		Short: "Have the daemon stop backing up for a while",
		Long: `Has the daemon store what is in hand and stop, until telekeep resume or for a time. A
pause outlives the daemon, and alarms about old data go on. While all accounts are
paused the vault can be unplugged, and other commands can have the session.`,
		RunE: func(c *cobra.Command, _ []string) error {
			values := url.Values{"account": {account}}
			if span != "" {
				values.Set("for", span)
			}
			return a.tellDaemon(c.Context(), "pause", values, "paused")
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account of the settings")
	c.Flags().StringVar(&span, "for", "", `for so long, such as "2h" or "3d"`)
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	var account string
	c := &cobra.Command{
		Use:   "resume",
		Short: "End a pause of the daemon",
		Long:  `Has the daemon back up again, at once.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.tellDaemon(c.Context(), "resume", url.Values{"account": {account}}, "backing up again")
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account of the settings")
	return c
}

func (a *app) tellDaemon(ctx context.Context, what string, values url.Values, done string) error {
	cfg, err := a.settings()
	d := a.besideBadSettings(err)
	if err != nil && d == nil {
		return err
	}
	if d == nil {
		d = running(cfg)
	}
	if d == nil {
		return &failure{code: exitFailure, err: errors.New("no daemon runs for this installation"), hint: "telekeep daemon"}
	}
	if err := d.tell(ctx, what, values); err != nil {
		return err
	}
	a.printf("%s\n", done)
	return nil
}
