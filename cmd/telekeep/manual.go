package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manualCommand writes what a package holds besides the program.
func (a *app) manualCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "manual FOLDER",
		Short:  "Write the man pages and the completions of shells",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(c *cobra.Command, args []string) error { return a.manual(c.Root(), args[0]) },
	}
}

func (a *app) manual(root *cobra.Command, folder string) error {
	for _, dir := range []string{"man", "bash", "zsh", "fish"} {
		if err := os.MkdirAll(filepath.Join(folder, dir), 0o755); err != nil {
			return fmt.Errorf("cannot make a folder: %w", err)
		}
	}
	verbatim(root)
	root.DisableAutoGenTag = true
	now := a.now()
	header := &doc.GenManHeader{Section: "1", Source: "telekeep " + version, Manual: "telekeep", Date: &now}
	if err := doc.GenManTree(root, header, filepath.Join(folder, "man")); err != nil {
		return fmt.Errorf("cannot write the man pages: %w", err)
	}
	for path, write := range map[string]func(string) error{
		"bash/telekeep":      func(p string) error { return root.GenBashCompletionFileV2(p, true) },
		"zsh/_telekeep":      root.GenZshCompletionFile,
		"fish/telekeep.fish": func(p string) error { return root.GenFishCompletionFile(p, true) },
	} {
		if err := write(filepath.Join(folder, path)); err != nil {
			return fmt.Errorf("cannot write the completions: %w", err)
		}
	}
	return nil
}

// verbatim keeps the lines of the help as they are: the generator of man pages takes
// text for Markdown, which would join them.
func verbatim(c *cobra.Command) {
	var b strings.Builder
	inBlock := false
	for line := range strings.Lines(c.Long) {
		block := strings.HasPrefix(line, "  ")
		if block != inBlock && strings.TrimSpace(line) != "" {
			b.WriteString("\n")
		}
		if inBlock = block; block {
			line = "    " + line // a block of code
		}
		b.WriteString(line)
	}
	c.Long = b.String()
	for _, sub := range c.Commands() {
		verbatim(sub)
	}
}
