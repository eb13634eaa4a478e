package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/chunkstore/destination/local"
	"telekeep/config"
)

// leastFree is how much room there must be to store anything: two packs.
const leastFree = 64 << 20

// Growth is measured over the commits of this long, once there are some of a week.
const (
	growthWindow = 30 * 24 * time.Hour
	growthLeast  = 7 * 24 * time.Hour
)

// checkSpace looks at the room that is left for each copy and for the state.
func checkSpace(ctx context.Context, p *patient) []finding {
	if p.config == nil {
		return noSettings()
	}
	var all []finding
	perDay, days := p.app.growth(ctx, p.config)
	for i, one := range p.config.AllCopies() {
		f, free := p.roomOf(ctx, one, i)
		if f.State == findingOK && perDay > 0 && free >= 0 {
			left := time.Duration(float64(free) / float64(perDay) * float64(24*time.Hour))
			f.Text += fmt.Sprintf("; it grew by %s a day in the last %d days: enough for %s", size(perDay), days, inYears(left))
			if left < p.config.Alarm.DiskTime {
				f.State, f.Hint = findingWarning, "make room, or move the vault to a larger drive: telekeep works with it wherever the settings file says"
			}
		}
		all = append(all, f)
	}
	// Between two commits the journal holds what was fetched; while no copy is there, the
	// spool does.
	return append(all, room(ctx, "state", p.config.State, max(leastFree, p.config.Commit.EveryBytes)))
}

// roomOf looks at the room for one copy; free is -1 if nobody knows.
func (p *patient) roomOf(ctx context.Context, one config.Copy, i int) (f finding, free int64) {
	free = -1
	if i < len(p.copies) {
		free = p.copies[i].Free
	}
	if one.Where.Kind == config.KindFolder {
		return room(ctx, one.Name, one.Where.Path, p.config.Alarm.ReserveBytes), free
	}
	switch {
	case free < 0:
		f = skipped("it does not say how much room it has")
	case free < leastFree:
		f = failing(exitNoSpace, "make room there", "%s are free: nothing more can be stored", size(free))
	case free < p.config.Alarm.ReserveBytes:
		f = warning("make room there", "only %s are free", size(free))
	default:
		f = ok("%s are free", size(free))
	}
	return f.of(one.Name), free
}

// room looks at the disk that holds dir; or will, if it is not made yet.
func room(ctx context.Context, subject, dir string, little int64) finding {
	dst, err := local.Open(dir)
	if errors.Is(err, fs.ErrNotExist) && subject == "state" {
		dst, err = local.Open(filepath.Dir(dir))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return skipped("%s is not there", dir).of(subject)
	}
	if err != nil {
		return failed(fmt.Errorf("cannot open %s: %w", dir, err)).of(subject)
	}
	defer dst.Close()
	free, err := dst.Free(ctx)
	if err != nil {
		return failed(fmt.Errorf("cannot tell how much room there is: %w", err)).of(subject)
	}
	if err := unix.Access(dir, unix.W_OK); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f := failed(fmt.Errorf("%s cannot be written to: %w", dir, err))
		return f.of(subject)
	}
	const hint = "free some space on the disk that holds it"
	switch {
	case free < leastFree:
		return failing(exitNoSpace, hint, "%s are free: nothing more can be stored", size(free)).of(subject)
	case free < little:
		return warning(hint, "only %s are free", size(free)).of(subject)
	}
	return ok("%s are free", size(free)).of(subject)
}

// growth is how many bytes a day the vault grows by, over how many days; 0 if there is
// too little to tell.
func (a *app) growth(ctx context.Context, cfg *config.Config) (perDay int64, days int) {
	dst, err := a.openAny(ctx, cfg)
	if err != nil {
		return 0, 0
	}
	defer dst.Close()
	commits, _, err := chunkstore.Commits(ctx, dst)
	if err != nil {
		return 0, 0
	}
	return grown(commits, a.now())
}

func grown(commits []*chunkstore.Commit, now time.Time) (perDay int64, days int) {
	if len(commits) == 0 {
		return 0, 0
	}
	first := commits[0].Time
	span := min(now.Sub(first), growthWindow)
	if span < growthLeast {
		return 0, 0
	}
	var bytes int64
	for _, c := range commits[1:] { // the first holds all that was there before
		if now.Sub(c.Time) <= span {
			bytes += commitBytes(c)
		}
	}
	return int64(float64(bytes) / span.Hours() * 24), int(span.Hours() / 24)
}

// inYears says how long that is, roughly.
func inYears(d time.Duration) string {
	days := int64(d.Hours() / 24)
	switch {
	case d < 0 || days > 20*365: // also what is too long for a Duration
		return "decades"
	case days > 2*365:
		return fmt.Sprintf("%d years", days/365)
	}
	return plural(days, "day", "days")
}

// checkCopies looks at every place that holds the vault.
func checkCopies(_ context.Context, p *patient) []finding {
	if p.config == nil {
		return noSettings()
	}
	v := p.vault
	if v.Problem != "" {
		hint := "run telekeep verify to see what is wrong"
		switch {
		case v.ID == "":
			_, hint = classify(chunkstore.ErrNoVault)
		case p.secrets != nil && p.secrets.VaultID != v.ID:
			_, hint = classify(chunkstore.ErrOtherVault)
		}
		all := []finding{failing(exitVault, hint, "%s", v.Problem).of(v.Path)}
		return append(all, p.others()...)
	}
	all := append([]finding{p.proved().of(v.Path)}, p.others()...)
	if len(p.config.AllCopies()) > 1 {
		return append(all, p.waits()...)
	}
	return append(all, warning("telekeep copy add keeps it at a second place too: a drive, a NAS, a bucket",
		"there is one copy only: if it is lost, the backup is"))
}

// others says how each copy is, where there are several; of an only one what is wrong
// with it and does not show in the vault.
func (p *patient) others() []finding {
	if len(p.copies) < 2 && !slices.ContainsFunc(p.copies, wrongCopy) {
		return nil
	}
	var all []finding
	for _, s := range p.copies {
		var f finding
		switch copies.State(s.State) {
		case copies.Current:
			f = ok("it holds everything; verified: %s", verifiedInWords(s.Verified.Files))
			if s.Verified.Files == nil || p.app.now().Sub(s.Verified.Files.Time) > p.config.Alarm.VerifyTime {
				f = warning("telekeep verify --copy "+s.Name, "it holds everything; it was last verified: %s", verifiedInWords(s.Verified.Files))
			} else if s.Verified.Files.Problems > 0 {
				f = failing(exitProblems, "telekeep verify --copy "+s.Name+" says what is wrong", "when it was last verified, %s found", plural(s.Verified.Files.Problems, "problem was", "problems were"))
			}
		case copies.Behind:
			f = warning("telekeep copy sync "+s.Name, "it lacks the newest commits")
		case copies.Away:
			f = warning(s.Hint, "it is away: %s", s.Error)
		default:
			f = failing(exitVault, s.Hint, "it is %s: %s", s.State, s.Error)
		}
		all = append(all, f.of("copy "+s.Name))
	}
	return all
}

// waits says what is kept on this machine because too few copies have it.
func (p *patient) waits() []finding {
	w := waiting(p.config)
	if w.Objects == 0 {
		return nil
	}
	return []finding{warning("bring a copy back: it gets what waits", "%s (%s) wait on this machine until enough copies have them; at most %s do", plural(w.Objects, "file", "files"),
		size(w.Bytes), size(p.config.Spool.MaxBytes))}
}

// proved says when the vault was last read back.
func (p *patient) proved() finding {
	v := p.vault
	const deep = "telekeep verify --deep -i KEY proves that it can be read"
	held := fmt.Sprintf("vault %s with %s", v.ID, plural(v.Commits, "commit", "commits"))
	files := v.Verified.Files
	switch {
	case v.Damage != "":
		return failing(exitProblems, "run telekeep verify to see what is wrong", "%s", v.Damage)
	case v.Commits == 0:
		return ok("%s; nothing was backed up to it yet", held)
	case files == nil || files.Vault != v.ID:
		return warning("run telekeep verify; "+deep, "%s; it was never verified", held)
	case p.app.now().Sub(files.Time) > p.config.Alarm.VerifyTime:
		return warning("run telekeep verify", "%s; it was last verified %s", held, moment(files.Time))
	case v.Verified.Deep == nil:
		return warning(deep, "%s, verified %s; it was never opened with an owner key", held, moment(files.Time))
	}
	return ok("%s, verified %s, opened with an owner key %s", held, moment(files.Time), moment(v.Verified.Deep.Time))
}
