package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// A told is what reading a record gave.
type told struct {
	at     int64
	record string
	err    string
	more   bool // reading went on behind it
}

// readStream reads a stream whose chunks a vault may lack, on one core or on several.
func readStream(t *testing.T, v *fakeVault, ids []crypto.ID, wide bool) (all []told, unknown Unknown) {
	t.Helper()
	stream, err := newRecordStream(t.Context(), v, v.commits[0].Commit, true)
	if err != nil {
		t.Fatal(err)
	}
	r := newStretchReader(t.Context(), v, &stream)
	if wide && len(ids) > 0 {
		r.wide, r.ahead = true, newLookahead(r.decoder)
	}
	defer r.close()
	for {
		record, at, err := r.next()
		if err == io.EOF {
			return append(all, told{at: at}), r.decoder.Unknown()
		}
		one := told{at: at, more: true}
		if record != nil {
			record.Raw = nil
			text, err := json.Marshal(record)
			if err != nil {
				t.Fatal(err)
			}
			one.record = string(text) + string(record.Line)
		}
		if err != nil {
			one.err = err.Error()
			one.more = isSkipped(err) || r.resume(at, err)
		}
		all = append(all, one)
		if !one.more {
			return all, r.decoder.Unknown()
		}
		if len(all) > 100_000 {
			t.Fatal("it does not end")
		}
	}
}

func compareReading(t *testing.T, data []byte, size int, lost uint32) (records int) {
	t.Helper()
	v := newFakeVault()
	var ids []crypto.ID
	for n := max(size, len(data)/30+1); len(data) > 0; data = data[min(n, len(data)):] {
		id := crypto.ID{byte(len(ids) + 1)}
		if ids = append(ids, id); lost>>(len(ids)-1)&1 == 0 {
			v.chunks[id] = data[:min(n, len(data))]
		}
	}
	v.commits = []fakeCommit{{&chunkstore.Commit{Seq: 1}, ids}}
	want, unknown := readStream(t, v, ids, false)
	got, too := readStream(t, v, ids, true)
	if unknown != too {
		t.Errorf("unknown are %+v, on one core %+v", too, unknown)
	}
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			t.Fatalf("record %d of %d is %+v, on one core of %d %+v", i, len(got), got[min(i, len(got)-1)], len(want), want[min(i, len(want)-1)])
		}
	}
	return len(got)
}

// Records that several cores take apart are those that one does, with the same faults at the same
// places, whatever is damaged or lost.
func TestLookahead(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	var good []byte
	for i := range 3000 {
		r := text(i+1, fmt.Sprintf("text %d %s", i, randomBytes(uint64(i), random.IntN(200))))
		if random.IntN(3) == 0 {
			r.Raw = randomBytes(uint64(i), random.IntN(700))
		}
		one := encodeAll(t, r)
		switch random.IntN(40) {
		case 0: // of a kind that nobody knows
			one = bytes.Replace(one, []byte(`"kind":"message"`), []byte(`"kind":"mystery"`), 1)
		case 1: // with a field that nobody knows
			one = bytes.Replace(one, []byte(`"kind":"message"`), []byte(`"kind":"message","new":1`), 1)
		case 2: // that does not hold what its kind should
			one = bytes.Replace(one, []byte(`"kind":"message"`), []byte(`"kind":"media"`), 1)
		}
		good = append(good, one...)
	}
	if n := compareReading(t, good, 0, 0); n != 3001 {
		t.Errorf("%d records", n)
	}
	for range 40 {
		data := bytes.Clone(good)
		for range random.IntN(4) {
			at := random.IntN(len(data))
			data[at] ^= 1 << random.IntN(8)
		}
		compareReading(t, data[:len(data)-random.IntN(3)], 0, 1<<random.IntN(31))
	}
}

// The length of raw bytes that stands where this version does not write it is found all the same.
func TestLookaheadFindsRaw(t *testing.T) {
	r := text(1, "one")
	r.Raw = []byte("{\"v\":1}\nnot a record\n")
	one := encodeAll(t, r)
	odd := bytes.Replace(bytes.Replace(one, fmt.Appendf(nil, `,"raw":%d}`, len(r.Raw)), []byte("}"), 1), []byte(`{"v":1,`), fmt.Appendf(nil, `{"v":1,"raw":%d,`, len(r.Raw)), 1)
	if bytes.Equal(one, odd) {
		t.Fatal("nothing is odd")
	}
	plain := encodeAll(t, text(2, "two"))
	if n := compareReading(t, bytes.Join([][]byte{plain, one, odd, plain, one}, nil), 0, 0); n != 6 {
		t.Errorf("%d records", n)
	}
}

// Whoever stops in the middle leaves nobody behind that reads.
func TestLookaheadStops(t *testing.T) {
	one := encodeAll(t, text(1, "one"))
	for stop := range 3 {
		reads := &countedReads{r: bytes.NewReader(bytes.Repeat(one, 100_000))}
		d := NewDecoder(reads)
		a := newLookahead(d)
		for range stop * 5 {
			if _, _, err := a.next(); err != nil {
				t.Fatal(err)
			}
		}
		a.stop()
		if reads.n > 2<<20 {
			t.Errorf("%d bytes were read", reads.n)
		}
	}
	a := newLookahead(NewDecoder(failingReader{errors.New("torn")}))
	for range 2 {
		if _, _, err := a.next(); err == nil || err == io.EOF {
			t.Errorf("it ends with %v", err)
		}
	}
	a.stop()
}

type countedReads struct {
	r io.Reader
	n int
}

func (c *countedReads) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// FuzzLookahead: whatever a stream holds and whatever of it is lost, several cores read what one does.
func FuzzLookahead(f *testing.F) {
	r := text(1, "one")
	r.Raw = []byte("raw")
	good := encodeAll(f, r)
	f.Add(append(good, good...), uint16(len(good)), uint32(0))
	f.Add(append(good, good...), uint16(10), uint32(2))
	f.Add([]byte("{\"v\":1}\nrubbish\n"), uint16(4), uint32(1))
	f.Add([]byte(`{"v":1,"raw":2,"kind":"message","account":"user1","seen":1,"chat":"user5","message":{"id":1,"date":2}}`+"\nab\n"), uint16(40), uint32(0))
	f.Fuzz(func(t *testing.T, data []byte, size uint16, lost uint32) {
		compareReading(t, data, int(size), lost)
	})
}

// The line of a record of a kind that nobody knows is kept as it is, however many raw bytes follow.
func TestUnknownLineBesideRaw(t *testing.T) {
	for _, n := range []int{1, decodeBuffer - 100, decodeBuffer, 3 * decodeBuffer} {
		line := fmt.Sprintf(`{"v":1,"kind":"mystery","account":"user1","seen":1,"raw":%d}`, n)
		stream := line + "\n" + string(randomBytes(1, n)) + "\n"
		d := NewDecoder(iotest.OneByteReader(bytes.NewReader([]byte(stream))))
		r, err := d.Next()
		if err != nil || string(r.Line) != line || len(r.Raw) != n || d.Unknown().Kinds != 1 {
			t.Errorf("%d raw bytes: line %q of %q, %v", n, r.Line, line, err)
		}
	}
}
