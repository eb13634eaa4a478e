package archive

import (
	"cmp"
	"context"
	"io"
)

// A place is where a record starts: the number of its record stream in the upper
// 24 bits, the offset in the lower 40. Places grow in the order of the commits,
// so the place of a later version is larger. A stream is at most 1 TiB long, and
// a snapshot reads at most 16 million commits.
type place uint64

const (
	placeOffsetBits = 40
	maxStreamLength = 1 << placeOffsetBits
	maxStreams      = 1 << (64 - placeOffsetBits)
)

func newPlace(stream int, off int64) place {
	return place(uint64(stream)<<placeOffsetBits | uint64(off))
}

func (p place) stream() int   { return int(p >> placeOffsetBits) }
func (p place) offset() int64 { return int64(p & (maxStreamLength - 1)) }

// A recordReader reads single records at their places. It is for one goroutine.
type recordReader struct {
	decoder *Decoder
	stream  int
	off     int64 // of the next byte that the decoder takes
}

// A readFunc is an io.Reader.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func (s *Snapshot) recordReader(ctx context.Context) *recordReader {
	r := &recordReader{stream: -1}
	r.decoder = NewDecoder(readFunc(func(p []byte) (int, error) {
		n, err := s.readStream(ctx, r.stream, r.off, p)
		r.off += int64(n)
		return n, err
	}))
	return r
}

// at returns the record at p.
func (r *recordReader) at(p place) (*Record, error) {
	if r.stream != p.stream() || r.decoder.Offset() != p.offset() || r.decoder.err != nil {
		r.stream, r.off = p.stream(), p.offset()
		r.decoder.reset(p.offset())
	}
	record, err := r.decoder.Next()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return record, err
}

// readStream copies bytes from offset off of a record stream, of one chunk at most.
func (s *Snapshot) readStream(ctx context.Context, stream int, off int64, p []byte) (int, error) {
	r := &s.streams[stream]
	i := r.chunkAt(off)
	if i >= len(r.ends) {
		return 0, io.EOF
	}
	chunk, err := s.source.Chunk(ctx, r.chunks[i])
	if err != nil {
		return 0, err
	}
	return copy(p, chunk[off-(r.ends[i]-int64(len(chunk))):]), nil
}

// byPlace orders refs for reading.
func byPlace(a, b ref) int { return cmp.Compare(a.at, b.at) }
