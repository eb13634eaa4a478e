package world

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/gotd/td/tg"
)

// sentAway asks for the file's beginning and wants to be sent to the CDN.
func (v *village) sentAway(d *tg.Document) *tg.UploadFileCDNRedirect {
	v.t.Helper()
	return ask(v.guest, &tg.UploadGetFileRequest{CDNSupported: true, Location: where(d), Limit: 1 << 20}, into[tg.UploadFileCDNRedirect])
}

// at is the guest at another data centre.
func (v *village) at(dc int) *guest {
	g := *v.guest
	g.call.DC = dc
	return &g
}

func decrypt(t *testing.T, r *tg.UploadFileCDNRedirect, p []byte, offset int64) []byte {
	t.Helper()
	block, err := aes.NewCipher(r.EncryptionKey)
	if err != nil {
		t.Fatal(err)
	}
	iv := bytes.Clone(r.EncryptionIv)
	binary.BigEndian.PutUint32(iv[12:], uint32(offset/16))
	out := make([]byte, len(p))
	cipher.NewCTR(block, iv).XORKeyStream(out, p)
	return out
}

func TestFilesOnTheCDN(t *testing.T) {
	v, d, whole := shelfWorld(t)
	if got := v.part(where(d), 0, 4096); !bytes.Equal(got, whole[:4096]) {
		t.Error("without the fault a file is served by its own data centre")
	}
	v.faults.Redirect(1)
	if got := v.part(where(d), 0, 4096); !bytes.Equal(got, whole[:4096]) {
		t.Error("who does not know of CDNs must not be sent there")
	}
	r := v.sentAway(d)
	if r.DCID != CDN || len(r.EncryptionKey) != 32 || len(r.EncryptionIv) != 16 {
		t.Fatalf("sent to %d with %d and %d bytes", r.DCID, len(r.EncryptionKey), len(r.EncryptionIv))
	}
	if again := v.sentAway(d); !bytes.Equal(again.FileToken, r.FileToken) || !bytes.Equal(again.EncryptionKey, r.EncryptionKey) {
		t.Error("asked again, it is another token or key")
	}
	hashes := r.FileHashes
	for offset := int64(1 << 20); offset < int64(len(whole)); offset += 1 << 20 {
		more := ask(v.guest, &tg.UploadGetCDNFileHashesRequest{FileToken: r.FileToken, Offset: offset}, into[tg.FileHashVector])
		hashes = append(hashes, more.Elems...)
	}
	cdn := v.at(CDN)
	cdn.call.User = 0 // nobody is known there
	var got []byte
	for offset := int64(0); offset < int64(len(whole)); offset += 512 << 10 {
		p := ask(cdn, &tg.UploadGetCDNFileRequest{FileToken: r.FileToken, Offset: offset, Limit: 512 << 10}, into[tg.UploadCDNFile])
		if bytes.Equal(p.Bytes, whole[offset:offset+int64(len(p.Bytes))]) {
			t.Error("the CDN has it in plain")
		}
		got = append(got, decrypt(t, r, p.Bytes, offset)...)
	}
	if !bytes.Equal(got, whole) {
		t.Error("what the CDN gives is another file")
	}
	covered := 0
	for _, h := range hashes {
		if sum := sha256.Sum256(got[h.Offset : h.Offset+int64(h.Limit)]); !bytes.Equal(sum[:], h.Hash) || h.Offset != int64(covered) {
			t.Errorf("the hash at %d is wrong", h.Offset)
		}
		covered += h.Limit
	}
	if covered != len(whole) {
		t.Errorf("hashes cover %d of %d bytes", covered, len(whole))
	}
}

func TestPartsTheCDNLacks(t *testing.T) {
	v, d, whole := shelfWorld(t)
	v.faults.Redirect(1)
	v.faults.Cold(1)
	r, cdn := v.sentAway(d), v.at(CDN)
	want := &tg.UploadGetCDNFileRequest{FileToken: r.FileToken, Limit: 4096}
	needed := ask(cdn, want, into[tg.UploadCDNFileReuploadNeeded])
	if again := ask(cdn, want, into[tg.UploadCDNFileReuploadNeeded]); !bytes.Equal(again.RequestToken, needed.RequestToken) {
		t.Error("asked again, it is another request token")
	}
	v.refused(&tg.UploadReuploadCDNFileRequest{FileToken: r.FileToken, RequestToken: []byte("other")}, "REQUEST_TOKEN_INVALID")
	hashes := ask(v.guest, &tg.UploadReuploadCDNFileRequest{FileToken: r.FileToken, RequestToken: needed.RequestToken}, into[tg.FileHashVector])
	if len(hashes.Elems) == 0 || hashes.Elems[0].Offset != 0 {
		t.Errorf("hashes %v", hashes.Elems)
	}
	if p := ask(cdn, want, into[tg.UploadCDNFile]); !bytes.Equal(decrypt(t, r, p.Bytes, 0), whole[:4096]) {
		t.Error("the part differs")
	}
}

func TestCDNRefuses(t *testing.T) {
	v, d, _ := shelfWorld(t)
	v.faults.Redirect(1)
	r, cdn := v.sentAway(d), v.at(CDN)
	cdn.refused(&tg.UploadGetCDNFileRequest{FileToken: []byte("other"), Limit: 4096}, "FILE_TOKEN_INVALID")
	cdn.refused(&tg.UploadGetCDNFileRequest{FileToken: r.FileToken, Limit: 100}, "LIMIT_INVALID")
	v.refused(&tg.UploadGetCDNFileRequest{FileToken: r.FileToken, Limit: 4096}, "METHOD_INVALID")
	v.refused(&tg.UploadGetCDNFileHashesRequest{FileToken: []byte("other")}, "FILE_TOKEN_INVALID")
	v.faults.Lose(d.ID)
	cdn.refused(&tg.UploadGetCDNFileRequest{FileToken: r.FileToken, Limit: 4096}, "FILE_TOKEN_INVALID")
	v.faults.Reset()
	cdn.refused(&tg.UploadGetCDNFileRequest{FileToken: r.FileToken, Limit: 4096}, "FILE_TOKEN_INVALID")
}

func TestVanishingFiles(t *testing.T) {
	v, d, _ := shelfWorld(t)
	v.faults.Vanish(1)
	v.part(where(d), 0, 4096)
	v.refused(&tg.UploadGetFileRequest{Location: where(d), Offset: 4096, Limit: 4096}, "LOCATION_INVALID")
}
