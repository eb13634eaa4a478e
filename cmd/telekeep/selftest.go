package main

import (
	"github.com/spf13/cobra"

	"telekeep/chunkstore"
)

// proven makes commands, and those below them, compute what has known answers before they do
// anything else: what seals, checks or opens the vault must not begin on a machine that
// computes wrongly.
func (a *app) proven(commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		a.proven(c.Commands()...)
		if run := c.RunE; run != nil {
			c.RunE = func(c *cobra.Command, args []string) error {
				if err := a.provenFirst(); err != nil {
					return err
				}
				return run(c, args)
			}
		}
	}
	return commands
}

func (a *app) provenFirst() error {
	test := a.selfTest
	if test == nil {
		test = chunkstore.SelfTest
	}
	return test()
}
