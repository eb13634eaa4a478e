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
	owners   []string
	keys     keyFlags // --passphrase seals a new vault, or opens the one to take over
	telegram string
	from     string
	writer   string
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

With --from-vault it makes no vault: with an owner key it takes over the writer of
one that is there, for a machine that takes the place of another. The next sync goes
on where the vault ends and stores nothing twice. The old machine must not write any
more. Sign in anew; Telegram sessions are never in a vault.

Nothing that exists is overwritten, and an init that fails or is killed leaves
nothing that the next one would not take away.`,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.from == "" && (len(o.keys.files) > 0 || o.writer != ""):
				return usageError(c, "-i and --writer go with --from-vault; --owner names whom to seal a new vault to")
			case o.from != "" && (len(o.owners) > 0 || a.vault != ""):
				return usageError(c, "--from-vault takes a vault as it is: --owner and --vault make no sense with it")
			case o.from != "":
				return a.takeOver(c.Context(), o)
			}
			return a.init(c.Context(), o)
		},
	}
	c.Flags().StringArrayVar(&o.owners, "owner", nil, "seal the vault to this key (age1…, age1pq1…, ssh-…); may be repeated")
	o.keys.register(c)
	c.Flags().Lookup("identity").Usage = "with --from-vault: owner key file that opens it; may be repeated"
	c.Flags().Lookup("passphrase").Usage = "seal the vault to a passphrase, or open it (asked for, or one line on standard input)"
	c.Flags().StringVar(&a.vault, "vault", "", "folder to make the vault in, such as one on a drive (default: beside the settings)")
	c.Flags().StringVar(&o.telegram, "telegram", "", "take [telegram] and [[account]] from this file")
	c.Flags().StringVar(&o.from, "from-vault", "", "take over the writer of the vault in this folder")
	c.Flags().StringVar(&o.writer, "writer", "", "with --from-vault: which writer, if there are several")
	return c
}

func (a *app) init(ctx context.Context, o initOptions) error {
	in, err := a.newInstallation(o, a.vault)
	if err != nil {
		return err
	}
	undo, err := a.beginInit(in, false)
	if err != nil {
		return err
	}
	owners, identity, err := a.owners(o)
	if err != nil {
		return errors.Join(err, undo.run())
	}
	in.owner = identity
	if err := in.create(ctx, a, owners, undo); err != nil {
		return errors.Join(err, undo.run())
	}
	if err := undo.done(); err != nil {
		return fmt.Errorf("cannot end the work of init: %w", err)
	}
	return a.recoverySheet(in, owners)
}

// newInstallation decides where everything will lie; vault may be "".
func (a *app) newInstallation(o initOptions, vault string) (*installation, error) {
	p, err := a.place()
	if err != nil {
		return nil, err
	}
	if vault != "" {
		if p.vault, err = filepath.Abs(vault); err != nil {
			return nil, fmt.Errorf("folder %q: %w", vault, err)
		}
	}
	cfg := &config.Config{Vault: p.vault, State: p.state, Secrets: p.secrets}
	if err := a.takeFragment(cfg, o.telegram); err != nil {
		return nil, err
	}
	text := config.Render(cfg)
	// Reading back what will be written makes the paths absolute and proves that
	// the next command will understand the file.
	if cfg, err = config.Parse(p.config, text); err != nil {
		return nil, fmt.Errorf("the new settings cannot be read back: %w", err)
	}
	return &installation{place: p, config: cfg, text: text}, nil
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

// refuseExisting makes sure that init touches nothing that is there. mine are
// the files of this installation; the vault's folder is looked at only if one is made.
func refuseExisting(p place, cfg *config.Config, takeOver bool) error {
	const overwritesNothing = "init makes a new installation and overwrites nothing; choose another folder with --dir"
	const lost = overwritesNothing + ". If only the settings are lost, telekeep init --from-vault with the owner key makes new ones there"
	there := []struct{ what, path, hint string }{
		{"a settings file", p.config, overwritesNothing},
		{"a writer's key", writerKeyPath(cfg), lost},
		{"a state folder", cfg.State, lost},
		{"an owner key", p.owner, lost},
	}
	if takeOver {
		there = there[:3] // with the owner key on hand this is where it may lie
	}
	for _, t := range there {
		if _, err := os.Lstat(t.path); err == nil {
			return withHint(fmt.Errorf("there is %s already: %s", t.what, t.path), t.hint)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot look at %s: %w", t.path, err)
		}
	}
	return nil
}

// refuseFull makes sure that a vault is made in an empty folder.
func refuseFull(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot look at %s: %w", dir, err)
	}
	if isVault(dir) {
		return withHint(fmt.Errorf("there is a vault already: %s", dir),
			"init makes a new vault and overwrites nothing; to go on writing to this one from here, use telekeep init --from-vault "+shellWord(dir)+" -i KEY")
	}
	for _, e := range entries {
		if !local.Furniture(e.Name()) {
			return withHint(fmt.Errorf("the vault's folder is not empty: %s", dir), "init makes a new vault and overwrites nothing; choose an empty folder")
		}
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
	if o.keys.passphrase {
		r, err := a.newPassphrase()
		if err != nil {
			return nil, nil, err
		}
		owners = append(owners, chunkstore.Owner{Name: passphraseOwner, Recipient: r})
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

// passphraseOwner is the name under keys/ of an owner with a passphrase.
const passphraseOwner = "passphrase"

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
