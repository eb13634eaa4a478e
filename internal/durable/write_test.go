package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"telekeep/internal/durable"
	"telekeep/internal/durable/trace"
)

// below returns a Tree over a new folder whose steps are written down.
func below(t *testing.T, fail func(step string) error) (dir string, tree *trace.Tree) {
	t.Helper()
	dir = t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return dir, trace.New(durable.Below(root), fail)
}

// checkFiles expects exactly these files in a folder, hidden ones included.
func checkFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if content, ok := want[e.Name()]; !ok || content != string(data) {
			t.Errorf("there is a file %s with %q", e.Name(), data)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, want %d", len(entries), len(want))
	}
}

func checkSteps(t *testing.T, tree *trace.Tree, want string) {
	t.Helper()
	if got := tree.Steps(); got != want {
		t.Errorf("steps:\n%swant:\n%s", got, want)
	}
}

func TestCreateSteps(t *testing.T) {
	dir, tree := below(t, nil)
	ready := func() error { return nil }
	if err := durable.Create(tree, "name", []byte("content"), 0o600, ready); err != nil {
		t.Fatal(err)
	}
	checkSteps(t, tree, `create TEMP 600
write TEMP 7 bytes
fsync TEMP
close TEMP
rename TEMP name
fsync ./
`)
	checkFiles(t, dir, map[string]string{"name": "content"})
}

func TestReplaceSteps(t *testing.T) {
	dir, tree := below(t, nil)
	for _, content := range []string{"old", "new and longer"} {
		if err := durable.Replace(tree, "name", []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	checkSteps(t, tree, `create TEMP 640
write TEMP 3 bytes
fsync TEMP
close TEMP
replace TEMP name
fsync ./
create TEMP 640
write TEMP 14 bytes
fsync TEMP
close TEMP
replace TEMP name
fsync ./
`)
	checkFiles(t, dir, map[string]string{"name": "new and longer"})
}

func TestMkdirAllSteps(t *testing.T) {
	_, tree := below(t, nil)
	for range 2 { // the second time everything is there, and synced all the same
		if err := durable.MkdirAll(tree, "a/b", 0o700); err != nil {
			t.Fatal(err)
		}
		checkSteps(t, tree, `mkdir a 700
fsync ./
mkdir a/b 700
fsync a/
`)
	}
	for _, name := range []string{".", ""} {
		if err := durable.MkdirAll(tree, name, 0o700); err != nil {
			t.Errorf("MkdirAll(%q) = %v", name, err)
		}
	}
	checkSteps(t, tree, "")
}

func TestCreateRefusesATakenName(t *testing.T) {
	dir, tree := below(t, nil)
	if err := durable.Create(tree, "name", []byte("first"), 0o600, nil); err != nil {
		t.Fatal(err)
	}
	if err := durable.Create(tree, "name", []byte("second"), 0o600, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create of a taken name = %v, want fs.ErrExist", err)
	}
	checkFiles(t, dir, map[string]string{"name": "first"})
}

// Whatever step fails, with whatever error: the error comes through, nothing half is
// left, and what was there before is still there.
func TestEveryStepFails(t *testing.T) {
	const steps = 6 // create, write, fsync, close, rename, fsync the directory
	for _, cause := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO, syscall.EDQUOT} {
		for n := 1; n <= steps; n++ {
			count := 0
			dir, tree := below(t, func(string) error {
				if count++; count == n {
					return cause
				}
				return nil
			})
			err := durable.Create(tree, "name", []byte("content"), 0o600, nil)
			if !errors.Is(err, cause) {
				t.Errorf("step %d fails with %v: Create = %v", n, cause, err)
			}
			if n < steps {
				checkFiles(t, dir, nil)
			} else { // the name was given; only whether it lasts is not known
				checkFiles(t, dir, map[string]string{"name": "content"})
			}
		}
	}
}

func TestReplaceFailsAndKeepsTheOld(t *testing.T) {
	for _, step := range []string{"create", "write", "fsync TEMP", "close", "replace"} {
		broken := false
		dir, tree := below(t, func(s string) error {
			if broken && strings.HasPrefix(s, step) {
				return syscall.ENOSPC
			}
			return nil
		})
		if err := durable.Replace(tree, "name", []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		broken = true
		if err := durable.Replace(tree, "name", []byte("new"), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s fails: %v", step, err)
		}
		checkFiles(t, dir, map[string]string{"name": "old"})
	}
}

// If even the removal fails, both errors are told and the file is one that Sweep knows.
func TestRemovalFailsToo(t *testing.T) {
	dir, tree := below(t, func(step string) error {
		switch {
		case strings.HasPrefix(step, "write"):
			return syscall.ENOSPC
		case strings.HasPrefix(step, "remove"):
			return syscall.EIO
		}
		return nil
	})
	err := durable.Create(tree, "name", []byte("content"), 0o600, nil)
	if !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, syscall.EIO) {
		t.Errorf("Create = %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || !durable.IsTemporary(entries[0].Name()) {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestNotReady(t *testing.T) {
	no := errors.New("changed my mind")
	dir, tree := below(t, nil)
	if err := durable.Create(tree, "name", []byte("content"), 0o600, func() error { return no }); !errors.Is(err, no) {
		t.Errorf("Create = %v", err)
	}
	checkFiles(t, dir, nil)
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for _, content := range []string{"one", "two"} {
		if err := durable.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		checkFiles(t, filepath.Dir(path), map[string]string{"state": content})
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := durable.CreateFile(path, []byte("three"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateFile over a file = %v", err)
	}
	if err := durable.CreateFile(path+"2", []byte("three"), 0o600); err != nil {
		t.Errorf("CreateFile = %v", err)
	}
	if err := durable.WriteFile(filepath.Join(path, "x"), nil, 0o600); err == nil {
		t.Error("WriteFile below a file succeeded")
	}
	if err := durable.WriteFile(filepath.Join(t.TempDir(), "no", "x"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile in a missing folder = %v", err)
	}
}

func TestMkdirPath(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b", "c")
	for range 2 {
		if err := durable.MkdirPath(deep, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(deep)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
		t.Errorf("made %v, %v", info, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.MkdirPath(file, 0o700); err == nil {
		t.Error("MkdirPath over a file succeeded")
	}
	if err := durable.MkdirPath(filepath.Join(file, "x"), 0o700); err == nil {
		t.Error("MkdirPath below a file succeeded")
	}
	t.Chdir(dir)
	if err := durable.MkdirPath("relative/path", 0o700); err != nil {
		t.Errorf("MkdirPath of a relative path = %v", err)
	}
}

func TestIsTemporary(t *testing.T) {
	random := "abcdefghijklmnopqrstuvwx27"
	for name, want := range map[string]bool{
		".tk-" + random + ".tmp": true, "packs/ab/.tk-" + random + ".tmp": true,
		".tk-.tmp": false, ".tk-short.tmp": false, "tk-" + random + ".tmp": false, ".tk-" + random: false,
		".tk-" + strings.ToUpper(random) + ".tmp": false, ".tk-" + random + "a.tmp": false, "": false, "vault.json": false,
	} {
		if durable.IsTemporary(name) != want {
			t.Errorf("IsTemporary(%q) = %t", name, !want)
		}
	}
}
