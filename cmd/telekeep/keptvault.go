package main

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/crypto"
	"telekeep/daemon"
	"telekeep/telegram"
)

// A keptVault is the vault of the settings as the daemon sees it.
type keptVault struct {
	app    *app
	config *config.Config
	copies *keptCopies
	open   *openVault // nil: nobody asks for it

	mu       sync.Mutex
	problems []problemLine // of the vault, as it was opened last
	begun    time.Time     // when it was backed up to first; zero: not known yet
}

// Open opens the vault to write. In a daemon commits are rarer than in a sync that
// somebody waits for: what was fetched is in the journal, on the disk.
func (v *keptVault) Open(ctx context.Context) (daemon.Session, error) {
	cfg := *v.config
	cfg.Commit.AfterTime = cfg.Daemon.CommitTime
	b, err := v.app.openForBackup(ctx, &cfg, v.copies.use)
	if err != nil {
		return nil, err
	}
	v.app.watchKey(&cfg, b, v.tookKey)
	v.app.reportJournal(b)
	lines := v.app.reportVault(b)
	v.mu.Lock()
	v.problems = lines
	v.mu.Unlock()
	s := &keptSession{app: v.app, config: &cfg, backup: b, idler: newIdler(), open: v.open}
	v.open.opened(s)
	return s, nil
}

// found is what was gone of the vault when it was opened.
func (v *keptVault) found() []problemLine {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.problems
}

// A keptSession is the vault, open to write.
type keptSession struct {
	app    *app
	config *config.Config
	backup *backup
	idler  *idler
	open   *openVault
}

func (s *keptSession) Pending() bool { return s.backup.archive.Pending() }

func (s *keptSession) Commit(ctx context.Context) error {
	return idleArchive{telegram.Into(s.backup.archive), s.idler}.Commit(ctx)
}

// Written grows with each pack and commit.
func (s *keptSession) Written() int64 {
	stats := s.backup.store.Stats()
	return stats.PackBytes + stats.Commits
}

func (s *keptSession) Close() error {
	s.open.closing(s)
	return s.backup.Close()
}

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
	follower := newFollower(s, f)
	wishes, end := follower.wishes(f.Wishes)
	defer end()
	_, err = login.client.Follow(ctx, idleArchive{telegram.Into(s.backup.archive), s.idler}, telegram.FollowOptions{
		SyncOptions: telegram.SyncOptions{Rules: rulesOf(s.config), Progress: follower.progress},
		Poll:        followPoll, Notice: follower.notice, Wishes: wishes, Alive: f.Alive, Room: f.Room,
	})
	if err != nil && ctx.Err() == nil {
		s.note(f.Account, err)
	}
	return err
}

// note keeps for status why an account is not followed; nil: it is.
func (s *keptSession) note(account string, err error) {
	words := ""
	if err != nil {
		words = printable(oneLine(err))
	}
	if err := s.app.noteTrouble(s.config, account, words, err); err != nil {
		s.app.ui.warn("%v", err)
	}
}

// followPoll is how often Follow looks through everything by itself: the daemon wishes
// that more often, and knows of sleep.
const followPoll = 24 * time.Hour

// classifyEnding says what the daemon does about an error.
func classifyEnding(err error) daemon.Ending {
	for _, rule := range []struct {
		is     error
		ending daemon.Ending
	}{
		{syscall.ENOSPC, daemon.EndNoSpace},
		{syscall.EDQUOT, daemon.EndNoSpace},
		{copies.ErrSpoolFull, daemon.EndNoSpace},
		{copies.ErrFull, daemon.EndNoSpace},
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
		telegram.ErrSessionUnsafe, telegram.ErrSessionRevoked, telegram.ErrServerNumber, telegram.ErrServerKey, telegram.ErrAPIIDInvalid, telegram.ErrAPIIDMissing,
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
