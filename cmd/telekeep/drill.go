package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"telekeep/archive"
	"telekeep/config"
	"telekeep/crypto"
)

// A drillReport is what verify --drill --json prints.
type drillReport struct {
	Copies []*copyDrill `json:"copies"`
	OK     bool         `json:"ok"` // of each
}

// A copyDrill is what was restored from one copy.
type copyDrill struct {
	Copy       string        `json:"copy"`
	Vault      string        `json:"vault,omitempty"`
	Commits    int           `json:"commits"`
	Records    int           `json:"records"`  // all that there are: each was decrypted and decoded
	Files      int           `json:"files"`    // restored whole, with the hash that was stored
	FilesOf    int           `json:"files_of"` // that there are
	Bytes      int64         `json:"bytes"`    // of the restored files
	Messages   int           `json:"messages"` // versions of messages, restored
	MessagesOf int           `json:"messages_of"`
	Problems   []problemLine `json:"problems"`
	Error      string        `json:"error,omitempty"` // why it came to no end
	Seconds    float64       `json:"seconds"`
	OK         bool          `json:"ok"`
}

// drillOptions say how much is restored.
type drillOptions struct {
	keys     keyFlags
	sample   string // size of the files
	messages int
	asJSON   bool
}

// Defaults of a drill: some minutes over a slow line, and no nothing.
const (
	drillSample   = "256 MiB"
	drillMessages = 1000
)

// drill restores a random sample from each copy and keeps nothing of it.
func (a *app) drill(ctx context.Context, o drillOptions) error {
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	size, err := config.ParseSize(o.sample)
	if err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("--sample: %w", err)}
	}
	if o.messages < 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("--messages: %d is less than none", o.messages)}
	}
	ids, err := a.identities(o.keys)
	if err != nil {
		return err
	}
	all := &drillReport{Copies: []*copyDrill{}, OK: true}
	var failures []error
	several := len(cfg.AllCopies()) > 1
	for _, one := range cfg.AllCopies() {
		report, err := a.drillCopy(ctx, cfg, one, ids, archive.DrillOptions{Bytes: size, Messages: o.messages})
		if ctx.Err() != nil || errors.Is(err, crypto.ErrWrongKey) {
			return err
		}
		all.Copies, all.OK = append(all.Copies, report), all.OK && report.OK
		if !o.asJSON {
			a.printDrill(report)
		}
		if err == nil && !report.OK {
			err = &failure{
				code: exitProblems, err: fmt.Errorf("not everything that was tried can be restored: %s", plural(len(report.Problems), "problem", "problems")),
				hint: "telekeep verify --deep -i KEY looks at everything; another copy may have it whole",
			}
		}
		if err != nil {
			code, hint := classify(err)
			if several {
				err = fmt.Errorf("copy %s: %w", one.Name, err)
			}
			failures = append(failures, &failure{code: code, err: err, hint: hint})
		}
	}
	if o.asJSON {
		failures = append(failures, a.ui.json(all))
	}
	return errors.Join(failures...)
}

// drillCopy restores a sample from one copy, and remembers how that went. The error is why
// it came to no end; what cannot be restored is in the report.
func (a *app) drillCopy(ctx context.Context, cfg *config.Config, one config.Copy, ids []crypto.Identity, o archive.DrillOptions) (*copyDrill, error) {
	report := &copyDrill{Copy: one.Name, Problems: []problemLine{}}
	start := a.now()
	err := a.restoreSample(ctx, onlyCopy(cfg, one), len(cfg.AllCopies()) == 1, ids, o, report)
	report.Seconds = a.now().Sub(start).Round(time.Millisecond).Seconds()
	if err != nil {
		report.Error = printable(oneLine(err))
		return report, err
	}
	report.OK = len(report.Problems) == 0
	a.saveDrill(cfg, one.Name, drillProof{
		Vault: report.Vault, How: howDrill, Files: report.Files, Messages: report.Messages, Bytes: report.Bytes, Problems: len(report.Problems),
	})
	return report, nil
}

// restoreSample reads one copy. The newest commits that this machine remembers are wanted of
// the only copy: of several one may be behind, which others say.
func (a *app) restoreSample(ctx context.Context, cfg *config.Config, only bool, ids []crypto.Identity, o archive.DrillOptions, report *copyDrill) error {
	r, err := a.openSnapshot(ctx, cfg, ids, only, archive.SnapshotOptions{})
	if err != nil {
		return err
	}
	defer r.Close() // nothing was written
	report.Vault, report.Commits = r.reader.Vault().ID, len(r.reader.Commits())
	found, err := r.snapshot.Drill(ctx, o)
	if err != nil {
		return err
	}
	report.Records, report.Files, report.FilesOf, report.Bytes = found.Records, found.Media, found.MediaOf, found.Bytes
	report.Messages, report.MessagesOf = found.Messages, found.MessageOf
	for _, p := range r.reader.Faults() {
		report.Problems = append(report.Problems, describeProblem(p))
	}
	for _, p := range found.Problems {
		report.Problems = append(report.Problems, problemLine{lostKind, p.Object, p.Err.Error()})
	}
	return nil
}

func (a *app) printDrill(r *copyDrill) {
	if r.Error != "" {
		return // the error says it
	}
	lines := make([]problemLine, 0, len(r.Problems))
	lines = append(lines, r.Problems...)
	a.printLost(lines, len(lines))
	a.printf("copy %s: restored %s of %s (%s) and %s of %s; %s decoded, in %.1f s\n", r.Copy,
		count(r.Files), plural(r.FilesOf, "file", "files"), size(r.Bytes), count(r.Messages), plural(r.MessagesOf, "message", "messages"), plural(r.Records, "record", "records"), r.Seconds)
	switch {
	case r.Files+r.Messages+len(r.Problems) == 0:
		a.printf("there was nothing to restore yet: this proves nothing\n")
	case r.OK:
		a.printf("all of it is as it was stored; nothing of it was written to this machine's disk\n")
	}
}
