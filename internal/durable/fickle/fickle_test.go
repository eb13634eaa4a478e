//go:build linux

package fickle

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func mount(t *testing.T, d *Disk) string {
	t.Helper()
	if os.Getenv("TELEKEEP_MOUNTS") == "" {
		t.Skip("TELEKEEP_MOUNTS is not set: nothing may be mounted here")
	}
	dir := t.TempDir()
	unmount, err := d.Mount(dir)
	check(t, err)
	t.Cleanup(func() { check(t, unmount()) })
	return dir
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func syncPath(t *testing.T, path string) error {
	t.Helper()
	f, err := os.Open(path)
	check(t, err)
	return errors.Join(f.Sync(), f.Close())
}

// There is what was synced; of the rest there is sometimes something, sometimes nothing, and
// sometimes a part.
func TestCut(t *testing.T) {
	d := New(1)
	dir := mount(t, d)
	path := func(name string) string { return filepath.Join(dir, name) }
	check(t, os.Mkdir(path("a"), 0o700))
	check(t, os.WriteFile(path("a/synced"), []byte("synced"), 0o600))
	check(t, syncPath(t, path("a/synced")))
	check(t, syncPath(t, path("a")))
	check(t, syncPath(t, dir))
	check(t, os.WriteFile(path("a/new"), bytes.Repeat([]byte("n"), 4*sector), 0o600))
	check(t, os.Rename(path("a/synced"), path("a/renamed")))
	f, err := os.OpenFile(path("a/renamed"), os.O_WRONLY|os.O_APPEND, 0)
	check(t, err)
	_, err = f.WriteString(" and more")
	check(t, errors.Join(err, f.Close()))

	seen := make(map[string]int)
	for range 300 {
		left := d.Cut()
		folder := left.nodes[1].names["a"]
		if folder == nil {
			t.Fatal("a folder that was synced is gone")
		}
		old, renamed := folder.names["synced"], folder.names["renamed"]
		if (old == nil) == (renamed == nil) {
			t.Fatalf("a rename left %v", folder.names)
		}
		if renamed != nil {
			seen["renamed"]++
			old = renamed
		}
		switch string(old.data) {
		case "synced":
			seen["short"]++
		case "synced and more":
			seen["long"]++
		default:
			t.Fatalf("%q is neither what was synced nor what came then", old.data)
		}
		switch n := folder.names["new"]; {
		case n == nil:
			seen["no name"]++
		case len(n.data) == 0:
			seen["empty"]++
		case bytes.Equal(n.data, bytes.Repeat([]byte("n"), 4*sector)):
			seen["whole"]++
		default:
			seen["torn"]++
		}
	}
	for _, what := range []string{"renamed", "short", "long", "no name", "empty", "whole", "torn"} {
		if seen[what] < 5 {
			t.Errorf("of 300 power cuts %d left the state %q: %v", seen[what], what, seen)
		}
	}
}

// Each fault happens, and is what it is said to be.
func TestFaults(t *testing.T) {
	d := New(2)
	dir := mount(t, d)
	file := filepath.Join(dir, "file")
	check(t, os.WriteFile(file, []byte("one"), 0o600))
	check(t, errors.Join(syncPath(t, file), syncPath(t, dir)))
	platter := func() string { return string(d.Cut().nodes[1].names["file"].data) }

	d.Take(Faults{Forget: 1})
	check(t, os.WriteFile(file, []byte("two"), 0o600))
	if err := syncPath(t, file); !errors.Is(err, syscall.EIO) {
		t.Errorf("an fsync that shall fail: %v", err)
	}
	if err := syncPath(t, file); err != nil {
		t.Errorf("the next has nothing to do: %v", err)
	}
	if got, err := os.ReadFile(file); string(got) != "two" || err != nil {
		t.Errorf("a program sees %q, %v", got, err)
	}
	if platter() == "two" {
		t.Error("what was forgotten is there after a power cut")
	}

	d.Take(Faults{Lie: 1})
	check(t, os.WriteFile(file, []byte("three"), 0o600))
	check(t, syncPath(t, file))
	if platter() == "three" {
		t.Error("what was lied about is there after a power cut")
	}

	d.Take(Faults{Refuse: 1, Cause: syscall.ENOSPC})
	if err := os.WriteFile(file, []byte("four"), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a refusal: %v", err)
	}
	d.Take(Faults{RefuseAll: true})
	if _, err := os.ReadDir(dir); !errors.Is(err, syscall.EIO) {
		t.Errorf("unplugged: %v", err)
	}

	d.Take(Faults{Short: 1})
	f, err := os.Create(filepath.Join(dir, "short"))
	check(t, err)
	n, err := syscall.Write(int(f.Fd()), make([]byte, 1000))
	if n == 0 || n == 1000 || err != nil {
		t.Errorf("a short write: %d, %v", n, err)
	}
	check(t, f.Close())

	d.Take(Faults{Full: 4096})
	if err := os.WriteFile(filepath.Join(dir, "full"), make([]byte, 5000), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk: %v", err)
	}
	d.Take(Faults{Slow: 20 * time.Millisecond})
	start := time.Now()
	for i := range 20 {
		check(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o600))
	}
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("20 files on a slow disk took %v", took)
	}
	struck := d.Struck()
	for _, what := range []string{"forget", "lie", "short", "full"} {
		if struck[what] == 0 {
			t.Errorf("%s is not counted: %v", what, struck)
		}
	}
}

// After it is mounted anew nothing is seen of what an fsync failed to keep.
func TestRemount(t *testing.T) {
	if os.Getenv("TELEKEEP_MOUNTS") == "" {
		t.Skip("TELEKEEP_MOUNTS is not set: nothing may be mounted here")
	}
	d, dir := New(3), t.TempDir()
	unmount, err := d.Mount(dir)
	check(t, err)
	file := filepath.Join(dir, "file")
	check(t, os.WriteFile(file, []byte("one"), 0o600))
	check(t, errors.Join(syncPath(t, file), syncPath(t, dir)))
	d.Take(Faults{Forget: 1})
	check(t, os.WriteFile(file, []byte("forgotten"), 0o600))
	if syncPath(t, file) == nil {
		t.Error("an fsync that shall fail does not")
	}
	d.Take(Faults{})
	unmount, err = d.Remount(dir, unmount)
	check(t, err)
	defer func() { check(t, unmount()) }()
	if got, err := os.ReadFile(file); string(got) != "one" || err != nil {
		t.Errorf("there is %q, %v", got, err)
	}
}
