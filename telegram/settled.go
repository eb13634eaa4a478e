package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"telekeep/archive"
)

// errOpen ends a look for work at the first that is found.
var errOpen = errors.New("a file is to be fetched")

// open reports whether any file is still to be fetched, or failed.
func (r *run) open() (bool, error) {
	err := r.archive.Range(workPrefix(listFetch, r.account), func(_ string, value []byte) error {
		var w work
		if err := json.Unmarshal(value, &w); err != nil {
			return err
		}
		for _, f := range w.Files {
			open, err := r.toFetch(w.Chat, f)
			if err != nil {
				return err
			}
			if open {
				return errOpen
			}
		}
		return nil
	})
	if errors.Is(err, errOpen) {
		return true, nil
	}
	return false, archived(err)
}

// settled notes that everything asked for is there as of the last look through
// all chats, if it is: for a run that goes on. It makes no commit.
func (r *run) settled(ctx context.Context) error {
	open, err := r.open()
	if err != nil || open {
		return err
	}
	complete := false
	r.count(func(res *Result) {
		if complete = res.Complete(); complete {
			res.CompleteUntil = time.Unix(r.looked, 0).UTC()
		}
	})
	if !complete || r.state.Complete == r.looked {
		return nil
	}
	r.state.Complete = r.looked
	if err := r.aside.put(accountKey(r.account), r.state); err != nil {
		return err
	}
	return archived(r.archive.Apply(context.WithoutCancel(ctx), archive.Batch{State: r.aside.takeState(), Soft: true}))
}
