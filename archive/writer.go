package archive

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// Keys of the resume state that belong to the archive: what of each media file
// is stored, and how far those in flight got.
const (
	statePrefixMedia   = "media/"
	statePrefixPartial = "partial/"
)

// Limits of the resume state, in bytes. What exceeds them is refused before it is
// in the journal, because a replay could not get past it.
const (
	maxStateKey   = 1 << 10
	maxStateValue = 4 << 20
	maxMediaKey   = maxStateKey / 2
)

// Defaults of WriterOptions.
const (
	// DefaultDueBytes keeps the number of packs and indexes of a commit small
	// against its content, and the journal within what a small machine has free.
	DefaultDueBytes = 512 << 20
	// DefaultDueAge is how long a message may exist only on the machine that
	// fetched it; rarely enough that a quiet account makes few small packs.
	DefaultDueAge = 10 * time.Minute
	// DefaultIdleBytes holds what some tens of parallel downloads had in memory
	// when they broke, so that trying again costs nothing.
	DefaultIdleBytes = 64 << 20
)

// WriterOptions says how a Writer works.
type WriterOptions struct {
	// Journal is the folder of the write-ahead journal, on a local disk. It is
	// made if it does not exist and belongs to this Writer alone. Between two
	// commits it grows by as many bytes as are fetched.
	Journal string
	// Secrets are those of the vault's writer; the journal is sealed to their
	// index identity.
	Secrets *chunkstore.WriterSecrets
	// DueBytes is how many new bytes make a commit due; 0 means DefaultDueBytes.
	DueBytes int64
	// DueAge is how old the oldest uncommitted step may get before a commit is
	// due; 0 means DefaultDueAge.
	DueAge time.Duration
	// IdleBytes is how much memory media files may keep that nobody is fetching
	// any more; the ones given up first go back to their last stored chunk. 0
	// means DefaultIdleBytes.
	IdleBytes int64
	// Now gives the time that is stored; nil means time.Now.
	Now func() time.Time

	through throughTree // nil means plainTree
}

func (o *WriterOptions) setDefaults() error {
	if o.Journal == "" || o.Secrets == nil || o.Secrets.IndexIdentity.IsZero() {
		return errors.New("archive writer: a journal folder and the writer's secrets are needed")
	}
	if o.DueBytes == 0 {
		o.DueBytes = DefaultDueBytes
	}
	if o.DueAge == 0 {
		o.DueAge = DefaultDueAge
	}
	if o.IdleBytes == 0 {
		o.IdleBytes = DefaultIdleBytes
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default
	}
	if o.through == nil {
		o.through = plainTree
	}
	return nil
}

// A Writer adds records, resume state and media to a vault. Every step is in the
// journal before it has its effect, so a process that is killed at any moment
// loses nothing but the calls that had not returned. Several accounts share one
// Writer. All methods are safe for use by many goroutines at once.
type Writer struct {
	store   store
	options WriterOptions
	journal *journal
	found   Recovery
	// forgetting is set while the journal is replayed onto a state that was forgotten.
	forgetting bool
	// commitFirst makes the next step wait for a commit: of what was forgotten.
	commitFirst atomic.Bool

	// gate is held shared by every step and alone by Commit, so that a commit
	// holds whole steps.
	gate   sync.RWMutex
	closed bool                    // under gate
	broken atomic.Pointer[failure] // set once
	bytes  atomic.Int64            // taken since the last commit
	dirty  atomic.Bool             // a step was taken since the last commit
	// stepped is when the last step was taken, Unix nanoseconds.
	stepped atomic.Int64

	// state guards the fields below and the order of records: a step's journal
	// entry and its effect are made under it. Bytes of media in flight are not
	// under it.
	state   sync.Mutex
	records stream                 // the end of the coming commit's record stream; nil if it is in roots
	piece   int                    // bytes in records
	roots   []crypto.ID            // chunks of the record stream before records
	media   map[MediaKey]*transfer // begun and not finished
	idle    []*transfer            // of those, the ones without a MediaWriter, oldest first
	used    bool                   // the store remembers steps that no commit holds
	counts  Summary                // what the coming commit will hold, without Bytes
}

// A Batch is records and resume state that count together or not at all: a page
// of messages with the cursor that says they are stored.
type Batch struct {
	Records []*Record
	// State holds values of up to 4 MiB by keys of 1 to 1,024 bytes; a nil value
	// deletes the key. Keys that start with "media/" or "partial/", and
	// "archive/forgotten", are the archive's own.
	State map[string][]byte
	// Soft says that State is worth no commit: it is found out again at no cost, like the
	// date of an update that brought nothing. Get and Range show it at once, and the next
	// commit that something else makes holds it; if none comes it is gone with the
	// process. A Batch with Records is never soft.
	Soft bool
}

// A Summary says what a commit holds.
type Summary struct {
	Commit     *chunkstore.Commit // nil if there was nothing new
	Records    int                // records of all kinds
	MediaFiles int                // media files finished
	Bytes      int64              // of records, state and media that were taken
}

// OpenWriter opens a Writer on an open vault and replays what the journal holds.
// A damaged journal is no error: see Recovered. It is chunkstore.ErrRollback if
// the journal builds upon a commit that the vault does not have.
//
// store must have been opened for this Writer: steps of an earlier one that no
// commit holds must be gone. The Writer does not close it.
func OpenWriter(ctx context.Context, store *chunkstore.Writer, o WriterOptions) (*Writer, error) {
	return openWriter(ctx, vaultStore{store}, o)
}

// Recovered tells what the journal held when the Writer was opened.
func (w *Writer) Recovered() Recovery { return w.found }

// Apply takes a batch: into the journal first, as one entry, and then into the
// record stream and the state. A batch is at most 64 MiB (ErrTooLarge). Records
// get their Version set where it is 0; they are not kept.
//
// Where the disk of the journal is full, this and all other steps make a commit, which
// empties the journal. If that makes no room either, they return what the system says
// and have done nothing: the same call can be made again.
func (w *Writer) Apply(ctx context.Context, b Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o, err := batchOp(b)
	if err != nil {
		return err
	}
	return w.step(ctx, func() error {
		w.state.Lock()
		defer w.state.Unlock()
		if b.Soft && len(b.Records) == 0 {
			return w.applySoft(b.State)
		}
		return w.do(o, w.applyBatch)
	})
}

// applySoft takes state that is in no journal.
func (w *Writer) applySoft(state map[string][]byte) error {
	for key, value := range state {
		if err := w.store.Set(key, value); err != nil {
			return w.fail(err)
		}
	}
	return nil
}

// batchOp encodes b.
func batchOp(b Batch) (*op, error) {
	for key, value := range b.State {
		if err := checkState(key, value); err != nil {
			return nil, err
		}
	}
	o := &op{Kind: opBatch, Records: len(b.Records), State: b.State}
	for _, r := range b.Records {
		var err error
		if o.body, err = AppendRecord(o.body, r); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func checkState(key string, value []byte) error {
	switch {
	case strings.HasPrefix(key, statePrefixMedia), strings.HasPrefix(key, statePrefixPartial), key == stateForgotten:
		return fmt.Errorf("%w: %q", ErrReservedKey, key)
	case key == "":
		return errors.New("a state key is empty")
	case len(key) > maxStateKey || len(value) > maxStateValue:
		return fmt.Errorf("state: %w: a key of %d bytes with a value of %d", ErrTooLarge, len(key), len(value))
	}
	return nil
}

// Get returns the value of a state key as of the last batch, committed or not;
// false if there is none.
func (w *Writer) Get(key string) ([]byte, bool, error) { return w.store.Get(key) }

// Range calls f for every state key with the prefix, in ascending order, as Get
// would return them. An error of f ends it and is returned.
func (w *Writer) Range(prefix string, f func(key string, value []byte) error) error {
	return w.store.Range(prefix, f)
}

// HasMedia reports whether this writer has stored a media file, and its size in
// bytes. What another writer of the vault stored it does not know; storing it
// again costs the download and no space.
func (w *Writer) HasMedia(key MediaKey) (size int64, ok bool, err error) {
	value, ok, err := w.store.Get(statePrefixMedia + string(key))
	if err != nil || !ok {
		return 0, false, err
	}
	size, err = strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("size of media %s: %w", key, crypto.ErrDamaged)
	}
	return size, true, nil
}

// Sync makes every step so far survive a power cut. Without it, that costs
// fetching again what the disk had not written; a killed process costs nothing.
func (w *Writer) Sync() error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if err := w.usable(); err != nil {
		return err
	}
	return w.fail(w.journal.sync())
}

// dueHeld is how much memory the resume state may take before a commit is due: a
// million messages change hundreds of thousands of its values.
const dueHeld = 16 << 20

// What is not committed takes memory: open packs, and what makes new ones. Where nothing
// came for quietAge, a commit sets it free as soon as it is worth a pack.
const (
	quietAge   = time.Minute
	quietBytes = 8 << 20
)

// Due reports whether a commit is due: by DueBytes, by DueAge, or because of the memory
// that what is not committed takes, above all while nothing comes.
func (w *Writer) Due() bool {
	bytes := w.bytes.Load()
	if bytes == 0 || bytes >= w.options.DueBytes || w.store.Held() >= dueHeld {
		return bytes > 0
	}
	now := w.options.Now()
	if bytes >= quietBytes && now.UnixNano()-w.stepped.Load() >= int64(quietAge) {
		return true
	}
	since := w.journal.sinceOldest()
	return !since.IsZero() && now.Sub(since) >= w.options.DueAge
}

// Pending reports whether a step was taken that no commit holds.
func (w *Writer) Pending() bool { return w.dirty.Load() }

// Close ends the Writer without a commit. What was not committed is in the
// journal, which is made durable; OpenWriter goes on from there. MediaWriters
// must not be used any more.
func (w *Writer) Close() error {
	w.gate.Lock()
	defer w.gate.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	for _, t := range w.media {
		t.stream.Abort()
	}
	if w.records != nil {
		w.records.Abort()
	}
	return w.journal.close()
}

// A failure is why a Writer is broken.
type failure struct{ err error }

// usable returns why no step can be taken, or nil. The caller holds gate.
func (w *Writer) usable() error {
	if w.closed {
		return ErrClosed
	}
	if f := w.broken.Load(); f != nil {
		return fmt.Errorf("%w: %w", ErrBroken, f.err)
	}
	return nil
}

// fail makes the first failure of a step final: memory, journal and store may
// disagree from there on, and only a replay brings them together again.
func (w *Writer) fail(err error) error {
	if err == nil || errors.Is(err, ErrBroken) {
		return err
	}
	w.broken.CompareAndSwap(nil, &failure{err})
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
