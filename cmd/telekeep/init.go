package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
	"telekeep/config"
	"telekeep/crypto"
)

type initOptions struct {
	owners     []string
	passphrase bool
	telegram   string
}

func (a *app) initCommand() *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a vault, its keys and a settings file",
		Long: `Makes a new vault with its own post-quantum key, sealed to an owner key, the
secrets of this machine as its writer, and a commented settings file.

Without --owner and --passphrase it makes an owner key too, because a first try
must be easy. That key opens everything: move it off this machine and keep it.

Nothing that exists is overwritten.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.init(c.Context(), o) },
	}
	c.Flags().StringArrayVar(&o.owners, "owner", nil, "seal the vault to this key (age1…, age1pq1…, ssh-…); may be repeated")
	c.Flags().BoolVar(&o.passphrase, "passphrase", false, "seal the vault to a passphrase (asked for, or one line on standard input)")
	c.Flags().StringVar(&o.telegram, "telegram", "", "take [telegram] and [[account]] from this file")
	return c
}

func (a *app) init(ctx context.Context, o initOptions) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	cfg := &config.Config{Vault: p.vault, State: p.state, Secrets: p.secrets}
	if err := a.takeFragment(cfg, o.telegram); err != nil {
		return err
	}
	text := config.Render(cfg)
	// Reading back what will be written makes the paths absolute and proves that
	// the next command will understand the file.
	if cfg, err = config.Parse(p.config, text); err != nil {
		return fmt.Errorf("the new settings cannot be read back: %w", err)
	}
	if err := refuseExisting(p, cfg); err != nil {
		return err
	}
	owners, identity, err := a.owners(o)
	if err != nil {
		return err
	}
	made := &installation{place: p, config: cfg, text: text, owner: identity}
	if err := made.create(ctx, a, owners); err != nil {
		return err
	}
	return a.recoverySheet(made, owners)
}

func (a *app) takeFragment(cfg *config.Config, path string) error {
	if path == "" {
		return nil
	}
	fragment, warnings, err := config.LoadFragment(path)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		a.ui.warn("%s:%d: %s is not taken over: %s", path, w.Line, w.Key, w.Text)
	}
	cfg.Telegram, cfg.Accounts = fragment.Telegram, fragment.Accounts
	return nil
}

// leftByInit is for what stands there without a settings file, which init writes last.
const leftByInit = ", or move it away if an init that was interrupted left it"

// refuseExisting makes sure that init touches nothing that is there.
func refuseExisting(p place, cfg *config.Config) error {
	const overwritesNothing = "init makes a new installation and overwrites nothing; choose another folder with --dir"
	for _, there := range []struct{ what, path, hint string }{
		{"a settings file", p.config, ""},
		{"an owner key", p.owner, leftByInit},
		{"a writer's key", writerKeyPath(cfg), leftByInit},
		{"a state folder", cfg.State, leftByInit},
	} {
		if _, err := os.Lstat(there.path); err == nil {
			return withHint(fmt.Errorf("there is %s already: %s", there.what, there.path), overwritesNothing+there.hint)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot look at %s: %w", there.path, err)
		}
	}
	entries, err := os.ReadDir(cfg.Vault)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot look at %s: %w", cfg.Vault, err)
	}
	if len(entries) > 0 {
		return withHint(fmt.Errorf("the vault's folder is not empty: %s", cfg.Vault),
			"init makes a new vault and overwrites nothing; choose an empty folder")
	}
	return nil
}

// owners returns whom to seal the vault to, and the identity if init made one.
func (a *app) owners(o initOptions) ([]chunkstore.Owner, *crypto.Identity, error) {
	var owners []chunkstore.Owner
	for i, text := range o.owners {
		r, err := crypto.ParseRecipient(text)
		if err != nil {
			// The text is not repeated: it may be a secret key, given by mistake.
			return nil, nil, withHint(fmt.Errorf("--owner number %d: %w", i+1, err), "give a public key: age1…, age1pq1… or ssh-ed25519 …")
		}
		owners = append(owners, chunkstore.Owner{Name: fmt.Sprintf("owner%d", i+1), Recipient: r})
	}
	if o.passphrase {
		r, err := a.newPassphrase()
		if err != nil {
			return nil, nil, err
		}
		owners = append(owners, chunkstore.Owner{Name: "passphrase", Recipient: r})
	}
	if len(owners) > 0 {
		return owners, nil, nil
	}
	identity, err := crypto.NewIdentity()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make an owner key: %w", err)
	}
	return []chunkstore.Owner{{Name: "owner", Recipient: identity.Recipient()}}, &identity, nil
}

func (a *app) newPassphrase() (crypto.Recipient, error) {
	first, err := a.ui.secret("Passphrase")
	if err != nil {
		return crypto.Recipient{}, err
	}
	if a.ui.ask {
		again, err := a.ui.secret("Passphrase, again")
		if err != nil {
			return crypto.Recipient{}, err
		}
		if again != first {
			return crypto.Recipient{}, errors.New("the two passphrases differ")
		}
	}
	if len(first) < minPassphrase {
		return crypto.Recipient{}, withHint(fmt.Errorf("the passphrase is shorter than %d characters", minPassphrase),
			"use several random words: whoever has a copy of the vault can try passphrases at leisure")
	}
	return crypto.PassphraseRecipient(first)
}

// minPassphrase keeps out what can be guessed at once; more cannot be judged
// from the outside.
const minPassphrase = 12

// An installation is what init makes.
type installation struct {
	place  place
	config *config.Config
	text   []byte
	owner  *crypto.Identity // made by init; nil if the owner brought a key
	vault  *chunkstore.Vault
}

// create writes everything. The owner key comes first: a vault whose only key
// was never written would be lost at birth. What was made is taken away again if
// a later step fails, so that init can simply be run again.
func (in *installation) create(ctx context.Context, a *app, owners []chunkstore.Owner) (err error) {
	var undo undoList
	defer func() {
		if err != nil {
			undo.run()
		}
	}()
	for _, dir := range []string{filepath.Dir(in.place.config), in.config.State, in.config.Secrets, in.config.Vault} {
		if err := undo.mkdir(dir); err != nil {
			return fmt.Errorf("cannot make the folder %s: %w", dir, err)
		}
	}
	if in.owner != nil {
		if err := undo.write(in.place.owner, in.owner.File(a.now())); err != nil {
			return fmt.Errorf("cannot write the owner key: %w", err)
		}
	}
	dst, err := local.Create(in.config.Vault)
	if err != nil {
		return fmt.Errorf("cannot make the vault: %w", err)
	}
	defer dst.Close()
	undo.tree(in.config.Vault)
	vault, secrets, err := chunkstore.Create(ctx, dst, chunkstore.CreateOptions{Owners: owners, Now: a.now})
	if err != nil {
		return fmt.Errorf("cannot make the vault: %w", err)
	}
	in.vault = vault
	if err := undo.write(writerKeyPath(in.config), secrets.Marshal()); err != nil {
		return fmt.Errorf("cannot write the writer's key: %w", err)
	}
	if err := undo.write(in.place.config, in.text); err != nil {
		return fmt.Errorf("cannot write the settings: %w", err)
	}
	return nil
}
