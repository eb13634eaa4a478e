package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"telekeep/crypto"
	"telekeep/internal/sha256pair"
)

// DefaultPackSize is the file length of a full pack in bytes: 32 MiB.
const DefaultPackSize = 32 << 20

// WriterOptions says how a Writer works.
type WriterOptions struct {
	// Secrets of this writer. Needed.
	Secrets *WriterSecrets
	// StatePath is the file of the local state; its folder must exist. Needed. Files
	// with the same name and an ending ("-wal", ".lock", ".reserve") belong to it.
	StatePath string
	// PackSize is the file length of a full pack in bytes: a power of two from 8 MiB
	// to 128 MiB. 0 means DefaultPackSize.
	PackSize int
	// OpenPacks is how many packs are filled at once, each by one core at a time. One
	// more is in memory while it is being stored, or until something comes that is short
	// enough for what room it has left. 0 means 2.
	OpenPacks int
	// Workers is how many chunks are worked on at once. 0 means one for each core, 2
	// at least and 4 at most.
	Workers int
	// Now gives the time that is written into commits. Nil means time.Now.
	Now func() time.Time
}

func (o WriterOptions) withDefaults() (WriterOptions, error) {
	if o.PackSize == 0 {
		o.PackSize = DefaultPackSize
	}
	if o.OpenPacks == 0 {
		o.OpenPacks = 2
	}
	if o.Workers == 0 {
		o.Workers = min(max(runtime.GOMAXPROCS(0), 2), 4)
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default
	}
	switch {
	case o.Secrets == nil:
		return o, errors.New("a writer needs its secrets")
	case o.StatePath == "":
		return o, errors.New("a writer needs a place for its state")
	case o.PackSize < 8<<20 || o.PackSize > maxPackFile || o.PackSize&(o.PackSize-1) != 0:
		return o, fmt.Errorf("a pack size of %d bytes is not a power of two from 8 to 128 MiB", o.PackSize)
	case o.OpenPacks < 1 || o.Workers < 1:
		return o, errors.New("a writer needs at least one worker and one open pack")
	}
	return o, nil
}

// A Writer adds to a vault. It holds no key that opens a pack. Its methods may be
// used from many goroutines.
type Writer struct {
	dst      Destination
	taken    atomic.Pointer[WriterSecrets] // see secrets
	now      func() time.Time
	state    *state
	pipeline *pipeline
	resume   *resume
	stop     context.CancelFunc // of Puts that are under way

	committing sync.Mutex // held for a whole Commit, and while closing
	unsure     bool       // the last Commit failed after it had begun to store; guarded by committing
	retiring   retirement // what the next Commit retires; guarded by committing
	closed     bool       // guarded by committing

	noticing sync.Mutex
	problems []*Problem           // guarded by noticing; nearly all are found by start
	lost     uint64               // the last commit whose changes of the resume state are lost
	last     atomic.Pointer[head] // changed by who holds committing
	keys     []OwnerKey           // what the next commit lists; guarded by committing
	keyNames []string             // in the owners' folder when keys was found; guarded by committing
	keyOwner crypto.VerifyKey     // whose notes counted then; guarded by committing
}

// OpenWriter opens a vault for adding to it. What the local state lacks is taken from
// the vault first, so a missing or damaged state costs time and nothing else. Where the
// vault itself is damaged the Writer goes on as far as nothing gets worse by it: see
// Problems and LostUpTo. What it cannot go on without is that the last commit is whole.
//
// ErrNoVault: the place is empty, perhaps nothing is mounted. ErrOtherVault: the vault
// or the state belongs to others. ErrRollback: the vault lacks commits that the state
// knows. ErrPartial: what is needed may be at a place that is away. ErrStateBusy:
// another process has the state open. Others are ErrForgedWriter, ErrForged, ErrChain,
// ErrForked, crypto.ErrDamaged, and those of the destination.
func OpenWriter(ctx context.Context, dst Destination, o WriterOptions) (*Writer, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	vault, err := OpenVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	if err := vault.CheckSecrets(o.Secrets); err != nil {
		return nil, err
	}
	s, err := openState(o.StatePath, vault.ID, o.Secrets.WriterID)
	if err != nil {
		return nil, err
	}
	w := &Writer{dst: dst, now: o.Now, state: s, resume: newResume(s)}
	w.taken.Store(o.Secrets)
	if err := w.start(ctx, vault, o); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return w, nil
}

// start brings the state up to date and starts the workers.
func (w *Writer) start(ctx context.Context, vault *Vault, o WriterOptions) error {
	last, err := w.state.head()
	if err != nil {
		return err
	}
	w.last.Store(&last)
	w.state.reserve.fill()
	if _, err := w.catchUp(ctx); err != nil {
		return err
	}
	if w.lost, err = w.state.lost(); err != nil {
		return err
	}
	if err := w.survey(ctx, vault); err != nil {
		return err
	}
	if err := w.adoptPending(ctx); err != nil {
		return err
	}
	putRecover(ctx, w.dst)
	// The workers outlive this call, and so do their Puts; Close ends them.
	puts, stop := context.WithCancel(context.WithoutCancel(ctx))
	limits := pipelineLimits{packSize: o.PackSize, openPacks: o.OpenPacks, workers: o.Workers, hashTwo: sha256pair.Fast()}
	w.pipeline, err = newPipeline(w.state, o.Secrets, limits, func(name string, data []byte) error {
		return storeObject(puts, w.dst, name, data)
	})
	if err != nil {
		stop()
		return err
	}
	w.stop = stop
	return nil
}

// adoptPending looks whether the packs that were stored and not committed before are
// still there, whole. The next Commit lists those; the others are forgotten, and
// their chunks are stored again when they come again.
func (w *Writer) adoptPending(ctx context.Context) error {
	if isPartial(w.dst) {
		return nil // they may be at a place that is away
	}
	packs, err := w.state.pending()
	if err != nil {
		return err
	}
	for _, p := range packs {
		size, err := w.dst.Stat(ctx, packName(p.Hash))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look for a new pack: %w", err)
		}
		if err == nil && size == p.Size {
			continue
		}
		if err := w.state.dropPending(p); err != nil {
			return err
		}
	}
	return nil
}

// storeObject stores one object and says which it was.
func storeObject(ctx context.Context, dst Destination, name string, data []byte) error {
	if err := dst.Put(ctx, name, data); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// secrets are those that the Writer was opened with, or the last that it took. They differ in who
// the owners are, and in nothing else.
func (w *Writer) secrets() *WriterSecrets { return w.taken.Load() }

// Take has the Writer go by what other secrets of the same writer say of the owners: whom packs
// and indexes are sealed to, and whose notes count. When it returns nothing more goes into packs
// that are sealed to whom it was before; what is in them by then stays, and is stored with
// the next commit. The Writer keeps s. Secrets of another writer are an error, ErrOtherVault
// if they are of another vault, and change nothing.
func (w *Writer) Take(s *WriterSecrets) error {
	switch old := w.secrets(); {
	case s.VaultID != old.VaultID:
		return fmt.Errorf("%w: the secrets are of vault %s, the writer of %s", ErrOtherVault, s.VaultID, old.VaultID)
	case !s.sameWriter(old):
		return fmt.Errorf("the secrets are of writer %s, not of %s", s.WriterID, old.WriterID)
	}
	w.taken.Store(s)
	return w.pipeline.sealFrom(s.sealTo())
}

// NewStream starts a stream of bytes to be stored.
func (w *Writer) NewStream() *Stream {
	return &Stream{pipeline: w.pipeline, chunker: chunker{table: w.pipeline.table}}
}

// Has reports whether a chunk is stored or on its way: whether the next Commit leaves
// it in the vault.
func (w *Writer) Has(id crypto.ID) (bool, error) { return w.pipeline.known(id) }

// Head returns number and hash of the last commit; 0 and "" before the first one.
func (w *Writer) Head() (seq uint64, hash string) {
	h := w.last.Load()
	return h.seq, h.hash.String()
}

// Set changes a value of the resume state: nil deletes it. It is seen by Get and Range
// at once and becomes durable with the next Commit, together with the records of that
// commit or not at all. A key is 1 to 1,024 bytes long, a value at most 4 MiB, or
// ErrTooLarge is returned. The value is copied.
func (w *Writer) Set(key string, value []byte) error { return w.resume.set(key, value) }

// Get returns a value of the resume state.
func (w *Writer) Get(key string) (value []byte, ok bool, err error) { return w.resume.get(key) }

// Range calls f for every key that starts with prefix, ascending. f may call Get and
// Set; what it sets may be seen later in the same Range or not. An error of f ends it
// and is returned as it is.
func (w *Writer) Range(prefix string, f func(key string, value []byte) error) error {
	return w.resume.each(prefix, f)
}

// Problems returns what OpenWriter saw to be wrong with the vault: objects that are
// gone or have another length, of those that this writer's commits need, and key files.
// It looked at names and lengths; Verify reads everything.
func (w *Writer) Problems() []*Problem {
	w.noticing.Lock()
	defer w.noticing.Unlock()
	return slices.Clone(w.problems)
}

// LostUpTo returns the number of the last commit of which nobody knows any more what
// it changed of the resume state, because its index was lost when the state had to be
// rebuilt; 0 if nothing is lost. The resume state then lacks changes up to that commit,
// and has later ones that build on them: only values that stand for themselves can
// be relied on.
func (w *Writer) LostUpTo() uint64 { return w.lost }

// Held returns about how many bytes of memory the resume state takes that was set since
// the last commit.
func (w *Writer) Held() int64 { return w.resume.size() }

// Tight reports whether the disk of the local state was full since the last commit, so
// that only a reserve made room: the next Commit should come before the disk is filled
// again.
func (w *Writer) Tight() bool { return w.state.reserve.used.Load() }

// FillReserve makes the reserve again, as far as there is room: for whoever has just made
// some. OpenWriter does so too.
func (w *Writer) FillReserve() { w.state.reserve.fill() }

// Stats returns what was done since the Writer was opened.
func (w *Writer) Stats() Stats { return w.pipeline.snapshot() }

// Close ends the work where it is, without a commit; a Commit under way fails. Packs
// that are stored already are remembered and belong to the next commit after the next
// OpenWriter.
func (w *Writer) Close() error {
	w.pipeline.shut()
	w.stop()
	w.committing.Lock()
	defer w.committing.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	return errors.Join(w.pipeline.close(), w.state.close())
}
