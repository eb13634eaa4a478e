package crypto

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrFrameTooLarge says that a frame is larger than MaxFrame.
var ErrFrameTooLarge = errors.New("frame too large")

// A FrameFile is what a FrameWriter writes to: a new, empty file that nobody
// else writes. *os.File is one.
type FrameFile interface {
	io.Writer
	Sync() error
}

// A FrameWriter appends sealed frames to one segment. Every Append is exactly one
// Write below, so a process that is killed loses at most the frame in flight; a
// machine that loses power loses what was appended after the last Sync.
//
// A segment is written by one FrameWriter in one go and never opened for writing
// again, because a frame number must never be used twice with one key: after a
// restart, and after any error, start a new segment. It belongs to one goroutine.
type FrameWriter struct {
	file   FrameFile
	aead   cipher.AEAD
	number uint64
	size   int64
	buf    []byte
	err    error // the first failure; nothing is written after it
}

// NewFrameWriter starts a segment in file: it makes a segment key, seals it to the
// recipients and writes the head with one Write. Only Sync makes it durable.
func NewFrameWriter(file FrameFile, to ...Recipient) (*FrameWriter, error) {
	key := NewKey()
	defer clear(key[:])
	sealed, err := SealBytes(key[:], to...)
	if err != nil {
		return nil, err
	}
	if len(sealed) > maxFrameHead {
		return nil, fmt.Errorf("the head for %d recipients is larger than %d bytes", len(to), maxFrameHead)
	}
	head := []byte(frameMagic)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(sealed)))
	head = append(head, sealed...)
	if _, err := file.Write(head); err != nil {
		return nil, fmt.Errorf("write the head of a segment: %w", err)
	}
	return &FrameWriter{file: file, aead: frameCipher(key), size: int64(len(head))}, nil
}

// Append seals plaintext, 0 to MaxFrame bytes, as the next frame and writes it.
// A larger one is ErrFrameTooLarge and leaves the segment as it was. After any other
// error the segment may end in half a frame, so every further call fails with the
// same error: what was appended before is readable, go on in a new segment.
func (w *FrameWriter) Append(plaintext []byte) error {
	if w.err != nil {
		return w.err
	}
	if len(plaintext) > MaxFrame {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrFrameTooLarge, len(plaintext), MaxFrame)
	}
	header := newFrameHeader(w.number, len(plaintext)+chacha20poly1305.Overhead)
	w.buf = slices.Grow(w.buf[:0], frameHeaderSize+len(plaintext)+chacha20poly1305.Overhead)
	w.buf = append(w.buf, header[:]...)
	w.buf = w.aead.Seal(w.buf, frameNonce(w.number), plaintext, header[:])
	w.number++
	if _, err := w.file.Write(w.buf); err != nil {
		w.err = fmt.Errorf("append to a segment: %w", err)
		return w.err
	}
	w.size += int64(len(w.buf))
	return nil
}

// Sync makes everything appended so far durable. An error is final as in Append:
// the kernel may have dropped what it could not write.
func (w *FrameWriter) Sync() error {
	if w.err != nil {
		return w.err
	}
	if err := w.file.Sync(); err != nil {
		w.err = fmt.Errorf("sync a segment: %w", err)
	}
	return w.err
}

// Size returns the length of the segment in bytes, head included.
func (w *FrameWriter) Size() int64 { return w.size }
