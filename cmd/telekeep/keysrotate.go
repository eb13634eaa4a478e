package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
	"telekeep/internal/durable"
)

type keyRotateFlags struct {
	keys       keyFlags
	recipients []string
	drop       []string
	take       bool
	all        bool
	dryRun     bool
	out        string
	asJSON     bool
}

// A keyRotateReport is what keys rotate prints with --json.
type keyRotateReport struct {
	Number      int               `json:"number"`
	Fingerprint string            `json:"fingerprint"`
	Names       map[string]string `json:"names,omitempty"` // of the new key files, by those before
	Dropped     []string          `json:"dropped,omitempty"`
	Copies      []keyPlace        `json:"copies,omitempty"`
	Taken       bool              `json:"taken"`            // this machine's writer seals to the new key
	Daemon      string            `json:"daemon,omitempty"` // which key the daemon that runs seals to: its fingerprint, or unknown
	Out         string            `json:"out,omitempty"`    // where the writer's key was written to, to be put in place by hand
	All         *resealReport     `json:"all,omitempty"`
}

func (a *app) keysRotateCommand() *cobra.Command {
	var f keyRotateFlags
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Make a new vault key for what is stored from now on",
		Long: `Makes a new vault key. What is stored from then on no earlier vault key opens; what is
stored already stays as it is, and can still be read by whoever could. Each owner gets a
new key file, anna-2-9f3c for anna. Their own keys stay the same.

Every key that telekeep keys list shows must be accounted for: given with -i or
--passphrase, its public half with --recipient, or left out with --drop.

  telekeep keys rotate -i owner.key --recipient anna=age1pq1… --drop old

A daemon that runs, and a sync --follow, seal to the new key from then on. Every other machine
that writes to the vault seals to the old key until this was run there:

  telekeep keys rotate --take -i owner.key

--all seals anew what this machine stored before as well: everything is read, and stored
once more. It can be stopped, and goes on with --all --take. The old packs are deleted by
telekeep prune --delete, and not before --keep is over; until then they take room, and
earlier keys open them. --all --take --dry-run says what is left.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case f.take && len(f.recipients)+len(f.drop) > 0:
				return usageError(c, "--take makes no key: it takes no --recipient and no --drop")
			case f.dryRun && !f.all:
				return usageError(c, "--dry-run says what --all would do")
			case f.all && f.out != "":
				return usageError(c, "--all needs the new writer's key in its place: first --out, then --all --take")
			}
			return a.keysRotate(c.Context(), f)
		},
	}
	f.keys.register(c)
	a.registerVault(c)
	c.Flags().StringArrayVar(&f.recipients, "recipient", nil, "NAME=KEY: the public key, or a file with it, of an owner whose secret half is elsewhere; may be repeated")
	c.Flags().StringArrayVar(&f.drop, "drop", nil, "name of a key that shall open nothing new; may be repeated")
	c.Flags().BoolVar(&f.take, "take", false, "make no key: let this machine seal to the newest one that the vault has")
	c.Flags().BoolVar(&f.all, "all", false, "seal anew what this machine has stored before, too")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "with --all: say what would be sealed anew, and change nothing")
	c.Flags().StringVar(&f.out, "out", "", "write this machine's new writer's key to a new file instead of its place, to make a credential of it")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return c
}

func (a *app) keysRotate(ctx context.Context, f keyRotateFlags) error {
	r, err := a.openKeyRoom(ctx, f.keys)
	if err != nil {
		return err
	}
	defer r.Close() // nothing was written through it
	if err := a.mayRotate(ctx, r, f); err != nil {
		return err
	}
	report := &keyRotateReport{Dropped: f.drop}
	if !f.dryRun {
		if err := a.rotateAndTake(ctx, r, f, report); err != nil {
			return err
		}
	}
	report.Number, report.Fingerprint = r.key.Number(), r.key.Fingerprint()
	if f.all {
		if report.All, err = a.reseal(ctx, r, f); err != nil {
			return err
		}
	}
	if f.asJSON {
		return a.ui.json(report)
	}
	a.printRotation(report, f)
	return nil
}

// rotateAndTake makes a new vault key, unless the newest is only to be taken, and lets this
// machine's writer seal to it.
func (a *app) rotateAndTake(ctx context.Context, r *keyRoom, f keyRotateFlags, report *keyRotateReport) (err error) {
	if !f.take {
		made, err := a.makeVaultKey(ctx, r, f)
		if err != nil {
			return err
		}
		report.Names = made.Names
		if report.Copies, err = a.apply(ctx, r, made.Change); err != nil {
			return fmt.Errorf("cannot make a new vault key: %w", err)
		}
		r.key = made.Key // only when it lies in the vault: what is sealed to it must be readable
	}
	if report.Taken, err = a.takeVaultKey(r, f.out); err != nil {
		return err
	}
	if f.out != "" {
		report.Taken, report.Out = false, f.out
	}
	if report.Taken {
		report.Daemon = daemonSealsTo(ctx, r.config)
	}
	return nil
}

// mayRotate finds out before anything is written what this machine's writer would fail at.
func (a *app) mayRotate(ctx context.Context, r *keyRoom, f keyRotateFlags) error {
	secrets, err := a.readWriterSecrets(r.config)
	if err != nil || secrets.VaultID != r.key.VaultID {
		if f.take || f.all || f.out != "" {
			return &failure{code: exitUsage, err: errors.New("this machine does not write to the vault"), hint: "run it with --dir on a machine that does"}
		}
		return nil //nolint:nilerr // a vault is looked after from a machine that does not write
	}
	if !r.key.Opens(secrets) { // a second key would be made beside it
		return &failure{code: exitKey, err: errors.New("this machine seals to a vault key that this copy does not know"), hint: keyConflictHint}
	}
	trial := *secrets
	if _, err := trial.Take(r.key); err != nil && f.take {
		return &failure{code: exitKey, err: fmt.Errorf("this machine cannot take the vault key: %w", err), hint: keyConflictHint}
	}
	if err := a.mayStoreWriterSecrets(r.config, secrets, f); err != nil || !f.all {
		return err
	}
	b, err := a.openForBackup(ctx, r.config, nil) // is anybody else at work?
	if err != nil {
		return err
	}
	return b.Close()
}

const keyConflictHint = "bring this copy up to date first: telekeep copy sync. If there are several newest keys, telekeep keys rotate makes one that follows on all"

// mayStoreWriterSecrets finds out whether the writer's key can be written, by writing it as it is.
func (a *app) mayStoreWriterSecrets(cfg *config.Config, secrets *chunkstore.WriterSecrets, f keyRotateFlags) error {
	switch {
	case f.dryRun:
		return nil
	case f.out != "":
		if _, err := os.Lstat(f.out); !errors.Is(err, fs.ErrNotExist) {
			return &failure{code: exitUsage, err: fmt.Errorf("%s is there already", f.out), hint: "give --out a new file"}
		}
		return nil
	case a.writerKeyIsCredential(cfg):
		return &failure{
			code: exitUsage, err: errors.New("the writer's key is a credential of the service manager or in the kernel's keyring, where it cannot be written"),
			hint: "add --out FILE, put that file in the place of the old one (systemd-creds encrypt --name=" + writerKeyName + " FILE …; keyctl padd user NAME:" + writerKeyName + " @u <FILE), delete it and restart the daemon (with the keyring, the signal HUP is enough)",
		}
	}
	return a.storeWriterSecrets(cfg, secrets)
}

// daemonSealsTo has a daemon that runs take the writer's key as it is now, and returns the
// fingerprint of the vault key that it seals to; "" if none runs.
func daemonSealsTo(ctx context.Context, cfg *config.Config) string {
	d := running(cfg)
	if d == nil {
		return ""
	}
	sealsTo, err := d.takeKey(ctx)
	if err != nil {
		return "unknown"
	}
	return sealsTo
}

func (a *app) makeVaultKey(ctx context.Context, r *keyRoom, f keyRotateFlags) (*chunkstore.Rotation, error) {
	to := make(map[string]crypto.Recipient)
	for _, given := range f.recipients {
		name, text, ok := strings.Cut(given, "=")
		if _, twice := to[name]; !ok || twice {
			return nil, &failure{code: exitUsage, err: errors.New("--recipient takes NAME=KEY, each name once"), hint: "telekeep keys list shows the names"}
		}
		text, err := recipientText(text)
		if err != nil {
			return nil, err
		}
		if to[name], err = a.recipient(text, a.plugins(f.keys.plugins)); err != nil {
			return nil, err
		}
	}
	made, err := chunkstore.Rotate(ctx, r.place, r.key, chunkstore.RotateOptions{Identities: r.ids, Recipients: to, Drop: f.drop, Now: a.now()})
	switch {
	case errors.Is(err, chunkstore.ErrOwnersLeft):
		return nil, &failure{code: exitUsage, err: fmt.Errorf("cannot make a new vault key: %w", err), hint: "give each with -i, with --recipient NAME=KEY, or leave it out with --drop NAME"}
	case errors.Is(err, chunkstore.ErrNoKeyFile):
		return nil, &failure{code: exitUsage, err: fmt.Errorf("cannot make a new vault key: %w", err), hint: "telekeep keys list shows the names"}
	case err != nil:
		return nil, &failure{code: exitKey, err: fmt.Errorf("cannot make a new vault key: %w", err)}
	}
	return made, nil
}

// takeVaultKey lets this machine's writer seal to the newest vault key, or writes the key with
// which it does to a file. It reports false where no writer of the vault lives.
func (a *app) takeVaultKey(r *keyRoom, out string) (bool, error) {
	secrets, err := a.readWriterSecrets(r.config)
	if err != nil || secrets.VaultID != r.key.VaultID {
		return false, nil //nolint:nilerr // this machine does not write
	}
	changed, err := secrets.Take(r.key)
	if err != nil {
		return false, &failure{code: exitKey, err: fmt.Errorf("this machine cannot take the new vault key: %w", err), hint: keyConflictHint}
	}
	if out != "" {
		if err := durable.WriteFile(out, secrets.Marshal(), 0o600); err != nil {
			return false, withHint(fmt.Errorf("cannot write the writer's key: %w", err), "the vault has a new key already: go on with telekeep keys rotate --take --out FILE")
		}
		return true, nil
	}
	if !changed {
		return true, nil
	}
	if err := a.storeWriterSecrets(r.config, secrets); err != nil {
		return false, withHint(err, "the vault has a new key already: go on with telekeep keys rotate --take")
	}
	return true, nil
}

func (a *app) printRotation(r *keyRotateReport, f keyRotateFlags) {
	if len(r.Names) > 0 {
		a.printf("the vault has a new key, number %d: %s%s\n", r.Number, r.Fingerprint, atCopies(r.Copies))
		for _, before := range slices.Sorted(maps.Keys(r.Names)) {
			a.printf("  %s is %s now\n", before, r.Names[before])
		}
	}
	for _, name := range r.Dropped {
		a.printf("  %s opens nothing that is stored from now on\n", name)
	}
	switch {
	case r.Taken:
		a.printf("this machine seals to vault key %s%s\n", r.Fingerprint, map[bool]string{true: ", and so does its daemon from now on"}[r.Daemon == r.Fingerprint])
		if r.Daemon != "" && r.Daemon != r.Fingerprint {
			a.ui.warn("the daemon that runs seals to an earlier key until it is restarted")
		}
	case r.Out != "":
		a.printf("the writer's key that seals to vault key %s is in %s: put it in the place of the old one, and restart the daemon\n", r.Fingerprint, r.Out)
	}
	if r.All != nil {
		a.printReseal(r.All, f)
	}
	if len(r.Names) > 0 {
		a.printf("on every other machine that writes to the vault: telekeep keys rotate --take%s -i KEYFILE\n", map[bool]string{true: " --all"}[f.all])
	}
}
