package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"telekeep/config"
	"telekeep/telegram"
)

// A dryRun is what a sync would fetch; sync --dry-run --json prints it.
type dryRun struct {
	Accounts []*dryReport `json:"accounts"`
}

// A dryReport is what a sync would fetch for one account.
type dryReport struct {
	Account      string     `json:"account"`
	Messages     int        `json:"messages"`
	Files        int        `json:"files"`
	Bytes        int64      `json:"bytes"`         // of those files
	Exact        bool       `json:"exact"`         // false: figures follow from samples
	PendingFiles int        `json:"pending_files"` // of messages that are stored
	PendingBytes int64      `json:"pending_bytes"`
	Calls        int        `json:"calls"`
	PageSeconds  float64    `json:"page_seconds"`         // a page of messages took that long just now
	MediaRate    float64    `json:"media_rate,omitempty"` // bytes per second of the last run, if it fetched enough
	Seconds      float64    `json:"seconds,omitempty"`    // in all, if MediaRate is known or no media is to be fetched
	Chats        []chatCost `json:"chats"`
}

// A chatCost is what a sync would fetch of one chat.
type chatCost struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Messages int    `json:"messages"` // -1 if the server does not say
	Files    int    `json:"files"`
	Bytes    int64  `json:"bytes"`
	Exact    bool   `json:"exact"`
}

// Chats listed by sync --dry-run, and the least a run must have fetched for its
// speed to mean something.
const (
	listedCosts   = 10
	meaningfulRun = 8 << 20
)

// dryRun says what a sync would fetch.
func (a *app) dryRun(ctx context.Context, cfg *config.Config, accounts []config.Account, asJSON bool) (err error) {
	b, err := a.openForBackup(ctx, cfg, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	run := dryRun{Accounts: []*dryReport{}}
	for _, account := range accounts {
		r, err := a.estimate(ctx, cfg, account, b)
		if err != nil {
			return err
		}
		run.Accounts = append(run.Accounts, r)
	}
	if asJSON {
		return a.ui.json(run)
	}
	for _, r := range run.Accounts {
		a.printDry(r)
	}
	return nil
}

func (a *app) estimate(ctx context.Context, cfg *config.Config, account config.Account, b *backup) (_ *dryReport, err error) {
	login, err := a.openTelegram(cfg, account, b.secrets)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, login.session.Close()) }()
	e, err := login.client.Estimate(ctx, telegram.Into(b.archive), rulesOf(cfg))
	if err != nil {
		return nil, err
	}
	last, err := loadSyncReport(cfg, account.Name)
	if err != nil {
		return nil, err
	}
	return newDryReport(account.Name, e, last), nil
}

func newDryReport(account string, e *telegram.Estimate, last *syncReport) *dryReport {
	sum := e.Total()
	r := &dryReport{
		Account: account, Messages: sum.New, Files: sum.Files, Bytes: sum.Bytes, Exact: sum.Exact,
		PendingFiles: e.PendingFiles, PendingBytes: e.PendingBytes, Calls: e.Calls(), PageSeconds: e.Page.Seconds(), Chats: []chatCost{},
	}
	for _, c := range e.Chats {
		r.Chats = append(r.Chats, chatCost{ID: string(c.ID), Name: c.Name, Messages: c.New, Files: c.Files, Bytes: c.Bytes, Exact: c.Exact})
	}
	slices.SortStableFunc(r.Chats, func(x, y chatCost) int {
		if x.Bytes != y.Bytes {
			return int(min(1, max(-1, y.Bytes-x.Bytes)))
		}
		return y.Messages - x.Messages
	})
	if last != nil && last.BytesFetched >= meaningfulRun && last.Seconds > 0 {
		r.MediaRate = float64(last.BytesFetched) / last.Seconds
	}
	text := r.PageSeconds * math.Ceil(float64(r.Messages)/100)
	switch media := float64(r.Bytes + r.PendingBytes); {
	case media == 0:
		r.Seconds = text
	case r.MediaRate > 0:
		r.Seconds = text + media/r.MediaRate // one after the other
	}
	return r
}

func (a *app) printDry(r *dryReport) {
	put := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	about := "about "
	if r.Exact {
		about = ""
	}
	if r.Messages+r.Files+r.PendingFiles == 0 {
		put("%s: a sync would find nothing new in %s", r.Account, plural(len(r.Chats), "chat", "chats"))
		return
	}
	put("%s: a sync would fetch", r.Account)
	put("  messages   %s%s of %s", about, count(r.Messages), plural(len(r.Chats), "chat", "chats"))
	put("  media      %s%s, %s", about, plural(r.Files, "file", "files"), size(r.Bytes))
	if r.PendingFiles > 0 {
		put("  left over  %s, %s, of messages that are stored", plural(r.PendingFiles, "file", "files"), size(r.PendingBytes))
	}
	put("  calls      about %s", count(r.Calls))
	put("  time       %s", r.timeInWords())
	for i, c := range r.Chats {
		if i == listedCosts {
			put("    … and %s; see --json", plural(len(r.Chats)-i, "chat", "chats"))
			break
		}
		put("    %s  %s, %s, %s  %s", c.ID, countOrUnknown(c.Messages), plural(c.Files, "file", "files"), size(c.Bytes), printable(c.Name))
	}
}

func (r *dryReport) timeInWords() string {
	page := time.Duration(r.PageSeconds * float64(time.Second)).Round(time.Millisecond)
	basis := fmt.Sprintf("a page of messages took %s just now", page)
	switch {
	case r.Bytes+r.PendingBytes == 0:
		return fmt.Sprintf("about %s: %s", roughly(r.Seconds), basis)
	case r.MediaRate == 0:
		text := r.PageSeconds * math.Ceil(float64(r.Messages)/100)
		return fmt.Sprintf("about %s for the messages (%s); no run has measured yet how fast media comes", roughly(text), basis)
	}
	return fmt.Sprintf("about %s: %s, and the last run fetched %s/s", roughly(r.Seconds), basis, size(int64(r.MediaRate)))
}

// roughly is a time as people say it.
func roughly(seconds float64) string {
	switch {
	case seconds < 90:
		return fmt.Sprintf("%.0f s", max(1, seconds))
	case seconds < 90*60:
		return fmt.Sprintf("%.0f min", seconds/60)
	case seconds < 48*3600:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
	return fmt.Sprintf("%.1f days", seconds/86400)
}
