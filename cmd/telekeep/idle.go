package main

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"telekeep/telegram"
)

// idleAfter is how long nothing must have happened before memory is given back: longer
// than the pauses within a look through everything, shorter than anybody wonders.
const idleAfter = 20 * time.Second

// An idler gives memory back to the system once work is over. Go's runtime does so by
// itself, but within many minutes, and not what the collector has not run over since:
// what the first look through an account needed stays in a daemon that then waits for
// days. Once costs some milliseconds, and only behind work.
type idler struct {
	mu    sync.Mutex
	timer *time.Timer
	after time.Duration
	free  func()
}

func newIdler() *idler { return &idler{after: idleAfter, free: debug.FreeOSMemory} }

// busy says that something was done: what it left is given back some time after.
func (i *idler) busy() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.timer == nil {
		i.timer = time.AfterFunc(i.after, i.free)
		return
	}
	i.timer.Reset(i.after)
}

// An idleArchive gives back the memory that a commit was made of.
type idleArchive struct {
	telegram.Archive
	idler *idler
}

func (a idleArchive) Commit(ctx context.Context) error {
	defer a.idler.busy()
	return a.Archive.Commit(ctx)
}
