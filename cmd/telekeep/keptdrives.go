package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// driveSettles is how long nothing must have happened to mounts and folders until the
// copies are looked at: a drive that is plugged in is mounted in several steps.
const driveSettles = 300 * time.Millisecond

// drives looks at the copies when a drive may have come or gone, until ctx ends: when
// something was mounted, or when something happens in the folder that a copy's lies in.
func (k *keeper) drives(ctx context.Context) {
	happened := make(chan struct{}, 1)
	changed := func() {
		select {
		case happened <- struct{}{}:
		default:
		}
	}
	go func() {
		if err := watchMounts(ctx, changed); err != nil {
			k.log.Warn("drives that come are found within a quarter of a minute only", "error", err)
		}
	}()
	go k.watchParents(ctx, changed)
	quiet := time.NewTimer(driveSettles)
	quiet.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-happened:
			quiet.Reset(driveSettles)
		case <-quiet.C:
			k.daemon.Drives()
			k.behind.soon()
		}
	}
}

// watchParents watches the folders that those of the copies lie in, for as long as the
// settings hold that name them, and then those of the next.
func (k *keeper) watchParents(ctx context.Context, changed func()) {
	for ctx.Err() == nil {
		kept := k.kept()
		if err := watchFolders(ctx, kept.ctx, kept.config.Folders(), changed); err != nil {
			k.log.Warn("the folders of the copies cannot be watched", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-kept.ctx.Done():
		}
	}
}

// watchFolders calls changed when one of the folders may have come or gone, until one of
// the two ends.
func watchFolders(ctx, settings context.Context, folders []string, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close() // nothing is lost
	names := make(map[string]bool)
	for _, dir := range folders {
		parent, name := nearestParent(dir)
		names[filepath.Join(parent, name)] = true
		if err := w.Add(parent); err != nil {
			return err
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-settings.Done():
			return nil
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if names[e.Name] && !e.Has(fsnotify.Chmod) && !e.Has(fsnotify.Write) {
				changed()
			}
		case <-w.Errors:
			changed() // something was missed
		}
	}
}

// nearestParent is the nearest folder above dir that is there, and the name in it that
// leads to dir.
func nearestParent(dir string) (parent, name string) {
	for {
		parent, name = filepath.Dir(dir), filepath.Base(dir)
		if _, err := os.Stat(parent); !errors.Is(err, fs.ErrNotExist) || parent == dir {
			return parent, name
		}
		dir = parent
	}
}
