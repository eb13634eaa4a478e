package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"telekeep/archive"
)

// How many files are fetched at the same time: what Telegram's own clients do.
const (
	smallAtOnce = 5
	largeAtOnce = 2
	newAtOnce   = 3 // beside the others, and beside the text: what is urgent
)

// unavailableRetry is how long a file that the server does not have is left in
// peace.
const unavailableRetry = 24 * time.Hour

// A fetcher gets media into the archive: what is urgent while messages are still
// coming in, the rest when they are there (see hold). The work lies in the state,
// a page of messages at a time; what a fetcher holds of it is the keys and the
// pages it is at.
type fetcher struct {
	run    *run
	queues map[string]*queue // by class

	mu   sync.Mutex
	busy map[archive.MediaKey]chan struct{} // closed when the file's turn is over
	// begun is work that is queued or under way.
	begun map[string]bool
}

func newFetcher(r *run) *fetcher {
	return &fetcher{
		run:    r,
		queues: map[string]*queue{classSmall: newQueue(), classLarge: newQueue(), classNew: newQueue()},
		begun:  map[string]bool{},
		busy:   map[archive.MediaKey]chan struct{}{},
	}
}

// add starts work that the state names, unless it is started already.
func (f *fetcher) add(list []queued) {
	for _, q := range list {
		if !f.begin(q.key) {
			continue
		}
		f.run.tell(func(e *Event) { e.MediaTotal += q.Count; e.BytesTotal += q.Bytes })
		f.queues[classOf(q.key)].add(q.key)
	}
}

// begin notes that work is under way; false if it was.
func (f *fetcher) begin(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.begun[key] {
		return false
	}
	f.begun[key] = true
	return true
}

// over notes that work is not under way any more.
func (f *fetcher) over(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.begun, key)
}

// idle reports whether no work is queued or under way.
func (f *fetcher) idle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.begun) == 0
}

// close says that no work will be added any more, so nothing is worth waiting for.
func (f *fetcher) close() {
	f.run.hold.end()
	for _, q := range f.queues {
		q.close()
	}
}

// restore starts the work that an earlier run left.
func (f *fetcher) restore() error {
	var left []queued
	err := f.run.archive.Range(workPrefix(listFetch, f.run.account), func(key string, value []byte) error {
		q := queued{key: key}
		if err := json.Unmarshal(value, &q.workSize); err != nil {
			return err
		}
		left = append(left, q)
		return nil
	})
	f.add(left)
	return archived(err)
}

// fetch works until close was called and nothing is left. It returns the first
// error that ends the sync; a file that fails is none.
func (f *fetcher) fetch(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.class(ctx, classSmall, smallAtOnce) })
	group.Go(func() error { return f.class(ctx, classLarge, largeAtOnce) })
	group.Go(func() error { return f.class(ctx, classNew, newAtOnce) })
	return group.Wait()
}

// class works off the queue of one class.
func (f *fetcher) class(ctx context.Context, class string, atOnce int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	wait := f.run.hold.wait
	if class == classNew {
		wait = func(ctx context.Context) error { return ctx.Err() }
	}
	for {
		if err := wait(ctx); err != nil { // before the choice of the newest
			return errors.Join(group.Wait(), err)
		}
		key, ok, err := f.queues[class].next(ctx)
		if err == nil && ok {
			err = f.page(ctx, group, key, wait)
		}
		if err != nil || !ok {
			return errors.Join(group.Wait(), err)
		}
	}
}

// page starts the files of one piece of work; the last one to end settles what
// is left of it. It waits for each file, and for free places in the group.
func (f *fetcher) page(ctx context.Context, group *errgroup.Group, key string, wait func(context.Context) error) error {
	var w work
	if ok, err := load(f.run.archive, key, &w); err != nil || !ok || len(w.Files) == 0 {
		f.over(key)
		return err
	}
	p := &fetchPage{key: key, work: &w, origin: f.run.origin(&w), open: len(w.Files)}
	for _, file := range w.Files {
		if err := wait(ctx); err != nil {
			return err
		}
		group.Go(func() error {
			left, err := f.file(ctx, p, file)
			if err != nil {
				return err
			}
			if p.ended(file, left) {
				return f.settle(ctx, p)
			}
			return ctx.Err()
		})
	}
	return ctx.Err()
}

// A fetchPage is work while it is being done.
type fetchPage struct {
	key    string
	work   *work
	origin *origin

	mu   sync.Mutex
	open int
	left sorted // what is not stored
}

// left says where a file goes when its turn is over.
type left string

const (
	leftNowhere left = ""        // it is stored
	leftFetch   left = listFetch // try again
	// Anything else is why it is not to be fetched now.
)

// ended notes what became of a file, and reports whether it was the last.
func (p *fetchPage) ended(f workFile, where left) (last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch where {
	case leftNowhere:
	case leftFetch:
		p.left.fetch = append(p.left.fetch, f)
	default:
		f.Why = string(where)
		p.left.later = append(p.left.later, f)
	}
	p.open--
	return p.open == 0
}

// settle writes into the state what is left of work, if that changed.
func (f *fetcher) settle(ctx context.Context, p *fetchPage) error {
	defer f.over(p.key)
	if len(p.left.fetch) == len(p.work.Files) {
		return nil
	}
	var b batch
	if err := f.run.relist(&b, p.key, listLater, p.work, p.left.fetch, p.left.later); err != nil {
		return err
	}
	return f.run.apply(ctx, &b)
}

// file sees to one file. An error ends the sync.
func (f *fetcher) file(ctx context.Context, p *fetchPage, file workFile) (left, error) {
	defer f.run.tell(func(e *Event) { e.Media++ })
	c := f.run.chatOf(p.work.Chat, file)
	if c != nil && !c.included {
		return leftFetch, nil // the rules on chats changed meanwhile
	}
	if why := f.run.leftOut(c, file); why != "" {
		return left(why), f.note(ctx, file, why, "")
	}
	if known, err := f.resting(file); err != nil || known != nil {
		f.run.report(p.work.Chat, file, known)
		return leftFetch, err
	}
	if err := f.claim(ctx, file.Key); err != nil {
		return leftFetch, err
	}
	defer f.release(file.Key)
	_, stored, err := f.run.archive.HasMedia(file.Key)
	if err != nil {
		return leftFetch, archived(err)
	}
	if stored {
		f.known(file)
		return leftNowhere, nil
	}
	return f.download(ctx, p, file)
}

// known counts a file that is stored already.
func (f *fetcher) known(file workFile) {
	f.run.count(func(r *Result) { r.MediaKnown++ })
	f.run.tell(func(e *Event) { e.Bytes += file.Size })
}

// download fetches one file and notes how it went.
func (f *fetcher) download(ctx context.Context, p *fetchPage, file workFile) (left, error) {
	err := f.run.download(ctx, file, p.origin)
	switch {
	case err == nil:
		f.run.count(func(r *Result) { r.Media++ })
		return leftNowhere, f.stored(ctx, file)
	case errors.Is(err, archive.ErrStored):
		f.known(file)
		return leftNowhere, f.stored(ctx, file)
	case ctx.Err() != nil:
		return leftFetch, ctx.Err()
	case ends(err):
		return leftFetch, err
	}
	state := missingState{Reason: archive.MissingFailed, Detail: reason(err)}
	if unavailable, ok := errors.AsType[*unavailableError](err); ok {
		state = missingState{Reason: archive.MissingUnavailable, Detail: unavailable.detail}
	}
	f.run.log.Warn("a file could not be fetched", "key", string(file.Key), "reason", state.Reason, "detail", state.Detail)
	f.run.report(p.work.Chat, file, &state)
	return leftFetch, f.note(ctx, file, state.Reason, state.Detail)
}

// stored forgets why a file was missing, and commits if it is time.
func (f *fetcher) stored(ctx context.Context, file workFile) error {
	key := missingKey(f.run.account, file.Key)
	_, was, err := f.run.archive.Get(key)
	if err != nil {
		return archived(err)
	}
	if !was {
		return f.run.commitIfDue(ctx)
	}
	var b batch
	b.put(key, nil)
	return f.run.apply(ctx, &b)
}

// note records why a file is missing.
func (f *fetcher) note(ctx context.Context, file workFile, why, detail string) error {
	var b batch
	if err := f.run.noteMissing(&b, file, why, detail); err != nil {
		return err
	}
	return f.run.apply(ctx, &b)
}

// resting returns what is known of a file that is not to be tried again yet.
func (f *fetcher) resting(file workFile) (*missingState, error) {
	var known missingState
	ok, err := load(f.run.archive, missingKey(f.run.account, file.Key), &known)
	if err != nil || !ok || f.run.now() >= known.Next {
		return nil, err
	}
	if (f.run.eager || f.run.wished.Load()) && known.Reason == archive.MissingFailed {
		return nil, nil
	}
	return &known, nil
}

// claim waits until nobody else is at the file: the same one can stand in
// several chats.
func (f *fetcher) claim(ctx context.Context, key archive.MediaKey) error {
	for {
		f.mu.Lock()
		over, taken := f.busy[key]
		if !taken {
			f.busy[key] = make(chan struct{})
			f.mu.Unlock()
			return nil
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
		}
	}
}

func (f *fetcher) release(key archive.MediaKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.busy[key])
	delete(f.busy, key)
}
