package crypto

import (
	"bytes"
	"io"

	"filippo.io/age"
)

// What age puts around content: a nonce before the first block, a tag behind each.
const (
	payloadNonce = 16
	payloadBlock = 64 << 10
	payloadTag   = 16
	maxHeader    = 1 << 20
)

// ContentLength looks at the shape of one whole age file, which takes no key: the
// header must parse and the length must be one that sealing gives. It returns the
// length of the content in bytes. Everything else is ErrDamaged; that the bytes are
// the right ones only somebody with a key can tell.
func ContentLength(sealed []byte) (int64, error) {
	return ContentLengthOf(bytes.NewReader(sealed), int64(len(sealed)))
}

// ContentLengthOf is ContentLength of a file of that many bytes, of which it reads no more than the
// header, 1 MiB at most, and what is buffered behind it.
func ContentLengthOf(sealed io.Reader, size int64) (int64, error) {
	header, err := age.ExtractHeader(io.LimitReader(sealed, maxHeader))
	if err != nil {
		return 0, sortOpenError(err)
	}
	payload := size - int64(len(header)) - payloadNonce
	if payload < payloadTag {
		return 0, damaged("the sealed file ends before its content")
	}
	blocks := (payload + payloadBlock + payloadTag - 1) / (payloadBlock + payloadTag)
	last := payload - (blocks-1)*(payloadBlock+payloadTag)
	if last < payloadTag || last == payloadTag && blocks > 1 {
		return 0, damaged("the sealed file ends within a block of its content")
	}
	return payload - blocks*payloadTag, nil
}
