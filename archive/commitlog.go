package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"telekeep/chunkstore"
)

// A Log is the record streams of a vault, one a commit, in the order in which a Snapshot
// replays them. It is for who remembers what was read before and wants only what is new.
// Its methods are safe for use by many goroutines at once.
type Log struct {
	source  source
	vault   string
	commits []*chunkstore.Commit
}

// A LogCommit names one record stream. Equal Writer, Seq and Hash mean the same bytes.
type LogCommit struct {
	Writer string
	Seq    uint64
	Hash   string    // hex; of no bytes if the commit is lost and only its index is there
	Time   time.Time // when it was made, by the writer's clock
}

// OpenLog reads nothing yet.
func OpenLog(r *chunkstore.Reader) *Log {
	return &Log{source: r, vault: r.Vault().ID, commits: r.Commits()}
}

// Vault is the id of the vault.
func (l *Log) Vault() string { return l.vault }

// Commits lists all record streams, the oldest first.
func (l *Log) Commits() []LogCommit {
	list := make([]LogCommit, len(l.commits))
	for i, c := range l.commits {
		list[i] = LogCommit{c.Writer, c.Seq, c.Hash.String(), c.Time}
	}
	return list
}

// Records goes over the records of commit i of Commits with their raw bytes. An error
// stands for one record, or, if it is no *FormatError with Skipped set, for all up to
// where a chunk begins with a record; going on is possible, except when ctx has ended.
func (l *Log) Records(ctx context.Context, i int) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		stream, err := newRecordStream(ctx, l.source, l.commits[i], true)
		if err != nil {
			if !errors.Is(err, chunkstore.ErrNoIndex) || ctx.Err() != nil { // which the vault has told
				yield(nil, fmt.Errorf("%s: %w", recordsOf(l.commits[i]), err))
			}
			return
		}
		if len(stream.chunks) > 0 {
			yieldRecords(ctx, l.source, &stream, false, yield)
		}
	}
}
