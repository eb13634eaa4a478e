package main

import (
	"context"
	"errors"
	"fmt"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
)

// A copyOutcome is how one copy is at the end of a sync.
type copyOutcome struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Lacks lack   `json:"lacks"`
	Error string `json:"error,omitempty"`
}

// settleCopies brings the copies that are there and behind up to date, after everything
// that is new was fetched, and says which could not get it. It is an error if fewer hold
// everything than the settings want.
func (a *app) settleCopies(ctx context.Context, cfg *config.Config, set *copies.Set, run *syncRun, quiet bool) error {
	var failures []error
	for _, name := range behindNow(set) {
		bar := a.ui.progress("copy "+name, a.now())
		result, err := a.catchUpOne(ctx, set, name, func(done, total int64) { bar.show(a.now(), done, total, size(done)+bar.rest(a.now(), done, total)) })
		bar.end()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !quiet && result.Copied.Objects > 0 {
			a.printCaughtUp(result)
		}
		if err != nil && result.State != string(copies.Away) {
			failures = append(failures, err)
		}
	}
	all, err := set.Status()
	if err != nil {
		return errors.Join(append(failures, err)...)
	}
	return errors.Join(append(failures, a.outcomes(cfg, all, run))...)
}

func behindNow(set *copies.Set) []string {
	all, err := set.Status()
	if err != nil {
		return nil // it is said by who asks next
	}
	var names []string
	for _, s := range all {
		if s.State == copies.Behind {
			names = append(names, s.Name)
		}
	}
	return names
}

// outcomes says of each copy how it is.
func (a *app) outcomes(cfg *config.Config, all []copies.Status, run *syncRun) error {
	current := 0
	var errs []error
	for _, s := range all {
		o := copyOutcome{Name: s.Name, State: string(s.State), Lacks: lack{s.Behind.Objects, s.Behind.Bytes}}
		if s.State == copies.Current {
			current++
		} else if s.Err != nil && s.State != copies.Behind {
			o.Error = printable(oneLine(s.Err))
			errs = append(errs, ofCopy(len(all), s.Name, s.Err))
		}
		run.Copies = append(run.Copies, o)
	}
	if current >= cfg.Spool.Need {
		for _, o := range run.Copies {
			if o.Error != "" {
				a.ui.warn("copy %s is %s (%s); it lacks %s so far", o.Name, o.State, o.Error, o.Lacks.inWords(o.State))
			}
		}
		return nil
	}
	return fewCopies(current, cfg.Spool.Need, errors.Join(errs...))
}

// fewCopies is the error of a backup that lies at fewer places than it should.
func fewCopies(current, need int, why error) error {
	what := "no copy of the vault has it"
	if current > 0 {
		what = fmt.Sprintf("only %s of %d have it", plural(current, "copy", "copies"), need)
	}
	const waits = "what was fetched waits on this machine"
	if why == nil {
		return &failure{code: exitIncomplete, err: fmt.Errorf("%s; %s", waits, what), hint: "telekeep copy list shows how they are"}
	}
	code, hint := classify(why)
	if code == exitFailure {
		_, hint = classify(chunkstore.ErrNoVault)
		code = exitVault
	}
	return &failure{code: code, err: fmt.Errorf("%s; %s: %w", waits, what, why), hint: hint}
}
