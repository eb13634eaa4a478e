//go:build linux

package fickle

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Faults are the liberties that a Disk takes. Each of the numbers is a chance between 0 and 1.
type Faults struct {
	Slow      time.Duration // each call waits up to so long
	Refuse    float64       // of a call that changes something, or reads bytes
	Cause     syscall.Errno // with which it is refused
	Short     float64       // that a write takes only a part
	Forget    float64       // that an fsync fails with EIO, and that the bytes it should have kept never get to the platter
	Lie       float64       // that an fsync succeeds and keeps nothing
	Full      int64         // so many bytes of files are too many; 0: never
	RefuseAll bool          // as if the drive were unplugged: with EIO
}

// A Disk is a file system. It is used by Mount, and may be used by many at once.
type Disk struct {
	fuse.RawFileSystem

	mu      sync.Mutex
	random  *rand.Rand
	faults  Faults
	nodes   map[uint64]*node
	handles map[uint64][]fuse.DirEntry // of directories that are being read
	last    uint64                     // number of a node or handle
	bytes   int64                      // of all files
	steps   int                        // changes and fsyncs
	struck  map[string]int             // by kind of fault
	cutAt   int
	onCut   func(*Disk) (next int)
}

// A node is a file or a directory.
type node struct {
	number  uint64
	mode    uint32
	changed time.Time
	links   uint32

	data    []byte // of a file, as programs see it
	platter []byte
	names   map[string]*node // of a directory, as programs see it
	durable map[string]*node
	pending []change // since the last fsync
}

// A change is a step from what programs see to the platter: of a file a write, or its cut or
// growth to a length; of a directory what a name stands for.
type change struct {
	at     int64
	data   []byte // nil: at is the length
	name   string
	to     *node // nil: the name is gone
	gone   string
	length bool
}

// New returns an empty Disk.
func New(seed uint64) *Disk {
	d := &Disk{
		RawFileSystem: fuse.NewDefaultRawFileSystem(), random: rand.New(rand.NewPCG(seed, 0)),
		nodes: make(map[uint64]*node), handles: make(map[uint64][]fuse.DirEntry), struck: make(map[string]int),
	}
	d.add(&node{mode: syscall.S_IFDIR | 0o755, names: map[string]*node{}, durable: map[string]*node{}})
	return d
}

// add takes a node in; the first is the root. The caller holds the lock.
func (d *Disk) add(n *node) *node {
	d.last++
	n.number, n.changed = d.last, time.Now()
	d.nodes[n.number] = n
	return n
}

// Take makes a Disk take these liberties from now on.
func (d *Disk) Take(f Faults) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = f
}

// Struck returns how often which liberty was taken, and forgets it.
func (d *Disk) Struck() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	struck := d.struck
	d.struck = make(map[string]int)
	return struck
}

// Steps returns how many changes and fsyncs there were.
func (d *Disk) Steps() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.steps
}

// CutAt has onCut called with what a power cut leaves after so many steps, while the programs
// go on. It must not use the Disk that is cut, and returns after how many steps it wants to be
// called again.
func (d *Disk) CutAt(steps int, onCut func(*Disk) (next int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutAt, d.onCut = steps, onCut
}

// step counts a change. The caller holds the lock.
func (d *Disk) step() {
	if d.steps++; d.steps == d.cutAt {
		d.cutAt = d.onCut(d.cut())
	}
}

// Cut returns what a power cut leaves now: a Disk with no programs.
func (d *Disk) Cut() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cut()
}

func (d *Disk) cut() *Disk {
	left := New(d.random.Uint64())
	kept := map[*node]*node{d.nodes[1]: left.nodes[1]}
	var fill func(from *node)
	fill = func(from *node) {
		to := kept[from]
		if from.names == nil {
			to.platter = from.after(d.random)
			to.data = slices.Clone(to.platter)
			left.bytes += int64(len(to.data))
			return
		}
		for name, n := range from.namesAfter(d.random) {
			if kept[n] == nil {
				kept[n] = left.add(&node{mode: n.mode})
				if n.names != nil {
					kept[n].names, kept[n].durable = map[string]*node{}, map[string]*node{}
				}
				fill(n)
			}
			kept[n].links++
			to.names[name], to.durable[name] = kept[n], kept[n]
		}
	}
	fill(d.nodes[1])
	return left
}

// evict makes programs see of what an fsync failed to keep what is on the platter: memory was
// short, or the file system was mounted anew.
func (d *Disk) evict() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.nodes {
		if n.names != nil {
			continue
		}
		d.bytes -= int64(len(n.data))
		n.data = slices.Clone(n.platter)
		for _, c := range n.pending {
			n.data = c.apply(n.data)
		}
		d.bytes += int64(len(n.data))
	}
}

const sector = 512 // what a drive writes at once, bytes

// after returns the bytes of a file after a power cut.
func (n *node) after(random *rand.Rand) []byte {
	data := slices.Clone(n.platter)
	often := random.IntN(5) // of four changes so many get there
	for _, c := range n.pending {
		if random.IntN(4) >= often {
			continue
		}
		if !c.length && len(c.data) > sector && random.IntN(3) == 0 {
			from := random.IntN(len(c.data)/sector) * sector
			c.data = c.data[from:min(len(c.data), from+(1+random.IntN((len(c.data)-from+sector-1)/sector))*sector)]
			c.at += int64(from)
		}
		data = c.apply(data)
	}
	return data
}

// apply makes a change of a file; it may change data.
func (c change) apply(data []byte) []byte {
	end := c.at + int64(len(c.data))
	if c.length && end < int64(len(data)) {
		return data[:end]
	}
	if grown := end - int64(len(data)); grown > 0 {
		data = append(data, make([]byte, grown)...)
	}
	copy(data[c.at:], c.data)
	return data
}

// namesAfter returns the names in a directory after a power cut.
func (n *node) namesAfter(random *rand.Rand) map[string]*node {
	names := maps.Clone(n.durable)
	often := random.IntN(5)
	for _, c := range n.pending {
		if random.IntN(4) < often {
			c.rename(names)
		}
	}
	return names
}

// rename makes a change of a directory.
func (c change) rename(names map[string]*node) {
	if c.gone != "" {
		delete(names, c.gone)
	}
	if c.to != nil {
		names[c.name] = c.to
	}
}

// sync makes what is seen durable, unless there is a fault. The caller holds the lock.
func (d *Disk) sync(n *node) fuse.Status {
	switch {
	case len(n.pending) > 0 && d.strikes("forget", d.faults.Forget):
		if n.names == nil { // what a directory holds is tried again
			n.pending = nil
		}
		d.step()
		return fuse.EIO
	case len(n.pending) > 0 && d.strikes("lie", d.faults.Lie):
		n.pending = nil
		d.step()
		return fuse.OK
	}
	for _, c := range n.pending {
		if n.names != nil {
			c.rename(n.durable)
		} else {
			n.platter = c.apply(n.platter)
		}
	}
	n.pending = nil
	d.step()
	return fuse.OK
}

// strikes reports whether a fault happens. The caller holds the lock.
func (d *Disk) strikes(what string, chance float64) bool {
	if chance == 0 || d.random.Float64() >= chance {
		return false
	}
	d.struck[what]++
	return true
}
