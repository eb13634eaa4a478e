package main

import (
	"sync"
	"time"

	"telekeep/chunkstore"
	"telekeep/daemon"
	"telekeep/telegram"
)

// A follower translates what telegram tells into what the daemon wants to know, and
// counts what was done since somebody wished something.
type follower struct {
	session   *keptSession
	following daemon.Following

	mu     sync.Mutex
	sum    telegram.Result // as told so far
	base   telegram.Result // of that, what was before the wish, or the last report
	before chunkstore.Stats
	start  time.Time
	passed time.Time // when progress was passed on
}

func newFollower(s *keptSession, f daemon.Following) *follower {
	return &follower{session: s, following: f, start: s.app.now(), before: s.backup.store.Stats()}
}

// wishes passes wishes on, and begins to count anew with each that somebody waits for.
func (f *follower) wishes(in <-chan int) (<-chan int, func()) {
	out, done := make(chan int), make(chan struct{})
	go func() {
		for {
			select {
			case n := <-in:
				f.begin()
				select {
				case out <- n:
				case <-done:
					return
				}
			case <-done:
				return
			}
		}
	}()
	return out, func() { close(done) }
}

// begin counts from here.
func (f *follower) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.base, f.before, f.start = f.sum, f.session.backup.store.Stats(), f.session.app.now()
}

func stateOf(s telegram.FollowState) daemon.State {
	switch s {
	case telegram.FollowLive:
		return daemon.StateLive
	case telegram.FollowOffline:
		return daemon.StateOffline
	}
	return daemon.StateSyncing
}

func (f *follower) notice(n telegram.Notice) {
	f.session.idler.busy()
	f.mu.Lock()
	f.sum.Messages, f.sum.Edited = f.sum.Messages+n.Messages, f.sum.Edited+n.Edited
	f.sum.Deleted, f.sum.Media = f.sum.Deleted+n.Deleted, f.sum.Media+n.Media
	if n.Result != nil {
		f.sum.Items, f.sum.MediaBytes = n.Result.Items, n.Result.MediaBytes
		f.sum.MediaKnown, f.sum.MediaLeft = n.Result.MediaKnown, n.Result.MediaLeft
	}
	f.mu.Unlock()
	news := daemon.News{
		State: stateOf(n.State), Messages: n.Messages, Edited: n.Edited, Deleted: n.Deleted, Media: n.Media, Failing: n.Failing,
		Round: n.Done, Wish: n.Wish, Err: n.Err,
	}
	if n.Done {
		news.Whole = n.Result.Complete()
		news.Report = f.report(n.Result)
	}
	f.following.Tell(news)
}

// A keptReport is the report of a look through everything.
type keptReport struct {
	report *syncReport
	store  *chunkstore.Writer
	before chunkstore.Stats
}

// committed counts what was written since then, too.
func (r *keptReport) committed() *syncReport {
	now := r.store.Stats()
	report := *r.report
	report.Packs, report.PackBytes = int(now.Packs-r.before.Packs), now.PackBytes-r.before.PackBytes
	report.BytesRead, report.BytesNew = now.BytesIn-r.before.BytesIn, now.BytesNew-r.before.BytesNew // records are read when they are committed
	report.Commits = int(now.Commits - r.before.Commits)
	return &report
}

// report is what was done since the wish, or since the last report; status shows it.
func (f *follower) report(r *telegram.Result) *keptReport {
	app := f.session.app
	f.mu.Lock()
	since := *r
	since.Messages, since.Edited = f.sum.Messages-f.base.Messages, f.sum.Edited-f.base.Edited
	since.Deleted, since.Media = f.sum.Deleted-f.base.Deleted, f.sum.Media-f.base.Media
	since.Items, since.MediaBytes = r.Items-f.base.Items, r.MediaBytes-f.base.MediaBytes
	since.MediaKnown, since.MediaLeft = r.MediaKnown-f.base.MediaKnown, r.MediaLeft-f.base.MediaLeft
	report := newSyncReport(f.following.Account, &since, f.before, f.session.backup.store.Stats())
	report.Finished = app.now().UTC().Truncate(time.Second)
	report.Seconds = app.now().Sub(f.start).Seconds()
	kept := &keptReport{report, f.session.backup.store, f.before}
	f.mu.Unlock()
	f.begin()
	f.session.note(f.following.Account, nil)
	if err := saveSyncReport(f.session.config, report); err != nil {
		app.ui.warn("%v", err)
	}
	return kept
}

// progressEvery is how often those who watch are told.
const progressEvery = 250 * time.Millisecond

func (f *follower) progress(e telegram.Event) {
	now := f.session.app.now()
	f.mu.Lock()
	since := now.Sub(f.passed)
	skip := since >= 0 && since < progressEvery && e.Wait == 0
	if !skip {
		f.passed = now
	}
	f.mu.Unlock()
	if skip {
		return
	}
	f.following.Progress(daemon.Progress{
		Phase: string(e.Phase), Chats: e.Chats, ChatsTotal: e.ChatsTotal, Messages: e.Messages, Files: e.Media, FilesTotal: e.MediaTotal,
		Bytes: e.Bytes, BytesTotal: e.BytesTotal, Wait: e.Wait.Seconds(),
	})
}
