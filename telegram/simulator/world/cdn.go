package world

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// CDN is the data centre that serves files to whoever names their token. It knows
// neither accounts nor what the bytes mean: they are encrypted with a key that the
// file's own data centre told the client, which tells the true hashes too:
//
//	own dc   upload.getFile, cdn_supported ──► fileCdnRedirect: token, key, hashes
//	CDN      upload.getCdnFile ──────────────► bytes, or a request_token
//	own dc   upload.reuploadCdnFile ─────────► the CDN has the part now
const CDN = 203

// cdnFiles are the files on the CDN.
type cdnFiles struct {
	mu      sync.Mutex
	byToken map[string]*cdnFile
}

// A cdnFile is one part of a file (the document, a thumbnail) on the CDN. Its token,
// key and iv follow from what it is, so that asking again gives the same.
type cdnFile struct {
	id      int64 // of the file
	part    content
	token   []byte
	key, iv []byte
	wanted  map[int64]string // request tokens by offset: parts that are not on the CDN
}

// cdnMethods are answered with no account: at the CDN, and where the file lies.
func (w *World) cdnMethods(all map[uint32]Method) {
	all[tg.UploadGetCDNFileRequestTypeID] = decoded(w.getCDNFile)
	all[tg.UploadGetCDNFileHashesRequestTypeID] = serve(w, w.getCDNFileHashes)
	all[tg.UploadReuploadCDNFileRequestTypeID] = serve(w, w.reuploadCDNFile)
}

// redirect sends a client that can follow to the CDN; nil: this file is not there.
func (w *World) redirect(f *file, part content, r *tg.UploadGetFileRequest) (bin.Encoder, error) {
	if !r.CDNSupported || !w.faults.isOnCDN(f.id) {
		return nil, nil
	}
	on := w.cdn.put(w.key, f, part)
	hashes, err := hashesAt(part, r.Offset)
	if err != nil {
		return nil, err
	}
	return &tg.UploadFileCDNRedirect{
		DCID: CDN, FileToken: on.token, EncryptionKey: on.key, EncryptionIv: on.iv, FileHashes: hashes,
	}, nil
}

// put lays a part of a file on the CDN, where it may be already.
func (t *cdnFiles) put(secret uint64, f *file, part content) *cdnFile {
	seed := binary.BigEndian.AppendUint64(nil, secret)
	seed = binary.BigEndian.AppendUint64(seed, uint64(f.id))
	seed = binary.BigEndian.AppendUint64(seed, uint64(part.Size()))
	derive := func(what string) []byte { sum := sha256.Sum256(append(seed, what...)); return sum[:] }
	on := &cdnFile{
		id: f.id, part: part, wanted: map[int64]string{},
		token: derive("token"), key: derive("key"), iv: derive("iv")[:aes.BlockSize],
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if there, ok := t.byToken[string(on.token)]; ok {
		return there
	}
	if t.byToken == nil {
		t.byToken = map[string]*cdnFile{}
	}
	t.byToken[string(on.token)] = on
	return on
}

// onCDN finds a file by its token. Files that are lost are gone here too.
func (w *World) onCDN(token []byte) (*cdnFile, error) {
	w.cdn.mu.Lock()
	on := w.cdn.byToken[string(token)]
	w.cdn.mu.Unlock()
	if on == nil || w.faults.isLost(on.id) || !w.faults.isOnCDN(on.id) {
		return nil, fail(400, "FILE_TOKEN_INVALID")
	}
	return on, nil
}

func (w *World) getCDNFile(c *Call, r *tg.UploadGetCDNFileRequest) (bin.Encoder, error) {
	if c.DC != CDN {
		return nil, fail(400, "METHOD_INVALID")
	}
	if err := checkRange(r.Offset, r.Limit, false); err != nil {
		return nil, err
	}
	on, err := w.onCDN(r.FileToken)
	if err != nil {
		return nil, err
	}
	if token := w.missing(on, r.Offset); token != "" {
		return &tg.UploadCDNFileReuploadNeeded{RequestToken: []byte(token)}, nil
	}
	data, err := readPart(on.part, r.Offset, r.Limit)
	if errors.Is(err, errAbsent) {
		return nil, fail(400, "FILE_TOKEN_INVALID")
	}
	if err != nil {
		return nil, fmt.Errorf("read file %d: %w", on.id, err)
	}
	if err := on.encrypt(data, r.Offset); err != nil {
		return nil, err
	}
	return &tg.UploadCDNFile{Bytes: w.faults.spoil(data)}, nil
}

// missing returns the token by which a part that is not on the CDN is asked for,
// "" for one that is there.
func (w *World) missing(on *cdnFile, offset int64) string {
	w.cdn.mu.Lock()
	defer w.cdn.mu.Unlock()
	if token := on.wanted[offset]; token != "" {
		return token
	}
	if !w.faults.isCold() {
		return ""
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(append([]byte("request"), on.token...), uint64(offset)))
	on.wanted[offset] = string(sum[:])
	return on.wanted[offset]
}

// encrypt works in place: AES-256-CTR, the last four bytes of the iv count blocks.
func (on *cdnFile) encrypt(p []byte, offset int64) error {
	block, err := aes.NewCipher(on.key)
	if err != nil {
		return err
	}
	iv := append([]byte(nil), on.iv...)
	binary.BigEndian.PutUint32(iv[len(iv)-4:], uint32(offset/aes.BlockSize))
	cipher.NewCTR(block, iv).XORKeyStream(p, p)
	return nil
}

func (w *World) getCDNFileHashes(_ *Call, _ *account, r *tg.UploadGetCDNFileHashesRequest) (bin.Encoder, error) {
	on, err := w.onCDN(r.FileToken)
	if err != nil {
		return nil, err
	}
	hashes, err := hashesAt(on.part, r.Offset)
	if err != nil {
		return nil, err
	}
	return &tg.FileHashVector{Elems: hashes}, nil
}

func (w *World) reuploadCDNFile(_ *Call, _ *account, r *tg.UploadReuploadCDNFileRequest) (bin.Encoder, error) {
	on, err := w.onCDN(r.FileToken)
	if err != nil {
		return nil, err
	}
	w.cdn.mu.Lock()
	offset := int64(-1)
	for at, token := range on.wanted {
		if token == string(r.RequestToken) {
			offset = at
			delete(on.wanted, at)
		}
	}
	w.cdn.mu.Unlock()
	if offset < 0 {
		return nil, fail(400, "REQUEST_TOKEN_INVALID")
	}
	hashes, err := hashesAt(on.part, offset)
	if err != nil {
		return nil, err
	}
	return &tg.FileHashVector{Elems: hashes}, nil
}
