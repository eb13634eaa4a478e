package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
)

// A keyList is what keys list --json prints.
type keyList struct {
	Vault string     `json:"vault"`
	Keys  []keyState `json:"keys"`
}

// A keyState is what is known of one owner key.
type keyState struct {
	Name    string    `json:"name"`
	Kinds   []string  `json:"kinds"`          // what its file is sealed to
	Added   time.Time `json:"added,omitzero"` // if an owner's note says so
	Tested  time.Time `json:"tested,omitzero"`
	Overdue bool      `json:"overdue"` // nobody has proved for too long that it opens the vault
	Copies  []string  `json:"copies"`  // that have its file
	Lacking []string  `json:"lacking"` // that are there and do not
	Removed bool      `json:"removed"` // an owner has removed it, and a copy still has it
	Problem string    `json:"problem,omitempty"`
}

func (a *app) keysListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the keys that open the vault",
		Long: `Lists the owner keys: of what kind each is, when it was added, when it was last proved
to open the vault (telekeep keys test), and which copies have its file. Needs no key.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.keysList(c.Context(), asJSON) },
	}
	a.registerVault(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) keysList(ctx context.Context, asJSON bool) error {
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	list, err := a.lookAtKeys(ctx, cfg)
	if err != nil {
		return err
	}
	if asJSON {
		return a.ui.json(list)
	}
	a.printKeys(list, len(cfg.AllCopies()))
	return nil
}

// lookAtKeys asks every copy that is there for its key files.
func (a *app) lookAtKeys(ctx context.Context, cfg *config.Config) (*keyList, error) {
	var owner crypto.VerifyKey
	if secrets, err := a.readWriterSecrets(cfg); err == nil {
		owner = secrets.OwnerKey
	}
	list := &keyList{Keys: []keyState{}}
	var there []string
	var failed error
	for _, one := range cfg.AllCopies() {
		files, vault, err := a.keysAt(ctx, cfg, one, owner)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			failed = err
			if len(cfg.AllCopies()) > 1 {
				a.ui.warn("copy %s: %s", one.Name, oneLine(err))
			}
			continue
		}
		list.Vault = vault
		there = append(there, one.Name)
		for _, f := range files {
			list.note(one.Name, f)
		}
	}
	if len(there) == 0 {
		return nil, failed
	}
	list.finish(there, loadKeyTests(cfg), cfg.Alarm.KeysTime, a.now())
	return list, nil
}

func (a *app) keysAt(ctx context.Context, cfg *config.Config, one config.Copy, owner crypto.VerifyKey) ([]chunkstore.OwnerFile, string, error) {
	d, err := a.openPlace(ctx, cfg, one)
	if err != nil {
		return nil, "", err
	}
	defer d.Close() // nothing was written
	vault, err := chunkstore.ReadVault(ctx, d)
	if err != nil {
		return nil, "", err
	}
	files, err := chunkstore.ListOwners(ctx, d, owner)
	return files, vault.ID, err
}

// note puts what one copy has of a key into the list.
func (l *keyList) note(copyName string, f chunkstore.OwnerFile) {
	k := l.find(f.Name)
	k.Copies = append(k.Copies, copyName)
	k.Removed = k.Removed || f.Removed
	if f.Err != nil {
		k.Problem = printable(oneLine(fmt.Errorf("copy %s: %w", copyName, f.Err)))
	}
	if len(k.Kinds) == 0 {
		k.Kinds = f.Kinds
	}
	if k.Added.IsZero() {
		k.Added = f.Added
	}
}

func (l *keyList) find(name string) *keyState {
	for i := range l.Keys {
		if l.Keys[i].Name == name {
			return &l.Keys[i]
		}
	}
	l.Keys = append(l.Keys, keyState{Name: name, Copies: []string{}, Lacking: []string{}})
	return &l.Keys[len(l.Keys)-1]
}

// finish adds what only all copies together, and this machine, know.
func (l *keyList) finish(there []string, tests keyTests, limit time.Duration, now time.Time) {
	for i := range l.Keys {
		k := &l.Keys[i]
		for _, name := range there {
			if !strings.Contains("\n"+strings.Join(k.Copies, "\n")+"\n", "\n"+name+"\n") && !k.Removed {
				k.Lacking = append(k.Lacking, name)
			}
		}
		k.Tested = tests[k.Name].Time
		since := k.Tested
		if since.IsZero() {
			since = k.Added
		}
		k.Overdue = limit > 0 && !since.IsZero() && now.Sub(since) > limit
	}
}

func (a *app) printKeys(l *keyList, copies int) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "KEY\tKIND\tADDED\tOPENED THE VAULT\n")
	for _, k := range l.Keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Name, printable(strings.Join(k.Kinds, "+")), dayOr(k.Added, "with the vault, or not known"), k.tested())
	}
	_ = w.Flush() // run looks at the errors of the output
	for _, k := range l.Keys {
		switch {
		case k.Removed:
			a.printf("%s: an owner has removed it; %s has its file still, until it is brought up to date\n", k.Name, strings.Join(k.Copies, ", "))
		case k.Problem != "":
			a.printf("%s: %s\n", k.Name, k.Problem)
		case len(k.Lacking) > 0 && copies > 1:
			a.printf("%s: its file is not at %s\n", k.Name, strings.Join(k.Lacking, ", "))
		}
	}
}

func (k *keyState) tested() string {
	text := dayOr(k.Tested, "never proved: telekeep keys test -i KEY")
	if k.Overdue && !k.Tested.IsZero() {
		text += ", too long ago: telekeep keys test -i KEY"
	}
	return text
}

func dayOr(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.Local().Format("2006-01-02")
}
