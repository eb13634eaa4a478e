package suite

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// NotOnExFAT is the test that the driver of Debian's exfat-fuse does not pass: it takes the
// old file away before it gives the new one its name.
const NotOnExFAT = "ReplaceNeverHalf"

// ExFAT returns an empty folder on an exFAT file system, as drives are sold with: no hard
// links, no owners and permissions, no difference between upper and lower case. The test
// is skipped unless TELEKEEP_MOUNTS is set, as it needs root, loop devices, FUSE, and
// Debian's exfatprogs and exfat-fuse.
func ExFAT(t *testing.T) (dir string) {
	t.Helper()
	if os.Getenv("TELEKEEP_MOUNTS") == "" {
		t.Skip("TELEKEEP_MOUNTS is not set: nothing may be mounted here")
	}
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 256<<20); err != nil {
		t.Fatal(err)
	}
	device := strings.TrimSpace(run(t, "losetup", "--find", "--show", image))
	t.Cleanup(func() { run(t, "losetup", "--detach", device) })
	run(t, "mkfs.exfat", device)
	dir = t.TempDir()
	run(t, "mount.exfat-fuse", device, dir)
	t.Cleanup(func() { run(t, "umount", dir) })
	if err := os.Link(image, filepath.Join(dir, "link")); err == nil {
		t.Fatal("there are hard links: this is not the file system it should be")
	}
	return dir
}

func run(t *testing.T, command ...string) string {
	t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}
