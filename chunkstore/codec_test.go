package chunkstore

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"telekeep/crypto"
)

func newCodec(t testing.TB) (*compressor, *decompressor) {
	t.Helper()
	c, err := newCompressor()
	check(t, err)
	d, err := newDecompressor(1)
	check(t, err)
	t.Cleanup(d.close)
	return c, d
}

func TestCodecRoundTrip(t *testing.T) {
	c, d := newCodec(t)
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		n := 1 + r.IntN(1<<(1+r.IntN(20)))
		chunk := noise(byte(n), n)
		if r.IntN(2) == 0 {
			chunk = text(uint64(n), n)
		}
		enc, stored := c.encode(chunk)
		e := dirEntry{Offset: packHeaderSize, Stored: uint32(len(stored)), Raw: uint32(n), Encoding: enc}
		if fault := e.check(packHeaderSize); fault != "" {
			t.Fatalf("%d bytes: the entry is refused: %s", n, fault)
		}
		plain, err := d.decode(e, stored)
		check(t, err)
		if !bytes.Equal(plain, chunk) {
			t.Fatalf("%d bytes came back different", n)
		}
	}
}

func TestCodecChoice(t *testing.T) {
	c, _ := newCodec(t)
	half := slices.Concat(noise(1, 1<<19), text(1, 1<<19))
	for name, k := range map[string]struct {
		chunk []byte
		want  encoding
		max   int // length of what is stored at most
	}{
		"noise":           {noise(1, 1<<20), encodingRaw, 1 << 20},
		"short noise":     {noise(1, 100), encodingRaw, 100},
		"one byte":        {[]byte{7}, encodingRaw, 1},
		"text":            {text(1, 1<<20), encodingZstd, 1 << 18},
		"short text":      {bytes.Repeat([]byte("word "), 100), encodingZstd, 50},
		"zeros":           {make([]byte, MaxChunk), encodingZstd, 1000},
		"half of each":    {half, encodingZstd, 3 << 18},
		"below the limit": {text(2, alwaysCompress-1), encodingZstd, alwaysCompress / 2},
		"at the limit":    {text(2, alwaysCompress), encodingZstd, alwaysCompress / 2},
	} {
		enc, stored := c.encode(k.chunk)
		if enc != k.want || len(stored) > k.max {
			t.Errorf("%s: encoding %d, %d of %d bytes", name, enc, len(stored), len(k.chunk))
		}
	}
}

// A frame that holds more than the directory says is not decoded further, however
// much it holds.
func TestDecodeIsBounded(t *testing.T) {
	_, d := newCodec(t)
	z, err := zstd.NewWriter(nil)
	check(t, err)
	bomb := z.EncodeAll(make([]byte, 512<<20), nil)
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb is %d bytes long", len(bomb))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = d.decode(dirEntry{Stored: uint32(len(bomb)), Raw: 1 << 20, Encoding: encodingZstd}, bomb)
	runtime.ReadMemStats(&after)
	wantError(t, err, crypto.ErrDamaged)
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
		t.Errorf("refusing it took %d bytes", used)
	}
}

func TestDecodeRefusals(t *testing.T) {
	c, d := newCodec(t)
	chunk := text(1, 100_000)
	_, stored := c.encode(chunk)
	stored = slices.Clone(stored)
	large, err := zstd.NewWriter(nil, zstd.WithWindowSize(16<<20), zstd.WithSingleSegment(false))
	check(t, err)
	var wide bytes.Buffer // a stream: its window stays what was asked for
	large.Reset(&wide)
	_, err = large.Write(text(2, 12<<20))
	check(t, err)
	check(t, large.Close())
	for name, k := range map[string]struct {
		raw    int
		stored []byte
	}{
		"holds less":   {len(chunk) + 1, stored},
		"holds more":   {len(chunk) - 1, stored},
		"cut off":      {len(chunk), stored[:len(stored)-1]},
		"no frame":     {len(chunk), noise(1, 1000)},
		"wide window":  {12 << 20, wide.Bytes()},
		"empty":        {len(chunk), nil},
		"junk behind":  {len(chunk), append(slices.Clone(stored), "junk"...)},
		"other start":  {len(chunk), append([]byte{0}, stored...)},
		"flipped byte": {len(chunk), append([]byte{stored[0] ^ 1}, stored[1:]...)},
	} {
		_, err := d.decode(dirEntry{Stored: uint32(len(k.stored)), Raw: uint32(k.raw), Encoding: encodingZstd}, k.stored)
		if err == nil {
			t.Errorf("%s: was decoded", name)
			continue
		}
		wantError(t, err, crypto.ErrDamaged)
	}
}
