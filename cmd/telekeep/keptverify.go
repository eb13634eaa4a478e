package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"telekeep/chunkstore"
	"telekeep/daemon"
)

// A verifyPlace is where a verification of a copy is, and what it found so far.
type verifyPlace struct {
	Vault    string        `json:"vault"`
	Begun    time.Time     `json:"begun"`
	After    string        `json:"after"`              // the last pack that was read
	Problems []problemLine `json:"problems,omitempty"` // of those packs
}

// placeProblems bounds how many problems are kept: one is enough to say that there are any.
const placeProblems = 100

// readVerifyPlace reads one that was written for this vault; else the beginning.
func readVerifyPlace(text, vault string, now time.Time) (*verifyPlace, chunkstore.Hash) {
	p := new(verifyPlace)
	if text != "" && json.Unmarshal([]byte(text), p) == nil && p.Vault == vault {
		if after, err := chunkstore.ParseHash(p.After); err == nil {
			return p, after
		}
	}
	return &verifyPlace{Vault: vault, Begun: now}, chunkstore.Hash{}
}

// reached notes a pack, and returns the place as a text.
func (p *verifyPlace) reached(pack chunkstore.Hash, problem *chunkstore.Problem) string {
	p.After = pack.String()
	if problem != nil && len(p.Problems) < placeProblems {
		p.Problems = append(p.Problems, describeProblem(problem))
	}
	text, _ := json.Marshal(p) // strings, numbers and a time
	return string(text)
}

// Verify reads a whole copy, one file after the other and for a quarter of the time, so
// that nobody notices it. It goes on where an earlier one stopped.
func (v *keptVault) Verify(ctx context.Context, o daemon.Verification) (daemon.Verified, error) {
	one, err := pickCopy(v.config, o.Copy)
	if err != nil {
		return daemon.Verified{}, err
	}
	cfg := onlyCopy(v.config, one)
	dst, err := v.app.openPlace(ctx, cfg, one)
	if err != nil {
		return daemon.Verified{}, err
	}
	defer dst.Close() // nothing was written
	vault, err := chunkstore.ReadVault(ctx, dst)
	if err != nil {
		return daemon.Verified{}, fmt.Errorf("cannot verify the vault: %w", err)
	}
	start := v.app.now()
	place, after := readVerifyPlace(o.Place, vault.ID, start.UTC())
	earlier := slices.Clone(place.Problems)
	var bytes int64 // with those of earlier parts
	reading := chunkstore.VerifyOptions{Workers: 1, After: after, Progress: func(done, total int64) { bytes = done; o.Progress(done, total) }}
	read := newPacksRead(cfg, vault.ID, one.Name, v.app.now)
	reading.Reached = func(pack chunkstore.Hash, problem *chunkstore.Problem) {
		read.add(ctx, pack, problem)
		o.Reached(place.reached(pack, problem))
	}
	secrets, head, where := v.app.remember(ctx, cfg)
	reading.Secrets = secrets
	if head.Vault != "" {
		reading.Heads, _ = where.mustHave(one.Name, head) // that a copy is behind is told beside
	}
	found, err := chunkstore.Verify(ctx, gentle{dst}, reading)
	if err != nil {
		return daemon.Verified{}, fmt.Errorf("cannot verify the vault: %w", err)
	}
	report := &verifyReport{
		Vault: found.Vault, Commits: found.Commits, Packs: found.Packs, Bytes: bytes, Seconds: v.app.now().Sub(start).Seconds(),
		Problems: earlier, at: place.Begun, byDaemon: true,
	}
	for _, p := range found.Problems {
		report.Problems = append(report.Problems, describeProblem(p))
	}
	if err := read.flush(ctx); err != nil {
		v.app.ui.warn("%v", err)
	}
	done := v.heal(ctx, one.Name, report)
	report.OK = len(report.Problems) == 0
	result := daemon.Verified{Problems: len(report.Problems) + len(done)}
	if !report.OK {
		first := report.Problems[0]
		result.Detail = printable(first.Kind + ": " + first.Object)
	} else if len(done) > 0 {
		result.Detail = printable(done[0].Kind + ": " + done[0].Object + ", which was healed from another copy: somebody did that, or put an old state back")
	}
	v.app.saveProof(v.config, one.Name, report)
	return result, nil
}

// heal makes whole what another copy has whole, where there are several, and drops it from
// what was found. That it cannot be done now is no reason not to tell what was found. It
// returns what was healed and is no work of a failing drive: a person has to be told.
func (v *keptVault) heal(ctx context.Context, name string, report *verifyReport) (done []problemLine) {
	if len(v.config.AllCopies()) < 2 {
		return nil
	}
	suspects := make(map[string]bool)
	for _, p := range report.Problems {
		suspects[p.Object] = true
	}
	found, err := v.copies.heal(ctx, suspects)
	if err != nil {
		v.app.ui.warn("the copies could not be compared: %v", err)
		return nil
	}
	report.Problems = slices.DeleteFunc(report.Problems, func(p problemLine) bool {
		mended := found.Mended(name, p.Object)
		switch chunkstore.ProblemKind(p.Kind) {
		case chunkstore.ProblemForged, chunkstore.ProblemRollback, chunkstore.ProblemOtherVault:
			if mended {
				done = append(done, p)
			}
		}
		return mended
	})
	return done
}

// A gentle destination rests after each read for three times as long as that took.
type gentle struct{ chunkstore.Destination }

// restMost is how long one rest may be: a read that hung is no reason to rest for hours.
const restMost = 5 * time.Second

func (g gentle) rest(ctx context.Context, start time.Time) { restFor(ctx, time.Since(start)) }

// restFor rests for three times as long as something took.
func restFor(ctx context.Context, took time.Duration) {
	timer := time.NewTimer(min(3*took, restMost))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (g gentle) ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error) {
	defer g.rest(ctx, time.Now()) //nolint:forbidigo // measures only
	return g.Destination.ReadAt(ctx, name, p, off)
}

func (g gentle) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := g.Destination.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return &gentleReader{ReadCloser: r, ctx: ctx, by: g}, nil
}

type gentleReader struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // of the Get that made it: Read has none
	by  gentle
}

func (r *gentleReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	defer r.by.rest(r.ctx, time.Now()) //nolint:forbidigo // measures only
	return r.ReadCloser.Read(p)
}
