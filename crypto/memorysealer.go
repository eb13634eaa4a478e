package crypto

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// ErrNoRoom says that sealed bytes do not fit into the memory given for them.
var ErrNoRoom = errors.New("no room for the sealed bytes")

// A MemorySealer makes one age file in memory that is there already. What it is given is
// sealed straight into its place, where age's own writer copies every byte twice:
//
//	header, nonce │ sealed blocks, 64 KiB + 16 each │ the last block, still plain │ free
//	 written by age        Sealed()                    until more comes or Close
//
// The header is age's; only the blocks are sealed here. It belongs to one goroutine.
type MemorySealer struct {
	buf     []byte // the age file so far; what is plain lies behind its length
	plain   int    // length of the plain block
	content int64  // bytes taken
	header  int64  // bytes of the file before the first block
	aead    cipher.AEAD
	block   uint64 // number of the plain block
	err     error  // after Close
}

// SealInto is Seal into the memory of buf, as far as its capacity goes; nobody else may
// use it until Close.
func SealInto(buf []byte, to ...Recipient) (*MemorySealer, error) {
	recipients, err := ageRecipients(to)
	if err != nil {
		return nil, err
	}
	var key fileKey
	recipients[0] = keyTap{recipients[0], &key}
	var head bytes.Buffer
	if _, err := age.Encrypt(&head, recipients...); err != nil { // its writer is not used
		return nil, fmt.Errorf("seal: %w", err)
	}
	if head.Len()+payloadTag > cap(buf) {
		return nil, fmt.Errorf("seal: %w: %d bytes", ErrNoRoom, cap(buf))
	}
	s := &MemorySealer{header: int64(head.Len())}
	if s.aead, err = key.cipher(head.Bytes()[head.Len()-payloadNonce:]); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	s.buf = append(buf[:0], head.Bytes()...)
	return s, nil
}

// Sealed returns the bytes of the age file so far; after Close all of them. They lie in
// the memory that was given and do not change any more: others may read them while more
// is written.
func (s *MemorySealer) Sealed() []byte { return s.buf }

// Write seals p behind what was written before. If it does not fit into the memory
// nothing is taken and the error is ErrNoRoom.
func (s *MemorySealer) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	content := s.content + int64(len(p))
	blocks := max(1, (content+payloadBlock-1)/payloadBlock)
	if s.header+content+blocks*payloadTag > int64(cap(s.buf)) {
		return 0, fmt.Errorf("seal: %w: %d bytes", ErrNoRoom, cap(s.buf))
	}
	s.content = content
	n := len(p)
	for len(p) > 0 {
		switch {
		case s.plain == payloadBlock: // and not the last
			s.seal(s.buf[len(s.buf):len(s.buf)+payloadBlock], 0)
		case s.plain == 0 && len(p) > payloadBlock:
			s.seal(p[:payloadBlock], 0)
			p = p[payloadBlock:]
		default:
			p = p[s.keep(p):]
		}
	}
	return n, nil
}

// keep copies the beginning of p into the plain block and returns its length.
func (s *MemorySealer) keep(p []byte) int {
	end := len(s.buf) + s.plain
	n := copy(s.buf[end:end+min(payloadBlock-s.plain, len(p))], p)
	s.plain += n
	return n
}

// seal appends one block. It may be the plain one where it lies.
func (s *MemorySealer) seal(block []byte, last byte) {
	s.buf = s.aead.Seal(s.buf, blockNonce(s.block, last), block, nil)
	s.block++
	s.plain = 0
}

// Close seals the last block. The MemorySealer takes nothing after it.
func (s *MemorySealer) Close() error {
	if s.err != nil {
		return s.err
	}
	s.seal(s.buf[len(s.buf):len(s.buf)+s.plain], 1)
	s.err = errors.New("seal: closed already")
	return nil
}

// blockNonce is that of age: eleven bytes count the blocks, one marks the last.
func blockNonce(number uint64, last byte) []byte {
	nonce := make([]byte, chacha20poly1305.NonceSize)
	for i := 10; number > 0; i-- {
		nonce[i], number = byte(number), number>>8
	}
	nonce[11] = last
	return nonce
}

// A fileKey is what an age header holds for its recipients.
type fileKey []byte

// cipher returns what the blocks behind a nonce are sealed with.
func (k fileKey) cipher(nonce []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, k, nonce, "payload", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.New(key)
}

// A keyTap is a recipient that remembers the file key it was given to wrap.
type keyTap struct {
	age.Recipient
	key *fileKey
}

// WrapWithLabels does what age does with a recipient.
func (k keyTap) WrapWithLabels(key []byte) ([]*age.Stanza, []string, error) {
	*k.key = bytes.Clone(key)
	if r, ok := k.Recipient.(age.RecipientWithLabels); ok {
		return r.WrapWithLabels(key)
	}
	stanzas, err := k.Recipient.Wrap(key)
	return stanzas, nil, err
}
