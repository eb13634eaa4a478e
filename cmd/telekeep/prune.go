package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
	"telekeep/telegram"
	"telekeep/telegram/desktop"
)

// A pruneReport is what prune --json prints.
type pruneReport struct {
	Step   string `json:"step"` // plan, quarantine, undo, delete
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`  // of Files
	Unsure int    `json:"unsure"` // files that stay because nobody knows of what kind they are
	// Groups are Files by the kind of the file and why it is left out.
	Groups []pruneGroup `json:"groups"`

	Unused     int   `json:"packs_unused"`
	Repack     int   `json:"packs_repacked"`
	Stay       int   `json:"packs_kept"`
	MoveBytes  int64 `json:"moved_bytes"` // stored once more
	FreedBytes int64 `json:"freed_bytes"`
	LeftBytes  int64 `json:"left_bytes"` // of what nobody needs, in packs that stay

	Copies []pruneCopy `json:"copies"`
}

type pruneGroup struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
}

// A pruneCopy is what lies retired at one place, or was deleted there.
type pruneCopy struct {
	Copy         string `json:"copy"`
	Retired      int    `json:"retired"`
	RetiredBytes int64  `json:"retired_bytes"`
	Deleted      int    `json:"deleted"`
	DeletedBytes int64  `json:"deleted_bytes"`
	Waits        string `json:"waits,omitempty"` // why nothing was deleted
}

type pruneFlags struct {
	keys      keyFlags
	step      string
	maxUnused string
	keep      string
	json      bool
}

func (a *app) pruneCommand() *cobra.Command {
	var f pruneFlags
	var quarantine, undo, remove bool
	c := &cobra.Command{
		Use:   "prune",
		Short: "Take out of the vault what the rules do not choose any more",
		Long: `Takes media files out of the vault that the rules in the settings leave out now. It is of
use after the rules were changed, and never needed otherwise. Messages stay, whatever
the rules say, and so do pictures of profiles, stories and custom emoji. A file stays as
long as one message that the rules choose has it.

  telekeep prune -i owner.key                 say what would be done, and do nothing
  telekeep prune -i owner.key --quarantine    take it out; the bytes stay where they are
  telekeep prune -i owner.key --undo          take back what was taken out
  telekeep prune -i owner.key --delete        delete the bytes, once they lay for --keep

An owner key is needed each time, and the daemon must not run (telekeep pause). Only
what this machine stored is taken out. --delete deletes nothing before the vault is
checked, everything that is kept was found, and another commit was made after the
quarantine: a clock alone decides nothing.`,
		RunE: func(c *cobra.Command, _ []string) error {
			f.step = "plan"
			for step, set := range map[string]bool{"quarantine": quarantine, "undo": undo, "delete": remove} {
				if set && f.step != "plan" {
					return usageError(c, "only one of --quarantine, --undo and --delete can be done at once")
				}
				if set {
					f.step = step
				}
			}
			return a.prune(c.Context(), f)
		},
	}
	f.keys.register(c)
	c.Flags().BoolVar(&quarantine, "quarantine", false, "take it out; the bytes stay until --delete")
	c.Flags().BoolVar(&undo, "undo", false, "take everything back that was taken out and not deleted")
	c.Flags().BoolVar(&remove, "delete", false, "delete the bytes of what was taken out")
	c.Flags().StringVar(&f.maxUnused, "max-unused", "5%", "how much of a pack may be unused before what is used is stored once more")
	c.Flags().StringVar(&f.keep, "keep", "14d", "how long what was taken out must have lain before --delete")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

func (a *app) prune(ctx context.Context, f pruneFlags) error {
	unused, err := parsePercent(f.maxUnused)
	if err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("--max-unused: %w", err)}
	}
	keep, err := config.ParseSpan(f.keep)
	if err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("--keep: %w", err)}
	}
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	ids, err := a.identities(f.keys)
	if err != nil {
		return err
	}
	// It takes the lock of the local state: nothing is stored meanwhile.
	b, err := a.openForBackup(ctx, cfg, nil)
	if err != nil {
		return err
	}
	defer b.Close()
	p := &pruner{app: a, config: cfg, backup: b, identities: ids, maxUnused: unused}
	var report *pruneReport
	switch f.step {
	case "plan":
		report, err = p.plan(ctx)
	case "quarantine":
		report, err = p.quarantine(ctx)
	case "undo":
		report, err = p.undo(ctx)
	case "delete":
		report, err = p.delete(ctx, a.now().Add(-keep))
	}
	if err != nil {
		return err
	}
	report.Step = f.step
	if f.json {
		return a.ui.json(report)
	}
	a.printPrune(report, f.keep)
	return nil
}

// parsePercent reads "5%".
func parsePercent(text string) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !strings.HasSuffix(text, "%") || !(n >= 0 && n <= 100) { // NaN is neither
		return 0, fmt.Errorf("%q is no part of a pack: write it like 5%%", text)
	}
	return n / 100, nil
}

func (a *app) printPrune(r *pruneReport, keep string) {
	put := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	switch r.Step {
	case "undo":
		put("taken back: %s, %s", plural(r.Files, "file", "files"), size(r.Bytes))
		return
	case "delete":
		a.printDeleted(put, r)
		return
	}
	put("the rules leave out %s that are stored, %s", plural(r.Files, "file", "files"), size(r.Bytes))
	for _, g := range r.Groups {
		put("  %-14s %-10s %s, %s", g.Kind, g.Reason, plural(g.Files, "file", "files"), size(g.Bytes))
	}
	if r.Unsure > 0 {
		put("%s stay, because a newer telekeep cannot tell of what kind they are", plural(r.Unsure, "file", "files"))
	}
	put("%s not needed any more, %s to be stored once more (%s), %s kept", plural(r.Unused, "pack is", "packs are"), plural(r.Repack, "pack has parts", "packs have parts"), size(r.MoveBytes), plural(r.Stay, "pack is", "packs are"))
	put("the vault becomes %s smaller at each copy; %s of what nobody needs stay in packs that are kept", size(max(0, r.FreedBytes)), size(r.LeftBytes))
	for _, c := range r.Copies {
		if c.Retired > 0 {
			put("copy %s: %s taken out earlier, %s, not deleted yet", c.Copy, plural(c.Retired, "pack", "packs"), size(c.RetiredBytes))
		}
	}
	if r.Step == "plan" {
		put("nothing was done; --quarantine does it")
		return
	}
	put("done; --undo takes it back, and after %s --delete deletes it", keep)
}

func (a *app) printDeleted(put func(string, ...any), r *pruneReport) {
	for _, c := range r.Copies {
		switch {
		case c.Waits != "":
			put("copy %s: %s, %s, are not deleted: %s", c.Copy, plural(c.Retired, "pack", "packs"), size(c.RetiredBytes), c.Waits)
		default:
			put("copy %s: %s deleted, %s", c.Copy, plural(c.Deleted, "pack", "packs"), size(c.DeletedBytes))
		}
	}
}

// A pruner is one run of prune. It holds an owner's identities, and a Writer beside: it
// is the only one that does.
type pruner struct {
	app        *app
	config     *config.Config
	backup     *backup
	identities []crypto.Identity
	maxUnused  float64

	reader   *chunkstore.Reader
	snapshot *archive.Snapshot
	unwanted *telegram.Unwanted
	wanted   map[crypto.ID]bool
}

// open commits what is in the journal and in the store and reads the vault as it is then. It must
// be whole. An undo that was stopped has noted packs that the next commit takes back, whoever
// makes it: as long as they wait for it they look retired, and could be deleted.
func (p *pruner) open(ctx context.Context) (err error) {
	if err := p.commit(ctx); err != nil {
		return err
	}
	if p.reader, err = chunkstore.OpenReader(ctx, p.backup.copies, chunkstore.ReaderOptions{Identities: p.identities}); err != nil {
		return withHint(fmt.Errorf("cannot read the vault: %w", err), "a vault that has problems is not pruned: telekeep verify lists them")
	}
	if p.snapshot, err = archive.OpenSnapshot(ctx, p.reader, archive.SnapshotOptions{}); err != nil {
		return fmt.Errorf("cannot read the archive: %w", err)
	}
	return nil
}

// judge finds out which files the rules leave out, and which chunks all others need.
func (p *pruner) judge(ctx context.Context) (err error) {
	if p.unwanted, err = telegram.FindUnwanted(ctx, p.snapshot, rulesOf(p.config)); err != nil {
		return err
	}
	out := make(map[archive.MediaKey]bool, len(p.unwanted.Files))
	for _, f := range p.unwanted.Files {
		out[f.Key] = true
	}
	pruned, err := p.snapshot.Pruned(ctx)
	if err != nil {
		return err
	}
	for _, f := range pruned {
		out[f.Key] = !p.unwanted.Chooses(f.Key) // else the rules choose it again, and only there it is
	}
	p.wanted = make(map[crypto.ID]bool)
	for rec, err := range p.snapshot.Records(ctx) {
		if err != nil {
			return fmt.Errorf("cannot read the archive: %w", err)
		}
		if rec.Kind != archive.KindMedia || out[rec.Media.Key] {
			continue
		}
		for _, text := range rec.Media.Chunks {
			id, err := crypto.ParseID(text)
			if err != nil {
				return fmt.Errorf("record of media %s: %w", rec.Media.Key, err)
			}
			p.wanted[id] = true
		}
	}
	partial, err := p.backup.archive.PartialChunks()
	for _, id := range partial {
		p.wanted[id] = true
	}
	return err
}

func (p *pruner) needs(id crypto.ID) bool { return p.wanted[id] }

func (p *pruner) writer() string { return p.backup.secrets.WriterID }

func (p *pruner) planned(ctx context.Context) (*chunkstore.PrunePlan, *pruneReport, error) {
	if err := p.open(ctx); err != nil {
		return nil, nil, err
	}
	if err := p.judge(ctx); err != nil {
		return nil, nil, err
	}
	plan, err := p.reader.PlanPrune(chunkstore.PruneOptions{Writer: p.writer(), Wanted: p.needs, MaxUnused: p.maxUnused})
	if err != nil {
		return nil, nil, err
	}
	r := &pruneReport{
		Files: len(p.unwanted.Files), Bytes: p.unwanted.Bytes, Unsure: p.unwanted.Unsure, Groups: groupUnwanted(p.unwanted.Files),
		Unused: len(plan.Unused), Repack: len(plan.Repack), Stay: plan.Stay, MoveBytes: plan.MoveBytes, FreedBytes: plan.FreedBytes(), LeftBytes: plan.Unwanted,
	}
	return plan, r, nil
}

func groupUnwanted(files []telegram.UnwantedFile) []pruneGroup {
	groups := map[pruneGroup]*pruneGroup{}
	for _, f := range files {
		key := pruneGroup{Kind: cmp.Or(f.Kind, "unknown"), Reason: f.Reason}
		g := groups[key]
		if g == nil {
			g = &pruneGroup{Kind: key.Kind, Reason: key.Reason}
			groups[key] = g
		}
		g.Files, g.Bytes = g.Files+1, g.Bytes+f.Size
	}
	list := make([]pruneGroup, 0, len(groups))
	for _, g := range groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b pruneGroup) int {
		return cmp.Or(-cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// plan says what would be done.
func (p *pruner) plan(ctx context.Context) (*pruneReport, error) {
	_, r, err := p.planned(ctx)
	if err != nil {
		return nil, err
	}
	r.Copies, err = p.eachCopy(ctx, func(c *pruneCopy, _ *chunkstore.Reader, _ chunkstore.Remover) error { return nil })
	return r, err
}

// quarantine takes out what the rules leave out. All of it is one commit: before it
// nothing has changed, behind it everything has.
func (p *pruner) quarantine(ctx context.Context) (*pruneReport, error) {
	plan, r, err := p.planned(ctx)
	if err != nil {
		return nil, err
	}
	state, err := p.unwanted.State()
	if err != nil {
		return nil, err
	}
	exports, err := desktop.Forget(desktop.Into(p.backup.archive)) // one that is imported again is to bring its files
	if err != nil {
		return nil, err
	}
	maps.Copy(state, exports)
	bar := p.app.ui.progress("storing once more what is kept", p.app.now())
	err = p.reader.Repack(ctx, p.backup.store, plan, func(done, total int64) { bar.show(p.app.now(), done, total, "chunks") })
	bar.end()
	if err != nil {
		return nil, fmt.Errorf("cannot store once more what is kept: %w", err)
	}
	files := make([]*archive.MediaFile, len(p.unwanted.Files))
	for i, f := range p.unwanted.Files {
		files[i] = f.MediaFile
	}
	if err := p.backup.archive.PruneMedia(ctx, files, "the rules leave it out", state); err != nil {
		return nil, fmt.Errorf("cannot take files out: %w", err)
	}
	if err := p.commit(ctx); err != nil {
		return nil, err
	}
	r.Copies, err = p.eachCopy(ctx, func(*pruneCopy, *chunkstore.Reader, chunkstore.Remover) error { return nil })
	return r, err
}

// commit commits what the archive has, and what only the store has.
func (p *pruner) commit(ctx context.Context) error {
	if _, err := p.backup.archive.CommitAll(ctx); err != nil {
		return fmt.Errorf("cannot commit: %w", err)
	}
	return nil
}

// undo takes back what was taken out and lies there still.
func (p *pruner) undo(ctx context.Context) (*pruneReport, error) {
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	packs, err := p.reader.Retired(ctx, p.backup.copies, p.writer())
	if err != nil {
		return nil, err
	}
	if err := p.reader.Reinstate(ctx, p.backup.store, packs); err != nil {
		return nil, fmt.Errorf("cannot take packs back: %w", err)
	}
	pruned, err := p.snapshot.Pruned(ctx)
	if err != nil {
		return nil, err
	}
	r := &pruneReport{}
	pruned = slices.DeleteFunc(pruned, func(f *archive.MediaFile) bool { return !p.isThere(ctx, f) })
	for _, f := range pruned {
		r.Files, r.Bytes = r.Files+1, r.Bytes+f.Size
	}
	if err := p.backup.archive.ReinstateMedia(ctx, pruned); err != nil {
		return nil, fmt.Errorf("cannot take files back: %w", err)
	}
	return r, p.commit(ctx)
}

// isThere reports whether every chunk of a file can be read.
func (p *pruner) isThere(ctx context.Context, f *archive.MediaFile) bool {
	return !slices.ContainsFunc(f.Chunks, func(text string) bool {
		id, err := crypto.ParseID(text)
		if err == nil {
			_, err = p.reader.Chunk(ctx, id)
		}
		return err != nil
	})
}

// delete deletes what was taken out before a moment, copy by copy.
func (p *pruner) delete(ctx context.Context, before time.Time) (*pruneReport, error) {
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	if err := p.judge(ctx); err != nil {
		return nil, err
	}
	bar := p.app.ui.progress("reading what was stored instead", p.app.now())
	defer bar.end()
	copies, err := p.eachCopy(ctx, func(c *pruneCopy, r *chunkstore.Reader, dst chunkstore.Remover) (err error) {
		o := chunkstore.DeleteOptions{
			Writer: p.writer(), Wanted: p.needs, Before: before, All: p.reader,
			Progress: func(done, total int64) { bar.show(p.app.now(), done, total, "") },
		}
		c.Deleted, c.DeletedBytes, err = r.DeleteRetired(ctx, dst, o)
		if errors.Is(err, chunkstore.ErrTooEarly) {
			c.Waits = "they must lie for longer (--keep), and another commit must have followed"
			return nil
		}
		if errors.Is(err, chunkstore.ErrStillNeeded) {
			return withHint(err, "the rules choose files again that were taken out: prune --undo takes them back, or a sync fetches them again")
		}
		return err
	})
	return &pruneReport{Copies: copies}, err
}

// eachCopy goes over the copies of the vault, and counts what lies retired there. One that
// is away, or from which nothing can be removed, waits.
func (p *pruner) eachCopy(ctx context.Context, visit func(*pruneCopy, *chunkstore.Reader, chunkstore.Remover) error) ([]pruneCopy, error) {
	copies := []pruneCopy{}
	for _, one := range p.config.AllCopies() {
		c := pruneCopy{Copy: one.Name}
		d, err := p.app.openPlace(ctx, p.config, one)
		if err != nil {
			c.Waits = printable(oneLine(err))
			copies = append(copies, c)
			continue
		}
		err = p.oneCopy(ctx, &c, d, visit)
		if err := errors.Join(err, d.Close()); err != nil {
			return nil, fmt.Errorf("copy %s: %w", one.Name, err)
		}
		copies = append(copies, c)
	}
	return copies, nil
}

func (p *pruner) oneCopy(ctx context.Context, c *pruneCopy, d driver, visit func(*pruneCopy, *chunkstore.Reader, chunkstore.Remover) error) error {
	r, err := chunkstore.OpenReader(ctx, d, chunkstore.ReaderOptions{Identities: p.identities})
	if err != nil {
		return err
	}
	packs, err := r.Retired(ctx, d, p.writer())
	if err != nil {
		return err
	}
	c.Retired = len(packs)
	for _, pack := range packs {
		c.RetiredBytes += pack.Size
	}
	remover, ok := d.(chunkstore.Remover)
	if !ok {
		c.Waits = "nothing can be removed from it"
		return nil
	}
	return visit(c, r, remover)
}
