package chunkstore

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zeebo/blake3"

	"telekeep/crypto"
	"telekeep/internal/vector"
)

// cutsByTheBook returns the lengths of the chunks of b, word for word as in
// docs/format.md, section 7.2. It is slow and has nothing in common with the code.
func cutsByTheBook(key crypto.Key, b []byte) []int {
	var table [256]uint64
	for i := range 64 {
		block := key.ID([]byte{byte(i)})
		for j := range 4 {
			for k := 7; k >= 0; k-- {
				table[4*i+j] = table[4*i+j]<<8 | uint64(block[8*j+k])
			}
		}
	}
	var cuts []int
	for len(b) > 0 {
		n := endByTheBook(&table, b)
		cuts = append(cuts, n)
		b = b[n:]
	}
	return cuts
}

func endByTheBook(table *[256]uint64, b []byte) int {
	for p := 524_289; p <= len(b); p++ {
		if p == 4_194_304 {
			return p
		}
		var h uint64
		for j := range 64 {
			h += table[b[p-1-j]] << j
		}
		if p <= 917_504 && h < 1<<44 || p > 917_504 && h < 1<<46 {
			return p
		}
	}
	return len(b)
}

// cutsOf feeds b to a chunker in pieces of the given lengths, again and again.
func cutsOf(key crypto.Key, b []byte, pieces ...int) []int {
	c := chunker{table: newCutTable(key)}
	var cuts []int
	start, end := 0, 0
	for i := 0; end < len(b); i++ {
		end = min(len(b), end+pieces[i%len(pieces)])
		for n := c.next(b[start:end]); n != 0; n = c.next(b[start:end]) {
			cuts = append(cuts, n)
			start += n
		}
	}
	if start < len(b) {
		cuts = append(cuts, len(b)-start)
	}
	return cuts
}

func testKey(seed byte) crypto.Key { return crypto.Key(noise(seed, 32)) }

func TestCutsByTheBook(t *testing.T) {
	for name, data := range map[string][]byte{
		"noise":  noise(1, 6<<20),
		"text":   text(1, 4<<20),
		"zeros":  make([]byte, 9<<20),
		"short":  noise(2, 1000),
		"empty":  nil,
		"min":    noise(3, minCut),
		"min+1":  noise(3, minCut+1),
		"max":    make([]byte, MaxChunk),
		"max+1":  make([]byte, MaxChunk+1),
		"period": slices.Repeat(noise(4, 977), 5000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := cutsByTheBook(testKey(9), data)
			if got := cutsOf(testKey(9), data, len(data)+1); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// However the bytes arrive, the cuts are the same.
func TestCutsDoNotDependOnPieces(t *testing.T) {
	data := noise(5, 24<<20)
	want := cutsOf(testKey(1), data, len(data))
	r := rand.New(rand.NewPCG(3, 3))
	for range 12 {
		var pieces []int
		for range 1 + r.IntN(5) {
			pieces = append(pieces, 1+r.IntN(1<<(8+r.IntN(14))))
		}
		if got := cutsOf(testKey(1), data, pieces...); !slices.Equal(got, want) {
			t.Errorf("pieces %v: got %v, want %v", pieces, got, want)
		}
	}
}

// A stream that goes on at a cut finds the cuts of one that never stopped.
func TestCutsAfterRestart(t *testing.T) {
	data := noise(6, 16<<20)
	all := cutsOf(testKey(1), data, 1<<20)
	offset := 0
	for i, n := range all[:len(all)-1] {
		offset += n
		if got := cutsOf(testKey(1), data[offset:], 1<<20); !slices.Equal(got, all[i+1:]) {
			t.Fatalf("after cut %d: got %v, want %v", i, got, all[i+1:])
		}
	}
}

// One byte more in the middle changes the chunks around it and no others.
func TestCutsResynchronise(t *testing.T) {
	data := noise(7, 32<<20)
	changed := slices.Insert(slices.Clone(data), 10<<20, 'x')
	before, after := cutSet(data), cutSet(changed)
	fresh := 0
	for id := range after {
		if !before[id] {
			fresh++
		}
	}
	if fresh < 1 || fresh > 4 {
		t.Errorf("%d of %d chunks are new after one byte was inserted", fresh, len(after))
	}
}

func cutSet(data []byte) map[crypto.ID]bool {
	set := make(map[crypto.ID]bool)
	for _, n := range cutsOf(testKey(1), data, len(data)) {
		set[testKey(2).ID(data[:n])] = true
		data = data[n:]
	}
	return set
}

func TestCutsDependOnTheKey(t *testing.T) {
	data := noise(8, 16<<20)
	if slices.Equal(cutsOf(testKey(1), data, len(data)), cutsOf(testKey(2), data, len(data))) {
		t.Error("two keys cut alike")
	}
}

// The lengths that the format promises, over enough chunks to mean something.
func TestCutLengths(t *testing.T) {
	data := noise(9, 256<<20)
	cuts := cutsOf(testKey(1), data, 4<<20)
	cuts = cuts[:len(cuts)-1]
	total := 0
	for _, n := range cuts {
		if n <= minCut || n > MaxChunk {
			t.Fatalf("a chunk of %d bytes", n)
		}
		total += n
	}
	if mean := total / len(cuts); mean < 960<<10 || mean > 1080<<10 {
		t.Errorf("chunks are %d KiB long on average, want about 1016", mean>>10)
	}
}

// cutsVectors is the number of files: a vector that gets lost must be noticed.
const cutsVectors = 4

func TestCutsVectors(t *testing.T) {
	vector.Run(t, "testdata/vectors/cuts", cutsVectors, func(t *testing.T, v *vector.Vector) {
		key, err := crypto.ParseKey(v.Header(t, "key"))
		check(t, err)
		data := vectorStream(t, v)
		var got []string
		for _, n := range cutsOf(key, data, len(data)+1) {
			got = append(got, strconv.Itoa(n))
		}
		if want := v.Header(t, "cuts"); strings.Join(got, " ") != want {
			t.Errorf("got %s, want %s", strings.Join(got, " "), want)
		}
	})
}

// vectorStream makes the stream of a cuts vector: keyed BLAKE3 of nothing, as long as
// asked for, or zeros without a seed.
func vectorStream(t *testing.T, v *vector.Vector) []byte {
	n, err := strconv.Atoi(v.Header(t, "length"))
	check(t, err)
	data := make([]byte, n)
	seed, err := hex.DecodeString(v.Header(t, "seed"))
	check(t, err)
	if len(seed) == 0 {
		return data
	}
	h, err := blake3.NewKeyed(seed)
	check(t, err)
	_, err = h.Digest().Read(data)
	check(t, err)
	return data
}

func BenchmarkCuts(b *testing.B) {
	data := noise(1, 32<<20)
	c := chunker{table: newCutTable(testKey(1))}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		for rest := data; ; {
			n := c.next(rest)
			if n == 0 {
				break
			}
			rest = rest[n:]
		}
		c = chunker{table: c.table}
	}
}
