//go:build linux

package local

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// A faultySystem is a file system that shows another folder, and lets the n-th of the calls
// that the kernel makes fail.
type faultySystem struct {
	fuse.RawFileSystem

	mu     sync.Mutex
	left   int // calls until the fault; 0 and less: none
	cause  syscall.Errno
	struck string // the call that failed
}

// arm lets the n-th call from now fail.
func (f *faultySystem) arm(n int, cause syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.cause, f.struck = n, cause, ""
}

// disarm returns which call failed, "" if none did.
func (f *faultySystem) disarm() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = 0
	return f.struck
}

func (f *faultySystem) step(call string) fuse.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left == 0 {
		f.struck = call
		return fuse.Status(f.cause)
	}
	return fuse.OK
}

func (f *faultySystem) Lookup(c <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	if s := f.step("lookup"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.Lookup(c, h, name, out)
}

func (f *faultySystem) GetAttr(c <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	if s := f.step("getattr"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.GetAttr(c, in, out)
}

func (f *faultySystem) Mkdir(c <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	if s := f.step("mkdir"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.Mkdir(c, in, name, out)
}

func (f *faultySystem) Unlink(c <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	if s := f.step("unlink"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.Unlink(c, h, name)
}

func (f *faultySystem) Rename(c <-chan struct{}, in *fuse.RenameIn, from, to string) fuse.Status {
	if s := f.step("rename"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.Rename(c, in, from, to)
}

func (f *faultySystem) Link(c <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	if s := f.step("link"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.Link(c, in, name, out)
}

func (f *faultySystem) Create(c <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	if s := f.step("create"); s != fuse.OK {
		return s
	}
	s := f.RawFileSystem.Create(c, in, name, out)
	everyCall(&out.OpenOut)
	return s
}

func (f *faultySystem) Open(c <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if s := f.step("open"); s != fuse.OK {
		return s
	}
	s := f.RawFileSystem.Open(c, in, out)
	everyCall(out)
	return s
}

// everyCall makes the kernel ask for every read and write of a file.
func everyCall(out *fuse.OpenOut) {
	out.OpenFlags = out.OpenFlags&^fuse.FOPEN_PASSTHROUGH | fuse.FOPEN_DIRECT_IO
	out.BackingID = 0
}

func (f *faultySystem) Read(c <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	if s := f.step("read"); s != fuse.OK {
		return nil, s
	}
	return f.RawFileSystem.Read(c, in, buf)
}

func (f *faultySystem) Write(c <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	if s := f.step("write"); s != fuse.OK {
		return 0, s
	}
	return f.RawFileSystem.Write(c, in, data)
}

func (f *faultySystem) Writev(c <-chan struct{}, in *fuse.WriteIn, data [][]byte) (uint32, fuse.Status) {
	if s := f.step("write"); s != fuse.OK {
		return 0, s
	}
	return f.RawFileSystem.Writev(c, in, data)
}

func (f *faultySystem) Flush(c <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	if s := f.step("flush"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.Flush(c, in)
}

func (f *faultySystem) Fsync(c <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	if s := f.step("fsync"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.Fsync(c, in)
}

func (f *faultySystem) OpenDir(c <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if s := f.step("opendir"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.OpenDir(c, in, out)
}

func (f *faultySystem) ReadDir(c <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	if s := f.step("readdir"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.ReadDir(c, in, out)
}

func (f *faultySystem) FsyncDir(c <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	if s := f.step("fsyncdir"); s != fuse.OK {
		return s
	}
	return f.RawFileSystem.FsyncDir(c, in)
}

// mountFaulty shows the folder behind at the folder in front.
func mountFaulty(t *testing.T) (system *faultySystem, front, behind string) {
	t.Helper()
	if os.Getenv("TELEKEEP_MOUNTS") == "" {
		t.Skip("TELEKEEP_MOUNTS is not set: nothing may be mounted here")
	}
	front, behind = t.TempDir(), t.TempDir()
	root, err := fusefs.NewLoopbackRoot(behind)
	if err != nil {
		t.Fatal(err)
	}
	none := time.Duration(0) // the kernel shall remember nothing
	system = &faultySystem{RawFileSystem: fusefs.NewNodeFS(root, &fusefs.Options{EntryTimeout: &none, AttrTimeout: &none, NegativeTimeout: &none})}
	server, err := fuse.NewServer(system, front, &fuse.MountOptions{DirectMount: true, Name: "faulty", DisableReadDirPlus: true, DisableXAttrs: true})
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve()
	if err := server.WaitMount(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return system, front, behind
}

// Whichever call the kernel makes fails, with whatever the system may say: an object is
// stored whole or not at all, a nil is true, reading gives the right bytes or an error,
// and nothing is said to be absent that is there.
func TestEveryCallFails(t *testing.T) {
	system, front, behind := mountFaulty(t)
	for _, do := range []struct {
		what   string
		causes []syscall.Errno
		run    func(t *testing.T, d *Destination, dir, fault string, arm func() func() string)
	}{
		{"put", []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.ESTALE}, putFails},
		{"change", []syscall.Errno{syscall.ENOSPC, syscall.EIO}, changeFails},
		{"read", []syscall.Errno{syscall.EIO, syscall.ESTALE}, readFails},
	} {
		for _, cause := range do.causes {
			calls := make(map[string]int)
			for n := 1; ; n++ {
				name := fmt.Sprintf("%s-%d-%d", do.what, cause, n)
				d, err := Create(filepath.Join(front, name))
				if err != nil {
					t.Fatal(err)
				}
				var struck string
				do.run(t, d, filepath.Join(behind, name), fmt.Sprintf("%v at call %d", cause, n), func() func() string {
					system.arm(n, cause)
					return func() string {
						if struck == "" {
							struck = system.disarm()
						}
						return struck
					}
				})
				d.Close()
				if struck == "" {
					break
				}
				calls[struck]++
			}
			t.Logf("%v: %s: %v", cause, do.what, calls)
			if len(calls) < 7 || do.what != "read" && calls["write"] == 0 {
				t.Errorf("%v: %s made only the calls %v: the test looks at the wrong place", cause, do.what, calls)
			}
		}
	}
}

func putFails(t *testing.T, d *Destination, dir, fault string, arm func() func() string) {
	const name = "packs/ab/ab12.age"
	data := bytes.Repeat([]byte("sealed"), 50_000)
	disarm := arm()
	err := d.Put(t.Context(), name, data)
	call := disarm()
	stored, readErr := os.ReadFile(filepath.Join(dir, name))
	if readErr == nil && !bytes.Equal(stored, data) {
		t.Errorf("%s (%s): %d bytes of %d are stored", fault, call, len(stored), len(data))
	}
	if err == nil && readErr != nil {
		t.Errorf("%s (%s): Put said nil and stored nothing", fault, call)
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s (%s): Put = %v", fault, call, err)
	}
	for range 2 { // the second time there is nothing to do
		if err := d.Put(t.Context(), name, data); err != nil {
			t.Errorf("%s (%s): the next Put = %v", fault, call, err)
		}
	}
	if files := onDisk(t, dir); !slices.Equal(files, []string{name}) {
		t.Errorf("%s (%s): in the end there is %q", fault, call, files)
	}
}

func changeFails(t *testing.T, d *Destination, dir, fault string, arm func() func() string) {
	const name = "packs/ab/ab12.age"
	if err := d.Put(t.Context(), name, []byte("old")); err != nil {
		t.Fatal(err)
	}
	disarm := arm()
	err := d.Replace(t.Context(), name, []byte("new"))
	stored, readErr := os.ReadFile(filepath.Join(dir, name))
	if readErr != nil || string(stored) != "new" && (err == nil || string(stored) != "old") {
		t.Errorf("%s: Replace = %v, and there is %q, %v", fault, err, stored, readErr)
	}
	err = d.Remove(t.Context(), name)
	if _, statErr := os.Stat(filepath.Join(dir, name)); err == nil && statErr == nil {
		t.Errorf("%s: Remove said nil and removed nothing", fault)
	}
	call := disarm()
	if err := d.Remove(t.Context(), name); err != nil {
		t.Errorf("%s (%s): the next Remove = %v", fault, call, err)
	}
	if files := onDisk(t, dir); len(files) > 0 {
		t.Errorf("%s (%s): in the end there is %q", fault, call, files)
	}
}

func readFails(t *testing.T, d *Destination, _, fault string, arm func() func() string) {
	const name = "packs/ab/ab12.age"
	data := bytes.Repeat([]byte("sealed"), 50_000)
	for _, object := range []string{name, "packs/cd/cd34.age", "vault.json"} {
		if err := d.Put(t.Context(), object, data); err != nil {
			t.Fatal(err)
		}
	}
	disarm := arm()
	check := func(what string, right bool, err error) {
		t.Helper()
		if err == nil && !right || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s (%s): %s: right %t, %v", fault, disarm(), what, right, err)
		}
	}
	var got []byte
	r, err := d.Get(t.Context(), name)
	if err == nil {
		got, err = io.ReadAll(r)
		r.Close()
	}
	check("Get", bytes.Equal(got, data), err)
	part := make([]byte, 1000)
	n, err := d.ReadAt(t.Context(), name, part, 77)
	check("ReadAt", n == 1000 && bytes.Equal(part, data[77:1077]), err)
	size, err := d.Stat(t.Context(), name)
	check("Stat", size == int64(len(data)), err)
	var names []string
	err = d.List(t.Context(), "", func(name string, _ int64) error { names = append(names, name); return nil })
	check("List", strings.Join(names, " ") == name+" packs/cd/cd34.age vault.json", err)
	_, err = d.Free(t.Context())
	check("Free", true, err)
	disarm()
}
