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
	vanishing  int
	redirects  int
	cold       int
	moved      map[int64]int  // file id: data centre it moved to
	lost       map[int64]bool // file id
	onCDN      map[int64]bool // file id
}

// ExpireReferences makes every file reference handed out so far invalid: they
// are answered with FILE_REFERENCE_EXPIRED until the origin is asked again.
func (f *Faults) ExpireReferences() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.generation++
}

// ShortParts makes the next n file parts come back at half their length.
func (f *Faults) ShortParts(n int) { f.set(&f.short, n) }

// CorruptParts flips a byte in the next n file parts.
func (f *Faults) CorruptParts(n int) { f.set(&f.corrupt, n) }

// WrongDC moves the next n files that are asked for to another data centre,
// which the answer names (FILE_MIGRATE_X); messages go on naming the old one.
func (f *Faults) WrongDC(n int) { f.set(&f.moves, n) }

// Unavailable makes the next n files that are asked for unavailable
// (LOCATION_INVALID) until Reset.
func (f *Faults) Unavailable(n int) { f.set(&f.losses, n) }

// Vanish makes the next n files unavailable once a part of them was served, as
// when a message is deleted while its file is downloaded.
func (f *Faults) Vanish(n int) { f.set(&f.vanishing, n) }

func (f *Faults) set(number *int, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*number = n
}

// spend takes one off a number, if it is not used up. The lock is held.
func spend(number *int) bool {
	if *number <= 0 {
		return false
	}
	*number--
	return true
}

// Lose makes one file unavailable from now on, until Reset.
func (f *Faults) Lose(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lose(id)
}

// Redirect puts the next n files that are asked for by clients that know what a
// CDN is there: their own data centre sends such clients away.
func (f *Faults) Redirect(n int) { f.set(&f.redirects, n) }

// Cold makes the CDN lack the next n parts that it is asked for: the client has
// to have them brought there.
func (f *Faults) Cold(n int) { f.set(&f.cold, n) }

// Reset ends every fault. References that expired stay expired.
func (f *Faults) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.short, f.corrupt, f.moves, f.losses = 0, 0, 0, 0
	f.vanishing, f.redirects, f.cold = 0, 0, 0
	f.moved, f.lost, f.onCDN = nil, nil, nil
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
	if !f.lost[id] && spend(&f.losses) {
		f.lose(id)
	}
	return f.lost[id]
}

// lose notes a loss. The lock is held.
func (f *Faults) lose(id int64) {
	if f.lost == nil {
		f.lost = map[int64]bool{}
	}
	f.lost[id] = true
}

// served takes note that a part of a file was sent, and spends a vanishing on it.
func (f *Faults) served(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if spend(&f.vanishing) {
		f.lose(id)
	}
}

// isOnCDN reports whether a file is on the CDN, and spends a redirect on it.
func (f *Faults) isOnCDN(id int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.onCDN[id] && spend(&f.redirects) {
		if f.onCDN == nil {
			f.onCDN = map[int64]bool{}
		}
		f.onCDN[id] = true
	}
	return f.onCDN[id]
}

// isCold spends one part that the CDN lacks.
func (f *Faults) isCold() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return spend(&f.cold)
}

// dcOf returns the data centre where a file is now, and spends a move on it.
func (f *Faults) dcOf(id int64, dc int, all []int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, ok := f.moved[id]; ok {
		return at
	}
	if !spend(&f.moves) {
		return dc
	}
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
	if len(p) > 0 && spend(&f.corrupt) {
		p[len(p)/2] ^= 0xff
	}
	if len(p) > 1 && spend(&f.short) {
		p = p[:len(p)/2]
	}
	return p
}
