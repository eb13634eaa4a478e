package chunkstore

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"telekeep/crypto"
)

// maxWindow is the largest zstd window that is written or read, in bytes. It is part
// of the format.
const maxWindow = 8 << 20

// How a chunk is judged before it is compressed. Most of what people send is photos
// and videos, which do not compress: two samples tell, at a hundredth of the cost.
const (
	sampleSize     = 8 << 10
	alwaysCompress = 4 * sampleSize // shorter chunks are compressed without a sample
	rawAbove       = 0.97           // of the samples' length: zstd does not pay
	fastAbove      = 0.80           // of the samples' length: zstd pays a little
)

// A compressor encodes chunks. It belongs to one goroutine.
type compressor struct {
	fast, normal *zstd.Encoder
	buf          []byte
}

func newCompressor() (*compressor, error) {
	fast, err := newEncoder(zstd.SpeedFastest)
	if err != nil {
		return nil, err
	}
	normal, err := newEncoder(zstd.SpeedDefault)
	if err != nil {
		return nil, err
	}
	return &compressor{fast: fast, normal: normal}, nil
}

// newEncoder makes a zstd encoder without checksums: ids cover the plaintext and age
// the stored bytes.
func newEncoder(level zstd.EncoderLevel) (*zstd.Encoder, error) {
	e, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(level),
		zstd.WithEncoderCRC(false),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(MaxChunk),
		zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return e, nil
}

// encode returns the bytes to store for a chunk: those of the chunk itself, or
// shorter ones that are valid until the next call.
func (c *compressor) encode(chunk []byte) (encoding, []byte) {
	encoder := c.choose(chunk)
	if encoder == nil {
		return encodingRaw, chunk
	}
	c.buf = encoder.EncodeAll(chunk, c.buf[:0])
	if len(c.buf) >= len(chunk) {
		return encodingRaw, chunk
	}
	return encodingZstd, c.buf
}

// choose returns the encoder that pays for a chunk, or nil.
func (c *compressor) choose(chunk []byte) *zstd.Encoder {
	if len(chunk) < alwaysCompress {
		return c.normal
	}
	early, late := len(chunk)/4, len(chunk)*3/4
	n := c.sample(chunk[early:early+sampleSize]) + c.sample(chunk[late:late+sampleSize])
	switch ratio := float64(n) / (2 * sampleSize); {
	case ratio > rawAbove:
		return nil
	case ratio > fastAbove:
		return c.fast
	}
	return c.normal
}

// sample returns how long a part of a chunk gets.
func (c *compressor) sample(part []byte) int {
	c.buf = c.fast.EncodeAll(part, c.buf[:0])
	return len(c.buf)
}

// A decompressor decodes chunks. It may be used from many goroutines.
type decompressor struct{ zstd *zstd.Decoder }

func newDecompressor(concurrency int) (*decompressor, error) {
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(concurrency),
		zstd.WithDecoderMaxWindow(maxWindow),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return &decompressor{d}, nil
}

// decode returns the plaintext of a stored chunk, never more than e says. The result
// may share memory with stored.
func (d *decompressor) decode(e dirEntry, stored []byte) ([]byte, error) {
	if e.Encoding == encodingRaw {
		return stored, nil
	}
	plain, err := d.zstd.DecodeAll(stored, make([]byte, 0, e.Raw))
	if err != nil {
		return nil, fmt.Errorf("%w: chunk %s does not decompress", crypto.ErrDamaged, e.ID)
	}
	if len(plain) != int(e.Raw) {
		return nil, fmt.Errorf("%w: chunk %s holds %d bytes instead of %d", crypto.ErrDamaged, e.ID, len(plain), e.Raw)
	}
	return plain, nil
}

func (d *decompressor) close() { d.zstd.Close() }
