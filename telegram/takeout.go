package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// A TakeoutMode says whether a sync runs inside a takeout: Telegram's own data
// export, which the account's other devices are told of and which has looser
// limits.
type TakeoutMode int

// The modes of takeouts.
const (
	TakeoutNever TakeoutMode = iota // and one that is under way is ended
	TakeoutFirst                    // until a sync has fetched everything once
	TakeoutAgain                    // for this sync, whatever was fetched before
)

var errTakeoutLost = errors.New("the server ended the data export; the rest was fetched without it")

// takeoutState is what is remembered of an account's takeouts.
type takeoutState struct {
	ID    int64 `json:"id,omitempty"`    // of the one that is under way
	After int64 `json:"after,omitempty"` // none begins before, Unix seconds
	Done  bool  `json:"done,omitempty"`  // everything was fetched once
}

// A takeout is the one that calls are made in.
type takeout struct {
	id   atomic.Int64 // 0: none
	lost atomic.Bool  // the server ended it
}

// takeoutCalls are the beginnings of the names of methods that belong to a
// takeout: those that read what is exported.
var takeoutCalls = [...]string{"messages.get", "channels.get", "contacts.get", "photos.get", "stories.get", "upload.getFile"}

// wrap puts a call into the takeout if there is one and it belongs there.
func (t *takeout) wrap(in bin.Encoder) bin.Encoder {
	if t == nil {
		return in
	}
	id := t.id.Load()
	query, whole := in.(bin.Object)
	if id == 0 || !whole || !belongs(methodName(in)) {
		return in
	}
	return &tg.InvokeWithTakeoutRequest{TakeoutID: id, Query: query}
}

func belongs(method string) bool {
	if method == "upload.getFileHashes" {
		return false // the official clients do without
	}
	for _, start := range takeoutCalls {
		if strings.HasPrefix(method, start) {
			return true
		}
	}
	return false
}

// ended reports whether err says that the takeout is over: then calls go on
// outside of it, and the one that failed is to be made again.
func (t *takeout) ended(err error) bool {
	if t == nil || !tgerr.Is(err, "TAKEOUT_INVALID") || t.id.Load() == 0 {
		return false
	}
	t.lost.Store(true)
	t.id.Store(0)
	return true
}

// beginTakeout goes on with the account's takeout or begins one, as the mode
// says. A server that refuses or puts it off is done without.
func (r *run) beginTakeout(ctx context.Context) error {
	var t takeoutState
	if r.state.Takeout != nil {
		t = *r.state.Takeout
	}
	wanted := r.takeout == TakeoutAgain || r.takeout == TakeoutFirst && !t.Done
	switch {
	case !wanted && t.ID != 0:
		return r.endTakeout(ctx, false)
	case !wanted:
		return nil
	case t.ID != 0:
		r.link.takeout.id.Store(t.ID)
		return nil
	case r.now() < t.After:
		r.postponed(t.After)
		return nil
	}
	id, err := r.initTakeout(ctx)
	rpc, refused := tgerr.As(err)
	switch {
	case err == nil:
		t.ID, t.After = id, 0
		r.link.takeout.id.Store(id)
	case refused && rpc.IsType("TAKEOUT_INIT_DELAY"):
		t.After = r.now() + int64(rpc.Argument)
		r.postponed(t.After)
	case dispensable(err):
		r.warn("account.initTakeoutSession", err)
		return nil
	default:
		return fmt.Errorf("account.initTakeoutSession: %w", err)
	}
	return r.saveTakeout(ctx, t)
}

// initTakeout asks for a takeout of all that a sync reads.
func (r *run) initTakeout(ctx context.Context) (int64, error) {
	request := &tg.AccountInitTakeoutSessionRequest{
		Contacts: true, MessageUsers: true, MessageChats: true, MessageMegagroups: true, MessageChannels: true, Files: true,
	}
	if r.rules.MaxSize > 0 {
		request.SetFileMaxSize(r.rules.MaxSize)
	}
	answer, err := r.link.once.AccountInitTakeoutSession(ctx, request)
	if err != nil {
		return 0, err
	}
	return answer.ID, nil
}

// postponed notes when the server lets a takeout begin.
func (r *run) postponed(after int64) {
	r.count(func(res *Result) { res.TakeoutAfter = time.Unix(after, 0) })
}

// settleTakeout ends the takeout once everything is fetched. Otherwise the next
// sync goes on with it.
func (r *run) settleTakeout(ctx context.Context) error {
	r.mu.Lock()
	complete := r.result.Complete()
	r.mu.Unlock()
	switch {
	case r.link.takeout.lost.Load():
		r.warn("takeout", errTakeoutLost)
		return r.saveTakeout(ctx, takeoutState{Done: complete})
	case !complete:
		return nil
	case r.link.takeout.id.Load() != 0:
		return r.endTakeout(ctx, true)
	case r.takeout == TakeoutFirst && (r.state.Takeout == nil || !r.state.Takeout.Done):
		t := takeoutState{Done: true} // nothing is left to begin one for
		if r.state.Takeout != nil {
			t.After = r.state.Takeout.After
		}
		return r.saveTakeout(ctx, t)
	}
	return nil
}

// endTakeout ends the takeout, from within it as Telegram demands.
func (r *run) endTakeout(ctx context.Context, success bool) error {
	t := takeoutState{Done: success || r.state.Takeout.Done}
	request := &tg.AccountFinishTakeoutSessionRequest{Success: success}
	var done tg.BoolBox
	err := r.link.plain.Invoke(ctx, &tg.InvokeWithTakeoutRequest{TakeoutID: r.state.Takeout.ID, Query: request}, &done)
	r.link.takeout.id.Store(0)
	if err != nil && !dispensable(err) {
		return fmt.Errorf("account.finishTakeoutSession: %w", err)
	}
	return r.saveTakeout(ctx, t)
}

func (r *run) saveTakeout(ctx context.Context, t takeoutState) error {
	r.state.Takeout = &t
	if t == (takeoutState{}) {
		r.state.Takeout = nil
	}
	var b batch
	if err := b.set(accountKey(r.account), r.state); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}
