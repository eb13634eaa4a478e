package chunkstore

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"telekeep/crypto"
)

func TestPadme(t *testing.T) {
	for _, c := range []struct{ in, want int64 }{
		// By the definition in docs/format.md, done on paper.
		{16384, 16384}, // 2^14: E=14, S=4, the lowest 10 bits are zero
		{16385, 17408},
		{17408, 17408},
		{17409, 18432},
		{1 << 20, 1 << 20},         // E=20, S=5: 15 bits
		{1<<20 + 1, 1<<20 + 1<<15}, //
		{33554432, 33554432},       // E=25, S=5: 20 bits
		{33554433, 34603008},
		{33554431, 33554432}, // rounding may carry into the next power of two
	} {
		if got := padme(c.in); got != c.want {
			t.Errorf("padme(%d) = %d, want %d", c.in, got, c.want)
		}
	}
}

func TestPadmeProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		n := 2 + r.Int64N(1<<r.IntN(40)+1)
		p := padme(n)
		if p < n || padme(p) != p {
			t.Fatalf("padme(%d) = %d is smaller or no bucket itself", n, p)
		}
		if float64(p-n) > 0.12*float64(n) {
			t.Fatalf("padme(%d) = %d wastes more than 12 %%", n, p)
		}
		e := bits.Len64(uint64(p)) - 1
		if low := e - bits.Len64(uint64(e)); low > 0 && p&(1<<low-1) != 0 {
			t.Fatalf("padme(%d) = %d has one of the lowest %d bits set", n, p, low)
		}
	}
}

// The length of an age file is what the arithmetic says, for real ones.
func TestSealedSize(t *testing.T) {
	id, err := crypto.NewIdentity()
	check(t, err)
	empty, err := crypto.SealBytes(nil, id.Recipient())
	check(t, err)
	header := int64(len(empty)) - ageTag
	for _, n := range []int{1, 100, ageBlock - 1, ageBlock, ageBlock + 1, 2 * ageBlock, 3*ageBlock + 7, 1 << 20} {
		sealed, err := crypto.SealBytes(make([]byte, n), id.Recipient())
		check(t, err)
		if got := sealedSize(header, int64(n)); got != int64(len(sealed)) {
			t.Errorf("sealedSize of %d = %d, the file is %d bytes long", n, got, len(sealed))
		}
		if got, ok := contentSize(header, int64(len(sealed))); !ok || got != int64(n) {
			t.Errorf("contentSize = %d, %v, want %d", got, ok, n)
		}
	}
}

func TestContentSizeImpossible(t *testing.T) {
	const header = 1000
	for _, sealed := range []int64{0, header, header + ageTag, header + ageBlock + ageTag + 1, header + ageBlock + 2*ageTag} {
		if n, ok := contentSize(header, sealed); ok {
			t.Errorf("no age file is %d bytes long, but contentSize says %d", sealed, n)
		}
	}
}

func TestPaddedPack(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 20_000 {
		header := 200 + r.Int64N(5000)
		content := 1 + r.Int64N(1<<(1+r.IntN(27)))
		padded := paddedPack(header, content)
		file := sealedSize(header, padded)
		if padded < content || !isBucket(file) {
			t.Fatalf("header %d, content %d: padded to %d, a file of %d bytes", header, content, padded, file)
		}
		// No smaller bucket would do.
		for smaller := padme(max(smallestBucket, sealedSize(header, content))); smaller < file; smaller = padme(smaller + 1) {
			if n, ok := contentSize(header, smaller); ok && n >= content {
				t.Fatalf("header %d, content %d: a file of %d bytes would do, got %d", header, content, smaller, file)
			}
		}
	}
}

func TestPaddedIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	powers, others := 0, 0
	for range 20_000 {
		header := 3000 + r.Int64N(1000)
		content := 1 + r.Int64N(1<<(1+r.IntN(27)))
		padded := paddedIndex(header, content)
		file := sealedSize(header, padded)
		if padded < content || !isBucket(file) || file > 2*max(smallestBucket, sealedSize(header, content)) {
			t.Fatalf("header %d, content %d: padded to %d, a file of %d bytes", header, content, padded, file)
		}
		if file&(file-1) == 0 {
			powers++
		} else {
			others++
		}
	}
	if others*100 > powers {
		t.Errorf("%d of %d lengths are no powers of two", others, powers+others)
	}
}

func TestIsBucket(t *testing.T) {
	for n, want := range map[int64]bool{
		0: false, 1: false, 8192: false, smallestBucket: true, smallestBucket + 1: false,
		DefaultPackSize: true, DefaultPackSize - 1: false, maxPackFile: true,
	} {
		if isBucket(n) != want {
			t.Errorf("isBucket(%d) = %v", n, !want)
		}
	}
}
