package crypto

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/iotest"
)

// sealSizes are around age's 64 KiB steps.
var sealSizes = []int{0, 1, 100, 64<<10 - 1, 64 << 10, 64<<10 + 1, 2*64<<10 - 1, 2 * 64 << 10, 200_000}

func TestSealOpen(t *testing.T) {
	hybrid, classic := newHybrid(t), newClassic(t)
	sshID := parseOne(t, sshPEM(t, newSSHKey(t), ""), nil)
	for _, id := range []Identity{hybrid, classic, sshID} {
		for _, size := range sealSizes {
			plaintext := random(size)
			sealed := mustSeal(t, plaintext, id.Recipient())
			checkOpens(t, sealed, plaintext, id)
		}
	}
}

// checkOpens opens sealed in every way there is.
func checkOpens(t *testing.T, sealed, want []byte, ids ...Identity) {
	t.Helper()
	if got, err := OpenBytes(sealed, ids...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("OpenBytes: %d bytes, %v; want %d bytes", len(got), err, len(want))
	}
	r, err := Open(iotest.HalfReader(bytes.NewReader(sealed)), ids...)
	if err != nil {
		t.Errorf("Open: %v", err)
		return
	}
	if err := iotest.TestReader(r, want); err != nil {
		t.Errorf("Open: %v", err)
	}
	at, n, err := OpenAt(bytes.NewReader(sealed), int64(len(sealed)), ids...)
	if err != nil || n != int64(len(want)) {
		t.Errorf("OpenAt: %d bytes, %v; want %d", n, err, len(want))
		return
	}
	if got, err := io.ReadAll(io.NewSectionReader(at, 0, n)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("OpenAt: %d bytes, %v; want %d", len(got), err, n)
	}
	if n <= 100 { // it reads byte by byte, and every read decrypts 64 KiB
		if err := iotest.TestReader(io.NewSectionReader(at, 0, n), want); err != nil {
			t.Errorf("OpenAt: %v", err)
		}
	}
	checkParts(t, at, want)
	if got, err := at.ReadAt(make([]byte, 1), n); got != 0 || err != io.EOF {
		t.Errorf("ReadAt at the end = %d, %v", got, err)
	}
	if got, err := at.ReadAt(make([]byte, 1), n+1000); got != 0 || err != io.EOF {
		t.Errorf("ReadAt beyond the end = %d, %v", got, err)
	}
	if got, err := at.ReadAt(make([]byte, 1), -1); got != 0 || err == nil || err == io.EOF {
		t.Errorf("ReadAt at -1 = %d, %v", got, err)
	}
}

// checkParts reads across the borders of age's blocks.
func checkParts(t *testing.T, at io.ReaderAt, want []byte) {
	t.Helper()
	for border := 64 << 10; border < len(want); border += 64 << 10 {
		for _, off := range []int{border - 1, border, min(border+1, len(want)-1)} {
			p := make([]byte, min(3, len(want)-off))
			if n, err := at.ReadAt(p, int64(off)); n != len(p) || err != nil && err != io.EOF || !bytes.Equal(p, want[off:off+n]) {
				t.Errorf("ReadAt %d bytes at %d = %d, %v, or other bytes", len(p), off, n, err)
			}
		}
	}
}

func TestSealToMany(t *testing.T) {
	a, b, other := newHybrid(t), newHybrid(t), newHybrid(t)
	sealed := mustSeal(t, []byte("x"), a.Recipient(), b.Recipient())
	for _, ids := range [][]Identity{{a}, {b}, {other, b}, {other, newClassic(t), a}} {
		checkOpens(t, sealed, []byte("x"), ids...)
	}
	// A classic key and an SSH key are of one class.
	classic, sshID := newClassic(t), parseOne(t, sshPEM(t, newSSHKey(t), ""), nil)
	sealed = mustSeal(t, []byte("y"), classic.Recipient(), sshID.Recipient())
	checkOpens(t, sealed, []byte("y"), classic)
	checkOpens(t, sealed, []byte("y"), sshID)
}

func TestSealRefuses(t *testing.T) {
	hybrid, classic, pass := newHybrid(t).Recipient(), newClassic(t).Recipient(), testPassphrase(t, "horse")
	for _, c := range []struct {
		what string
		to   []Recipient
		want error
	}{
		{"nobody", nil, ErrBadKey},
		{"zero", []Recipient{{}}, ErrBadKey},
		{"zero among others", []Recipient{hybrid, {}}, ErrBadKey},
		{"hybrid and classic", []Recipient{hybrid, classic}, ErrMixedRecipients},
		{"classic and hybrid", []Recipient{classic, hybrid}, ErrMixedRecipients},
		{"passphrase and key", []Recipient{pass, hybrid}, ErrMixedRecipients},
		{"key and passphrase", []Recipient{classic, pass}, ErrMixedRecipients},
		{"two passphrases", []Recipient{pass, pass}, ErrMixedRecipients},
	} {
		var out bytes.Buffer
		_, err := Seal(&out, c.to...)
		checkClass(t, c.what, err, c.want)
		if out.Len() > 0 {
			t.Errorf("%s: %d bytes were written", c.what, out.Len())
		}
	}
}

func TestOpenWithTheWrongKey(t *testing.T) {
	mine, theirs := newHybrid(t), newHybrid(t)
	pass, err := PassphraseIdentity("cow")
	if err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, []byte("x"), mine.Recipient())
	for what, ids := range map[string][]Identity{
		"none": nil, "other hybrid": {theirs}, "classic": {newClassic(t)}, "passphrase": {pass},
		"ssh": {parseOne(t, sshPEM(t, newSSHKey(t), ""), nil)}, "several": {theirs, newClassic(t), pass},
	} {
		_, err := OpenBytes(sealed, ids...)
		checkClass(t, what, err, ErrWrongKey)
		_, _, err = OpenAt(bytes.NewReader(sealed), int64(len(sealed)), ids...)
		checkClass(t, what+", at", err, ErrWrongKey)
	}
	_, err = OpenBytes(mustSeal(t, nil, testPassphrase(t, "horse")), pass)
	checkClass(t, "wrong passphrase", err, ErrWrongKey)
	_, err = OpenBytes(sealed, Identity{})
	checkClass(t, "zero identity", err, ErrBadKey)
}

// Every cut and every flipped bit is noticed, told in our words, and never gives wrong
// bytes together with a nil error.
func TestOpenDamaged(t *testing.T) {
	id := newHybrid(t)
	plaintext := random(70_000) // two blocks
	sealed := mustSeal(t, plaintext, id.Recipient())
	header := len(sealed) - 70_000 - 2*16 - 16
	for n := 0; n < len(sealed); n += step(n, header) {
		checkDamaged(t, "cut", sealed[:n], plaintext, id, n < header)
	}
	for i := 0; i < len(sealed); i += step(i, header) {
		flipped := bytes.Clone(sealed)
		flipped[i] ^= 1 << (i % 8)
		checkDamaged(t, "flipped", flipped, plaintext, id, i < header)
	}
	checkDamaged(t, "longer", append(bytes.Clone(sealed), 0), plaintext, id, false)
	checkDamaged(t, "twice", append(bytes.Clone(sealed), sealed...), plaintext, id, false)
	checkDamaged(t, "zeros", make([]byte, len(sealed)), plaintext, id, false)
	checkDamaged(t, "prose", []byte("Dear diary, today I made a backup.\n"), plaintext, id, false)
}

// step goes through a header byte by byte and through the rest in leaps.
func step(i, header int) int {
	if i < header+40 {
		return 1
	}
	return 1009
}

func checkDamaged(t *testing.T, what string, sealed, plaintext []byte, id Identity, inHeader bool) {
	t.Helper()
	check := func(how string, err error) {
		if inHeader && errors.Is(err, ErrWrongKey) {
			return // age cannot tell a damaged stanza from one for somebody else
		}
		checkClass(t, what+" "+how, err, ErrDamaged)
	}
	_, err := OpenBytes(sealed, id)
	check("OpenBytes", err)
	at, n, err := OpenAt(bytes.NewReader(sealed), int64(len(sealed)), id)
	if err != nil {
		check("OpenAt", err)
		return
	}
	got, err := io.ReadAll(io.NewSectionReader(at, 0, n))
	check("ReadAt", err)
	if !bytes.HasPrefix(plaintext, got) {
		t.Errorf("%s: ReadAt gave wrong bytes", what)
	}
}

// A broken cable is not a broken file: errors of the source come through as they are.
func TestOpenPassesErrorsOn(t *testing.T) {
	id := newHybrid(t)
	sealed := mustSeal(t, random(70_000), id.Recipient())
	for _, broken := range []error{errors.New("input/output error"), io.ErrUnexpectedEOF, io.ErrClosedPipe} {
		for n := 0; n <= len(sealed); n += step(n, 3000) {
			r, err := Open(io.MultiReader(bytes.NewReader(sealed[:n]), iotest.ErrReader(broken)), id)
			if err == nil {
				_, err = io.Copy(io.Discard, r)
			}
			if !errors.Is(err, broken) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrWrongKey) {
				t.Fatalf("source fails after %d bytes: %v, want %v", n, err, broken)
			}
			at, size, err := OpenAt(failAfter{sealed, n, broken}, int64(len(sealed)), id)
			if err == nil {
				_, err = io.Copy(io.Discard, io.NewSectionReader(at, 0, size))
			}
			if n < len(sealed) && (!errors.Is(err, broken) || errors.Is(err, ErrDamaged)) {
				t.Fatalf("source fails from byte %d on: %v, want %v", n, err, broken)
			}
		}
	}
}

// failAfter is a ReaderAt that can only read its first good bytes.
type failAfter struct {
	data []byte
	good int
	err  error
}

func (f failAfter) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= int64(f.good) {
		return copy(p, f.data[off:]), nil
	}
	return 0, f.err
}

func TestSealPassesErrorsOn(t *testing.T) {
	id := newHybrid(t)
	plaintext := random(70_000)
	whole := len(mustSeal(t, plaintext, id.Recipient()))
	for room := 0; room < whole; room += step(room, 3000) {
		w, err := Seal(&fullWriter{room}, id.Recipient())
		if err == nil {
			_, err = w.Write(plaintext)
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errDisk) {
			t.Fatalf("disk with room for %d bytes: %v", room, err)
		}
	}
}

// A fullWriter takes some bytes and then is full.
type fullWriter struct{ room int }

func (w *fullWriter) Write(p []byte) (int, error) {
	if len(p) > w.room {
		n := w.room
		w.room = 0
		return n, errDisk
	}
	w.room -= len(p)
	return len(p), nil
}

func TestOpenAtConcurrently(t *testing.T) {
	id := newHybrid(t)
	plaintext := random(500_000)
	sealed := mustSeal(t, plaintext, id.Recipient())
	at, _, err := OpenAt(bytes.NewReader(sealed), int64(len(sealed)), id)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for i := range 50 {
				off := (w*7919 + i*104729) % 490_000
				p := make([]byte, 10_000)
				if _, err := at.ReadAt(p, int64(off)); err != nil || !bytes.Equal(p, plaintext[off:off+len(p)]) {
					t.Errorf("ReadAt at %d: %v, or other bytes", off, err)
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkSealBytes4MiB(b *testing.B) {
	r := newHybrid(b).Recipient()
	plaintext := random(4 << 20)
	b.SetBytes(int64(len(plaintext)))
	b.ReportAllocs()
	for b.Loop() {
		mustSeal(b, plaintext, r)
	}
}
