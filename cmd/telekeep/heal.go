package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"telekeep/chunkstore/copies"
	"telekeep/config"
)

// A healReport is what verify --heal --json prints.
type healReport struct {
	*copies.Comparison
	Away    []string `json:"away"` // copies that could not be looked at
	Seconds float64  `json:"seconds"`
	OK      bool     `json:"ok"` // everything at the copies that are there is whole now
}

// heal compares all copies that are there, and makes whole what one of them has whole.
func (a *app) heal(ctx context.Context, asJSON bool) error {
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	if len(cfg.AllCopies()) < 2 {
		return &failure{code: exitUsage, err: errors.New("the settings name one copy only: there is nothing to heal it from"), hint: "telekeep copy add NAME URL adds another"}
	}
	start := a.now()
	report := &healReport{Away: []string{}}
	members, done := a.healMembers(ctx, cfg, report)
	defer done()
	if len(members) < 2 {
		return &failure{code: exitVault, err: fmt.Errorf("%s of %d can be reached", plural(len(members), "copy", "copies"), len(cfg.AllCopies())), hint: "healing takes two at least; plug the others in and run it again"}
	}
	o := a.healOptions(ctx, cfg)
	bar := a.ui.progress("heal", a.now())
	o.Progress = func(done, total int64) { bar.show(a.now(), done, total, size(done)) }
	report.Comparison, err = copies.Heal(ctx, members, o)
	bar.end()
	if err != nil {
		return err
	}
	report.Seconds, report.OK = a.now().Sub(start).Seconds(), report.Comparison.OK()
	a.saveHealed(cfg, report)
	if asJSON {
		err = a.ui.json(report)
	} else {
		a.printHealed(report)
	}
	return errors.Join(err, healFailure(report))
}

// healFailure is how healing ends if something is left.
func healFailure(r *healReport) error {
	left := 0
	for _, f := range r.Faults {
		if !f.Healed {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	return &failure{
		code: exitProblems, err: fmt.Errorf("%s could not be healed", plural(left, "problem", "problems")),
		hint: "a copy that is away now may have it whole: plug it in and run telekeep verify --heal again",
	}
}

// healMembers opens every copy that is there, each by itself.
func (a *app) healMembers(ctx context.Context, cfg *config.Config, r *healReport) (members []copies.Member, done func()) {
	remembered, err := copies.Remembered(ctx, copiesPath(cfg))
	if err != nil {
		a.ui.warn("%v: a copy that was set back passes for one that is behind", err)
	}
	var opened []copies.Driver
	for _, p := range a.places(cfg) {
		d, err := p.Open(ctx)
		if err != nil {
			a.ui.warn("copy %s: %s", p.Name, oneLine(err))
			r.Away = append(r.Away, p.Name)
			continue
		}
		opened = append(opened, d)
		members = append(members, copies.Member{Name: p.Name, Place: d, Heads: remembered[p.Name]})
	}
	return members, func() {
		for _, d := range opened {
			_ = d.Close() // what was written is durable
		}
	}
}

// healOptions add what this machine knows.
func (a *app) healOptions(ctx context.Context, cfg *config.Config) copies.HealOptions {
	secrets, head, where := a.remember(ctx, cfg)
	o := copies.HealOptions{Secrets: secrets}
	if head.Vault != "" && !where.waits {
		o.Heads = append(o.Heads, head)
	}
	if w, err := copies.Witness(filepath.Join(cfg.State, "spool")); err == nil {
		o.Witness = w
	} else if !errors.Is(err, fs.ErrNotExist) {
		a.ui.warn("%v", err)
	}
	return o
}

// saveHealed remembers for each copy that all of it was read, and what is left.
func (a *app) saveHealed(cfg *config.Config, r *healReport) {
	for _, name := range r.Copies {
		one := &verifyReport{Vault: r.Vault, Commits: r.Commits, Packs: r.Packs, Bytes: r.Bytes / int64(len(r.Copies))}
		for _, f := range r.Faults {
			if f.Copy == name && !f.Healed {
				one.Problems = append(one.Problems, problemLine{string(f.Kind), f.Object, f.Detail})
			}
		}
		a.saveProof(cfg, name, one)
	}
}

func (a *app) printHealed(r *healReport) {
	strays := 0
	for _, f := range r.Faults {
		a.printf("%s\n", printable(f.String()))
	}
	for _, f := range r.Notices {
		if f.Kind == copies.FaultStray {
			strays++
			continue
		}
		a.printf("notice: %s\n", printable(f.String()))
	}
	if strays > 0 {
		a.printf("%s no commit lists: left by an interrupted run, by a writer at work, or put there by somebody; they do no harm\n", plural(strays, "file", "files"))
	}
	a.printf("vault %s at %s: %s, %s, %s read in %.1f s\n", r.Vault, plural(len(r.Copies), "copy", "copies"),
		plural(r.Commits, "commit", "commits"), plural(r.Packs, "pack", "packs"), size(r.Bytes), r.Seconds)
	switch {
	case r.OK && len(r.Faults) == 0:
		a.printf("no problem found\n")
	case r.OK:
		a.printf("%s healed; every copy that is there is whole\n", plural(r.Healed, "file", "files"))
	case r.Healed > 0:
		a.printf("%s healed\n", plural(r.Healed, "file", "files"))
	}
}
