package sha256pair

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"math/rand/v2"
	"slices"
	"testing"
)

// noise returns n bytes that are the same for the same seed.
func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// written returns a hash that has been given head.
func written(head []byte) hash.Hash {
	h := sha256.New()
	h.Write(head)
	return h
}

// checkWrite writes p and q to hashes that have been given heads, together, and compares
// with crypto/sha256 alone. Both hashes must go on from there.
func checkWrite(t *testing.T, headA, p, headB, q []byte) {
	t.Helper()
	a, b := written(headA), written(headB)
	Write(a, p, b, q)
	for range 2 {
		for _, h := range []struct {
			name  string
			got   hash.Hash
			whole []byte
		}{{"first", a, slices.Concat(headA, p)}, {"second", b, slices.Concat(headB, q)}} {
			if want := sha256.Sum256(h.whole); !bytes.Equal(h.got.Sum(nil), want[:]) {
				t.Fatalf("%d + %d bytes and %d + %d: the %s hash is wrong", len(headA), len(p), len(headB), len(q), h.name)
			}
		}
		a.Write(headB)
		b.Write(headA)
		p, q = slices.Concat(p, headB), slices.Concat(q, headA)
	}
}

// All lengths around the borders of blocks and around the shortest that are hashed
// together, equal and not, on hashes that stand anywhere in a block.
func TestWrite(t *testing.T) {
	data, other := noise(1, 3*shortest), noise(2, 3*shortest)
	heads := []int{0, 1, 55, 56, 63, 64, 65, 127, 128, 1000}
	for n := shortest - 70; n < shortest+135; n++ {
		for _, m := range []int{n, n + 1, n + 63, n + 64, n + 65, 2 * n, 1, 0} {
			headA, headB := heads[n%len(heads)], heads[(n/len(heads)+m)%len(heads)]
			checkWrite(t, noise(3, headA), data[:n], noise(4, headB), other[:m])
			checkWrite(t, noise(3, headA), data[:m], noise(4, headB), other[:n])
		}
	}
	for _, headA := range heads {
		for _, headB := range heads {
			checkWrite(t, noise(5, headA), data, noise(6, headB), other[1:])
		}
	}
}

// Memory that begins anywhere, one sequence in the other's, and the same twice.
func TestWriteAnywhere(t *testing.T) {
	data := noise(7, 64<<10)
	for i := range 130 {
		checkWrite(t, nil, data[i:], nil, data[i/3:len(data)-i])
	}
	checkWrite(t, nil, data, nil, data)
}

// Many small steps are as good as one.
func TestWriteInPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	first, second := noise(8, 2<<20), noise(9, 2<<20)
	a, b := sha256.New(), sha256.New()
	p, q := first, second
	for len(p)+len(q) > 0 {
		n, m := min(r.IntN(40_000), len(p)), min(r.IntN(40_000), len(q))
		Write(a, p[:n], b, q[:m])
		p, q = p[n:], q[m:]
	}
	for i, want := range [][32]byte{sha256.Sum256(first), sha256.Sum256(second)} {
		if got := []hash.Hash{a, b}[i].Sum(nil); !bytes.Equal(got, want[:]) {
			t.Errorf("hash %d: %x, want %x", i+1, got, want)
		}
	}
}

// More than 2³² bytes are behind a hash: its length is all kept.
func TestWriteFarIn(t *testing.T) {
	var s state
	if !s.read(written(nil)) {
		t.Fatal("crypto/sha256 hands out its state in another form")
	}
	data := noise(10, 1<<20)
	for _, length := range []uint64{1<<32 - 1<<10, 1 << 40, 1<<61 - 2<<20} {
		far := func() hash.Hash {
			at, h := s, sha256.New()
			if at.length = length; !at.end(h, 0) {
				t.Fatal("crypto/sha256 does not take the state back")
			}
			return h
		}
		a, b, want := far(), far(), far()
		Write(a, data, b, data)
		want.Write(data)
		if !bytes.Equal(a.Sum(nil), want.Sum(nil)) || !bytes.Equal(b.Sum(nil), want.Sum(nil)) {
			t.Errorf("behind %d bytes the hash is wrong", length)
		}
	}
}

// A foreign hash hides all but the methods of hash.Hash.
type foreign struct{ hash.Hash }

// Hashes that cannot be taken in are written to all the same.
func TestWriteForeign(t *testing.T) {
	data := noise(11, 100_000)
	want, short := sha256.Sum256(data), sha256.Sum224(data)
	for _, c := range []struct{ a, b hash.Hash }{
		{foreign{sha256.New()}, sha256.New()},
		{sha256.New(), foreign{sha256.New()}},
		{sha256.New224(), sha256.New()},
		{sha256.New(), sha256.New224()},
	} {
		Write(c.a, data, c.b, data)
		for _, h := range []hash.Hash{c.a, c.b} {
			wanted := want[:]
			if h.Size() == sha256.Size224 {
				wanted = short[:]
			}
			if !bytes.Equal(h.Sum(nil), wanted) {
				t.Errorf("%T and %T: wrong", c.a, c.b)
			}
		}
	}
}

// The state is understood, and where there are the instructions they are used: else all
// other tests would still hold, and nothing would be faster.
func TestWriteIsTogether(t *testing.T) {
	var s state
	if !s.read(sha256.New()) {
		t.Error("crypto/sha256 hands out its state in another form")
	}
	if !fast {
		return
	}
	data := noise(12, shortest+100)
	p, q := together(written(data[:1]), data, written(data[:2]), data)
	if len(p) != (shortest+100-63)%64 || len(q) != len(p)+1 {
		t.Errorf("%d and %d bytes are left", len(p), len(q))
	}
}

// Blocks of only ones, only zeros and a single bit, where carries go far, against the
// hashes of crypto/sha256.
func TestWriteEdges(t *testing.T) {
	ones, zeros := bytes.Repeat([]byte{0xff}, shortest), make([]byte, shortest)
	checkWrite(t, nil, ones, nil, zeros)
	for bit := range 512 {
		one := make([]byte, shortest)
		one[bit/8] = 1 << (bit % 8)
		checkWrite(t, nil, one, nil, ones)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add([]byte(""), []byte("abc"), []byte("x"), []byte("telekeep"), uint16(100))
	f.Add([]byte("0123456789"), []byte{0xff}, noise(13, 63), noise(14, 300), uint16(9000))
	f.Fuzz(func(t *testing.T, headA, p, headB, q []byte, length uint16) {
		checkWrite(t, headA, stretch(p, int(length)), headB, stretch(q, shortest+len(q)))
	})
}

// stretch repeats b until it is n bytes long, if there is something to repeat.
func stretch(b []byte, n int) []byte {
	if len(b) == 0 {
		return b
	}
	return bytes.Repeat(b, n/len(b)+1)[:n]
}

// BenchmarkPair hashes two sequences together, BenchmarkSingle one after the other.
func BenchmarkPair(b *testing.B) {
	benchmark(b, func(x, y hash.Hash, p, q []byte) { Write(x, p, y, q) })
}

func BenchmarkSingle(b *testing.B) {
	benchmark(b, func(x, y hash.Hash, p, q []byte) { x.Write(p); y.Write(q) })
}

func benchmark(b *testing.B, write func(x, y hash.Hash, p, q []byte)) {
	const n = 1 << 20
	p, q := noise(1, n), noise(2, n)
	x, y := sha256.New(), sha256.New()
	b.SetBytes(2 * n)
	b.ReportAllocs()
	for b.Loop() {
		write(x, y, p, q)
	}
}
