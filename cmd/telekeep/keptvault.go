package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
	"telekeep/daemon"
	"telekeep/telegram"
)

// A keptVault is the vault of the settings as the daemon sees it.
type keptVault struct {
	app    *app
	config *config.Config
}

// Open opens the vault to write. In a daemon commits are rarer than in a sync that
// somebody waits for: what was fetched is in the journal, on the disk.
func (v *keptVault) Open(ctx context.Context) (daemon.Session, error) {
	cfg := *v.config
	b, err := v.app.openForBackup(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	v.app.reportJournal(b)
	return &keptSession{app: v.app, config: &cfg, backup: b}, nil
}

// Look says whether the vault is there, and how much room it has.
func (v *keptVault) Look(ctx context.Context) []daemon.Look {
	look := daemon.Look{Copy: "vault", Free: -1}
	dst, err := openVault(v.config)
	if err == nil {
		defer dst.Close()
		if !isVault(v.config.Vault) {
			err = fmt.Errorf("the vault's folder holds no vault: %w", chunkstore.ErrNoVault)
		} else if free, freeErr := dst.Free(ctx); freeErr == nil {
			look.Free = free
		}
	}
	look.Err = err
	return []daemon.Look{look}
}

// Verify reads the whole vault, slowly.
func (v *keptVault) Verify(ctx context.Context, progress func(done, total int64)) (daemon.Verified, error) {
	return daemon.Verified{}, ctx.Err()
}

// A keptSession is the vault, open to write.
type keptSession struct {
	app    *app
	config *config.Config
	backup *backup
}

func (s *keptSession) Pending() bool { return s.backup.archive.Pending() }

func (s *keptSession) Commit(ctx context.Context) error {
	_, err := s.backup.archive.Commit(ctx)
	return err
}

func (s *keptSession) Close() error { return s.backup.Close() }

// Follow follows one account.
func (s *keptSession) Follow(ctx context.Context, f daemon.Following) error {
	account, err := pickAccount(s.config, f.Account)
	if err != nil {
		return err
	}
	login, err := s.app.openTelegram(s.config, account, s.backup.secrets)
	if err != nil {
		return err
	}
	defer login.session.Close() // only its lock is left
	follower := &follower{session: s, account: account.Name, following: f, start: s.app.now(), before: s.backup.store.Stats()}
	_, err = login.client.Follow(ctx, telegram.Into(s.backup.archive), telegram.FollowOptions{
		SyncOptions: telegram.SyncOptions{Rules: rulesOf(s.config), Progress: follower.progress},
		Poll:        followPoll, Notice: follower.notice, Wishes: f.Wishes, Alive: f.Alive,
	})
	return err
}

// followPoll is how often Follow looks through everything by itself: the daemon wishes
// that more often, and knows of sleep.
const followPoll = 24 * time.Hour

// A follower translates what telegram tells into what the daemon wants to know.
type follower struct {
	session   *keptSession
	account   string
	following daemon.Following
	start     time.Time
	before    chunkstore.Stats
	last      time.Time // when progress was passed on
}

func (f *follower) notice(n telegram.Notice) {
	states := map[telegram.FollowState]daemon.State{
		telegram.FollowSyncing: daemon.StateSyncing, telegram.FollowLive: daemon.StateLive, telegram.FollowOffline: daemon.StateOffline,
	}
	news := daemon.News{
		State: states[n.State], Messages: n.Messages, Edited: n.Edited, Deleted: n.Deleted, Media: n.Media, Failing: n.Failing,
		Round: n.Done, Wish: n.Wish, Err: n.Err,
	}
	if n.Done {
		news.Whole = n.Result.Complete()
		news.Report = f.report(n.Result)
	}
	f.following.Tell(news)
}

// report is what status shows of the last look through everything.
func (f *follower) report(r *telegram.Result) *syncReport {
	app := f.session.app
	report := newSyncReport(f.account, r, f.before, f.session.backup.store.Stats())
	report.Finished = app.now().UTC().Truncate(time.Second)
	report.Seconds = app.now().Sub(f.start).Seconds()
	if err := saveSyncReport(f.session.config, report); err != nil {
		app.ui.warn("%v", err)
	}
	return report
}

// progressEvery is how often those who watch are told.
const progressEvery = 500 * time.Millisecond

func (f *follower) progress(e telegram.Event) {
	now := f.session.app.now()
	if since := now.Sub(f.last); since >= 0 && since < progressEvery && e.Wait == 0 {
		return
	}
	f.last = now
	f.following.Progress(daemon.Progress{
		Phase: string(e.Phase), Chats: e.Chats, ChatsTotal: e.ChatsTotal, Messages: e.Messages, Files: e.Media, FilesTotal: e.MediaTotal,
		Bytes: e.Bytes, BytesTotal: e.BytesTotal, Wait: e.Wait.Seconds(),
	})
}

// classifyEnding says what the daemon does about an error.
func classifyEnding(err error) daemon.Ending {
	for _, rule := range []struct {
		is     error
		ending daemon.Ending
	}{
		{syscall.ENOSPC, daemon.EndNoSpace},
		{syscall.EDQUOT, daemon.EndNoSpace},
		{chunkstore.ErrNoVault, daemon.EndNoMount},
		{archive.ErrBroken, daemon.EndVault},
		{archive.ErrClosed, daemon.EndVault},
		{chunkstore.ErrStateBusy, daemon.EndIsLocked},
		{telegram.ErrSessionInUse, daemon.EndIsLocked},
	} {
		if errors.Is(err, rule.is) {
			return rule.ending
		}
	}
	for _, person := range []error{
		telegram.ErrNotSignedIn, telegram.ErrSessionUnreadable, telegram.ErrForeignEnded, telegram.ErrAccountGone, telegram.ErrSessionDuplicated,
		telegram.ErrSessionUnsafe, telegram.ErrSessionRevoked, telegram.ErrServerKey, telegram.ErrAPIIDInvalid, telegram.ErrAPIIDMissing,
		chunkstore.ErrOtherVault, chunkstore.ErrRollback, chunkstore.ErrForged, chunkstore.ErrForgedWriter, chunkstore.ErrChain,
		chunkstore.ErrForked, chunkstore.ErrUnknownFormat, crypto.ErrWrongKey, crypto.ErrDamaged, archive.ErrTooNew,
	} {
		if errors.Is(err, person) {
			return daemon.EndPerson
		}
	}
	return daemon.EndRetry
}

// daemonWords is an error on one line.
func daemonWords(err error) string { return printable(oneLine(err)) }

// socketFolder is where the daemon's socket lies: what systemd made for it, or the state
// folder, which nobody else may look into.
func (a *app) socketPath(cfg *config.Config) string {
	if dir := a.getenv("TELEKEEP_SOCKET"); filepath.IsAbs(dir) {
		return dir
	}
	if dir := a.getenv("RUNTIME_DIRECTORY"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "control.sock")
	}
	return filepath.Join(cfg.State, "control.sock")
}

// isSocket reports whether a socket lies at path.
func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}
