package sftp

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

// readAhead is how many folders a List reads at once.
const readAhead = 16

// List visits the objects below a prefix; see chunkstore.Destination. Files and folders
// that are not named as objects are, and links, are not shown. Folders are read ahead of
// what is visited.
func (d *Destination) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	start := "."
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		start = prefix[:i]
		if objectname.Check(start) != nil {
			return ctx.Err() // no object is named so
		}
	}
	listCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := &lister{d: d, prefix: prefix, visit: visit, slots: make(chan struct{}, readAhead)}
	return l.walk(listCtx, start, l.read(listCtx, start))
}

// A lister is one walk through the folder.
type lister struct {
	d      *Destination
	prefix string
	visit  func(name string, size int64) error
	slots  chan struct{}
}

// A listing is a folder that is being read.
type listing struct {
	done    chan struct{}
	entries []fs.FileInfo
	err     error
}

// read starts reading a folder. The entries come in the order of the names of the
// objects below: a folder counts as if its name ended in a slash, so that "a-b" and "a.b"
// come before what is in "a".
func (l *lister) read(ctx context.Context, dir string) *listing {
	reading := &listing{done: make(chan struct{})}
	go func() {
		defer close(reading.done)
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		case <-ctx.Done():
			reading.err = ctx.Err()
			return
		}
		reading.entries, reading.err = l.d.entries(ctx, dir)
		slices.SortFunc(reading.entries, func(a, b fs.FileInfo) int { return strings.Compare(sortName(a), sortName(b)) })
	}()
	return reading
}

// entries reads one folder. One that is not there is empty, but for the base.
func (d *Destination) entries(ctx context.Context, dir string) ([]fs.FileInfo, error) {
	var entries []fs.FileInfo
	err := d.do(ctx, func(c *conn, moved func()) error {
		var err error
		entries, err = c.sftp.ReadDir(d.at(dir))
		if err == nil || errors.Is(err, fs.ErrNotExist) || !isVague(err) {
			return err
		}
		if info, statErr := c.sftp.Stat(d.at(dir)); statErr == nil && !info.IsDir() {
			return fs.ErrNotExist // a file: nothing is below it
		}
		moved()
		return d.absent(c, path.Join(dir, "x"), err)
	})
	if errors.Is(err, fs.ErrNotExist) && dir != "." {
		return nil, nil
	}
	return entries, err
}

func sortName(info fs.FileInfo) string {
	if info.IsDir() {
		return info.Name() + "/"
	}
	return info.Name()
}

func (l *lister) walk(ctx context.Context, dir string, reading *listing) error {
	select {
	case <-reading.done:
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	if reading.err != nil {
		return fmt.Errorf("list %s: %w", dir, reading.err)
	}
	entries := slices.DeleteFunc(reading.entries, func(e fs.FileInfo) bool { return !l.wants(dir, e) })
	var ahead []*listing // of the folders among entries, in order
	next := 0            // entry that is looked at for folders to read ahead
	for _, e := range entries {
		for ; next < len(entries) && len(ahead) < readAhead; next++ {
			if entries[next].IsDir() {
				ahead = append(ahead, l.read(ctx, path.Join(dir, entries[next].Name())))
			}
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("list %s: %w", dir, err)
		}
		name := path.Join(dir, e.Name())
		if !e.IsDir() {
			if err := l.visit(name, e.Size()); err != nil {
				return err
			}
			continue
		}
		below := ahead[0]
		ahead = ahead[1:]
		if err := l.walk(ctx, name, below); err != nil {
			return err
		}
	}
	return nil
}

// wants reports whether an entry is an object below the prefix or may hold one.
func (l *lister) wants(dir string, e fs.FileInfo) bool {
	name := path.Join(dir, e.Name())
	switch {
	case objectname.Check(name) != nil:
		return false
	case e.IsDir():
		return strings.HasPrefix(name+"/", l.prefix) || strings.HasPrefix(l.prefix, name+"/")
	}
	return e.Mode().IsRegular() && strings.HasPrefix(name, l.prefix)
}
