package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"telekeep/crypto"
)

// randomBytes are the same for the same seed.
func randomBytes(seed uint64, n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), 1})
	p := make([]byte, n)
	r.Read(p)
	return p
}

func TestMissingNamesPartsThatAreNotWhole(t *testing.T) {
	tests := []struct {
		size    int64
		written []Range
		want    []Range
	}{
		{0, nil, nil},
		{1, nil, []Range{{0, 1}}},
		{10, nil, []Range{{0, 4}, {4, 4}, {8, 2}}},
		{10, []Range{{0, 4}}, []Range{{4, 4}, {8, 2}}},
		{10, []Range{{4, 4}}, []Range{{0, 4}, {8, 2}}},
		{10, []Range{{8, 2}, {0, 4}}, []Range{{4, 4}}},
		{10, []Range{{0, 10}}, nil},
		{10, []Range{{0, 5}}, []Range{{4, 4}, {8, 2}}},
		{10, []Range{{5, 1}}, []Range{{0, 4}, {4, 4}, {8, 2}}},
		{10, []Range{{5, 1}, {7, 1}}, []Range{{0, 4}, {4, 4}, {8, 2}}},
		{10, []Range{{3, 6}, {0, 1}}, []Range{{0, 4}, {8, 2}}},
	}
	for _, tt := range tests {
		tr := newTransfer("k", tt.size, nil, newFakeVault().writer().NewStream())
		for _, r := range tt.written {
			if err := tr.write(r.Off, make([]byte, r.Len)); err != nil {
				t.Fatal(err)
			}
		}
		if got := tr.missing(4); !slices.Equal(got, tt.want) {
			t.Errorf("size %d, written %v: missing %v, not %v", tt.size, tt.written, got, tt.want)
		}
	}
}

// Whatever the order, the overlaps and the repetitions: the same file comes out,
// in the same chunks.
func TestPartsInAnyOrderMakeTheFile(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		content := randomBytes(seed, r.IntN(60_000))
		vault := newFakeVault()
		tr := newTransfer("k", int64(len(content)), nil, vault.writer().NewStream())
		var want []string
		if len(content) > 0 {
			want = chunksInOrder(t, vault, content)
		}
		for part := 1 + int64(r.IntN(9000)); ; part = 1 + int64(r.IntN(9000)) {
			missing := tr.missing(part)
			if len(missing) == 0 {
				break
			}
			for range 1 + r.IntN(5) {
				m := missing[r.IntN(len(missing))]
				if err := tr.write(m.Off, bytes.Clone(content[m.Off:m.end()])); err != nil {
					t.Fatal(err)
				}
			}
			if have := tr.have(); have > tr.size || tr.memory() > have {
				t.Fatalf("seed %d: %d bytes of %d, %d in memory", seed, have, tr.size, tr.memory())
			}
		}
		if err := tr.close(); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		f := tr.file(true)
		if f.SHA256 != hex.EncodeToString(sum[:]) || f.Size != int64(len(content)) || !slices.Equal(f.Chunks, want) {
			t.Fatalf("seed %d: %+v of %d bytes in %d chunks", seed, f, len(content), len(want))
		}
	}
}

func chunksInOrder(t *testing.T, vault *fakeVault, content []byte) []string {
	t.Helper()
	s := vault.writer().NewStream()
	if _, err := s.Write(content); err != nil {
		t.Fatal(err)
	}
	ids, err := s.Close()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, id := range ids {
		texts = append(texts, id.String())
	}
	return texts
}

func TestWriteOutsideOfTheFile(t *testing.T) {
	tr := newTransfer("k", 10, nil, newFakeVault().writer().NewStream())
	for _, r := range []Range{{-1, 2}, {9, 2}, {11, 0}, {1 << 62, 5}, {-1 << 63, 5}} {
		err := tr.write(r.Off, make([]byte, r.Len))
		if _, ok := errors.AsType[*RangeError](err); !ok {
			t.Errorf("%v: %v", r, err)
		}
	}
	if tr.have() != 0 {
		t.Errorf("%d bytes were taken", tr.have())
	}
}

func TestProgressComesBack(t *testing.T) {
	vault := newFakeVault()
	content := randomBytes(3, 50_000)
	first := newTransfer("k", int64(len(content)), nil, vault.writer().NewStream())
	if err := first.write(0, content[:30_000]); err != nil {
		t.Fatal(err)
	}
	if err := first.trim(); err != nil {
		t.Fatal(err)
	}
	saved, err := first.progress()
	if err != nil || saved.off == 0 {
		t.Fatal(saved, err)
	}
	p, err := parseProgress(saved.marshal())
	if err != nil {
		t.Fatal(err)
	}
	second := newTransfer("k", int64(len(content)), p, vault.writer().NewStream())
	if second.fed() != saved.off {
		t.Fatalf("resumed at %d, not at %d", second.fed(), saved.off)
	}
	if err := second.write(saved.off, content[saved.off:]); err != nil {
		t.Fatal(err)
	}
	if err := second.close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	if f := second.file(false); f.SHA256 != hex.EncodeToString(sum[:]) || !slices.Equal(f.Chunks, chunksInOrder(t, vault, content)) {
		t.Errorf("resumed file differs: %+v", f)
	}
}

func TestParseProgressRefuses(t *testing.T) {
	good := (&progress{size: 100, off: 50, sha: []byte("state"), chunks: make([]crypto.ID, 2)}).marshal()
	if p, err := parseProgress(good); err != nil || p.size != 100 || p.off != 50 || len(p.chunks) != 2 {
		t.Fatal(p, err)
	}
	bad := map[string][]byte{
		"nothing":       nil,
		"other version": append([]byte{2}, good[1:]...),
		"off > size":    (&progress{size: 1, off: 2}).marshal(),
		"huge number":   {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"sha too long":  {1, 9, 1, 200},
	}
	for i := range len(good) - 1 {
		if i != len(good)-32 && i != len(good)-64 { // one chunk less is well formed
			bad[fmt.Sprint("cut at ", i)] = good[:i]
		}
	}
	for name, b := range bad {
		if p, err := parseProgress(b); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
