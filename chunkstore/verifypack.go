package chunkstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"telekeep/crypto"
)

// readStep is how many bytes are read and hashed at once.
const readStep = 1 << 20

// checkPacks reads every pack that a commit lists, several at once.
func (v *verifier) checkPacks(ctx context.Context, chains []*chain, found *listing) error {
	var wanted []Object
	v.tellRetired(found)
	for _, p := range packsOf(chains, v.retired) {
		v.report.Packs++
		size, ok := found.packs[p.Hash]
		switch {
		case !ok:
			v.problem(packName(p.Hash), fmt.Errorf("%w: a commit lists it", ErrMissing))
			continue
		case size != p.Size:
			v.problem(packName(p.Hash), wrongLength(size, p.Size))
			continue
		case !isBucket(p.Size):
			v.problem(packName(p.Hash), paddingProblem(packName(p.Hash), p.Size))
		}
		wanted = append(wanted, p)
	}
	v.orphans(found, chains)
	if v.incomplete(chains) {
		for h, size := range found.packs { // those left by orphans
			if size > maxPackFile {
				continue // no pack is so long: an orphan, whatever its name says
			}
			wanted = append(wanted, Object{h, size})
			v.total += size
		}
	}
	queue := make(chan Object)
	var workers sync.WaitGroup
	for range v.options.Workers {
		workers.Go(func() { v.packWorker(ctx, queue) })
	}
	for _, p := range v.unread(wanted) {
		if ctx.Err() != nil {
			break
		}
		queue <- p
	}
	close(queue)
	workers.Wait()
	return ctx.Err()
}

// unread sorts packs and leaves out those that an earlier check has read.
func (v *verifier) unread(packs []Object) []Object {
	slices.SortStableFunc(packs, func(a, b Object) int { return slices.Compare(a.Hash[:], b.Hash[:]) })
	after := v.options.After
	if after == (Hash{}) {
		return packs
	}
	return slices.DeleteFunc(packs, func(p Object) bool {
		read := slices.Compare(p.Hash[:], after[:]) <= 0
		if read {
			v.done += p.Size
		}
		return read
	})
}

// incomplete reports whether commits or writers cannot be read, so that packs that nothing
// leads to may be theirs: their names still say what they should be.
func (v *verifier) incomplete(chains []*chain) bool {
	return len(v.vault.Faults) > 0 || slices.ContainsFunc(chains, func(ch *chain) bool { return len(ch.problems) > 0 })
}

// packWorker checks one pack after the other.
func (v *verifier) packWorker(ctx context.Context, queue <-chan Object) {
	w := &packChecker{verifier: v, step: make([]byte, readStep)}
	if v.key != nil {
		w.hasher = v.key.IDKey.Hasher()
		codec, err := newDecompressor(1)
		if err != nil {
			panic("chunkstore: internal error: " + err.Error()) // its options are constants
		}
		defer codec.close()
		w.codec = codec
	}
	for p := range queue {
		err := w.check(ctx, p)
		if ctx.Err() != nil {
			continue
		}
		if err != nil {
			v.problem(packName(p.Hash), err)
		}
		if v.options.Reached != nil {
			v.reached(p.Hash, err)
		}
	}
}

func (v *verifier) reached(pack Hash, err error) {
	var p *Problem
	if err != nil {
		p = newProblem(packName(pack), err)
	}
	v.options.Reached(pack, p)
}

// A packChecker reads packs. It belongs to one goroutine.
type packChecker struct {
	*verifier
	step   []byte
	sealed bytes.Buffer // the pack at hand, if the check is deep
	hasher *crypto.Hasher
	codec  *decompressor
}

func (w *packChecker) check(ctx context.Context, p Object) error {
	if err := w.checkBytes(ctx, p); err != nil {
		return err
	}
	if w.key == nil {
		return nil
	}
	return w.checkContent(p)
}

// checkBytes reads all bytes and compares length and hash.
func (w *packChecker) checkBytes(ctx context.Context, p Object) error {
	r, err := w.dst.Get(ctx, packName(p.Hash))
	if err != nil {
		return missing(packName(p.Hash), err)
	}
	defer r.Close() // read only
	w.sealed.Reset()
	if w.key != nil {
		w.sealed.Grow(int(p.Size) + readStep)
	}
	hash := sha256.New()
	var length int64
	for {
		n, err := io.ReadFull(r, w.step)
		hash.Write(w.step[:n])
		if length += int64(n); length > p.Size {
			return fmt.Errorf("%w: it is longer than %d bytes", crypto.ErrDamaged, p.Size)
		}
		if w.key != nil {
			w.sealed.Write(w.step[:n])
		}
		w.read(int64(n))
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
	if length != p.Size || Hash(hash.Sum(nil)) != p.Hash {
		return fmt.Errorf("%w: its bytes are not those its name promises", crypto.ErrDamaged)
	}
	return nil
}

// checkContent opens the pack in memory and checks all of it.
func (w *packChecker) checkContent(p Object) error {
	content, length, err := crypto.OpenAt(bytes.NewReader(w.sealed.Bytes()), p.Size, w.key.identities()...)
	if err != nil {
		return err
	}
	dir, err := w.checkOpened(content, length)
	if err != nil {
		return err
	}
	if want, ok := w.dirs[p.Hash]; ok && hashOf(dir) != want {
		return fmt.Errorf("%w: its directory is not the one in the index", crypto.ErrDamaged)
	}
	return nil
}

// checkOpened checks the content of a pack and returns its directory.
func (w *packChecker) checkOpened(content io.ReaderAt, length int64) (directory, error) {
	dir, err := readDirectory(content, length)
	if err != nil {
		return nil, err
	}
	end := dir.end() + int64(len(dir))
	if err := checkZeros(io.NewSectionReader(content, end, length-packTrailerSize-end)); err != nil {
		return nil, err
	}
	var faults []error
	for i := range dir.len() {
		faults = append(faults, w.checkChunk(content, dir.entry(i)))
	}
	return dir, errors.Join(faults...)
}

// checkChunk reads one chunk and computes its id.
func (w *packChecker) checkChunk(content io.ReaderAt, e dirEntry) error {
	stored := make([]byte, e.Stored)
	if n, err := content.ReadAt(stored, int64(e.Offset)); n < len(stored) {
		return err
	}
	plain, err := w.codec.decode(e, stored)
	if err != nil {
		return err
	}
	if w.hasher.ID(plain) != e.ID {
		return fmt.Errorf("%w: chunk %s is not what its id says", crypto.ErrDamaged, e.ID)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report.Chunks++
	return nil
}

// readDirectory reads header, trailer and directory of a pack's content, checking
// each before it is relied on.
func readDirectory(content io.ReaderAt, length int64) (directory, error) {
	if length < packHeaderSize+packTrailerSize {
		return nil, fmt.Errorf("%w: the pack is too short", crypto.ErrDamaged)
	}
	header := make([]byte, packHeaderSize)
	if n, err := content.ReadAt(header, 0); n < len(header) {
		return nil, err
	}
	if err := checkPackHeader(header); err != nil {
		return nil, err
	}
	trailer := make([]byte, packTrailerSize)
	if n, err := content.ReadAt(trailer, length-packTrailerSize); n < len(trailer) {
		return nil, err
	}
	span, err := parsePackTrailer(trailer, length)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, span.size())
	if n, err := content.ReadAt(raw, span.offset); n < len(raw) {
		return nil, err
	}
	dir, err := parseDirectory(raw)
	if err != nil {
		return nil, err
	}
	if dir.end() != span.offset {
		return nil, fmt.Errorf("%w: the directory does not begin after the last chunk", crypto.ErrDamaged)
	}
	return dir, nil
}
