package world

import "sync"

// Faults make files go wrong on demand. Safe for concurrent use. Numbers count
// requests or files from now on; a new number replaces the old one.
type Faults struct {
	mu         sync.Mutex
	generation uint32
	short      int
	corrupt    int
	moves      int
	losses     int
	moved      map[int64]int  // file id: data centre it moved to
	lost       map[int64]bool // file id
}

// ExpireReferences makes every file reference handed out so far invalid: they
// are answered with FILE_REFERENCE_EXPIRED until the origin is asked again.
func (f *Faults) ExpireReferences() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.generation++
}

// ShortParts makes the next n file parts come back at half their length.
func (f *Faults) ShortParts(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.short = n
}

// CorruptParts flips a byte in the next n file parts.
func (f *Faults) CorruptParts(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.corrupt = n
}

// WrongDC moves the next n files that are asked for to another data centre,
// which the answer names (FILE_MIGRATE_X); messages go on naming the old one.
func (f *Faults) WrongDC(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moves = n
}

// Unavailable makes the next n files that are asked for unavailable
// (LOCATION_INVALID) until Reset.
func (f *Faults) Unavailable(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.losses = n
}

// Reset ends every fault. References that expired stay expired.
func (f *Faults) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.short, f.corrupt, f.moves, f.losses = 0, 0, 0, 0
	f.moved, f.lost = nil, nil
}

func (f *Faults) currentGeneration() uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.generation
}

// isLost reports whether a file is unavailable, and spends a loss on it.
func (f *Faults) isLost(id int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.losses > 0 && !f.lost[id] {
		f.losses--
		if f.lost == nil {
			f.lost = map[int64]bool{}
		}
		f.lost[id] = true
	}
	return f.lost[id]
}

// dcOf returns the data centre where a file is now, and spends a move on it.
func (f *Faults) dcOf(id int64, dc int, all []int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, ok := f.moved[id]; ok {
		return at
	}
	if f.moves == 0 {
		return dc
	}
	f.moves--
	if f.moved == nil {
		f.moved = map[int64]int{}
	}
	f.moved[id] = dc
	for _, other := range all {
		if other != dc {
			f.moved[id] = other
		}
	}
	return f.moved[id]
}

// spoil applies what is to go wrong with the bytes of a part. p is the caller's.
func (f *Faults) spoil(p []byte) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.corrupt > 0 && len(p) > 0 {
		f.corrupt--
		p[len(p)/2] ^= 0xff
	}
	if f.short > 0 && len(p) > 1 {
		f.short--
		p = p[:len(p)/2]
	}
	return p
}
