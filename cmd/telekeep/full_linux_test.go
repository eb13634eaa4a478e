package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"telekeep/chunkstore/copies"
)

// A file system that is full, to the page: the one of the state folder with journal and database alone,
// that with the vault besides (of which 256 MiB must stay free), or that with what waits for a drive
// that is away. A sync says that it is full, and goes on once there is room. TELEKEEP_FULL=every
// tries each size up to the one that is enough, else some are.
func TestFullAtEverySize(t *testing.T) {
	if os.Getenv("TELEKEEP_MOUNTS") == "" {
		t.Skip("TELEKEEP_MOUNTS is not set: nothing may be mounted here")
	}
	const page = 4096
	sim := startSimulator(t, "--seed", "77", "--chats", "4", "--messages", "40", "--media", "400 KiB")
	signedIn := sim.install(t)
	mustCall(t, "", "import", "--dir", signedIn, oldExport(t, filepath.Join(t.TempDir(), "old"))) // to wait for a drive, it must have been there once
	if err := os.Remove(filepath.Join(signedIn, "state", "index.db.reserve")); err != nil {       // would be room
		t.Fatal(err)
	}
	calm := copyFolder(t, signedIn)
	mustCall(t, "", "sync", "--dir", calm)
	want := filepath.Join(t.TempDir(), "want")
	mustCall(t, "", "export", "--dir", calm, "-i", filepath.Join(calm, "owner.key"), "--format", "json", "--out", want)

	for where, with := range map[string]struct{ reserve, stride int }{
		"state": {0, 20},
		"vault": {copies.DefaultReserve/page + 2000, 30}, // and the 8 MiB that the database keeps for itself
		"spool": {0, 40},
	} {
		t.Run(where, func(t *testing.T) {
			stride := with.stride
			if os.Getenv("TELEKEEP_FULL") == "every" {
				stride = 1
			}
			front := t.TempDir()
			if err := syscall.Mount("tmpfs", front, "tmpfs", 0, ""); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := syscall.Unmount(front, 0); err != nil {
					t.Error(err)
				}
			})
			resize := func(pages int) error {
				return syscall.Mount("tmpfs", front, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", pages*page))
			}
			dir := filepath.Join(front, "t")
			full, codes := 0, make(map[int]int)
			for pages := 1 + rand.IntN(stride); ; pages += stride {
				vault, away := filepath.Join(dir, "vault"), filepath.Join(t.TempDir(), "vault")
				if where == "vault" {
					if err := os.CopyFS(dir, os.DirFS(signedIn)); err != nil {
						t.Fatal(err)
					}
					private(t, dir)
					mustCall(t, "", "copy", "accept", "vault", "--dir", dir) // it lies on a file system of its own
				} else if err := errors.Join(os.Rename(filepath.Join(signedIn, "vault"), away), os.CopyFS(dir, os.DirFS(signedIn)),
					os.CopyFS(filepath.Join(signedIn, "vault"), os.DirFS(away)), os.Symlink(away, vault)); err != nil {
					t.Fatal(err)
				}
				private(t, dir)
				if where == "spool" {
					if err := os.Rename(away, away+" in a drawer"); err != nil {
						t.Fatal(err)
					}
				}
				var used syscall.Statfs_t
				if err := syscall.Statfs(front, &used); err != nil {
					t.Fatal(err)
				}
				if err := resize(int(used.Blocks-used.Bfree) + with.reserve + pages); err != nil {
					t.Fatal(err)
				}
				o := call(t, "", "sync", "--dir", dir)
				codes[o.code]++
				enough := o.code == 0 || where == "spool" && strings.Contains(o.err, "what was fetched waits on this machine")
				if !enough {
					full++
					if !strings.Contains(o.err, "telekeep: ") || strings.Contains(o.err, "goroutine ") || o.code != exitNoSpace {
						t.Fatalf("%d pages: sync ended with %d\n%s", pages, o.code, o.err)
					}
				}
				if err := resize(600 << 20 / page); err != nil {
					t.Fatal(err)
				}
				if where == "spool" {
					if err := os.Rename(away+" in a drawer", away); err != nil {
						t.Fatal(err)
					}
				}
				mustCall(t, "", "sync", "--dir", dir)
				mustCall(t, "", "verify", "--dir", dir)
				if full%4 == 1 || enough {
					mustCall(t, "", "verify", "--deep", "--dir", dir, "-i", filepath.Join(dir, "owner.key"))
					got := filepath.Join(t.TempDir(), "got")
					mustCall(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--format", "json", "--out", got)
					sameDialogs(t, want, got)
				}
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				if enough {
					t.Logf("it was enough with %d pages more than an empty vault; %d sizes were too few; exit codes %v", pages, full, codes)
					break
				}
			}
			if full < 5 {
				t.Errorf("only %d sizes were too few", full)
			}
		})
	}
}

// private gives what was copied the permissions that it had.
func private(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}
