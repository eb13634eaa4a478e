package telegram

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// How often a part is asked for in a content delivery network, which may have to
// get the file first, and how often a file may get another token there.
const (
	cdnTries   = 8
	tokenTries = 3
)

var (
	errUnhashed = errors.New("the content delivery network's part has no hash to compare it with")
	errTokenOld = errors.New("the content delivery network does not know the file's token")
	errFetching = errors.New("the content delivery network does not have the file yet")
)

// A mirror is a file in a content delivery network: servers of others, which
// see neither who asks nor what the file says. It is encrypted there, and every
// byte is compared with hashes from the file's own data centre.
type mirror struct {
	dc     int
	token  []byte
	cipher cipher.Block
	iv     []byte
	hashes *hashes
}

// newMirror makes sense of a redirect to a file of size bytes. More hashes than
// came with it are asked for with ask.
func newMirror(to *tg.UploadFileCDNRedirect, size int64, ask func(ctx context.Context, token []byte, off int64) ([]tg.FileHash, error)) (*mirror, error) {
	block, err := aes.NewCipher(to.EncryptionKey)
	if err != nil || len(to.EncryptionIv) != aes.BlockSize {
		return nil, fmt.Errorf("upload.fileCdnRedirect: a key of %d bytes and a vector of %d", len(to.EncryptionKey), len(to.EncryptionIv))
	}
	return &mirror{dc: to.DCID, token: to.FileToken, cipher: block, iv: to.EncryptionIv, hashes: &hashes{
		turn: newTurn(), size: size, list: slices.Clone(to.FileHashes),
		ask:   func(ctx context.Context, off int64) ([]tg.FileHash, error) { return ask(ctx, to.FileToken, off) },
		lacks: func(context.Context) error { return errUnhashed },
	}}, nil
}

// open decrypts what lies at off, a multiple of 16, in place and compares it.
func (m *mirror) open(ctx context.Context, off int64, data []byte) error {
	iv := slices.Clone(m.iv)
	binary.BigEndian.PutUint32(iv[len(iv)-4:], uint32(off/aes.BlockSize))
	cipher.NewCTR(m.cipher, iv).XORKeyStream(data, data)
	return m.hashes.check(ctx, off, data)
}

// mirrored is the file's mirror; nil while it is fetched from where it lies.
// direct says that it has to be.
func (d *download) mirrored() (m *mirror, direct bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mirror, d.direct
}

// follow goes to where the server sends a part, unless another part went there
// before, or came back.
func (d *download) follow(to *tg.UploadFileCDNRedirect) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.direct || d.mirror != nil && bytes.Equal(d.mirror.token, to.FileToken) {
		return
	}
	m, err := newMirror(to, d.file.Size, d.askMirrorHashes)
	if err != nil {
		d.refuse(err)
		return
	}
	d.mirror = m
}

// leave gives a mirror up: another token is asked for, a few times, or the file
// is taken from where it lies.
func (d *download) leave(m *mirror, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mirror != m {
		return
	}
	d.mirror = nil
	if d.tokens++; !errors.Is(err, errTokenOld) || d.tokens > tokenTries {
		d.refuse(err)
	}
}

// refuse makes the server give the file itself. The caller holds d.mu.
func (d *download) refuse(err error) {
	d.direct = true
	d.run.log.Info("a file is not taken from the content delivery network", "key", string(d.file.Key), "reason", reason(err))
}

// fromMirror fetches one part from the content delivery network. Whatever goes
// wrong there, the file's own data centre still has the file.
func (d *download) fromMirror(ctx context.Context, m *mirror, off int64) ([]byte, error) {
	pause := retryPauseMin
	for try := 1; ; try++ {
		data, err := d.askMirror(ctx, m, off)
		if !errors.Is(err, errFetching) && !errors.Is(err, errDiffers) || try == cdnTries {
			return data, err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
		pause = min(2*pause, retryMost)
	}
}

func (d *download) askMirror(ctx context.Context, m *mirror, off int64) ([]byte, error) {
	answer, err := tg.NewClient(d.run.link.cdn(m.dc)).UploadGetCDNFile(ctx, &tg.UploadGetCDNFileRequest{
		FileToken: m.token, Offset: off, Limit: int(d.run.options.PartSize),
	})
	switch {
	case tgerr.Is(err, "FILE_TOKEN_INVALID", "REQUEST_TOKEN_INVALID"):
		return nil, errTokenOld
	case err != nil:
		return nil, err
	}
	switch answer := answer.(type) {
	case *tg.UploadCDNFile:
		return answer.Bytes, m.open(ctx, off, answer.Bytes)
	case *tg.UploadCDNFileReuploadNeeded:
		return nil, d.hand(ctx, m, answer.RequestToken)
	}
	return nil, errOddReply
}

// hand asks the file's own data centre to give the file to the mirror.
func (d *download) hand(ctx context.Context, m *mirror, request []byte) error {
	_, err := d.home().UploadReuploadCDNFile(ctx, &tg.UploadReuploadCDNFileRequest{FileToken: m.token, RequestToken: request})
	switch {
	case tgerr.Is(err, "FILE_TOKEN_INVALID", "REQUEST_TOKEN_INVALID", "CDN_UPLOAD_TIMEOUT"):
		return errTokenOld
	case err != nil:
		return err
	}
	return errFetching
}

// askMirrorHashes asks the file's own data centre for the hashes of the blocks
// from off on.
func (d *download) askMirrorHashes(ctx context.Context, token []byte, off int64) ([]tg.FileHash, error) {
	return d.home().UploadGetCDNFileHashes(ctx, &tg.UploadGetCDNFileHashesRequest{FileToken: token, Offset: off})
}

// home makes calls to the data centre where the file lies.
func (d *download) home() *tg.Client {
	return tg.NewClient(d.run.link.dc(d.run.link.nearest(d.newest().DC)))
}
