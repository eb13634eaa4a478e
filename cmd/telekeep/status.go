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
)

// A statusReport is what status --json prints.
type statusReport struct {
	Verdict  string          `json:"verdict"`
	Vault    vaultStatus     `json:"vault"`
	Accounts []accountStatus `json:"accounts"`
	// OwnerKeyHere is the owner key's path for as long as it lies on this machine.
	OwnerKeyHere string `json:"owner_key_here,omitempty"`
}

type vaultStatus struct {
	Path       string    `json:"path"`
	ID         string    `json:"id,omitempty"`
	Problem    string    `json:"problem,omitempty"`
	Commits    int       `json:"commits"`
	Packs      int       `json:"packs"`
	Bytes      int64     `json:"bytes"`
	Free       int64     `json:"free_bytes"`
	LastCommit time.Time `json:"last_commit,omitzero"`
	Head       string    `json:"head,omitempty"` // hash of the last commit
	Verified   proofs    `json:"verified"`
}

type accountStatus struct {
	Name     string      `json:"name"`
	SignedIn bool        `json:"signed_in"`
	LastSync *syncReport `json:"last_sync,omitempty"`
	Trouble  *trouble    `json:"trouble,omitempty"` // why the runs since then ended early
}

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Say what is backed up and what is not",
		Long:  "Says what the vault holds, when each account was last backed up, and what is missing.\nNeeds no key and no network.",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.status(c.Context(), asJSON)
		},
	}
	a.registerVault(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) status(ctx context.Context, asJSON bool) error {
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	r := &statusReport{Vault: a.vaultStatus(ctx, cfg), Accounts: []accountStatus{}}
	if !alone(cfg) {
		p, err := a.place()
		if err != nil {
			return err
		}
		if _, err := os.Stat(p.owner); err == nil {
			r.OwnerKeyHere = p.owner
		}
	}
	for _, account := range cfg.Accounts {
		one := accountStatus{Name: account.Name}
		if _, err := os.Stat(sessionPath(cfg, account)); err == nil {
			one.SignedIn = true
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot look at the session of %s: %w", account.Name, err)
		}
		if one.LastSync, err = loadSyncReport(cfg, account.Name); err != nil {
			return err
		}
		one.Trouble = loadTrouble(cfg, account.Name)
		r.Accounts = append(r.Accounts, one)
	}
	r.Verdict = verdict(r)
	if alone(cfg) {
		r.Verdict = vaultVerdict(&r.Vault)
	}
	if asJSON {
		return a.ui.json(r)
	}
	a.printStatus(r)
	return nil
}

// vaultStatus reads what anyone can read. A vault that is not there is a state
// to report and no failure of status.
func (a *app) vaultStatus(ctx context.Context, cfg *config.Config) vaultStatus {
	s := vaultStatus{Path: cfg.Vault, Verified: loadProofs(cfg)}
	dst, err := openVault(cfg)
	if err != nil {
		s.Problem = err.Error()
		return s
	}
	defer dst.Close()
	if s.Free, err = dst.Free(ctx); err != nil {
		s.Problem = err.Error()
	}
	vault, err := chunkstore.OpenVault(ctx, dst)
	if err != nil {
		s.Problem = err.Error()
		return s
	}
	s.ID = vault.ID
	commits, problems, err := chunkstore.Commits(ctx, dst)
	if err != nil {
		s.Problem = err.Error()
		return s
	}
	if len(problems) > 0 {
		s.Problem = problems[0].Error()
	} else if problem := unlikeRemembered(ctx, cfg, vault, commits); problem != "" {
		s.Problem = problem
	}
	for _, c := range commits {
		s.Commits++
		s.Packs += len(c.Packs)
		s.Bytes += commitBytes(c)
		s.LastCommit = c.Time
	}
	if len(commits) > 0 {
		s.Head = commits[len(commits)-1].Hash.String()
	}
	return s
}

// unlikeRemembered says what is wrong with a vault that is whole: it is not the
// one that this machine writes to, or it is older than this machine remembers.
func unlikeRemembered(ctx context.Context, cfg *config.Config, vault *chunkstore.Vault, commits []*chunkstore.Commit) string {
	secrets, err := readWriterSecrets(cfg)
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

// verdict is the one sentence on top.
func verdict(r *statusReport) string {
	if r.Vault.Problem != "" {
		return "not backed up: " + r.Vault.Problem
	}
	var oldest time.Time
	again := 0
	for _, account := range r.Accounts {
		switch {
		case !account.SignedIn:
			return "account " + account.Name + " is not signed in"
		case account.Trouble != nil:
			return "account " + account.Name + " is not backed up any more: " + account.Trouble.Error
		case account.LastSync == nil:
			return "account " + account.Name + " was never backed up to the end"
		}
		if oldest.IsZero() || account.LastSync.Finished.Before(oldest) {
			oldest = account.LastSync.Finished
		}
		again += len(account.LastSync.Failures) + account.LastSync.MissingRetry
	}
	if len(r.Accounts) == 0 {
		return "the settings name no account"
	}
	text := "backed up as of " + oldest.Local().Format("2006-01-02 15:04:05")
	if again > 0 {
		text += fmt.Sprintf("; %s to be tried again", plural(again, "thing", "things"))
	}
	return text
}

// vaultVerdict is the sentence about a vault that is looked at by itself.
func vaultVerdict(v *vaultStatus) string {
	switch {
	case v.Problem != "":
		return "not a whole vault: " + v.Problem
	case v.Commits == 0:
		return "a vault that nothing was backed up to yet"
	}
	return "the chain of commits is whole up to " + v.LastCommit.Local().Format("2006-01-02 15:04:05") + "; telekeep verify checks every file"
}

func (a *app) printStatus(r *statusReport) {
	put := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	put("%s", r.Verdict)
	put("")
	put("vault        %s", r.Vault.Path)
	if r.Vault.ID != "" {
		put("  id         %s", r.Vault.ID)
		put("  holds      %s, %s, %s", plural(r.Vault.Commits, "commit", "commits"), plural(r.Vault.Packs, "pack", "packs"), size(r.Vault.Bytes))
		put("  free       %s", size(r.Vault.Free))
	}
	if r.Vault.Head != "" {
		put("  head       %s of %s", r.Vault.Head[:16], r.Vault.LastCommit.Local().Format("2006-01-02 15:04:05"))
	}
	if r.Vault.ID != "" {
		for _, line := range r.Vault.Verified.inWords() {
			put("  %s", line)
		}
	}
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
			put("  last backup  never to the end: telekeep sync")
		} else {
			put("  last backup  %s: %s", last.Finished.Local().Format("2006-01-02 15:04:05"), plural(last.Chats, "chat", "chats"))
			put("  in that run  %s not stored, %s not read to the end", plural(last.MissingTotal, "file", "files"), plural(len(last.Failures), "chat", "chats"))
			if len(last.Unknown) > 0 {
				put("  unknown      %s", unknownLine(last))
			}
		}
	}
	if r.OwnerKeyHere != "" {
		a.ui.hint("the owner key lies on this machine (%s) and opens everything: move it to a safe place", r.OwnerKeyHere)
	}
}
