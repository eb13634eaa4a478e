package chunkstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"telekeep/crypto"
)

// makeDirectory lists raw chunks of the given lengths.
func makeDirectory(lengths ...uint32) directory {
	var d directory
	offset := uint32(packHeaderSize)
	for i, n := range lengths {
		d = appendEntry(d, dirEntry{ID: testKey(3).ID([]byte{byte(i)}), Offset: offset, Stored: n, Raw: n})
		offset += n
	}
	return d
}

func TestDirectory(t *testing.T) {
	d := makeDirectory(1, 4<<20, 700)
	got, err := parseDirectory(d)
	check(t, err)
	if got.len() != 3 || got.end() != packHeaderSize+1+4<<20+700 {
		t.Errorf("%d entries, end %d", got.len(), got.end())
	}
	e := got.entry(1)
	if e.ID != testKey(3).ID([]byte{1}) || e.Offset != 17 || e.Raw != 4<<20 || e.Encoding != encodingRaw {
		t.Errorf("entry: %+v", e)
	}
	if !bytes.Equal(appendEntry(nil, e), d[dirEntrySize:2*dirEntrySize]) {
		t.Error("an entry is not encoded as it was decoded")
	}
}

func TestDirectoryRefusals(t *testing.T) {
	edit := func(change func(e *dirEntry)) directory {
		d := makeDirectory(10, 20, 30)
		e := d.entry(1)
		change(&e)
		return slices.Concat(d[:dirEntrySize], appendEntry(nil, e), d[2*dirEntrySize:])
	}
	many := make([]uint32, 40)
	for i := range many {
		many[i] = MaxChunk
	}
	for name, d := range map[string]directory{
		"empty":              {},
		"cut off":            makeDirectory(1)[:47],
		"one byte too many":  append(makeDirectory(1), 0),
		"too many entries":   make(directory, (maxPackChunks+1)*dirEntrySize),
		"past every pack":    makeDirectory(many...),
		"gap":                edit(func(e *dirEntry) { e.Offset++ }),
		"overlap":            edit(func(e *dirEntry) { e.Offset-- }),
		"no plaintext":       edit(func(e *dirEntry) { e.Raw, e.Stored = 0, 0 }),
		"too long":           edit(func(e *dirEntry) { e.Raw = MaxChunk + 1 }),
		"raw but shorter":    edit(func(e *dirEntry) { e.Raw = 21 }),
		"unknown encoding":   edit(func(e *dirEntry) { e.Encoding = 2 }),
		"zstd but no gain":   edit(func(e *dirEntry) { e.Encoding = encodingZstd }),
		"zstd of no bytes":   edit(func(e *dirEntry) { e.Encoding, e.Stored = encodingZstd, 0 }),
		"stored past 4 GiB":  edit(func(e *dirEntry) { e.Stored = 1<<32 - 1 }),
		"first not at start": makeDirectory(10, 20)[dirEntrySize:],
	} {
		if _, err := parseDirectory(d); !errors.Is(err, crypto.ErrDamaged) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestPackTrailer(t *testing.T) {
	d := makeDirectory(100, 200)
	content := d.contentEnd() + 1000
	trailer := appendPackTrailer(nil, d)
	s, err := parsePackTrailer(trailer, content)
	check(t, err)
	if s.offset != d.end() || s.count != 2 {
		t.Errorf("span: %+v", s)
	}
	edit := func(at int, value uint32) []byte {
		b := slices.Clone(trailer)
		binary.LittleEndian.PutUint32(b[at:], value)
		return b
	}
	for name, b := range map[string][]byte{
		"too short":     trailer[1:],
		"magic":         edit(8, 0),
		"no chunks":     edit(4, 0),
		"many chunks":   edit(4, maxPackChunks+1),
		"all chunks":    edit(4, 1<<32-1),
		"in the header": edit(0, packHeaderSize-1),
		"at the end":    edit(0, uint32(content)-packTrailerSize),
		"past the end":  edit(0, 1<<32-1),
	} {
		if _, err := parsePackTrailer(b, content); !errors.Is(err, crypto.ErrDamaged) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if _, err := parsePackTrailer(trailer, d.contentEnd()-1); !errors.Is(err, crypto.ErrDamaged) {
		t.Error("a directory that overlaps the trailer passes")
	}
}

func TestPackHeader(t *testing.T) {
	header := appendPackHeader(nil)
	check(t, checkPackHeader(header))
	if len(header) != packHeaderSize {
		t.Errorf("a header of %d bytes", len(header))
	}
	for at, want := range map[int]error{0: crypto.ErrDamaged, 7: crypto.ErrDamaged, 8: ErrUnknownFormat, 11: ErrUnknownFormat, 12: crypto.ErrDamaged, 15: crypto.ErrDamaged} {
		b := slices.Clone(header)
		b[at] ^= 0x40
		wantError(t, checkPackHeader(b), want)
	}
	wantError(t, checkPackHeader(header[:15]), crypto.ErrDamaged)
}

// FuzzDirectory: what is accepted follows the rules and is encoded in one way only.
func FuzzDirectory(f *testing.F) {
	f.Add([]byte(makeDirectory(1, 2, 3)))
	f.Add([]byte(makeDirectory(MaxChunk)))
	f.Add([]byte(makeDirectory(1))[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDirectory(b)
		if err != nil {
			if !errors.Is(err, crypto.ErrDamaged) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		var again directory
		end := int64(packHeaderSize)
		for i := range d.len() {
			e := d.entry(i)
			if int64(e.Offset) != end || e.Raw < 1 || e.Raw > MaxChunk || e.Stored > e.Raw {
				t.Fatalf("entry %d: %+v", i, e)
			}
			end += int64(e.Stored)
			again = appendEntry(again, e)
		}
		if end != d.end() || !bytes.Equal(again, b) {
			t.Fatal("a directory is not encoded as it was decoded")
		}
	})
}

// FuzzPack: a content that lies is refused, with little memory.
func FuzzPack(f *testing.F) {
	f.Add(packContent([]byte("hello")))
	f.Add(packContent(bytes.Repeat([]byte("hello "), 100), []byte{1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := readDirectory(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, crypto.ErrDamaged) && !errors.Is(err, ErrUnknownFormat) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if d.contentEnd() > int64(len(b)) {
			t.Fatal("a directory that is longer than the pack")
		}
	})
}

// packContent builds the content of a pack without a packBuilder.
func packContent(chunks ...[]byte) []byte {
	b := appendPackHeader(nil)
	var d directory
	for _, c := range chunks {
		d = appendEntry(d, dirEntry{ID: testKey(3).ID(c), Offset: uint32(len(b)), Stored: uint32(len(c)), Raw: uint32(len(c))})
		b = append(b, c...)
	}
	b = append(b, d...)
	b = append(b, make([]byte, 100)...)
	return appendPackTrailer(b, d)
}
