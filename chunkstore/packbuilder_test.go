package chunkstore

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"telekeep/crypto"
)

const testPackSize = 8 << 20

func newTestBuilder(t testing.TB) (*packBuilder, crypto.Identity) {
	t.Helper()
	id, err := crypto.NewIdentity()
	check(t, err)
	b, err := newPackBuilder(make([]byte, 0, testPackSize), id.Recipient())
	check(t, err)
	return b, id
}

// finish finishes a pack and names it.
func finish(t testing.TB, b *packBuilder, full bool) *sealedPack {
	t.Helper()
	p, err := b.finish(full)
	check(t, err)
	p.name = hashOf(p.data)
	return p
}

// openSealed checks the directory of a pack and returns its content.
func openSealed(t testing.TB, p *sealedPack, id crypto.Identity) []byte {
	t.Helper()
	content, err := crypto.OpenBytes(p.data, id)
	check(t, err)
	dir, err := readDirectory(bytes.NewReader(content), int64(len(content)))
	check(t, err)
	if !bytes.Equal(dir, p.dir) {
		t.Error("the directory in the pack is not the one that was returned")
	}
	return content
}

func TestPackOfOneByte(t *testing.T) {
	b, id := newTestBuilder(t)
	check(t, b.add(rawChunk(testKey(1).ID([]byte("x")), []byte("x"))))
	p := finish(t, b, false)
	if len(p.data) != smallestBucket {
		t.Errorf("a pack of %d bytes, want %d", len(p.data), smallestBucket)
	}
	content := openSealed(t, p, id)
	if e := p.dir.entry(0); content[e.Offset] != 'x' || e.end() != p.dir.end() {
		t.Errorf("entry: %+v", e)
	}
}

// Full packs have exactly one length, whatever is in them and even if they are filled
// to the last byte.
func TestFullPack(t *testing.T) {
	for name, last := range map[string]int64{"to the last byte": 0, "nearly": 1, "half": 4 << 20, "empty": 8 << 20} {
		t.Run(name, func(t *testing.T) {
			b, id := newTestBuilder(t)
			data := noise(1, MaxChunk)
			for b.room() > last {
				n := min(int64(len(data)), b.room()-last)
				check(t, b.add(rawChunk(testKey(1).ID(data[:n]), data[:n])))
			}
			if name == "empty" {
				check(t, b.add(rawChunk(crypto.ID{1}, data[:1])))
			}
			p := finish(t, b, true)
			if len(p.data) != testPackSize {
				t.Errorf("a full pack of %d bytes", len(p.data))
			}
			openSealed(t, p, id)
		})
	}
}

// room never promises too much nor holds back a byte, and a pack that is not full has
// a bucket's length.
func TestRoom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	data := noise(2, MaxChunk)
	for range 5 {
		b, id := newTestBuilder(t)
		for range r.IntN(200) {
			n := min(1+r.Int64N(1<<(1+r.IntN(17))), b.room())
			check(t, b.add(rawChunk(crypto.ID{byte(n)}, data[:n])))
		}
		if b.dir.len() == 0 {
			continue
		}
		p := finish(t, b, false)
		if !isBucket(int64(len(p.data))) || len(p.data) > testPackSize {
			t.Errorf("a pack of %d bytes", len(p.data))
		}
		openSealed(t, p, id)
	}
}

func TestPackTakesNoMoreThanItHolds(t *testing.T) {
	b, _ := newTestBuilder(t)
	data := noise(3, MaxChunk)
	check(t, b.add(rawChunk(crypto.ID{1}, data)))
	room := b.room()
	if err := b.add(rawChunk(crypto.ID{2}, make([]byte, room+1))); err == nil {
		t.Error("a chunk that does not fit was taken")
	}
	if b.room() != room || b.dir.len() != 1 {
		t.Error("the refused chunk left something behind")
	}
}

func TestPackOfManyChunks(t *testing.T) {
	b, id := newTestBuilder(t)
	for range maxPackChunks {
		if b.room() < 1 {
			t.Fatalf("no room after %d chunks", b.dir.len())
		}
		check(t, b.add(rawChunk(crypto.ID{1}, []byte{1})))
	}
	if b.room() != 0 {
		t.Errorf("%d bytes of room for chunk %d", b.room(), maxPackChunks+1)
	}
	p := finish(t, b, true)
	openSealed(t, p, id)
}

// Nothing that is put in can be seen from outside.
func TestPackShowsNothing(t *testing.T) {
	b, _ := newTestBuilder(t)
	secret := []byte("a sentence that must not be on the drive")
	id := testKey(1).ID(secret)
	check(t, b.add(rawChunk(id, secret)))
	p := finish(t, b, false)
	for _, needle := range [][]byte{secret, id[:], []byte(packMagic), []byte(packEndMagic)} {
		if bytes.Contains(p.data, needle) {
			t.Errorf("the sealed pack contains %q", needle)
		}
	}
}

func rawChunk(id crypto.ID, data []byte) newChunk {
	return newChunk{id: id, stored: data, raw: len(data)}
}
