package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
)

// A logLine is one commit; log --json prints a list of them, newest first.
type logLine struct {
	Writer string    `json:"writer"`
	Seq    uint64    `json:"seq"`
	Time   time.Time `json:"time"`
	Packs  int       `json:"packs"`
	Bytes  int64     `json:"bytes"` // of its packs and its index
	Hash   string    `json:"hash"`
}

func (a *app) logCommand() *cobra.Command {
	var asJSON bool
	var most int
	c := &cobra.Command{
		Use:   "log",
		Short: "List the commits of the vault, newest first",
		Long:  "Lists what was added to the vault and when. Needs no key.",
		RunE:  func(c *cobra.Command, _ []string) error { return a.log(c.Context(), most, asJSON) },
	}
	a.registerVault(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().IntVar(&most, "most", 0, "list at most this many (default: all)")
	return c
}

func (a *app) log(ctx context.Context, most int, asJSON bool) error {
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	dst, err := a.openAny(ctx, cfg)
	if err != nil {
		return err
	}
	defer dst.Close()
	commits, problems, err := chunkstore.Commits(ctx, dst)
	if err != nil {
		return fmt.Errorf("cannot read the commits: %w", err)
	}
	for _, p := range problems {
		a.ui.warn("%v", p)
	}
	lines := []logLine{}
	for i := len(commits) - 1; i >= 0 && (most <= 0 || len(lines) < most); i-- {
		lines = append(lines, describeCommit(commits[i]))
	}
	if asJSON {
		return errors.Join(a.ui.json(lines), brokenChain(problems))
	}
	for _, l := range lines {
		fmt.Fprintf(a.out, "%s  %s/%d  %s, %s\n", l.Time.Local().Format("2006-01-02 15:04:05"), l.Writer[:8], l.Seq, plural(l.Packs, "pack", "packs"), size(l.Bytes))
	}
	if len(lines) == 0 && len(problems) == 0 {
		fmt.Fprintln(a.out, "no commit yet")
	}
	return brokenChain(problems)
}

// brokenChain is the error of a list of commits that is not all there is.
func brokenChain(problems []*chunkstore.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &failure{code: exitProblems, err: fmt.Errorf("the list may lack commits: %s", plural(len(problems), "problem", "problems")), hint: "telekeep verify checks the whole vault"}
}

// describeCommit is filled from what the commit itself says.
func describeCommit(c *chunkstore.Commit) logLine {
	return logLine{Writer: c.Writer, Seq: c.Seq, Time: c.Time, Packs: len(c.Packs), Bytes: commitBytes(c), Hash: c.Hash.String()}
}

// commitBytes is what a commit added to the vault, without the commit itself.
func commitBytes(c *chunkstore.Commit) int64 {
	total := c.Index.Size
	for _, p := range c.Packs {
		total += p.Size
	}
	return total
}
