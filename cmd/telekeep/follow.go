package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"telekeep/config"
	"telekeep/telegram"
)

// A followLine is what happened in one account; sync --follow --json prints one
// in each line.
type followLine struct {
	Time     time.Time `json:"time"`
	Account  string    `json:"account"`
	State    string    `json:"state"` // syncing, live, offline, or ended
	Messages int       `json:"messages,omitempty"`
	Edited   int       `json:"edited,omitempty"`
	Deleted  int       `json:"deleted,omitempty"`
	Media    int       `json:"media,omitempty"`
	Failing  int       `json:"failing,omitempty"` // could not be fetched this time
	Retry    float64   `json:"retry_seconds,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// A followLog prints what happens, one line at a time. It never prints a name, a
// text or an id.
type followLog struct {
	app    *app
	asJSON bool

	mu      sync.Mutex
	states  map[string]string // by account, as last printed
	failing map[string]int
}

func (l *followLog) notice(account string, n telegram.Notice) {
	line := followLine{
		Account: account, State: string(n.State), Messages: n.Messages, Edited: n.Edited, Deleted: n.Deleted, Media: n.Media,
		Failing: n.Failing, Retry: n.Retry.Seconds(),
	}
	if n.Err != nil {
		line.Error = printable(oneLine(n.Err))
	}
	l.print(line)
}

func (l *followLog) print(line followLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line.Time = l.app.now().UTC().Truncate(time.Second)
	news := line.Messages+line.Edited+line.Deleted+line.Media > 0
	changed := l.states[line.Account] != line.State
	failing := line.Failing > l.failing[line.Account]
	l.states[line.Account], l.failing[line.Account] = line.State, line.Failing
	if !news && !changed && !failing && line.Error == "" {
		return
	}
	if l.asJSON {
		data, _ := json.Marshal(line) // strings, numbers and a time
		fmt.Fprintf(l.app.out, "%s\n", data)
		return
	}
	if news {
		fmt.Fprintf(l.app.out, "%s: stored %s\n", line.Account, line.counts())
	}
	if failing {
		fmt.Fprintf(l.app.out, "%s: %s could not be fetched and will be tried again\n", line.Account, plural(line.Failing, "thing", "things"))
	}
	switch {
	case line.Retry > 0:
		fmt.Fprintf(l.app.out, "%s: %s (%s); trying again in %.0f s\n", line.Account, line.State, line.Error, line.Retry)
	case line.Error != "":
		fmt.Fprintf(l.app.out, "%s: %s (%s)\n", line.Account, line.State, line.Error)
	case changed:
		fmt.Fprintf(l.app.out, "%s: %s\n", line.Account, line.State)
	}
}

// tookKey is for watchKey.
func (l *followLog) tookKey(fingerprint string, err error) {
	l.app.warnOfKey(fingerprint, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && !l.asJSON {
		fmt.Fprintf(l.app.out, "sealed to vault key %s from now on\n", fingerprint)
	}
}

// failingOf is how much could not be fetched in an account, as last printed.
func (l *followLog) failingOf(account string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing[account]
}

// counts is what came into the archive, in words.
func (l followLine) counts() string {
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{{l.Messages, "message", "messages"}, {l.Edited, "edit", "edits"}, {l.Deleted, "deletion", "deletions"}, {l.Media, "file", "files"}} {
		if p.n > 0 {
			parts = append(parts, plural(p.n, p.one, p.many))
		}
	}
	return strings.Join(parts, ", ")
}

// follow keeps the vault up to date with all accounts at the same time, until
// ctx ends. What stops one account does not stop the others.
func (a *app) follow(ctx context.Context, cfg *config.Config, accounts []config.Account, asJSON bool) (err error) {
	b, err := a.openForBackup(ctx, cfg, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	log := &followLog{app: a, asJSON: asJSON, states: map[string]string{}, failing: map[string]int{}}
	a.watchKey(cfg, b, log.tookKey)
	a.reportJournal(b)
	a.reportVault(b)
	failures := make([]error, len(accounts))
	var group sync.WaitGroup
	for i, account := range accounts {
		group.Go(func() {
			err := a.followAccount(ctx, cfg, account, b, log)
			if err != nil && len(accounts) > 1 {
				err = fmt.Errorf("account %s: %w", account.Name, err)
			}
			failures[i] = err
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

func (a *app) followAccount(ctx context.Context, cfg *config.Config, account config.Account, b *backup, log *followLog) error {
	login, err := a.openTelegram(cfg, account, b.secrets)
	if err != nil {
		return err
	}
	defer login.session.Close() // only its lock is left
	start, before := a.now(), b.store.Stats()
	save := func(r *telegram.Result) error {
		report := newSyncReport(account.Name, r, before, b.store.Stats())
		report.Finished = a.now().UTC().Truncate(time.Second)
		report.Seconds = a.now().Sub(start).Seconds()
		return saveSyncReport(cfg, report)
	}
	var unsaved error
	result, err := login.client.Follow(ctx, telegram.Into(b.archive), telegram.FollowOptions{
		SyncOptions: telegram.SyncOptions{Rules: rulesOf(cfg)},
		Notice: func(n telegram.Notice) {
			log.notice(account.Name, n)
			if n.Result != nil {
				unsaved = save(n.Result) // what status shows: a failure to write it ends nothing
			}
		},
	})
	end := followLine{Account: account.Name, State: "ended", Failing: log.failingOf(account.Name)}
	if err != nil {
		end.Error = printable(oneLine(err))
	}
	log.print(end)
	if err != nil {
		return err
	}
	if unsaved != nil {
		a.ui.warn("%v", unsaved)
	}
	return save(result)
}
