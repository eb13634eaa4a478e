package main

import (
	"github.com/spf13/cobra"
)

func (a *app) copyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "copy",
		Short: "Look after the places that hold the vault",
		Long: `The vault lies in one folder, or at several places: drives, a NAS, a bucket. Each
holds everything, and each may be away for months. A backup goes to all that are there;
one that comes back gets what it lacks from the others. While none is there, what is
fetched waits on this machine, up to [spool] max_size.

The folder that vault = … in the settings names is the copy called vault; each section
[[copy]] is another.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.copyAddCommand(), a.copyListCommand(), a.copySyncCommand(), a.copyReleaseCommand(), a.copyAcceptCommand(), a.copyRemoveCommand())
	return c
}

// oneName is for commands that take the name of one copy.
func oneName(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError(c, "takes the name of one copy: telekeep copy list shows them")
	}
	return nil
}
