package simulator

import (
	"crypto/aes"
	"crypto/md5" //nolint:gosec // what Telegram Desktop's files are made of
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sizes and marks of Telegram Desktop's files.
const (
	desktopSalt       = 32
	desktopIterations = 100_000 // of the passcode; 1 without one
	desktopAuth       = 0x4b    // the block that holds keys
	desktopVersion    = 5_000_000
)

// WriteTData makes a folder as Telegram Desktop's tdata, with sessions of several
// accounts, sealed with a passcode, "" for none. It is what an import can be tried
// with; no program could run on it.
//
//	key_datas            TDF$ | version | salt, local key sealed with the passcode, list of accounts | MD5
//	D877F783D5D3EF8Cs    likewise: keys of the first account, sealed with the local key
//
// Numbers in Telegram Desktop's streams are big-endian, the lengths of sealed
// blocks and the file's version are not.
func WriteTData(dir, passcode string, sessions ...*Session) error {
	local := randomBytes(256)
	salt := randomBytes(desktopSalt)
	outer, err := passcodeKey(passcode, salt)
	if err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	list := binary.BigEndian.AppendUint32(nil, uint32(len(sessions)))
	for i := range sessions {
		list = binary.BigEndian.AppendUint32(list, uint32(i))
	}
	list = binary.BigEndian.AppendUint32(list, 0) // the account that is shown
	errs := []error{os.MkdirAll(dir, 0o700)}
	errs = append(errs, writeTDF(dir, "key_data", salt, sealBlock(local, outer), sealBlock(list, local)))
	for i, s := range sessions {
		name := "data"
		if i > 0 {
			name = fmt.Sprintf("data#%d", i+1)
		}
		errs = append(errs, writeTDF(dir, desktopName(name), sealBlock(s.desktopKeys(), local)))
	}
	return errors.Join(errs...)
}

// desktopKeys is the block with the account's keys.
func (s *Session) desktopKeys() []byte {
	keys := slices.Concat(
		[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, // wide ids follow
		binary.BigEndian.AppendUint64(nil, uint64(s.User)),
		binary.BigEndian.AppendUint32(nil, uint32(s.DC)),
		binary.BigEndian.AppendUint32(nil, 1), // one key
		binary.BigEndian.AppendUint32(nil, uint32(s.DC)), s.Key[:],
		binary.BigEndian.AppendUint32(nil, 0), // none to destroy
	)
	return append(binary.BigEndian.AppendUint32(nil, desktopAuth), array(keys)...)
}

// array is a length and that many bytes.
func array(data []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)
}

// desktopName is how Telegram Desktop calls a file: half of the MD5 of its name
// in hex, the digits of each byte swapped.
func desktopName(name string) string {
	sum := md5.Sum([]byte(name))
	for i, b := range sum {
		sum[i] = b<<4 | b>>4
	}
	return strings.ToUpper(hex.EncodeToString(sum[:8]))
}

func writeTDF(dir, name string, arrays ...[]byte) error {
	var body []byte
	for _, a := range arrays {
		body = append(body, array(a)...)
	}
	version := binary.LittleEndian.AppendUint32(nil, desktopVersion)
	sum := md5.Sum(slices.Concat(body, binary.LittleEndian.AppendUint32(nil, uint32(len(body))), version, []byte("TDF$")))
	return os.WriteFile(filepath.Join(dir, name+"s"), slices.Concat([]byte("TDF$"), version, body, sum[:]), 0o600)
}

// passcodeKey is the key that the local key is sealed with.
func passcodeKey(passcode string, salt []byte) ([]byte, error) {
	iterations := 1
	if passcode != "" {
		iterations = desktopIterations
	}
	sum := sha512.Sum512(slices.Concat(salt, []byte(passcode), salt))
	return pbkdf2.Key(sha512.New, string(sum[:]), salt, iterations, 256)
}

// sealBlock seals data with its length, as MTProto 1 sealed messages from the
// server: key and vector of AES-IGE come from the key and the hash of what is in it.
func sealBlock(data, key []byte) []byte {
	plain := append(binary.LittleEndian.AppendUint32(nil, uint32(len(data)+4)), data...)
	for len(plain)%aes.BlockSize != 0 {
		plain = append(plain, 0)
	}
	sum := sha1.Sum(plain)
	messageKey := sum[:16]
	const x = 8 // from the server
	sha := func(parts ...[]byte) []byte { s := sha1.Sum(slices.Concat(parts...)); return s[:] }
	a := sha(messageKey, key[x:x+32])
	b := sha(key[x+32:x+48], messageKey, key[x+48:x+64])
	c := sha(key[x+64:x+96], messageKey)
	d := sha(messageKey, key[x+96:x+128])
	block, err := aes.NewCipher(slices.Concat(a[:8], b[8:20], c[4:16]))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	vector := slices.Concat(a[8:20], b[:8], c[16:20], d[:8])
	before, plainBefore := vector[:16], vector[16:]
	out := slices.Clone(messageKey)
	for ; len(plain) > 0; plain = plain[aes.BlockSize:] {
		sealed := make([]byte, aes.BlockSize)
		subtle.XORBytes(sealed, plain[:aes.BlockSize], before)
		block.Encrypt(sealed, sealed)
		subtle.XORBytes(sealed, sealed, plainBefore)
		before, plainBefore = sealed, plain[:aes.BlockSize]
		out = append(out, sealed...)
	}
	return out
}
