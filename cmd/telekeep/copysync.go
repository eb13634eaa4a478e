package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"telekeep/chunkstore/copies"
	"telekeep/config"
)

// A copySyncReport is what copy sync --json prints.
type copySyncReport struct {
	Copies []*copyResult `json:"copies"`
}

// A copyResult says what one copy got.
type copyResult struct {
	Name    string        `json:"name"`
	State   string        `json:"state"` // afterwards
	Copied  lack          `json:"copied"`
	Absent  []problemLine `json:"absent"` // what it lacks still: no copy that is there has it whole
	Bad     []badLine     `json:"bad"`    // what was found damaged on the way
	Seconds float64       `json:"seconds"`
	Error   string        `json:"error,omitempty"`
}

// A badLine is a problem of one copy.
type badLine struct {
	Copy string `json:"copy"`
	problemLine
}

func (a *app) copySyncCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "sync [NAME...]",
		Short: "Bring copies up to date",
		Long: `Brings the named copies up to date, or all that are there: each gets what it lacks from
the others, and everything is checked before it is written. It can be stopped at any time
and goes on where it was. A backup does the same by itself for every copy that is there.`,
		RunE: func(c *cobra.Command, names []string) error { return a.copySync(c.Context(), names, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) copySync(ctx context.Context, names []string, asJSON bool) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := pickCopy(cfg, name); err != nil {
			return err
		}
	}
	report := &copySyncReport{Copies: []*copyResult{}}
	err = a.catchUp(ctx, cfg, names, report, asJSON)
	if asJSON {
		return errors.Join(a.ui.json(report), err)
	}
	return err
}

// A catcher brings one copy up to date. The result is there unless the error is that of a
// daemon that could not be asked.
type catcher func(ctx context.Context, name string, progress func(done, total int64)) (*copyResult, error)

// catchUp brings the named copies up to date, all for none: by a daemon that runs, or in
// this process.
func (a *app) catchUp(ctx context.Context, cfg *config.Config, names []string, report *copySyncReport, quiet bool) error {
	if d := running(cfg); d != nil {
		return a.catchUpBy(ctx, cfg, d.catchUp, names, report, quiet)
	}
	return a.withCopies(ctx, cfg, func(set *copies.Set) error {
		return a.catchUpBy(ctx, cfg, func(ctx context.Context, name string, progress func(done, total int64)) (*copyResult, error) {
			return a.catchUpOne(ctx, set, name, progress)
		}, names, report, quiet)
	})
}

func (a *app) catchUpBy(ctx context.Context, cfg *config.Config, one catcher, names []string, report *copySyncReport, quiet bool) error {
	named := len(names) > 0
	if !named {
		for _, c := range cfg.AllCopies() {
			names = append(names, c.Name)
		}
	}
	var failures []error
	for _, name := range names {
		bar := a.ui.progress("copy "+name, a.now())
		result, err := one(ctx, name, func(done, total int64) {
			bar.show(a.now(), done, total, size(done)+bar.rest(a.now(), done, total))
		})
		bar.end()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failures = append(failures, err)
		if result == nil {
			break
		}
		report.Copies = append(report.Copies, result)
		if !quiet {
			a.printCaughtUp(result)
		}
	}
	return a.syncFailure(report, named, errors.Join(failures...))
}

// catchUpOne brings one copy up to date. The result is there in any case.
func (a *app) catchUpOne(ctx context.Context, set *copies.Set, name string, progress func(done, total int64)) (*copyResult, error) {
	start := a.now()
	found, err := set.CatchUp(ctx, name, progress)
	r := &copyResult{
		Name: name, Copied: lack{found.Copied.Objects, found.Copied.Bytes}, Absent: []problemLine{}, Bad: []badLine{}, Seconds: a.now().Sub(start).Seconds(),
	}
	for _, p := range found.Absent {
		r.Absent = append(r.Absent, describeProblem(p))
	}
	for _, b := range found.Bad {
		r.Bad = append(r.Bad, badLine{b.Copy, describeProblem(b.Problem)})
	}
	all, statusErr := set.Status()
	for _, s := range all {
		if s.Name == name {
			r.State = string(s.State)
		}
	}
	if err != nil {
		r.Error = printable(oneLine(err))
		return r, copyFailure(name, err)
	}
	return r, statusErr
}

func (a *app) printCaughtUp(r *copyResult) {
	for _, b := range r.Bad {
		a.printf("%s: copy %s: %s: %s\n", b.Kind, b.Copy, b.Object, printable(b.Detail))
	}
	for _, p := range r.Absent {
		a.printf("%s: %s: %s\n", p.Kind, p.Object, printable(p.Detail))
	}
	switch {
	case r.Error != "":
		a.printf("%s: %s\n", r.Name, r.State)
	case r.Copied.Objects == 0:
		a.printf("%s: %s, lacked nothing\n", r.Name, r.State)
	default:
		a.printf("%s: %s, got %s (%s) in %s\n", r.Name, r.State, plural(r.Copied.Objects, "file", "files"), size(r.Copied.Bytes),
			time.Duration(r.Seconds*float64(time.Second)).Round(100*time.Millisecond))
	}
}

// syncFailure is how bringing copies up to date ends. That a copy is away is an error
// where it was named, and where not one was there.
func (a *app) syncFailure(report *copySyncReport, named bool, err error) error {
	current, wrong := 0, 0
	for _, r := range report.Copies {
		if r.State == string(copies.Current) {
			current++
		}
		wrong += len(r.Bad) + len(r.Absent)
		if r.Error != "" && r.State != string(copies.Away) {
			named = true // something else is wrong: that is told
		}
	}
	if err != nil && (named || current == 0) {
		return err
	}
	if wrong > 0 {
		return &failure{code: exitProblems, err: fmt.Errorf("the copies have %s", plural(wrong, "problem", "problems")), hint: "telekeep verify --all says what is damaged where"}
	}
	return nil
}
