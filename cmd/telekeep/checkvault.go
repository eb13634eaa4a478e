package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"telekeep/chunkstore"
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

// checkSpace looks at the room that is left for the vault and for the state.
func checkSpace(ctx context.Context, p *patient) []finding {
	if p.config == nil {
		return noSettings()
	}
	vault := room(ctx, "vault", p.config.Vault, p.config.Alarm.ReserveBytes)
	if vault.State == findingOK {
		if perDay, days := p.app.growth(ctx, p.config); perDay > 0 {
			left := time.Duration(float64(p.vault.Free) / float64(perDay) * float64(24*time.Hour))
			vault.Text += fmt.Sprintf("; it grew by %s a day in the last %d days: enough for %s", size(perDay), days, inYears(left))
			if left < p.config.Alarm.DiskTime {
				vault.State, vault.Hint = findingWarning, "make room, or move the vault to a larger drive: telekeep works with it wherever vault in the settings file says"
			}
		}
	}
	// Between two commits the journal holds what was fetched.
	return []finding{vault, room(ctx, "state", p.config.State, max(leastFree, p.config.Commit.EveryBytes))}
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
		return []finding{failing(exitVault, hint, "%s", v.Problem).of(v.Path)}
	}
	all := []finding{p.proved().of(v.Path)}
	return append(all, warning("let another program carry the vault's folder to another place now and then: nothing in it is ever changed, only added",
		"there is one copy only: if it is lost, the backup is"))
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
