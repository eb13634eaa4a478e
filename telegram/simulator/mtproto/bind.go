package mtproto

import (
	"crypto/aes"
	"encoding/binary"

	"github.com/gotd/ige"
	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// bindHead is what stands before the inner message of a binding: 16 random
// bytes, msg_id, seqno, length.
const bindHead = 16 + 8 + 4 + 4

// bind makes the session's temporary key stand for a permanent one, whose holder
// proves it by a message under MTProto 1 encryption.
func (s *session) bind(r *received, req *Request) error {
	var in tg.AuthBindTempAuthKeyRequest
	if err := in.Decode(req.Body); err != nil {
		return tgerr.New(400, "INPUT_REQUEST_INVALID")
	}
	if s.by.Expires.IsZero() {
		return tgerr.New(400, "TEMP_AUTH_KEY_EMPTY")
	}
	var id KeyID
	binary.LittleEndian.PutUint64(id[:], uint64(in.PermAuthKeyID))
	permanent, ok := s.server.keys.get(id, s.server.now())
	if !ok || !permanent.Expires.IsZero() {
		return tgerr.New(400, "ENCRYPTED_MESSAGE_INVALID")
	}
	inner, msgID, ok := openBinding(permanent, in.EncryptedMessage)
	want := crypto.BindAuthKeyInner{
		Nonce:         in.Nonce,
		TempAuthKeyID: s.by.auth.IntID(),
		PermAuthKeyID: in.PermAuthKeyID,
		TempSessionID: s.id,
		ExpiresAt:     in.ExpiresAt,
	}
	if !ok || inner != want || msgID != r.id {
		return tgerr.New(400, "ENCRYPTED_MESSAGE_INVALID")
	}
	s.server.keys.bind(s.by, id)
	return nil
}

// openBinding decrypts a binding message: key id, msg_key, sealed data.
func openBinding(key *Key, sealed []byte) (inner crypto.BindAuthKeyInner, msgID int64, ok bool) {
	if len(sealed) < sealedHead+bindHead || len(sealed[sealedHead:])%aes.BlockSize != 0 || KeyID(sealed[:8]) != key.ID() {
		return inner, 0, false
	}
	msgKey := bin.Int128(sealed[8:sealedHead])
	aesKey, iv := crypto.KeysV1(key.auth.Value, msgKey)
	plain := make([]byte, len(sealed)-sealedHead)
	ige.DecryptAES256Blocks(aesKey[:], iv[:], plain, sealed[sealedHead:])
	n := int(int32(binary.LittleEndian.Uint32(plain[bindHead-4:])))
	if n < 0 || n > len(plain)-bindHead || crypto.MessageKeyV1(plain[:bindHead+n]) != msgKey {
		return inner, 0, false
	}
	err := inner.Decode(&bin.Buffer{Buf: plain[bindHead : bindHead+n]})
	return inner, int64(binary.LittleEndian.Uint64(plain[16:])), err == nil
}
