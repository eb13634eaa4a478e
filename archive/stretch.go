package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// recordStart is how every record begins.
const recordStart = `{"v":`

// A stretchReader reads a record stream of which chunks may be lost, record by record.
//
//	chunk   0      1      2 (lost)   3        4
//	        {…}{…} {…}{…  ……………      …}{…}{…  {…}{…}
//	        └─ stretch ─┘                     └─ stretch
//
// After a loss it goes on with the first chunk of which it is certain that it begins with
// a record: the store cuts no chunk as short as pieceSize, so behind one that short the
// Writer ended a piece. It never looks for a record inside of a chunk, or trusts what one
// begins with: what people send can look like a record.
type stretchReader struct {
	ctx     context.Context //nolint:containedctx // Read has none
	source  source
	stream  *recordStream
	body    io.ReadCloser // nil before the first stretch and between two
	off     int64         // of the next byte that comes out of body
	decoder *Decoder
	ahead   *lookahead // reads the decoder's lines, if several cores take the records apart
	wide    bool       // they may
}

func newStretchReader(ctx context.Context, src source, stream *recordStream) *stretchReader {
	r := &stretchReader{ctx: ctx, source: src, stream: stream}
	r.decoder = NewDecoder(readFunc(func(p []byte) (int, error) {
		n, err := r.body.Read(p)
		r.off += int64(n)
		return n, err
	}))
	r.start(0)
	return r
}

// start begins a stretch at a chunk.
func (r *stretchReader) start(chunk int) {
	r.body = r.source.Stream(r.ctx, r.stream.chunks[chunk:])
	r.off = r.stream.startOf(chunk)
	r.decoder.reset(r.off)
	if r.wide {
		r.ahead = newLookahead(r.decoder)
	}
}

// widen has several cores take the records apart from here on, whose raw bytes are passed over then.
// Nothing may have been read.
func (r *stretchReader) widen() {
	if last := len(r.stream.ends) - 1; last >= 0 && r.stream.ends[last] >= wideStream {
		r.wide, r.ahead = true, newLookahead(r.decoder)
	}
}

// narrow ends that, and goes on at a record.
func (r *stretchReader) narrow(at int64) error {
	r.wide = false
	if err := r.close(); err != nil {
		return err
	}
	chunk := r.stream.chunkAt(at)
	r.start(chunk)
	return r.decoder.pass(at - r.stream.startOf(chunk))
}

// next returns the next record and where it starts; io.EOF at the end of the stream. An
// error of which isSkipped is false ends the stretch, and resume may find another.
func (r *stretchReader) next() (*Record, int64, error) {
	if r.ahead != nil {
		record, at, err := r.ahead.next()
		if !errors.Is(err, errOddRaw) {
			return record, at, r.ended(at, err)
		}
		if err := r.narrow(at); err != nil {
			return nil, at, err
		}
	}
	at := r.decoder.Offset()
	record, err := r.decoder.Next()
	return record, at, r.ended(r.decoder.Offset(), err)
}

// ended returns the error of reading that stopped at an offset: an end that is none is another.
func (r *stretchReader) ended(at int64, err error) error {
	if err == io.EOF {
		if early := r.stream.checkEnd(r.ctx, at); early != nil {
			return early
		}
	}
	return err
}

// resume reports whether reading goes on behind what next could not read: a record at
// offset at, or the chunk from which nothing came.
func (r *stretchReader) resume(at int64, err error) bool {
	if _, bytesAtFault := errors.AsType[*FormatError](err); !bytesAtFault {
		at = r.off
	}
	if err := r.close(); err != nil {
		return false
	}
	for chunk := r.stream.chunkAt(at) + 1; chunk < len(r.stream.chunks) && r.ctx.Err() == nil; chunk++ {
		if !r.stream.beginsPiece(chunk) {
			continue
		}
		data, err := r.source.Chunk(r.ctx, r.stream.chunks[chunk])
		if err == nil && bytes.HasPrefix(data, []byte(recordStart)) {
			r.start(chunk)
			return true
		}
	}
	return false
}

// close ends the stretch.
func (r *stretchReader) close() error {
	if r.ahead != nil {
		r.ahead.stop()
		r.ahead = nil
	}
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}

// A recordStream is the record stream of one commit: its chunks and where each of
// them ends. A lost chunk, whose length nobody knows, counts for one byte, so that
// every place is still one place.
type recordStream struct {
	chunks []crypto.ID
	ends   []int64
	lost   map[int]bool // chunks that are in no pack
}

// newRecordStream finds the record stream of a commit. With keepGoing, chunks may be lost.
func newRecordStream(ctx context.Context, src source, c *chunkstore.Commit, keepGoing bool) (recordStream, error) {
	chunks, err := src.Records(ctx, c)
	if err != nil {
		return recordStream{}, err
	}
	s := recordStream{chunks: chunks, ends: make([]int64, len(chunks)), lost: make(map[int]bool)}
	var end int64
	for i, id := range chunks {
		size, err := src.Size(id)
		if err != nil && !keepGoing {
			return recordStream{}, err
		}
		if err != nil {
			size = 1
			s.lost[i] = true
		}
		end += size
		s.ends[i] = end
	}
	if end > maxStreamLength {
		return recordStream{}, fmt.Errorf("record stream of %d bytes: %w", end, ErrTooLarge)
	}
	return s, nil
}

// checkEnd compares where reading ended with the length of the stream: an end that
// comes too early must not look like the end.
func (s *recordStream) checkEnd(ctx context.Context, off int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if n := len(s.ends); n > 0 && off != s.ends[n-1] {
		return &FormatError{Offset: off, Reason: "the rest of the stream did not come", Err: io.ErrUnexpectedEOF}
	}
	return nil
}

// startOf returns the offset of the first byte of a chunk.
func (s *recordStream) startOf(chunk int) int64 {
	if chunk == 0 {
		return 0
	}
	return s.ends[chunk-1]
}

// beginsPiece reports whether a chunk but the first begins with a record for certain.
func (s *recordStream) beginsPiece(chunk int) bool {
	before := s.ends[chunk-1] - s.startOf(chunk-1)
	return !s.lost[chunk-1] && before <= pieceSize
}

// chunkAt returns the chunk that holds the byte at an offset.
func (s *recordStream) chunkAt(off int64) int {
	i, found := slices.BinarySearch(s.ends, off)
	if found {
		i++ // off is the first byte behind that end
	}
	return i
}
