package crash

import (
	"crypto/sha256"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
)

// sectorSize is what a drive writes at once.
const sectorSize = 512

// A Replay goes through the steps of a Disk, and knows what is durable after each.
type Replay struct {
	steps   []step
	at      int
	names   map[string]*file // durable; nil for a directory
	pending []step           // changes of directories that may be lost
	bytes   map[*file]*content
}

// content is the bytes of a file.
type content struct {
	written []byte
	durable int   // so many of them
	lost    bool  // by an fsync that failed: those behind durable
	whole   *File // all of written, once somebody asked
}

// Replay returns a Replay that stands before the first step.
func (d *Disk) Replay() *Replay {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &Replay{
		steps: slices.Clone(d.steps), names: map[string]*file{".": nil}, bytes: make(map[*file]*content),
	}
}

// At returns how many steps were gone through.
func (r *Replay) At() int { return r.at }

// Next goes through one step more, and reports whether there was one.
func (r *Replay) Next() bool {
	if r.at == len(r.steps) {
		return false
	}
	s := r.steps[r.at]
	r.at++
	switch s.kind {
	case write:
		c := r.bytes[s.file]
		c.written, c.whole = append(c.written, s.data...), nil
	case syncFile:
		if c := r.bytes[s.file]; !c.lost {
			c.durable = len(c.written)
		}
	case loseUnsynced:
		c := r.bytes[s.file]
		c.lost = c.lost || c.durable < len(c.written)
	case syncDir:
		r.settle(s.name)
	default:
		if s.kind == create {
			r.bytes[s.file] = new(content)
		}
		r.pending = append(r.pending, s)
	}
	return true
}

// settle makes the changes of a directory durable.
func (r *Replay) settle(dir string) {
	r.pending = slices.DeleteFunc(r.pending, func(s step) bool {
		if path.Dir(s.name) != dir {
			return false
		}
		s.apply(r.names)
		return true
	})
}

// apply changes a directory.
func (s step) apply(names map[string]*file) {
	switch s.kind {
	case makeDir:
		names[s.name] = nil
	case create:
		names[s.name] = s.file
	case rename:
		delete(names, s.name)
		names[s.to] = s.file
	case remove:
		delete(names, s.name)
	}
}

// A File is a file of a State.
type File struct {
	Data []byte // shared with other States: not to be changed
	sum  [32]byte
}

func newFile(data []byte) *File { return &File{data, sha256.Sum256(data)} }

// A State is what is on the disk after a power cut.
type State map[string]*File

// State returns something that may be there if the power is cut now.
func (r *Replay) State(random *rand.Rand) State {
	names := maps.Clone(r.names)
	often := random.IntN(5) // of four changes so many get there
	for _, s := range r.pending {
		if random.IntN(4) < often {
			s.apply(names)
		}
	}
	state := make(State, len(names))
	for name, f := range names {
		if f != nil && reachable(names, name) {
			state[name] = r.bytes[f].after(random)
		}
	}
	return state
}

// reachable reports whether all directories above a name are there.
func reachable(names map[string]*file, name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if f, ok := names[dir]; !ok || f != nil {
			return false
		}
	}
	return true
}

// after returns what a power cut leaves.
func (c *content) after(random *rand.Rand) *File {
	unsynced := len(c.written) - c.durable
	if unsynced == 0 || random.IntN(4) == 0 && !c.lost {
		if c.whole == nil {
			c.whole = newFile(c.written)
		}
		return c.whole
	}
	kept := slices.Clone(c.written)
	cut := c.durable + random.IntN(unsynced+1)
	switch random.IntN(4) {
	case 0: // nothing more
		kept = kept[:c.durable]
	case 1: // torn
		kept = kept[:cut]
	case 2: // the length got there, the bytes behind did not
		clear(kept[cut:])
	case 3: // some sectors did
		for i := c.durable; i < len(kept); i += sectorSize {
			if random.IntN(2) == 0 {
				clear(kept[i:min(i+sectorSize, len(kept))])
			}
		}
	}
	return newFile(kept)
}

// Key is the same for States that hold the same bytes under the same names, of those names
// that count.
func (s State) Key(counts func(name string) bool) [32]byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if counts(name) {
			h.Write([]byte(name))
			h.Write([]byte{0})
			h.Write(s[name].sum[:])
		}
	}
	return [32]byte(h.Sum(nil))
}
