package main

import (
	"context"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/systemd"
)

type serviceOptions struct {
	user   bool
	dryRun bool
	root   string
}

func (o serviceOptions) kind() systemd.Kind {
	if o.user {
		return systemd.User
	}
	return systemd.System
}

func (a *app) serviceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "service",
		Short: "Let systemd run the daemon",
		Long: `Makes telekeep daemon a service of systemd: of the system, run by a user of its own
and locked up, or with --user of the person who calls it. docs/systemd.md explains
every directive.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.serviceInstallCommand(), a.serviceUninstallCommand(), a.serviceReloadCommand(), a.serviceFailedCommand())
	return c
}

func (o *serviceOptions) register(c *cobra.Command) {
	c.Flags().BoolVar(&o.user, "user", false, "the service of the person who calls this, not of the system")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "only print what would be done")
	c.Flags().StringVar(&o.root, "root", "", "do it in the tree of another system below this folder, and start nothing")
}

func (a *app) serviceInstallCommand() *cobra.Command {
	var o serviceOptions
	c := &cobra.Command{
		Use:   "install",
		Short: "Write the units, enable the service, and start it",
		Long: `Writes the units that are not there yet and a drop-in with what is special about this
installation, enables the service, and starts it if there is an installation.
The system's service runs as the user telekeep, who is made, for the installation in
` + systemd.DefaultFolder + ` or the one that --dir names. It sees no homes; a backup that lies in
one is a case for --user.

What it made stands in a list, and telekeep service uninstall takes away exactly
that. Nothing that is there is overwritten. Run it again when the vault has moved.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.serviceInstall(c.Context(), o) },
	}
	o.register(c)
	return c
}

func (a *app) serviceUninstallCommand() *cobra.Command {
	var o serviceOptions
	c := &cobra.Command{
		Use:   "uninstall",
		Short: "Stop the service and take away what install made",
		Long: `Stops and disables the service and removes what telekeep service install made, by its
list. What somebody has changed since stays, and is named. The installation and its
user stay: they are data.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.serviceUninstall(c.Context(), o) },
	}
	o.register(c)
	return c
}

// A runner calls programs of systemd. Their output goes into the error.
type runner func(ctx context.Context, command ...string) error

func runCommand(ctx context.Context, command ...string) error {
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return &commandError{strings.Join(command, " "), strings.TrimSpace(string(out)), err}
	}
	return nil
}

// A commandError is a program that failed, with what it said.
type commandError struct {
	command, said string
	err           error
}

func (e *commandError) Error() string {
	if e.said == "" {
		return e.command + ": " + e.err.Error()
	}
	return e.command + ": " + e.said
}

func (e *commandError) Unwrap() error { return e.err }
