package crash

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"telekeep/internal/durable"
)

func newDisk(t *testing.T, fail func(what string) error) *Disk {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	check(t, err)
	t.Cleanup(func() { check(t, root.Close()) })
	return New(durable.Below(root), fail)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outcomes returns what may be there after the last step, as text.
func outcomes(d *Disk) []string {
	r := d.Replay()
	for r.Next() {
	}
	random := rand.New(rand.NewPCG(1, 2))
	found := make(map[string]bool)
	for range 3000 {
		var lines []string
		for name, f := range r.State(random) {
			lines = append(lines, fmt.Sprintf("%s=%s", path.Base(name), strings.ReplaceAll(string(f.Data), "\x00", "0")))
		}
		slices.Sort(lines)
		found[strings.Join(lines, " ")] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// Each step that saving takes leaves fewer things that a power cut can lead to.
func TestStates(t *testing.T) {
	d := newDisk(t, nil)
	step := func(what string, err error, want ...string) {
		t.Helper()
		check(t, err)
		if got := outcomes(d); !slices.Equal(got, want) {
			t.Errorf("after %s there may be %q, want %q", what, got, want)
		}
	}
	check(t, d.Mkdir("d", 0o700))
	f, err := d.Create("d/a", 0o600)
	step("create", err, "", "a=")
	_, err = f.Write([]byte("xy"))
	step("write", err, "", "a=", "a=00", "a=x", "a=x0", "a=xy")
	step("fsync", f.Sync(), "", "a=xy")
	check(t, f.Close())
	step("rename", d.Rename("d/a", "d/b", false), "", "a=xy", "b=xy")
	step("fsync of the directory", d.SyncDir("d"), "", "b=xy")
	step("fsync of the one above", d.SyncDir("."), "b=xy")
	step("remove", d.Remove("d/b"), "", "b=xy")
	step("fsync after it", d.SyncDir("d"), "")
}

// What an fsync that failed has lost, no later one brings back.
func TestFailedSync(t *testing.T) {
	broken := true
	d := newDisk(t, func(what string) error {
		if broken && what == "fsync" {
			return errors.New("lost")
		}
		return nil
	})
	f, err := d.Create("a", 0o600)
	check(t, err)
	_, err = f.Write([]byte("x"))
	check(t, err)
	if f.Sync() == nil {
		t.Fatal("it did not fail")
	}
	broken = false
	check(t, f.Sync())
	check(t, f.Close())
	check(t, d.SyncDir("."))
	if got := outcomes(d); !slices.Equal(got, []string{"a=", "a=0", "a=x"}) {
		t.Errorf("there may be %q", got)
	}
}
