package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"telekeep/chunkstore/copies"
)

// What the daemon is asked about the copies:
//
//	GET  /copies                    copyList
//	POST /copies/sync?copy=NAME     copyLine, one a line; the last has a result or an error
//	POST /copies/release?copy=NAME  the copy is closed; likewise /copies/accept, /copies/forget

// A copyLine is one line of the answer to /copies/sync.
type copyLine struct {
	Done   int64         `json:"done,omitempty"` // bytes
	Total  int64         `json:"total,omitempty"`
	Result *copyResult   `json:"result,omitempty"`
	Failed *controlError `json:"failed,omitempty"`
}

func copyValues(name string) url.Values { return url.Values{"copy": {name}} }

func (k *keeper) serveCopies(w http.ResponseWriter, r *http.Request) {
	var list *copyList
	err := k.kept().with(r.Context(), func(ctx context.Context, set *copies.Set, vault string) (err error) {
		list, err = k.app.describeCopies(ctx, k.settings(), set, vault)
		return err
	})
	if err != nil {
		k.done(w, err)
		return
	}
	answer(w, list)
}

func (k *keeper) serveCopyRelease(w http.ResponseWriter, r *http.Request) {
	k.done(w, k.kept().release(r.URL.Query().Get("copy")))
}

func (k *keeper) serveCopyAccept(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("copy")
	k.done(w, k.kept().with(r.Context(), func(ctx context.Context, set *copies.Set, _ string) error {
		if err := set.Adopt(ctx, name); err != nil {
			return copyFailure(name, err)
		}
		return nil
	}))
}

func (k *keeper) serveCopyForget(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("copy")
	if _, err := pickCopy(k.settings(), name); err == nil {
		k.done(w, &failure{code: exitUsage, err: fmt.Errorf("copy %s stands in the settings", name)})
		return
	}
	k.done(w, k.kept().with(r.Context(), func(_ context.Context, set *copies.Set, _ string) error { return set.Forget(name) }))
}

// serveCopySync brings a copy up to date, now.
func (k *keeper) serveCopySync(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("copy")
	lines := make(chan copyLine, 16)
	go func() {
		defer close(lines)
		var last copyLine
		err := k.kept().with(r.Context(), func(ctx context.Context, set *copies.Set, _ string) (err error) {
			last.Result, err = k.app.catchUpOne(ctx, set, name, func(done, total int64) {
				select {
				case lines <- copyLine{Done: done, Total: total}:
				default: // the next one says more
				}
			})
			return err
		})
		if err != nil {
			last.Failed = newControlError(err)
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

// kept are the copies of the settings that hold now.
func (k *keeper) kept() *keptCopies {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.vault.copies
}

// copies asks how the copies are.
func (r *remote) copies(ctx context.Context) (*copyList, error) {
	got, err := r.ask(ctx, http.MethodGet, "copies", nil)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	list := new(copyList)
	if err := json.NewDecoder(got.Body).Decode(list); ctx.Err() != nil {
		return nil, ctx.Err()
	} else if err != nil {
		return nil, errDaemonGone
	}
	return list, nil
}

// catchUp has a copy brought up to date.
func (r *remote) catchUp(ctx context.Context, name string, progress func(done, total int64)) (*copyResult, error) {
	got, err := r.ask(ctx, http.MethodPost, "copies/sync", copyValues(name))
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	for d := json.NewDecoder(got.Body); ; {
		line := new(copyLine)
		if err := d.Decode(line); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			return nil, errDaemonGone
		}
		switch {
		case line.Failed != nil:
			return line.Result, line.Failed.failure()
		case line.Result != nil:
			return line.Result, nil
		}
		progress(line.Done, line.Total)
	}
}
