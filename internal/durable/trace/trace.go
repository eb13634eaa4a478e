// Package trace watches the steps of saving a file, and lets one of them fail.
//
//	durable.Create ──▶ trace.Tree ──step──▶ log line, then nil or an error
//	                       └──────────────▶ the real Tree, unless the step failed
//
// It is for tests: that what reaches the disk, and in which order, is a text that can be
// reviewed.
package trace

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"telekeep/internal/durable"
)

// A Tree passes every step on to another Tree and writes it down.
type Tree struct {
	inner durable.Tree
	fail  func(step string) error

	mu    sync.Mutex
	steps []string
}

// New returns a Tree over inner. fail, if not nil, is asked before each step; if it
// returns an error, the step is not done and returns that. Temporary names are written
// as TEMP, so that steps can be compared.
func New(inner durable.Tree, fail func(step string) error) *Tree {
	return &Tree{inner: inner, fail: fail}
}

// Steps returns what was done since the last call, one step a line.
func (t *Tree) Steps() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.Join(t.steps, "")
	t.steps = nil
	return text
}

// step writes one step down and returns the error it shall fail with.
func (t *Tree) step(format string, args ...any) error {
	for i, arg := range args {
		if name, ok := arg.(string); ok && durable.IsTemporary(name) {
			args[i] = path.Join(path.Dir(name), "TEMP")
		}
	}
	step := fmt.Sprintf(format, args...)
	var err error
	if t.fail != nil {
		err = t.fail(step)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		step += ": " + err.Error()
	}
	t.steps = append(t.steps, step+"\n")
	return err
}

// Mkdir implements durable.Tree.
func (t *Tree) Mkdir(name string, perm fs.FileMode) error {
	if err := t.step("mkdir %s %o", name, perm); err != nil {
		return err
	}
	return t.inner.Mkdir(name, perm)
}

// Create implements durable.Tree.
func (t *Tree) Create(name string, perm fs.FileMode) (durable.File, error) {
	if err := t.step("create %s %o", name, perm); err != nil {
		return nil, err
	}
	f, err := t.inner.Create(name, perm)
	if err != nil {
		return nil, err
	}
	return &file{t, name, f}, nil
}

// Rename implements durable.Tree.
func (t *Tree) Rename(from, to string, replace bool) error {
	how := "rename"
	if replace {
		how = "replace"
	}
	if err := t.step(how+" %s %s", from, to); err != nil {
		return err
	}
	return t.inner.Rename(from, to, replace)
}

// Remove implements durable.Tree.
func (t *Tree) Remove(name string) error {
	if err := t.step("remove %s", name); err != nil {
		return err
	}
	return t.inner.Remove(name)
}

// Sync implements durable.Tree.
func (t *Tree) Sync(name string) error {
	if err := t.step("fsync %s", name); err != nil {
		return err
	}
	return t.inner.Sync(name)
}

// SyncDir implements durable.Tree.
func (t *Tree) SyncDir(name string) error {
	if err := t.step("fsync %s/", name); err != nil {
		return err
	}
	return t.inner.SyncDir(name)
}

// A file is a File of a Tree.
type file struct {
	tree  *Tree
	name  string
	inner durable.File
}

// Write fails with half of the bytes written: that is what a full disk does.
func (f *file) Write(p []byte) (int, error) {
	if err := f.tree.step("write %s %d bytes", f.name, len(p)); err != nil {
		n, _ := f.inner.Write(p[:len(p)/2])
		return n, err
	}
	return f.inner.Write(p)
}

func (f *file) Sync() error {
	if err := f.tree.step("fsync %s", f.name); err != nil {
		return err
	}
	return f.inner.Sync()
}

// Close always closes, because a failed close has closed too.
func (f *file) Close() error {
	err := f.tree.step("close %s", f.name)
	if innerErr := f.inner.Close(); err == nil {
		err = innerErr
	}
	return err
}
