package archive

import (
	"context"
	"fmt"
	"io"
	"slices"

	"telekeep/crypto"
)

// A MediaAt is a stored media file that is read from anywhere, as a player does that
// jumps in a video. Each chunk is checked against its id; the hash of the whole file, which
// OpenMedia compares at the end, is not.
type MediaAt struct {
	ctx    context.Context //nolint:containedctx // ReadAt has none
	source source
	chunks []crypto.ID
	ends   []int64
}

// OpenMediaAt opens a stored media file for reading from anywhere, for as long as ctx
// lasts. It needs no closing. ErrUnknownMedia if the file is not stored, ErrMediaChanged
// if its chunks do not have the length that its record says.
func (s *Snapshot) OpenMediaAt(ctx context.Context, key MediaKey) (*MediaAt, error) {
	ref, ok := s.media[key]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownMedia, key)
	}
	chunks, err := s.mediaChunks(s.recordReader(ctx), key)
	if err != nil {
		return nil, fmt.Errorf("record of media %s: %w", key, err)
	}
	m := &MediaAt{ctx: ctx, source: s.source, chunks: chunks, ends: make([]int64, len(chunks))}
	var end int64
	for i, id := range chunks {
		n, err := s.source.Size(id)
		if err != nil {
			return nil, fmt.Errorf("media %s: %w", key, err)
		}
		end += n
		m.ends[i] = end
	}
	if end != ref.size {
		return nil, fmt.Errorf("%w: %s: its chunks hold %d bytes, not %d", ErrMediaChanged, key, end, ref.size)
	}
	return m, nil
}

// Size returns the length of the file in bytes.
func (m *MediaAt) Size() int64 {
	if len(m.ends) == 0 {
		return 0
	}
	return m.ends[len(m.ends)-1]
}

// ReadAt implements io.ReaderAt. It reads the chunks that hold the bytes and no others.
func (m *MediaAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at %d", off)
	}
	total := 0
	for total < len(p) {
		i, found := slices.BinarySearch(m.ends, off)
		if found {
			i++
		}
		if i >= len(m.ends) {
			return total, io.EOF
		}
		chunk, err := m.source.Chunk(m.ctx, m.chunks[i])
		if err != nil {
			return total, err
		}
		start := int64(0)
		if i > 0 {
			start = m.ends[i-1]
		}
		if int64(len(chunk)) != m.ends[i]-start { // an index said otherwise, perhaps one that somebody else wrote
			return total, fmt.Errorf("%w: chunk %s holds %d bytes, not %d", ErrMediaChanged, m.chunks[i], len(chunk), m.ends[i]-start)
		}
		n := copy(p[total:], chunk[off-start:])
		total, off = total+n, off+int64(n)
	}
	return total, nil
}
