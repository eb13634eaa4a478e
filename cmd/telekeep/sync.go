package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/telegram"
)

// A syncReport is what one run did for one account; sync --json prints it.
type syncReport struct {
	Account      string        `json:"account"`
	Chats        int           `json:"chats"`
	Messages     int           `json:"messages"`       // new ones stored
	Edited       int           `json:"edited"`         // new versions stored
	Deleted      int           `json:"deleted"`        // deletions recorded
	Media        int           `json:"media"`          // files stored
	MediaKnown   int           `json:"media_known"`    // files of new messages that were stored already
	LeftOut      int           `json:"media_left_out"` // files of new messages that a rule leaves out
	BytesFetched int64         `json:"bytes_fetched"`  // of media, over the network
	BytesRead    int64         `json:"bytes_read"`     // given to the chunk store
	BytesNew     int64         `json:"bytes_new"`      // of chunks that were not stored yet
	Packs        int           `json:"packs"`
	PackBytes    int64         `json:"pack_bytes"`
	Commits      int           `json:"commits"`
	Missing      []missingItem `json:"missing"` // the first thousand
	MissingTotal int           `json:"missing_total"`
	MissingRetry int           `json:"missing_retry"`   // of them: the next run tries again
	Warnings     []string      `json:"warnings"`        // what the server refused and a backup can do without
	Unmatched    []string      `json:"rules_unmatched"` // rules of [chats] that mean no chat
	Failures     []chatFailure `json:"failures"`
	FloodWait    float64       `json:"flood_wait_seconds"`
	TakeoutAfter *time.Time    `json:"takeout_after,omitempty"` // a data export that was asked for may begin then
	Seconds      float64       `json:"seconds"`
	Finished     time.Time     `json:"finished"`
	Error        string        `json:"error,omitempty"` // why the run ended early
}

// A missingItem is a file that is not in the archive, and why.
type missingItem struct {
	Chat    string `json:"chat"`
	Message int    `json:"message"`
	File    string `json:"file"`
	Reason  string `json:"reason"`
	Detail  string `json:"detail,omitempty"`
	Retry   bool   `json:"retry"` // the next run tries again
}

// A chatFailure is a chat that could not be read to its end.
type chatFailure struct {
	Chat  string `json:"chat"`
	Error string `json:"error"`
}

func (a *app) syncCommand() *cobra.Command {
	var account string
	var takeout, asJSON bool
	c := &cobra.Command{
		Use:   "sync",
		Short: "Back up what is new",
		Long: `Pulls what is new of every account into the vault: messages newest first, then
media, fresh and small first. It can be stopped at any time and goes on where it was.

It prints what it stored and what it could not get, and why. A file that the
server does not have, or that a rule leaves out, is no failure; what failed and
will be tried again by the next run leads to exit code 3.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.sync(c.Context(), account, takeout, asJSON) },
	}
	c.Flags().StringVar(&account, "account", "", "only this account of the settings")
	c.Flags().BoolVar(&takeout, "takeout", false, "inside a data export of Telegram's: looser limits; your other devices are told")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) sync(ctx context.Context, name string, takeout, asJSON bool) (err error) {
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
	accounts := cfg.Accounts
	if name != "" || len(accounts) == 0 {
		one, err := pickAccount(cfg, name)
		if err != nil {
			return err
		}
		accounts = []config.Account{one}
	}
	b, err := a.openForBackup(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	a.reportJournal(b)

	var failures []error
	for _, account := range accounts {
		report, err := a.syncAccount(ctx, cfg, account, mode, b)
		if report != nil {
			if err := a.printSync(report, asJSON); err != nil {
				return err
			}
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
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
	result, err := login.client.Sync(ctx, telegram.Into(b.archive), telegram.SyncOptions{
		Rules: rulesOf(cfg), Takeout: mode,
		Progress: func(e telegram.Event) {
			if e.Wait > 0 {
				bar.now()
			}
			bar.show(a.now(), e.Bytes, e.BytesTotal, progressText(e))
		},
	})
	bar.end()
	if result == nil {
		return nil, err
	}
	report := newSyncReport(account.Name, result, before, b.store.Stats())
	end := a.now()
	report.Finished = end.UTC().Truncate(time.Second)
	report.Seconds = end.Sub(start).Seconds()
	if err != nil {
		report.Error = err.Error()
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			report.Error = errInterrupted.Error()
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
	return telegram.Rules{
		Include: cfg.Chats.Include, Exclude: cfg.Chats.Exclude,
		Kinds: cfg.Media.Kinds, MaxSize: cfg.Media.MaxBytes,
	}
}

func newSyncReport(account string, r *telegram.Result, before, after chunkstore.Stats) *syncReport {
	report := &syncReport{
		Account: account, Chats: r.Chats, Messages: r.Messages, Edited: r.Edited, Deleted: r.Deleted,
		Media: r.Media, MediaKnown: r.MediaKnown, BytesFetched: r.MediaBytes,
		BytesRead: after.BytesIn - before.BytesIn, BytesNew: after.BytesNew - before.BytesNew,
		Packs: int(after.Packs - before.Packs), PackBytes: after.PackBytes - before.PackBytes,
		Commits: int(after.Commits - before.Commits), FloodWait: r.FloodWaited.Seconds(),
		LeftOut: r.MediaLeft, MissingTotal: r.MissingTotal, MissingRetry: r.MissingFailed,
		Missing: []missingItem{}, Failures: []chatFailure{}, Warnings: append([]string{}, r.Warnings...),
		Unmatched: append([]string{}, r.Unmatched...),
	}
	if !r.TakeoutAfter.IsZero() {
		after := r.TakeoutAfter.UTC()
		report.TakeoutAfter = &after
	}
	for _, m := range r.Missing {
		report.Missing = append(report.Missing, missingItem{
			Chat: string(m.Chat), Message: m.MessageID, File: string(m.Key), Reason: m.Reason, Detail: m.Detail, Retry: m.Reason == archive.MissingFailed,
		})
	}
	for _, f := range r.Failures {
		report.Failures = append(report.Failures, chatFailure{Chat: string(f.Chat), Error: f.Reason})
	}
	return report
}

// incomplete is the error of a run that has something to try again.
func incomplete(r *syncReport) error {
	again := len(r.Failures) + r.MissingRetry
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

// listedMissing is how many missing files are listed by name on a screen; --json
// has the first thousand.
const listedMissing = 20

func (a *app) printSync(r *syncReport, asJSON bool) error {
	a.warnUnmatched(r.Unmatched)
	if asJSON {
		return a.ui.json(r)
	}
	put := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	nothing := r.Messages+r.Edited+r.Deleted+r.Media+r.Packs == 0
	if nothing && r.Error != "" {
		return nil // the error says it all
	}
	if nothing {
		put("%s: nothing new in %s; no pack written", r.Account, plural(r.Chats, "chat", "chats"))
	} else {
		put("%s: %s looked at in %.1f s", r.Account, plural(r.Chats, "chat", "chats"), r.Seconds)
		put("  messages   %s new, %s edited, %s deleted", count(r.Messages), count(r.Edited), count(r.Deleted))
		put("  media      %s stored (%s fetched), %s known already", plural(r.Media, "file", "files"), size(r.BytesFetched), count(r.MediaKnown))
		put("  bytes      %s read, %s new", size(r.BytesRead), size(r.BytesNew))
		put("  written    %s, %s, %s", plural(r.Packs, "pack", "packs"), size(r.PackBytes), plural(r.Commits, "commit", "commits"))
	}
	if r.FloodWait >= 1 {
		put("  waited     %.0f s because Telegram asked to", r.FloodWait)
	}
	if r.TakeoutAfter != nil {
		put("  export     Telegram lets it begin after %s, or at once if you confirm it on another device; this run did without", r.TakeoutAfter.Local().Format("2006-01-02 15:04"))
	}
	for _, w := range r.Warnings {
		put("  refused    %s", printable(w))
	}
	for _, f := range r.Failures {
		put("  failed     %s: %s", f.Chat, printable(f.Error))
	}
	if r.LeftOut > 0 {
		put("  left out   %s by the rules of [media]", plural(r.LeftOut, "file", "files"))
	}
	if r.MissingTotal > 0 {
		put("  not stored %s:", plural(r.MissingTotal, "file", "files"))
	}
	for i, m := range r.Missing {
		if i == listedMissing {
			put("    … and %s more; see --json", count(r.MissingTotal-i))
			break
		}
		put("    %s message %d, %s: %s", m.Chat, m.Message, m.File, reasonInWords(m))
	}
	return nil
}

// warnUnmatched points out rules that choose nothing: a misspelt name would leave
// a chat out, or in, without a word.
func (a *app) warnUnmatched(rules []string) {
	for _, rule := range rules {
		a.ui.warn("no chat is meant by %q in [chats]", printable(rule))
	}
}

func reasonInWords(m missingItem) string {
	words := map[string]string{
		"excluded": "left out by [media] kinds", "too_large": "larger than [media] max_size",
		"unavailable": "the server does not have it", "protected": "the chat's owner forbids saving",
		"self_destruct": "self-destructing media is not kept", "failed": "failed, will be tried again",
	}
	text, ok := words[m.Reason]
	if !ok {
		text = m.Reason
	}
	if m.Detail != "" {
		text += " (" + m.Detail + ")"
	}
	return text
}
