package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"telekeep/daemon"
)

// settle is how long the settings must be left alone before they are read: editors
// write them in several steps.
const settle = 300 * time.Millisecond

// reloads reads the settings anew when the signal HUP comes, or when their file changed
// or was replaced, until ctx ends.
func (k *keeper) reloads(ctx context.Context, s daemon.Supervisor) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	changed := k.watchSettings(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		case <-changed:
		}
		s.Notify(daemon.Note{Kind: daemon.NoteReloading})
		if _, err := k.takeKey(ctx); err != nil { // the keyring cannot be watched
			k.happened(daemon.Event{Time: k.app.now(), Kind: daemon.EventVault, Text: "the writer's key could not be taken", Error: daemonWords(err)})
		}
		if err := k.reload(); err != nil {
			k.happened(daemon.Event{Time: k.app.now(), Kind: daemon.EventSettings, Text: "refused; the old ones stay", Error: daemonWords(err)})
		}
		s.Notify(daemon.Note{Kind: daemon.NoteReady})
	}
}

// reload goes on with what the settings file says, if that can be used.
func (k *keeper) reload() error {
	cfg, err := k.app.settings()
	if err != nil {
		return err
	}
	old := k.settings()
	switch {
	case reflect.DeepEqual(cfg, old):
		return nil
	case len(cfg.Accounts) == 0:
		_, err := pickAccount(cfg, "")
		return err
	case cfg.State != old.State:
		return &failure{code: exitConfig, err: fmt.Errorf("the state folder cannot be changed while the daemon runs"), hint: "restart the daemon"}
	}
	if err := k.metrics.serve(cfg.Daemon.Metrics); err != nil {
		return &failure{code: exitConfig, err: err, hint: "name another address, or none"}
	}
	k.daemon.Reload(k.plan(cfg))
	select {
	case k.reloaded <- struct{}{}:
	default:
	}
	return nil
}

// watchSettings tells when the settings file may have changed. Its folder is watched,
// since editors put a new file in the place of the old one.
func (k *keeper) watchSettings(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	p, err := k.app.place()
	if err == nil {
		err = watchFile(ctx, p.config, changed)
	}
	if err != nil {
		k.log.Warn("changes of the settings are only seen upon the signal HUP", "error", err)
	}
	return changed
}

// watchFile tells when a file may have changed, until ctx ends.
func watchFile(ctx context.Context, path string, changed chan<- struct{}) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	if err := w.Add(filepath.Dir(path)); err != nil {
		w.Close()
		return err
	}
	go func() {
		defer w.Close()
		quiet := time.NewTimer(settle)
		quiet.Stop()
		defer quiet.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case e, ok := <-w.Events:
				if !ok {
					return
				}
				if filepath.Base(e.Name) == filepath.Base(path) && !e.Has(fsnotify.Chmod) {
					quiet.Reset(settle)
				}
			case <-w.Errors:
				quiet.Reset(settle) // something was missed
			case <-quiet.C:
				select {
				case changed <- struct{}{}:
				default:
				}
			}
		}
	}()
	return nil
}
