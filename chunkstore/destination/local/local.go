package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"

	"telekeep/internal/durable"
	"telekeep/internal/objectname"
)

// A Destination is a folder that holds a vault. Its methods may be used from many
// goroutines; several processes may use one folder.
type Destination struct {
	dir   string // the path that was opened
	root  *os.Root
	tree  durable.Tree // the same folder, for saving
	sweep sync.Once

	mu    sync.Mutex
	known map[string]bool // directories whose names this process has made durable
}

// Open opens a folder that exists; fs.ErrNotExist if it does not. It looks at nothing
// in it and changes nothing.
func Open(dir string) (*Destination, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("open folder: %w", err), root.Close())
	}
	return &Destination{dir: dir, root: root, tree: durable.Below(root), known: make(map[string]bool)}, nil
}

// Through makes everything that is saved from now on go through another Tree. It is for
// tests, which watch it; call it before anything is stored.
func (d *Destination) Through(wrap func(durable.Tree) durable.Tree) { d.tree = wrap(d.tree) }

// Create makes a folder, durably and with its parents, and opens it. A folder that is
// there already must be empty, or it is fs.ErrExist; what systems put into the root of
// every drive does not count.
func Create(dir string) (*Destination, error) {
	if err := durable.MkdirPath(dir, durable.PrivateDir); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look into folder: %w", err)
	}
	for _, e := range entries {
		if !Furniture(e.Name()) {
			return nil, fmt.Errorf("folder %s is not empty, it holds %q: %w", dir, e.Name(), fs.ErrExist)
		}
	}
	return Open(dir)
}

// Furniture reports whether systems make a file of this name in the root of a drive
// by themselves.
func Furniture(name string) bool {
	switch name {
	case "lost+found", "System Volume Information", "$RECYCLE.BIN":
		return true
	}
	return name[0] == '.'
}

// Close gives the folder back, so that its drive can be unmounted.
func (d *Destination) Close() error { return d.root.Close() }

// Put stores data under name; see chunkstore.Destination. A full disk is
// syscall.ENOSPC, a read-only one syscall.EROFS.
func (d *Destination) Put(ctx context.Context, name string, data []byte) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	d.sweep.Do(func() { durable.Sweep(d.root) })
	if err := d.put(ctx, name, data); err != nil {
		d.forget(path.Dir(name)) // the folder may have been emptied or replaced: look again next time
		return fmt.Errorf("put %s: %w", name, err)
	}
	return nil
}

func (d *Destination) put(ctx context.Context, name string, data []byte) error {
	if err := d.ensureDir(path.Dir(name)); err != nil {
		return err
	}
	_, err := d.root.Lstat(name)
	if err == nil {
		return d.settle(name, data)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = durable.Create(d.tree, name, data, durable.PrivateFile, ctx.Err)
	if errors.Is(err, fs.ErrExist) {
		return d.settle(name, data) // somebody was faster
	}
	return err
}

// settle compares an object that is there with what should be. It also syncs it:
// whoever stored it may have been stopped, or may have failed, just before that.
func (d *Destination) settle(name string, data []byte) error {
	f, err := d.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is a directory with this name: %w", fs.ErrExist)
	}
	if err != nil {
		return err
	}
	defer f.Close() // read only
	same, err := holds(f, data)
	if err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("the object exists with other content: %w", fs.ErrExist)
	}
	if err := d.tree.Sync(name); err != nil {
		return err
	}
	return d.tree.SyncDir(path.Dir(name))
}

// Settle makes all names in the folder durable: also those that a process gave which was
// killed before it could do that. The bytes of an object are durable before it has its name.
// It takes an fsync for each directory.
func (d *Destination) Settle(ctx context.Context) error {
	if err := d.syncDirs(ctx, ".", 2); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

// syncDirs syncs a directory and those below it, so many levels deep.
func (d *Destination) syncDirs(ctx context.Context, dir string, levels int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if levels > 0 {
		f, err := d.root.Open(dir)
		if err != nil {
			return err
		}
		entries, err := f.ReadDir(-1)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		for _, e := range entries {
			if !e.IsDir() || dir == "." && Furniture(e.Name()) {
				continue
			}
			if err := d.syncDirs(ctx, path.Join(dir, e.Name()), levels-1); err != nil {
				return err
			}
		}
	}
	return d.tree.SyncDir(dir)
}

// holds reports whether the content of f is data.
func holds(f *os.File, data []byte) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() != int64(len(data)) {
		return false, err
	}
	buf := make([]byte, min(len(data), 1<<20))
	for len(data) > 0 {
		n := min(len(data), len(buf))
		if _, err := io.ReadFull(f, buf[:n]); err != nil {
			return false, err
		}
		if !bytes.Equal(buf[:n], data[:n]) {
			return false, nil
		}
		data = data[n:]
	}
	return true, nil
}

// ensureDir makes a directory durable once per process. The lock is held meanwhile:
// nobody may put an object into a directory whose own name could still be lost.
func (d *Destination) ensureDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[dir] {
		return nil
	}
	if err := durable.MkdirAll(d.tree, dir, durable.PrivateDir); err != nil {
		return err
	}
	d.known[dir] = true
	return nil
}

func (d *Destination) forget(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, dir)
}

// Get opens an object; see chunkstore.Destination.
func (d *Destination) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := d.get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", name, err)
	}
	return f, nil
}

// ReadAt reads a part of an object; see chunkstore.Destination. It opens the file every
// time, which costs some microseconds: read in large pieces.
func (d *Destination) ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error) {
	f, err := d.get(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	defer f.Close() // read only
	n, err := f.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read %s: %w", name, err)
	}
	return n, err
}

// Stat returns the length of an object; see chunkstore.Destination.
func (d *Destination) Stat(ctx context.Context, name string) (int64, error) {
	if err := begin(ctx, name); err != nil {
		return 0, fmt.Errorf("stat %s: %w", name, err)
	}
	info, err := d.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return 0, fmt.Errorf("stat %s: %w", name, absent(err))
	}
	return info.Size(), nil
}

func (d *Destination) get(ctx context.Context, name string) (*os.File, error) {
	if err := begin(ctx, name); err != nil {
		return nil, err
	}
	return d.open(name)
}

// open opens a regular file. Everything else is no object: fs.ErrNotExist. O_NONBLOCK
// keeps a pipe that somebody put there from stopping the process.
func (d *Destination) open(name string) (*os.File, error) {
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, absent(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// absent makes a path through a file what it is for objects: not there.
func absent(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fs.ErrNotExist
	}
	return err
}

// begin is what every call with a name checks first.
func begin(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return objectname.Check(name)
}
