package main

import (
	"context"
	"sync"
)

// An openVault lends the vault that the daemon has open, to what does not follow an
// account. It is given back before the vault is closed.
type openVault struct {
	mu      sync.Mutex
	session *keptSession
	ctx     context.Context //nolint:containedctx // ends when the session does
	end     context.CancelFunc
	users   *sync.WaitGroup
	changed chan struct{} // closed when another session is open, or none
}

// opened says that a session may be lent.
func (o *openVault) opened(s *keptSession) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.session, o.users = s, &sync.WaitGroup{}
	o.ctx, o.end = context.WithCancel(context.Background())
	o.tell()
}

// closing takes a session back, and waits until nobody uses it.
func (o *openVault) closing(s *keptSession) {
	if o == nil {
		return
	}
	o.mu.Lock()
	if o.session != s {
		o.mu.Unlock()
		return
	}
	o.session = nil
	end, users := o.end, o.users
	o.tell()
	o.mu.Unlock()
	end()
	users.Wait()
}

// tell wakes those that wait. The caller holds mu.
func (o *openVault) tell() {
	if o.changed != nil {
		close(o.changed)
	}
	o.changed = nil
}

// news is closed when a session is opened or closed.
func (o *openVault) news() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.changed
}

// lend calls f with the session that is open, and a context that ends with it too; false
// if none is.
func (o *openVault) lend(ctx context.Context, f func(context.Context, *keptSession) error) (bool, error) {
	o.mu.Lock()
	s, users, session := o.session, o.users, o.ctx
	if s == nil {
		o.mu.Unlock()
		return false, nil
	}
	users.Add(1)
	o.mu.Unlock()
	defer users.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(session, cancel)()
	return true, f(ctx, s)
}
