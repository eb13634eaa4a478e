package crash

import (
	"bytes"
	"io/fs"
	"path"
	"sync"

	"telekeep/internal/durable"
)

type kind int

const (
	makeDir kind = iota
	create
	write
	syncFile
	loseUnsynced
	rename
	remove
	syncDir
)

// A step is one thing that was done, in the order in which it was done.
type step struct {
	kind     kind
	name, to string // to is that of a rename
	file     *file
	data     []byte // of a write
}

// A file is what a name stands for. Its address is its identity.
type file struct{ number int }

// A Disk is a durable.Tree that writes every step down. It may be used from many
// goroutines; steps are done one after the other.
type Disk struct {
	inner durable.Tree
	fail  func(what string) error

	mu    sync.Mutex
	steps []step
	files map[string]*file
	dirs  map[string]bool
	made  int
}

// New returns a Disk over a Tree that must be empty. fail, if not nil, is asked before each
// step that has an effect; if it returns an error the step is not done and returns that.
func New(inner durable.Tree, fail func(what string) error) *Disk {
	return &Disk{inner: inner, fail: fail, files: make(map[string]*file), dirs: map[string]bool{".": true}}
}

// Steps returns how many steps were done. What was promised before the call must hold at
// every cut after that many steps.
func (d *Disk) Steps() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.steps)
}

// do does a step, unless it shall fail. The caller holds the lock.
func (d *Disk) do(what string, s step, f func() error) error {
	if d.fail != nil {
		if err := d.fail(what); err != nil {
			if s.kind == syncFile {
				d.steps = append(d.steps, step{kind: loseUnsynced, file: s.file})
			}
			return err
		}
	}
	if f != nil {
		if err := f(); err != nil {
			return err
		}
	}
	d.steps = append(d.steps, s)
	return nil
}

// Mkdir implements durable.Tree.
func (d *Disk) Mkdir(name string, perm fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.do("mkdir", step{kind: makeDir, name: name}, func() error { return d.inner.Mkdir(name, perm) })
	if err == nil {
		d.dirs[name] = true
	}
	return err
}

// Create implements durable.Tree.
func (d *Disk) Create(name string, perm fs.FileMode) (durable.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := &writer{disk: d, file: &file{d.made}}
	err := d.do("create", step{kind: create, name: name, file: w.file}, func() (err error) {
		w.inner, err = d.inner.Create(name, perm)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.made++
	d.files[name] = w.file
	return w, nil
}

// Rename implements durable.Tree.
func (d *Disk) Rename(from, to string, replace bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[from]
	err := d.do("rename", step{kind: rename, name: from, to: to, file: f}, func() error { return d.inner.Rename(from, to, replace) })
	if err == nil {
		delete(d.files, from)
		d.files[to] = f
	}
	return err
}

// Remove implements durable.Tree.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.do("remove", step{kind: remove, name: name}, func() error { return d.inner.Remove(name) })
	if err == nil {
		delete(d.files, name)
	}
	return err
}

// Sync implements durable.Tree.
func (d *Disk) Sync(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[name]
	if f == nil {
		return &fs.PathError{Op: "sync", Path: name, Err: fs.ErrNotExist}
	}
	return d.do("fsync", step{kind: syncFile, file: f}, nil)
}

// SyncDir implements durable.Tree.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name = path.Clean(name); !d.dirs[name] {
		return &fs.PathError{Op: "sync", Path: name, Err: fs.ErrNotExist}
	}
	return d.do("fsync of a directory", step{kind: syncDir, name: name}, nil)
}

// A writer is a durable.File of a Disk.
type writer struct {
	disk  *Disk
	file  *file
	inner durable.File
}

// Write fails with nothing written.
func (w *writer) Write(p []byte) (int, error) {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n := 0
	err := w.disk.do("write", step{kind: write, file: w.file, data: bytes.Clone(p)}, func() (err error) {
		n, err = w.inner.Write(p)
		return err
	})
	return n, err
}

func (w *writer) Sync() error {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	return w.disk.do("fsync", step{kind: syncFile, file: w.file}, nil)
}

func (w *writer) Close() error { return w.inner.Close() }
