package archive

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"telekeep/crypto"
)

// A CheckReport says what Check found.
type CheckReport struct {
	Records  int // of all kinds, replayed
	Messages int // distinct ones, in all chats
	Media    int // stored files
	// Problems lists those of the snapshot, then media files that cannot be put
	// together.
	Problems []Problem
}

// Check reads the record of every stored media file and compares the chunks that
// the vault lists with the size of the file. It reads no media: that the chunks
// are what their ids say is checked by whoever reads them, and by chunkstore.Verify.
// The records themselves were read when the snapshot was opened.
func (s *Snapshot) Check(ctx context.Context) (*CheckReport, error) {
	report := &CheckReport{Records: s.records, Media: len(s.media), Problems: slices.Clone(s.problems)}
	for _, a := range s.accounts {
		for _, c := range a.chats {
			report.Messages += c.messages
		}
	}
	keys := slices.SortedFunc(maps.Keys(s.media), func(a, b MediaKey) int {
		return cmp.Compare(s.media[a].at, s.media[b].at)
	})
	reader := s.recordReader(ctx)
	for _, key := range keys {
		err := s.checkMedia(reader, key)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			report.Problems = append(report.Problems, Problem{"media " + string(key), err})
		}
	}
	return report, nil
}

func (s *Snapshot) checkMedia(reader *recordReader, key MediaKey) error {
	chunks, err := s.mediaChunks(reader, key)
	if err != nil {
		return err
	}
	var size int64
	for _, id := range chunks {
		n, err := s.source.Size(id)
		if err != nil {
			return err
		}
		size += n
	}
	if want := s.media[key].size; size != want {
		return fmt.Errorf("%w: its chunks hold %d bytes, not %d", ErrMediaChanged, size, want)
	}
	return nil
}

// mediaChunks reads the ids of the chunks of a stored file from its record.
func (s *Snapshot) mediaChunks(reader *recordReader, key MediaKey) ([]crypto.ID, error) {
	at := s.media[key].at
	record, err := reader.at(at)
	if err != nil {
		return nil, err
	}
	if record.Media == nil || record.Media.Key != key {
		return nil, &FormatError{Offset: at.offset(), Reason: "another record stands where a media file was"}
	}
	chunks := make([]crypto.ID, len(record.Media.Chunks))
	for i, text := range record.Media.Chunks {
		if chunks[i], err = crypto.ParseID(text); err != nil {
			return nil, fmt.Errorf("chunk %d of %d: %w", i+1, len(chunks), err)
		}
	}
	return chunks, nil
}
