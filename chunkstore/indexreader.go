package chunkstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"telekeep/crypto"
)

// An indexVisitor gets the parts of an index in the order of the format. Nil
// functions are passed over. What is handed over may be kept; an error ends the
// reading and is returned as it is.
type indexVisitor struct {
	records func(ids []crypto.ID) error
	pack    func(p Object, dir directory) error
	change  func(c change) error
}

// A commitIndex is what a reader takes from an index.
type commitIndex struct {
	records []crypto.ID
	packs   []Object
	dirs    []directory // of packs
}

// readWholeIndex opens the bytes of an index file and returns what is in it, without the
// changes of the resume state.
func readWholeIndex(sealed []byte, ids ...crypto.Identity) (*commitIndex, error) {
	x := &commitIndex{}
	err := openIndex(sealed, indexVisitor{
		records: func(ids []crypto.ID) error {
			x.records = ids
			return nil
		},
		pack: func(p Object, dir directory) error {
			x.packs, x.dirs = append(x.packs, p), append(x.dirs, dir)
			return nil
		},
	}, ids...)
	if err != nil {
		return nil, err
	}
	return x, nil
}

// readCommitIndex opens the index of a commit and compares the two.
func readCommitIndex(c *Commit, sealed []byte, ids ...crypto.Identity) (*commitIndex, error) {
	x, err := readWholeIndex(sealed, ids...)
	if err == nil && !slices.Equal(x.packs, c.Packs) {
		err = indexDamage("its packs are not those of its commit")
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}

// openIndex opens the bytes of an index file and reads it. Errors are
// crypto.ErrWrongKey, crypto.ErrDamaged, ErrUnknownFormat and those of v.
func openIndex(sealed []byte, v indexVisitor, ids ...crypto.Identity) error {
	content, err := crypto.Open(bytes.NewReader(sealed), ids...)
	if err != nil {
		return err
	}
	return readIndex(content, v)
}

// readIndex reads the content of an index to its end. However it lies, memory stays
// within what one pack's directory, the record ids and one change need.
func readIndex(content io.Reader, v indexVisitor) error {
	stored, raw, err := readIndexHeader(content)
	if err != nil {
		return err
	}
	compressed := &io.LimitedReader{R: content, N: stored}
	z, err := zstd.NewReader(compressed,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxWindow(maxWindow),
		zstd.WithDecodeBuffersBelow(0))
	if err != nil {
		return fmt.Errorf("start zstd: %w", err)
	}
	defer z.Close()
	body := &indexBody{r: z, left: raw}
	if err := body.visit(v); err != nil {
		return err
	}
	// One byte more tells: behind the body there may be as much as zstd can be made to promise.
	if n, err := io.ReadFull(z, make([]byte, 1)); n > 0 || err != io.EOF || body.left > 0 || compressed.N > 0 {
		return indexDamage("it is longer or shorter than it says")
	}
	return checkZeros(content)
}

// readIndexHeader returns the lengths of the body, compressed and not.
func readIndexHeader(content io.Reader) (stored, raw int64, err error) {
	var h [indexHeaderSize]byte
	if _, err := io.ReadFull(content, h[:]); err != nil {
		return 0, 0, cutOff(err)
	}
	if string(h[:8]) != indexMagic {
		return 0, 0, indexDamage("it is something else")
	}
	if v := binary.LittleEndian.Uint32(h[8:]); v != indexVersion {
		return 0, 0, fmt.Errorf("index: %w: %d, this telekeep knows %d", ErrUnknownFormat, v, indexVersion)
	}
	s, r := binary.LittleEndian.Uint64(h[16:]), binary.LittleEndian.Uint64(h[24:])
	if binary.LittleEndian.Uint32(h[12:]) != 0 || s > 2*maxIndexBody || r > maxIndexBody {
		return 0, 0, indexDamage("its header is impossible")
	}
	return int64(s), int64(r), nil
}

// checkZeros reads to the end and expects nothing but padding.
func checkZeros(r io.Reader) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if len(bytes.Trim(buf[:n], "\x00")) > 0 {
			return fmt.Errorf("%w: the padding is not zeros", crypto.ErrDamaged)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// An indexBody reads the uncompressed body and counts what may still come.
type indexBody struct {
	r    io.Reader
	left int64
}

func (b *indexBody) visit(v indexVisitor) error {
	if err := b.visitRecords(v.records); err != nil {
		return err
	}
	if err := b.visitPacks(v.pack); err != nil {
		return err
	}
	return b.visitChanges(v.change)
}

func (b *indexBody) visitRecords(f func([]crypto.ID) error) error {
	n, err := b.count(maxRecordIDs)
	if err != nil {
		return err
	}
	var ids []crypto.ID // grows with what is really there
	for range n {
		var id crypto.ID
		if err := b.read(id[:]); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if f == nil {
		return nil
	}
	return f(ids)
}

func (b *indexBody) visitPacks(f func(Object, directory) error) error {
	n, err := b.count(maxIndexPacks)
	if err != nil {
		return err
	}
	var last Hash
	for range n {
		p, dir, err := b.readPack()
		if err != nil {
			return err
		}
		if bytes.Compare(last[:], p.Hash[:]) >= 0 {
			return indexDamage("its packs are not in order")
		}
		last = p.Hash
		if f == nil {
			continue
		}
		if err := f(p, dir); err != nil {
			return err
		}
	}
	return nil
}

func (b *indexBody) readPack() (Object, directory, error) {
	var head [40]byte
	if err := b.read(head[:]); err != nil {
		return Object{}, nil, err
	}
	p := Object{Hash(head[:32]), int64(binary.LittleEndian.Uint64(head[32:]))}
	if p.Size < smallestBucket || p.Size > maxPackFile {
		return Object{}, nil, indexDamage("a pack has an impossible length")
	}
	n, err := b.count(maxPackChunks)
	if err != nil {
		return Object{}, nil, err
	}
	raw := make([]byte, n*dirEntrySize) // 3 MiB at most
	if err := b.read(raw); err != nil {
		return Object{}, nil, err
	}
	dir, err := parseDirectory(raw)
	if err == nil && dir.contentEnd() > p.Size {
		err = indexDamage("a directory does not fit into its pack")
	}
	return p, dir, err
}

func (b *indexBody) visitChanges(f func(change) error) error {
	n, err := b.count(maxChanges)
	if err != nil {
		return err
	}
	last := ""
	for range n {
		c, err := b.readChange()
		if err != nil {
			return err
		}
		if c.key <= last {
			return indexDamage("its changes are not in order")
		}
		last = c.key
		if f == nil {
			continue
		}
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}

func (b *indexBody) readChange() (change, error) {
	n, err := b.count(maxKey)
	if err != nil {
		return change{}, err
	}
	key := make([]byte, n)
	if err := b.read(key); err != nil {
		return change{}, err
	}
	size, err := b.uint32()
	if err != nil || size == deletedValue {
		return change{key: string(key)}, err
	}
	if size > maxValue {
		return change{}, indexDamage("a value is too long")
	}
	value := make([]byte, size)
	return change{string(key), value}, b.read(value)
}

// count reads a number that has a limit.
func (b *indexBody) count(limit int) (int, error) {
	n, err := b.uint32()
	if err == nil && n > uint32(limit) {
		err = indexDamage("a number exceeds its limit")
	}
	return int(n), err
}

func (b *indexBody) uint32() (uint32, error) {
	var n [4]byte
	err := b.read(n[:])
	return binary.LittleEndian.Uint32(n[:]), err
}

// read fills p.
func (b *indexBody) read(p []byte) error {
	if int64(len(p)) > b.left {
		return indexDamage("it ends too early")
	}
	b.left -= int64(len(p))
	if _, err := io.ReadFull(b.r, p); err != nil {
		return cutOff(err)
	}
	return nil
}

// cutOff sorts the errors of reading: those of the destination and of age say
// enough themselves, what zstd says means damage.
func cutOff(err error) error {
	if errors.Is(err, crypto.ErrDamaged) {
		return err
	}
	return indexDamage("it ends too early or does not decompress")
}

func indexDamage(what string) error { return fmt.Errorf("index: %w: %s", crypto.ErrDamaged, what) }
