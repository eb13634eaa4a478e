package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
	"telekeep/internal/durable"
)

func (a *app) keysCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Look after the owner keys: who can read the vault",
		Long: `A vault is opened by owner keys. Each has a small file of its own under keys/ in the
vault: a passphrase, a post-quantum key as init makes it, an X25519 key, an SSH key, or a
key in hardware behind an age plugin. Any one of them opens everything.

To add or remove one takes another that opens the vault already. Nothing else is written
anew by that: whoever had a key and kept a copy of the vault can go on reading that copy.
After telekeep keys rotate they cannot read what is stored from then on.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.keysListCommand(), a.keysAddCommand(), a.keysRemoveCommand(), a.keysRotateCommand(), a.keysTestCommand(), a.keysSheetCommand(), a.keysCombineCommand())
	return c
}

// A keyRoom is a vault that an owner has opened to change who can.
type keyRoom struct {
	config *config.Config
	ids    []crypto.Identity
	place  driver
	key    *chunkstore.VaultKey
}

func (a *app) openKeyRoom(ctx context.Context, f keyFlags) (*keyRoom, error) {
	cfg, err := a.reading()
	if err != nil {
		return nil, err
	}
	ids, err := a.identities(f)
	if err != nil {
		return nil, err
	}
	dst, err := a.openToRead(ctx, cfg)
	if err != nil {
		return nil, err
	}
	key, err := chunkstore.OpenVaultKey(ctx, dst, ids)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open the vault: %w", err), dst.Close())
	}
	return &keyRoom{cfg, ids, dst, key}, nil
}

// Close gives the vault back.
func (r *keyRoom) Close() error { return r.place.Close() }

// A keyPlace is what became of a change at one copy.
type keyPlace struct {
	Copy  string `json:"copy"`
	Done  bool   `json:"done"`
	Error string `json:"error,omitempty"`
}

// apply makes a change at every copy that is there. One that is away gets it from the
// others when it comes back.
func (a *app) apply(ctx context.Context, r *keyRoom, change *chunkstore.KeyChange) ([]keyPlace, error) {
	var places []keyPlace
	var errs []error
	done := 0
	for _, one := range r.config.AllCopies() {
		err := a.applyAt(ctx, r, one, change)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p := keyPlace{Copy: one.Name, Done: err == nil}
		if err == nil {
			done++
		} else {
			p.Error = printable(oneLine(err))
			errs = append(errs, fmt.Errorf("copy %s: %w", one.Name, err))
		}
		places = append(places, p)
	}
	if done == 0 {
		return places, errors.Join(errs...)
	}
	for _, err := range errs {
		a.ui.warn("%s; it gets the change from another copy when it is there", oneLine(err))
	}
	return places, a.pinOwners(r)
}

func (a *app) applyAt(ctx context.Context, r *keyRoom, one config.Copy, change *chunkstore.KeyChange) error {
	d, err := a.openPlace(ctx, r.config, one)
	if err != nil {
		return err
	}
	defer d.Close() // what was written is durable before Apply returns
	vault, err := chunkstore.ReadVault(ctx, d)
	if err != nil {
		return err
	}
	if vault.ID != r.key.VaultID {
		return fmt.Errorf("%w: %s", chunkstore.ErrOtherVault, vault.ID)
	}
	return change.Apply(ctx, d)
}

// pinOwners writes down on a machine that writes which key the owners sign with, if it does
// not know yet: it was set up by an earlier telekeep.
func (a *app) pinOwners(r *keyRoom) error {
	secrets, err := a.readWriterSecrets(r.config)
	if err != nil || secrets.VaultID != r.key.VaultID || !secrets.OwnerKey.IsZero() {
		return nil //nolint:nilerr // this machine does not write, or another command says what is wrong
	}
	if _, err := secrets.Take(r.key); err != nil {
		return err
	}
	return a.storeWriterSecrets(r.config, secrets)
}

// storeWriterSecrets writes the writer's key anew, in one step.
func (a *app) storeWriterSecrets(cfg *config.Config, secrets *chunkstore.WriterSecrets) error {
	path := writerKeyPath(cfg)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		a.ui.warn("the writer's key is a credential of the service manager or in the kernel's keyring, where it cannot be written: telekeep keys rotate --take --out FILE writes the one that belongs in its place")
		return nil
	}
	if err := durable.WriteFile(path, secrets.Marshal(), 0o600); err != nil {
		return fmt.Errorf("cannot write the writer's key: %w", err)
	}
	return nil
}

// recipients parses whom to seal to, with the plugins that may be run.
func (a *app) recipient(text string, plugins crypto.Plugins) (crypto.Recipient, error) {
	r, err := plugins.ParseRecipient(text)
	if errors.Is(err, crypto.ErrPlugin) {
		return r, &failure{code: exitUsage, err: err, hint: pluginHint}
	}
	if err != nil {
		// The text is not repeated: it may be a secret key, given by mistake.
		return r, &failure{code: exitUsage, err: err, hint: "give a public key: age1…, age1pq1… or ssh-ed25519 …"}
	}
	return r, nil
}

const pluginHint = "a plugin is run if [keys] plugins in the settings names it, or --plugin NAME does, and age-plugin-NAME is installed"

// plugins are the age plugins that may be run, and how they speak with the person.
func (a *app) plugins(more []string) crypto.Plugins {
	p := crypto.Plugins{
		Allow:   more,
		Tell:    func(text string) { fmt.Fprintln(a.err, printable(text)) },
		Confirm: a.confirmPlugin,
		Ask: func(question string, secret bool) (string, error) {
			if secret {
				return a.ui.secret(printable(question))
			}
			return a.ui.question(printable(question))
		},
	}
	if cfg, err := a.settings(); err == nil {
		p.Allow = append(p.Allow[:len(p.Allow):len(p.Allow)], cfg.Keys.Plugins...)
	}
	return p
}

func (a *app) confirmPlugin(question, yes, no string) (bool, error) {
	if no == "" {
		_, err := a.ui.question(printable(question) + " [Enter: " + printable(yes) + "]")
		return err == nil, err
	}
	answer, err := a.ui.question(printable(question) + " [1: " + printable(yes) + ", 2: " + printable(no) + "]")
	return strings.TrimSpace(answer) == "1", err
}
