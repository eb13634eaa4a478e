package world

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

const (
	blockSize = 1 << 20   // a part must not cross a multiple of it
	hashSize  = 128 << 10 // bytes under one hash
)

// checkRange applies the rules for offset and limit of a file part, in bytes.
func checkRange(offset int64, limit int, precise bool) error {
	step := 4096
	if precise {
		step = 1024
	}
	switch {
	case limit <= 0 || limit > blockSize || limit%step != 0:
		return fail(400, "LIMIT_INVALID")
	case !precise && blockSize%limit != 0:
		return fail(400, "LIMIT_INVALID")
	case offset < 0 || offset%int64(step) != 0:
		return fail(400, "OFFSET_INVALID")
	case offset/blockSize != (offset+int64(limit)-1)/blockSize:
		return fail(400, "LIMIT_INVALID")
	}
	return nil
}

func (w *World) getFile(c *Call, a *account, r *tg.UploadGetFileRequest) (bin.Encoder, error) {
	if err := checkRange(r.Offset, r.Limit, r.Precise); err != nil {
		return nil, err
	}
	f, part, err := w.locate(c, a, r.Location)
	if err != nil {
		return nil, err
	}
	if away, err := w.redirect(f, part, r); away != nil || err != nil {
		return away, err
	}
	data, err := readPart(part, r.Offset, r.Limit)
	if errors.Is(err, errAbsent) {
		return nil, fail(400, "LOCATION_INVALID")
	}
	if err != nil {
		return nil, fmt.Errorf("read file %d: %w", f.id, err)
	}
	w.faults.served(f.id)
	return &tg.UploadFile{Type: storageType(f, r.Location), Mtime: 1, Bytes: w.faults.spoil(data)}, nil
}

// readPart reads up to limit bytes; past the end there are none.
func readPart(part content, offset int64, limit int) ([]byte, error) {
	if _, ok := part.(absent); ok {
		return nil, errAbsent
	}
	n := min(int64(limit), part.Size()-offset)
	if n <= 0 {
		return nil, nil
	}
	data := make([]byte, n)
	if got, err := part.ReadAt(data, offset); int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return data, nil
}

// locate finds the part of a file that a location means, after every check the
// real server makes.
func (w *World) locate(c *Call, a *account, location tg.InputFileLocationClass) (*file, content, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	var f *file
	var size string
	var hash int64
	var reference []byte
	switch l := location.(type) {
	case *tg.InputDocumentFileLocation:
		f, size, hash, reference = w.document(l.ID), l.ThumbSize, l.AccessHash, l.FileReference
	case *tg.InputPhotoFileLocation:
		f, size, hash, reference = w.photo(l.ID), l.ThumbSize, l.AccessHash, l.FileReference
	case *tg.InputPeerPhotoFileLocation:
		return w.peerPhoto(c, a, l)
	case *tg.InputTakeoutFileLocation:
		return w.takeoutFile(c, a)
	}
	if f == nil || hash != w.fileHash(f.id) || w.faults.isLost(f.id) {
		return nil, nil, fail(400, "LOCATION_INVALID")
	}
	if err := w.checkDC(c, f); err != nil {
		return nil, nil, err
	}
	if err := w.checkReference(f, reference); err != nil {
		return nil, nil, err
	}
	part, ok := f.parts[size]
	if !ok {
		return nil, nil, fail(400, "LOCATION_INVALID")
	}
	return f, part, nil
}

func (w *World) checkDC(c *Call, f *file) error {
	if dc := w.faults.dcOf(f.id, f.dc, w.dcs); dc != c.DC {
		return fail(303, fmt.Sprintf("FILE_MIGRATE_%d", dc))
	}
	return nil
}

// peerPhoto finds the picture of a person or chat; it needs no reference.
func (w *World) peerPhoto(c *Call, a *account, l *tg.InputPeerPhotoFileLocation) (*file, content, error) {
	p, err := w.resolve(a, l.Peer)
	if err != nil {
		return nil, nil, err
	}
	var f *file
	if person := w.people[p.id]; p.kind == 'u' && person != nil {
		f = person.photo
	} else if place := w.places[p]; place != nil {
		f = place.photo
	}
	if f == nil || f.id != l.PhotoID {
		return nil, nil, fail(400, "LOCATION_INVALID")
	}
	if err := w.checkDC(c, f); err != nil {
		return nil, nil, err
	}
	part := largest(f)
	if !l.Big {
		part = smallest(f)
	}
	return f, part, nil
}

func largest(f *file) content {
	var best content = absent(0)
	for _, part := range f.parts {
		if part.Size() > best.Size() {
			best = part
		}
	}
	return best
}

func smallest(f *file) content {
	best := largest(f)
	for _, part := range f.parts {
		if part.Size() < best.Size() {
			best = part
		}
	}
	return best
}

func (w *World) photo(id int64) *file {
	if f := w.files(id); f != nil && f.photo {
		return f
	}
	return nil
}

func (w *World) document(id int64) *file {
	if f := w.files(id); f != nil && !f.photo {
		return f
	}
	return nil
}

func storageType(f *file, location tg.InputFileLocationClass) tg.StorageFileTypeClass {
	if l, ok := location.(*tg.InputDocumentFileLocation); f.photo || ok && l.ThumbSize != "" {
		return &tg.StorageFileJpeg{}
	}
	switch {
	case f.mime == "image/jpeg":
		return &tg.StorageFileJpeg{}
	case f.mime == "image/png":
		return &tg.StorageFilePng{}
	case f.mime == "image/gif":
		return &tg.StorageFileGif{}
	case f.mime == "image/webp":
		return &tg.StorageFileWebp{}
	case f.mime == "application/pdf":
		return &tg.StorageFilePdf{}
	case f.mime == "audio/mpeg":
		return &tg.StorageFileMp3{}
	case strings.HasPrefix(f.mime, "video/"):
		return &tg.StorageFileMp4{}
	}
	return &tg.StorageFilePartial{}
}

// getFileHashes answers with the hashes of the block that offset lies in and of
// no other, so that a client has to ask again for each.
func (w *World) getFileHashes(c *Call, a *account, r *tg.UploadGetFileHashesRequest) (bin.Encoder, error) {
	_, part, err := w.locate(c, a, r.Location)
	if err != nil {
		return nil, err
	}
	hashes, err := hashesAt(part, r.Offset)
	if err != nil {
		return nil, err
	}
	return &tg.FileHashVector{Elems: hashes}, nil
}

// hashesAt is the SHA-256 of the pieces of the block that offset lies in.
func hashesAt(part content, offset int64) ([]tg.FileHash, error) {
	if offset < 0 {
		return nil, fail(400, "OFFSET_INVALID")
	}
	out := []tg.FileHash{}
	if offset >= part.Size() {
		return out, nil
	}
	start := offset / hashSize * hashSize
	end := min((start/blockSize+1)*blockSize, part.Size())
	for off := start; off < end; off += hashSize {
		data, err := readPart(part, off, int(min(hashSize, end-off)))
		if errors.Is(err, errAbsent) {
			return nil, fail(400, "LOCATION_INVALID")
		}
		if err != nil {
			return nil, fmt.Errorf("read a file for its hashes: %w", err)
		}
		sum := sha256.Sum256(data)
		out = append(out, tg.FileHash{Offset: off, Limit: len(data), Hash: sum[:]})
	}
	return out, nil
}
