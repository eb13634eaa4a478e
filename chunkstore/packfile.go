package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"telekeep/crypto"
)

// headSpan is how much of a pack's start is fetched to open it: more than any header
// and no more than the shortest pack.
const headSpan = smallestBucket

// A packFile reads single chunks of one pack at a destination. What a chunk needs is
// fetched with one ReadAt below, however many blocks age cuts it into. It may be used
// from many goroutines.
type packFile struct {
	dst     Destination
	name    string
	size    int64 // of the file
	payload int64 // offset of age's first block in the file
	length  int64 // of the content
	content io.ReaderAt
	spans   spans
}

// openPackFile opens a pack. Its end is authenticated, all else when it is read.
func openPackFile(ctx context.Context, dst Destination, p Object, ids ...crypto.Identity) (*packFile, error) {
	f := &packFile{dst: dst, name: packName(p.Hash), size: p.Size}
	for _, part := range [][2]int64{{0, headSpan}, {p.Size - ageBlock - ageTag, p.Size}} {
		s, err := f.fetch(ctx, max(0, part[0]), min(part[1], p.Size))
		if err != nil {
			return nil, err
		}
		f.spans.add(s)
		defer f.spans.remove(s)
	}
	var err error
	if f.content, f.length, err = crypto.OpenAt(&f.spans, f.size, ids...); err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	f.payload = f.size - sealedSize(0, f.length)
	return f, nil
}

// stored returns the stored bytes of one chunk.
func (f *packFile) stored(ctx context.Context, e dirEntry) ([]byte, error) {
	if e.end() > f.length {
		return nil, damagedObject(f.name, "it is shorter than the index says")
	}
	return f.part(ctx, int64(e.Offset), int64(e.Stored))
}

// part returns n > 0 bytes of the content from offset off on, which must be there.
func (f *packFile) part(ctx context.Context, off, n int64) ([]byte, error) {
	first, last := off/ageBlock, (off+n-1)/ageBlock
	from := f.payload + first*(ageBlock+ageTag)
	to := min(f.size, f.payload+(last+1)*(ageBlock+ageTag))
	s, err := f.fetch(ctx, from, to)
	if err != nil {
		return nil, err
	}
	f.spans.add(s)
	defer f.spans.remove(s)
	b := make([]byte, n)
	if got, err := f.content.ReadAt(b, off); int64(got) < n {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return b, nil
}

// fetch reads one range of the file.
func (f *packFile) fetch(ctx context.Context, from, to int64) (*span, error) {
	s := &span{from, make([]byte, to-from)}
	n, err := f.dst.ReadAt(ctx, f.name, s.data, from)
	switch {
	case n == len(s.data):
		return s, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrMissing, f.name)
	case errors.Is(err, io.EOF):
		return nil, damagedObject(f.name, "it is shorter than the commit says")
	}
	return nil, fmt.Errorf("read %s: %w", f.name, err)
}

// A span is a part of a file in memory.
type span struct {
	off  int64
	data []byte
}

// spans is the io.ReaderAt below age: the parts of a file that are in memory at the
// moment.
type spans struct {
	mu   sync.Mutex
	list []*span
}

func (s *spans) add(part *span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, part)
}

func (s *spans) remove(part *span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.list {
		if other == part {
			s.list = append(s.list[:i], s.list[i+1:]...)
			return
		}
	}
}

func (s *spans) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := 0
	for _, part := range s.list {
		if off < part.off || off >= part.off+int64(len(part.data)) {
			continue
		}
		if best = max(best, copy(p, part.data[off-part.off:])); best == len(p) {
			return best, nil
		}
	}
	return best, io.EOF
}

// directory reads the directory of the pack.
func (f *packFile) directory(ctx context.Context) (directory, error) {
	dir, err := readDirectory(&fetched{ctx, f}, f.length)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return dir, nil
}

// fetched is the content of a pack, fetched as it is read.
type fetched struct {
	ctx context.Context //nolint:containedctx // ReadAt has none
	*packFile
}

func (f *fetched) ReadAt(p []byte, off int64) (int, error) {
	data, err := f.part(f.ctx, off, int64(len(p)))
	return copy(p, data), err
}
