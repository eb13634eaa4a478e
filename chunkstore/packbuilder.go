package chunkstore

import (
	"fmt"

	"telekeep/crypto"
)

// A packBuilder is a pack that is being filled. Chunks are sealed as they come: all
// that is kept is the sealed bytes and the directory. It belongs to one goroutine at
// a time.
type packBuilder struct {
	content *crypto.MemorySealer
	header  int64 // bytes of the age file before the sealed content
	written int64 // bytes of content so far
	full    int64 // bytes of content of a full pack
	dir     directory
	scratch []byte
}

// A newChunk is a chunk as a pack takes it.
type newChunk struct {
	id       crypto.ID
	encoding encoding
	stored   []byte
	raw      int // length of the plaintext
}

// A sealedPack is a finished pack.
type sealedPack struct {
	name Hash
	data []byte // the age file
	dir  directory
	busy bool // somebody is storing it; guarded by pipeline.mu
}

// newPackBuilder starts a pack in buf, whose capacity becomes the length of a full
// pack.
func newPackBuilder(buf []byte, to crypto.Recipient) (*packBuilder, error) {
	content, err := crypto.SealInto(buf, to)
	if err != nil {
		return nil, fmt.Errorf("start a pack: %w", err)
	}
	header := int64(len(content.Sealed()))
	full, ok := contentSize(header, int64(cap(buf)))
	if !ok {
		return nil, fmt.Errorf("start a pack: no pack can be %d bytes long", cap(buf))
	}
	b := &packBuilder{content: content, header: header, full: full}
	if err := b.write(appendPackHeader(nil)); err != nil {
		return nil, err
	}
	return b, nil
}

// room returns the stored length of the largest chunk that still fits.
func (b *packBuilder) room() int64 {
	if b.dir.len() == maxPackChunks {
		return 0
	}
	return max(0, b.full-b.written-int64(len(b.dir))-dirEntrySize-packTrailerSize)
}

// add appends a chunk. The caller has made sure that it fits.
func (b *packBuilder) add(c newChunk) error {
	if int64(len(c.stored)) > b.room() {
		return fmt.Errorf("internal error: a chunk of %d bytes does not fit into the pack", len(c.stored))
	}
	b.dir = appendEntry(b.dir, dirEntry{
		ID:       c.id,
		Offset:   uint32(b.written),
		Stored:   uint32(len(c.stored)),
		Raw:      uint32(c.raw),
		Encoding: c.encoding,
	})
	return b.write(c.stored)
}

// finish writes directory, padding and trailer: up to the length of a full pack, or
// only to the next bucket. The pack's data is the buffer that the builder was given; its
// name is left to who hashes it.
func (b *packBuilder) finish(full bool) (*sealedPack, error) {
	target := b.full
	if !full {
		target = min(target, paddedPack(b.header, b.written+int64(len(b.dir))+packTrailerSize))
	}
	if err := b.write(b.dir); err != nil {
		return nil, err
	}
	if err := b.pad(target - packTrailerSize); err != nil {
		return nil, err
	}
	b.scratch = appendPackTrailer(b.scratch[:0], b.dir)
	if err := b.write(b.scratch); err != nil {
		return nil, err
	}
	if err := b.content.Close(); err != nil {
		return nil, fmt.Errorf("finish a pack: %w", err)
	}
	p := &sealedPack{data: b.content.Sealed(), dir: b.dir}
	if !isBucket(int64(len(p.data))) {
		return nil, fmt.Errorf("internal error: a pack of %d bytes", len(p.data))
	}
	return p, nil
}

// pad writes zeros until the content is n bytes long.
func (b *packBuilder) pad(n int64) error {
	zeros := make([]byte, min(ageBlock, n-b.written))
	for b.written < n {
		if err := b.write(zeros[:min(int64(len(zeros)), n-b.written)]); err != nil {
			return err
		}
	}
	return nil
}

func (b *packBuilder) write(p []byte) error {
	n, err := b.content.Write(p)
	b.written += int64(n)
	if err != nil {
		return fmt.Errorf("write into a pack: %w", err)
	}
	return nil
}
