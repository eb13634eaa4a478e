package chunkstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"telekeep/crypto"
)

// An indexContent is an index in memory.
type indexContent struct {
	records []crypto.ID
	packs   []Object
	dirs    []directory
	changes []change
}

// sampleIndex has some of everything.
func sampleIndex() *indexContent {
	return &indexContent{
		records: []crypto.ID{{1}, {2}, {1}},
		packs:   []Object{{Hash{1}, 1 << 20}, {Hash{2}, DefaultPackSize}},
		dirs:    []directory{makeDirectory(5, 6), makeDirectory(MaxChunk)},
		changes: []change{{"a", []byte("one")}, {"b", nil}, {"c", []byte{}}},
	}
}

// body returns the uncompressed body, built without the indexWriter.
func (x *indexContent) body() []byte {
	count := func(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(n)) }
	b := count(nil, len(x.records))
	for _, id := range x.records {
		b = append(b, id[:]...)
	}
	b = count(b, len(x.packs))
	for i, p := range x.packs {
		b = append(b, p.Hash[:]...)
		b = binary.LittleEndian.AppendUint64(b, uint64(p.Size))
		b = count(b, len(x.dirs[i])/dirEntrySize)
		b = append(b, x.dirs[i]...)
	}
	b = count(b, len(x.changes))
	for _, c := range x.changes {
		b = append(count(b, len(c.key)), c.key...)
		if c.value == nil {
			b = binary.LittleEndian.AppendUint32(b, deletedValue)
			continue
		}
		b = append(count(b, len(c.value)), c.value...)
	}
	return b
}

// wrapBody returns the content of an index with this body.
func wrapBody(body []byte, padding int) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err) // its options are the default ones
	}
	compressed := z.EncodeAll(body, nil)
	b := append([]byte(indexMagic), 1, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(compressed)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(body)))
	return append(append(b, compressed...), make([]byte, padding)...)
}

// write seals the index to one key and returns the file.
func (x *indexContent) write(t testing.TB, to ...crypto.Recipient) ([]byte, error) {
	t.Helper()
	w, err := newIndexWriter()
	check(t, err)
	w.records(x.records)
	w.packs(len(x.packs))
	for i, p := range x.packs {
		w.pack(p, x.dirs[i])
	}
	w.changes(x.changes)
	return w.seal(to...)
}

// collect reads an index into memory.
func collect(content io.Reader) (*indexContent, error) {
	x := &indexContent{}
	err := readIndex(content, indexVisitor{
		records: func(ids []crypto.ID) error {
			x.records = ids
			return nil
		},
		pack: func(p Object, dir directory) error {
			x.packs, x.dirs = append(x.packs, p), append(x.dirs, dir)
			return nil
		},
		change: func(c change) error {
			x.changes = append(x.changes, c)
			return nil
		},
	})
	return x, err
}

func TestIndexRoundTrip(t *testing.T) {
	vault, err := crypto.NewIdentity()
	check(t, err)
	writer, err := crypto.NewIdentity()
	check(t, err)
	for name, x := range map[string]*indexContent{"empty": {}, "sample": sampleIndex()} {
		sealed, err := x.write(t, vault.Recipient(), writer.Recipient())
		check(t, err)
		if n := len(sealed); n < smallestBucket || n&(n-1) != 0 {
			t.Errorf("%s: an index of %d bytes", name, n)
		}
		for _, id := range []crypto.Identity{vault, writer} {
			content, err := crypto.Open(bytes.NewReader(sealed), id)
			check(t, err)
			got, err := collect(content)
			check(t, err)
			if !bytes.Equal(got.body(), x.body()) {
				t.Errorf("%s: came back as %+v", name, got)
			}
		}
		other, err := crypto.NewIdentity()
		check(t, err)
		wantError(t, openIndex(sealed, indexVisitor{}, other), crypto.ErrWrongKey)
	}
}

// What is written is what docs/format.md says.
func TestIndexContent(t *testing.T) {
	id, err := crypto.NewIdentity()
	check(t, err)
	x := sampleIndex()
	sealed, err := x.write(t, id.Recipient())
	check(t, err)
	content, err := crypto.OpenBytes(sealed, id)
	check(t, err)
	stored := binary.LittleEndian.Uint64(content[16:])
	if string(content[:8]) != "tk-indx\n" || !bytes.Equal(content[8:16], []byte{1, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("header: %x", content[:32])
	}
	z, err := zstd.NewReader(nil)
	check(t, err)
	defer z.Close()
	body, err := z.DecodeAll(content[32:32+stored], nil)
	check(t, err)
	if !bytes.Equal(body, x.body()) || binary.LittleEndian.Uint64(content[24:]) != uint64(len(body)) {
		t.Error("the body is not what the format says")
	}
	if len(bytes.Trim(content[32+stored:], "\x00")) != 0 {
		t.Error("the padding is not zeros")
	}
}

func TestIndexLimits(t *testing.T) {
	id, err := crypto.NewIdentity()
	check(t, err)
	for name, x := range map[string]*indexContent{
		"records": {records: make([]crypto.ID, maxRecordIDs+1)},
		"key":     {changes: []change{{strings.Repeat("k", maxKey+1), nil}}},
		"value":   {changes: []change{{"k", make([]byte, maxValue+1)}}},
	} {
		if _, err := x.write(t, id.Recipient()); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	x := &indexContent{changes: []change{{strings.Repeat("k", maxKey), make([]byte, maxValue)}}}
	sealed, err := x.write(t, id.Recipient())
	check(t, err)
	check(t, openIndex(sealed, indexVisitor{}, id))
}

func TestIndexRefusals(t *testing.T) {
	edit := func(change func(x *indexContent)) []byte {
		x := sampleIndex()
		change(x)
		return wrapBody(x.body(), 10)
	}
	header := func(at int, value byte) []byte {
		b := wrapBody(sampleIndex().body(), 10)
		b[at] = value
		return b
	}
	good := sampleIndex().body()
	for name, k := range map[string]struct {
		content []byte
		want    error
	}{
		"nothing":              {nil, crypto.ErrDamaged},
		"half a header":        {header(0, 't')[:20], crypto.ErrDamaged},
		"magic":                {header(0, 'x'), crypto.ErrDamaged},
		"version":              {header(8, 2), ErrUnknownFormat},
		"reserved":             {header(12, 1), crypto.ErrDamaged},
		"compressed too long":  {header(23, 1), crypto.ErrDamaged},
		"body too long":        {header(28, 1), crypto.ErrDamaged},
		"one byte less":        {header(16, header(0, 't')[16]-1), crypto.ErrDamaged},
		"one byte more":        {header(16, header(0, 't')[16]+1), crypto.ErrDamaged},
		"body one byte less":   {header(24, header(0, 't')[24]-1), crypto.ErrDamaged},
		"body one byte more":   {header(24, header(0, 't')[24]+1), crypto.ErrDamaged},
		"padding":              {append(wrapBody(good, 3), 1), crypto.ErrDamaged},
		"body cut off":         {wrapBody(good[:len(good)-1], 0), crypto.ErrDamaged},
		"body too much":        {wrapBody(append(slices.Clone(good), 0), 0), crypto.ErrDamaged},
		"packs not in order":   {edit(func(x *indexContent) { slices.Reverse(x.packs) }), crypto.ErrDamaged},
		"pack twice":           {edit(func(x *indexContent) { x.packs[1].Hash = x.packs[0].Hash }), crypto.ErrDamaged},
		"pack without a hash":  {edit(func(x *indexContent) { x.packs[0].Hash = Hash{} }), crypto.ErrDamaged},
		"pack too short":       {edit(func(x *indexContent) { x.packs[0].Size = smallestBucket - 1 }), crypto.ErrDamaged},
		"pack too long":        {edit(func(x *indexContent) { x.packs[0].Size = maxPackFile + 1 }), crypto.ErrDamaged},
		"directory too long":   {edit(func(x *indexContent) { x.packs[1].Size = 1 << 20 }), crypto.ErrDamaged},
		"pack without chunks":  {edit(func(x *indexContent) { x.dirs[0] = nil }), crypto.ErrDamaged},
		"bad directory":        {edit(func(x *indexContent) { x.dirs[0] = x.dirs[0][dirEntrySize:] }), crypto.ErrDamaged},
		"changes not in order": {edit(func(x *indexContent) { slices.Reverse(x.changes) }), crypto.ErrDamaged},
		"key twice":            {edit(func(x *indexContent) { x.changes[1].key = "a" }), crypto.ErrDamaged},
		"empty key":            {edit(func(x *indexContent) { x.changes[0].key = "" }), crypto.ErrDamaged},
		"long key":             {edit(func(x *indexContent) { x.changes[2].key = strings.Repeat("d", maxKey+1) }), crypto.ErrDamaged},
		"long value":           {edit(func(x *indexContent) { x.changes[2].value = make([]byte, maxValue+1) }), crypto.ErrDamaged},
	} {
		if _, err := collect(bytes.NewReader(k.content)); !errors.Is(err, k.want) {
			t.Errorf("%s: got error %v, want %v", name, err, k.want)
		}
	}
}

// Numbers that promise gigabytes cost nothing unless the bytes are there.
func TestIndexThatLiesIsCheap(t *testing.T) {
	for name, at := range map[string]int{"records": 0, "packs": 4, "chunks": 48} {
		body := slices.Concat(make([]byte, 8), Hash{1}.bytes(), binary.LittleEndian.AppendUint64(nil, smallestBucket), make([]byte, 100))
		binary.LittleEndian.PutUint32(body[4:], 1)
		binary.LittleEndian.PutUint32(body[at:], map[string]uint32{"records": maxRecordIDs, "packs": maxIndexPacks, "chunks": maxPackChunks}[name])
		content := wrapBody(body, 0)
		binary.LittleEndian.PutUint64(content[24:], maxIndexBody)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := collect(bytes.NewReader(content))
		runtime.ReadMemStats(&after)
		wantError(t, err, crypto.ErrDamaged)
		if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
			t.Errorf("%s: refusing it took %d bytes", name, used)
		}
	}
}

func (h Hash) bytes() []byte { return h[:] }

// The error of a visitor comes back as it is.
func TestIndexVisitorError(t *testing.T) {
	stop := errors.New("stop")
	content := wrapBody(sampleIndex().body(), 0)
	for _, v := range []indexVisitor{
		{records: func([]crypto.ID) error { return stop }},
		{pack: func(Object, directory) error { return stop }},
		{change: func(change) error { return stop }},
	} {
		wantError(t, readIndex(bytes.NewReader(content), v), stop)
	}
}

// The length of an index tells how many chunks it lists within a factor of two only.
func TestIndexIsPadded(t *testing.T) {
	id, err := crypto.NewIdentity()
	check(t, err)
	lengths := make(map[int]bool)
	for n := 1; n <= 100; n += 9 {
		x := &indexContent{packs: []Object{{Hash{1}, DefaultPackSize}}, dirs: []directory{makeDirectory(slices.Repeat([]uint32{7}, n)...)}}
		sealed, err := x.write(t, id.Recipient())
		check(t, err)
		lengths[len(sealed)] = true
	}
	if len(lengths) != 1 {
		t.Errorf("1 to 100 chunks give indexes of %d lengths", len(lengths))
	}
}

// FuzzIndexBody: a body that is accepted is what would be written.
func FuzzIndexBody(f *testing.F) {
	f.Add(sampleIndex().body())
	f.Add((&indexContent{}).body())
	f.Add(sampleIndex().body()[:60])
	f.Fuzz(func(t *testing.T, body []byte) {
		x, err := collect(bytes.NewReader(wrapBody(body, 7)))
		if err != nil {
			if !errors.Is(err, crypto.ErrDamaged) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if !bytes.Equal(x.body(), body) {
			t.Fatal("a body is not encoded as it was decoded")
		}
	})
}

// FuzzIndexContent: an index that is accepted says what it says when it is written anew; one that is not gives an
// error of ours. What is behind a body of no length is padding, of whatever bytes the reader does not look at.
func FuzzIndexContent(f *testing.F) {
	f.Add(wrapBody(sampleIndex().body(), 100))
	f.Add([]byte(fmt.Sprint(indexMagic, "\x01")))
	f.Fuzz(func(t *testing.T, content []byte) {
		x, err := collect(bytes.NewReader(content))
		if err != nil {
			if !errors.Is(err, crypto.ErrDamaged) && !errors.Is(err, ErrUnknownFormat) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		body := x.body()
		if said := binary.LittleEndian.Uint64(content[24:]); uint64(len(body)) != said {
			t.Fatalf("it holds %d bytes and says %d", len(body), said)
		}
		if again, err := collect(bytes.NewReader(wrapBody(body, 7))); err != nil || !bytes.Equal(again.body(), body) {
			t.Fatalf("what was accepted is refused when it is written anew, or is another: %v", err)
		}
	})
}
