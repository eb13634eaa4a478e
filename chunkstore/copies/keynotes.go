package copies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// Owners say by notes which key files they added and removed (chunkstore.KeyNote). A copy
// that was away gets the notes when it comes back, then loses the key files that are
// removed; no copy gives one back to the others.

// ownerKey verifies the owners' notes; zero if this machine does not know it.
func (s *Set) ownerKey() crypto.VerifyKey {
	if s.secrets() == nil {
		return crypto.VerifyKey{}
	}
	return s.secrets().OwnerKey
}

// planNotes plans the notes that lack, and returns the key files that an owner has removed
// and those that one has added: as notes here or anywhere else say.
func (c *catchUp) planNotes(ctx context.Context, p *plan) (removed, added map[string]chunkstore.Object, err error) {
	key := c.set.ownerKey()
	notes, err := chunkstore.KeyNotes(ctx, c.handle.driver, c.set.o.Vault, key)
	if err != nil {
		return nil, nil, c.to.failed(ctx, c.handle, err)
	}
	var names []string
	for name := range p.where {
		if chunkstore.ParseName(name).Kind == chunkstore.NoteObject && c.set.secrets().KnowsNote(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		var note *chunkstore.KeyNote
		data, err := c.fetch(ctx, p, item{name: name, size: chunkstore.MaxSmall}, false, nil, func(data []byte) (err error) {
			note, err = chunkstore.ParseKeyNote(name, data, c.set.o.Vault)
			return errors.Join(err, chunkstore.CheckKeyNote(name, data, c.set.o.Vault, c.set.secrets()))
		})
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			continue // each source has told already
		}
		p.addSmall(name, data)
		if note.Key == key {
			notes = append(notes, note)
		}
	}
	removed, added = make(map[string]chunkstore.Object), make(map[string]chunkstore.Object)
	for _, n := range notes {
		if n.Removed {
			removed[chunkstore.KeyName(n.Name)] = n.File
		} else {
			added[chunkstore.KeyName(n.Name)] = n.File
		}
	}
	return removed, added, nil
}

// dropRemoved takes the key files away from the copy that an owner has removed. A copy
// that cannot remove objects keeps them: nobody takes them from there.
func (c *catchUp) dropRemoved(ctx context.Context, p *plan, removed map[string]chunkstore.Object) error {
	left := 0
	for name := range p.there {
		if _, gone := removed[name]; !gone && chunkstore.ParseName(name).Kind == chunkstore.KeyObject {
			left++
		}
	}
	for name := range p.where {
		if _, gone := removed[name]; !gone && chunkstore.ParseName(name).Kind == chunkstore.KeyObject {
			left++
		}
	}
	r, ok := c.handle.driver.(chunkstore.Remover)
	if left == 0 || !ok {
		return nil // somebody has to be able to read
	}
	for name := range removed {
		if _, there := p.there[name]; !there {
			continue
		}
		if err := r.Remove(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return c.to.failed(ctx, c.handle, err)
		}
		delete(p.there, name)
	}
	return nil
}

// forgetRemoved leaves the removed key files out of names, and out of what the spool keeps.
func (s *Set) forgetRemoved(ctx context.Context, names []string, removed map[string]chunkstore.Object) ([]string, error) {
	names = slices.DeleteFunc(names, func(name string) bool {
		_, gone := removed[name]
		return gone
	})
	for name := range removed {
		if there, err := s.spool.keeps(ctx, name); err != nil || !there {
			continue
		}
		if err := s.spool.root.Remove("keep/" + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("spool: %w", err)
		}
	}
	return names, nil
}

// findNotes reads the owners' notes of all places, for key files that were removed.
func (h *healer) findNotes(ctx context.Context) error {
	h.removedKeys, h.addedKeys = make(map[string]bool), make(map[string]bool)
	if h.o.Secrets == nil {
		return nil
	}
	for _, m := range h.there() {
		notes, err := chunkstore.KeyNotes(ctx, m.Place, h.vault.ID, h.o.Secrets.OwnerKey)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue // its state says why
		}
		for _, n := range notes {
			name := chunkstore.KeyName(n.Name)
			if n.Removed {
				h.removedKeys[name] = true
			} else if data, err := readSmall(ctx, m.Place, name, chunkstore.MaxSmall); err == nil && chunkstore.CheckBytes(name, data, n.File) == nil {
				h.addedKeys[name] = true
			}
		}
	}
	if !slices.ContainsFunc(h.names(chunkstore.KeyObject), func(name string) bool { return !h.removedKeys[name] }) {
		clear(h.removedKeys) // somebody has to be able to read
	}
	return nil
}

// mendNotes brings the owners' notes to every place, and takes away the key files that they
// say are removed.
func (h *healer) mendNotes(ctx context.Context) error {
	for _, name := range h.names(chunkstore.NoteObject) {
		if !h.o.Secrets.KnowsNote(name) {
			for _, m := range h.there() {
				if m.has(name) {
					h.notice(m, FaultStray, name, "signed with a key that this machine does not know as the owners': somebody else's, or of a new vault key that this machine has not taken")
				}
			}
			continue
		}
		valid := func(data []byte) error { return chunkstore.CheckKeyNote(name, data, h.vault.ID, h.o.Secrets) }
		h.mendByVotes(ctx, name, FaultMissing, valid)
	}
	for name := range h.removedKeys {
		for _, m := range h.there() {
			if !m.has(name) {
				continue
			}
			f := h.fault(m, FaultKeyNew, name, "an owner has removed this key file, and this copy had not heard of it")
			r, ok := m.Place.(chunkstore.Remover)
			switch {
			case h.o.Look:
				f.Why = "nothing was changed"
			case !ok:
				f.Why = "this kind of place cannot remove an object"
			default:
				if err := r.Remove(ctx, name); err != nil {
					f.Why = err.Error()
					continue
				}
				m.gone(name)
				f.Healed = true
				h.report.mend(m.Name, name)
			}
		}
	}
	return ctx.Err()
}

// names are the names of all objects of a kind that any place holds, in order.
func (h *healer) names(kind chunkstore.ObjectKind) []string {
	var names []string
	for _, m := range h.there() {
		for name := range m.sizes {
			if chunkstore.ParseName(name).Kind == kind {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
