package crypto

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"golang.org/x/crypto/chacha20poly1305"
)

// segment writes frames and returns the file and the offsets where the head and
// each frame end.
func segment(t testing.TB, id Identity, frames ...[]byte) (data []byte, ends []int) {
	t.Helper()
	var f failingFile
	w, err := NewFrameWriter(&f, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	ends = append(ends, f.Len())
	for _, frame := range frames {
		if err := w.Append(frame); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, f.Len())
		if w.Size() != int64(f.Len()) {
			t.Fatalf("Size = %d, file has %d bytes", w.Size(), f.Len())
		}
	}
	if f.writes != 1+len(frames) {
		t.Fatalf("%d writes for a head and %d frames", f.writes, len(frames))
	}
	return f.Bytes(), ends
}

// readFrames reads until something ends it.
func readFrames(src io.Reader, ids ...Identity) (frames [][]byte, r *FrameReader, err error) {
	r, err = NewFrameReader(src, ids...)
	if err != nil {
		return nil, nil, err
	}
	for {
		frame, err := r.Next()
		if err == io.EOF {
			return frames, r, nil
		}
		if err != nil {
			return frames, r, err
		}
		frames = append(frames, bytes.Clone(frame))
	}
}

func equalFrames(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

func TestFrames(t *testing.T) {
	id := newHybrid(t)
	frames := [][]byte{[]byte("one"), {}, random(1), random(70_000), random(MaxFrame), []byte("last")}
	data, ends := segment(t, id, frames...)
	for _, src := range []io.Reader{bytes.NewReader(data), iotest.HalfReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
		got, r, err := readFrames(src, newHybrid(t), id)
		if err != nil || !equalFrames(got, frames) {
			t.Errorf("%d frames, %v; want %d", len(got), err, len(frames))
		}
		if r.Torn() || r.Offset() != int64(ends[len(ends)-1]) {
			t.Errorf("torn %t, offset %d", r.Torn(), r.Offset())
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("Next after the end = %v", err)
		}
	}
	if bytes.Contains(data, []byte("last")) {
		t.Error("plaintext in the file")
	}
}

func TestFramesForSeveral(t *testing.T) {
	a, b := newHybrid(t), newHybrid(t)
	var f failingFile
	w, err := NewFrameWriter(&f, a.Recipient(), b.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []Identity{a, b} {
		if got, _, err := readFrames(bytes.NewReader(f.Bytes()), id); err != nil || len(got) != 1 {
			t.Errorf("%d frames, %v", len(got), err)
		}
	}
}

// A process may be killed at any byte: every cut is a clean end after the last whole
// frame.
func TestFramesCut(t *testing.T) {
	id := newHybrid(t)
	frames := [][]byte{[]byte("one"), []byte("two"), random(300)}
	data, ends := segment(t, id, frames...)
	for n := range data {
		got, r, err := readFrames(bytes.NewReader(data[:n]), id)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		whole := 0
		for whole < len(frames) && ends[whole+1] <= n {
			whole++
		}
		if !equalFrames(got, frames[:whole]) {
			t.Errorf("cut at %d: %d frames, want %d", n, len(got), whole)
		}
		if between := slices.Contains(ends, n); r.Torn() == between {
			t.Errorf("cut at %d: torn %t", n, r.Torn())
		}
		if n >= ends[0] && r.Offset() != int64(ends[whole]) {
			t.Errorf("cut at %d: offset %d, want %d", n, r.Offset(), ends[whole])
		}
	}
}

// Power cuts leave zeros where data was not written yet.
func TestFramesZeroTail(t *testing.T) {
	id := newHybrid(t)
	data, ends := segment(t, id, []byte("one"), []byte("two"))
	for what, c := range map[string]struct {
		file []byte
		want int
	}{
		"zeros after the last frame":  {append(bytes.Clone(data), make([]byte, 5000)...), 2},
		"few zeros":                   {append(bytes.Clone(data), 0, 0, 0), 2},
		"zeros instead of the last":   {zeroed(data, ends[1], ends[2]), 1},
		"zeros instead of everything": {make([]byte, len(data)), 0},
		"last frame's body is zeros":  {zeroed(data, ends[1]+frameHeaderSize, ends[2]), 1},
	} {
		got, r, err := readFrames(bytes.NewReader(c.file), id)
		if err != nil || len(got) != c.want || !r.Torn() {
			t.Errorf("%s: %d frames, %v; want %d and torn", what, len(got), err, c.want)
		}
	}
}

func zeroed(data []byte, from, to int) []byte {
	z := bytes.Clone(data)
	clear(z[from:to])
	return z
}

// Damage before the end is told, wherever it is. Only the last frame may be broken.
func TestFramesDamaged(t *testing.T) {
	id := newHybrid(t)
	frames := [][]byte{[]byte("one"), random(100), []byte("three")}
	data, ends := segment(t, id, frames...)
	for i := range data {
		flipped := bytes.Clone(data)
		flipped[i] ^= 1 << (i % 8)
		got, r, err := readFrames(bytes.NewReader(flipped), id)
		if !equalFrames(got, frames[:len(got)]) {
			t.Fatalf("byte %d flipped: wrong bytes came out", i)
		}
		switch {
		case i < ends[0]: // the head: age cannot always tell damage from a wrong key
			if err != nil && !errors.Is(err, ErrWrongKey) {
				checkClass(t, fmt.Sprint("head byte ", i), err, ErrDamaged)
			} else if err == nil && len(got) > 0 {
				t.Errorf("head byte %d flipped: not noticed", i)
			}
		case i < ends[2]+frameHeaderSize:
			checkClass(t, fmt.Sprint("byte ", i), err, ErrDamaged)
		default: // the body of the last frame was being written
			if err != nil || len(got) != 2 || !r.Torn() {
				t.Errorf("byte %d of the last frame flipped: %d frames, %v", i, len(got), err)
			}
		}
	}
	for what, file := range map[string][]byte{
		"zeros in the middle": zeroed(data, ends[1], ends[2]),
		"first frame removed": append(bytes.Clone(data[:ends[0]]), data[ends[1]:]...),
		"frame twice":         append(bytes.Clone(data), data[ends[2]:]...),
		"frames swapped":      slices.Concat(data[:ends[0]], data[ends[1]:ends[2]], data[ends[0]:ends[1]], data[ends[2]:]),
		"not a segment":       []byte("Dear diary, today I made a backup.\n"),
		"another age file":    mustSeal(t, []byte("x"), id.Recipient()),
		"huge head":           append([]byte(frameMagic), 0xff, 0xff, 0xff, 0xff, 0),
	} {
		_, _, err := readFrames(bytes.NewReader(file), id)
		checkClass(t, what, err, ErrDamaged)
	}
}

// Frames of another segment do not fit, even under the same recipient.
func TestFramesOfAnotherSegment(t *testing.T) {
	id := newHybrid(t)
	a, endsA := segment(t, id, []byte("one"), []byte("two"), []byte("three"))
	b, endsB := segment(t, id, []byte("ONE"), []byte("TWO"), []byte("THREE"))
	mixed := slices.Concat(a[:endsA[1]], b[endsB[1]:endsB[2]], a[endsA[2]:])
	_, _, err := readFrames(bytes.NewReader(mixed), id)
	checkClass(t, "mixed", err, ErrDamaged)
}

func TestFramesWrongKey(t *testing.T) {
	data, _ := segment(t, newHybrid(t), []byte("one"))
	_, _, err := readFrames(bytes.NewReader(data), newHybrid(t))
	checkClass(t, "wrong key", err, ErrWrongKey)
}

func TestFramesForgedHead(t *testing.T) {
	id := newHybrid(t)
	for _, key := range [][]byte{nil, random(31), random(33)} {
		sealed := mustSeal(t, key, id.Recipient())
		head := append([]byte(frameMagic), byte(len(sealed)), byte(len(sealed)>>8), 0, 0)
		_, _, err := readFrames(bytes.NewReader(append(head, sealed...)), id)
		checkClass(t, "segment key of a wrong length", err, ErrDamaged)
	}
}

func TestFramesPassErrorsOn(t *testing.T) {
	id := newHybrid(t)
	data, _ := segment(t, id, []byte("one"), random(200))
	broken := errors.New("input/output error")
	for n := range len(data) + 1 {
		_, _, err := readFrames(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken)), id)
		if !errors.Is(err, broken) || errors.Is(err, ErrDamaged) {
			t.Fatalf("source fails after %d bytes: %v", n, err)
		}
	}
}

func TestFrameTooLarge(t *testing.T) {
	var f failingFile
	w, err := NewFrameWriter(&f, newHybrid(t).Recipient())
	if err != nil {
		t.Fatal(err)
	}
	before := f.Len()
	if err := w.Append(make([]byte, MaxFrame+1)); !errors.Is(err, ErrFrameTooLarge) || f.Len() != before {
		t.Errorf("Append of a frame that is too large = %v", err)
	}
	if err := w.Append([]byte("fits")); err != nil {
		t.Errorf("Append after a frame that was too large: %v", err)
	}
}

func TestFrameWriterFails(t *testing.T) {
	id := newHybrid(t)
	if _, err := NewFrameWriter(&failingFile{failAt: 1}, id.Recipient()); !errors.Is(err, errDisk) {
		t.Errorf("NewFrameWriter on a full disk = %v", err)
	}
	if _, err := NewFrameWriter(&failingFile{}); !errors.Is(err, ErrBadKey) {
		t.Errorf("NewFrameWriter for nobody = %v", err)
	}
	f := &failingFile{failAt: 3, short: 7}
	w, err := NewFrameWriter(f, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append([]byte("one")); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := w.Append([]byte("two")); !errors.Is(err, errDisk) {
			t.Errorf("Append %d on a full disk = %v", i, err)
		}
	}
	if err := w.Sync(); !errors.Is(err, errDisk) || f.syncs != 0 {
		t.Errorf("Sync after a failed Append = %v, %d syncs", err, f.syncs)
	}
	if f.writes != 3 {
		t.Errorf("%d writes: a failed segment was written on", f.writes)
	}
	got, r, err := readFrames(bytes.NewReader(f.Bytes()), id)
	if err != nil || !equalFrames(got, [][]byte{[]byte("one")}) || !r.Torn() {
		t.Errorf("after a failed Append: %d frames, %v", len(got), err)
	}
}

func TestFrameSync(t *testing.T) {
	f := &failingFile{}
	w, err := NewFrameWriter(f, newHybrid(t).Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Sync(); err != nil || f.syncs != 1 {
		t.Errorf("Sync = %v, %d syncs", err, f.syncs)
	}
	f.failSync = true
	if err := w.Sync(); !errors.Is(err, errDisk) {
		t.Errorf("Sync on a failing disk = %v", err)
	}
	f.failSync = false
	if err := w.Sync(); !errors.Is(err, errDisk) || f.syncs != 2 {
		t.Errorf("Sync is tried again after it failed: %v, %d syncs", err, f.syncs)
	}
}

// The same frame at two places in a segment, and in two segments, is sealed to
// different bytes: no nonce serves twice.
func TestFrameNonces(t *testing.T) {
	id := newHybrid(t)
	a, ends := segment(t, id, []byte("same"), []byte("same"))
	b, endsB := segment(t, id, []byte("same"))
	body := func(data []byte, from, to int) string { return string(data[from+frameHeaderSize : to]) }
	bodies := []string{body(a, ends[0], ends[1]), body(a, ends[1], ends[2]), body(b, endsB[0], endsB[1])}
	slices.Sort(bodies)
	if len(slices.Compact(bodies)) != 3 {
		t.Error("one sealed frame came out twice")
	}
	if n := len(bodies[0]); n != 4+chacha20poly1305.Overhead {
		t.Errorf("a frame of 4 bytes has %d sealed ones", n)
	}
}

func BenchmarkFrameAppend(b *testing.B) {
	for _, size := range []int{1 << 10, 512 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w, err := NewFrameWriter(discardFile{}, newHybrid(b).Recipient())
			if err != nil {
				b.Fatal(err)
			}
			frame := random(size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Append(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type discardFile struct{}

func (discardFile) Write(p []byte) (int, error) { return len(p), nil }
func (discardFile) Sync() error                 { return nil }
