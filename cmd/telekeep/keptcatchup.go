package main

import (
	"context"
	"errors"
	"time"

	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/daemon"
)

// What a daemon does about the copies by itself: every now and then, and whenever a drive
// may have come, it tries those that are away, brings those that are behind up to date, and
// closes those that nobody uses.
const (
	copiesEvery = 15 * time.Second
	copyIdle    = 20 * time.Second // without anybody using it
	remoteFirst = time.Minute      // between two tries of a server that is away, and at most
	remoteLast  = 15 * time.Minute
)

// A catchUps is that work.
type catchUps struct {
	keeper *keeper
	now    chan struct{} // a drive may have come
	remote map[string]remoteTry
}

// A remoteTry says when a server that was away is tried next.
type remoteTry struct {
	at    time.Time
	pause time.Duration
}

func newCatchUps(k *keeper) *catchUps {
	return &catchUps{keeper: k, now: make(chan struct{}, 1), remote: make(map[string]remoteTry)}
}

// soon has everything looked at now.
func (c *catchUps) soon() {
	select {
	case c.now <- struct{}{}:
	default:
	}
}

// run does the work until ctx ends.
func (c *catchUps) run(ctx context.Context) {
	ticker := time.NewTicker(copiesEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-c.now:
		}
		c.all(ctx)
	}
}

// all looks at each copy once, if the vault is open: a pause leaves the copies alone.
func (c *catchUps) all(ctx context.Context) {
	kept := c.keeper.kept()
	set := kept.get()
	if set == nil {
		return
	}
	found, err := set.Status()
	if err != nil {
		c.keeper.log.Warn("the copies cannot be looked at", "error", err)
		return
	}
	for i, one := range kept.config.AllCopies() {
		if ctx.Err() != nil || i >= len(found) {
			return
		}
		if c.due(one, found[i]) {
			c.one(ctx, kept, one)
		}
	}
	err = kept.with(ctx, func(_ context.Context, set *copies.Set, _ string) error {
		_, err := set.ReleaseIdle(copyIdle)
		return err
	})
	if err != nil && ctx.Err() == nil {
		c.keeper.log.Warn("a copy cannot be closed", "error", err)
	}
}

// due reports whether there is something to do about a copy now.
func (c *catchUps) due(one config.Copy, s copies.Status) bool {
	switch s.State {
	case copies.Behind:
		return true
	case copies.Current, copies.Released:
		return s.Behind.Objects > 0
	}
	return one.Where.Kind == config.KindFolder || !c.keeper.app.now().Before(c.remote[one.Name].at)
}

// one tries a copy and brings it up to date. That it is away is told by whoever looks at
// the copies; the rest is told here.
func (c *catchUps) one(ctx context.Context, kept *keptCopies, one config.Copy) {
	var result *copyResult
	err := kept.with(ctx, func(ctx context.Context, set *copies.Set, _ string) (err error) {
		result, err = c.keeper.app.catchUpOne(ctx, set, one.Name, nil)
		return err
	})
	if errors.Is(err, context.Canceled) || result == nil {
		return
	}
	if err == nil {
		delete(c.remote, one.Name)
	} else {
		pause := min(max(2*c.remote[one.Name].pause, remoteFirst), remoteLast)
		c.remote[one.Name] = remoteTry{c.keeper.app.now().Add(pause), pause}
	}
	if result.Copied.Objects == 0 && len(result.Absent)+len(result.Bad) == 0 {
		return
	}
	event := daemon.Event{Time: c.keeper.app.now(), Kind: daemon.EventCopy, Copy: one.Name, Text: "got " + plural(result.Copied.Objects, "file", "files") + ", " + size(result.Copied.Bytes)}
	if n := len(result.Absent) + len(result.Bad); n > 0 {
		event.Error = plural(n, "problem", "problems") + ": telekeep copy sync " + one.Name + " lists them"
	} else if err != nil {
		event.Error = daemonWords(err)
	}
	kept.tell(event)
}
