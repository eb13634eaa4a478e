//go:build linux

package copies

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"telekeep/chunkstore/destination/local"
)

// An external is a real file system in a file, mounted somewhere.
type external struct {
	t     *testing.T
	image string
	point string
}

// newExternal makes one of 24 MiB. Only root can, and only where it is asked for.
func newExternal(t *testing.T) *external {
	t.Helper()
	if os.Getenv("TELEKEEP_MOUNTS") == "" {
		t.Skip("it mounts file systems; only .ci/run asks for that, with TELEKEEP_MOUNTS=1")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may mount file systems")
	}
	dir := t.TempDir()
	e := &external{t, filepath.Join(dir, "drive.img"), filepath.Join(dir, "mnt")}
	check(t, os.Mkdir(e.point, 0o755))
	e.format()
	t.Cleanup(func() { exec.Command("umount", e.point).Run() }) // it may not be mounted
	return e
}

func (e *external) format() {
	e.t.Helper()
	check(e.t, os.WriteFile(e.image, nil, 0o600))
	check(e.t, os.Truncate(e.image, 24<<20))
	e.run("mkfs.ext4", "-q", "-F", e.image)
}

func (e *external) mount(options string) {
	e.t.Helper()
	e.run("mount", "-o", options, e.image, e.point)
}

func (e *external) run(name string, args ...string) {
	e.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		e.t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

// beneath expects that nothing lies below the mount point while nothing is mounted.
func (e *external) beneath() {
	e.t.Helper()
	entries, err := os.ReadDir(e.point)
	check(e.t, err)
	if len(entries) > 0 {
		e.t.Errorf("%q lies beneath the mount point", entries)
	}
}

func (e *external) place(name string) Place {
	return Place{Name: name, Open: func(context.Context) (Driver, error) { return local.Open(e.point) }}
}

// objects returns what lies on the drive.
func (e *external) objects() []string {
	e.t.Helper()
	d, err := local.Open(e.point)
	check(e.t, err)
	defer d.Close()
	var names []string
	check(e.t, d.List(e.t.Context(), "", func(name string, _ int64) error {
		names = append(names, name)
		return nil
	}))
	return names
}

// mountedFixture is a vault in memory and on a drive.
func mountedFixture(t *testing.T) (*fixture, *external) {
	e := newExternal(t)
	e.mount("loop")
	f := newFixture(t, "home")
	d, err := local.Open(e.point)
	check(t, err)
	for _, name := range f.drives[0].Names() {
		check(t, d.Put(t.Context(), name, f.drives[0].Object(name)))
	}
	check(t, d.Close())
	f.options.Places = append(f.options.Places, e.place("usb"))
	return f, e
}

// same expects that the drive holds what lies at home.
func (f *fixture) same(e *external) {
	f.t.Helper()
	if home, usb := f.drives[0].Names(), e.objects(); !slices.Equal(home, usb) {
		f.t.Errorf("the drive lacks %q and has %q besides", without(home, usb), without(usb, home))
	}
}

// A drive is unmounted, at rest and while it is in use, and not one byte lands beneath.
func TestUnmountedDrive(t *testing.T) {
	f, e := mountedFixture(t)
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	f.same(e)
	check(t, s.Release("usb"))
	e.run("umount", e.point) // it would be busy if anything were open
	store(t, w, noise(2, 100_000))
	e.beneath()
	if st := must(s.Status())(t)[1]; st.State != Away {
		t.Errorf("status %+v", st)
	}
	e.mount("loop")
	_, err := s.CatchUp(t.Context(), "usb", nil)
	check(t, err)
	f.same(e)
	e.run("umount", "--lazy", e.point) // as it is when a drive is pulled
	store(t, w, noise(3, 100_000))
	e.beneath()
	if st := must(s.Status())(t)[1]; st.State != Away {
		t.Errorf("status %+v", st)
	}
	e.mount("loop")
	_, err = s.CatchUp(t.Context(), "usb", nil)
	check(t, err)
	f.same(e)
	check(t, s.Release("usb"))
}

// A drive that is full, read-only, or another one.
func TestTroubledDrive(t *testing.T) {
	f, e := mountedFixture(t)
	s := f.open()
	w := f.writer(s)
	state := func(want State, reason error) {
		t.Helper()
		st := must(s.Status())(t)[1]
		if st.State != want || reason != nil && !errors.Is(st.Err, reason) {
			t.Errorf("status %+v, want %s, %v", st, want, reason)
		}
	}
	caught := func() {
		t.Helper()
		_, err := s.CatchUp(t.Context(), "usb", nil)
		check(t, err)
		f.same(e)
		state(Current, nil)
	}
	store(t, w, noise(1, 100_000))
	filler := filepath.Join(e.point, ".filler")
	if err := os.WriteFile(filler, noise(9, 32<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the drive = %v", err)
	}
	store(t, w, noise(2, 1_000_000))
	state(Full, syscall.ENOSPC)
	check(t, os.Remove(filler))
	caught()
	e.run("mount", "-o", "remount,ro", e.point)
	store(t, w, noise(3, 100_000))
	state(ReadOnly, syscall.EROFS)
	e.run("mount", "-o", "remount,rw", e.point)
	caught()

	// The same files on a new file system.
	check(t, s.Release("usb"))
	saved := t.TempDir()
	e.run("cp", "-a", e.point+"/.", saved)
	e.run("umount", e.point)
	e.format()
	e.mount("loop")
	e.run("cp", "-a", saved+"/.", e.point)
	f.later()
	store(t, w, noise(4, 100_000))
	state(Refused, ErrOtherFileSystem)
	check(t, s.Adopt(t.Context(), "usb"))
	caught()
	check(t, s.Release("usb"))
}

// A vault that lies beneath the mount point, because somebody made it there once while the
// drive was away, is not taken for the one on the drive.
func TestVaultBeneath(t *testing.T) {
	f, e := mountedFixture(t)
	s := f.open()
	w := f.writer(s)
	store(t, w, noise(1, 100_000))
	check(t, s.Release("usb"))
	saved := t.TempDir()
	e.run("cp", "-a", e.point+"/.", saved)
	e.run("umount", e.point)
	e.run("cp", "-a", saved+"/.", e.point)
	before := e.objects()
	f.later()
	store(t, w, noise(2, 100_000))
	if after := e.objects(); !slices.Equal(before, after) {
		t.Errorf("%q landed beneath the mount point", without(after, before))
	}
	if _, err := s.CatchUp(t.Context(), "usb", nil); !errors.Is(err, ErrOtherFileSystem) {
		t.Errorf("CatchUp beneath = %v", err)
	}
	e.mount("loop")
	_, err := s.CatchUp(t.Context(), "usb", nil)
	check(t, err)
	f.same(e)
	check(t, s.Release("usb"))
}
