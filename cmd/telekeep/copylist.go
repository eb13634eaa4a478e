package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
)

// A copyList is what copy list --json prints.
type copyList struct {
	Vault  string       `json:"vault"`
	Copies []copyStatus `json:"copies"`
	// Waiting is what is kept on this machine until enough copies hold it.
	Waiting lack `json:"waiting"`
	Need    int  `json:"need"` // how many are enough
}

// A copyStatus is how one copy is.
type copyStatus struct {
	Name     string     `json:"name"`
	URL      string     `json:"url"`
	State    string     `json:"state"` // as package copies has them
	Error    string     `json:"error,omitempty"`
	Hint     string     `json:"hint,omitempty"`
	LastSeen time.Time  `json:"last_seen,omitzero"`
	Current  time.Time  `json:"current_at,omitzero"` // when it last held everything
	Lacks    lack       `json:"lacks"`
	Free     int64      `json:"free_bytes"` // -1: nobody knows
	Heads    []copyHead `json:"heads"`
	Checked  time.Time  `json:"checked,omitzero"` // its least recently checked pack
	Verified copyProofs `json:"verified"`
}

// A lack is how much something is short of.
type lack struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// A copyHead is the last commit of one writer at a copy.
type copyHead struct {
	Writer  string `json:"writer"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash,omitempty"`
	Current bool   `json:"current"` // no copy has a later one
}

func (a *app) copyListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "Say how each copy is",
		Long: `Says of each copy whether it is there, what it lacks, how much room it has, when it was
last seen and verified. It asks all of them. Needs no key.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.copyList(c.Context(), asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) copyList(ctx context.Context, asJSON bool) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	list, err := a.lookAtCopies(ctx, cfg)
	if err != nil {
		return err
	}
	if asJSON {
		return a.ui.json(list)
	}
	a.printCopies(list)
	return nil
}

// lookAtCopies asks all copies how they are: by a daemon that runs, or in this process.
func (a *app) lookAtCopies(ctx context.Context, cfg *config.Config) (*copyList, error) {
	if d := running(cfg); d != nil {
		return d.copies(ctx)
	}
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		return nil, err
	}
	// Nothing is written but what is remembered of the copies: another process may be at
	// work.
	o := a.copyOptions(cfg, secrets.VaultID)
	o.Secrets = secrets
	set, err := copies.Open(ctx, o)
	if err != nil {
		return a.nothingThere(ctx, cfg, secrets.VaultID), nil
	}
	defer set.Close()
	return a.describeCopies(ctx, cfg, set, secrets.VaultID)
}

// nothingThere is the list of copies of a vault of which nothing is there nor remembered.
func (a *app) nothingThere(ctx context.Context, cfg *config.Config, vault string) *copyList {
	list := &copyList{Vault: vault, Copies: []copyStatus{}, Need: cfg.Spool.Need}
	for _, one := range cfg.AllCopies() {
		s := copyStatus{Name: one.Name, URL: one.URL, State: string(copies.Away), Free: -1, Heads: []copyHead{}}
		d, err := a.openPlace(ctx, cfg, one)
		if err == nil {
			_, err = chunkstore.ReadVault(ctx, d)
			_ = d.Close() // nothing was written
		}
		if err != nil {
			s.Error = printable(oneLine(err))
			_, s.Hint = classify(err)
		}
		list.Copies = append(list.Copies, s)
	}
	return list
}

// describeCopies looks at all copies of an open set.
func (a *app) describeCopies(ctx context.Context, cfg *config.Config, set *copies.Set, vault string) (*copyList, error) {
	found, err := set.Look(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot look at the copies: %w", err)
	}
	list := &copyList{Vault: vault, Copies: []copyStatus{}, Need: cfg.Spool.Need, Waiting: waiting(cfg)}
	proved, newest := loadProofs(cfg), newestHeads(found)
	for i, one := range cfg.AllCopies() {
		list.Copies = append(list.Copies, describeCopy(one, found[i], newest, proved.Copies[one.Name]))
	}
	return list, nil
}

func describeCopy(one config.Copy, found copies.Status, newest map[string]uint64, proved copyProofs) copyStatus {
	s := copyStatus{
		Name: one.Name, URL: one.URL, State: string(found.State), LastSeen: wholeSecond(found.LastSeen), Current: wholeSecond(found.Caught),
		Lacks: lack{found.Behind.Objects, found.Behind.Bytes}, Free: found.Free, Heads: []copyHead{}, Checked: wholeSecond(found.Checked), Verified: proved,
	}
	if found.Err != nil && found.State != copies.Behind {
		s.Error = printable(oneLine(found.Err))
		_, s.Hint = classify(found.Err)
	}
	for _, h := range found.Heads {
		head := copyHead{Writer: h.Writer, Seq: h.Seq, Current: h.Seq == newest[h.Writer]}
		if !h.Hash.IsZero() {
			head.Hash = h.Hash.String()
		}
		s.Heads = append(s.Heads, head)
	}
	return s
}

func wholeSecond(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Second)
}

// newestHeads are the numbers of the last commits that any copy has.
func newestHeads(found []copies.Status) map[string]uint64 {
	newest := make(map[string]uint64)
	for _, s := range found {
		for _, h := range s.Heads {
			newest[h.Writer] = max(newest[h.Writer], h.Seq)
		}
	}
	return newest
}

// waiting is what lies in the spool.
func waiting(cfg *config.Config) lack {
	var l lack
	_ = filepath.WalkDir(filepath.Join(cfg.State, "spool", "queue"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // nothing waits there, or no more
		}
		if info, err := d.Info(); err == nil {
			l.Objects, l.Bytes = l.Objects+1, l.Bytes+info.Size()
		}
		return nil
	})
	return l
}

func (a *app) printCopies(list *copyList) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "COPY\tSTATE\tLACKS\tFREE\tLAST SEEN\tVERIFIED\tWHERE")
	for _, s := range list.Copies {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, s.State, s.Lacks.inWords(s.State), freeInWords(s.Free), when(s.LastSeen), verifiedInWords(s.Verified.Files), printable(s.URL))
	}
	_ = w.Flush() // into memory
	for line := range strings.Lines(text.String()) {
		a.printf("%s\n", strings.TrimRight(line, " \n"))
	}
	for _, s := range list.Copies {
		if s.Error != "" {
			a.printf("%s: %s\n", s.Name, s.Error)
		}
		if s.Error != "" && s.Hint != "" {
			a.printf("  -> %s\n", s.Hint)
		}
	}
	if list.Waiting.Objects > 0 {
		a.printf("%s (%s) wait on this machine until %s them\n", plural(list.Waiting.Objects, "file", "files"), size(list.Waiting.Bytes),
			plural(list.Need, "copy holds", "copies hold"))
	}
}

func (l lack) inWords(state string) string {
	switch {
	case l.Objects > 0:
		return plural(l.Objects, "file", "files") + ", " + size(l.Bytes)
	case state == string(copies.Current), state == string(copies.Away):
		return "nothing" // of one that is away: as far as is known
	}
	return "?"
}

func freeInWords(free int64) string {
	if free < 0 {
		return "?"
	}
	return size(free)
}

func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return moment(t)
}

func verifiedInWords(p *proof) string {
	if p == nil {
		return "never"
	}
	if p.Problems > 0 {
		return moment(p.Time) + ": " + plural(p.Problems, "problem", "problems")
	}
	return moment(p.Time)
}

// copyFailure is an error about one copy, with what can be done about it.
func copyFailure(name string, err error) error {
	code, hint := classify(err)
	text := err
	if !strings.HasPrefix(err.Error(), "copy "+name+":") {
		text = fmt.Errorf("copy %s: %w", name, err)
	}
	return &failure{code: code, err: text, hint: hint}
}
