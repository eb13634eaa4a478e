package local

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"telekeep/chunkstore/destination/suite"
	"telekeep/internal/durable"
	"telekeep/internal/durable/trace"
)

func TestSuite(t *testing.T) {
	suite.Test(t, func(t *testing.T) suite.Destination { return create(t, t.TempDir()) })
}

func create(t *testing.T, dir string) *Destination {
	t.Helper()
	d, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// watched returns a Destination in a new folder whose steps are written down, and may
// fail.
func watched(t *testing.T, fail func(step string) error) (dir string, d *Destination, tree *trace.Tree) {
	t.Helper()
	dir = t.TempDir()
	d = create(t, dir)
	tree = trace.New(d.tree, fail)
	d.tree = tree
	return dir, d, tree
}

// onDisk returns the paths of all files below a folder, hidden ones too.
func onDisk(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, relErr := filepath.Rel(dir, path)
			files, err = append(files, filepath.ToSlash(name)), relErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestPutSteps is the promise "durable when it returns" as a text. See the package
// comment of internal/durable for what each step is for.
func TestPutSteps(t *testing.T) {
	_, d, tree := watched(t, nil)
	for _, c := range []struct{ what, name, data, want string }{
		{"a new object in a new folder", "packs/ab/ab12.age", "sealed", `
mkdir packs 700
fsync ./
mkdir packs/ab 700
fsync packs/
create packs/ab/TEMP 600
write packs/ab/TEMP 6 bytes
fsync packs/ab/TEMP
close packs/ab/TEMP
rename packs/ab/TEMP packs/ab/ab12.age
fsync packs/ab/
`},
		{"another one in the same folder", "packs/ab/ab34.age", "sealed too", `
create packs/ab/TEMP 600
write packs/ab/TEMP 10 bytes
fsync packs/ab/TEMP
close packs/ab/TEMP
rename packs/ab/TEMP packs/ab/ab34.age
fsync packs/ab/
`},
		{"the same again", "packs/ab/ab12.age", "sealed", `
fsync packs/ab/ab12.age
fsync packs/ab/
`},
		{"at the top", "vault.json", "{}", `
create TEMP 600
write TEMP 2 bytes
fsync TEMP
close TEMP
rename TEMP vault.json
fsync ./
`},
	} {
		if err := d.Put(t.Context(), c.name, []byte(c.data)); err != nil {
			t.Fatal(err)
		}
		if got := "\n" + tree.Steps(); got != c.want {
			t.Errorf("%s:%swant:%s", c.what, got, c.want)
		}
	}
}

// A disk may fail at every step: the error can be told apart, nothing half stays behind,
// and the same Put succeeds once the disk works again.
func TestPutFailsAtEveryStep(t *testing.T) {
	const steps = 10
	for _, cause := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO} {
		for n := 1; n <= steps; n++ {
			count := 0
			dir, d, _ := watched(t, func(string) error {
				if count++; count == n {
					return cause
				}
				return nil
			})
			err := d.Put(t.Context(), "packs/ab/ab12.age", []byte("sealed"))
			if !errors.Is(err, cause) || errors.Is(err, fs.ErrExist) {
				t.Errorf("step %d fails with %v: Put = %v", n, cause, err)
			}
			if files := onDisk(t, dir); n < steps && len(files) > 0 {
				t.Errorf("step %d fails: %q is left behind", n, files)
			}
			if err := d.Put(t.Context(), "packs/ab/ab12.age", []byte("sealed")); err != nil {
				t.Errorf("step %d failed once: the second Put = %v", n, err)
			}
			if data, err := os.ReadFile(filepath.Join(dir, "packs/ab/ab12.age")); err != nil || string(data) != "sealed" {
				t.Errorf("step %d failed once: the object is %q, %v", n, data, err)
			}
		}
	}
}

// After a failed fsync of the folder nobody knows whether the name lasts; the second Put
// finds the object there and must sync it, not just nod.
func TestPutAgainSyncs(t *testing.T) {
	broken := true
	_, d, tree := watched(t, func(step string) error {
		if broken && step == "fsync packs/ab/" {
			return syscall.EIO
		}
		return nil
	})
	for range 2 { // still broken: the object is there, and the Put must not succeed
		if err := d.Put(t.Context(), "packs/ab/ab12.age", []byte("sealed")); !errors.Is(err, syscall.EIO) {
			t.Errorf("Put on a failing disk = %v", err)
		}
	}
	broken = false
	tree.Steps()
	if err := d.Put(t.Context(), "packs/ab/ab12.age", []byte("sealed")); err != nil {
		t.Fatal(err)
	}
	if steps := tree.Steps(); !strings.HasSuffix(steps, "fsync packs/ab/\n") {
		t.Errorf("steps:\n%s", steps)
	}
}

func TestPutCancelledBeforeItsName(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir, d, _ := watched(t, func(step string) error {
		if strings.HasPrefix(step, "write") {
			cancel()
		}
		return nil
	})
	if err := d.Put(ctx, "packs/ab/ab12.age", []byte("sealed")); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v", err)
	}
	if files := onDisk(t, dir); len(files) > 0 {
		t.Errorf("%q is left behind", files)
	}
}

func TestTemporaryFilesAreHidden(t *testing.T) {
	inTheMiddle := make(chan struct{})
	goOn := make(chan struct{})
	dir, d, _ := watched(t, func(step string) error {
		if strings.HasPrefix(step, "rename") {
			close(inTheMiddle)
			<-goOn
		}
		return nil
	})
	var put sync.WaitGroup
	put.Go(func() {
		if err := d.Put(t.Context(), "packs/ab12.age", []byte("sealed")); err != nil {
			t.Error(err)
		}
	})
	<-inTheMiddle
	files := onDisk(t, dir)
	if len(files) != 1 || !durable.IsTemporary(files[0]) {
		t.Fatalf("while writing there is %q", files)
	}
	err := d.List(t.Context(), "", func(name string, _ int64) error {
		t.Errorf("List shows %s", name)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := d.Stat(t.Context(), files[0]); err == nil {
		t.Error("Stat shows a temporary file")
	}
	close(goOn)
	put.Wait()
}

func TestOpenChangesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a missing folder = %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("Open of a file succeeded")
	}
	if files := onDisk(t, dir); len(files) != 1 {
		t.Errorf("Open made %q", files)
	}
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "vault")
	d := create(t, dir)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("made %v, %v", info, err)
	}
	create(t, dir) // empty still
	for _, furniture := range []string{"lost+found", ".Trash-1000", "System Volume Information"} {
		if err := os.Mkdir(filepath.Join(dir, furniture), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	create(t, dir) // as the root of a new drive is
	if err := d.Put(t.Context(), "vault.json", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a vault = %v", err)
	}
	photos := t.TempDir()
	if err := os.Mkdir(filepath.Join(photos, "My Photos"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(photos); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "My Photos") {
		t.Errorf("Create over photos = %v", err)
	}
}

func TestListShowsOnlyObjects(t *testing.T) {
	dir := t.TempDir()
	d := create(t, dir)
	if err := d.Put(t.Context(), "packs/ab/ab12.age", []byte("sealed")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"My Photos/a.jpg", ".hidden/a", "packs/.DS_Store", "packs/ab/a b", "packs/ab/ümlaut", "lost+found/x"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	err := d.List(t.Context(), "", func(name string, _ int64) error { names = append(names, name); return nil })
	if err != nil || strings.Join(names, " ") != "packs/ab/ab12.age" {
		t.Errorf("List shows %q, %v", names, err)
	}
}

func TestNothingLeadsOutside(t *testing.T) {
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d := create(t, dir)
	if err := os.Symlink(outside, filepath.Join(dir, "packs")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "vault.json")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"packs/secret", "vault.json"} {
		if r, err := d.Get(t.Context(), name); err == nil {
			r.Close()
			t.Errorf("Get(%s) followed a link outside", name)
		}
		if _, err := d.Stat(t.Context(), name); err == nil {
			t.Errorf("Stat(%s) followed a link outside", name)
		}
	}
	if err := d.Put(t.Context(), "packs/new", []byte("x")); err == nil {
		t.Error("Put followed a link outside")
	}
	if err := d.Put(t.Context(), "vault.json", []byte("x")); err == nil {
		t.Error("Put replaced a link")
	}
	if files := onDisk(t, outside); len(files) != 1 {
		t.Errorf("outside there is %q", files)
	}
}

// Somebody may put anything into the folder; nothing of it may stop the process.
func TestStrangeFiles(t *testing.T) {
	dir := t.TempDir()
	d := create(t, dir)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	if _, err := d.Get(t.Context(), "pipe"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get of a pipe = %v", err)
	}
	if _, err := d.Stat(t.Context(), "pipe"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat of a pipe = %v", err)
	}
	if err := d.Put(t.Context(), "pipe", []byte("x")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Put over a pipe = %v", err)
	}
	if err := d.Put(t.Context(), "folder/x", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "folder", []byte("x")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Put over a folder = %v", err)
	}
	if err := d.Put(t.Context(), "folder/x/y", []byte("x")); err == nil {
		t.Error("Put below an object succeeded")
	}
}

// A drive that is emptied, or whose folders are deleted, under a running process.
func TestFoldersDisappear(t *testing.T) {
	dir := t.TempDir()
	d := create(t, dir)
	if err := d.Put(t.Context(), "packs/ab/1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "packs")); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "packs/ab/2", []byte("x")); err == nil {
		t.Log("the file system made the folder again by itself")
	}
	if err := d.Put(t.Context(), "packs/ab/2", []byte("x")); err != nil {
		t.Errorf("the second Put after the folder disappeared = %v", err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("permissions do not stop this user")
	}
	dir := t.TempDir()
	d := create(t, dir)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if err := d.Put(t.Context(), "vault.json", nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Put into a read-only folder = %v", err)
	}
}

// What killed processes left behind goes away with the first Put of a later one.
func TestPutSweeps(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "packs", "ab", ".tk-abcdefghijklmnopqrstuvwx27.tmp")
	d := create(t, dir)
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, bytes.Repeat([]byte("x"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-30 * 24 * time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Stat(t.Context(), "vault.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err != nil {
		t.Errorf("reading removed something: %v", err)
	}
	if err := d.Put(t.Context(), "vault.json", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the leftover is still there: %v", err)
	}
}

// Two processes with one folder are two Destinations.
func TestTwoDestinations(t *testing.T) {
	dir := t.TempDir()
	a := create(t, dir)
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var group sync.WaitGroup
	for _, d := range []*Destination{a, b} {
		for i := range 20 {
			group.Go(func() {
				name := "packs/" + string(rune('a'+i%5)) + "/" + string(rune('a'+i))
				if err := d.Put(t.Context(), name, []byte(name)); err != nil {
					t.Errorf("put %s: %v", name, err)
				}
			})
		}
	}
	group.Wait()
	if files := onDisk(t, dir); len(files) != 20 {
		t.Errorf("%d files, want 20", len(files))
	}
}

func TestClosed(t *testing.T) {
	d := create(t, t.TempDir())
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "a", nil); err == nil {
		t.Error("Put after Close succeeded")
	}
	if _, err := d.Get(t.Context(), "a"); err == nil {
		t.Error("Get after Close succeeded")
	}
}
