package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"telekeep/config"
	"telekeep/telegram"
)

func (a *app) syncCommand() *cobra.Command {
	var account string
	var takeout, dry, follow, asJSON bool
	c := &cobra.Command{
		Use:   "sync",
		Short: "Back up what is new",
		Long: `Pulls what is new of every account into the vault: messages newest first, then
media, fresh and small first; that of the last day is fetched beside the messages.
It can be stopped at any time and goes on where it was.

While telekeep daemon runs, it does the work, and what is printed is the same.

It prints what it stored and what it could not get, and why. A file that the
server does not have, or that a rule leaves out, is no failure; what failed and
will be tried again by the next run leads to exit code 3.

With --follow it stays: what happens in the accounts is on this machine's disk
within seconds and in the vault when the settings under [commit] say so. It prints
a line for each change of state (syncing, live, offline) and for what was stored. An
interrupt, or the signal TERM, stores and commits what is in hand and ends it
with exit code 0.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if follow && (dry || takeout) {
				return usageError(c, "--follow goes with neither --dry-run nor --takeout")
			}
			if follow {
				return a.syncFollowing(c.Context(), account, asJSON)
			}
			return a.sync(c.Context(), account, takeout, dry, asJSON)
		},
	}
	c.Flags().BoolVar(&follow, "follow", false, "stay, and back up what happens as it happens")
	c.Flags().StringVar(&account, "account", "", "only this account of the settings")
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what would be fetched, from one page of messages of each chat")
	c.Flags().BoolVar(&takeout, "takeout", false, "inside a data export of Telegram's: looser limits; your other devices are told")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) sync(ctx context.Context, name string, takeout, dry, asJSON bool) (err error) {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	mode := telegram.TakeoutNever
	switch {
	case takeout:
		mode = telegram.TakeoutAgain
	case cfg.Telegram.Takeout:
		mode = telegram.TakeoutFirst
	}
	accounts, err := pickAccounts(cfg, name)
	if err != nil {
		return err
	}
	if dry {
		return a.dryRun(ctx, cfg, accounts, asJSON)
	}
	run := &syncRun{Accounts: []*syncReport{}, Vault: []problemLine{}, Copies: []copyOutcome{}}
	if d := a.daemonFor(ctx, cfg, mode); d != nil {
		err = a.syncByDaemon(ctx, cfg, d, accounts, mode, run, asJSON)
	} else {
		err = a.syncAccounts(ctx, cfg, accounts, mode, run, asJSON)
	}
	if asJSON {
		run.sum(a.reasonToStop(ctx, err))
		return errors.Join(a.ui.json(run), err)
	}
	return err
}

// syncFollowing is sync --follow.
func (a *app) syncFollowing(ctx context.Context, name string, asJSON bool) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	accounts, err := pickAccounts(cfg, name)
	if err != nil {
		return err
	}
	if running(cfg) != nil {
		return &failure{code: exitBusy, err: errors.New("the daemon follows the accounts already"), hint: "telekeep status --watch shows what it does"}
	}
	return a.follow(ctx, cfg, accounts, asJSON)
}

// pickAccounts is the account of that name, all of them without one.
func pickAccounts(cfg *config.Config, name string) ([]config.Account, error) {
	if name == "" && len(cfg.Accounts) > 0 {
		return cfg.Accounts, nil
	}
	one, err := pickAccount(cfg, name)
	if err != nil {
		return nil, err
	}
	return []config.Account{one}, nil
}

// syncAccounts pulls one account after the other into run. What stops one of them does
// not stop the others, but for an interrupt.
func (a *app) syncAccounts(ctx context.Context, cfg *config.Config, accounts []config.Account, mode telegram.TakeoutMode, run *syncRun, asJSON bool) (err error) {
	b, err := a.openForBackup(ctx, cfg, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	a.watchKey(cfg, b, a.warnOfKey)
	a.reportJournal(b)
	run.Vault = a.reportVault(b)
	var failures []error
	for _, account := range accounts {
		report, err := a.syncAccount(ctx, cfg, account, mode, b)
		if report == nil {
			report = emptySyncReport(account.Name)
			report.Error = a.reasonToStop(ctx, err)
		} else if !asJSON {
			a.printSync(report)
		}
		a.warnUnmatched(report.Unmatched)
		if ctx.Err() == nil {
			err = errors.Join(err, a.noteTrouble(cfg, account.Name, report.Error, err))
		}
		run.Accounts = append(run.Accounts, report)
		if err != nil && len(accounts) > 1 {
			err = fmt.Errorf("account %s: %w", account.Name, err)
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	stopped := errors.Join(failures...)
	if ctx.Err() == nil {
		failures = append(failures, a.settleCopies(ctx, cfg, b.copies.Set, run, asJSON))
	}
	err = errors.Join(append(failures, vaultFailure(run.Vault))...)
	if stopped != nil {
		// Without room here, nothing waits for the copies that are away.
		if code, hint := classify(stopped); code == exitNoSpace {
			return &failure{code: code, err: err, hint: hint}
		}
	}
	return err
}

// reportVault tells what is gone of the vault, as far as names and lengths show it. That
// keeps nobody from adding to it.
func (a *app) reportVault(b *backup) []problemLine {
	lines := []problemLine{}
	for i, p := range b.store.Problems() {
		lines = append(lines, describeProblem(p))
		if i < listedMissing {
			a.ui.warn("the vault is damaged: %s: %s: %s", lines[i].Kind, lines[i].Object, lines[i].Detail)
		}
	}
	if more := len(lines) - listedMissing; more > 0 {
		a.ui.warn("and %s more of the vault", plural(more, "problem", "problems"))
	}
	if n := b.archive.Recovered().Forgot; n > 0 {
		a.ui.warn("what commit %d of the vault held is lost: all chats are read once more, and what is missing is fetched again", n)
	}
	return lines
}

// vaultFailure is the error of a backup to a vault that is not whole: what is new is in
// it, and what was there before is not.
func vaultFailure(lines []problemLine) error {
	if len(lines) == 0 {
		return nil
	}
	return &failure{
		code: exitProblems,
		err:  fmt.Errorf("the vault has lost something (%s); what is new was backed up all the same", plural(len(lines), "problem", "problems")),
		hint: "telekeep verify says what is damaged; put it back from another copy of the vault if there is one",
	}
}

// reasonToStop is err in the words of a report.
func (a *app) reasonToStop(ctx context.Context, err error) string {
	var f *failure
	switch {
	case err == nil || errors.As(err, &f) && f.code == exitIncomplete:
		return "" // the lists of the report say it
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return errInterrupted.Error()
	}
	return printable(oneLine(err))
}

// syncAccount pulls one account. The report is there even if the run ended
// early, unless it ended before it began.
func (a *app) syncAccount(ctx context.Context, cfg *config.Config, account config.Account, mode telegram.TakeoutMode, b *backup) (*syncReport, error) {
	login, err := a.openTelegram(cfg, account, b.secrets)
	if err != nil {
		return nil, err
	}
	defer login.session.Close() // only its lock is left
	start, before := a.now(), b.store.Stats()
	bar := a.ui.progress("sync "+account.Name, start)
	a.ui.waitFor(cfg.Telegram.Server)
	phase := telegram.PhaseChats
	result, err := login.client.Sync(ctx, telegram.Into(b.archive), telegram.SyncOptions{
		Rules: rulesOf(cfg), Takeout: mode, Eager: true,
		Progress: func(e telegram.Event) {
			if e.Wait > 0 {
				bar.now()
			}
			if e.Phase != phase {
				bar.begin(a.now(), e.Bytes)
				phase = e.Phase
			}
			if phase != telegram.PhaseMedia { // how long the chats are nobody knows
				bar.show(a.now(), int64(e.Chats), int64(e.ChatsTotal), progressText(e))
				return
			}
			bar.show(a.now(), e.Bytes, e.BytesTotal, progressText(e)+bar.rest(a.now(), e.Bytes, e.BytesTotal))
		},
	})
	bar.end()
	a.ui.answered()
	if result == nil {
		return nil, err
	}
	report := newSyncReport(account.Name, result, before, b.store.Stats())
	end := a.now()
	report.Finished = end.UTC().Truncate(time.Second)
	report.Seconds = end.Sub(start).Seconds()
	if err != nil {
		report.Error = a.reasonToStop(ctx, err)
		if code := exitCode(err); code == exitFailure || code == exitNoSpace || code == exitVault || code == exitProblems {
			err = fmt.Errorf("the backup stopped: %w", err) // the others are sentences
		}
		return report, err
	}
	if err := saveSyncReport(cfg, report); err != nil {
		return report, err
	}
	return report, incomplete(report)
}

func progressText(e telegram.Event) string {
	text := fmt.Sprintf("%d/%d chats, %s, %d/%d files", e.Chats, e.ChatsTotal, plural(e.Messages, "message", "messages"), e.Media, e.MediaTotal)
	if e.Bytes > 0 {
		text += ", " + size(e.Bytes)
	}
	if e.Wait > 0 { // in front: a narrow terminal cuts the end off
		text = fmt.Sprintf("Telegram asks to wait %s; %s", e.Wait.Round(time.Second), text)
	}
	return text
}

func rulesOf(cfg *config.Config) telegram.Rules {
	m := cfg.Media
	r := telegram.Rules{
		Include: cfg.Chats.Include, Exclude: cfg.Chats.Exclude,
		Kinds: m.Kinds, MaxSize: m.MaxBytes, From: m.FromTime, Until: m.UntilTime,
	}
	for _, s := range m.Chats {
		r.Special = append(r.Special, telegram.SpecialRules{Chats: s.Chats, MediaRules: telegram.MediaRules{
			Kinds: s.Kinds, MaxSize: s.MaxBytes, From: s.FromTime, Until: s.UntilTime,
		}})
	}
	return r
}

// incomplete is the error of a run that has something to try again.
func incomplete(r *syncReport) error {
	again := r.MissingRetry
	for _, f := range r.Failures {
		if !f.Refused {
			again++
		}
	}
	if again == 0 {
		return nil
	}
	return &failure{
		code: exitIncomplete,
		err:  fmt.Errorf("%s could not be fetched this time", plural(again, "thing", "things")),
		hint: "run telekeep sync again; what is stored is not fetched twice",
	}
}

// reportJournal tells of a journal whose end was lost; what was in it is
// fetched again.
func (a *app) reportJournal(b *backup) {
	if damage := b.archive.Recovered().Damage; damage != nil {
		a.ui.warn("the journal of the last run was damaged; what was lost is fetched again (%v)", damage)
	}
}
