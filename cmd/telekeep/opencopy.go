package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/chunkstore/destination/local"
	"telekeep/config"
)

// A driver is one open place that holds the vault.
type driver interface {
	chunkstore.Destination
	io.Closer
}

// An openCopy is one copy of the settings, open.
type openCopy struct {
	driver
	config.Copy
}

// openPlace opens the place of one copy. It makes nothing, and says of a folder that is
// not there that nothing is mounted.
func (a *app) openPlace(ctx context.Context, cfg *config.Config, one config.Copy) (driver, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch one.Where.Kind {
	case config.KindSFTP:
		return a.openSFTP(ctx, cfg, one)
	case config.KindS3:
		return a.openS3(ctx, cfg, one)
	}
	d, err := openFolder(cfg, one)
	if err != nil {
		return nil, err // and no driver, not one that is nil
	}
	return d, nil
}

// An awayError is one that says that a copy is away, in its own words.
type awayError struct{ error }

func (e awayError) Unwrap() error        { return e.error }
func (e awayError) Is(target error) bool { return target == copies.ErrAway }

// openFolder opens a folder that holds a vault. One that is not there is most likely on a
// drive that is not mounted, and is told apart from a damaged vault.
func openFolder(cfg *config.Config, one config.Copy) (*local.Destination, error) {
	dir := one.Where.Path
	dst, err := local.Open(dir)
	if inner := filepath.Join(dir, "vault"); err == nil && alone(cfg) && !isVault(dir) && isVault(inner) {
		return nil, errors.Join(withHint(fmt.Errorf("%s is not the vault's folder: %w", dir, chunkstore.ErrNoVault), "the vault in it is named with --vault "+shellWord(inner)), dst.Close())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s %s is not there: %w", folderOf(one), dir, chunkstore.ErrNoVault)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open %s %s: %w", folderOf(one), dir, err)
	}
	return dst, nil
}

func folderOf(one config.Copy) string {
	if one.Name == config.VaultCopy {
		return "the vault's folder"
	}
	return "the folder of copy " + one.Name
}

// openAny opens one copy to look at the vault: the first that holds it and lacks nothing
// that this machine remembers; else the first that holds it, else the first that can be
// opened at all, so that what is wrong with it can be said.
func (a *app) openAny(ctx context.Context, cfg *config.Config) (*openCopy, error) {
	var best *openCopy
	var errs []error
	rank := -1
	for _, one := range cfg.AllCopies() {
		d, err := a.openPlace(ctx, cfg, one)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fits := a.fitness(ctx, cfg, d)
		if fits <= rank {
			_ = d.Close() // nothing was written
			continue
		}
		if best != nil {
			_ = best.Close() // likewise
		}
		if best, rank = (&openCopy{d, one}), fits; fits == fitsBest {
			break
		}
	}
	if best != nil {
		return best, nil
	}
	return nil, errors.Join(errs...)
}

// How well a place serves to look at the vault.
const (
	fitsNot    = iota // there is no vault, or another
	fitsBehind        // it lacks the newest commit that this machine remembers
	fitsBest
)

func (a *app) fitness(ctx context.Context, cfg *config.Config, d driver) int {
	if len(cfg.AllCopies()) == 1 {
		return fitsBest // there is no other
	}
	vault, err := chunkstore.OpenVault(ctx, d)
	if err != nil {
		return fitsNot
	}
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		return fitsBest // nothing is remembered
	}
	if vault.ID != secrets.VaultID {
		return fitsNot
	}
	head, err := chunkstore.ReadHead(ctx, statePath(cfg))
	if err != nil || head.Seq == 0 || head.Vault != vault.ID {
		return fitsBest
	}
	if !holdsHead(ctx, d, head) {
		return fitsBehind
	}
	return fitsBest
}

// holdsHead reports whether a place has a commit, by its name.
func holdsHead(ctx context.Context, d driver, head chunkstore.Head) bool {
	_, err := d.Stat(ctx, chunkstore.CommitName(head.Writer, head.Seq))
	return err == nil
}

// freeOf is how many bytes a place still takes; -1 if it cannot tell.
func freeOf(ctx context.Context, d driver) (int64, error) {
	if o, ok := d.(*openCopy); ok {
		d = o.driver
	}
	f, ok := d.(interface {
		Free(ctx context.Context) (int64, error)
	})
	if !ok {
		return -1, nil
	}
	free, err := f.Free(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return -1, nil
	}
	return free, err
}
