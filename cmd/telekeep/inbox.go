package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"telekeep/archive"
	"telekeep/config"
	"telekeep/daemon"
	"telekeep/internal/durable"
	"telekeep/telegram/desktop"
)

// What lies in an inbox beside what is to be imported: the folder of what was, and a
// report on each.
const (
	doneFolder   = "done"
	reportSuffix = ".telekeep.txt"
)

// inboxPrefix begins the keys of the state that say what was tried: "" if it was
// imported, else why not. Something that changed since has another key.
const inboxPrefix = "inbox/"

// inbox imports what is put into the inbox of the settings, until ctx ends.
func (k *keeper) inbox(ctx context.Context) {
	for ctx.Err() == nil {
		kept := k.kept()
		if cfg := kept.config; cfg.Import.Inbox != "" {
			in := &inboxWatch{keeper: k, config: cfg, since: map[string]lull{}}
			if err := in.watch(ctx, kept.ctx); err != nil {
				k.log.Warn("the inbox cannot be watched; it is tried again with other settings or after a restart", "error", daemonWords(err))
			}
		}
		select {
		case <-ctx.Done():
		case <-kept.ctx.Done():
		}
	}
}

// An inboxWatch is the inbox of one state of the settings.
type inboxWatch struct {
	*keeper
	config *config.Config
	since  map[string]lull // by name: what it was like, and since when
}

// A lull is how long a thing in the inbox has been as it is.
type lull struct {
	print string
	since time.Time
	tried bool // and imported, or refused
}

// watch looks when something happened in the inbox, and from then on as long as something
// in it is not settled. An inbox where nothing happens costs nothing.
func (in *inboxWatch) watch(ctx, settings context.Context) error {
	// Not the folders above: they may be those of a drive that is away.
	if err := os.Mkdir(in.config.Import.Inbox, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close() // nothing is lost
	if err := w.Add(in.config.Import.Inbox); err != nil {
		return err
	}
	soon := time.NewTimer(0)
	defer soon.Stop()
	for {
		open := in.open.news()
		select {
		case <-ctx.Done():
			return nil
		case <-settings.Done():
			return nil
		case _, ok := <-w.Events:
			if !ok {
				return nil
			}
			soon.Reset(settle)
		case <-w.Errors:
			soon.Reset(settle) // something was missed
		case <-open:
			soon.Reset(settle)
		case <-soon.C:
			if again := in.look(ctx); again > 0 {
				soon.Reset(again)
			}
		}
	}
}

// look imports what has settled, and says when to look again; 0: when something happens.
func (in *inboxWatch) look(ctx context.Context) time.Duration {
	dir := in.config.Import.Inbox
	entries, err := os.ReadDir(dir)
	if err != nil {
		in.log.Warn("the inbox cannot be read", "error", daemonWords(err))
		return 0
	}
	var again time.Duration
	there := map[string]bool{}
	for _, e := range entries {
		name := e.Name()
		if name == doneFolder || strings.HasPrefix(name, ".") || strings.HasSuffix(name, reportSuffix) || strings.HasSuffix(name, ".part") {
			continue
		}
		there[name] = true
		wait := in.one(ctx, name)
		if ctx.Err() != nil {
			return 0
		}
		if wait > 0 && (again == 0 || wait < again) {
			again = wait
		}
	}
	for name := range in.since {
		if !there[name] {
			delete(in.since, name)
		}
	}
	return again
}

// one imports one thing if it has settled, and says how long to wait for that; 0: there
// is nothing to wait for but an open vault.
func (in *inboxWatch) one(ctx context.Context, name string) time.Duration {
	print, err := printOf(filepath.Join(in.config.Import.Inbox, name))
	if err != nil {
		return in.config.Import.SettleTime // it is being moved
	}
	now := in.app.now()
	l := in.since[name]
	if l.print != print {
		in.since[name] = lull{print: print, since: now}
		return in.config.Import.SettleTime
	}
	if rest := in.config.Import.SettleTime - now.Sub(l.since); rest > 0 {
		return min(rest, in.config.Import.SettleTime)
	}
	if l.tried {
		return 0
	}
	ok, err := in.open.lend(ctx, func(ctx context.Context, s *keptSession) error { return in.take(ctx, s, name, print) })
	if !ok || ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return 0 // the vault is away, or the daemon ends: it is taken in later
	}
	l.tried = true
	in.since[name] = l
	in.told(err)
	return 0
}

// told tells what became of it. Its name is its owner's affair; it stands in the report.
func (in *inboxWatch) told(err error) {
	e := daemon.Event{Time: in.app.now(), Kind: daemon.EventImport, Text: "an export in the inbox was imported; its report lies beside it in the folder " + doneFolder}
	if err != nil {
		e.Text = "an export in the inbox could not be imported; its report lies beside it"
		e.Error = "the import failed"
	}
	in.happened(e)
}

// printOf sums up what lies at path: names, sizes, and when they were written.
func printOf(path string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Dir(path), p)
		fmt.Fprintf(h, "%q %d %d %s\n", rel, info.Size(), info.ModTime().UnixNano(), info.Mode().Type())
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:16]), err
}

// take imports one thing, unless it was tried already as it is.
func (in *inboxWatch) take(ctx context.Context, s *keptSession, name, print string) error {
	key := inboxPrefix + print
	path := filepath.Join(in.config.Import.Inbox, name)
	before, tried, err := s.backup.archive.Get(key)
	if err != nil {
		return err
	}
	if tried && len(before) == 0 {
		return in.file(name) // it was imported, and could not be moved
	}
	if tried {
		return errors.New(string(before))
	}
	var report bytes.Buffer
	result, err := s.importPath(ctx, path, importOptions{account: in.config.Import.Account}, func(desktop.Progress) {})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failed := importFailure(err)
	fmt.Fprintf(&report, "%s\n", in.app.now().Format(time.RFC3339))
	if result != nil {
		writeImport(&report, result)
		for _, n := range result.Notes {
			fmt.Fprintf(&report, "%s\n", printable(n.String()))
		}
	}
	outcome := []byte{}
	if failed != nil {
		_, hint := classify(failed)
		fmt.Fprintf(&report, "not imported: %s\n%s\n", printable(oneLine(failed)), hint)
		outcome = []byte("it was tried before; change it or import it by hand")
	}
	if classifyEnding(err) == daemon.EndRetry || err == nil { // not where the vault is at fault
		if err := s.backup.archive.Apply(ctx, archive.Batch{State: map[string][]byte{key: outcome}}); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(path+reportSuffix, report.Bytes(), 0o600); err != nil {
		in.log.Warn("the report of an import cannot be written", "error", daemonWords(err))
	}
	if failed != nil {
		return failed
	}
	return in.file(name)
}

// file moves what was imported, and its report, to the folder of what is done. Where that
// cannot be it stays, and the state knows that it was imported.
func (in *inboxWatch) file(name string) error {
	dir := in.config.Import.Inbox
	done := filepath.Join(dir, doneFolder)
	if err := durable.MkdirPath(done, durable.PrivateDir); err != nil {
		in.log.Warn("what was imported stays in the inbox", "error", daemonWords(err))
		return nil
	}
	to := name
	for n := 1; exists(filepath.Join(done, to)); n++ {
		to = fmt.Sprintf("%s (%d)", name, n)
	}
	if err := os.Rename(filepath.Join(dir, name), filepath.Join(done, to)); err != nil {
		in.log.Warn("what was imported stays in the inbox", "error", daemonWords(err))
		return nil
	}
	if report := filepath.Join(dir, name+reportSuffix); exists(report) {
		if err := os.Rename(report, filepath.Join(done, to+reportSuffix)); err != nil {
			in.log.Warn("the report of an import stays in the inbox", "error", daemonWords(err))
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
