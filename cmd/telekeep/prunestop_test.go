package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore"
)

// Undo and delete of what was taken out, each stopped half way, one copy away at times: no pack is
// deleted anywhere that a commit lists again, or that the next one will.
func TestUndoAndDeleteAreStopped(t *testing.T) {
	t.Run("undo first", func(t *testing.T) { undoAndDelete(t, true) })
	t.Run("delete first", func(t *testing.T) { undoAndDelete(t, false) })
}

func undoAndDelete(t *testing.T, undoFirst bool) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "3", "--messages", "150", "--media", "24 MiB")
	dir := sim.install(t)
	usb := filepath.Join(t.TempDir(), "usb")
	must(t, os.Mkdir(usb, 0o700))
	unplug := func() { t.Helper(); must(t, os.Rename(usb, usb+".away")) }
	plug := func() { t.Helper(); must(t, os.Rename(usb+".away", usb)) }
	mustCall(t, "", "copy", "add", "usb", filepath.Join(usb, "v"), "--dir", dir)
	mustCall(t, "", "sync", "--dir", dir)
	key := filepath.Join(dir, "owner.key")
	settings := filepath.Join(dir, "telekeep.toml")
	all, err := os.ReadFile(settings)
	must(t, err)
	must(t, os.WriteFile(settings, bytes.Replace(all, []byte("kinds = []"), []byte(`kinds = ["photo"]`), 1), 0o600))
	mustCall(t, "", "prune", "--dir", dir, "-i", key, "--quarantine")
	post(t, sim, dir)
	mustCall(t, "", "sync", "--dir", dir)

	if undoFirst {
		stoppedUndo(t, dir, key)
	}
	unplug() // it is deleted at one copy
	mustCall(t, "", "prune", "--dir", dir, "-i", key, "--delete", "--keep", "0s")
	plug()
	if !undoFirst {
		stoppedUndo(t, dir, key)
	}
	b, err := openedBackup(t, inProcess(dir))
	must(t, err)
	unplug() // the copy that has it still does not hear of what is committed
	_, err = b.store.Commit(t.Context(), nil)
	must(t, err)
	must(t, b.Close())
	plug()
	mustCall(t, "", "prune", "--dir", dir, "-i", key, "--delete", "--keep", "0s")

	mustCall(t, "", "copy", "sync", "--dir", dir)
	mustCall(t, "", "verify", "--all", "--deep", "--dir", dir, "-i", key)
	mustCall(t, "", "verify", "--all", "--dir", dir)
}

// post has a message come in.
func post(t *testing.T, sim *simulated, dir string) {
	t.Helper()
	var chats []struct{ ID string }
	if err := json.Unmarshal([]byte(mustCall(t, "", "chats", "--dir", dir, "--json").out), &chats); err != nil || len(chats) == 0 {
		t.Fatal(err)
	}
	sim.control(t, "POST", "/messages", map[string]any{"chat": chats[0].ID, "text": "another one"})
}

// inProcess is telekeep in this process, for an installation.
func inProcess(dir string) *app {
	a := &app{stdio: stdio{strings.NewReader(""), io.Discard, io.Discard}, getenv: func(string) string { return "" }, now: time.Now, dir: dir}
	a.ui = newUI(a.stdio, a.getenv)
	return a
}

func openedBackup(t *testing.T, a *app) (*backup, error) {
	t.Helper()
	cfg, err := a.settings()
	must(t, err)
	return a.openForBackup(t.Context(), cfg, nil)
}

// stoppedUndo is prune --undo up to the moment before it commits.
func stoppedUndo(t *testing.T, dir, key string) {
	t.Helper()
	a := inProcess(dir)
	ids, err := a.identities(keyFlags{files: []string{key}})
	must(t, err)
	b, err := openedBackup(t, a)
	must(t, err)
	defer func() { must(t, b.Close()) }()
	reader, err := chunkstore.OpenReader(t.Context(), b.copies, chunkstore.ReaderOptions{Identities: ids})
	must(t, err)
	packs, err := reader.Retired(t.Context(), b.copies, b.secrets.WriterID)
	must(t, err)
	if len(packs) == 0 {
		t.Fatal("nothing was taken out: the test shows nothing")
	}
	must(t, reader.Reinstate(t.Context(), b.store, packs))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
