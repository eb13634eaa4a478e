package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"telekeep/config"
	"telekeep/daemon"
)

// An owner can let this machine take another vault key while it writes (keys rotate). Whoever has
// the vault open for long sees that its writer's key was changed.

// takeKey has an open backup go by the writer's key as it is now, and says which vault key that
// seals to, and whether it is another one than before.
func (a *app) takeKey(cfg *config.Config, b *backup) (fingerprint string, changed bool, err error) {
	b.taking.Lock() // who reads first also takes first
	defer b.taking.Unlock()
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		return "", false, err
	}
	if err := b.store.Take(secrets); err != nil {
		return "", false, fmt.Errorf("cannot take the writer's key %s: %w", writerKeyPath(cfg), err)
	}
	b.copies.Take(secrets)
	fingerprint = secrets.Fingerprint()
	changed = fingerprint != b.sealsTo
	b.sealsTo = fingerprint
	return fingerprint, changed, nil
}

// watchKey has an open backup take other vault keys, until it is closed. What happens is told.
func (a *app) watchKey(cfg *config.Config, b *backup, told func(fingerprint string, err error)) {
	ctx, stop := context.WithCancel(context.Background())
	written := make(chan struct{}, 1)
	err := error(nil)
	if !a.writerKeyIsCredential(cfg) { // else there is nothing to watch
		err = watchFile(ctx, writerKeyPath(cfg), written)
	}
	if err != nil {
		told("", fmt.Errorf("a new vault key is only taken when the vault is opened again: the folder of the writer's key cannot be watched: %w", err))
	}
	take := func() {
		if fingerprint, changed, err := a.takeKey(cfg, b); changed || err != nil {
			told(fingerprint, err)
		}
	}
	take() // it may have been changed while the vault was opened
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-written:
				take()
			}
		}
	}()
	b.unwatch = func() {
		stop()
		<-ended
	}
}

// warnOfKey is for watchKey where a person looks on.
func (a *app) warnOfKey(_ string, err error) {
	if err != nil {
		a.ui.warn("%s", oneLine(err))
	}
}

// tookKey is for watchKey in a daemon.
func (v *keptVault) tookKey(fingerprint string, err error) {
	e := daemon.Event{Time: v.app.now(), Kind: daemon.EventVault, Text: "the writer's key could not be taken"}
	if err == nil {
		e.Text = "sealed to vault key " + fingerprint + " from now on"
	} else {
		e.Error = daemonWords(err)
	}
	v.copies.tell(e)
}

// A keyAnswer says which vault key a daemon seals to.
type keyAnswer struct {
	SealsTo string `json:"seals_to"`
}

// serveKey answers when the daemon goes by the writer's key as it is now.
func (k *keeper) serveKey(w http.ResponseWriter, r *http.Request) {
	sealsTo, err := k.takeKey(r.Context())
	if err != nil {
		k.done(w, err)
		return
	}
	answer(w, keyAnswer{sealsTo})
}

// takeKey takes another vault key if an owner let this machine take one, and says which it is.
func (k *keeper) takeKey(ctx context.Context) (sealsTo string, err error) {
	k.mu.Lock()
	vault := k.vault
	k.mu.Unlock()
	open, err := k.open.lend(ctx, func(_ context.Context, s *keptSession) error {
		taken, changed, err := k.app.takeKey(s.config, s.backup)
		if changed {
			vault.tookKey(taken, nil)
		}
		sealsTo = taken
		return err
	})
	if open || err != nil {
		return sealsTo, err
	}
	secrets, err := k.app.readWriterSecrets(vault.config)
	if err != nil {
		return "", err
	}
	return secrets.Fingerprint(), nil // who opens the vault next reads it, too
}

// keyPatience is how long a daemon may take to answer which key it seals to: packs that it is
// filling are finished meanwhile.
const keyPatience = 30 * time.Second

// takeKey has the daemon take the writer's key as it is now, and returns which vault key it
// seals to.
func (r *remote) takeKey(ctx context.Context) (sealsTo string, err error) {
	ctx, cancel := context.WithTimeout(ctx, keyPatience)
	defer cancel()
	got, err := r.ask(ctx, http.MethodPost, "key", url.Values{})
	if err != nil {
		return "", err
	}
	defer got.Body.Close()
	var key keyAnswer
	if err := json.NewDecoder(got.Body).Decode(&key); err != nil {
		return "", fmt.Errorf("the daemon's answer cannot be read: %w", err)
	}
	return key.SealsTo, nil
}
