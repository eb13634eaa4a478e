package archive

import (
	"context"
	"errors"
	"fmt"

	"telekeep/crypto"
)

// Checked says what a Check went over.
type Checked struct {
	Records  int
	Messages int // message records: every version counts
	Media    int // records of stored files
	Problems []CheckProblem
}

// A CheckProblem is something that a restore would stumble over.
type CheckProblem struct {
	Object string // what it is about: a commit's number, a media key
	Err    error
}

// Check replays every record, as a restore would, and checks that each stored
// file can be put together: that all its chunks are listed, and that their
// lengths add up to its size. It reads no media; that every chunk is what its id
// says is chunkstore.Verify's part. What is wrong is in Problems; the error is
// that of ctx.
func (s *Snapshot) Check(ctx context.Context) (*Checked, error) {
	c := new(Checked)
	for _, p := range s.problems {
		c.problem(fmt.Sprintf("commit %d of writer %s", p.Commit.Seq, p.Commit.Writer), p.Err)
	}
	for r, err := range s.Records(ctx) {
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			c.problem("record", err)
			continue
		}
		c.Records++
		switch {
		case r.Message != nil:
			c.Messages++
		case r.Media != nil:
			c.Media++
			if err := s.checkMedia(r.Media); err != nil {
				c.problem(string(r.Media.Key), err)
			}
		}
	}
	return c, nil
}

func (c *Checked) problem(object string, err error) {
	c.Problems = append(c.Problems, CheckProblem{object, err})
}

// checkMedia compares the chunks of a file with its size.
func (s *Snapshot) checkMedia(f *MediaFile) error {
	var total int64
	for _, text := range f.Chunks {
		id, err := crypto.ParseID(text)
		if err != nil {
			return &FormatError{Reason: "a chunk of the file has no id"}
		}
		size, err := s.source.Size(id)
		if err != nil {
			return fmt.Errorf("chunk %s: %w", text, err)
		}
		total += size
	}
	if total != f.Size {
		return errors.New("its chunks are not as long as the file")
	}
	return nil
}
