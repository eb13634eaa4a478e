package crypto

import (
	"crypto/cipher"
	"encoding/binary"
	"hash/crc32"

	"golang.org/x/crypto/chacha20poly1305"
)

// A segment is one append-only file of sealed frames:
//
//	offset  bytes
//	0       8      magic "tkframe1"
//	8       4      length h of the head, little-endian
//	12      h      head: an age file whose content is the 32-byte segment key
//	12+h    frames, one after the other until the end of the file:
//	        4      length n of the sealed frame, plaintext + 16, little-endian
//	        4      CRC-32C of (frame number as 8 bytes little-endian, then the length's 4 bytes)
//	        n      ChaCha20-Poly1305 of the plaintext under the segment key;
//	               nonce: 4 zero bytes, then the frame number as 8 bytes little-endian;
//	               additional data: the 8 bytes before it
//
// Frame numbers start at 0. The CRC is no protection against people, who cannot
// get past the Poly1305 tag anyway; it tells a length that was damaged from one
// that reaches past the end because the machine stopped while writing.
//
// These constants are part of the format.
const (
	frameMagic      = "tkframe1"
	frameHeadStart  = len(frameMagic) + 4
	frameHeaderSize = 8
	maxFrameHead    = 64 << 10 // an age header with many recipients is about 2 KiB each
)

// MaxFrame is the largest plaintext of one frame in bytes: 8 MiB.
const MaxFrame = 8 << 20

// A frameHeader is what stands before each sealed frame.
type frameHeader [frameHeaderSize]byte

func newFrameHeader(number uint64, sealed int) frameHeader {
	var h frameHeader
	binary.LittleEndian.PutUint32(h[:4], uint32(sealed))
	binary.LittleEndian.PutUint32(h[4:], h.checksum(number))
	return h
}

func (h *frameHeader) checksum(number uint64) uint32 {
	var covered [12]byte
	binary.LittleEndian.PutUint64(covered[:8], number)
	copy(covered[8:], h[:4])
	return crc32.Checksum(covered[:], crc32.MakeTable(crc32.Castagnoli))
}

// length returns the length of the sealed frame, or false if this is not the
// header of the frame with this number.
func (h *frameHeader) length(number uint64) (int, bool) {
	n := binary.LittleEndian.Uint32(h[:4])
	if binary.LittleEndian.Uint32(h[4:]) != h.checksum(number) {
		return 0, false
	}
	return int(n), n >= chacha20poly1305.Overhead && n <= MaxFrame+chacha20poly1305.Overhead
}

func frameNonce(number uint64) []byte {
	nonce := make([]byte, chacha20poly1305.NonceSize)
	binary.LittleEndian.PutUint64(nonce[4:], number)
	return nonce
}

func frameCipher(key Key) cipher.AEAD {
	aead, err := chacha20poly1305.New(key[:])
	if err != nil {
		panic("crypto: internal error: " + err.Error()) // a Key is always 32 bytes
	}
	return aead
}
