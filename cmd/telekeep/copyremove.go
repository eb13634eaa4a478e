package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/chunkstore/copies"
	"telekeep/config"
)

func (a *app) copyRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Keep the vault at a place no longer",
		Long: `Takes a copy out of the settings and forgets what is remembered of it. What lies there
stays: it is a whole backup as of now, which an owner key opens. Remove it yourself if you
want to. The last copy is not taken out.`,
		Args: oneName,
		RunE: func(c *cobra.Command, args []string) error { return a.copyRemove(c.Context(), args[0]) },
	}
}

func (a *app) copyRemove(ctx context.Context, name string) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	one, err := pickCopy(cfg, name)
	if err != nil {
		return err
	}
	if len(cfg.AllCopies()) == 1 {
		return &failure{code: exitUsage, err: fmt.Errorf("%s is the last copy: without it there is no vault", name), hint: "add another one first: telekeep copy add"}
	}
	if err := a.mayGo(ctx, cfg, name); err != nil {
		return err
	}
	err = changeSettings(cfg, p.config, false, func(text []byte) ([]byte, error) { return config.RemoveCopy(p.config, text, name) })
	if err != nil {
		return err
	}
	err = a.forgetCopy(ctx, name)
	a.printf("copy %s does not stand in the settings any more; what lies at %s stays there, and an owner key opens it\n", name, printable(one.URL))
	return err
}

// forgetCopy forgets what is remembered of a copy that the settings do not name any more.
func (a *app) forgetCopy(ctx context.Context, name string) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if d := running(cfg); d != nil {
		if err := d.tell(ctx, "reload", nil); err != nil {
			return err
		}
		return d.tell(ctx, "copies/forget", copyValues(name))
	}
	return a.withCopies(ctx, cfg, func(set *copies.Set) error { return set.Forget(name) })
}

// withCopies calls f with the copies of the settings, which nobody else has meanwhile.
func (a *app) withCopies(ctx context.Context, cfg *config.Config, f func(set *copies.Set) error) (err error) {
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		return err
	}
	set, err := a.openCopies(ctx, cfg, secrets, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	return f(set.Set)
}

// mayGo refuses to take out a copy that holds what no other is known to hold.
func (a *app) mayGo(ctx context.Context, cfg *config.Config, name string) error {
	list, err := a.lookAtCopies(ctx, cfg)
	if err != nil {
		return err
	}
	var behind []string
	for _, s := range list.Copies {
		switch {
		case s.Name == name:
		case s.State == string(copies.Current):
			return nil
		default:
			behind = append(behind, s.Name+" is "+s.State)
		}
	}
	return &failure{
		code: exitIncomplete, err: fmt.Errorf("no other copy is known to hold everything: %s", strings.Join(behind, ", ")),
		hint: "telekeep copy sync brings them up to date; then remove it",
	}
}

func (a *app) copyReleaseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "release NAME",
		Short: "Have the daemon close a copy, so that its drive can be unmounted",
		Long: `Has a daemon that runs close what it has open of a copy, so that its drive can be unmounted
at once. It does that by itself after a while in which nothing is written. Without a
daemon nothing is open.`,
		Args: oneName,
		RunE: func(c *cobra.Command, args []string) error { return a.copyRelease(c.Context(), args[0]) },
	}
}

func (a *app) copyRelease(ctx context.Context, name string) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if _, err := pickCopy(cfg, name); err != nil {
		return err
	}
	if d := running(cfg); d != nil {
		if err := d.tell(ctx, "copies/release", copyValues(name)); err != nil {
			return err
		}
	}
	a.printf("copy %s is closed: its drive can be unmounted\n", name)
	return nil
}

func (a *app) copyAcceptCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "accept NAME",
		Short: "Accept that a copy lies on another drive than before",
		Long: `A copy that shows up on another file system than before is not written to: most often a
drive is not mounted, or another is. If you have moved it to a new drive, this accepts
that. Whether it is the right vault is checked all the same.`,
		Args: oneName,
		RunE: func(c *cobra.Command, args []string) error { return a.copyAccept(c.Context(), args[0]) },
	}
}

func (a *app) copyAccept(ctx context.Context, name string) (err error) {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if _, err := pickCopy(cfg, name); err != nil {
		return err
	}
	if d := running(cfg); d != nil {
		err = d.tell(ctx, "copies/accept", copyValues(name))
	} else {
		err = a.withCopies(ctx, cfg, func(set *copies.Set) error { return set.Adopt(ctx, name) })
	}
	if err != nil {
		return copyFailure(name, err)
	}
	a.printf("copy %s is accepted where it lies now\n", name)
	return nil
}
