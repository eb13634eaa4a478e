package chunkstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// bombLimit is how much may be allocated while something is refused that lies about its size,
// in bytes, freed or not: more than what is in use at any moment. Without a lie the same costs up to half.
const bombLimit = 96 << 20

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// zstdBomb is a frame of a few kilobytes for each gigabyte that it holds: blocks of one
// repeated byte, 128 KiB each, within the window that is allowed.
func zstdBomb(size int64) []byte {
	const block = 128 << 10
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x68} // no length is told; a window of 8 MiB
	for ; size > 0; size -= block {
		header := uint32(1<<1 | block<<3)
		if size <= block {
			header |= 1 // the last
		}
		b = append(b, byte(header), byte(header>>8), byte(header>>16), 'x')
	}
	return b
}

// bombIndex is the content of an index that says it has a body of raw bytes, and has another.
func bombIndex(raw uint64, compressed []byte) []byte {
	b := append([]byte(indexMagic), 1, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(compressed)))
	return append(binary.LittleEndian.AppendUint64(b, raw), compressed...)
}

// An endless Destination has one object that goes on for as long as it says, of the same bytes over and over.
type endless struct {
	*memory.Destination
	name   string
	size   int64
	filler string
}

func (d *endless) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if name != d.name {
		return d.Destination.Get(ctx, name)
	}
	const far = 256 << 20 // whoever reads on holds it all: the test must not
	return io.NopCloser(io.MultiReader(io.LimitReader(repeating(d.filler), min(d.size, far)), iotest.ErrReader(errTooFar))), nil
}

var errTooFar = errors.New("this was read to its end")

func (d *endless) Stat(ctx context.Context, name string) (int64, error) {
	if name != d.name {
		return d.Destination.Stat(ctx, name)
	}
	return d.size, nil
}

func (d *endless) ReadAt(ctx context.Context, name string, p []byte, off int64) (int, error) {
	if name != d.name {
		return d.Destination.ReadAt(ctx, name, p, off)
	}
	n, _ := io.ReadFull(io.LimitReader(repeating(d.filler), max(0, d.size-off)), p)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (d *endless) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	return d.Destination.List(ctx, prefix, func(name string, size int64) error {
		if name == d.name {
			size = d.size
		}
		return visit(name, size)
	})
}

// repeating is a reader without an end.
type repeating string

func (r repeating) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat(string(r), len(p)/len(r)+1)), nil
}

// faults opens and checks a vault in every way and returns all that is said about it, and how
// many bytes the most expensive way allocated.
func (f *fixture) faults(dst Destination) (said string, most uint64) {
	f.t.Helper()
	owner := []crypto.Identity{f.owner}
	note := func(err error) {
		if err != nil {
			said += err.Error() + "\n"
		}
	}
	for _, way := range []func(){
		func() {
			r, err := OpenReader(f.t.Context(), dst, ReaderOptions{Identities: owner})
			note(err)
			if err == nil {
				note(readsAll(f.t.Context(), r))
			}
		},
		func() {
			r, err := OpenReader(f.t.Context(), dst, ReaderOptions{Identities: owner, Damaged: true})
			note(err)
			if err == nil {
				for _, p := range r.Faults() {
					note(p)
				}
				note(readsAll(f.t.Context(), r))
			}
		},
		func() { f.noteVerify(dst, VerifyOptions{Workers: 1}, note) },
		func() { f.noteVerify(dst, VerifyOptions{Workers: 1, Secrets: f.secrets}, note) },
		func() { f.noteVerify(dst, VerifyOptions{Workers: 1, Identities: owner}, note) },
		func() {
			o := f.newState().options()
			w, err := OpenWriter(f.t.Context(), dst, o)
			note(err)
			if err == nil {
				note(w.Close())
			}
		},
	} {
		most = max(most, allocated(way))
	}
	return said, most
}

func (f *fixture) noteVerify(dst Destination, o VerifyOptions, note func(error)) {
	report, err := Verify(f.t.Context(), dst, o)
	note(err)
	if err == nil {
		for _, p := range report.Problems {
			note(p)
		}
	}
}

// readsAll reads each chunk that a record stream names.
func readsAll(ctx context.Context, r *Reader) error {
	var faults []error
	for _, c := range r.Commits() {
		ids, err := r.Records(ctx, c)
		faults = append(faults, err)
		for _, id := range ids {
			_, err := r.Chunk(ctx, id)
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// What somebody wrote who holds a writer's keys, or only the vault's public recipient, and who lies about
// how long things are: it is refused by name, and costs no more than what is right.
func TestBombs(t *testing.T) {
	small := makeDirectory(10)
	for what, k := range map[string]struct {
		make func(f *fixture) string // stores it, and returns the name of what must be named
		says string
	}{
		"a chunk of 10 GiB": {func(f *fixture) string {
			bomb := zstdBomb(10 << 30)
			b, err := newPackBuilder(make([]byte, 0, testPackSize), f.secrets.VaultRecipient)
			check(t, err)
			id := f.secrets.IDKey.ID([]byte("bomb"))
			check(t, b.add(newChunk{id: id, encoding: encodingZstd, stored: bomb, raw: MaxChunk}))
			p := finish(t, b, false)
			f.forge(p, func(x *indexContent) { x.records = []crypto.ID{id} })
			return packName(p.name)
		}, "does not decompress"},
		"a directory of four billion entries": {func(f *fixture) string {
			return f.forgePack(math.MaxUint32, packHeaderSize, small)
		}, "impossible place"},
		"a directory behind the end": {func(f *fixture) string {
			return f.forgePack(1, math.MaxUint32, small)
		}, "impossible place"},
		"a chunk that says it is 4 GiB long": {func(f *fixture) string {
			return f.forgePack(1, packHeaderSize, appendEntry(nil, dirEntry{ID: crypto.ID{1}, Offset: packHeaderSize, Stored: math.MaxUint32, Raw: math.MaxUint32}))
		}, "impossible length"},
		"65,536 entries that say 256 GiB": {func(f *fixture) string {
			var d directory
			for i := range uint32(maxPackChunks) {
				d = appendEntry(d, dirEntry{ID: crypto.ID{1}, Offset: packHeaderSize + i*(MaxChunk-1), Stored: MaxChunk - 1, Raw: MaxChunk, Encoding: encodingZstd})
			}
			return f.forgePack(maxPackChunks, packHeaderSize, d)
		}, "does not start where"},
		"an index that says 2^60 bytes": {func(f *fixture) string {
			return f.forgeIndex(bombIndex(1<<60, zstdBomb(1<<20)))
		}, "header is impossible"},
		"an index of 10 GiB": {func(f *fixture) string {
			return f.forgeIndex(bombIndex(maxIndexBody, zstdBomb(10<<30)))
		}, "a number exceeds its limit"},
		"an index with 100 GiB behind its end": {func(f *fixture) string {
			empty := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x68}, 0<<1|12<<3, 0, 0) // a block of the 12 bytes of an empty body
			empty = append(empty, make([]byte, 12)...)
			return f.forgeIndex(bombIndex(12, append(empty, zstdBomb(100 << 30)[6:]...)))
		}, "longer or shorter"},
		"a billion records": {func(f *fixture) string {
			return f.forgeIndex(wrapBody(binary.LittleEndian.AppendUint32(nil, 1_000_000_000), 0))
		}, "a number exceeds its limit"},
		"a billion packs": {func(f *fixture) string {
			return f.forgeIndex(wrapBody(binary.LittleEndian.AppendUint32(make([]byte, 4), 1_000_000_000), 0))
		}, "a number exceeds its limit"},
		"a billion changes": {func(f *fixture) string {
			return f.forgeIndex(wrapBody(binary.LittleEndian.AppendUint32(make([]byte, 8), 1_000_000_000), 0))
		}, "a number exceeds its limit"},
	} {
		t.Run(what, func(t *testing.T) {
			f := newFixture(t, nil)
			object := k.make(f)
			said, most := f.faults(f.dst)
			if !strings.Contains(said, object) || !strings.Contains(said, k.says) {
				t.Errorf("%s is not named, or not with %q:\n%s", object, k.says, said)
			}
			if most > bombLimit {
				t.Errorf("refusing it allocated %d MiB", most>>20)
			}
			t.Logf("%d MiB", most>>20)
		})
	}
}

// forgePack stores a signed commit with a pack whose directory is d, and whose trailer says count
// and offset; the index knows of one harmless chunk. It returns the name of the pack.
func (f *fixture) forgePack(count, offset uint32, d directory) string {
	f.t.Helper()
	content := append(appendPackHeader(nil), d...)
	content = append(content, make([]byte, smallestBucket)...)
	content = binary.LittleEndian.AppendUint32(content, offset)
	content = binary.LittleEndian.AppendUint32(content, count)
	sealed, err := crypto.SealBytes(append(content, packEndMagic...), f.secrets.VaultRecipient)
	check(f.t, err)
	p := &sealedPack{name: hashOf(sealed), data: sealed, dir: makeDirectory(10)}
	f.forge(p, func(*indexContent) {})
	return packName(p.name)
}

// forgeIndex stores a signed commit with an index of that content and returns its name.
func (f *fixture) forgeIndex(content []byte) string {
	f.t.Helper()
	sealed, err := crypto.SealBytes(content, f.secrets.VaultRecipient, f.secrets.IndexIdentity.Recipient())
	check(f.t, err)
	c := &Commit{Vault: f.secrets.VaultID, Writer: f.secrets.WriterID, Seq: 1, Time: f.now(), Index: Object{hashOf(sealed), int64(len(sealed))}}
	check(f.t, f.dst.Put(f.t.Context(), indexName(c.Writer, 1), sealed))
	check(f.t, f.dst.Put(f.t.Context(), commitName(c.Writer, 1), c.sign(f.secrets.SigningKey)))
	return indexName(c.Writer, 1)
}

// A commit that lists lengths which nothing has is refused before anybody takes memory for them.
func TestCommitOfImpossibleLengths(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	c := *commit(t, w, store(t, w, []byte("hello")))
	check(t, w.Close())
	name := commitName(c.Writer, c.Seq)
	for what, change := range map[string]func(c *Commit){
		"pack":    func(c *Commit) { c.Packs = []Object{{c.Packs[0].Hash, maxPackFile + 1}} },
		"2^62":    func(c *Commit) { c.Packs = []Object{{c.Packs[0].Hash, 1 << 62}} },
		"index":   func(c *Commit) { c.Index.Size = maxIndexFile + 1 },
		"key":     func(c *Commit) { c.Keys = []OwnerKey{{"owner", Hash{1}, maxMetadata + 1}} },
		"retired": func(c *Commit) { c.Retired, c.Owner = []Object{{Hash{1}, 1 << 40}}, [32]byte{1} },
	} {
		forged := c
		change(&forged)
		dst := f.dst.CrashClone()
		file := forged.sign(f.secrets.SigningKey)
		dst.Damage(name, func([]byte) []byte { return file })
		said, most := f.faults(dst)
		if !strings.Contains(said, name) || !strings.Contains(said, "more than any has") || most > bombLimit {
			t.Errorf("%s: %d MiB, and it says\n%s", what, most>>20, said)
		}
	}
}

// An object that is a gigabyte or a terabyte long where a few kilobytes should be, of zeros, of brackets that
// never close, of a JSON string without an end: it is refused by name, and not read to its end. That
// costs an attacker nothing: a file with a hole is as long as somebody likes.
func TestObjectsWithoutEnd(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	c := commit(t, w, store(t, w, noise(1, 100_000)))
	check(t, w.Close())
	for _, name := range []string{
		vaultName, keyName("owner"), writerName(c.Writer), secretsName(c.Writer), commitName(c.Writer, 1), indexName(c.Writer, 1), packName(c.Packs[0].Hash),
	} {
		fillers := []string{"\x00"}
		if strings.HasSuffix(name, ".json") {
			fillers = []string{`[`, `{"commit":`, `"`}
		}
		for _, filler := range fillers {
			dst := &endless{f.dst, name, 1 << 40, filler}
			said, most := f.faults(dst)
			if !strings.Contains(said, name) {
				t.Errorf("%s of %q is not named:\n%s", name, filler, said)
			}
			if most > bombLimit {
				t.Errorf("refusing %s of %q allocated %d MiB", name, filler, most>>20)
			}
			t.Logf("%s of %q: %d MiB", name, filler, most>>20)
		}
	}
}

// What nothing names is as long as somebody likes, too: an index whose commit is gone or damaged, one of a writer or of a
// number that nobody has, packs, key files, notes and files of whatever name. Nobody takes memory for it.
func TestEndlessStrays(t *testing.T) {
	for _, lost := range []string{"", "gone", "damaged"} {
		f := newFixture(t, nil)
		f.commitOne("one")
		w := f.writer()
		c := commit(t, w, store(t, w, noise(1, 100_000)))
		check(t, w.Close())
		index := f.dst.Object(indexName(c.Writer, 1))
		names := []string{
			indexName(c.Writer, 9), indexName(strings.Repeat("a", len(c.Writer)), 1), packName(Hash{7}), keyName("stray"), noteName("owner", crypto.VerifyKey{1}, true),
			commitName(c.Writer, 9), writerName(strings.Repeat("b", len(c.Writer))), secretsName(strings.Repeat("b", len(c.Writer))), "packs/00/stray.txt", "stray",
		}
		if lost != "" { // the index stays, and is long
			f.dst.Damage(commitName(c.Writer, 1), func(b []byte) []byte { return b[1:] })
			if lost == "gone" {
				f.dst.Delete(commitName(c.Writer, 1))
			}
			names = []string{indexName(c.Writer, 1)}
		}
		for _, name := range names {
			for _, filler := range []string{"\x00", string(index), "age-encryption.org/v1\n-> X25519 "} {
				if lost == "" {
					check(t, f.dst.Put(t.Context(), name, nil))
				}
				for _, size := range []int64{900 << 20, 1 << 40} {
					if _, most := f.faults(&endless{f.dst, name, size, filler}); most > bombLimit {
						t.Errorf("%s of %.20q, %d bytes: %d MiB", name, filler, size, most>>20)
					}
				}
				if lost == "" {
					f.dst.Delete(name)
				}
			}
		}
	}
}

// The bomb is one.
func TestZstdBomb(t *testing.T) {
	d, err := newDecompressor(1)
	check(t, err)
	defer d.close()
	bomb := zstdBomb(1 << 20)
	plain, err := d.zstd.DecodeAll(bomb, make([]byte, 0, 1<<20))
	if err != nil || !bytes.Equal(plain, bytes.Repeat([]byte("x"), 1<<20)) {
		t.Errorf("%d bytes, %v", len(plain), err)
	}
	if n := len(zstdBomb(10 << 30)); n > 1<<19 {
		t.Error(fmt.Sprint("a bomb of ", n, " bytes"))
	}
}
