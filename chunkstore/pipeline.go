package chunkstore

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"telekeep/crypto"
)

// A pipeline turns chunks into stored packs:
//
//	submit ─▶ jobs ─▶ workers: id, known?, zstd ─▶ open packs ─▶ finished ─▶ sealed ─▶ putters
//	         (few)    (one a core)                └───────── three in all ────────┘     (two)
//
// All lists are short and whoever comes too early waits, so memory is bounded by the
// lists and not by what is stored. A pack whose Put fails stays where it is and
// everything behind it waits: nothing that was submitted is lost, and retry goes on.
type pipeline struct {
	state   *state
	table   *cutTable
	put     func(name string, data []byte) error
	limits  pipelineLimits
	buffers chunkBuffers
	running sync.WaitGroup

	compressors compressors

	mu       sync.Mutex
	changed  *sync.Cond // of anything below
	jobs     []job
	working  int  // jobs taken and not done
	held     bool // flush waits: no new jobs
	closed   bool
	putErr   error                  // of a Put; its pack is still in sealed. Cleared by retry.
	fatal    error                  // a chunk was lost: the pipeline is of no use any more
	claims   map[crypto.ID]struct{} // chunks that are on the way and not yet in state
	open     []*openPack
	finished []*openPack // full, and not hashed to their ends
	sealed   []*sealedPack
	memory   [][]byte // unused memory for packs
	lent     int      // pieces of memory in open, finished and sealed
	stats    Stats
	sealTo   crypto.Recipient // of packs that are opened from now on
}

// putters is how many packs are stored at once: at a commit all open packs are due, and
// a destination far away answers late.
const putters = 2

type pipelineLimits struct {
	packSize  int // file length of a full pack
	openPacks int
	workers   int
	hashTwo   bool // packs at once
}

// A job is one chunk on its way.
type job struct {
	stream *Stream
	number int // of the chunk within the stream
	data   []byte
}

// Stats says what a Writer did since it was opened.
type Stats struct {
	BytesIn   int64 // plaintext cut into chunks
	BytesNew  int64 // of it, in chunks that were not stored before
	ChunksIn  int64
	ChunksNew int64
	Packs     int64 // stored
	PackBytes int64 // their file lengths
	Commits   int64
}

func newPipeline(s *state, keys *WriterSecrets, l pipelineLimits, put func(name string, data []byte) error) (*pipeline, error) {
	p := &pipeline{
		state:  s,
		sealTo: keys.sealTo(),
		table:  newCutTable(keys.ChunkerKey),
		put:    put,
		limits: l,
		claims: make(map[crypto.ID]struct{}),
	}
	p.changed = sync.NewCond(&p.mu)
	for range l.workers {
		w := &worker{pipeline: p, hasher: keys.IDKey.Hasher()}
		p.running.Go(w.run)
	}
	for range putters {
		p.running.Go(p.putSealed)
	}
	return p, nil
}

// stopped returns why nothing can go on, whatever anybody does.
func (p *pipeline) stopped() error {
	if p.closed {
		return ErrClosed
	}
	return p.fatal
}

// failed returns why nothing goes on at the moment.
func (p *pipeline) failed() error {
	if err := p.stopped(); err != nil {
		return err
	}
	return p.putErr
}

// submit hands over one chunk; the pipeline owns data from then on. If it fails
// nothing was taken and the same call may be made again later.
func (p *pipeline) submit(j job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if err := p.failed(); err != nil {
			return err
		}
		if !p.held && len(p.jobs) < p.limits.workers {
			break
		}
		p.changed.Wait()
	}
	p.jobs = append(p.jobs, j)
	p.stats.ChunksIn++
	p.stats.BytesIn += int64(len(j.data))
	j.stream.submitted(len(j.data))
	p.changed.Broadcast()
	return nil
}

// next takes a job; false means that there will be no more.
func (p *pipeline) next() (job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stopped() == nil && len(p.jobs) == 0 {
		p.changed.Wait()
	}
	if p.stopped() != nil {
		return job{}, false
	}
	j := p.jobs[0]
	p.jobs = append(p.jobs[:0], p.jobs[1:]...) // a few elements
	p.working++
	p.changed.Broadcast()
	return j, true
}

// done ends a job. An error means that the chunk is in no pack.
func (p *pipeline) done(j job, err error) {
	p.buffers.put(j.data)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.working--
	if err != nil && p.stopped() == nil {
		p.fatal = fmt.Errorf("store a chunk: %w", err)
	}
	p.changed.Broadcast()
}

// claim makes the caller the one who stores a chunk; false means that it is stored
// already or somebody else is at it.
func (p *pipeline) claim(id crypto.ID) (bool, error) {
	p.mu.Lock()
	_, taken := p.claims[id]
	if !taken {
		p.claims[id] = struct{}{}
	}
	p.mu.Unlock()
	if taken {
		return false, nil
	}
	known, err := p.state.has(id)
	if known || err != nil {
		p.mu.Lock()
		delete(p.claims, id)
		p.mu.Unlock()
	}
	return !known && err == nil, err
}

// known reports whether a chunk is stored or on its way.
func (p *pipeline) known(id crypto.ID) (bool, error) {
	p.mu.Lock()
	_, taken := p.claims[id]
	p.mu.Unlock()
	if taken {
		return true, nil
	}
	return p.state.has(id)
}

// flush waits until every chunk that was submitted before is in a pack that is stored
// and in the state. Nobody else can submit meanwhile.
func (p *pipeline) flush(ctx context.Context) error {
	defer context.AfterFunc(ctx, p.wake)()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = true
	defer func() {
		p.held = false
		p.changed.Broadcast()
	}()
	for len(p.jobs)+p.working+len(p.open)+len(p.finished)+len(p.sealed) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := p.failed()
		switch {
		case err != nil && !p.storing():
			return err
		case err == nil && len(p.jobs) == 0 && p.working == 0 && len(p.open) > 0:
			p.closePack(p.open[0], false) // unlocks meanwhile
		case err == nil && len(p.jobs) == 0 && p.working == 0 && p.hashFinished(): // it too
		default:
			p.changed.Wait()
		}
	}
	return p.failed()
}

// storing reports whether a Put is under way: its error, if it comes to one, must not
// arrive after the next retry.
func (p *pipeline) storing() bool {
	return slices.ContainsFunc(p.sealed, func(k *sealedPack) bool { return k.busy })
}

// retry lets the putters try again after an error.
func (p *pipeline) retry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.putErr = nil
	p.changed.Broadcast()
}

func (p *pipeline) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

// snapshot returns the figures so far.
func (p *pipeline) snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// shut ends all work where it is. What is in no stored pack is given up.
func (p *pipeline) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.changed.Broadcast()
}

// close is shut, and waits until all memory is given back.
func (p *pipeline) close() error {
	p.shut()
	p.running.Wait()
	for _, k := range slices.Concat(p.open, p.finished) {
		p.memory = append(p.memory, k.builder.content.Sealed())
	}
	for _, k := range p.sealed {
		p.memory = append(p.memory, k.data)
	}
	p.open, p.finished, p.sealed = nil, nil, nil
	return p.freeMemory()
}

// committed counts a commit.
func (p *pipeline) committed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Commits++
}
