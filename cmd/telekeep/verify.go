package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
)

// A verifyReport is what verify --json prints.
type verifyReport struct {
	Vault    string        `json:"vault"`
	Copy     string        `json:"copy,omitempty"` // where there are several
	Deep     bool          `json:"deep"`
	Commits  int           `json:"commits"`
	Packs    int           `json:"packs"`
	Bytes    int64         `json:"bytes"`
	Chunks   int64         `json:"chunks,omitempty"`   // deep, or with the writer's key
	Records  int64         `json:"records,omitempty"`  // deep
	Messages int64         `json:"messages,omitempty"` // deep
	Media    int64         `json:"media,omitempty"`    // deep
	Problems []problemLine `json:"problems"`
	Notices  []problemLine `json:"notices"` // worth knowing, and no problem
	Orphans  []string      `json:"orphans"` // no commit names them: left by an interrupted run, or by a writer at work
	Seconds  float64       `json:"seconds"`
	OK       bool          `json:"ok"`

	at       time.Time // when it began, where that matters: it may have taken weeks
	byDaemon bool
}

type problemLine struct {
	Kind   string `json:"kind"`
	Object string `json:"object"`
	Detail string `json:"detail"`
}

func describeProblem(p *chunkstore.Problem) problemLine {
	detail := p.Detail
	if detail == string(chunkstore.ProblemMissing) {
		detail = "it is not there"
	}
	if p.Lost != "" {
		detail += "; lost with it: " + p.Lost
	}
	return problemLine{string(p.Kind), p.Object, detail}
}

func (a *app) verifyCommand() *cobra.Command {
	var o verifyOptions
	var d drillOptions
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that the vault is whole",
		Long: `Checks, with no key, every pack's hash, every signature, the chain of commits and,
with this machine's own key, the index against the packs and the head of the chain
against the one remembered here.

With --deep and an owner key it also decrypts everything, recomputes the id of
every chunk and replays the archive.

Where the settings name several copies it looks at the first that is there and lacks
nothing; --copy chooses one, --all looks at each.

With --drill and an owner key it does what a restore does, with a sample that is chosen
anew each time: from each copy it puts random files together and compares them with the hash
that was stored with them, and decrypts and decodes the records. It keeps nothing of it. If
all of it is as it was stored, that day counts as the last on which the copy was proved to be
restorable: status shows it, and telekeep daemon says so when it is long ago ([alarm] drill).
The daemon itself has no key that opens the vault and can try nothing. A whole telekeep restore
from one copy counts as well.

With --heal it compares all copies that are there, with no key, and makes whole what one
of them has whole: a file that is damaged, cut short or missing is fetched from a copy that
has it good, checked, and put in its place. What is not good is never copied, and what
is good never touched. It ends with exit code 0 if everything is whole now, with 4 if
something is left that no copy has good, and with 7 if fewer than two copies can be reached.

With --head it also wants a commit to be there that somebody wrote down: telekeep status and
hooks show the newest one. A vault that was set back to before it is told apart then
by whoever has nothing else to compare it with.`,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.heal && (o.deep || o.all || o.keys.given() || o.head != "" || a.vault != "" || a.copy != ""):
				return usageError(c, "--heal looks at every copy of the settings, and needs no key: give it alone, or with --json")
			case o.drill && (o.deep || o.heal || o.all || o.head != ""):
				return usageError(c, "--drill restores a sample from each copy: give it with a key, and with --copy or --vault for one alone")
			case !o.drill && (c.Flags().Changed("sample") || c.Flags().Changed("messages")):
				return usageError(c, "--sample and --messages say how much --drill restores")
			case o.drill:
				d.keys, d.asJSON = o.keys, o.asJSON
				return a.drill(c.Context(), d)
			case o.heal:
				return a.heal(c.Context(), o.asJSON)
			case o.keys.given() && !o.deep:
				return usageError(c, "a key is only used with --deep and --drill")
			case o.all && (a.vault != "" || a.copy != ""):
				return usageError(c, "--all looks at each copy of the settings: give it without --copy and --vault")
			}
			if o.head != "" {
				if err := chunkstore.CheckHeadText(o.head); err != nil {
					return usageError(c, "--head: "+err.Error())
				}
			}
			return a.verify(c.Context(), o)
		},
	}
	a.registerVault(c)
	o.keys.register(c)
	c.Flags().BoolVar(&o.deep, "deep", false, "decrypt and recompute everything; needs -i")
	c.Flags().BoolVar(&o.drill, "drill", false, "restore a random sample from each copy; needs -i")
	c.Flags().StringVar(&d.sample, "sample", drillSample, "with --drill: about this `size` of files")
	c.Flags().IntVar(&d.messages, "messages", drillMessages, "with --drill: this many versions of messages")
	c.Flags().BoolVar(&o.all, "all", false, "look at each copy of the settings")
	c.Flags().BoolVar(&o.heal, "heal", false, "make whole, at all copies of the settings, what one of them has whole")
	c.Flags().StringVar(&o.head, "head", "", "a `commit` that must be there, as telekeep status shows it")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// verifyOptions are the flags of verify.
type verifyOptions struct {
	keys            keyFlags
	deep, all, heal bool
	drill           bool
	head            string // of a commit that must be there; "" for none
	asJSON          bool
}

func (a *app) verify(ctx context.Context, o verifyOptions) error {
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	v := chunkstore.VerifyOptions{Witness: o.head}
	if o.deep {
		if v.Identities, err = a.identities(o.keys); err != nil {
			return err
		}
	}
	if o.all {
		return a.verifyAll(ctx, cfg, v, o.asJSON)
	}
	report, failed := a.verifyOne(ctx, cfg, a.copyToVerify(ctx, cfg), v)
	if report == nil {
		return failed
	}
	if err := a.printVerify(report, o.asJSON); err != nil {
		return err
	}
	return verifyFailure(report, failed)
}

// copyToVerify is the copy that is looked at where nobody chose one.
func (a *app) copyToVerify(ctx context.Context, cfg *config.Config) config.Copy {
	all := cfg.AllCopies()
	if len(all) > 1 {
		if d, err := a.openAny(ctx, cfg); err == nil {
			_ = d.Close() // nothing was written
			return d.Copy
		}
	}
	return all[0]
}

// verifyOne looks at one copy. The report is nil where there is nothing to report: wrong
// key, interrupt. The error is why it came to no end; what it found is in the report.
func (a *app) verifyOne(ctx context.Context, cfg *config.Config, one config.Copy, o chunkstore.VerifyOptions) (*verifyReport, error) {
	start := a.now()
	several := len(cfg.AllCopies()) > 1
	cfg = onlyCopy(cfg, one)
	report, err := a.verifyVault(ctx, cfg, one, o)
	if err == nil && report.Deep {
		err = a.replay(ctx, cfg, o, report)
	}
	if ctx.Err() != nil || errors.Is(err, crypto.ErrWrongKey) {
		return nil, err
	}
	if err != nil {
		report.impossible(err)
	}
	report.Seconds = a.now().Sub(start).Seconds()
	if several || a.copy != "" {
		report.Copy = one.Name
	}
	if err == nil {
		a.saveProof(cfg, one.Name, report)
	}
	return report, err
}

// A verifyAllReport is what verify --all --json prints.
type verifyAllReport struct {
	Copies []*verifyReport `json:"copies"`
	OK     bool            `json:"ok"` // of each
}

// verifyAll looks at each copy. One that is away keeps nobody from looking at the others.
func (a *app) verifyAll(ctx context.Context, cfg *config.Config, o chunkstore.VerifyOptions, asJSON bool) error {
	all := &verifyAllReport{Copies: []*verifyReport{}, OK: true}
	var failures []error
	for _, one := range cfg.AllCopies() {
		report, err := a.verifyOne(ctx, cfg, one, o)
		if report == nil {
			return err
		}
		all.Copies, all.OK = append(all.Copies, report), all.OK && report.OK
		if !asJSON {
			a.printf("copy %s:\n", one.Name)
			if err := a.printVerify(report, false); err != nil {
				return err
			}
		}
		if err := verifyFailure(report, err); err != nil {
			code, hint := classify(err)
			failures = append(failures, &failure{code: code, err: fmt.Errorf("copy %s: %w", one.Name, err), hint: hint})
		}
	}
	if asJSON {
		failures = append(failures, a.ui.json(all))
	}
	return errors.Join(failures...)
}

// impossible notes why the vault could not be checked to the end.
func (r *verifyReport) impossible(err error) {
	line := problemLine{"unreadable", "vault.json", err.Error()}
	if errors.Is(err, chunkstore.ErrNoVault) {
		line.Kind = "missing"
	} else if errors.Is(err, crypto.ErrDamaged) {
		line.Kind = "damaged"
	}
	r.Problems, r.OK = append(r.Problems, line), false
}

// verifyFailure is how a verification ends: err is why it could not be done.
func verifyFailure(r *verifyReport, err error) error {
	const unchanged = "what is damaged here may be whole on another copy; nothing was changed"
	switch {
	case err != nil && errors.Is(err, crypto.ErrDamaged):
		return &failure{code: exitProblems, err: err, hint: unchanged}
	case err != nil:
		return err
	case !r.OK:
		return &failure{code: exitProblems, err: fmt.Errorf("the vault has %s", plural(len(r.Problems), "problem", "problems")), hint: unchanged}
	}
	return nil
}

// verifyVault returns a report in any case; with an error it is an empty one.
func (a *app) verifyVault(ctx context.Context, cfg *config.Config, one config.Copy, o chunkstore.VerifyOptions) (*verifyReport, error) {
	report := &verifyReport{Deep: len(o.Identities) > 0, Problems: []problemLine{}, Notices: []problemLine{}, Orphans: []string{}}
	secrets, head, where := a.remember(ctx, cfg)
	o.Secrets = secrets
	if head.Vault != "" {
		var behind *problemLine
		if o.Heads, behind = where.mustHave(one.Name, head); behind != nil {
			report.Notices = append(report.Notices, *behind)
		}
	}
	dst, err := a.openPlace(ctx, cfg, one)
	if err != nil {
		return report, err
	}
	defer dst.Close()
	label := "verify"
	if one.Name != config.VaultCopy {
		label += " " + one.Name
	}
	bar := a.ui.progress(label, a.now())
	o.Progress = func(done, total int64) { bar.show(a.now(), done, total, size(done)) }
	found, err := chunkstore.Verify(ctx, dst, o)
	bar.end()
	if err != nil {
		return report, fmt.Errorf("cannot verify the vault: %w", err)
	}
	report.Vault, report.Commits, report.Packs, report.Bytes = found.Vault, found.Commits, found.Packs, found.Bytes
	report.Chunks, report.OK = found.Chunks, found.OK()
	report.Orphans = append(report.Orphans, found.Orphans...)
	for _, p := range found.Problems {
		report.Problems = append(report.Problems, describeProblem(p))
	}
	for _, p := range found.Notices {
		report.Notices = append(report.Notices, describeProblem(p))
	}
	report.Deep = found.Deep
	return report, nil
}

// remember is what this machine knows of the vault, and may be nothing of it. It is a help and
// no need: another machine verifies without.
func (a *app) remember(ctx context.Context, cfg *config.Config) (secrets *chunkstore.WriterSecrets, head chunkstore.Head, where safeAt) {
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			a.ui.warn("%v; the index is not compared with the packs", err)
		}
		return nil, head, where
	}
	head, where, err = ownHead(ctx, cfg)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.ui.warn("the local state %s cannot be read: a vault that was set back to an older one would not be noticed; the next sync mends it or says what is wrong", statePath(cfg))
	}
	return secrets, head, where
}

// replay reads every record, as a restore would, and checks that every file they
// speak of can be put together.
func (a *app) replay(ctx context.Context, cfg *config.Config, o chunkstore.VerifyOptions, report *verifyReport) error {
	r, err := a.openForRestore(ctx, cfg, o.Identities)
	if err != nil {
		return err
	}
	defer r.Close()
	found, err := r.snapshot.Check(ctx)
	if err != nil {
		return fmt.Errorf("cannot replay the archive: %w", err)
	}
	report.Records, report.Messages, report.Media = int64(found.Records), int64(found.Messages), int64(found.Media)
	for _, p := range found.Problems {
		report.Problems = append(report.Problems, problemLine{lostKind, p.Object, p.Err.Error()})
		report.OK = false
	}
	return nil
}

func (a *app) printVerify(r *verifyReport, asJSON bool) error {
	if asJSON {
		return a.ui.json(r)
	}
	put := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	if r.Vault == "" {
		return nil // the error says why there was nothing to check
	}
	for _, p := range r.Problems {
		put("%s: %s: %s", p.Kind, p.Object, p.Detail)
	}
	for _, n := range r.Notices {
		put("notice: %s: %s", n.Object, n.Detail)
	}
	whole := "vault"
	if r.Copy != "" {
		whole = "copy " + r.Copy + " of vault"
	}
	put("%s %s: %s, %s, %s read in %.1f s", whole, r.Vault, plural(r.Commits, "commit", "commits"), plural(r.Packs, "pack", "packs"), size(r.Bytes), r.Seconds)
	if r.Deep {
		put("decrypted %s; replayed %s: %s, %s", plural(r.Chunks, "chunk", "chunks"), plural(r.Records, "record", "records"), plural(r.Messages, "message", "messages"), plural(r.Media, "file", "files"))
	}
	if n := plural(len(r.Orphans), "file", "files"); len(r.Orphans) > 0 && r.OK {
		put("%s no commit names: left by an interrupted run, or by a writer at work; they do no harm", n)
	} else if len(r.Orphans) > 0 {
		put("%s no readable commit names: keep them, they may belong to what is damaged", n)
	}
	if r.OK {
		put("no problem found")
	}
	return nil
}
