package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"telekeep/crypto"
	"telekeep/internal/durable"
)

// A head names a commit of the writer: number 0 before the first.
type head struct {
	seq  uint64
	hash string
}

// A journal is the folder of segments that hold every step since the last
// commit. See the package comment for its life.
type journal struct {
	dir  string
	id   crypto.Identity
	now  func() time.Time
	wrap wrapFile
	root *os.Root     // of dir
	tree durable.Tree // what changes in dir goes through it

	mu    sync.Mutex     // guards everything below once the replay is over
	base  head           // the commit that the chain builds upon
	chain []link         // segments to replay, oldest first
	next  int            // number of the next segment
	seg   *segmentWriter // being appended to; nil before the first append
	fresh []int          // segments that may not be durable, or whose names may not
	doubt map[int]bool   // segments of which an fsync failed
	after link           // the segment before seg, as far as it counts
	since time.Time      // of the oldest step; zero if there is none
}

// A link is a segment of the chain and how many of its entries count.
type link struct {
	number, ops int
	head        *segmentHead
}

// allOps stands for as many entries as are there.
const allOps = -1

// Recovery tells what a Writer found in its journal when it was opened.
type Recovery struct {
	Steps      int   // journal entries that were replayed
	Records    int   // records among them
	MediaBytes int64 // bytes of media among them
	InFlight   int   // media files that were begun and are not finished
	// Committed says that the vault already held the steps, because the process
	// ended between a commit and the clean-up behind it.
	Committed bool
	// Forgot is the number of a commit that is lost (chunkstore.Writer.LostUpTo), if
	// because of it all state but the list of stored media was forgotten: everything is
	// read once more. 0 otherwise.
	Forgot uint64
	// Damage is a *JournalDamage if a part of the journal could not be used, and
	// what it held must be fetched again; nil otherwise.
	Damage error
}

// A JournalDamage says where the journal could not be read further. What stood
// before that place was used.
type JournalDamage struct {
	Segment string // file name within the journal folder
	Entry   int    // entries of the segment that are good
	Err     error  // crypto.ErrDamaged, crypto.ErrWrongKey, or what reading it said
}

func (d *JournalDamage) Error() string {
	return fmt.Sprintf("journal segment %s behind entry %d: %v", d.Segment, d.Entry, d.Err)
}

// Unwrap returns Err.
func (d *JournalDamage) Unwrap() error { return d.Err }

// openJournal reads the heads of all segments and decides which to replay. The
// second value is what cannot be used, or nil.
func openJournal(dir string, id crypto.Identity, now func() time.Time, through throughTree) (*journal, *JournalDamage, error) {
	if err := durable.MkdirPath(dir, durable.PrivateDir); err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	j := &journal{dir: dir, id: id, now: now, wrap: plainFile, root: root, tree: through(durable.Below(root)), doubt: make(map[int]bool)}
	damage, err := j.findChain()
	if err != nil {
		return nil, nil, errors.Join(err, root.Close())
	}
	return j, damage, nil
}

// findChain is what openJournal does in the folder.
func (j *journal) findChain() (*JournalDamage, error) {
	numbers, err := j.list()
	if err != nil {
		return nil, err
	}
	heads := make(map[int]*segmentHead)
	var damage *JournalDamage
	for _, number := range numbers {
		j.next = max(j.next, number)
		h, err := peekSegment(j.dir, number, j.id)
		if err == nil {
			heads[number] = h
			continue
		}
		if other, ok := errors.AsType[*noDamage](err); ok {
			return nil, other.err
		}
		damage = &JournalDamage{segmentName(number), 0, err}
		if err := j.setAside(number); err != nil {
			return nil, err
		}
	}
	j.next++
	j.chain = chainOf(heads)
	end := 0
	if n := len(j.chain); n > 0 {
		h := j.chain[0].head
		j.base, j.since, end = head{h.Seq, h.Hash}, time.Unix(h.Since, 0), j.chain[n-1].number
	}
	for number := range heads {
		if number > end && damage == nil {
			damage = &JournalDamage{segmentName(number), 0, fmt.Errorf("%w: the segment before it is gone", crypto.ErrDamaged)}
		}
	}
	return damage, nil
}

// list returns the numbers of all segments, ascending, and removes files that
// were never finished.
func (j *journal) list() ([]int, error) {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, e := range entries {
		if number := segmentNumber(e.Name()); number > 0 {
			numbers = append(numbers, number)
		}
		if name, ok := strings.CutSuffix(e.Name(), doubtSuffix); ok && segmentNumber(name) > 0 {
			j.doubt[segmentNumber(name)] = true
		}
		if strings.HasSuffix(e.Name(), segmentSuffix+".tmp") {
			if err := j.tree.Remove(e.Name()); err != nil {
				return nil, err
			}
		}
	}
	return numbers, nil
}

// setAside renames a segment that does not open. It may be damaged, but it may
// also belong to another writer, so it is not removed.
func (j *journal) setAside(number int) error {
	return j.tree.Rename(segmentName(number), segmentName(number)+".unreadable", true)
}

// chainOf finds the segments that belong together: the last one that stands on
// its own, and then always the last that builds upon the one before. Others were
// given up earlier.
func chainOf(heads map[int]*segmentHead) []link {
	at := link{ops: allOps}
	for number, h := range heads {
		if h.After == 0 && number > at.number {
			at.number, at.head = number, h
		}
	}
	var chain []link
	for at.number > 0 {
		chain = append(chain, at)
		following := link{ops: allOps}
		for number, h := range heads {
			if h.After == at.number && number > at.number && number > following.number && h.Seq == at.head.Seq && h.Hash == at.head.Hash {
				following.number, following.head = number, h
			}
		}
		if following.number > 0 {
			chain[len(chain)-1].ops = following.head.AfterOps
		}
		at = following
	}
	return chain
}

// replay calls step for every entry of the chain, in order. Where the journal is
// damaged, or step finds an entry impossible (errBadStep), it ends there and
// returns the damage; other errors of step are returned as they are. Segments
// that do not count are removed.
func (j *journal) replay(ctx context.Context, step func(*op) error) (*JournalDamage, error) {
	var damage *JournalDamage
	used := 0
	for _, l := range j.chain {
		n, err := j.replaySegment(ctx, l, step)
		used++
		j.after = link{number: l.number, ops: n}
		if other, ok := errors.AsType[*noDamage](err); ok {
			return nil, other.err
		}
		if err != nil {
			damage = &JournalDamage{segmentName(l.number), n, err}
			break
		}
	}
	j.chain = j.chain[:used]
	for _, l := range j.chain {
		j.fresh = append(j.fresh, l.number) // its process may have been killed
	}
	return damage, j.removeAllBut(j.chain)
}

// A noDamage is a failure that says nothing about what is in the journal.
type noDamage struct{ err error }

func (e *noDamage) Error() string { return e.err.Error() }

// errBadStep says that an entry of the journal cannot follow the ones before.
var errBadStep = fmt.Errorf("%w: an entry does not fit the ones before", crypto.ErrDamaged)

// replaySegment returns how many entries were good.
func (j *journal) replaySegment(ctx context.Context, l link, step func(*op) error) (int, error) {
	s, err := openSegment(j.dir, l.number, j.id)
	if err != nil {
		return 0, err
	}
	defer s.close()
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return n, &noDamage{err}
		}
		if n == l.ops {
			return n, nil
		}
		o, err := s.next()
		switch {
		case err == io.EOF && l.ops == allOps:
			return n, nil
		case err == io.EOF:
			return n, fmt.Errorf("%w: %d entries should be there", crypto.ErrDamaged, l.ops)
		case err != nil:
			return n, err
		}
		if err := step(o); errors.Is(err, errBadStep) {
			return n, err
		} else if err != nil {
			return n, &noDamage{err}
		}
	}
}

// append adds one step. ErrTooLarge leaves the journal as it was, and so does a full disk,
// which isNoSpace tells; after any other error it takes nothing more.
func (j *journal) append(o *op) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	since := j.since
	if since.IsZero() {
		since = j.now()
	}
	if j.seg == nil {
		seg, err := createSegment(j.tree, j.next, j.headOf(since), nil, false, j.id.Recipient(), j.wrap)
		if err != nil {
			return fmt.Errorf("start a journal segment: %w", err)
		}
		j.seg, j.fresh = seg, append(j.fresh, seg.number)
		j.next++
	}
	err := j.seg.append(o)
	if err == nil {
		j.since = since
	} else if isNoSpace(err) {
		j.after = link{number: j.seg.number, ops: j.seg.ops} // where a new one goes on
		j.seg.giveUp()
		j.seg = nil
	}
	return err
}

func (j *journal) headOf(since time.Time) *segmentHead {
	return &segmentHead{Seq: j.base.seq, Hash: j.base.hash, After: j.after.number, AfterOps: j.after.ops, Since: since.Unix()}
}

// sync makes every step so far survive a power cut.
func (j *journal) sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.seg != nil {
		if err := j.seg.frames.Sync(); err != nil {
			j.note(j.seg.number)
			return err
		}
	}
	if len(j.fresh) == 0 {
		return nil
	}
	for _, number := range j.fresh {
		if j.doubt[number] {
			if err := j.write(number); err != nil {
				return err
			}
			continue
		}
		if err := j.tree.Sync(segmentName(number)); err != nil {
			j.note(number)
			return err
		}
	}
	j.fresh = nil
	return j.tree.SyncDir(".")
}

// doubtSuffix is what the name of a note has behind that of a segment: that an fsync of it failed.
// The next one may say that all is well and have kept nothing, in whatever process.
const doubtSuffix = ".doubt"

// note leaves one for the processes that come. Where even that cannot be written they do not
// know; then a power cut may cost what they read there.
func (j *journal) note(number int) {
	j.doubt[number] = true
	f, err := j.tree.Create(segmentName(number)+doubtSuffix, durable.PrivateFile)
	if err == nil {
		_ = f.Close() // it is empty
	}
}

// write makes a segment durable that no fsync makes: what can be read of it is written anew.
func (j *journal) write(number int) error {
	name := segmentName(number)
	from, err := j.root.Open(name)
	if err != nil {
		return err
	}
	defer from.Close() // read only
	to, err := createAnew(j.tree, name+".tmp")
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		return errors.Join(err, j.tree.Remove(name+".tmp"))
	}
	if err := j.tree.Rename(name+".tmp", name, true); err != nil {
		return err
	}
	if err := j.tree.SyncDir("."); err != nil {
		return err
	}
	return j.settle(number)
}

// settle removes the note about a segment, if there is one.
func (j *journal) settle(number int) error {
	if !j.doubt[number] {
		return nil
	}
	if err := j.tree.Remove(segmentName(number) + doubtSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(j.doubt, number)
	return nil
}

// forked reports whether the vault's last commit is another than the one built upon.
func (j *journal) forked(now head) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.base != now
}

// rotate starts over behind a commit: carry holds the steps that are still
// needed. When it returns, all older segments are gone.
func (j *journal) rotate(base head, carry []*op) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.closeSegment(); err != nil {
		return err
	}
	j.base, j.after, j.since, j.fresh = base, link{}, time.Time{}, nil
	if len(carry) == 0 {
		return j.removeAllBut(nil)
	}
	seg, err := j.carryOver(carry)
	if isNoSpace(err) {
		// The old segments fill the disk. Without them a kill costs what is carried.
		if err = j.removeAllBut(nil); err == nil {
			seg, err = j.carryOver(carry)
		}
	}
	if err != nil {
		return fmt.Errorf("start a journal segment: %w", err)
	}
	j.seg = seg
	j.next++
	return j.removeAllBut([]link{{number: seg.number}})
}

func (j *journal) carryOver(carry []*op) (*segmentWriter, error) {
	return createSegment(j.tree, j.next, j.headOf(j.now()), carry, true, j.id.Recipient(), j.wrap)
}

// removeAllBut removes all other segments, newest first: whatever a crash leaves
// behind is then a chain without its end, never one without its start.
func (j *journal) removeAllBut(keep []link) error {
	numbers, err := j.list()
	if err != nil {
		return err
	}
	slices.Reverse(numbers)
	for _, number := range numbers {
		if slices.ContainsFunc(keep, func(l link) bool { return l.number == number }) {
			continue
		}
		if err := j.tree.Remove(segmentName(number)); err != nil {
			return err
		}
		if err := j.settle(number); err != nil {
			return err
		}
	}
	return nil
}

// sinceOldest returns when the oldest step was made; the zero time if there is
// none.
func (j *journal) sinceOldest() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.since
}

func (j *journal) close() error {
	err := j.sync()
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(err, j.closeSegment(), j.root.Close())
}

func (j *journal) closeSegment() error {
	if j.seg == nil {
		return nil
	}
	seg := j.seg
	j.seg = nil
	return seg.close()
}
