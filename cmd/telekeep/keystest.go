package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
)

// A keyTestReport is what keys test --json prints.
type keyTestReport struct {
	Keys []*keyTestLine `json:"keys"`
	OK   bool           `json:"ok"` // every key that was given opens the vault at every copy that is there
}

// A keyTestLine is what was found of one key file.
type keyTestLine struct {
	Name    string   `json:"name"`
	Kinds   []string `json:"kinds"`
	Opens   []string `json:"opens"`  // copies at which it opens the vault
	Closed  []string `json:"closed"` // copies at which none of the given keys opens it
	Problem []string `json:"problems"`
	hash    chunkstore.Hash
}

func (a *app) keysTestCommand() *cobra.Command {
	var keys keyFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "test",
		Short: "Prove that keys really open the vault",
		Long: `Opens the vault with each key that is given, at every copy that is there, as one would
on the day of need: its file under keys/, the vault key in that, and with the vault key
what it must open of each machine that writes. Take the key from where it is kept: the
sheet, the stick, the token. Several can be given at once.

The date is remembered: status and keys list show it, and keys list says so when it is
older than [alarm] keys in the settings.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.keysTest(c.Context(), keys, asJSON) },
	}
	keys.register(c)
	a.registerVault(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) keysTest(ctx context.Context, keys keyFlags, asJSON bool) error {
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	ids, err := a.identities(keys)
	if err != nil {
		return err
	}
	report := &keyTestReport{Keys: []*keyTestLine{}}
	unused, there, err := a.testEverywhere(ctx, cfg, ids, report)
	if err != nil {
		return err
	}
	report.OK = len(unused) == 0 && !slices.ContainsFunc(report.Keys, func(k *keyTestLine) bool { return len(k.Problem) > 0 })
	a.rememberTest(cfg, report)
	if asJSON {
		err = a.ui.json(report)
	} else {
		a.printKeyTest(report, there)
	}
	return errors.Join(err, testFailure(report, unused))
}

// testEverywhere tests each key at each copy, and returns how many of the keys open nothing.
func (a *app) testEverywhere(ctx context.Context, cfg *config.Config, ids []crypto.Identity, report *keyTestReport) (unused []int, there int, err error) {
	var failed []error
	opened := make([]bool, len(ids))
	for _, one := range cfg.AllCopies() {
		err := a.testAt(ctx, cfg, one, ids, opened, report)
		switch {
		case ctx.Err() != nil:
			return nil, 0, ctx.Err()
		case err != nil:
			failed = append(failed, ofCopy(len(cfg.AllCopies()), one.Name, err))
		default:
			there++
		}
	}
	if there == 0 {
		return nil, 0, errors.Join(failed...)
	}
	for _, err := range failed {
		a.ui.warn("%s", oneLine(err))
	}
	for i, ok := range opened {
		if !ok {
			unused = append(unused, i+1)
		}
	}
	return unused, there, nil
}

// testAt tests each key by itself: together one that opens would hide one that does not.
func (a *app) testAt(ctx context.Context, cfg *config.Config, one config.Copy, ids []crypto.Identity, opened []bool, report *keyTestReport) error {
	d, err := a.openPlace(ctx, cfg, one)
	if err != nil {
		return err
	}
	defer d.Close() // nothing was written
	for i, id := range ids {
		tests, err := chunkstore.TestOwners(ctx, d, []crypto.Identity{id})
		if errors.Is(err, crypto.ErrWrongKey) {
			continue
		}
		if errors.Is(err, crypto.ErrPlugin) {
			return &failure{code: exitKey, err: err, hint: pluginHint}
		}
		if err != nil {
			return err
		}
		for _, t := range tests {
			opened[i] = opened[i] || t.Opens && !t.Older && !t.Gone
			report.take(one.Name, t)
		}
	}
	return nil
}

func (r *keyTestReport) take(copyName string, t chunkstore.KeyTest) {
	i := slices.IndexFunc(r.Keys, func(k *keyTestLine) bool { return k.Name == t.Name })
	if i < 0 {
		i = len(r.Keys)
		r.Keys = append(r.Keys, &keyTestLine{Name: t.Name, Kinds: t.Kinds, Opens: []string{}, Closed: []string{}, Problem: []string{}})
	}
	k := r.Keys[i]
	k.Closed = slices.DeleteFunc(k.Closed, func(name string) bool { return name == copyName })
	problem := ""
	switch {
	case t.Gone:
		problem = "an owner has removed it, and the copy does not know yet"
	case t.Err != nil:
		problem = printable(oneLine(t.Err))
	case t.Opens && t.Older:
		problem = "it opens an earlier vault key: what was stored since then stays shut"
	case t.Opens:
		k.hash = t.File.Hash
		k.Opens = append(k.Opens, copyName)
	case !slices.Contains(k.Opens, copyName):
		k.Closed = append(k.Closed, copyName)
	}
	if text := "copy " + copyName + ": " + problem; problem != "" && !slices.Contains(k.Problem, text) {
		k.Problem = append(k.Problem, text)
	}
}

// rememberTest remembers which keys opened the vault, where none failed.
func (a *app) rememberTest(cfg *config.Config, r *keyTestReport) {
	proofs := keyTests{}
	for _, k := range r.Keys {
		if len(k.Opens) > 0 && len(k.Problem) == 0 {
			proofs[k.Name] = keyProof{Time: a.now().UTC().Truncate(time.Second), SHA256: k.hash.String(), Copies: k.Opens}
		}
	}
	a.saveKeyTests(cfg, proofs)
}

func (a *app) printKeyTest(r *keyTestReport, there int) {
	for _, k := range r.Keys {
		kind := printable(strings.Join(k.Kinds, "+"))
		switch {
		case len(k.Problem) > 0:
			a.printf("%s (%s): %s\n", k.Name, kind, strings.Join(k.Problem, "; "))
		case len(k.Opens) == 0:
			a.printf("%s (%s): not tried, its key was not given\n", k.Name, kind)
		case there > 1:
			a.printf("%s (%s): opens the vault, at %s\n", k.Name, kind, strings.Join(k.Opens, ", "))
		default:
			a.printf("%s (%s): opens the vault\n", k.Name, kind)
		}
	}
}

func testFailure(r *keyTestReport, unused []int) error {
	if len(unused) > 0 {
		return &failure{
			code: exitKey, err: fmt.Errorf("%s of those given opens nothing here: number %s", plural(len(unused), "key", "keys"), strings.Trim(fmt.Sprint(unused), "[]")),
			hint: "it is the key of another vault, or was removed, or was never added: telekeep keys list shows those that are",
		}
	}
	if !r.OK {
		return &failure{code: exitProblems, err: errors.New("not every key file is as it should be"), hint: "telekeep verify looks at all of the vault; telekeep heal puts a key file back from another copy"}
	}
	return nil
}
