package chunkstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"telekeep/crypto"
)

// The shape of an index, docs/format.md, section 10. These constants are part of the
// format.
const (
	indexMagic      = "tk-indx\n"
	indexVersion    = 1
	indexHeaderSize = 32
	maxIndexBody    = 1 << 30
	maxIndexFile    = 2 * maxIndexBody
	maxRecordIDs    = 1 << 20
	maxIndexPacks   = 1 << 17
	maxChanges      = 1 << 22
	maxKey          = 1 << 10
	maxValue        = 4 << 20
	deletedValue    = 1<<32 - 1
)

// ErrTooLarge says that something exceeds a limit of the format.
var ErrTooLarge = errors.New("too large")

// A change is one change of the resume state. A nil value deletes the key.
type change struct {
	key   string
	value []byte
}

// An indexWriter builds one index. The parts come in the order of the format:
// records, packs, changes. Everything is compressed as it comes.
type indexWriter struct {
	body    bytes.Buffer // compressed
	zstd    *zstd.Encoder
	raw     int64
	scratch []byte
	err     error // the first one
}

func newIndexWriter() (*indexWriter, error) {
	w := &indexWriter{}
	var err error
	w.zstd, err = zstd.NewWriter(&w.body,
		zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(1<<20),
		zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return w, nil
}

// records writes the ids of the commit's record stream.
func (w *indexWriter) records(ids []crypto.ID) {
	w.count(len(ids), maxRecordIDs)
	for _, id := range ids {
		w.write(id[:])
	}
}

// packs announces how many packs follow.
func (w *indexWriter) packs(n int) { w.count(n, maxIndexPacks) }

// pack writes one pack; they come ascending by hash.
func (w *indexWriter) pack(p Object, dir directory) {
	w.write(p.Hash[:])
	w.scratch = binary.LittleEndian.AppendUint64(w.scratch[:0], uint64(p.Size))
	w.write(w.scratch)
	w.count(dir.len(), maxPackChunks)
	w.write(dir)
}

// changes writes the changes of the resume state, ascending by key.
func (w *indexWriter) changes(changes []change) {
	w.count(len(changes), maxChanges)
	for _, c := range changes {
		w.count(len(c.key), maxKey)
		w.write([]byte(c.key))
		if c.value == nil {
			w.uint32(deletedValue)
			continue
		}
		w.count(len(c.value), maxValue)
		w.write(c.value)
	}
}

// seal ends the index and returns the bytes of its file, padded.
func (w *indexWriter) seal(to ...crypto.Recipient) ([]byte, error) {
	if err := w.zstd.Close(); w.err == nil && err != nil {
		w.err = fmt.Errorf("compress the index: %w", err)
	}
	if w.raw > maxIndexBody {
		w.fail(fmt.Errorf("%w: an index of %d bytes", ErrTooLarge, w.raw))
	}
	if w.err != nil {
		return nil, w.err
	}
	var sealed bytes.Buffer
	sealed.Grow(2*w.body.Len() + smallestBucket) // the padding may double it
	content, err := crypto.Seal(&sealed, to...)
	if err != nil {
		return nil, fmt.Errorf("seal the index: %w", err)
	}
	n := int64(indexHeaderSize + w.body.Len())
	padding := paddedIndex(int64(sealed.Len()), n) - n
	for _, part := range [][]byte{w.header(), w.body.Bytes(), make([]byte, padding)} {
		if _, err := content.Write(part); err != nil {
			return nil, fmt.Errorf("seal the index: %w", err)
		}
	}
	if err := content.Close(); err != nil {
		return nil, fmt.Errorf("seal the index: %w", err)
	}
	return sealed.Bytes(), nil
}

func (w *indexWriter) header() []byte {
	b := append(make([]byte, 0, indexHeaderSize), indexMagic...)
	b = binary.LittleEndian.AppendUint32(b, indexVersion)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(w.body.Len()))
	return binary.LittleEndian.AppendUint64(b, uint64(w.raw))
}

// count writes a number that has a limit.
func (w *indexWriter) count(n, limit int) {
	if n > limit {
		w.fail(fmt.Errorf("%w: %d where an index allows %d", ErrTooLarge, n, limit))
		return
	}
	w.uint32(uint32(n))
}

func (w *indexWriter) uint32(n uint32) {
	w.scratch = binary.LittleEndian.AppendUint32(w.scratch[:0], n)
	w.write(w.scratch)
}

func (w *indexWriter) write(p []byte) {
	if w.err != nil {
		return
	}
	w.raw += int64(len(p))
	if _, err := w.zstd.Write(p); err != nil {
		w.fail(fmt.Errorf("compress the index: %w", err))
	}
}

func (w *indexWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
