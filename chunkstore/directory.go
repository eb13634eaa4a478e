package chunkstore

import (
	"encoding/binary"
	"fmt"

	"telekeep/crypto"
)

// Limits that every reader enforces. They are part of the format.
const (
	// MaxChunk is the largest chunk in bytes of plaintext: 4 MiB.
	MaxChunk = 4 << 20

	maxPackChunks = 1 << 16
	maxPackFile   = 128 << 20
)

// The shape of a pack's content. These constants are part of the format.
const (
	packMagic       = "tk-pack\n"
	packEndMagic    = "tk-pend\n"
	packVersion     = 1
	packHeaderSize  = 16
	packTrailerSize = 16
	dirEntrySize    = 48
)

// An encoding says how a chunk's bytes are stored.
type encoding uint32

const (
	encodingRaw  encoding = 0
	encodingZstd encoding = 1
)

// A dirEntry says where in a pack a chunk is. Offset and lengths are in bytes of
// the pack's content.
type dirEntry struct {
	ID       crypto.ID
	Offset   uint32
	Stored   uint32 // length of the stored bytes
	Raw      uint32 // length of the plaintext
	Encoding encoding
}

// end returns the offset after the stored bytes.
func (e dirEntry) end() int64 { return int64(e.Offset) + int64(e.Stored) }

// check returns what is wrong with the entry if it follows at offset want, or "".
func (e dirEntry) check(want int64) string {
	switch {
	case int64(e.Offset) != want:
		return "a chunk does not start where the one before it ends"
	case e.Raw < 1 || e.Raw > MaxChunk:
		return "a chunk has an impossible length"
	case e.Encoding == encodingRaw && e.Stored == e.Raw:
		return ""
	case e.Encoding == encodingRaw:
		return "a raw chunk is stored with another length"
	case e.Encoding != encodingZstd:
		return "a chunk has an unknown encoding"
	case e.Stored < 1 || e.Stored >= e.Raw:
		return "a compressed chunk is stored with an impossible length"
	}
	return ""
}

// appendEntry appends the 48 bytes of e.
func appendEntry(b []byte, e dirEntry) []byte {
	b = append(b, e.ID[:]...)
	b = binary.LittleEndian.AppendUint32(b, e.Offset)
	b = binary.LittleEndian.AppendUint32(b, e.Stored)
	b = binary.LittleEndian.AppendUint32(b, e.Raw)
	return binary.LittleEndian.AppendUint32(b, uint32(e.Encoding))
}

// parseEntry reads 48 bytes.
func parseEntry(b []byte) dirEntry {
	return dirEntry{
		ID:       crypto.ID(b[:32]),
		Offset:   binary.LittleEndian.Uint32(b[32:]),
		Stored:   binary.LittleEndian.Uint32(b[36:]),
		Raw:      binary.LittleEndian.Uint32(b[40:]),
		Encoding: encoding(binary.LittleEndian.Uint32(b[44:])),
	}
}

// A directory is the part of a pack that lists its chunks, as its bytes: that is
// how the index repeats it. Only parseDirectory makes one from bytes of others.
type directory []byte

// parseDirectory checks the bytes of a directory against the format's rules.
func parseDirectory(b []byte) (directory, error) {
	n := len(b) / dirEntrySize
	if n < 1 || n > maxPackChunks || n*dirEntrySize != len(b) {
		return nil, fmt.Errorf("%w: a directory of %d bytes", crypto.ErrDamaged, len(b))
	}
	d := directory(b)
	offset := int64(packHeaderSize)
	for i := range d.len() {
		e := d.entry(i)
		if fault := e.check(offset); fault != "" {
			return nil, fmt.Errorf("%w: entry %d of the directory: %s", crypto.ErrDamaged, i, fault)
		}
		offset = e.end()
	}
	if offset > maxPackFile {
		return nil, fmt.Errorf("%w: the directory reaches past the largest pack", crypto.ErrDamaged)
	}
	return d, nil
}

func (d directory) len() int             { return len(d) / dirEntrySize }
func (d directory) entry(i int) dirEntry { return parseEntry(d[i*dirEntrySize:]) }

// end returns the offset after the last chunk: where the directory itself begins.
func (d directory) end() int64 { return d.entry(d.len() - 1).end() }

// contentEnd returns the least length of a pack's content with this directory.
func (d directory) contentEnd() int64 { return d.end() + int64(len(d)) + packTrailerSize }

// appendPackHeader appends the 16 bytes that start a pack.
func appendPackHeader(b []byte) []byte {
	b = append(b, packMagic...)
	b = binary.LittleEndian.AppendUint32(b, packVersion)
	return binary.LittleEndian.AppendUint32(b, 0)
}

// checkPackHeader checks the first 16 bytes of a pack.
func checkPackHeader(b []byte) error {
	if len(b) < packHeaderSize || string(b[:8]) != packMagic {
		return fmt.Errorf("%w: this is not a pack", crypto.ErrDamaged)
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != packVersion {
		return fmt.Errorf("pack: %w: %d, this telekeep knows %d", ErrUnknownFormat, v, packVersion)
	}
	if binary.LittleEndian.Uint32(b[12:]) != 0 {
		return fmt.Errorf("%w: the header of the pack is not as it should be", crypto.ErrDamaged)
	}
	return nil
}

// appendPackTrailer appends the 16 bytes that end a pack.
func appendPackTrailer(b []byte, d directory) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(d.end()))
	b = binary.LittleEndian.AppendUint32(b, uint32(d.len()))
	return append(b, packEndMagic...)
}

// A dirSpan is where the trailer says the directory is.
type dirSpan struct {
	offset int64
	count  int
}

// parsePackTrailer reads the last 16 bytes of a content of the given length and
// checks that the directory can be where they say, before memory is taken for it.
func parsePackTrailer(b []byte, content int64) (dirSpan, error) {
	if len(b) != packTrailerSize || string(b[8:]) != packEndMagic {
		return dirSpan{}, fmt.Errorf("%w: the pack does not end as it should", crypto.ErrDamaged)
	}
	s := dirSpan{
		offset: int64(binary.LittleEndian.Uint32(b)),
		count:  int(binary.LittleEndian.Uint32(b[4:])),
	}
	if s.count < 1 || s.count > maxPackChunks || s.offset < packHeaderSize || s.end()+packTrailerSize > content {
		return dirSpan{}, fmt.Errorf("%w: the pack's directory is in an impossible place", crypto.ErrDamaged)
	}
	return s, nil
}

func (s dirSpan) size() int64 { return int64(s.count) * dirEntrySize }
func (s dirSpan) end() int64  { return s.offset + s.size() }
