package archive

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"hash"
	"slices"

	"telekeep/crypto"
)

// A transfer is one media file on its way into the store.
//
//	0 ......... cut ......... fed ..... early ......... size
//	| chunks    | tail        |  gap   | piece | gap     |
//
// Bytes up to fed went into the stream in order. The stream has cut them into
// chunks up to cut; the tail behind it is kept, because only the journal has it
// otherwise and the next segment must carry it. Pieces that came before their
// turn wait in early.
//
// A transfer has no lock: it belongs to its MediaWriter, or, while it has none,
// to whoever holds Writer.mu; a commit, which runs alone, may touch all.
type transfer struct {
	key    MediaKey
	size   int64
	stream stream
	base   progress  // where the stream started
	sum    hash.Hash // over bytes [0, cut)
	cut    int64
	chunks []crypto.ID // of bytes [0, cut)
	tail   []byte      // bytes [cut, fed)
	early  early
	saved  int64 // the cut that the state knows
	closed bool
	held   bool // a MediaWriter has it
}

// trimAfter is how many bytes a tail may grow before the stream is asked where
// it has cut. Asking waits for the ids of those chunks, so not on every part.
const trimAfter = 2 << 20

// newTransfer starts a transfer at p, or at byte 0 if p is nil or is of no use.
func newTransfer(key MediaKey, size int64, p *progress, s stream) *transfer {
	t := &transfer{key: key, size: size, stream: s, sum: sha256.New()}
	if p == nil || p.size != size || p.off == 0 {
		return t
	}
	resumed := sha256.New()
	if resumed.(encoding.BinaryUnmarshaler).UnmarshalBinary(p.sha) != nil {
		return t // a Go that hashes in another way: start over
	}
	t.sum, t.base, t.cut, t.saved = resumed, *p, p.off, p.off
	t.chunks = slices.Clip(p.chunks)
	return t
}

func (t *transfer) fed() int64 { return t.cut + int64(len(t.tail)) }

// have returns how many bytes are there, in order or not.
func (t *transfer) have() int64 { return t.fed() + t.early.size() }

// memory returns how many bytes t holds.
func (t *transfer) memory() int64 { return int64(len(t.tail)) + t.early.size() }

// gaps returns what of want was not written yet.
func (t *transfer) gaps(want Range) []Range {
	from := max(want.Off, t.fed())
	if from >= want.end() {
		return nil
	}
	return t.early.gaps(Range{from, want.end() - from})
}

// missing returns every part of partSize bytes that is not completely there.
func (t *transfer) missing(partSize int64) []Range {
	var parts []Range
	for _, gap := range t.gaps(Range{0, t.size}) {
		for off := gap.Off / partSize * partSize; off < gap.end(); off += partSize {
			if n := len(parts); n > 0 && parts[n-1].Off == off {
				continue
			}
			parts = append(parts, Range{off, min(partSize, t.size-off)})
		}
	}
	return parts
}

// write takes the bytes from off on; what is there already is passed over.
func (t *transfer) write(off int64, p []byte) error {
	if off < 0 || int64(len(p)) > t.size-off {
		return &RangeError{t.key, off, int64(len(p)), t.size}
	}
	for _, gap := range t.gaps(Range{off, int64(len(p))}) {
		data := p[gap.Off-off:][:gap.Len]
		if gap.Off != t.fed() {
			t.early.add(gap.Off, data)
			continue
		}
		if err := t.feed(data); err != nil {
			return err
		}
	}
	return nil
}

// feed gives data, and every early piece whose turn it then is, to the stream.
func (t *transfer) feed(data []byte) error {
	for ; data != nil; data = t.early.take(t.fed()) {
		if _, err := t.stream.Write(data); err != nil {
			return err
		}
		t.tail = append(t.tail, data...)
		if len(t.tail) < trimAfter {
			continue
		}
		if err := t.trim(); err != nil {
			return err
		}
	}
	return nil
}

// trim asks the stream where it has cut and lets go of the tail before.
func (t *transfer) trim() error {
	if t.closed {
		return nil
	}
	ids, n, err := t.stream.Cuts()
	if err != nil {
		return err
	}
	t.advance(ids, t.base.off+n)
	return nil
}

// advance moves the cut: ids are all chunks of the stream so far.
func (t *transfer) advance(ids []crypto.ID, cut int64) {
	n := cut - t.cut
	t.sum.Write(t.tail[:n])
	t.tail = append(t.tail[:0], t.tail[n:]...)
	t.chunks = append(t.chunks, ids[len(t.chunks)-len(t.base.chunks):]...)
	t.cut = cut
}

// close cuts the last chunk. Afterwards chunks and sum cover the whole file.
func (t *transfer) close() error {
	if t.closed {
		return nil
	}
	if have := t.fed(); have != t.size {
		return &IncompleteError{t.key, t.size, t.have()}
	}
	ids, err := t.stream.Close()
	if err != nil {
		return err
	}
	t.advance(ids, t.size)
	t.closed = true
	return nil
}

// file describes the closed transfer.
func (t *transfer) file(hashed bool) *MediaFile {
	return t.fileOf(hex.EncodeToString(t.sum.Sum(nil)), hashed)
}

// fileOf describes the closed transfer of a file whose SHA-256 is sum, hex.
func (t *transfer) fileOf(sum string, hashed bool) *MediaFile {
	chunks := make([]string, len(t.chunks))
	for i, id := range t.chunks {
		chunks[i] = id.String()
	}
	return &MediaFile{Key: t.key, Size: t.size, SHA256: sum, Chunks: chunks, Hashed: hashed}
}

// progress returns how far the transfer got, for the state.
func (t *transfer) progress() (*progress, error) {
	sha, err := t.sum.(encoding.BinaryMarshaler).MarshalBinary()
	return &progress{t.size, t.cut, sha, t.chunks}, err
}
