package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A process that ends while its last commit waits on the machine, at no copy yet, leaves nothing that is wrong:
// neither verify nor heal nor a restore speaks of a vault that was set back. Where the commit does not wait, they do.
func TestVerifyWhatWaits(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "5", "--chats", "3", "--messages", "20", "--media", "100 KiB")
	dir := sim.install(t)
	second := filepath.Join(t.TempDir(), "second")
	mustCall(t, "", "sync", "--dir", dir)
	mustCall(t, "", "copy", "add", "second", second, "--dir", dir)
	chat := chatsOfKind(t, dir, "personal")[0]
	places := []string{filepath.Join(dir, "vault"), second}
	before := []map[string]bool{filesOf(t, places[0]), filesOf(t, places[1])}
	notebook := filepath.Join(dir, "state", "copies.db")
	old, err := os.ReadFile(notebook)
	if err != nil {
		t.Fatal(err)
	}
	sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": "what waits"})
	mustCall(t, "", "sync", "--dir", dir)
	for i, place := range places { // as if neither had been reached
		for name := range filesOf(t, place) {
			if before[i][name] {
				continue
			}
			into := filepath.Join(dir, "state", "spool", "queue", name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(into), 0o700), os.Rename(filepath.Join(place, name), into)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(notebook, old, 0o600); err != nil {
		t.Fatal(err)
	}
	owner := filepath.Join(dir, "owner.key")
	alone := copyFolder(t, dir) // its second copy is the same folder: only its own is looked at
	if err := os.RemoveAll(filepath.Join(alone, "state", "spool", "queue")); err != nil {
		t.Fatal(err)
	}
	if o := call(t, "", "verify", "--copy", "vault", "--dir", alone); o.code != exitProblems || !strings.Contains(o.out, "rollback") {
		t.Errorf("nothing waits: verify ended with %d\n%s%s", o.code, o.out, o.err)
	}
	for range 2 {
		for _, args := range [][]string{{"verify", "--all"}, {"verify", "--deep", "-i", owner}, {"verify", "--heal"}, {"restore", "-i", owner, "--out", filepath.Join(t.TempDir(), "restored")}} {
			o := call(t, "", append(args, "--dir", dir)...)
			if o.code != 0 || strings.Contains(o.out, "rollback") {
				t.Errorf("%s ended with %d\n%s%s", args, o.code, o.out, o.err)
			}
			if args[1] == "--all" && strings.Count(o.out, "it waits on this machine") != 2 {
				t.Errorf("verify does not say what waits:\n%s", o.out)
			}
		}
	}
	mustCall(t, "", "copy", "sync", "--dir", dir)
	if o := mustCall(t, "", "verify", "--all", "--dir", dir); strings.Contains(o.out, "behind") {
		t.Errorf("nothing waits any more:\n%s", o.out)
	}
	// One copy that was away is behind, and no more than that.
	if err := os.Rename(second, second+" away"); err != nil {
		t.Fatal(err)
	}
	sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": "what is at one"})
	mustCall(t, "", "sync", "--dir", dir)
	if err := os.Rename(second+" away", second); err != nil {
		t.Fatal(err)
	}
	if o := mustCall(t, "", "verify", "--all", "--dir", dir); strings.Count(o.out, "copy vault has it") != 1 {
		t.Errorf("verify does not say which copy is behind:\n%s", o.out)
	}
	mustCall(t, "", "copy", "sync", "--dir", dir)
	for name := range filesOf(t, second) {
		if !before[1][name] { // set back
			if err := os.Remove(filepath.Join(second, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if o := call(t, "", "verify", "--copy", "second", "--dir", dir); o.code != exitProblems || !strings.Contains(o.out, "rollback") {
		t.Errorf("a copy that was set back: verify ended with %d\n%s%s", o.code, o.out, o.err)
	}
}

// filesOf are the files below a folder, by their names relative to it.
func filesOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		names[name] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
