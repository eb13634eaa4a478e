package main

import (
	"context"
	"sync"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/daemon"
)

// What a daemon does so that every pack of every copy is read within the time that the
// settings say, also where verifying comes to no end, or never begins: now and then it reads
// those that were read longest ago. Each that a verification read counts as read.
const (
	scrubEvery  = 3 * time.Hour
	scrubBudget = 45 * time.Minute
)

// scrubs has packs read until ctx ends.
func (k *keeper) scrubs(ctx context.Context) {
	ticker := time.NewTicker(scrubEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		kept := k.kept()
		if kept.config.Daemon.ScrubTime < 0 || kept.get() == nil || k.daemon.Status().Held != nil {
			continue // not wanted; a pause; a battery
		}
		if err := kept.scrub(ctx, scrubBudget); err != nil && ctx.Err() == nil {
			k.log.Warn("the copies could not be scrubbed", "error", err)
		}
	}
}

// scrub reads packs for a while, gently, heals those that are bad, and tells of them.
func (k *keptCopies) scrub(ctx context.Context, budget time.Duration) error {
	return k.with(ctx, func(ctx context.Context, set *copies.Set, _ string) error {
		found, err := set.Scrub(ctx, copies.ScrubOptions{
			Within: k.config.Daemon.ScrubTime, Budget: budget,
			Rest: restFor,
		})
		if found != nil {
			for _, f := range found.Faults {
				k.tellFault(f)
			}
		}
		return err
	})
}

// tellFault tells what was bad at a copy and what became of it.
func (k *keptCopies) tellFault(f *copies.Fault) {
	e := daemon.Event{Time: k.app.now(), Kind: daemon.EventCopy, Copy: f.Copy, Text: "healed " + f.Object + " (" + string(f.Kind) + ")"}
	if f.From != "" {
		e.Text += " from " + f.From
	}
	if !f.Healed {
		e.Text, e.Error = "not healed", printable(string(f.Kind)+": "+f.Object+": "+f.Why)
	}
	k.tell(e)
}

// heal compares the copies that are there, reads those objects that are suspected to be
// bad, and makes whole what one of them has whole. It tells what it healed.
func (k *keptCopies) heal(ctx context.Context, suspects map[string]bool) (found *copies.Comparison, err error) {
	err = k.with(ctx, func(ctx context.Context, set *copies.Set, _ string) error {
		o := copies.HealOptions{Skim: true, Suspects: suspects}
		if head, where, err := ownHead(ctx, k.config); err == nil && head.Vault != "" && !where.waits {
			o.Heads = append(o.Heads, head)
		}
		if found, err = set.Heal(ctx, o); err != nil {
			return err
		}
		for _, f := range found.Faults {
			if f.Healed { // the rest is found by verifying the copy that it is at
				k.tellFault(f)
			}
		}
		return nil
	})
	return found, err
}

// A packsRead notes the packs that a verification of a copy reads, so that the scrub does
// not read them too soon again.
type packsRead struct {
	path, vault, copy string
	now               func() time.Time

	mu    sync.Mutex
	packs []copies.Checked
	err   error // of the last try to write them down
}

func newPacksRead(cfg *config.Config, vault, name string, now func() time.Time) *packsRead {
	return &packsRead{path: copiesPath(cfg), vault: vault, copy: name, now: now}
}

// packsAtOnce is how many packs are written down at once.
const packsAtOnce = 64

func (r *packsRead) add(ctx context.Context, pack chunkstore.Hash, problem *chunkstore.Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := copies.Checked{Pack: pack, At: r.now()}
	if problem != nil {
		one.Fault = copies.FaultKind(problem.Kind)
	}
	r.packs = append(r.packs, one)
	if len(r.packs) >= packsAtOnce {
		r.write(ctx)
	}
}

// flush writes down what is left.
func (r *packsRead) flush(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(ctx)
	return r.err
}

func (r *packsRead) write(ctx context.Context) {
	r.err = copies.NoteChecked(ctx, r.path, r.vault, r.copy, r.packs)
	r.packs = nil
}
