package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/daemon"
	"telekeep/telegram"
)

// A statusReport is what status --json prints.
type statusReport struct {
	Verdict  string          `json:"verdict"`
	Vault    vaultStatus     `json:"vault"`
	Accounts []accountStatus `json:"accounts"`
	// Copies are all places of the settings, where there are several, at a glance.
	Copies []copyStatus `json:"copies,omitempty"`
	// Waiting is what is kept on this machine until enough copies hold it.
	Waiting lack `json:"waiting"`
	// Daemon is what a daemon that runs says.
	Daemon *daemon.Status `json:"daemon,omitempty"`
	// DaemonProblem says that one runs and does not answer.
	DaemonProblem string `json:"daemon_problem,omitempty"`
	// OwnerKeyHere is the owner key's path for as long as it lies on this machine.
	OwnerKeyHere string `json:"owner_key_here,omitempty"`
}

type vaultStatus struct {
	Path       string    `json:"path"` // of the copy that was looked at, or its URL
	Copy       string    `json:"copy,omitempty"`
	ID         string    `json:"id,omitempty"`
	Problem    string    `json:"problem,omitempty"`
	Damage     string    `json:"damage,omitempty"` // what it lost of what was backed up to it
	Commits    int       `json:"commits"`
	Packs      int       `json:"packs"`
	Bytes      int64     `json:"bytes"`
	Free       int64     `json:"free_bytes"`
	LastCommit time.Time `json:"last_commit,omitzero"`
	Head       string    `json:"head,omitempty"`      // hash of the last commit
	Witness    string    `json:"head_text,omitempty"` // the same in short, for verify --head
	Verified   proofs    `json:"verified"`
	Drilled    drills    `json:"drilled,omitempty"` // by copy: restores that were tried
	Keys       keyTests  `json:"keys,omitempty"`    // by key that proved to open the vault

	copies []config.Copy
}

type accountStatus struct {
	Name     string      `json:"name"`
	ID       string      `json:"id,omitempty"` // Telegram's
	SignedIn bool        `json:"signed_in"`
	LastSync *syncReport `json:"last_sync,omitempty"`
	Trouble  *trouble    `json:"trouble,omitempty"` // why the runs since then ended early
	// CompleteUntil is the start of the last run after which everything asked for
	// was there.
	CompleteUntil *time.Time           `json:"complete_until,omitempty"`
	Holding       *holding             `json:"holding,omitempty"`
	Gaps          []*telegram.ChatGaps `json:"gaps,omitempty"`        // with --gaps
	Others        *telegram.MediaGaps  `json:"other_files,omitempty"` // with --gaps: files that stand in no message

	atWork bool // a daemon backs it up
}

func (a *app) statusCommand() *cobra.Command {
	var asJSON, gaps, final, watch bool
	c := &cobra.Command{
		Use:   "status [--gaps [CHAT] | --final | --watch]",
		Short: "Say what is backed up and what is not",
		Long: `Says in one sentence up to which moment everything asked for is in the vault and
what is missing, then what the vault holds and when each account was backed up.

With --gaps it lists, chat by chat, which message ids are refused, left out by
rules or still to be fetched, with the last error and the next try, and every file
that is not stored, with the reason. With a chat's id (see telekeep chats) it lists
all ids of that chat from 1 to the newest: stored, deleted in Telegram since, not on
the server, and so on. Needs no key and no network.

While telekeep daemon runs it also says how that is. With --watch it stays: a screen that is
drawn anew every second, until an interrupt; where there is no terminal, a line for each thing
that happens.

With --final it answers the question of somebody who is about to delete, reset or
lose an account: is everything saved that can be, and was it read back? It asks
Telegram what is new, lists all that is missing, and ends with exit code 3 if the
answer is no. Edits it does not ask for: the last complete backup must not be older than
two hours.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if watch && (gaps || final || len(args) > 0 || a.vault != "") {
				return usageError(c, "--watch looks at the daemon: give it alone")
			}
			if watch {
				return a.watch(c.Context(), asJSON)
			}
			if final {
				if gaps || len(args) > 0 {
					return usageError(c, "--final looks at everything: give it alone")
				}
				return a.final(c.Context(), asJSON)
			}
			o := gapOptions{list: gaps}
			if len(args) > 0 {
				if !gaps {
					return &failure{code: exitUsage, err: fmt.Errorf("unexpected %q", args[0]), hint: "telekeep status --gaps CHAT"}
				}
				o.chat = args[0]
			}
			return a.status(c.Context(), o, asJSON)
		},
	}
	a.registerVault(c)
	c.Flags().BoolVar(&final, "final", false, "answer whether the account can be deleted now; asks Telegram for what is new")
	c.Flags().BoolVar(&gaps, "gaps", false, "list what is missing of each chat, or all of one")
	c.Flags().BoolVar(&watch, "watch", false, "stay, and show what the daemon does")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) status(ctx context.Context, o gapOptions, asJSON bool) error {
	cfg, err := a.reading()
	if err != nil {
		return errors.Join(a.oldSettings(ctx, err), err)
	}
	r, err := a.statusReport(ctx, cfg, o)
	if err != nil {
		return err
	}
	if asJSON {
		return a.ui.json(r)
	}
	a.printStatus(r, o)
	return nil
}

// statusReport gathers all that status says.
func (a *app) statusReport(ctx context.Context, cfg *config.Config, o gapOptions) (*statusReport, error) {
	r := &statusReport{Vault: a.vaultStatus(ctx, cfg), Accounts: []accountStatus{}}
	if !alone(cfg) {
		p, err := a.place()
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(p.owner); err == nil {
			r.OwnerKeyHere = p.owner
		}
		r.Waiting = waiting(cfg)
	}
	if len(cfg.AllCopies()) > 1 {
		r.Copies = a.glance(ctx, cfg)
	}
	for _, account := range cfg.Accounts {
		one, err := a.accountStatus(cfg, account, o)
		if err != nil {
			return nil, err
		}
		one.Trouble = loadTrouble(cfg, account.Name)
		r.Accounts = append(r.Accounts, *one)
	}
	a.hearDaemon(ctx, cfg, r)
	r.Verdict = verdict(r)
	switch {
	case alone(cfg):
		r.Verdict = vaultVerdict(&r.Vault)
	case r.DaemonProblem != "":
		r.Verdict = "the daemon " + r.DaemonProblem + "; " + r.Verdict
	case r.Daemon != nil && !r.Daemon.Well:
		r.Verdict = r.Daemon.Verdict + "; " + r.Verdict
	}
	return r, nil
}

// vaultStatus reads what anyone can read. A vault that is not there is a state
// to report and no failure of status.
func (a *app) vaultStatus(ctx context.Context, cfg *config.Config) vaultStatus {
	s := vaultStatus{Path: cfg.AllCopies()[0].URL, Free: -1, Verified: loadProofs(cfg), Drilled: loadDrills(cfg), Keys: loadKeyTests(cfg), copies: cfg.AllCopies()}
	dst, err := a.openAny(ctx, cfg)
	if err != nil {
		s.Problem = oneLine(err)
		return s
	}
	defer dst.Close()
	s.Path = dst.URL
	if len(cfg.AllCopies()) > 1 {
		s.Copy = dst.Name
	}
	if s.Free, err = freeOf(ctx, dst); err != nil {
		s.Problem = oneLine(err)
	}
	vault, err := chunkstore.OpenVault(ctx, dst)
	if err != nil {
		s.Problem = oneLine(err)
		return s
	}
	s.ID = vault.ID
	commits, problems, err := chunkstore.Commits(ctx, dst)
	if err != nil {
		s.Problem = oneLine(err)
		return s
	}
	if len(problems) > 0 {
		s.Problem = problems[0].Error()
	} else if problem := a.unlikeRemembered(ctx, cfg, vault, commits); problem != "" {
		s.Problem = problem
	}
	for _, c := range commits {
		s.Commits++
		s.Bytes += c.Index.Size
		s.LastCommit = c.Time
	}
	for _, p := range chunkstore.PacksOf(commits) {
		s.Packs++
		s.Bytes += p.Size
	}
	if len(commits) > 0 {
		last := commits[len(commits)-1]
		s.Head, s.Witness = last.Hash.String(), last.Head().String()
	}
	if s.Damage, err = damageOf(ctx, dst, commits); err != nil && s.Problem == "" {
		s.Problem = oneLine(err)
	}
	if s.Damage == "" {
		s.Damage = s.Verified.damage(s.ID, cfg.AllCopies())
	}
	return s
}

// damageOf says what of the vault is gone, as far as names and lengths show it; "" if
// nothing is.
func damageOf(ctx context.Context, dst chunkstore.Destination, commits []*chunkstore.Commit) (string, error) {
	gone, err := chunkstore.Absent(ctx, dst, commits)
	if err != nil || len(gone) == 0 {
		return "", err
	}
	return plural(len(gone), "file", "files") + " of the vault missing or cut short (telekeep verify lists them)", nil
}

// unlikeRemembered says what is wrong with a vault that is whole: it is not the
// one that this machine writes to, or it is older than this machine remembers.
func (a *app) unlikeRemembered(ctx context.Context, cfg *config.Config, vault *chunkstore.Vault, commits []*chunkstore.Commit) string {
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		return ""
	}
	if secrets.VaultID != vault.ID {
		return fmt.Sprintf("another vault: expected %s, found %s", secrets.VaultID, vault.ID)
	}
	head, err := chunkstore.ReadHead(ctx, statePath(cfg))
	if err != nil || head.Seq == 0 || head.Writer != secrets.WriterID {
		return ""
	}
	for _, c := range commits {
		if c.Writer == head.Writer && c.Seq == head.Seq && c.Hash == head.Hash {
			return ""
		}
	}
	return "the newest commits that this machine remembers are gone from the vault"
}

// accountStatus says what is known here about one account.
func (a *app) accountStatus(cfg *config.Config, account config.Account, o gapOptions) (*accountStatus, error) {
	s := &accountStatus{Name: account.Name}
	var err error
	if s.LastSync, err = loadSyncReport(cfg, account.Name); err != nil {
		return nil, err
	}
	if _, err := os.Stat(sessionPath(cfg, account)); errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return nil, fmt.Errorf("cannot look at the session of %s: %w", account.Name, err)
	}
	s.SignedIn = true
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		s.Holding = &holding{Problem: oneLine(err)}
		return s, nil
	}
	id, err := telegram.SessionAccount(sessionPath(cfg, account), sessionSealer{secrets.IndexIdentity})
	if err != nil {
		s.Holding = &holding{Problem: oneLine(err)}
		return s, nil
	}
	if s.Holding, err = a.holdingOf(cfg, id, o); err != nil {
		return nil, err
	}
	s.ID, s.CompleteUntil = string(id), completeUntil(s.Holding, s.LastSync)
	if o.list && s.Holding.gaps != nil {
		s.Gaps, s.Others = s.Holding.listed(o), &s.Holding.gaps.Others
	}
	return s, nil
}

func (a *app) printStatus(r *statusReport, o gapOptions) {
	put := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	put("%s", r.Verdict)
	put("")
	put("vault        %s", r.Vault.Path)
	if r.Vault.Copy != "" {
		put("  copy       %s; telekeep copy list shows the others", r.Vault.Copy)
	}
	if r.Vault.ID != "" {
		put("  id         %s", r.Vault.ID)
		put("  holds      %s, %s, %s", plural(r.Vault.Commits, "commit", "commits"), plural(r.Vault.Packs, "pack", "packs"), size(r.Vault.Bytes))
		if r.Vault.Free >= 0 {
			put("  free       %s", size(r.Vault.Free))
		}
	}
	if r.Vault.Head != "" {
		put("  head       %s of %s", r.Vault.Witness, r.Vault.LastCommit.Local().Format("2006-01-02 15:04:05"))
	}
	if r.Vault.ID != "" && a.vault == "" { // of another vault this machine remembers nothing
		for _, line := range append(r.Vault.Verified.inWords(), r.Vault.Drilled.inWords(r.Vault.copies)...) {
			put("  %s", line)
		}
		if line := r.Vault.Keys.inWords(); line != "" {
			put("  %s", line)
		}
	}
	a.printGlance(put, r)
	if r.DaemonProblem != "" {
		put("daemon       %s", r.DaemonProblem)
	}
	a.printDaemon(put, r.Daemon)
	for _, account := range r.Accounts {
		put("account      %s", account.Name)
		if !account.SignedIn {
			put("  not signed in: telekeep login")
			continue
		}
		if t := account.Trouble; t != nil {
			put("  stopped      since %s: %s", t.Since.Local().Format("2006-01-02 15:04:05"), t.Error)
			if t.Hint != "" {
				put("  hint         %s", t.Hint)
			}
		}
		if last := account.LastSync; last == nil {
			put("  last backup  never to the end%s", account.howToBegin())
		} else {
			put("  last backup  %s: %s", last.Finished.Local().Format("2006-01-02 15:04:05"), plural(last.Chats, "chat", "chats"))
			put("  in that run  %s not stored, %s not read to the end", plural(last.MissingTotal, "file", "files"), plural(len(last.Failures), "chat", "chats"))
			for _, w := range last.Warnings {
				put("  refused      %s", printable(w))
			}
			if len(last.Unknown) > 0 {
				put("  unknown      %s", unknownLine(last))
			}
		}
		if h := account.Holding; h != nil && h.Problem == "" {
			put("  messages     %s", classes(h.IDs, ""))
			if h.Differ > 0 {
				put("  counts       the server's differ in %s: telekeep status --gaps", plural(h.Differ, "chat", "chats"))
			}
			if o.list {
				a.printGaps(put, h, o)
			}
		}
	}
	if r.OwnerKeyHere != "" {
		a.ui.hint("the owner key lies on this machine (%s) and opens everything: move it to a safe place", r.OwnerKeyHere)
	}
}
