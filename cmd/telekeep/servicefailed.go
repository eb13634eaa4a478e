package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"telekeep/systemd"
)

// serviceReloadCommand is ExecReload= of the units.
func (a *app) serviceReloadCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "reload",
		Short:  "Check the settings and tell the daemon to read them (called by systemctl reload)",
		Hidden: true,
		Args:   noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := a.settings(); err != nil {
				return err
			}
			pid, err := strconv.Atoi(a.getenv("MAINPID"))
			if err != nil || pid <= 1 {
				return &failure{code: exitUsage, err: errors.New("MAINPID names no process"), hint: "use systemctl reload telekeep, which calls this"}
			}
			if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
				return fmt.Errorf("cannot tell the daemon: %w", err)
			}
			return nil
		},
	}
}

// serviceFailedCommand is what the unit of OnFailure= runs.
func (a *app) serviceFailedCommand() *cobra.Command {
	var hook string
	c := &cobra.Command{
		Use:    "failed UNIT",
		Short:  "Say that the service has failed for good (called by systemd)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			level := ""
			if systemd.StderrIsJournal() {
				level = "<2>" // critical
			}
			fmt.Fprintf(a.err, "%s%s has failed: %s\n", level, args[0], failedWhy(a.getenv))
			return a.failureHook(c.Context(), hook)
		},
	}
	c.Flags().StringVar(&hook, "hook", "", "program to run, if it is there")
	return c
}

// failedWhy puts what systemd says of the unit's end into words.
func failedWhy(getenv func(string) string) string {
	status := getenv("MONITOR_EXIT_STATUS")
	switch getenv("MONITOR_SERVICE_RESULT") {
	case "exit-code":
		if code, err := strconv.Atoi(status); err == nil {
			for _, e := range exitTexts() {
				if e.code == code {
					return fmt.Sprintf("%s (exit code %d). journalctl says more; then start it again", e.text, code)
				}
			}
		}
		return fmt.Sprintf("it ended with exit code %s. journalctl says more", status)
	case "watchdog":
		return "it hung, and was ended by the watchdog. journalctl shows where"
	case "timeout":
		return "it took too long to start or to stop"
	case "start-limit-hit":
		return "it failed too often within an hour. journalctl says why; then systemctl reset-failed and start it again"
	case "oom-kill":
		return "the system ran out of memory"
	case "signal", "core-dump":
		return "it was ended by signal " + status
	}
	return "systemctl status and journalctl say why"
}

func (a *app) failureHook(ctx context.Context, hook string) error {
	if hook == "" {
		return nil
	}
	if _, err := os.Stat(hook); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	c := exec.CommandContext(ctx, hook)
	c.Stdout, c.Stderr = a.out, a.err
	if err := c.Run(); err != nil {
		return fmt.Errorf("the program %s failed: %w", hook, err)
	}
	return nil
}
