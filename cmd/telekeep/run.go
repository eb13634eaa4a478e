package main

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// stdio is what a command reads from and writes to.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// An app is one call of the command: its streams, its clock, and the flags that
// every verb takes.
type app struct {
	stdio
	ui     *ui
	getenv func(string) string
	now    func() time.Time
	// selfTest stands in for chunkstore.SelfTest; nil outside tests.
	selfTest func() error

	dir   string // --dir
	vault string // --vault, of the commands that have it
	copy  string // --copy, of the commands that have it
}

// memoryLimit is what the Go runtime is told to stay under. A promise of 256 MiB
// for the process stands behind it: beside the heap, which the collector would let
// double, up to three packs of 32 MiB are in memory that it does not see, and the
// program itself takes 23 MiB.
const memoryLimit = 112 << 20

// growth is by how many per cent the heap may grow before it is collected, as long as it
// stays below memoryLimit. What is in use for long is small here, some 10 MiB, and what is
// read and written passes through quickly: with Go's 100 the collector took a third of an
// import's time.
const growth = 400

// run is the whole program but for the exit: it returns the exit code.
func run(ctx context.Context, args []string, s stdio, getenv func(string) string) int {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	s.out = &output{to: s.out}
	a := &app{stdio: s, getenv: getenv, now: time.Now} //nolint:forbidigo // the one clock that is handed down
	a.ui = newUI(s, getenv)
	a.ui.done = ctx.Done()
	root := a.root()
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = interrupted(c.Name())
	}
	return a.ui.exit(errors.Join(err, outputError(s.out)))
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "telekeep",
		Short: "A complete, encrypted, deduplicated backup of a Telegram account",
		Long: `telekeep keeps a complete, encrypted, deduplicated backup of a Telegram account.
The machine that writes the backup cannot read it; an owner key can.

First steps:
  telekeep demo                      see it work, with no account and no network
  telekeep init                      make a vault, its keys and a settings file
  telekeep login                     sign in to Telegram
  telekeep sync                      back up; run it again for what is new

` + exitCodeHelp(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.PersistentFlags().StringVar(&a.dir, "dir", "", "folder of the whole installation (default: the XDG places)")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError(c, err.Error()) })
	root.AddCommand(a.proven(
		a.initCommand(), a.adoptCommand(), a.syncCommand(), a.daemonCommand(), a.keysCommand(), a.verifyCommand(), a.pruneCommand(),
		a.exportCommand(), a.restoreCommand(), a.importCommand(), a.searchCommand(), a.serveCommand(), a.copyCommand(),
	)...)
	root.AddCommand(
		a.loginCommand(), a.logoutCommand(), a.chatsCommand(), a.pauseCommand(), a.resumeCommand(), a.statusCommand(), a.logCommand(),
		a.doctorCommand(), a.serviceCommand(), a.demoCommand(), a.simulatorCommand(), a.versionCommand(), a.manualCommand(),
	)
	for _, c := range root.Commands() {
		if c.Args == nil {
			c.Args = noArgs
		}
	}
	return root
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(c, "takes no argument, got "+args[0])
	}
	return nil
}

func usageError(c *cobra.Command, text string) error {
	return &failure{code: exitUsage, err: errors.New(text), hint: "see " + c.CommandPath() + " --help"}
}
