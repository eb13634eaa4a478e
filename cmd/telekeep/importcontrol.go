package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"telekeep/daemon"
	"telekeep/telegram/desktop"
)

// An importLine is one line of the daemon's answer to an import.
type importLine struct {
	Progress *desktop.Progress `json:"progress,omitempty"`
	Report   *desktop.Result   `json:"report,omitempty"`
	Failed   *controlError     `json:"failed,omitempty"`
}

// importPath imports with the vault that is open.
func (s *keptSession) importPath(ctx context.Context, path string, o importOptions, progress func(desktop.Progress)) (*desktop.Result, error) {
	options, err := s.app.desktopOptions(ctx, s.config, o)
	if err != nil {
		return nil, err
	}
	e, err := desktop.Open(path, o.format)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	if err := s.app.whose(s.config, s.backup, o.account, &options); err != nil {
		return nil, err
	}
	options.Progress = progress
	defer s.idler.busy()
	return desktop.Import(ctx, desktop.Into(s.backup.archive), e, options)
}

// errVaultAway says that the daemon has no vault open to write.
var errVaultAway = &failure{
	code: exitVault, err: errors.New("the daemon has the vault not open now"), hint: "telekeep status says why; it imports when the vault is there again",
}

// serveImport imports, now.
func (k *keeper) serveImport(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	o := importOptions{account: q.Get("account"), chat: q.Get("chat"), format: q.Get("format"), zone: q.Get("zone"), make: q.Get("new") != "", again: q.Get("again") != ""}
	lines := make(chan importLine, 16)
	go func() {
		defer close(lines)
		var last importLine
		ok, err := k.open.lend(r.Context(), func(ctx context.Context, s *keptSession) (err error) {
			last.Report, err = s.importPath(ctx, q.Get("path"), o, func(p desktop.Progress) {
				select {
				case lines <- importLine{Progress: &p}:
				default: // the next one says more
				}
			})
			return err
		})
		if !ok {
			err = errVaultAway
		}
		if err != nil {
			last.Failed = newControlError(importFailure(err))
		}
		select {
		case lines <- last:
		case <-r.Context().Done():
		}
	}()
	w.Header().Set("Content-Type", "application/jsonl")
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	_ = flush.Flush()
	for line := range lines {
		if out.Encode(line) != nil || flush.Flush() != nil {
			return
		}
	}
}

// importing asks the daemon to import.
func (r *remote) importing(ctx context.Context, path string, o importOptions, progress func(desktop.Progress)) (*desktop.Result, error) {
	q := url.Values{"path": {path}, "account": {o.account}, "chat": {o.chat}, "format": {o.format}, "zone": {o.zone}}
	if o.make {
		q.Set("new", "1")
	}
	if o.again {
		q.Set("again", "1")
	}
	got, err := r.ask(ctx, http.MethodPost, "import", q)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	for d := json.NewDecoder(got.Body); ; {
		var line importLine
		if err := d.Decode(&line); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			return nil, errDaemonGone
		}
		switch {
		case line.Progress != nil:
			progress(*line.Progress)
		case line.Failed != nil:
			return line.Report, line.Failed.failure()
		default:
			return line.Report, nil
		}
	}
}

// pausedAll reports whether a daemon has given the vault back.
func pausedAll(ctx context.Context, d *remote) bool {
	s, err := d.status(ctx)
	return err == nil && !slices.ContainsFunc(s.Accounts, func(a daemon.AccountStatus) bool { return a.State != daemon.StatePaused })
}
