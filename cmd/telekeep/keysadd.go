package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/crypto"
	"telekeep/internal/durable"
)

// A keyChangeReport is what keys add and keys remove print with --json.
type keyChangeReport struct {
	Name   string     `json:"name"`
	Kind   string     `json:"kind,omitempty"`
	File   string     `json:"key_file,omitempty"` // of a key that was made
	Copies []keyPlace `json:"copies"`
}

type keyAddFlags struct {
	keys       keyFlags
	recipient  string
	generate   string
	passphrase bool
	asJSON     bool
}

func (a *app) keysAddCommand() *cobra.Command {
	var f keyAddFlags
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Let one more key open the vault",
		Long: `Seals the vault key to one more owner, in a new small file keys/NAME.age at every copy.
It takes a key that opens the vault already (-i, --passphrase). NAME is a person or a
place: anna, safe-2026. A name is used once, also after its key was removed.

  telekeep keys add anna -i owner.key --recipient age1pq1…     a public key of hers
  telekeep keys add anna -i owner.key --recipient anna.pub     a file of it, also of SSH
  telekeep keys add safe -i owner.key --generate safe.key      make a new key
  telekeep keys add words -i owner.key --new-passphrase        a passphrase`,
		Args: keyNameArgument,
		RunE: func(c *cobra.Command, args []string) error {
			given := 0
			for _, set := range []bool{f.recipient != "", f.generate != "", f.passphrase} {
				if set {
					given++
				}
			}
			if given != 1 {
				return usageError(c, "takes one of --recipient, --generate and --new-passphrase")
			}
			return a.keysAdd(c.Context(), args[0], f)
		},
	}
	f.keys.register(c)
	a.registerVault(c)
	c.Flags().StringVar(&f.recipient, "recipient", "", "public key: age1…, age1pq1…, ssh-…, a plugin's, or a file with it")
	c.Flags().StringVar(&f.generate, "generate", "", "make a new post-quantum key and write it to this file")
	c.Flags().BoolVar(&f.passphrase, "new-passphrase", false, "a passphrase (asked for, or one line on standard input, behind that of --passphrase)")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return c
}

func keyNameArgument(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError(c, "takes the name of one key: telekeep keys list shows them")
	}
	return nil
}

func (a *app) keysAdd(ctx context.Context, name string, f keyAddFlags) error {
	r, err := a.openKeyRoom(ctx, f.keys)
	if err != nil {
		return err
	}
	defer r.Close() // nothing was written through it
	report := &keyChangeReport{Name: name}
	to, made, err := a.newOwner(f)
	if err != nil {
		return err
	}
	change, err := chunkstore.AddOwner(ctx, r.place, r.key, chunkstore.Owner{Name: name, Recipient: to}, a.now())
	if errors.Is(err, crypto.ErrPlugin) {
		return &failure{code: exitKey, err: err, hint: pluginHint}
	}
	if err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("cannot add key %s: %w", name, err), hint: "choose a name that no key had, such as " + printable(name) + "-2; telekeep keys list shows those that are there"}
	}
	if made != nil { // before anything is sealed to it
		if err := durable.CreateFile(f.generate, made.File(a.now()), 0o600); err != nil {
			return fmt.Errorf("cannot write the new key: %w", err)
		}
		report.File = f.generate
	}
	if report.Copies, err = a.apply(ctx, r, change); err != nil {
		return fmt.Errorf("cannot add key %s: %w", name, err)
	}
	if f.asJSON {
		return a.ui.json(report)
	}
	a.printf("key %s opens the vault from now on%s\n", name, atCopies(report.Copies))
	if made != nil {
		a.printf("its secret half is in %s: move it to a safe place. telekeep keys sheet -i %s prints it\n", f.generate, shellWord(f.generate))
	}
	a.printf("prove that it works: telekeep keys test %s\n", testFlag(f))
	return nil
}

func testFlag(f keyAddFlags) string {
	switch {
	case f.generate != "":
		return "-i " + shellWord(f.generate)
	case f.passphrase:
		return "--passphrase"
	}
	return "-i KEYFILE"
}

// newOwner returns whom to seal to, and the key if one is made.
func (a *app) newOwner(f keyAddFlags) (crypto.Recipient, *crypto.Identity, error) {
	switch {
	case f.passphrase:
		r, err := a.newPassphrase()
		return r, nil, err
	case f.generate != "":
		if _, err := os.Lstat(f.generate); err == nil {
			return crypto.Recipient{}, nil, &failure{code: exitUsage, err: fmt.Errorf("there is a file already: %s", f.generate), hint: "a key is never written over another"}
		}
		id, err := crypto.NewIdentity()
		if err != nil {
			return crypto.Recipient{}, nil, fmt.Errorf("cannot make a key: %w", err)
		}
		return id.Recipient(), &id, nil
	}
	text, err := recipientText(f.recipient)
	if err != nil {
		return crypto.Recipient{}, nil, err
	}
	r, err := a.recipient(text, a.plugins(f.keys.plugins))
	return r, nil, err
}

// recipientText returns the public key that was given, or the first line of the file that
// was named.
func recipientText(given string) (string, error) {
	if strings.HasPrefix(given, "age1") || strings.HasPrefix(given, "ssh-") || strings.HasPrefix(given, "AGE-") {
		return given, nil
	}
	data, err := os.ReadFile(given)
	if err != nil {
		return "", &failure{code: exitUsage, err: fmt.Errorf("--recipient is no public key, and no file: %w", err), hint: "a public key begins with age1 or ssh-"}
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' {
			return line, nil
		}
	}
	return "", &failure{code: exitUsage, err: fmt.Errorf("there is no public key in %s", given)}
}

// atCopies says where a change was made.
func atCopies(places []keyPlace) string {
	if len(places) == 1 {
		return ""
	}
	done := 0
	for _, p := range places {
		if p.Done {
			done++
		}
	}
	return fmt.Sprintf(" (written to %d of %s)", done, plural(len(places), "copy", "copies"))
}

func (a *app) keysRemoveCommand() *cobra.Command {
	var keys keyFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "Take a key away",
		Long: `Removes keys/NAME.age from every copy, and leaves an owner's signed word that it is
removed: a copy that was away loses the file when it comes back. It takes a key that
stays (-i, --passphrase), which is tried first: the last key cannot be removed.

What is stored is not written anew. Whoever had the key and a copy of the vault with the
file in it can go on reading that copy: the key opened the vault key, which they may have
kept.`,
		Args: keyNameArgument,
		RunE: func(c *cobra.Command, args []string) error { return a.keysRemove(c.Context(), args[0], keys, asJSON) },
	}
	keys.register(c)
	a.registerVault(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) keysRemove(ctx context.Context, name string, keys keyFlags, asJSON bool) error {
	r, err := a.openKeyRoom(ctx, keys)
	if err != nil {
		return err
	}
	defer r.Close() // nothing was written through it
	change, err := chunkstore.RemoveOwner(ctx, r.place, r.key, r.ids, name, a.now())
	if errors.Is(err, chunkstore.ErrLastKey) {
		return &failure{code: exitKey, err: fmt.Errorf("cannot remove key %s: %w", name, err), hint: "give with -i a key that stays; if there is none, add one first: telekeep keys add"}
	}
	if err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("cannot remove key %s: %w", name, err), hint: "telekeep keys list shows the keys"}
	}
	report := &keyChangeReport{Name: name}
	if report.Copies, err = a.apply(ctx, r, change); err != nil {
		return fmt.Errorf("cannot remove key %s: %w", name, err)
	}
	if asJSON {
		return a.ui.json(report)
	}
	a.printf("key %s is removed%s\n", name, atCopies(report.Copies))
	return nil
}
