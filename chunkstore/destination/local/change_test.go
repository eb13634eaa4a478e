package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestChangeSteps is the promise "durable when it returns" of the two calls that change
// what is there.
func TestChangeSteps(t *testing.T) {
	_, d, tree := watched(t, nil)
	const name = "packs/ab/ab12.age"
	if err := d.Put(t.Context(), name, []byte("damaged")); err != nil {
		t.Fatal(err)
	}
	tree.Steps()
	for _, c := range []struct {
		what string
		do   func() error
		want string
	}{
		{"replace", func() error { return d.Replace(t.Context(), name, []byte("sealed")) }, `
create packs/ab/TEMP 600
write packs/ab/TEMP 6 bytes
fsync packs/ab/TEMP
close packs/ab/TEMP
replace packs/ab/TEMP packs/ab/ab12.age
fsync packs/ab/
`},
		{"remove", func() error { return d.Remove(t.Context(), name) }, "\nremove packs/ab/ab12.age\nfsync packs/ab/\n"},
		{"remove again", func() error { return d.Remove(t.Context(), name) }, "\nfsync packs/ab/\n"},
		{"remove where no folder is", func() error { return d.Remove(t.Context(), "packs/cd/cd34.age") }, "\nfsync packs/cd/\n"},
	} {
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if got := "\n" + tree.Steps(); got != c.want {
			t.Errorf("%s:%swant:%s", c.what, got, c.want)
		}
	}
}

// Whatever step of an exchange fails, the old bytes or the new ones are there, nothing
// else is, and the next try succeeds.
func TestReplaceFailsAtEveryStep(t *testing.T) {
	const steps, name = 6, "packs/ab/ab12.age"
	for n := 1; n <= steps; n++ {
		count := -100
		dir, d, _ := watched(t, func(string) error {
			if count++; count == n {
				return syscall.ENOSPC
			}
			return nil
		})
		if err := d.Put(t.Context(), name, []byte("damaged")); err != nil {
			t.Fatal(err)
		}
		count = 0
		if err := d.Replace(t.Context(), name, []byte("sealed")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("step %d fails: Replace = %v", n, err)
		}
		want := "damaged"
		if n == steps { // the fsync of the folder: the new bytes have the name already
			want = "sealed"
		}
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != want {
			t.Errorf("step %d fails: there is %q, %v", n, data, err)
		}
		if files := onDisk(t, dir); len(files) != 1 {
			t.Errorf("step %d fails: there is %q", n, files)
		}
		if err := d.Replace(t.Context(), name, []byte("sealed")); err != nil {
			t.Errorf("step %d failed once: the second Replace = %v", n, err)
		}
	}
}

// What is no object is neither removed nor exchanged; of a link, the link.
func TestChangeOfWhatIsNoObject(t *testing.T) {
	dir := t.TempDir()
	d := create(t, dir)
	outside := filepath.Join(t.TempDir(), "outside")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "folder"), 0o700), os.WriteFile(outside, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := d.Replace(t.Context(), "folder", []byte("x")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Replace of a folder = %v", err)
	}
	if err := d.Remove(t.Context(), "folder"); err != nil {
		t.Errorf("Remove of a folder = %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "folder")); err != nil {
		t.Error("the folder is gone")
	}
	for _, change := range []func() error{
		func() error { return d.Replace(t.Context(), "link", []byte("y")) },
		func() error { return d.Remove(t.Context(), "link") },
	} {
		if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		if err := change(); err != nil {
			t.Error(err)
		}
		os.Remove(filepath.Join(dir, "link")) // what Replace has put there
	}
	if data, err := os.ReadFile(outside); err != nil || string(data) != "x" {
		t.Errorf("outside there is %q, %v", data, err)
	}
}
