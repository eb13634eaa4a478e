package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/internal/durable"
)

// A copySet is all copies of the settings, opened to write: as one place for a backup, and
// each by itself.
type copySet struct {
	*copies.Set
	lock *os.File // keeps other processes from spool and memory
}

// openCopies opens all copies of the settings to write. It fails if another process has
// them, or if nothing can be known of the vault. What happens to a copy is told to notice.
func (a *app) openCopies(ctx context.Context, cfg *config.Config, secrets *chunkstore.WriterSecrets, notice func(copies.Event)) (*copySet, error) {
	if err := durable.MkdirPath(cfg.State, durable.PrivateDir); err != nil {
		return nil, fmt.Errorf("cannot make the state folder: %w", err)
	}
	lock, err := lockCopies(cfg)
	if err != nil {
		return nil, err
	}
	o := a.copyOptions(cfg, secrets.VaultID)
	o.Secrets, o.Notice = secrets, notice
	set, err := copies.Open(ctx, o)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if set.Forgot() {
		a.ui.warn("what was remembered of the copies was damaged and is set aside (copies.db.damaged): a copy that was set back to an earlier day passes for one that is behind")
	}
	return &copySet{set, lock}, nil
}

// Close gives everything back.
func (s *copySet) Close() error { return errors.Join(s.Set.Close(), s.lock.Close()) }

// ownCopies opens the copies of the settings for a backup of this process.
func (a *app) ownCopies(cfg *config.Config) copyOpener {
	return func(ctx context.Context, secrets *chunkstore.WriterSecrets) (*copySet, func() error, error) {
		set, err := a.openCopies(ctx, cfg, secrets, nil)
		if err != nil {
			return nil, nil, err
		}
		return set, set.Close, nil
	}
}

// refusedAll is the error of copies of which none can be used and one is not what it
// should be: a person has to look before anything goes on. Where all are merely away, what
// is fetched can wait on this machine.
func refusedAll(set *copies.Set) error {
	all, err := set.Status()
	if err != nil {
		return fmt.Errorf("cannot tell how the copies are: %w", err)
	}
	var refused []error
	for _, s := range all {
		switch s.State {
		case copies.Refused:
			refused = append(refused, ofCopy(len(all), s.Name, s.Err))
		case copies.Away, copies.Failing, copies.Unknown, copies.Released:
		default:
			return nil
		}
	}
	return errors.Join(refused...)
}

// ofCopy says which copy an error is about, where there are several.
func ofCopy(of int, name string, err error) error {
	if of == 1 {
		return err
	}
	return fmt.Errorf("copy %s: %w", name, err)
}

// copyOptions are those of all who see every copy.
func (a *app) copyOptions(cfg *config.Config, vault string) copies.Options {
	return copies.Options{
		Vault: vault, Places: a.places(cfg), Spool: filepath.Join(cfg.State, "spool"), SpoolMax: cfg.Spool.MaxBytes, Need: cfg.Spool.Need,
		State: copiesPath(cfg), Now: a.now,
	}
}

func (a *app) places(cfg *config.Config) []copies.Place {
	var all []copies.Place
	for _, one := range cfg.AllCopies() {
		all = append(all, copies.Place{Name: one.Name, Open: func(ctx context.Context) (copies.Driver, error) {
			return a.openPlace(ctx, cfg, one)
		}})
	}
	return all
}

// lockCopies keeps two processes from writing to the spool at once.
func lockCopies(cfg *config.Config) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(cfg.State, "copies.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the copies: %w", err)
	}
	if !durable.Lock(f) {
		return nil, errors.Join(fmt.Errorf("the copies: %w", chunkstore.ErrStateBusy), f.Close())
	}
	return f, nil
}

// openToRead opens what holds the vault: the one copy there is, or all of them as one
// place, where what one lacks is read from the next.
func (a *app) openToRead(ctx context.Context, cfg *config.Config) (driver, error) {
	all := cfg.AllCopies()
	if len(all) == 1 {
		return a.openPlace(ctx, cfg, all[0])
	}
	first, err := a.openAny(ctx, cfg)
	if err != nil {
		return nil, err
	}
	vault, err := chunkstore.ReadVault(ctx, first)
	if err := errors.Join(err, first.Close()); err != nil {
		return nil, fmt.Errorf("copy %s: %w", first.Name, err)
	}
	return copies.Open(ctx, copies.Options{Vault: vault.ID, Places: a.places(cfg), Now: a.now})
}
