package crypto

import (
	"bufio"
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// A FrameReader reads the frames of one segment in order. It belongs to one
// goroutine.
//
// A machine may stop at any byte of a write, so what looks unfinished at the end
// is a clean end: a head or a frame that reaches past the end of the file, a last
// frame that does not authenticate, and zero bytes from the start of the head or of a
// frame to the end of the file, which some file systems leave after a power cut. Torn tells that
// there was such a rest. Anything else that is wrong is ErrDamaged, because frames
// follow that somebody was told are stored. Cutting a segment exactly between two
// frames cannot be noticed here.
type FrameReader struct {
	src    *bufio.Reader
	aead   cipher.AEAD
	number uint64
	offset int64 // end of the last good frame
	buf    []byte
	torn   bool
	err    error // io.EOF or the failure; final
}

// NewFrameReader reads the head of a segment. ErrWrongKey means that none of the
// identities opens it, ErrDamaged that it is not a segment. A file that ends inside
// its head is a segment without frames.
func NewFrameReader(src io.Reader, ids ...Identity) (*FrameReader, error) {
	r := &FrameReader{src: bufio.NewReaderSize(src, 64<<10)}
	err := r.readHead(ids)
	if errors.Is(err, errTorn) {
		r.torn, r.err = true, io.EOF
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// errTorn is how the parts of a FrameReader tell each other that the file ends here.
var errTorn = errors.New("the segment ends inside a frame")

func (r *FrameReader) readHead(ids []Identity) error {
	start := make([]byte, frameHeadStart)
	n, err := io.ReadFull(r.src, start)
	if n > 0 && bytes.Count(start[:n], []byte{0}) == n {
		return r.zeroRest()
	}
	if known := min(n, len(frameMagic)); string(start[:known]) != frameMagic[:known] {
		return damaged("this is not a journal segment")
	}
	if err != nil {
		return tornOr(err)
	}
	length := binary.LittleEndian.Uint32(start[len(frameMagic):])
	if length > maxFrameHead {
		return damaged("the head of the segment states an impossible length")
	}
	sealed := make([]byte, length)
	if _, err := io.ReadFull(r.src, sealed); err != nil {
		return tornOr(err)
	}
	secret, err := OpenBytes(sealed, ids...)
	if err != nil {
		return fmt.Errorf("open the head of a segment: %w", err)
	}
	defer clear(secret)
	if len(secret) != len(Key{}) {
		return damaged("the head of the segment holds no key")
	}
	r.aead = frameCipher(Key(secret))
	r.offset = int64(len(start) + len(sealed))
	return nil
}

// Next returns the plaintext of the next frame, valid until the next call, or
// io.EOF after the last one. An error of the source is passed on wrapped.
func (r *FrameReader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	plaintext, err := r.readFrame()
	if errors.Is(err, errTorn) {
		r.torn, err = true, io.EOF
	}
	if err != nil {
		r.err = err
		return nil, err
	}
	r.offset += int64(frameHeaderSize + len(plaintext) + chacha20poly1305.Overhead)
	r.number++
	return plaintext, nil
}

// Torn reports whether Next came to a clean end with an unfinished rest behind it.
func (r *FrameReader) Torn() bool { return r.torn }

// Offset returns where the last good frame ends, in bytes from the start of the
// segment: 0 if not even the head is whole.
func (r *FrameReader) Offset() int64 { return r.offset }

func (r *FrameReader) readFrame() ([]byte, error) {
	var header frameHeader
	if _, err := io.ReadFull(r.src, header[:]); err == io.EOF {
		return nil, io.EOF
	} else if err != nil {
		return nil, tornOr(err)
	}
	if header == (frameHeader{}) {
		return nil, r.zeroRest()
	}
	n, ok := header.length(r.number)
	if !ok {
		return nil, r.damage("does not start as it should")
	}
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	sealed := r.buf[:n]
	if _, err := io.ReadFull(r.src, sealed); err != nil {
		return nil, tornOr(err)
	}
	plaintext, err := r.aead.Open(sealed[:0], frameNonce(r.number), sealed, header[:])
	if err != nil {
		return nil, r.unauthentic()
	}
	return plaintext, nil
}

// unauthentic decides what a frame means that is long enough but wrong: the last
// one was being written, an earlier one is damage.
func (r *FrameReader) unauthentic() error {
	_, err := r.src.Peek(1)
	if err == nil {
		return r.damage("does not authenticate")
	}
	return tornOr(err)
}

// zeroRest reads on to the end of the file and expects nothing but zeros.
func (r *FrameReader) zeroRest() error {
	for {
		b, err := r.src.ReadByte()
		if err != nil {
			return tornOr(err)
		}
		if b != 0 {
			return r.damage("is overwritten with zeros")
		}
	}
}

func (r *FrameReader) damage(what string) error {
	return damaged("frame %d of the segment, at byte %d, %s", r.number, r.offset, what)
}

// tornOr turns the end of the file into errTorn and passes other errors on.
func tornOr(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errTorn
	}
	return fmt.Errorf("read a segment: %w", err)
}
