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
	// inMemory is how large a file may be that is hashed before anything else is done with it.
	inMemory = 4 << 20
	readSize = 1 << 20
	// maxRemembered bounds how many paths are known without looking at the file again.
	maxRemembered = 1 << 16
)

// A shelf stores the files of an export.
type shelf struct {
	*importer
	seen   map[string]stored // by path
	absent map[archive.MediaKey]bool
	sizes  map[int64]bool // of the large files that the archive has; nil until it is asked
	buffer []byte
}

// stored is what became of a path.
type stored struct {
	key  archive.MediaKey
	size int64
	why  string // it is not stored
	mark string // how the file lay there when it was opened
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
		s.gathered.opened(name, before.mark)
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
	s.gathered.opened(name, got.mark)
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
	take := s.large
	if info.Size() <= inMemory {
		take = s.small
	}
	got, err := take(f, name, info.Size())
	got.mark = mark(info)
	return got, err
}

// small stores a file that is held in memory.
func (s *shelf) small(f fs.File, _ string, size int64) (stored, error) {
	data, err := io.ReadAll(io.LimitReader(stoppableReader{f, s.ctx.Err}, inMemory+1))
	switch {
	case err != nil:
		return stored{}, err
	case int64(len(data)) != size:
		return stored{}, errChanged
	}
	sum := sha256.Sum256(data)
	text := hex.EncodeToString(sum[:])
	if known, err := s.known(text, size); known.key != "" || err != nil {
		return known, err
	}
	return s.put(bytes.NewReader(data), size, text)
}

// large stores a file in one pass, unless the archive has one of its size: then it is hashed
// first, which costs less than storing it again.
func (s *shelf) large(f fs.File, name string, size int64) (stored, error) {
	if err := s.learnSizes(); err != nil {
		return stored{}, err
	}
	if !s.sizes[size] {
		return s.put(f, size, "")
	}
	h := sha256.New()
	n, err := io.Copy(h, stoppableReader{f, s.ctx.Err})
	switch {
	case err != nil:
		return stored{}, err
	case n != size:
		return stored{}, errChanged
	}
	if known, err := s.known(hexSum(h), size); known.key != "" || err != nil {
		return known, err
	}
	again, err := s.export.files.Open(name)
	if err != nil {
		return stored{}, err
	}
	defer again.Close()
	return s.put(again, size, "")
}

// known returns what is stored with a hash, if anything is.
func (s *shelf) known(sum string, size int64) (stored, error) {
	key := archive.MediaKey(archive.MediaSHA256 + ":" + sum)
	_, ok, err := s.to.HasMedia(key)
	if err != nil || !ok {
		return stored{}, archived(err)
	}
	s.result.FilesKnown++
	return stored{key: key, size: size}, nil
}

// learnSizes asks the archive for the sizes of its large files.
func (s *shelf) learnSizes() error {
	if s.sizes != nil {
		return nil
	}
	s.sizes = map[int64]bool{}
	return archived(s.to.RangeMedia(archive.MediaSHA256, func(_ archive.MediaKey, size int64) error {
		if size > inMemory {
			s.sizes[size] = true
		}
		return nil
	}))
}

// put gives a file to the archive. sum is its hash, "" if that is to be found out.
func (s *shelf) put(src io.Reader, size int64, sum string) (stored, error) {
	m, err := s.to.StreamMedia(s.ctx, size, sum)
	if err != nil {
		return stored{}, archived(err)
	}
	defer m.Abort()
	if s.buffer == nil {
		s.buffer = make([]byte, readSize)
	}
	for left := size; left > 0; {
		n, err := io.ReadFull(src, s.buffer[:min(readSize, left)])
		if err != nil {
			return stored{}, changed(err)
		}
		if err := m.Write(s.ctx, s.buffer[:n]); err != nil {
			return stored{}, archived(err)
		}
		left -= int64(n)
	}
	if n, _ := src.Read(s.buffer[:1]); n > 0 {
		return stored{}, errChanged
	}
	file, added, err := m.Finish(context.WithoutCancel(s.ctx))
	if err != nil {
		return stored{}, archived(err)
	}
	got := stored{key: file.Key, size: size}
	if !added {
		s.result.FilesKnown++
		return got, nil
	}
	if size > inMemory {
		s.sizes[size] = true
	}
	s.result.FilesAdded++
	s.result.Bytes += size
	s.sink.tell()
	if s.to.Due() {
		err = archived(s.to.Commit(s.ctx))
	}
	return got, err
}

// changed says what it means that a file ends before its size.
func changed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errChanged
	}
	return err
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
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	s.gathered.opened(name, mark(info))
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New("it is too large")
	}
	return strings.ToValidUTF8(string(data), "\ufffd"), err
}
