package copies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"telekeep/chunkstore"
)

// mendSmall mends all that is neither pack nor index nor commit.
func (h *healer) mendSmall(ctx context.Context) error {
	for _, a := range h.aside {
		if !h.o.Look {
			h.putAside(ctx, a)
		}
	}
	h.mendMarker(ctx)
	for _, id := range slices.Sorted(maps.Keys(h.writers)) {
		l := h.writers[id]
		h.everywhere(ctx, h.wantedEntry(l))
		h.everywhere(ctx, l.wantedSecrets())
	}
	if err := h.mendKeys(ctx); err != nil {
		return err
	}
	return errors.Join(h.mendText(ctx, chunkstore.ReadmeName), h.mendText(ctx, chunkstore.RecoverName))
}

func (h *healer) everywhere(ctx context.Context, w *wanted) {
	for _, m := range h.there() {
		h.mend(ctx, m, w)
	}
}

// same is valid for exactly these bytes.
func same(name string, text []byte) func([]byte) error {
	want := chunkstore.Object{Hash: chunkstore.HashOf(text), Size: int64(len(text))}
	return func(data []byte) error { return chunkstore.CheckBytes(name, data, want) }
}

func (h *healer) mendMarker(ctx context.Context) {
	const name = chunkstore.VaultName
	if h.marker != nil {
		h.everywhere(ctx, &wanted{
			name: name, limit: chunkstore.MaxSmall, text: h.marker, small: true, detail: "the place is one of the vault's all the same",
			valid: func(data []byte) error {
				v, err := chunkstore.ParseVault(data)
				switch {
				case err != nil:
					return err
				case v.ID != h.vault.ID:
					return fmt.Errorf("%s: %w: it is that of vault %s", name, chunkstore.ErrOtherVault, v.ID)
				}
				return same(name, h.marker)(data)
			},
		})
		return
	}
	for _, m := range h.there() {
		data, err := readSmall(ctx, m.Place, name, chunkstore.MaxSmall)
		if err == nil {
			_, err = chunkstore.ParseVault(data)
		}
		if err == nil {
			h.fault(m, FaultDisputed, name, "copies hold different ones of this vault").Why = "nothing tells which is right"
			continue
		}
		p := chunkstore.NewProblem(name, err)
		h.fault(m, kindOf(p.Kind), name, p.Detail).Why = noneGood
	}
}

func (h *healer) wantedEntry(l *line) *wanted {
	name := chunkstore.WriterName(l.entry.ID)
	return &wanted{
		name: name, limit: chunkstore.MaxSmall, text: l.text, small: true,
		valid: func(data []byte) error {
			if err := h.checkEntry(l.entry.ID, data); err != nil {
				return err
			}
			return same(name, l.text)(data)
		},
		detail: "without it nobody can check the commits of this writer", lost: "the commits of this writer cannot be checked",
	}
}

func (l *line) wantedSecrets() *wanted {
	return &wanted{
		name: chunkstore.SecretsName(l.entry.ID), limit: chunkstore.MaxSmall, valid: l.entry.CheckSecretsFile, small: true,
		detail: "without it no new machine can take this writer over", lost: "nothing that is stored; no other machine can take this writer over",
	}
}

// mendKeys mends the owners' key files that the newest commits list, and names others.
func (h *healer) mendKeys(ctx context.Context) error {
	if err := h.mendNotes(ctx); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(h.keys)) {
		k := h.keys[name]
		if k.disputed {
			for _, m := range h.there() {
				h.fault(m, FaultDisputed, name, "commits list this key file with different bytes, and it is never rewritten: the writer's secrets may be stolen").Why = "an owner has to look which of them opens the vault"
			}
			continue
		}
		w := &wanted{
			name: name, limit: chunkstore.MaxSmall, gone: FaultKeyGone, small: true,
			valid:  func(data []byte) error { return chunkstore.CheckBytes(name, data, k.Object) },
			detail: k.by + " lists this owner's key file", lost: "what only this owner's key opens",
		}
		if h.removed(name) {
			for _, m := range h.there() {
				h.notice(m, FaultKeyGone, name, k.by+" lists it and no copy has it: that owner was removed")
			}
			continue
		}
		h.everywhere(ctx, w)
	}
	return h.newKeys(ctx)
}

// removed reports whether a key file is gone everywhere, and another one is not: that is
// how an owner is removed.
func (h *healer) removed(name string) bool {
	others := false
	for _, m := range h.there() {
		if m.has(name) {
			return false
		}
		for other := range h.keys {
			others = others || m.has(other)
		}
	}
	for other := range h.addedKeys {
		others = others || !h.removedKeys[other] // after a rotation, all that a commit lists may be gone
	}
	return others
}

// newKeys looks at key files that no commit lists: those of a new vault, of a new owner,
// or of somebody who wants to be taken for one. Only an owner can seal the vault's key,
// so such a file opens nothing if a stranger made it.
func (h *healer) newKeys(ctx context.Context) error {
	names := make(map[string]bool)
	for _, m := range h.there() {
		for name := range m.sizes {
			if chunkstore.ParseName(name).Kind == chunkstore.KeyObject && h.keys[name].by == "" && !h.removedKeys[name] {
				names[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if len(h.keys) == 0 {
			h.mendByVotes(ctx, name, FaultKeyGone, func(data []byte) error { return chunkstore.CheckKeyFile(h.vault, name, data) })
			continue
		}
		for _, m := range h.there() {
			if m.has(name) {
				h.notice(m, FaultKeyNew, name, "no commit lists it yet: an owner was added since the last one, or somebody put it there, to whom it opens nothing")
			}
		}
	}
	return ctx.Err()
}

// mendByVotes mends an object that nothing but its shape and the copies speak for.
func (h *healer) mendByVotes(ctx context.Context, name string, gone FaultKind, valid func([]byte) error) {
	var claims []claim
	for _, m := range h.there() {
		if data, err := readSmall(ctx, m.Place, name, chunkstore.MaxSmall); err == nil && valid(data) == nil {
			claims = append(claims, claim{m, data})
		}
	}
	text := h.settle(h.withWitness(ctx, name, claims, valid))
	if text == nil && len(claims) > 1 {
		for _, c := range claims {
			h.fault(c.by, FaultDisputed, name, "copies hold different ones, and no commit lists it").Why = "nothing tells which is right"
		}
		return
	}
	w := &wanted{name: name, limit: chunkstore.MaxSmall, text: text, gone: gone, small: true, detail: "other copies have it", valid: valid}
	if text != nil {
		w.valid = func(data []byte) error { return errors.Join(valid(data), same(name, text)(data)) }
	}
	h.everywhere(ctx, w)
}

// mendText mends README.txt or recover.sh, which nothing but people use. What this telekeep
// would write is right; else most copies are.
func (h *healer) mendText(ctx context.Context, name string) error {
	texts := make(map[*member][]byte)
	for _, m := range h.there() {
		if data, err := readSmall(ctx, m.Place, name, chunkstore.MaxSmall); err == nil {
			texts[m] = data
		}
	}
	if len(texts) == 0 {
		for _, m := range h.there() {
			h.notice(m, FaultMissing, name, "nothing needs it but people who have no telekeep")
		}
		return ctx.Err()
	}
	written := slices.ContainsFunc(slices.Collect(maps.Values(texts)), func(data []byte) bool { return h.checkText(name, data) == nil })
	valid := func([]byte) error { return nil }
	if written {
		valid = func(data []byte) error { return h.checkText(name, data) }
	}
	h.mendByVotes(ctx, name, FaultMissing, valid)
	return ctx.Err()
}

// checkText checks that these bytes are what telekeep writes for any owner.
func (h *healer) checkText(name string, data []byte) error {
	owners := map[string]bool{}
	for key := range h.keys {
		owners[chunkstore.ParseName(key).Owner] = true
	}
	for key := range h.removedKeys { // the text is as old as the vault
		owners[chunkstore.ParseName(key).Owner] = true
	}
	for _, m := range h.there() {
		for key := range m.sizes {
			if n := chunkstore.ParseName(key); n.Kind == chunkstore.KeyObject && bytes.Contains(data, []byte(n.Owner)) {
				owners[n.Owner] = true
			}
		}
	}
	return chunkstore.CheckText(name, h.vault.ID, slices.Collect(maps.Keys(owners)), data)
}
