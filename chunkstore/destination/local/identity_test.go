package local

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder that was exchanged under its path is not the one that was opened.
func TestMounted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	d := create(t, dir)
	if err := d.Mounted(t.Context()); err != nil {
		t.Errorf("Mounted = %v", err)
	}
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := d.Mounted(t.Context()); err == nil {
		t.Error("Mounted of a path that leads nowhere = nil")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Mounted(t.Context()); err == nil {
		t.Error("Mounted of a path that leads to another folder = nil")
	}
}
