package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
)

// Records goes over every record in the order in which it was stored, commit by
// commit, with its raw bytes; records that this version does not understand too
// (Record.Line). An error stands for one record, or, if it is no *FormatError
// with Skipped set, for all up to where a chunk begins with a record; going on is possible.
func (s *Snapshot) Records(ctx context.Context) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for i := range s.streams {
			if !yieldRecords(ctx, s.source, &s.streams[i], false, yield) {
				return
			}
		}
	}
}

// Lines is Records for who wants the records as they stand in the archive: each has its Line,
// and a message that names no file has nothing else but Kind, Account and Raw, because it is
// not taken apart, which costs ten times as much. A record is valid until the next one.
func (s *Snapshot) Lines(ctx context.Context) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for i := range s.streams {
			if !yieldRecords(ctx, s.source, &s.streams[i], true, yield) {
				return
			}
		}
	}
}

// yieldRecords reports whether to go on with the next stream.
func yieldRecords(ctx context.Context, src source, stream *recordStream, skim bool, yield func(*Record, error) bool) bool {
	r := newStretchReader(ctx, src, stream)
	r.decoder.skim = skim
	defer r.close()
	for {
		record, off, err := r.next()
		if err == io.EOF {
			return true
		}
		if !yield(record, err) || ctx.Err() != nil {
			return false
		}
		if err != nil && !isSkipped(err) && !r.resume(off, err) {
			return true
		}
	}
}

// OpenMedia opens a stored media file for reading. Each chunk is checked against
// its id, and at the end size and SHA-256 of the whole against the record: the
// last Read then returns ErrMediaChanged instead of io.EOF. ErrUnknownMedia if
// the file is not stored.
func (s *Snapshot) OpenMedia(ctx context.Context, key MediaKey) (io.ReadCloser, error) {
	ref, ok := s.media[key]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownMedia, key)
	}
	chunks, err := s.mediaChunks(s.recordReader(ctx), key)
	if err != nil {
		return nil, fmt.Errorf("record of media %s: %w", key, err)
	}
	return &mediaReader{src: s.source.Stream(ctx, chunks), ended: ctx.Err, key: key, want: ref, sum: sha256.New()}, nil
}

// A mediaReader compares what it reads with the record when the end comes.
type mediaReader struct {
	src   io.ReadCloser
	ended func() error // why nothing more comes, if the caller ended it
	key   MediaKey
	want  mediaRef
	sum   hash.Hash
	size  int64
}

func (m *mediaReader) Read(p []byte) (int, error) {
	n, err := m.src.Read(p)
	m.sum.Write(p[:n])
	m.size += int64(n)
	if m.size > m.want.size {
		return n, m.changed()
	}
	if err != io.EOF || m.size == m.want.size && [32]byte(m.sum.Sum(nil)) == m.want.sha {
		return n, err
	}
	if err := m.ended(); err != nil {
		return n, err
	}
	return n, m.changed()
}

func (m *mediaReader) changed() error {
	return fmt.Errorf("%w: %s: %d bytes read, %d with SHA-256 %s expected", ErrMediaChanged, m.key, m.size, m.want.size, hex.EncodeToString(m.want.sha[:]))
}

func (m *mediaReader) Close() error { return m.src.Close() }
