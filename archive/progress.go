package archive

import (
	"encoding/binary"
	"errors"

	"telekeep/crypto"
)

// A progress is how far a media file got, as of its last cut: what the vault
// remembers of a file in flight. In the state it stands as
//
//	byte    1, the version
//	uvarint size of the whole file
//	uvarint off, the bytes in chunks
//	uvarint length of the SHA-256 state, and that state, over bytes [0, off)
//	32 bytes for each chunk id
type progress struct {
	size, off int64
	sha       []byte // encoding.BinaryMarshaler of crypto/sha256
	chunks    []crypto.ID
}

const progressVersion = 1

var errProgress = errors.New("progress of a media file cannot be read")

func (p *progress) marshal() []byte {
	b := []byte{progressVersion}
	b = binary.AppendUvarint(b, uint64(p.size))
	b = binary.AppendUvarint(b, uint64(p.off))
	b = binary.AppendUvarint(b, uint64(len(p.sha)))
	b = append(b, p.sha...)
	for _, id := range p.chunks {
		b = append(b, id[:]...)
	}
	return b
}

func parseProgress(b []byte) (*progress, error) {
	if len(b) == 0 || b[0] != progressVersion {
		return nil, errProgress
	}
	b = b[1:]
	var numbers [3]uint64
	for i := range numbers {
		n, length := binary.Uvarint(b)
		if length <= 0 || n > 1<<62 {
			return nil, errProgress
		}
		numbers[i], b = n, b[length:]
	}
	p := &progress{size: int64(numbers[0]), off: int64(numbers[1])}
	if numbers[2] > uint64(len(b)) || p.off > p.size {
		return nil, errProgress
	}
	p.sha, b = b[:numbers[2]], b[numbers[2]:]
	if len(b)%len(crypto.ID{}) != 0 {
		return nil, errProgress
	}
	for ; len(b) > 0; b = b[len(crypto.ID{}):] {
		p.chunks = append(p.chunks, crypto.ID(b[:len(crypto.ID{})]))
	}
	return p, nil
}
