package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"telekeep/internal/objectname"
)

// List visits the objects below a prefix; see chunkstore.Destination. Files and folders
// that are not named as objects are, a lost+found or a photo collection, are not shown.
func (d *Destination) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	start := "."
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		start = prefix[:i]
		if objectname.Check(start) != nil {
			return ctx.Err() // no object is named so
		}
	}
	l := lister{d: d, prefix: prefix, visit: visit}
	return l.walk(ctx, start)
}

// A lister is one walk through the folder.
type lister struct {
	d      *Destination
	prefix string
	visit  func(name string, size int64) error
}

func (l *lister) walk(ctx context.Context, dir string) error {
	entries, err := l.read(dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("list %s: %w", dir, err)
		}
		if err := l.entry(ctx, path.Join(dir, e.Name()), e); err != nil {
			return err
		}
	}
	return nil
}

// read returns the entries of a directory in the order of the names of the objects
// below: a directory counts as if its name ended in a slash, so that "a-b" and "a.b"
// come before what is in "a".
func (l *lister) read(dir string) ([]fs.DirEntry, error) {
	f, err := l.d.root.Open(dir)
	if errors.Is(absent(err), fs.ErrNotExist) && dir != "." {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	info, err := f.Stat()
	if err != nil || !info.IsDir() {
		return nil, err // a file: nothing is below it
	}
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(sortName(a), sortName(b)) })
	return entries, nil
}

func sortName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

func (l *lister) entry(ctx context.Context, name string, e fs.DirEntry) error {
	if objectname.Check(name) != nil {
		return nil
	}
	if e.IsDir() {
		below := name + "/"
		if strings.HasPrefix(below, l.prefix) || strings.HasPrefix(l.prefix, below) {
			return l.walk(ctx, name)
		}
		return nil
	}
	if !e.Type().IsRegular() || !strings.HasPrefix(name, l.prefix) {
		return nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("list %s: %w", name, err)
	}
	return l.visit(name, info.Size())
}
