package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func openRoot(t *testing.T) (string, *os.Root) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return dir, root
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// All three ways to give a new name, of which a file system offers at least one, keep
// to the same rules.
func TestRenameNew(t *testing.T) {
	for what, rename := range map[string]func(root *os.Root, from, to string) error{
		"renameat2 or link": renameNew, "link": linkNew, "check": checkedRename,
	} {
		t.Run(what, func(t *testing.T) {
			dir, root := openRoot(t)
			if err := root.Mkdir("d", 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "d/a"), "a")
			if err := rename(root, "d/a", "d/b"); err != nil {
				t.Fatal(err)
			}
			if read(t, filepath.Join(dir, "d/b")) != "a" {
				t.Error("other bytes under the new name")
			}
			if _, err := root.Stat("d/a"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the old name is still there: %v", err)
			}
			write(t, filepath.Join(dir, "d/a"), "other")
			if err := rename(root, "d/a", "d/b"); !errors.Is(err, fs.ErrExist) {
				t.Errorf("rename to a taken name = %v, want fs.ErrExist", err)
			}
			if read(t, filepath.Join(dir, "d/b")) != "a" || read(t, filepath.Join(dir, "d/a")) != "other" {
				t.Error("a refused rename changed something")
			}
			if err := rename(root, "d/missing", "d/c"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("rename of a missing file = %v", err)
			}
		})
	}
}

func TestRootStaysInside(t *testing.T) {
	outside := t.TempDir()
	dir, root := openRoot(t)
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	tree := Below(root)
	if _, err := tree.Create("out/x", 0o600); err == nil {
		t.Error("Create followed a link out of the tree")
	}
	if _, err := tree.Create("../x", 0o600); err == nil {
		t.Error("Create went up")
	}
	if err := tree.Mkdir("out/d", 0o700); err == nil {
		t.Error("Mkdir followed a link out of the tree")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}

func TestRenameAcrossDirectoriesPanics(t *testing.T) {
	_, root := openRoot(t)
	defer func() {
		if recover() == nil {
			t.Error("one fsync cannot cover two directories")
		}
	}()
	Below(root).Rename("a/x", "b/x", false)
}

func TestSync(t *testing.T) {
	dir, root := openRoot(t)
	tree := Below(root)
	write(t, filepath.Join(dir, "file"), "x")
	if err := tree.SyncDir("."); err != nil {
		t.Errorf("SyncDir = %v", err)
	}
	if err := tree.Sync("file"); err != nil {
		t.Errorf("Sync = %v", err)
	}
	for _, err := range []error{tree.Sync("missing"), tree.SyncDir("missing")} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("sync of what is missing = %v", err)
		}
	}
}

func TestSweep(t *testing.T) {
	dir, root := openRoot(t)
	tree := Below(root)
	for _, d := range []string{"packs", "packs/ab"} {
		if err := tree.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Hour)
	older := time.Now().Add(-30 * 24 * time.Hour)
	age := func(name string, when time.Time) {
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	fresh, abandoned, ancient := TemporaryName(), "packs/ab/"+TemporaryName(), "packs/"+TemporaryName()
	for _, name := range []string{fresh, abandoned, ancient, "packs/ab/object.age", "packs/.tk-mine.tmp", "notes.txt"} {
		write(t, filepath.Join(dir, name), "x")
	}
	for _, name := range []string{abandoned, "packs/ab/object.age", "packs/.tk-mine.tmp", "notes.txt"} {
		age(name, old)
	}
	age(ancient, older)
	writing := "packs/ab/" + TemporaryName()
	f, err := tree.Create(writing, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	age(writing, old)

	want := 2 // abandoned and ancient
	if !lock(f.(*os.File)) {
		want = 1 // no locks here: an hour is not enough
	}
	if n := Sweep(root); n != want {
		t.Errorf("Sweep removed %d files, want %d", n, want)
	}
	for _, name := range []string{fresh, writing, "packs/ab/object.age", "packs/.tk-mine.tmp", "notes.txt"} {
		if _, err := root.Stat(name); err != nil {
			t.Errorf("Sweep removed %s: %v", name, err)
		}
	}
	if _, err := root.Stat(ancient); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Sweep left %s: %v", ancient, err)
	}
}
