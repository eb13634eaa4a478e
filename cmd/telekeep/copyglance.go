package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
)

// glanceLimit is how long a copy may take to say how it is, where somebody waits who asked
// for something else too.
const glanceLimit = 8 * time.Second

// glance says how each copy is, going by its marker and by the newest commit that this
// machine remembers. It is quick, and writes nothing down, neither there nor here.
func (a *app) glance(ctx context.Context, cfg *config.Config) []copyStatus {
	all := cfg.AllCopies()
	found := make([]copyStatus, len(all))
	proved := loadProofs(cfg)
	var group sync.WaitGroup
	for i, one := range all {
		found[i] = copyStatus{Name: one.Name, URL: one.URL, Free: -1, Heads: []copyHead{}, Verified: proved.Copies[one.Name]}
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, glanceLimit)
			defer cancel()
			a.glanceAt(ctx, cfg, one, &found[i])
		})
	}
	group.Wait()
	return found
}

func (a *app) glanceAt(ctx context.Context, cfg *config.Config, one config.Copy, s *copyStatus) {
	d, err := a.openPlace(ctx, cfg, one)
	if err == nil {
		defer d.Close() // nothing was written
		s.State, err = a.glanceState(ctx, cfg, d)
	}
	if err != nil {
		if s.State == "" {
			s.State = string(copies.Away)
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("%w: no answer within %d s", copies.ErrAway, int(glanceLimit.Seconds()))
			s.State = string(copies.Away)
		}
		s.Error = printable(oneLine(err))
		_, s.Hint = classify(err)
		return
	}
	s.LastSeen = wholeSecond(a.now())
	if free, err := freeOf(ctx, d); err == nil {
		s.Free = free
	}
}

func (a *app) glanceState(ctx context.Context, cfg *config.Config, d driver) (string, error) {
	vault, err := chunkstore.ReadVault(ctx, d)
	switch {
	case errors.Is(err, chunkstore.ErrNoVault):
		return string(copies.Away), err
	case err != nil:
		return string(copies.Failing), err
	}
	if secrets, err := a.readWriterSecrets(cfg); err == nil && secrets.VaultID != vault.ID {
		return string(copies.Refused), fmt.Errorf("%w: expected %s, found %s", chunkstore.ErrOtherVault, secrets.VaultID, vault.ID)
	}
	head, err := chunkstore.ReadHead(ctx, statePath(cfg))
	if err == nil && head.Seq > 0 && head.Vault == vault.ID && !holdsHead(ctx, d, head) {
		return string(copies.Behind), nil
	}
	return string(copies.Current), nil
}

// printGlance says how the copies are, in few words.
func (a *app) printGlance(put func(string, ...any), r *statusReport) {
	for _, s := range r.Copies {
		text := s.State
		if s.Free >= 0 {
			text += ", " + size(s.Free) + " free"
		}
		if s.Error != "" {
			text += ": " + s.Error
		}
		put("copy         %s: %s", s.Name, text)
	}
	if r.Waiting.Objects > 0 {
		put("waiting      %s, %s, on this machine until a copy has them", plural(r.Waiting.Objects, "file", "files"), size(r.Waiting.Bytes))
	}
}
