package main

import (
	"context"
	"errors"
	"fmt"

	"telekeep/chunkstore"
)

// A resealReport is what keys rotate --all found and did.
type resealReport struct {
	Packs  int   `json:"packs"` // of this machine, sealed anew (or to be, in a dry run)
	Bytes  int64 `json:"bytes"`
	Done   int   `json:"done"`   // that no earlier key opened
	Others int   `json:"others"` // of other machines, that earlier keys open still
}

// reseal seals anew what this machine has stored and an earlier vault key opens.
func (a *app) reseal(ctx context.Context, r *keyRoom, f keyRotateFlags) (*resealReport, error) {
	b, err := a.openForBackup(ctx, r.config, nil)
	if err != nil {
		return nil, withHint(err, resealAgain)
	}
	report, err := a.resealWith(ctx, b, r, f)
	return report, errors.Join(err, b.Close())
}

const resealAgain = "what is sealed anew so far stays so; go on with telekeep keys rotate --all --take"

func (a *app) resealWith(ctx context.Context, b *backup, r *keyRoom, f keyRotateFlags) (*resealReport, error) {
	if !f.dryRun {
		if _, err := b.archive.Commit(ctx); err != nil {
			return nil, fmt.Errorf("cannot store what was fetched: %w", err)
		}
	}
	reader, err := chunkstore.OpenReader(ctx, b.copies, chunkstore.ReaderOptions{Identities: r.ids})
	if err != nil {
		return nil, withHint(fmt.Errorf("cannot read the vault: %w", err), "a vault that has problems is not sealed anew: telekeep verify lists them; then go on with telekeep keys rotate --all --take")
	}
	plan, err := reader.PlanReseal(ctx, b.secrets.WriterID)
	if err != nil {
		return nil, withHint(fmt.Errorf("cannot find what earlier keys open: %w", err), resealAgain)
	}
	report := &resealReport{Packs: len(plan.Packs), Bytes: plan.Bytes, Done: plan.Done, Others: plan.Others}
	if f.dryRun {
		if !f.take { // with a new key all are to be sealed anew
			report.Packs, report.Bytes, report.Done = plan.Done+len(plan.Packs), plan.Bytes+plan.DoneBytes, 0
		}
		return report, nil
	}
	bar := a.ui.progress("sealing anew", a.now())
	err = reader.Reseal(ctx, b.store, plan, func(done, total int64) { bar.show(a.now(), done, total, "") })
	bar.end()
	if err != nil {
		return nil, withHint(fmt.Errorf("cannot seal anew what was stored before: %w", err), resealAgain)
	}
	return report, nil
}

func (a *app) printReseal(r *resealReport, f keyRotateFlags) {
	if f.dryRun {
		a.printf("%s would be sealed anew, %s; each copy needs as much room besides until telekeep prune --delete\n", plural(r.Packs, "pack", "packs"), size(r.Bytes))
	} else {
		a.printf("%s sealed anew, %s; the old ones are opened by earlier keys until telekeep prune --delete\n", plural(r.Packs, "pack is", "packs are"), size(r.Bytes))
	}
	if r.Others > 0 {
		a.printf("%s of other machines, which earlier keys open: seal them anew there\n", plural(r.Others, "pack is", "packs are"))
	}
}
