package copies

import (
	"context"
	"errors"
	"fmt"
	"time"

	"telekeep/chunkstore"
)

// A mender is one place of a Set, to heal. Before each write the place must show that it
// is still the right one; that its newest commits are gone is no reason to leave it so.
type mender struct{ *view }

func (v *mender) write(ctx context.Context, f func(d Driver) error) error {
	h, err := v.use(ctx, false)
	if err != nil {
		return err
	}
	defer v.done(h)
	if err := v.recheck(ctx, h); err != nil {
		return err
	}
	if err := f(h.driver); err != nil {
		return v.failed(ctx, h, err)
	}
	return nil
}

// Put implements chunkstore.Destination.
func (v *mender) Put(ctx context.Context, name string, data []byte) error {
	return v.write(ctx, func(d Driver) error { return d.Put(ctx, name, data) })
}

// Replace exchanges an object, if the driver can.
func (v *mender) Replace(ctx context.Context, name string, data []byte) error {
	return v.write(ctx, func(d Driver) error {
		r, ok := d.(replacer)
		if !ok {
			return fmt.Errorf("replace %s: this kind of place cannot: %w", name, errors.ErrUnsupported)
		}
		return r.Replace(ctx, name, data)
	})
}

// Remove removes an object, if the driver can.
func (v *mender) Remove(ctx context.Context, name string) error {
	return v.write(ctx, func(d Driver) error {
		r, ok := d.(chunkstore.Remover)
		if !ok {
			return fmt.Errorf("remove %s: this kind of place cannot: %w", name, errors.ErrUnsupported)
		}
		return r.Remove(ctx, name)
	})
}

// menders returns the places that are there, to compare and heal. done closes those that
// could not be opened in the usual way, because vault.json is not what it should be.
func (s *Set) menders(ctx context.Context) (members []Member, done func()) {
	var opened []Driver
	for _, p := range s.places {
		m := Member{Name: p.Name}
		if heads, err := s.notes.headsOf(p.Name); err == nil {
			for _, h := range heads {
				m.Heads = append(m.Heads, h)
			}
		}
		h, err := p.use(ctx, false)
		if err == nil {
			err = p.recheck(ctx, h) // vault.json may have gone bad since the place was opened
			p.done(h)
		}
		if err == nil {
			m.Place = &mender{&view{p}}
			members = append(members, m)
			continue
		}
		if d := p.openDamaged(ctx, err); d != nil {
			opened = append(opened, d)
			m.Place = d
			members = append(members, m)
		}
	}
	return members, func() {
		for _, d := range opened {
			d.Close() // what was written is durable
		}
	}
}

// openDamaged opens a place whose vault.json is not the vault's, if something else there
// is. Whether that is enough to write there Heal decides.
func (p *place) openDamaged(ctx context.Context, err error) Driver {
	if errors.Is(err, ErrOtherFileSystem) || errors.Is(err, ErrAway) || errors.Is(err, ErrClosed) || ctx.Err() != nil {
		return nil
	}
	d, err := p.Open(ctx)
	if err != nil {
		return nil
	}
	signs := 0
	_, err = p.checkFileSystem(ctx, d)
	for _, folder := range []string{chunkstore.CommitsFolder, chunkstore.WritersFolder} {
		if err == nil {
			err = d.List(ctx, folder, func(string, int64) error {
				signs++
				return nil
			})
		}
	}
	if err != nil || signs == 0 {
		d.Close() // nothing was written
		return nil
	}
	return d
}

// Heal compares the copies that are there and makes whole what one of them has whole. See
// the function Heal; Vault, Secrets and Witness are filled in if they are not given.
func (s *Set) Heal(ctx context.Context, o HealOptions) (*Comparison, error) {
	members, done := s.menders(ctx)
	defer done()
	o.Vault = s.o.Vault
	if o.Secrets == nil {
		o.Secrets = s.secrets()
	}
	if o.Witness == nil && s.spool != nil {
		o.Witness = s.spool.keep
	}
	found, err := Heal(ctx, members, o)
	if err != nil || o.Look {
		return found, err
	}
	healed := make(map[string]bool)
	for _, f := range found.Faults {
		if f.Healed && !healed[f.Copy] {
			healed[f.Copy] = true
			s.reopen(f.Copy)
		}
	}
	return found, nil
}

// reopen makes the Set look again at what a copy holds.
func (s *Set) reopen(name string) {
	p, err := s.place(name)
	if err != nil {
		return
	}
	if h := p.take(); h != nil {
		p.giveUp(h)
		p.done(h)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle == nil {
		p.state, p.err, p.failures, p.retry = Unknown, nil, 0, time.Time{}
	}
}
