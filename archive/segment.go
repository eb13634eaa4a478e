package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"telekeep/crypto"
	"telekeep/internal/durable"
)

// A segmentHead is the first entry of a journal segment.
type segmentHead struct {
	Version int `json:"v"`
	// Seq and Hash name the writer's last commit when the segment began: what
	// the vault holds without it.
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash,omitempty"`
	// After is the number of the segment before this one, which counts for
	// exactly AfterOps entries behind its head. 0 where the segment stands on its
	// own: everything still needed from older ones is in it.
	After    int `json:"after,omitempty"`
	AfterOps int `json:"after_ops,omitempty"`
	// Since is when the oldest entry that no commit holds was made, Unix seconds.
	Since int64 `json:"since"`
}

const segmentVersion = 1

// Each frame of a segment starts with one byte: does the entry go on in the next?
// An entry of one frame holds up to crypto.MaxFrame - 1 bytes.
const (
	frameLast = 'l'
	frameMore = 'm'
)

const segmentSuffix = ".journal"

func segmentName(number int) string { return fmt.Sprintf("%08d%s", number, segmentSuffix) }

// segmentNumber reads a file name; 0 means it is none of ours.
func segmentNumber(name string) int {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	number, err := strconv.Atoi(digits)
	if !ok || err != nil || number < 1 || segmentName(number) != name {
		return 0
	}
	return number
}

// A segmentWriter appends entries to one segment.
type segmentWriter struct {
	number int
	ops    int
	good   int64 // bytes of whole entries
	file   durable.File
	frames *crypto.FrameWriter
	buf    []byte // one encoded entry, reused
	frame  []byte // one frame of an entry of several, reused
}

// createSegment writes a segment with its head and carry under a temporary name
// and puts it in its place when it is whole; lasting makes that survive a power
// cut.
func createSegment(t durable.Tree, number int, head *segmentHead, carry []*op, lasting bool, to crypto.Recipient, wrap wrapFile) (*segmentWriter, error) {
	name := segmentName(number)
	file, err := createAnew(t, name+".tmp")
	if err != nil {
		return nil, err
	}
	s := &segmentWriter{number: number, file: file}
	if err := s.begin(wrap(file), head, carry, lasting, to); err != nil {
		return nil, errors.Join(err, file.Close(), t.Remove(name+".tmp"))
	}
	if err := t.Rename(name+".tmp", name, true); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if lasting {
		if err := t.SyncDir("."); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return s, nil
}

// createAnew creates a file; what an attempt that failed left there makes room.
func createAnew(t durable.Tree, name string) (durable.File, error) {
	file, err := t.Create(name, durable.PrivateFile)
	if errors.Is(err, fs.ErrExist) {
		if err := t.Remove(name); err != nil {
			return nil, err
		}
		return t.Create(name, durable.PrivateFile)
	}
	return file, err
}

func (s *segmentWriter) begin(file crypto.FrameFile, head *segmentHead, carry []*op, lasting bool, to crypto.Recipient) error {
	var err error
	if s.frames, err = crypto.NewFrameWriter(file, to); err != nil {
		return err
	}
	head.Version = segmentVersion
	if err := s.append(&op{Kind: opSegment, Segment: head}); err != nil {
		return err
	}
	s.ops = 0 // the head is not counted
	for _, o := range carry {
		if err := s.append(o); err != nil {
			return err
		}
	}
	if !lasting {
		return nil
	}
	return s.frames.Sync()
}

// append writes one entry. ErrTooLarge leaves the segment as it was; after any
// other error it takes nothing more.
func (s *segmentWriter) append(o *op) error {
	buf, err := o.append(append(s.buf[:0], frameLast))
	if err != nil {
		return err
	}
	s.buf = buf
	for len(buf) > crypto.MaxFrame {
		s.frame = append(append(s.frame[:0], frameMore), buf[1:crypto.MaxFrame]...)
		if err := s.frames.Append(s.frame); err != nil {
			return err
		}
		buf = buf[crypto.MaxFrame-1:]
		buf[0] = frameLast
	}
	if err := s.frames.Append(buf); err != nil {
		return err
	}
	s.ops++
	s.good = s.frames.Size()
	if cap(s.buf) > maxIdleBuffer {
		s.buf, s.frame = nil, nil
	}
	return nil
}

// maxIdleBuffer is how much memory a segment keeps between two entries: enough
// for parts of files, not for the rare large batch.
const maxIdleBuffer = 4 << 20

func (s *segmentWriter) close() error { return s.file.Close() }

// giveUp closes a segment of which the last entry could not be written. What there is of
// that takes room that is needed; readers pass it over anyway.
func (s *segmentWriter) giveUp() {
	if f, ok := s.file.(interface{ Truncate(size int64) error }); ok {
		_ = f.Truncate(s.good)
	}
	_ = s.file.Close()
}

// A wrapFile may put itself between a segment and its file: tests make disks full.
type wrapFile func(crypto.FrameFile) crypto.FrameFile

func plainFile(f crypto.FrameFile) crypto.FrameFile { return f }

// A throughTree may put itself between the journal and its folder: tests cut the power.
type throughTree func(durable.Tree) durable.Tree

func plainTree(t durable.Tree) durable.Tree { return t }

// A segmentReader reads the entries of one segment.
type segmentReader struct {
	head   *segmentHead
	file   *os.File
	frames *crypto.FrameReader
	long   []byte // an entry of several frames, while it is gathered
}

// openSegment reads the head of a segment.
func openSegment(dir string, number int, id crypto.Identity) (*segmentReader, error) {
	file, err := os.Open(filepath.Join(dir, segmentName(number)))
	if err != nil {
		return nil, &noDamage{err}
	}
	s := &segmentReader{file: file}
	if err := s.readHead(id); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

func (s *segmentReader) readHead(id crypto.Identity) error {
	var err error
	if s.frames, err = crypto.NewFrameReader(s.file, id); err != nil {
		return err
	}
	o, err := s.next()
	switch {
	case err == io.EOF:
		return fmt.Errorf("%w: the segment has no head", crypto.ErrDamaged)
	case err != nil:
		return err
	case o.Kind != opSegment || o.Segment.Version != segmentVersion:
		return fmt.Errorf("%w: the segment's head is of another kind or version", crypto.ErrDamaged)
	}
	s.head = o.Segment
	return nil
}

// next returns the next whole entry, valid until the next call, or io.EOF. What
// cannot be an entry is crypto.ErrDamaged.
func (s *segmentReader) next() (*op, error) {
	s.long = s.long[:0]
	for {
		frame, err := s.frames.Next()
		if err != nil {
			return nil, err
		}
		if len(frame) == 0 || frame[0] != frameLast && frame[0] != frameMore || len(s.long)+len(frame) > maxOp+1 {
			return nil, fmt.Errorf("%w: a frame is no part of an entry", crypto.ErrDamaged)
		}
		if frame[0] == frameMore || len(s.long) > 0 {
			s.long = append(s.long, frame[1:]...)
		}
		if frame[0] == frameMore {
			continue
		}
		entry := frame[1:]
		if len(s.long) > 0 {
			entry = s.long
		}
		o, err := parseOp(entry)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", crypto.ErrDamaged, err)
		}
		return o, nil
	}
}

func (s *segmentReader) close() error { return s.file.Close() }

// peekSegment returns the head of a segment.
func peekSegment(dir string, number int, id crypto.Identity) (*segmentHead, error) {
	s, err := openSegment(dir, number, id)
	if err != nil {
		return nil, err
	}
	return s.head, s.close()
}
