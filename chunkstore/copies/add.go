package copies

import (
	"context"
	"errors"
	"fmt"

	"telekeep/chunkstore"
)

// Add makes an empty place a copy: it gets vault.json, which says whose it is; CatchUp brings
// the rest. A place that is a copy of the vault already is fine, so that Add can be called
// again. ErrNotEmpty if it holds anything else, chunkstore.ErrOtherVault if it holds another
// vault.
func (s *Set) Add(ctx context.Context, name string) error {
	p, err := s.place(name)
	if err != nil {
		return err
	}
	h, err := p.use(ctx, true)
	if err == nil {
		p.done(h)
		return nil
	}
	if !errors.Is(err, chunkstore.ErrNoVault) {
		return err
	}
	if err := s.mark(ctx, p); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	if h, err = p.use(ctx, true); err != nil {
		return err
	}
	p.done(h)
	return nil
}

// mark puts vault.json into an empty place.
func (s *Set) mark(ctx context.Context, p *place) (err error) {
	marker, err := s.marker(ctx)
	if err != nil {
		return err
	}
	p.opening.Lock()
	defer p.opening.Unlock()
	d, err := p.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	err = d.List(ctx, "", func(name string, _ int64) error {
		return fmt.Errorf("%w: it holds %s", ErrNotEmpty, name)
	})
	if err != nil {
		return err
	}
	return d.Put(ctx, chunkstore.VaultName, marker)
}

// marker returns the bytes of vault.json.
func (s *Set) marker(ctx context.Context) ([]byte, error) {
	data, err := readSmall(ctx, s, chunkstore.VaultName, chunkstore.MaxSmall)
	if err != nil {
		return nil, err
	}
	vault, err := chunkstore.ParseVault(data)
	if err == nil && vault.ID != s.o.Vault {
		err = fmt.Errorf("%w: expected %s, found %s", chunkstore.ErrOtherVault, s.o.Vault, vault.ID)
	}
	return data, err
}

// Forget forgets what is remembered of a copy, for who removes it: nothing happens at the
// place. If it comes back under this name it is a new one.
func (s *Set) Forget(name string) error { return s.notes.forget(name) }
