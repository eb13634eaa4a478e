package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
)

// How often somebody who looks at a vault looks for new commits: a list of names is read.
const (
	lookHere  = 3 * time.Second
	lookThere = time.Minute // over a network
)

// A liveVault is a vault that is looked at while others write to it.
type liveVault struct {
	cfg   *config.Config
	place driver
	ids   []crypto.Identity
	marks vaultMarks // as of the reader; open and newer follow each other

	mu       sync.Mutex
	reader   *chunkstore.Reader
	snapshot *archive.Snapshot
}

// vaultMarks are what changes when a vault does.
type vaultMarks struct {
	commits int
	names   [sha256.Size]byte // of all commits
	keys    [sha256.Size]byte
}

func newLiveVault(cfg *config.Config, r *restorer, ids []crypto.Identity) *liveVault {
	return &liveVault{cfg: cfg, place: r.destination, ids: ids, reader: r.reader}
}

// every is how often it is worth a look.
func (l *liveVault) every() time.Duration {
	for _, c := range l.cfg.AllCopies() {
		if c.Where.Kind == config.KindSFTP || c.Where.Kind == config.KindS3 {
			return lookThere
		}
	}
	return lookHere
}

// now is what was opened last; its snapshot is nil before open has returned.
func (l *liveVault) now() *restorer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &restorer{reader: l.reader, snapshot: l.snapshot}
}

func (l *liveVault) set(r *chunkstore.Reader, s *archive.Snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reader, l.snapshot = r, s
}

func (l *liveVault) open(ctx context.Context, progress func(done, total int64)) (*archive.Snapshot, error) {
	reader := l.now().reader
	if marks, err := l.look(ctx); err == nil {
		if marks.commits != len(reader.Commits()) { // there are more already, or bad ones
			marks.names = [sha256.Size]byte{}
		}
		l.marks = marks
	}
	s, err := archive.OpenSnapshot(ctx, reader, archive.SnapshotOptions{KeepGoing: true, Quick: true, Progress: progress})
	if err == nil {
		l.set(reader, s)
	}
	return s, err
}

// newer opens the vault again if it has other commits than the last time, else it returns nil.
func (l *liveVault) newer(ctx context.Context) (*archive.Snapshot, error) {
	marks, err := l.look(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot look for what is new: %w", err)
	}
	old := l.now().reader
	if marks == l.marks {
		return nil, nil
	}
	o := chunkstore.ReaderOptions{Identities: l.ids}
	if marks.keys == l.marks.keys {
		o.Again = old
	}
	reader, err := readVault(ctx, l.cfg, l.place, o, true)
	if err != nil {
		return nil, err
	}
	s, err := archive.OpenSnapshot(ctx, reader, archive.SnapshotOptions{KeepGoing: true, Quick: true})
	if err != nil {
		return nil, fmt.Errorf("cannot read the archive: %w", err)
	}
	l.marks = marks
	l.set(reader, s)
	return s, nil
}

// look lists commits and keys.
func (l *liveVault) look(ctx context.Context) (vaultMarks, error) {
	var m vaultMarks
	for prefix, sum := range map[string]*[sha256.Size]byte{"commits/": &m.names, "keys/": &m.keys} {
		h := sha256.New()
		err := l.place.List(ctx, prefix, func(name string, size int64) error {
			if prefix == "commits/" {
				m.commits++
			}
			_, err := fmt.Fprintln(h, name, size)
			return err
		})
		if err != nil {
			return vaultMarks{}, err
		}
		h.Sum(sum[:0])
	}
	return m, nil
}
