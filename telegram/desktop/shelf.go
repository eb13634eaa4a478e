package desktop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

const (
	// inMemory is how large a file may be that is read once; a larger one is read twice,
	// for its name is its hash.
	inMemory = 4 << 20
	partSize = 1 << 20
	// maxRemembered bounds how many paths are known without looking at the file again.
	maxRemembered = 1 << 16
)

// A shelf stores the files of an export.
type shelf struct {
	*importer
	seen   map[string]stored // by path
	absent map[archive.MediaKey]bool
	buffer []byte
}

// stored is what became of a path.
type stored struct {
	key  archive.MediaKey
	size int64
	why  string // it is not stored
}

func newShelf(im *importer) *shelf {
	return &shelf{importer: im, seen: map[string]stored{}, absent: map[archive.MediaKey]bool{}}
}

// reasonOf reads what stands in place of a path.
func reasonOf(text string) string {
	switch {
	case strings.Contains(text, "not included"):
		return archive.MissingExcluded
	case strings.Contains(text, "exceeds"):
		return archive.MissingTooLarge
	}
	return archive.MissingUnavailable
}

// take stores the file at a path of the export, and returns its key; declared is its size
// by the export, 0 if it does not say.
func (s *shelf) take(name string, declared int64) (stored, error) {
	if resultjson.IsPlaceholder(name) {
		s.result.FilesLeft++
		return s.none(reasonOf(name))
	}
	if before, ok := s.seen[name]; ok {
		return before, nil
	}
	got, err := s.store(name, declared)
	switch {
	case err == nil:
	case s.ctx.Err() != nil:
		return stored{}, s.ctx.Err()
	default:
		if a, ok := errors.AsType[*archiveError](err); ok {
			return stored{}, a
		}
		s.result.FilesMissing++
		why := faultOf(name, err)
		if got, err = s.none(archive.MissingUnavailable); err != nil {
			return stored{}, err
		}
		got.why = why
	}
	if len(s.seen) >= maxRemembered {
		clear(s.seen)
	}
	s.seen[name] = got
	return got, nil
}

// none is the key of a file that the export does not have; the archive is told once what
// that means.
func (s *shelf) none(reason string) (stored, error) {
	key := archive.MediaKey(archive.MediaAbsent + ":" + reason)
	if s.absent[key] {
		return stored{key: key}, nil
	}
	s.absent[key] = true
	r := s.record(archive.KindMissing)
	r.Missing = &archive.Missing{Key: key, Reason: reason, Detail: "an imported export does not have it"}
	return stored{key: key}, s.sink.fact(string(key), r)
}

// faultOf says why a file could not be taken.
func faultOf(name string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("the file %s is not in the export", name)
	case errors.Is(err, fs.ErrInvalid):
		return fmt.Sprintf("the file %q lies outside of the export and was not opened", name)
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return fmt.Sprintf("the file %s cannot be read: %v", name, err)
}

// errEmpty and errChanged say what is wrong with a file.
var (
	errEmpty   = errors.New("it is empty")
	errChanged = errors.New("it changed while it was read")
)

// store stores one file under the hash of its bytes.
func (s *shelf) store(name string, declared int64) (stored, error) {
	name = path.Clean(name)
	if !fs.ValidPath(name) || name == "." {
		return stored{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := s.export.files.Open(name)
	if err != nil {
		return stored{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return stored{}, err
	case !info.Mode().IsRegular():
		return stored{}, errors.New("it is no file")
	case info.Size() == 0 && declared != 0:
		return stored{}, errEmpty
	}
	content, err := s.content(f, name, info.Size())
	if err != nil {
		return stored{}, err
	}
	got := stored{key: archive.MediaKey(archive.MediaSHA256 + ":" + content.sum), size: content.size}
	if _, ok, err := s.to.HasMedia(got.key); err != nil {
		return stored{}, archived(err)
	} else if ok {
		s.result.FilesKnown++
		return got, nil
	}
	if err := s.put(got.key, content); err != nil {
		return stored{}, err
	}
	s.result.FilesAdded++
	s.result.Bytes += content.size
	s.sink.tell()
	return got, nil
}

// content is a file that was read once.
type content struct {
	sum  string
	size int64
	open func() (io.ReadCloser, error)
}

// content hashes a file, and keeps a small one.
func (s *shelf) content(f io.Reader, name string, size int64) (*content, error) {
	h := sha256.New()
	r := io.TeeReader(stoppableReader{f, s.ctx.Err}, h)
	if size <= inMemory {
		data, err := io.ReadAll(io.LimitReader(r, inMemory+1))
		if err != nil {
			return nil, err
		}
		if int64(len(data)) != size {
			return nil, errChanged
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		return &content{hexSum(h), size, open}, nil
	}
	n, err := io.Copy(io.Discard, r)
	if err != nil {
		return nil, err
	}
	return &content{hexSum(h), n, func() (io.ReadCloser, error) { return s.export.files.Open(name) }}, nil
}

// put gives a file to the archive. One that is another by now is given up.
func (s *shelf) put(key archive.MediaKey, c *content) error {
	src, err := c.open()
	if err != nil {
		return err
	}
	defer src.Close()
	m, err := s.to.BeginMedia(s.ctx, key, c.size)
	if errors.Is(err, archive.ErrStored) {
		return nil
	}
	if err != nil {
		return archived(err)
	}
	defer m.Abort()
	if s.buffer == nil {
		s.buffer = make([]byte, partSize)
	}
	h := sha256.New()
	for off := int64(0); off < c.size; {
		n, err := io.ReadFull(src, s.buffer[:min(partSize, c.size-off)])
		if err != nil {
			return errChanged
		}
		h.Write(s.buffer[:n])
		if off+int64(n) == c.size && hex.EncodeToString(h.Sum(nil)) != c.sum {
			return errChanged
		}
		if err := m.WritePart(s.ctx, off, s.buffer[:n]); err != nil {
			return archived(err)
		}
		off += int64(n)
	}
	_, err = m.Finish(context.WithoutCancel(s.ctx), false)
	if err == nil && s.to.Due() {
		err = s.to.Commit(s.ctx)
	}
	return archived(err)
}

// text reads a small file, a contact's card.
func (s *shelf) text(name string, limit int64) (string, error) {
	name = path.Clean(name)
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := s.export.files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New("it is too large")
	}
	return strings.ToValidUTF8(string(data), "\ufffd"), err
}
