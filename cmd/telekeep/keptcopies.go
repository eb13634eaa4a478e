package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/daemon"
)

// keptCopies are the copies of the settings as a daemon has them: opened once, for the
// backup and for whoever looks at a copy or brings it up to date, and closed when nobody
// uses them.
type keptCopies struct {
	app    *app
	config *config.Config
	tell   func(daemon.Event)

	ctx  context.Context //nolint:containedctx // of the settings: it ends when there are others
	stop context.CancelFunc

	opening sync.Mutex // held while they are opened or closed
	users   int        // guarded by opening

	mu  sync.Mutex
	set *copySet // nil: nobody uses them
}

func newKeptCopies(a *app, cfg *config.Config, tell func(daemon.Event)) *keptCopies {
	k := &keptCopies{app: a, config: cfg, tell: tell}
	k.ctx, k.stop = context.WithCancel(context.Background())
	return k
}

// busyPatience is how long somebody waits who needs the copies while another process, or a
// backup with earlier settings, has them.
const busyPatience = 20 * time.Second

// use opens the copies, or takes those that are open; done gives them back.
func (k *keptCopies) use(ctx context.Context, secrets *chunkstore.WriterSecrets) (set *copySet, done func() error, err error) {
	k.opening.Lock()
	defer k.opening.Unlock()
	if k.users == 0 {
		opened, err := k.open(ctx, secrets)
		if err != nil {
			return nil, nil, err
		}
		k.put(opened)
	} else {
		k.get().Take(secrets)
	}
	k.users++
	return k.get(), sync.OnceValue(k.done), nil
}

func (k *keptCopies) open(ctx context.Context, secrets *chunkstore.WriterSecrets) (*copySet, error) {
	for began := time.Now(); ; { //nolint:forbidigo // measures only
		set, err := k.app.openCopies(ctx, k.config, secrets, k.notice)
		if !errors.Is(err, chunkstore.ErrStateBusy) || time.Since(began) > busyPatience {
			return set, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (k *keptCopies) done() error {
	k.opening.Lock()
	defer k.opening.Unlock()
	if k.users--; k.users > 0 {
		return nil
	}
	set := k.get()
	k.put(nil)
	return set.Close()
}

func (k *keptCopies) get() *copySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set
}

func (k *keptCopies) put(set *copySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set = set
}

// with calls f with the copies. It ends early when other settings hold.
func (k *keptCopies) with(ctx context.Context, f func(ctx context.Context, set *copies.Set, vault string) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(k.ctx, cancel)()
	secrets, err := k.app.readWriterSecrets(k.config)
	if err != nil {
		return err
	}
	set, done, err := k.use(ctx, secrets)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return f(ctx, set.Set, secrets.VaultID)
}

// release closes what is open of a copy.
func (k *keptCopies) release(name string) error {
	set := k.get()
	if set == nil {
		return nil
	}
	return set.Release(name)
}

// notice tells of a copy that went away or came back. That one was closed, or opened again
// and is as it was, is nothing to tell.
func (k *keptCopies) notice(e copies.Event) {
	if e.State == copies.Released || e.State == copies.Current && (e.Before == copies.Released || e.Before == copies.Unknown) {
		return
	}
	event := daemon.Event{Time: e.Time, Kind: daemon.EventCopy, Copy: e.Copy, Text: string(e.State)}
	if e.Err != nil && e.State != copies.Behind {
		event.Error = daemonWords(e.Err)
	}
	k.tell(event)
}
