package archive

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// stateForgotten is the state key that says up to which lost commit the state was
// forgotten already.
const stateForgotten = "archive/forgotten"

// mustForget reports whether the state builds on a commit that is lost: what it says of
// chats may be true only together with records that nobody has any more. The number is
// that of the commit.
func (w *Writer) mustForget() (uint64, error) {
	lost := w.store.LostUpTo()
	if lost == 0 {
		return 0, nil
	}
	value, ok, err := w.store.Get(stateForgotten)
	if err != nil || !ok {
		return lost, err
	}
	done, err := strconv.ParseUint(string(value), 10, 64)
	if err == nil && done >= lost {
		return 0, nil
	}
	return lost, nil
}

// forget deletes all state but which media files are stored: each of those stands for
// itself and has its record in the same commit. Everything else is found out again by
// reading all chats once more, so that no message is missed.
func (w *Writer) forget(lost uint64) error {
	var keys []string
	err := w.store.Range("", func(key string, _ []byte) error {
		if !strings.HasPrefix(key, statePrefixMedia) {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := w.store.Set(key, nil); err != nil {
			return err
		}
	}
	return w.store.Set(stateForgotten, strconv.AppendUint(nil, lost, 10))
}

// catchUpForgetting is catchUp for a state that must be forgotten. Of the journal, the
// records count; the state does not, because it went on from what is forgotten, and nor
// does media. The first step commits all of it, so that it holds from then on.
func (w *Writer) catchUpForgetting(ctx context.Context, lost uint64) error {
	if err := w.forget(lost); err != nil {
		return fmt.Errorf("forget the state of a lost commit: %w", err)
	}
	w.forgetting = true
	w.dirty.Store(true)
	err := w.catchUp(ctx)
	w.forgetting = false
	w.found.Forgot = lost
	w.commitFirst.Store(err == nil)
	return err
}
