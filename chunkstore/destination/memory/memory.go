// Package memory keeps a vault in memory, for tests: it is fast, it counts, it fails
// when it is told to, and it can be cloned as if the machine had stopped.
//
//	Put ──▶ fault(Call) ──▶ nil         stored
//	                   ├──▶ err         not stored, err returned   ("lost")
//	                   └──▶ Kept(err)   stored, err returned       ("kept")
//
// It never touches a disk and is never used by the telekeep command to keep anything.
package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"telekeep/internal/objectname"
)

// An Op is the kind of a call.
type Op string

// The kinds of calls.
const (
	Put     Op = "put"
	Get     Op = "get"
	ReadAt  Op = "readat"
	Stat    Op = "stat"
	List    Op = "list"
	Replace Op = "replace"
	Remove  Op = "remove"
)

// A Call is what a fault function is asked about.
type Call struct {
	Op     Op
	Name   string // of the object; the prefix of a list
	Size   int64  // of what is to be put or exchanged; bytes asked for by a ReadAt; otherwise 0
	Number int    // of this call among all calls so far, from 1
}

// A Destination is a vault in memory. Its methods may be used from many goroutines.
type Destination struct {
	fault func(Call) error

	mu      sync.Mutex
	objects map[string][]byte // the slices never change
	counts  Counts
}

// Counts says what was done with a Destination so far, faults included.
type Counts struct {
	Calls    map[Op]int
	BytesIn  int64 // stored under new names, or by a Replace
	BytesOut int64 // read; of a Get, all bytes of the object
}

// New returns an empty Destination.
func New() *Destination { return WithFaults(nil) }

// WithFaults returns an empty Destination that asks fault before each call, without a
// lock. An error it returns is returned, wrapped, instead of doing the work; an error
// made with Kept is returned after doing it.
func WithFaults(fault func(Call) error) *Destination {
	return &Destination{fault: fault, objects: make(map[string][]byte), counts: Counts{Calls: make(map[Op]int)}}
}

// Kept wraps the error of a fault function: the Put, Replace or Remove happens all the
// same, as when the answer of a server gets lost on the way back.
func Kept(err error) error { return &keptError{err} }

type keptError struct{ err error }

func (e *keptError) Error() string { return e.err.Error() }
func (e *keptError) Unwrap() error { return e.err }

// isLost reports whether err keeps a change from being made.
func isLost(err error) bool {
	_, kept := errors.AsType[*keptError](err)
	return err != nil && !kept
}

// Put stores a copy of data; see chunkstore.Destination.
func (d *Destination) Put(ctx context.Context, name string, data []byte) error {
	faultErr := d.begin(ctx, Call{Op: Put, Name: name, Size: int64(len(data))})
	if isLost(faultErr) {
		return faultErr
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, ok := d.objects[name]; ok && !bytes.Equal(old, data) {
		return fmt.Errorf("put %s: the object exists with other content: %w", name, fs.ErrExist)
	} else if !ok {
		d.objects[name] = bytes.Clone(data)
		d.counts.BytesIn += int64(len(data))
	}
	return faultErr
}

// Get opens an object; see chunkstore.Destination.
func (d *Destination) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := d.begin(ctx, Call{Op: Get, Name: name}); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.objects[name]
	if !ok {
		return nil, fmt.Errorf("get %s: %w", name, fs.ErrNotExist)
	}
	d.counts.BytesOut += int64(len(data))
	return io.NopCloser(bytes.NewReader(data)), nil
}

// ReadAt reads a part of an object; see chunkstore.Destination.
func (d *Destination) ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error) {
	if err := d.begin(ctx, Call{Op: ReadAt, Name: name, Size: int64(len(p))}); err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.objects[name]
	if !ok {
		return 0, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	n, err := bytes.NewReader(data).ReadAt(p, off)
	d.counts.BytesOut += int64(n)
	return n, err
}

// Stat returns the length of an object; see chunkstore.Destination.
func (d *Destination) Stat(ctx context.Context, name string) (int64, error) {
	if err := d.begin(ctx, Call{Op: Stat, Name: name}); err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.objects[name]
	if !ok {
		return 0, fmt.Errorf("stat %s: %w", name, fs.ErrNotExist)
	}
	return int64(len(data)), nil
}

// List visits the objects below a prefix as they are at the start; see
// chunkstore.Destination.
func (d *Destination) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	if err := d.begin(ctx, Call{Op: List, Name: prefix}); err != nil {
		return err
	}
	d.mu.Lock()
	objects := maps.Clone(d.objects)
	d.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		if err := visit(name, int64(len(objects[name]))); err != nil {
			return err
		}
	}
	return nil
}

// begin counts a call, checks what every call checks and asks the fault function.
func (d *Destination) begin(ctx context.Context, c Call) error {
	d.mu.Lock()
	d.counts.Calls[c.Op]++
	for _, n := range d.counts.Calls {
		c.Number += n
	}
	d.mu.Unlock()
	err := ctx.Err()
	if err == nil && c.Op != List {
		err = objectname.Check(c.Name)
	}
	if err == nil && d.fault != nil {
		err = d.fault(c)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", c.Op, c.Name, err)
	}
	return nil
}

// Counts returns what was done so far.
func (d *Destination) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := d.counts
	counts.Calls = maps.Clone(counts.Calls)
	return counts
}

// CrashClone returns a new Destination, without faults and with all counts zero, that
// holds what would be found after the machine stopped now: every object whose Put has
// stored it, whatever it returned. The two share nothing that changes.
func (d *Destination) CrashClone() *Destination {
	d.mu.Lock()
	defer d.mu.Unlock()
	clone := New()
	clone.objects = maps.Clone(d.objects)
	return clone
}

// Damage replaces the content of an object with what change makes of a copy of it, as
// a failing disk or an attacker would. It panics if there is no such object: the test
// would prove nothing.
func (d *Destination) Damage(name string, change func(data []byte) []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mustHave(name)
	d.objects[name] = change(bytes.Clone(d.objects[name]))
}

// Delete removes an object. It panics if there is no such object.
func (d *Destination) Delete(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mustHave(name)
	delete(d.objects, name)
}

// Names returns the names of all objects, sorted.
func (d *Destination) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.objects))
}

// Object returns a copy of the content of an object. It panics if there is none.
func (d *Destination) Object(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mustHave(name)
	return bytes.Clone(d.objects[name])
}

func (d *Destination) mustHave(name string) {
	if _, ok := d.objects[name]; !ok {
		panic("memory: no object " + name)
	}
}
