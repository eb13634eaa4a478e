package telegram

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// A fakeNetwork is a content delivery network in front of fakeFiles: data centre
// 203 has document 1, encrypted.
type fakeNetwork struct {
	*fakeFiles
	t     *testing.T
	key   []byte
	iv    []byte
	first int // hashes that come with the redirect

	lock   sync.Mutex
	token  string // that works now
	holds  bool   // it has the file
	down   bool   // it answers with errors
	lies   bool   // it gives other bytes
	bare   bool   // nobody has hashes of what it gives
	stuck  bool   // the file's own data centre sends on although that was not offered
	given  int    // parts
	handed int
	asked  int // for hashes
}

func newFakeNetwork(t *testing.T, size int64) *fakeNetwork {
	return &fakeNetwork{
		fakeFiles: newFakeFiles(size), t: t, token: "token 1", holds: true, first: 2,
		key: bytes.Repeat([]byte{7}, 32), iv: bytes.Repeat([]byte{9}, 16),
	}
}

func (n *fakeNetwork) answer(in any) (bin.Encoder, error) {
	n.lock.Lock()
	defer n.lock.Unlock()
	switch in := in.(type) {
	case fileRequest:
		if !in.CDNSupported && !n.stuck {
			return n.fakeFiles.answer(in)
		}
		return &tg.UploadFileCDNRedirect{
			DCID: 203, FileToken: []byte(n.token), EncryptionKey: n.key, EncryptionIv: n.iv, FileHashes: n.blocks(0, n.first),
		}, nil
	case cdnRequest:
		return n.part(in)
	case *tg.UploadGetCDNFileHashesRequest:
		n.asked++
		return &tg.FileHashVector{Elems: n.blocks(in.Offset, 3)}, nil
	case *tg.UploadReuploadCDNFileRequest:
		if string(in.RequestToken) != "please" {
			return nil, rpcError(400, "REQUEST_TOKEN_INVALID")
		}
		n.handed++
		n.holds = true
		return &tg.FileHashVector{}, nil
	}
	return n.fakeFiles.answer(in)
}

// part encrypts with a stream cipher over the whole file: another way than the
// client's, which starts anew at every part.
func (n *fakeNetwork) part(in cdnRequest) (bin.Encoder, error) {
	switch {
	case in.place != place{dc: 203, cdn: true}:
		n.t.Errorf("asked at %v", in.place)
	case n.down:
		return nil, rpcError(400, "METHOD_INVALID")
	case string(in.FileToken) != n.token:
		return nil, rpcError(400, "FILE_TOKEN_INVALID")
	case !n.holds:
		return &tg.UploadCDNFileReuploadNeeded{RequestToken: []byte("please")}, nil
	}
	block, err := aes.NewCipher(n.key)
	if err != nil {
		return nil, err
	}
	iv := slices.Clone(n.iv)
	binary.BigEndian.PutUint32(iv[12:], 0)
	sealed := slices.Clone(n.data[1])
	cipher.NewCTR(block, iv).XORKeyStream(sealed, sealed)
	n.given++
	part := sealed[in.Offset:min(in.Offset+int64(in.Limit), int64(len(sealed)))]
	if n.lies {
		part[len(part)/2]++
	}
	return &tg.UploadCDNFile{Bytes: part}, nil
}

// blocks are the hashes of n blocks from off on.
func (n *fakeNetwork) blocks(off int64, count int) (list []tg.FileHash) {
	const block = 128 << 10
	for data := n.data[1]; !n.bare && count > 0 && off < int64(len(data)); off, count = off+block, count-1 {
		end := min(off+block, int64(len(data)))
		sum := sha256.Sum256(data[off:end])
		list = append(list, tg.FileHash{Offset: off, Limit: int(end - off), Hash: sum[:]})
	}
	return list
}

// get downloads the file.
func (n *fakeNetwork) get(a *fakeArchive) error {
	r := newFakeRun(n.t, newFakeServer(n.answer), a)
	w := n.work()
	return r.download(n.t.Context(), w.Files[0], r.origin(w))
}

// A file that the server sends on to a content delivery network is taken from
// there, decrypted, and every byte of it compared with the server's hashes.
func TestDownloadFromContentNetwork(t *testing.T) {
	for _, size := range []int64{1, 128 << 10, fakePart + 1, 5*fakePart + 12345} {
		n, a := newFakeNetwork(t, size), newFakeArchive()
		if err := n.get(a); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		n.check(t, a, 1, true)
		if want := int((size + fakePart - 1) / fakePart); n.given != want || len(n.fakeFiles.asked) != 0 {
			t.Fatalf("%d bytes: %d parts from the network, want %d, %d from home", size, n.given, want, len(n.fakeFiles.asked))
		}
	}
}

// Whatever goes wrong in the network, nothing wrong is stored and the file comes
// from where it lies.
func TestContentNetworkFails(t *testing.T) {
	cases := []struct {
		name   string
		break_ func(*fakeNetwork)
		home   bool // the file comes from its own data centre
		want   error
	}{
		{"it has to get the file first", func(n *fakeNetwork) { n.holds = false }, false, nil},
		{"it is down", func(n *fakeNetwork) { n.down = true }, true, nil},
		{"it gives other bytes", func(n *fakeNetwork) { n.lies = true }, true, nil},
		{"nobody can say whether its bytes are right", func(n *fakeNetwork) { n.bare = true }, true, nil},
		{"its key is no key", func(n *fakeNetwork) { n.key = n.key[:5] }, true, nil},
		{"its vector is none", func(n *fakeNetwork) { n.iv = nil }, true, nil},
		{"it is down and the only one", func(n *fakeNetwork) { n.down, n.stuck = true, true }, false, new(unavailableError)},
	}
	for _, c := range cases {
		inBubble(t, c.name, func(t *testing.T) {
			n, a := newFakeNetwork(t, 3*fakePart), newFakeArchive()
			c.break_(n)
			err := n.get(a)
			if c.want != nil {
				if _, ok := errors.AsType[*unavailableError](err); !ok {
					t.Fatalf("error %v, want that it is not available", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			n.check(t, a, 1, true)
			if home := len(n.fakeFiles.asked) > 0; home != c.home {
				t.Fatalf("%d parts came from home", len(n.fakeFiles.asked))
			}
		})
	}
}

// A token that ran out is replaced, and the parts that are there are kept.
func TestContentNetworkToken(t *testing.T) {
	n, a := newFakeNetwork(t, 8*fakePart), newFakeArchive()
	plain := n.answer
	changing := func(in any) (bin.Encoder, error) {
		n.lock.Lock()
		if n.given == 3 {
			n.token = "token 2"
		}
		n.lock.Unlock()
		return plain(in)
	}
	r := newFakeRun(t, newFakeServer(changing), a)
	w := n.work()
	if err := r.download(t.Context(), w.Files[0], r.origin(w)); err != nil {
		t.Fatal(err)
	}
	n.check(t, a, 1, true)
	if n.given != 8 || len(n.fakeFiles.asked) != 0 {
		t.Fatalf("%d parts from the network, %d from home", n.given, len(n.fakeFiles.asked))
	}
}
