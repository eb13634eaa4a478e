package chunkstore

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A stateDisk is what SQLite does to the files of a folder, written down. For as long as the
// test runs it stands between SQLite and its files: a VFS that is a copy of the usual one, but
// for opening, which gives files other methods to write, truncate and sync.
//
// Names are durable once their file was synced for the first time, because SQLite syncs the
// folder then; that makes removals durable, too.
type stateDisk struct {
	dir     string
	real    uintptr // the usual VFS
	methods map[uintptr]*ioMethods
	open    func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	remove  func(tls *libc.TLS, vfs, name uintptr, sync int32) int32

	mu    sync.Mutex
	names map[uintptr]string // of open files
	steps []stateStep
}

// A stateStep is a write, or what its other fields say.
type stateStep struct {
	name           string
	data           []byte
	at             int64
	cut, sync, rid bool // truncated to at; synced; removed
}

// ioMethods are the methods of a kind of file, and those that write down what they do. They are
// held here because SQLite's pointers to them are none for Go.
type ioMethods struct {
	table    *sqlite3.Tsqlite3_io_methods
	real     sqlite3.Tsqlite3_io_methods
	write    func(tls *libc.TLS, file, data uintptr, n int32, at int64) int32
	truncate func(tls *libc.TLS, file uintptr, size int64) int32
	sync     func(tls *libc.TLS, file uintptr, flags int32) int32
}

// at is what is at an address outside of Go's memory.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// function is how SQLite calls a function, and back.
func function[T any](f T) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

func callable[T any](f uintptr) T { return *(*T)(unsafe.Pointer(&f)) }

// newStateDisk stands between SQLite and a folder until the end of the test.
func newStateDisk(t *testing.T, dir string) *stateDisk {
	t.Helper()
	d := &stateDisk{dir: dir, methods: make(map[uintptr]*ioMethods), names: make(map[uintptr]string)}
	tls := libc.NewTLS()
	d.real = sqlite3.Xsqlite3_vfs_find(tls, 0)
	vfs := at[sqlite3.Tsqlite3_vfs](libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{}))))
	*vfs = *at[sqlite3.Tsqlite3_vfs](d.real)
	name, err := libc.CString("telekeep-test")
	check(t, err)
	d.open, d.remove = d.openFile, d.removeFile
	vfs.FzName, vfs.FpNext, vfs.FxOpen, vfs.FxDelete = name, 0, function(d.open), function(d.remove)
	own := uintptr(unsafe.Pointer(vfs))
	if code := sqlite3.Xsqlite3_vfs_register(tls, own, 1); code != 0 {
		t.Fatalf("register: %d", code)
	}
	t.Cleanup(func() { // what it took stays taken: a file could still be open
		sqlite3.Xsqlite3_vfs_register(tls, d.real, 1)
		sqlite3.Xsqlite3_vfs_unregister(tls, own)
		tls.Close()
	})
	return d
}

func (d *stateDisk) openFile(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	type open = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	code := callable[open](at[sqlite3.Tsqlite3_vfs](d.real).FxOpen)(tls, d.real, name, file, flags, out)
	if code != 0 || name == 0 {
		return code
	}
	path := libc.GoString(name)
	if filepath.Dir(path) != d.dir {
		return code
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[file] = filepath.Base(path)
	f := at[sqlite3.Tsqlite3_file](file)
	f.FpMethods = uintptr(unsafe.Pointer(d.methodsOf(tls, f.FpMethods).table))
	return code
}

// methodsOf returns those that write down what they do.
func (d *stateDisk) methodsOf(tls *libc.TLS, real uintptr) *ioMethods {
	if m := d.methods[real]; m != nil {
		return m
	}
	m := &ioMethods{real: *at[sqlite3.Tsqlite3_io_methods](real)}
	m.write = func(tls *libc.TLS, file, data uintptr, n int32, off int64) int32 {
		return d.note(file, stateStep{data: bytes.Clone(unsafe.Slice(at[byte](data), n)), at: off}, func() int32 {
			return callable[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](m.real.FxWrite)(tls, file, data, n, off)
		})
	}
	m.truncate = func(tls *libc.TLS, file uintptr, size int64) int32 {
		return d.note(file, stateStep{cut: true, at: size}, func() int32 {
			return callable[func(*libc.TLS, uintptr, int64) int32](m.real.FxTruncate)(tls, file, size)
		})
	}
	m.sync = func(tls *libc.TLS, file uintptr, flags int32) int32 {
		return d.note(file, stateStep{sync: true}, func() int32 {
			return callable[func(*libc.TLS, uintptr, int32) int32](m.real.FxSync)(tls, file, flags)
		})
	}
	m.table = at[sqlite3.Tsqlite3_io_methods](libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(m.real))))
	*m.table = m.real
	m.table.FxWrite, m.table.FxTruncate, m.table.FxSync = function(m.write), function(m.truncate), function(m.sync)
	d.methods[real] = m
	return m
}

// note does a step, and writes it down if it was done.
func (d *stateDisk) note(file uintptr, s stateStep, do func() int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	code := do()
	if code == 0 {
		s.name = d.names[file]
		d.steps = append(d.steps, s)
	}
	return code
}

func (d *stateDisk) removeFile(tls *libc.TLS, _, name uintptr, sync int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	code := callable[func(*libc.TLS, uintptr, uintptr, int32) int32](at[sqlite3.Tsqlite3_vfs](d.real).FxDelete)(tls, d.real, name, sync)
	if path := libc.GoString(name); code == 0 && filepath.Dir(path) == d.dir {
		d.steps = append(d.steps, stateStep{name: filepath.Base(path), rid: true, sync: sync != 0})
	}
	return code
}

// count returns how many steps were done.
func (d *stateDisk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.steps)
}

// A stateReplay goes through the steps, and knows what is durable.
type stateReplay struct {
	steps   []stateStep
	at      int
	durable map[string][]byte
	pending map[string][]stateStep
}

func (d *stateDisk) replay() *stateReplay {
	return &stateReplay{steps: d.steps, durable: make(map[string][]byte), pending: make(map[string][]stateStep)}
}

// next goes through one step more, and reports whether there was one.
func (r *stateReplay) next() bool {
	if r.at == len(r.steps) {
		return false
	}
	s := r.steps[r.at]
	r.at++
	if !s.sync {
		r.pending[s.name] = append(r.pending[s.name], s)
		return true
	}
	if s.rid {
		r.pending[s.name] = append(r.pending[s.name], s)
	}
	if _, old := r.durable[s.name]; !old && !s.rid {
		r.settleRemovals()
	}
	r.settle(s.name)
	return true
}

// settle makes the steps that touched a file durable.
func (r *stateReplay) settle(name string) {
	data, there := r.durable[name], true
	for _, p := range r.pending[name] {
		data, there = p.apply(data), !p.rid
	}
	delete(r.pending, name)
	if r.durable[name] = data; !there {
		delete(r.durable, name)
	}
}

// settleRemovals is what syncing the folder does to files that are gone.
func (r *stateReplay) settleRemovals() {
	for name, steps := range r.pending {
		if steps[len(steps)-1].rid {
			r.settle(name)
		}
	}
}

// apply returns the content after a step; it does not change data.
func (s stateStep) apply(data []byte) []byte {
	switch {
	case s.rid:
		return nil
	case s.cut:
		return slices.Clone(data[:min(s.at, int64(len(data)))])
	}
	data = slices.Clone(data)
	if end := s.at + int64(len(s.data)); int64(len(data)) < end {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[s.at:], s.data)
	return data
}

// state returns files that may be there if the power is cut now: of the steps since the last
// sync of a file any, and of a write any sectors.
func (r *stateReplay) state(random *rand.Rand) map[string][]byte {
	files := make(map[string][]byte)
	for name, data := range r.durable {
		files[name] = data
	}
	for name, steps := range r.pending {
		data, there := files[name]
		often := random.IntN(5)
		for _, s := range steps {
			if random.IntN(4) >= often {
				continue
			}
			if data, there = s.torn(random).apply(data), !s.rid; s.rid {
				data = nil
			}
		}
		if files[name] = data; !there {
			delete(files, name)
		}
	}
	if random.IntN(4) == 0 { // the memory that processes share, of whatever time
		files["state.db-shm"] = noise(byte(random.Uint32()), 32<<10)
	}
	return files
}

// torn is a step of which not all got to the disk, now and then.
func (s stateStep) torn(random *rand.Rand) stateStep {
	const sector = 512
	if s.rid || s.cut || len(s.data) <= sector || random.IntN(3) > 0 {
		return s
	}
	from := random.IntN(len(s.data)/sector) * sector
	until := from + (1+random.IntN((len(s.data)-from+sector-1)/sector))*sector
	s.at, s.data = s.at+int64(from), s.data[from:min(until, len(s.data))]
	return s
}

// key is the same for the same files.
func stateKey(files map[string][]byte) string {
	var b strings.Builder
	for _, name := range []string{"state.db", "state.db-wal"} {
		data, there := files[name]
		h := hashOf(data)
		b.Write(h[:])
		if there {
			b.WriteByte(1)
		}
	}
	return b.String()
}
