package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
)

// A keyStore is the key of a data centre that is not the account's own, for the
// time of one connection. gotd reads and writes it as its session.
//
// The session's file gets a key only once the account is signed in with it: one
// that the server makes up because it lost the one it had stays in memory until
// then. Safe for concurrent use.
type keyStore struct {
	session *Session
	dc      int

	mu      sync.Mutex
	data    []byte        // gotd's; nil: no key yet
	trusted bool          // the account is signed in with it, as far as is known
	stored  chan struct{} // closed when gotd stores a key; see next
}

func newKeyStore(s *Session, dc int) *keyStore {
	data := s.key(dc)
	return &keyStore{session: s, dc: dc, data: data, trusted: data != nil}
}

// LoadSession is part of gotd's storage interface.
func (k *keyStore) LoadSession(context.Context) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.data == nil {
		return nil, session.ErrNotFound
	}
	return bytes.Clone(k.data), nil
}

// StoreSession is part of gotd's storage interface.
func (k *keyStore) StoreSession(_ context.Context, data []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stored != nil {
		defer close(k.stored)
		defer func() { k.stored = nil }()
	}
	if k.data != nil {
		same, err := sameKey(k.data, data)
		if err != nil {
			return err
		}
		k.trusted = k.trusted && same
	}
	k.data = bytes.Clone(data)
	return nil
}

// next is closed when gotd stores a key the next time. It does so with every
// connection, a moment after it has said that the connection is ready.
func (k *keyStore) next() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stored == nil {
		k.stored = make(chan struct{})
	}
	return k.stored
}

func (k *keyStore) signedIn() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.trusted
}

// distrust: the server does not take the key for one that is signed in.
func (k *keyStore) distrust() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.trusted = false
}

// adopt keeps the key for later runs: the account has signed in with it.
func (k *keyStore) adopt() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.data == nil {
		return errors.New("the data centre left no key")
	}
	if err := k.session.saveKey(k.dc, k.data); err != nil {
		return err
	}
	k.trusted = true
	return nil
}

// key is the stored key of data centre dc in gotd's form, nil if there is none.
func (s *Session) key(dc int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saved == nil {
		return nil
	}
	return bytes.Clone(s.saved.Keys[dc])
}

// saveKey stores the key of data centre dc beside the login.
func (s *Session) saveKey(dc int, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saved == nil {
		return ErrNotSignedIn
	}
	saved := *s.saved
	saved.Keys = maps.Clone(saved.Keys)
	if saved.Keys == nil {
		saved.Keys = map[int]json.RawMessage{}
	}
	saved.Keys[dc] = bytes.Clone(data)
	return s.write(&saved)
}

// A branch is connections to a data centre that is not the account's own. gotd's
// pools for those forget their keys with the process; so it is a client of its
// own, with a keyStore for its session, of which only the pool is used.
type branch struct {
	telegram.CloseInvoker
	key   *keyStore
	leave func() // ends the client; it is waited for by whoever ends the link
}

// Invoke implements tg.Invoker.
func (b *branch) Invoke(ctx context.Context, in bin.Encoder, out bin.Decoder) error {
	err := b.CloseInvoker.Invoke(ctx, in, out)
	if sessionEnded(err) {
		b.key.distrust() // the next branch signs in anew
	}
	return err
}

// Close ends all connections.
func (b *branch) Close() error {
	err := b.CloseInvoker.Close()
	b.leave()
	return err
}

// A branches opens connections to the other data centres, for one link.
type branches struct {
	client *Client
	dialer *dialer
	run    context.Context //nolint:containedctx // ends with the link, which opens connections
	busy   *sync.WaitGroup // clients that have not ended
	home   *link

	mu   sync.Mutex
	keys map[int]*keyStore
}

func (b *branches) key(dc int) *keyStore {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys[dc] == nil {
		b.keys[dc] = newKeyStore(b.client.options.Session, dc)
	}
	return b.keys[dc]
}

// open connects to data centre dc and signs in there if need be.
func (b *branches) open(ctx context.Context, dc int) (telegram.CloseInvoker, error) {
	key := b.key(dc)
	client, leave, err := b.start(ctx, dc, key)
	if err != nil {
		return nil, err
	}
	if !key.signedIn() {
		if err := b.signIn(ctx, client, dc, key); err != nil {
			leave()
			return nil, err
		}
	}
	pool, err := client.Pool(int64(b.client.options.Connections))
	if err != nil {
		leave()
		return nil, fmt.Errorf("connections to data centre %d: %w", dc, err)
	}
	return &branch{CloseInvoker: pool, key: key, leave: leave}, nil
}

// start runs a client in the background until leave is called, and waits until
// it is connected and has handed its key over.
func (b *branches) start(ctx context.Context, dc int, key *keyStore) (_ *telegram.Client, leave func(), err error) {
	run, leave := context.WithCancel(b.run)
	options := b.client.clientOptions(b.dialer)
	options.DC, options.SessionStorage, options.NoUpdates, options.UpdateHandler = dc, key, true, nil
	options.DCList.Options = b.home.config().DCOptions
	client := telegram.NewClient(b.client.options.APIID, b.client.options.APIHash, options)
	stored, ended := key.next(), make(chan error, 1)
	b.busy.Go(func() {
		ended <- client.Run(run, func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
	})
	select {
	case <-stored:
		return client, leave, nil
	case err = <-ended:
		err = connectError(err)
	case <-ctx.Done():
		err = ctx.Err()
	}
	leave()
	return nil, nil, err
}

// signIn takes the account's authorization from its own data centre to dc.
func (b *branches) signIn(ctx context.Context, client *telegram.Client, dc int, key *keyStore) error {
	exported, err := b.home.api.AuthExportAuthorization(ctx, dc)
	if err != nil {
		return fmt.Errorf("sign in at data centre %d: %w", dc, err)
	}
	there := tg.NewClient(single{client, b.client.options.CallTimeout, signInPatience})
	request := &tg.AuthImportAuthorizationRequest{ID: exported.ID, Bytes: exported.Bytes}
	if _, err := there.AuthImportAuthorization(ctx, request); err != nil {
		return fmt.Errorf("sign in at data centre %d: %w", dc, err)
	}
	return key.adopt()
}
