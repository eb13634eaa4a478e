package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/config"
)

type adoptFlags struct {
	initOptions
	place   config.Copy
	replace bool
}

func (a *app) adoptCommand() *cobra.Command {
	var f adoptFlags
	c := &cobra.Command{
		Use:   "adopt URL",
		Short: "Go on backing up to a vault from this machine",
		Long: `Makes an installation that goes on with a vault that is there: in a folder, behind SSH
(sftp://user@host/folder) or in a bucket (s3://host/bucket/prefix). It takes an owner key.
What the machines before had fetched is known from the vault: nothing is fetched again.

This machine becomes one more writer, with a chain of its own: the other machines may go
on writing, also at the same time. With --replace it takes the place of another machine,
goes on with that one's chain, and that one must not write any more.

Sign in then (telekeep login): sessions of Telegram are never in a vault. The other copies
of the vault are added with telekeep copy add.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(c, "takes the folder or URL of one copy of the vault")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f.place.Name, f.place.URL = adoptedCopy, args[0]
			return a.adopt(c.Context(), f)
		},
	}
	f.keys.register(c)
	c.Flags().BoolVar(&f.replace, "replace", false, "take the place of the machine that wrote before, which must not write any more")
	c.Flags().StringVar(&f.writer, "writer", "", "go on from what this writer has fetched, or take its place (default: all of them, or the only one)")
	c.Flags().StringVar(&f.telegram, "telegram", "", "take [telegram] and [[account]] from this file")
	c.Flags().StringVar(&f.place.Key, "key", "", "sftp: file of the private key")
	c.Flags().StringVar(&f.place.KnownHosts, "known-hosts", "", "sftp: file of the host keys (default ~/.ssh/known_hosts)")
	c.Flags().StringVar(&f.place.Credentials, "credentials", "", "s3: file of the access key")
	c.Flags().StringVar(&f.place.Region, "region", "", "s3: region of the bucket")
	return c
}

// adoptedCopy is the name of the copy that adopt was given, if it is no folder.
const adoptedCopy = "first"

func (a *app) adopt(ctx context.Context, f adoptFlags) error {
	if err := fromHere(&f.place); err != nil {
		return err
	}
	in, err := a.adoptedInstallation(f)
	if err != nil {
		return err
	}
	undo, err := a.beginInit(in, true)
	if err != nil {
		return err
	}
	secrets, state, err := a.becomeWriter(ctx, in, f)
	if err == nil {
		err = in.folders(undo, in.config.State, in.config.Secrets)
	}
	if err == nil {
		err = in.writeSecrets(undo, secrets)
	}
	if err != nil {
		return errors.Join(err, undo.run())
	}
	if err := undo.done(); err != nil {
		return fmt.Errorf("cannot end the work of adopt: %w", err)
	}
	if err := a.inherit(ctx, in.config, state); err != nil {
		return withHint(fmt.Errorf("this machine is set up, and does not know yet what was fetched: %w", err), "remove "+shellWord(in.place.config)+", its folders of state and secrets, and run the command again")
	}
	a.printAdopted(in, secrets, f.replace)
	return nil
}

// adoptedInstallation decides where everything will lie.
func (a *app) adoptedInstallation(f adoptFlags) (*installation, error) {
	where, err := config.ParseWhere(f.place.URL)
	if err != nil {
		return nil, &failure{code: exitUsage, err: err}
	}
	if where.Kind == config.KindFolder {
		return a.newInstallation(f.initOptions, where.Path)
	}
	p, err := a.place()
	if err != nil {
		return nil, err
	}
	cfg := &config.Config{State: p.state, Secrets: p.secrets, Copies: []config.Copy{f.place}}
	if err := a.takeFragment(cfg, f.telegram); err != nil {
		return nil, err
	}
	text := config.Render(cfg)
	if cfg, err = config.Parse(p.config, text); err != nil {
		return nil, fmt.Errorf("the new settings cannot be read back: %w", err)
	}
	return &installation{place: p, config: cfg, text: text}, nil
}

// becomeWriter makes this machine a writer of the vault, and returns what those before
// had fetched; nil if it goes on as one of them.
func (a *app) becomeWriter(ctx context.Context, in *installation, f adoptFlags) (*chunkstore.WriterSecrets, map[string][]byte, error) {
	if f.replace {
		secrets, err := a.recoverSecrets(ctx, in, f.initOptions)
		return secrets, nil, err
	}
	ids, err := a.identities(f.keys)
	if err != nil {
		return nil, nil, err
	}
	dst, err := a.openAny(ctx, in.config)
	if err != nil {
		return nil, nil, err
	}
	defer dst.Close() // what was written is durable before
	r, err := chunkstore.OpenReader(ctx, dst, chunkstore.ReaderOptions{Identities: ids})
	if err != nil {
		return nil, nil, withHint(fmt.Errorf("cannot open the vault: %w", err), "a vault that has problems is not adopted: telekeep verify --vault lists them, another copy may be whole")
	}
	in.vault = r.Vault()
	writer := f.writer
	if writer != "" {
		if writer, err = pickWriter(in.vault, writer); err != nil {
			return nil, nil, err
		}
	}
	state, err := r.ResumeState(ctx, writer)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read what was fetched: %w", err)
	}
	secrets, err := chunkstore.AddWriter(ctx, dst, ids, a.now)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot add a writer to the vault: %w", err)
	}
	return secrets, state, nil
}

// inherit writes down, in this machine's first commit, what the others had fetched.
func (a *app) inherit(ctx context.Context, cfg *config.Config, state map[string][]byte) error {
	if len(state) == 0 {
		return nil
	}
	b, err := a.openForBackup(ctx, cfg, nil)
	if err != nil {
		return err
	}
	return errors.Join(b.store.Inherit(ctx, state), b.Close())
}

func (a *app) printAdopted(in *installation, secrets *chunkstore.WriterSecrets, replaced bool) {
	what := "this machine writes to vault " + in.vault.ID + " from now on, as writer " + secrets.WriterID
	if replaced {
		what = "this machine goes on as writer " + secrets.WriterID + " of vault " + in.vault.ID
	}
	a.printf("%s\n\n  vault      %s\n  settings   %s\n  next       telekeep login, then telekeep sync\n", what, in.config.AllCopies()[0].URL, in.place.config)
	if replaced {
		a.ui.hint("the old machine must not write to this vault or a copy of it any more: end its telekeep and delete its secrets folder, or two chains of commits will not fit together")
	}
}
