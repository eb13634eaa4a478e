package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/daemon"
)

// Look says of each copy whether it is there, how much room it has, and what it lacks.
func (v *keptVault) Look(ctx context.Context) []daemon.Look {
	all := v.config.AllCopies()
	known := v.copies.known()
	looks := make([]daemon.Look, len(all))
	var group sync.WaitGroup
	for i, one := range all {
		group.Go(func() {
			looks[i] = v.lookAt(ctx, one)
			lacking(&looks[i], known, len(all))
		})
	}
	group.Wait()
	return looks
}

func (v *keptVault) lookAt(ctx context.Context, one config.Copy) daemon.Look {
	look := daemon.Look{Copy: one.Name, Free: -1}
	d, err := v.app.openPlace(ctx, v.config, one)
	if err != nil {
		look.Err = err
		return look
	}
	defer d.Close() // nothing was written
	if _, look.Err = chunkstore.ReadVault(ctx, d); look.Err != nil {
		return look
	}
	if free, err := freeOf(ctx, d); err == nil {
		look.Free = free
	}
	look.Begun = v.firstCommit(ctx, d)
	return look
}

// known is what is known of each copy by its name; nil if nobody has them open.
func (k *keptCopies) known() map[string]copies.Status {
	set := k.get()
	if set == nil {
		return nil
	}
	all, err := set.Status()
	if err != nil {
		return nil
	}
	known := make(map[string]copies.Status, len(all))
	for _, s := range all {
		known[s.Name] = s
	}
	return known
}

// lacking adds what those who write to a copy know of it. The only copy lacks nothing: what
// is not in it is nowhere in the vault.
func lacking(look *daemon.Look, known map[string]copies.Status, of int) {
	s, ok := known[look.Copy]
	switch {
	case ok && s.State == copies.Refused:
		look.Refused = s.Err
	case of == 1:
	case ok && s.State == copies.Released && s.Behind.Objects == 0 && allCurrent(s, known):
		// it was closed when it had everything, and missed nothing since
	case !ok || s.State == copies.Unknown || s.State == copies.Released:
		look.Unsure = true
	case s.State != copies.Current:
		look.Objects, look.Bytes = int(max(1, s.Behind.Objects)), s.Behind.Bytes
	}
}

// allCurrent reports whether a copy has the last commit of each writer that any copy has.
func allCurrent(s copies.Status, known map[string]copies.Status) bool {
	newest := newestHeads(slices.Collect(maps.Values(known)))
	for _, h := range s.Heads {
		if h.Seq == newest[h.Writer] {
			delete(newest, h.Writer)
		}
	}
	return len(newest) == 0
}

// firstCommit is when the vault was backed up to first, zero if nobody can tell. It is
// looked for until it is found: it does not change.
func (v *keptVault) firstCommit(ctx context.Context, d driver) time.Time {
	v.mu.Lock()
	found := v.begun
	v.mu.Unlock()
	if !found.IsZero() {
		return found
	}
	vault, err := chunkstore.ReadVault(ctx, d)
	if err != nil {
		return found
	}
	for _, w := range vault.Writers {
		if at, ok := commitTime(ctx, d, chunkstore.CommitName(w.ID, 1)); ok && (found.IsZero() || at.Before(found)) {
			found = at
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.begun = found
	return found
}

// commitTime reads the time of a commit. Who relies on more than that reads it with its
// signature.
func commitTime(ctx context.Context, d driver, name string) (time.Time, bool) {
	r, err := d.Get(ctx, name)
	if err != nil {
		return time.Time{}, false
	}
	defer r.Close() // read only
	var c struct {
		Commit struct {
			Time time.Time `json:"time"`
		} `json:"commit"`
	}
	if err := json.NewDecoder(io.LimitReader(r, chunkstore.MaxCommit)).Decode(&c); err != nil || c.Commit.Time.IsZero() {
		return time.Time{}, false
	}
	return c.Commit.Time, true
}
