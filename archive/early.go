package archive

import (
	"bytes"
	"slices"
)

// A Range is Len bytes from offset Off of a media file.
type Range struct {
	Off, Len int64
}

func (r Range) end() int64 { return r.Off + r.Len }

// early holds the parts of a media file that arrived before their turn. Pieces
// are sorted and never overlap.
type early []piece

type piece struct {
	off  int64
	data []byte
}

func (p piece) end() int64 { return p.off + int64(len(p.data)) }

// gaps returns what of want no piece covers, in order.
func (e early) gaps(want Range) []Range {
	var gaps []Range
	at := want.Off
	for _, p := range e {
		if p.end() <= at {
			continue
		}
		if p.off >= want.end() {
			break
		}
		if p.off > at {
			gaps = append(gaps, Range{at, p.off - at})
		}
		at = p.end()
	}
	if at < want.end() {
		gaps = append(gaps, Range{at, want.end() - at})
	}
	return gaps
}

// add keeps a copy of data, which lies in a gap.
func (e *early) add(off int64, data []byte) {
	at, _ := slices.BinarySearchFunc(*e, off, func(p piece, off int64) int { return int(min(1, max(-1, p.off-off))) })
	*e = slices.Insert(*e, at, piece{off, bytes.Clone(data)})
}

// take removes and returns the piece that starts at off, or nil.
func (e *early) take(off int64) []byte {
	if len(*e) == 0 || (*e)[0].off != off {
		return nil
	}
	data := (*e)[0].data
	*e = slices.Delete(*e, 0, 1)
	return data
}

// size returns how many bytes are held.
func (e early) size() int64 {
	var n int64
	for _, p := range e {
		n += int64(len(p.data))
	}
	return n
}
