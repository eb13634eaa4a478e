package chunkstore

import (
	"context"
	"io"

	"telekeep/crypto"
)

// readAhead is how many chunks are being read while one is handed out.
const readAhead = 4

// Stream returns the bytes of chunks one after the other: a media file or a record
// stream. Chunks are read ahead in parallel. Errors are those of Chunk, once all bytes
// before the bad chunk were handed out. Close ends the reading and must be called.
func (r *Reader) Stream(ctx context.Context, ids []crypto.ID) io.ReadCloser {
	ctx, cancel := context.WithCancel(ctx)
	s := &chunkStream{results: make(chan chan chunkResult, readAhead), left: len(ids), ended: ctx.Err, cancel: cancel}
	go s.fetch(ctx, r, ids)
	return s
}

// A chunkStream hands out the results in order. It belongs to one goroutine.
type chunkStream struct {
	results chan chan chunkResult // in the order of the chunks
	left    int                   // chunks that are still to come
	ended   func() error          // why fetch ended early
	cancel  context.CancelFunc
	data    []byte // of the chunk at hand
	err     error
}

type chunkResult struct {
	data []byte
	err  error
}

// fetch starts one goroutine a chunk, never more than the channel holds.
func (s *chunkStream) fetch(ctx context.Context, r *Reader, ids []crypto.ID) {
	defer close(s.results)
	for _, id := range ids {
		result := make(chan chunkResult, 1)
		select {
		case s.results <- result:
		case <-ctx.Done():
			return
		}
		go func() {
			data, err := r.Chunk(ctx, id)
			result <- chunkResult{data, err}
		}()
	}
}

func (s *chunkStream) Read(p []byte) (int, error) {
	for len(s.data) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		s.next()
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	return n, nil
}

// next waits for the next chunk.
func (s *chunkStream) next() {
	if s.left == 0 {
		s.err = io.EOF
		return
	}
	result, ok := <-s.results
	if !ok {
		s.err = s.ended() // never io.EOF: that would pass for the whole
		return
	}
	done := <-result
	s.left--
	s.data, s.err = done.data, done.err
}

// Close implements io.Closer.
func (s *chunkStream) Close() error {
	s.cancel()
	for range s.results { // until fetch has ended
	}
	s.data, s.err = nil, ErrClosed
	return nil
}
