package mtproto

import (
	"crypto/aes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/gotd/ige"
	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
)

const (
	sealedHead = 8 + 16            // key id, msg_key
	plainHead  = 8 + 8 + 8 + 4 + 4 // salt, session, msg_id, seqno, length
	minPadding = 12
)

var errSealed = errors.New("packet does not decrypt")

// An envelope is what stands before a message inside its encrypted packet.
type envelope struct {
	salt    int64
	session int64
	id      int64
	seq     int32
}

// unseal decrypts a packet from a client.
func unseal(key *crypto.AuthKey, packet []byte) (envelope, []byte, error) {
	if len(packet) < sealedHead+plainHead {
		return envelope{}, nil, errSealed
	}
	// A padded transport may leave some of its padding behind the last block.
	sealed := packet[sealedHead:]
	sealed = sealed[:len(sealed)/aes.BlockSize*aes.BlockSize]
	msgKey := bin.Int128(packet[8:sealedHead])
	aesKey, iv := crypto.Keys(key.Value, msgKey, crypto.Client)
	plain := make([]byte, len(sealed))
	ige.DecryptAES256Blocks(aesKey[:], iv[:], plain, sealed)
	if crypto.MessageKey(key.Value, plain, crypto.Client) != msgKey {
		return envelope{}, nil, errSealed
	}
	e := envelope{
		salt:    int64(binary.LittleEndian.Uint64(plain)),
		session: int64(binary.LittleEndian.Uint64(plain[8:])),
		id:      int64(binary.LittleEndian.Uint64(plain[16:])),
		seq:     int32(binary.LittleEndian.Uint32(plain[24:])),
	}
	n := int(int32(binary.LittleEndian.Uint32(plain[28:])))
	body := plain[plainHead:]
	if n < 4 || n%4 != 0 || n > len(body)-minPadding {
		return envelope{}, nil, errSealed
	}
	return e, body[:n], nil
}

// A sealer encrypts packets for clients and keeps its buffers between them. For
// one goroutine.
type sealer struct{ plain, packet []byte }

// sealers lend their buffers to connections while these have something to send:
// an idle one holds none.
type sealers struct{ pool sync.Pool }

func (p *sealers) get() *sealer {
	if s, ok := p.pool.Get().(*sealer); ok {
		return s
	}
	return &sealer{}
}

func (p *sealers) put(s *sealer) { p.pool.Put(s) }

// seal encrypts one message. The packet holds until the next call.
func (s *sealer) seal(key *crypto.AuthKey, e envelope, body []byte) ([]byte, error) {
	s.plain = s.plain[:0]
	s.plain = binary.LittleEndian.AppendUint64(s.plain, uint64(e.salt))
	s.plain = binary.LittleEndian.AppendUint64(s.plain, uint64(e.session))
	s.plain = binary.LittleEndian.AppendUint64(s.plain, uint64(e.id))
	s.plain = binary.LittleEndian.AppendUint32(s.plain, uint32(e.seq))
	s.plain = binary.LittleEndian.AppendUint32(s.plain, uint32(len(body)))
	s.plain = append(s.plain, body...)
	n := len(s.plain)
	padding := minPadding + (aes.BlockSize-(n+minPadding)%aes.BlockSize)%aes.BlockSize
	s.plain = append(s.plain, make([]byte, padding)...)
	if _, err := rand.Read(s.plain[n:]); err != nil {
		return nil, err
	}

	msgKey := crypto.MessageKey(key.Value, s.plain, crypto.Server)
	aesKey, iv := crypto.Keys(key.Value, msgKey, crypto.Server)
	block, err := aes.NewCipher(aesKey[:])
	if err != nil {
		return nil, err
	}
	s.packet = append(append(s.packet[:0], key.ID[:]...), msgKey[:]...)
	s.packet = append(s.packet, s.plain...) // room for the blocks
	ige.EncryptBlocks(block, iv[:], s.packet[sealedHead:], s.plain)
	return s.packet, nil
}
