package chunkstore

import (
	"slices"

	"telekeep/crypto"
)

// scanStep is how many bytes are taken from the caller before looking for a cut, once
// a cut is possible: what was taken too much has to be moved.
const scanStep = 64 << 10

// A Stream cuts what is written to it into chunks and hands them to the workers of
// its Writer. It belongs to one goroutine; many streams may be written at once.
//
// Where it cuts depends only on the bytes since the last cut. So a stream that was
// broken off can be gone on with in a new one that starts with the byte after the
// last cut, and the chunks are the same as if nothing had happened.
type Stream struct {
	pipeline *pipeline
	chunker  chunker
	buf      []byte // of the chunk that is being filled
	err      error  // final: closed

	// Guarded by pipeline.mu.
	ids    []crypto.ID // of the chunks submitted; zero while it is being computed
	named  int         // of them known
	length int64       // bytes in them
}

// Write takes p, which may be used again afterwards. It waits while the workers are
// busy. An error says that something could not be stored, now or earlier: the first n
// bytes are taken and held, and when a Commit has succeeded the rest can be written.
func (s *Stream) Write(p []byte) (n int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	for {
		if err := s.cut(); err != nil || n == len(p) {
			return n, err
		}
		n += s.take(p[n:])
	}
}

// take moves bytes from p into the buffer: not more than may belong to one chunk.
func (s *Stream) take(p []byte) int {
	n := scanStep
	if len(s.buf) < minCut {
		n = minCut - len(s.buf)
	}
	n = min(n, len(p), MaxChunk-len(s.buf))
	s.grow(len(s.buf) + n)
	s.buf = append(s.buf, p[:n]...)
	return n
}

// grow makes room for n bytes in all.
func (s *Stream) grow(n int) {
	if n <= cap(s.buf) {
		return
	}
	larger := append(s.pipeline.buffers.get(n), s.buf...)
	s.pipeline.buffers.put(s.buf)
	s.buf = larger
}

// cut submits the chunk in the buffer if it is complete.
func (s *Stream) cut() error {
	for {
		n := s.chunker.next(s.buf)
		if n == 0 {
			return nil
		}
		if err := s.submit(n); err != nil {
			return err // the chunker has forgotten the cut and finds it again
		}
	}
}

// submit hands over the first n bytes of the buffer. The rest is moved before,
// because afterwards the buffer belongs to somebody else.
func (s *Stream) submit(n int) error {
	var rest []byte
	if n < len(s.buf) {
		rest = append(s.pipeline.buffers.get(len(s.buf)-n), s.buf[n:]...)
	}
	if err := s.pipeline.submit(job{stream: s, number: len(s.ids), data: s.buf[:n]}); err != nil {
		s.pipeline.buffers.put(rest)
		return err
	}
	s.buf = rest
	return nil
}

// Cuts returns the ids of the chunks cut so far, in order, and how many bytes they
// hold: a new stream that is to go on starts there. It waits until the ids are
// computed. The chunks are durable after the next Commit.
func (s *Stream) Cuts() ([]crypto.ID, int64, error) {
	if s.err != nil {
		return nil, 0, s.err
	}
	return s.wait()
}

// wait returns the ids and the length of all chunks submitted.
func (s *Stream) wait() ([]crypto.ID, int64, error) {
	p := s.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	for s.named < len(s.ids) {
		if err := p.failed(); err != nil {
			return nil, 0, err
		}
		p.changed.Wait()
	}
	return slices.Clone(s.ids), s.length, nil
}

// Close makes the last chunk of what is left and returns the ids of all chunks, in
// order; none for an empty stream. If it fails it may be called again after a Commit
// has succeeded. The chunks are durable after the next Commit.
func (s *Stream) Close() ([]crypto.ID, error) {
	if s.err != nil {
		return nil, s.err
	}
	if len(s.buf) > 0 {
		if err := s.submit(len(s.buf)); err != nil {
			return nil, err
		}
	}
	ids, _, err := s.wait()
	if err == nil {
		s.err = ErrClosed
	}
	return ids, err
}

// Abort gives up what was written since the last cut. It may be called at any time,
// also after Close.
func (s *Stream) Abort() {
	if s.err == nil {
		s.pipeline.buffers.put(s.buf)
		s.buf, s.err = nil, ErrClosed
	}
}

// submitted counts a chunk of n bytes. The caller holds pipeline.mu.
func (s *Stream) submitted(n int) {
	s.ids = append(s.ids, crypto.ID{})
	s.length += int64(n)
}

// setID is told by the worker that has computed an id.
func (s *Stream) setID(number int, id crypto.ID) {
	p := s.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	s.ids[number] = id
	s.named++
	p.changed.Broadcast()
}
