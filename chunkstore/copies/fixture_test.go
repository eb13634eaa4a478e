package copies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A drive is a place in memory that can be unplugged and told to fail.
type drive struct {
	*memory.Destination
	name string

	mu       sync.Mutex
	away     bool
	fault    func(memory.Call) error
	identity string
	free     int64
	opened   int
	settled  int    // how often names were made durable that an earlier process gave
	vault    string // if set, commits must come in order
	wrong    error  // the first one that did not
	hangs    bool   // nothing is ever stored
	silent   bool   // nothing is ever answered
	mounted  error  // what Writable says
	cut      int64  // if set, every Get fails after so many bytes
}

// Get fails in the middle if it is told to.
func (d *drive) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	d.mu.Lock()
	silent := d.silent
	d.mu.Unlock()
	if silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r, err := d.Destination.Get(ctx, name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || d.cut == 0 {
		return r, err
	}
	return io.NopCloser(io.MultiReader(io.LimitReader(r, d.cut), iotest.ErrReader(syscall.EIO))), nil
}

// Put looks whether a commit may come before it lets it.
func (d *drive) Put(ctx context.Context, name string, data []byte) error {
	if d.vault != "" && chunkstore.ParseName(name).Kind == chunkstore.CommitObject {
		if err := checkOrder(d.Destination, d.vault, name, data); err != nil {
			d.set(func(d *drive) { d.wrong = cmp.Or(d.wrong, err) })
		}
	}
	d.mu.Lock()
	hangs := d.hangs || d.silent
	d.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return d.Destination.Put(ctx, name, data)
}

// List fails in the middle if the fault says so.
func (d *drive) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	err := d.Destination.List(ctx, prefix, visit)
	if !errors.Is(err, errHalf) {
		return err
	}
	names := d.Names()
	for _, name := range names[:len(names)/2] {
		if strings.HasPrefix(name, prefix) {
			if err := visit(name, int64(len(d.Object(name)))); err != nil {
				return err
			}
		}
	}
	return err
}

// errHalf is a fault that lets a List show half of what is there before it fails.
var errHalf = errors.New("connection reset")

func newDrive(name string) *drive {
	d := &drive{name: name, identity: "uuid=" + name, free: 1 << 40}
	d.Destination = memory.WithFaults(func(c memory.Call) error {
		d.mu.Lock()
		away, fault := d.away, d.fault
		d.mu.Unlock()
		if away {
			return syscall.ENODEV
		}
		if fault != nil {
			return fault(c)
		}
		return nil
	})
	return d
}

func (d *drive) place() Place {
	return Place{Name: d.name, Open: func(context.Context) (Driver, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.away {
			return nil, fmt.Errorf("open %s: %w", d.name, syscall.ENODEV)
		}
		d.opened++
		return d, nil
	}}
}

func (d *drive) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened--
	return nil
}

func (d *drive) Settle(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settled++
	return nil
}

func (d *drive) Identity(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.identity, nil
}

func (d *drive) Free(context.Context) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.free, nil
}

func (d *drive) Writable(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mounted
}

func (d *drive) set(change func(d *drive)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *drive) unplug()                          { d.set(func(d *drive) { d.away = true }) }
func (d *drive) plug()                            { d.set(func(d *drive) { d.away = false }) }
func (d *drive) fail(f func(c memory.Call) error) { d.set(func(d *drive) { d.fault = f }) }

// A fixture is a vault that lies on several drives, and the state of one machine.
type fixture struct {
	t       *testing.T
	vault   *chunkstore.Vault
	secrets *chunkstore.WriterSecrets
	second  *chunkstore.WriterSecrets // of another machine that writes to the same vault
	owner   crypto.Identity
	drives  []*drive
	dir     string
	options Options

	mu     sync.Mutex
	clock  time.Time
	events []Event
}

// newFixture makes a vault on the first of some drives and copies it, empty, to the others.
func newFixture(t *testing.T, names ...string) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: fastDir(t), clock: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	for _, name := range names {
		f.drives = append(f.drives, newDrive(name))
	}
	owner, err := crypto.NewIdentity()
	check(t, err)
	f.owner = owner
	first := f.drives[0]
	f.vault, f.secrets, err = chunkstore.Create(t.Context(), first, chunkstore.CreateOptions{
		Owners: []chunkstore.Owner{{Name: "owner", Recipient: owner.Recipient()}}, Now: f.now,
	})
	check(t, err)
	for _, d := range f.drives[1:] {
		for _, name := range first.Names() {
			check(t, d.Put(t.Context(), name, first.Object(name)))
		}
	}
	f.options = Options{
		Vault: f.vault.ID, Secrets: f.secrets, Reserve: -1, Now: f.now, Notice: f.notice,
		Spool: filepath.Join(f.dir, "spool"), State: filepath.Join(f.dir, "copies.db"),
	}
	for _, d := range f.drives {
		d.vault = f.vault.ID
		f.options.Places = append(f.options.Places, d.place())
	}
	f.t.Cleanup(func() {
		for _, d := range f.drives {
			if d.wrong != nil {
				t.Errorf("drive %s: %v", d.name, d.wrong)
			}
		}
	})
	return f
}

// now is a clock that goes on by a second whenever it is asked.
func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(time.Second)
	return f.clock
}

// later makes it so late that every place is tried again.
func (f *fixture) later() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(time.Hour)
}

func (f *fixture) notice(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
}

// open opens the Set; the end of the test closes it.
func (f *fixture) open() *Set {
	f.t.Helper()
	s, err := Open(f.t.Context(), f.options)
	check(f.t, err)
	f.t.Cleanup(func() { check(f.t, s.Close()) })
	return s
}

// writer opens a Writer that the end of the test closes.
func (f *fixture) writer(dst chunkstore.Destination) *chunkstore.Writer {
	f.t.Helper()
	w, err := chunkstore.OpenWriter(f.t.Context(), dst, f.writerOptions())
	check(f.t, err)
	f.t.Cleanup(func() { check(f.t, w.Close()) })
	return w
}

func (f *fixture) writerOptions() chunkstore.WriterOptions {
	return chunkstore.WriterOptions{
		Secrets: f.secrets, StatePath: filepath.Join(f.dir, "state.db"), PackSize: 8 << 20, OpenPacks: 1, Workers: 1, Now: f.now,
	}
}

// store writes bytes and commits them.
func store(t *testing.T, w *chunkstore.Writer, data []byte) *chunkstore.Commit {
	t.Helper()
	s := w.NewStream()
	_, err := s.Write(data)
	check(t, err)
	ids, err := s.Close()
	check(t, err)
	c, err := w.Commit(t.Context(), ids)
	check(t, err)
	if c == nil {
		t.Fatal("the commit found nothing new")
	}
	return c
}

// verify checks each drive without keys and expects no problem.
func (f *fixture) verify() {
	f.t.Helper()
	for _, d := range f.drives {
		report, err := chunkstore.Verify(context.Background(), d.CrashClone(), chunkstore.VerifyOptions{})
		check(f.t, err)
		for _, p := range report.Problems {
			f.t.Errorf("drive %s: %v", d.name, p)
		}
	}
}

// noise returns n bytes that do not compress, the same for the same seed.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	r.Read(b) // never fails
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// equal expects that all drives hold the same.
func (f *fixture) equal() {
	f.t.Helper()
	for _, d := range f.drives[1:] {
		if a, b := f.drives[0].Names(), d.Names(); !slices.Equal(a, b) {
			f.t.Errorf("drive %s lacks %q and has %q besides", d.name, without(a, b), without(b, a))
		}
	}
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// fastDir returns a folder that is gone after the test; where there is one, on a file system
// in memory: these tests make thousands of small files durable.
func fastDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "telekeep-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	return dir
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	return data
}

// writeFile replaces a file, and removes what SQLite keeps beside it.
func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	for _, suffix := range []string{"-wal", "-shm"} {
		os.Remove(path + suffix) // it may not be there
	}
	check(t, os.WriteFile(path, data, 0o600))
}
