package copies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync/atomic"

	"telekeep/chunkstore"
)

// A plan is what a copy lacks and where it is.
type plan struct {
	sources []source
	where   map[string]uint64            // what the copy lacks ▶ which sources list it
	there   map[string]int64             // what the copy holds ▶ length
	held    map[string][]uint64          // writer ▶ numbers of its commits that the copy holds, ascending
	removed map[string]chunkstore.Object // key files that an owner has removed
	small   []*object                    // keys, secrets, entries of writers, in the order in which they go
	steps   []step                       // commits, in the order in which they go
	loose   []item                       // packs and indexes that no step needs, and packs that wait in the spool
	lack    Lack
	blocked bool // something is lacking that could not be planned

	unasked atomic.Bool // a place is away, or failed when it was asked
}

// whole reports whether every other place was asked and answered: what none of them has is
// lost then.
func (p *plan) whole() bool { return !p.unasked.Load() }

// A step is one commit that a copy lacks, with what it needs.
type step struct {
	commit *chunkstore.Commit
	file   []byte
	needs  []item // packs and index that the copy lacks
}

func (p *plan) empty() bool { return len(p.small)+len(p.steps)+len(p.loose) == 0 }

// plan lists the copy and everything else, and finds out what lacks. It reads the commits
// that lack, to know what they need.
func (c *catchUp) plan(ctx context.Context, sources []source) (*plan, error) {
	p := &plan{sources: sources, where: make(map[string]uint64), there: make(map[string]int64), held: make(map[string][]uint64)}
	p.unasked.Store(!c.set.asks(sources))
	err := listWithin(ctx, c.handle.driver, "", func(name string, size int64) error {
		p.there[name] = size
		if n := chunkstore.ParseName(name); n.Kind == chunkstore.CommitObject {
			p.held[n.Writer] = append(p.held[n.Writer], n.Seq) // names come in the order of the numbers
		}
		return nil
	})
	if err != nil {
		return nil, c.to.failed(ctx, c.handle, err)
	}
	if err := c.refreshHeads(ctx, p); err != nil {
		return nil, err
	}
	for i, src := range sources {
		if err := p.list(ctx, i, src); err != nil {
			return nil, err
		}
	}
	entries, err := c.planSmall(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := c.planCommits(ctx, p, entries); err != nil {
		return nil, err
	}
	c.planWaiting(p)
	if err := c.planHoles(ctx, p); err != nil {
		return nil, err
	}
	p.measure()
	return p, nil
}

// refreshHeads reads the last commits of writers that went on since the copy was opened:
// other machines.
func (c *catchUp) refreshHeads(ctx context.Context, p *plan) error {
	found := finding{heads: make(map[string]chunkstore.Head)}
	for writer, seqs := range p.held {
		if last := seqs[len(seqs)-1]; last > c.to.head(writer).Seq {
			if err := found.readHead(ctx, c.handle.driver, c.set.o.Vault, writer, last); err != nil {
				return c.to.failed(ctx, c.handle, err)
			}
		}
	}
	if found.barred != nil {
		c.to.bar(c.handle, found.barred)
		return fmt.Errorf("copy %s: %w", c.to.Name, found.barred)
	}
	return c.to.advance(found.heads)
}

// list notes what a source holds that the copy lacks. A source that fails is asked no more.
func (p *plan) list(ctx context.Context, i int, src source) error {
	err := listWithin(ctx, src.dst, "", func(name string, _ int64) error {
		if _, ok := p.there[name]; !ok && chunkstore.ParseName(name).Kind != chunkstore.ForeignObject {
			p.where[name] |= 1 << i
		}
		return nil
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		if src.failed == nil {
			return fmt.Errorf("spool: %w", err)
		}
		src.failed(ctx, err)
		p.unasked.Store(true)
	}
	return nil
}

// lackingCommits returns the writers of which the copy lacks commits, with the numbers of
// those, ascending.
func (p *plan) lackingCommits() map[string][]uint64 {
	found := make(map[string][]uint64)
	for name := range p.where {
		if n := chunkstore.ParseName(name); n.Kind == chunkstore.CommitObject {
			found[n.Writer] = append(found[n.Writer], n.Seq)
		}
	}
	for _, seqs := range found {
		slices.Sort(seqs)
	}
	return found
}

// planCommits reads the commits that lack, checks them, and finds what they need.
func (c *catchUp) planCommits(ctx context.Context, p *plan, entries map[string]*chunkstore.WriterEntry) error {
	for writer, seqs := range p.lackingCommits() {
		entry := entries[writer]
		if entry == nil {
			p.blocked = true
			continue
		}
		steps, err := c.planChain(ctx, p, entry, seqs)
		if err != nil {
			return err
		}
		p.steps = mergeSteps(p.steps, steps)
	}
	taken := make(map[string]bool)
	for i := range p.steps {
		p.steps[i].needs = p.needs(p.steps[i].commit, taken)
	}
	return nil
}

// planChain reads the commits of one writer. It ends at one that does not follow on what is
// there, because nothing may follow on that.
func (c *catchUp) planChain(ctx context.Context, p *plan, entry *chunkstore.WriterEntry, seqs []uint64) ([]step, error) {
	var steps []step
	for _, seq := range seqs {
		name := chunkstore.CommitName(entry.ID, seq)
		var commit *chunkstore.Commit
		file, err := c.fetch(ctx, p, item{name: name, size: chunkstore.MaxCommit}, false, nil, func(data []byte) (err error) {
			commit, err = chunkstore.ParseCommit(name, data, c.set.o.Vault, entry)
			return err
		})
		if err == nil {
			err = c.follows(ctx, p, steps, commit)
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			steps = append(steps, step{commit: commit, file: file})
		case errors.Is(err, ErrLost) && p.whole():
			c.absent(name) // it will never be found: later ones are worth more than the order
		case errors.Is(err, ErrLost):
			c.absent(name)
			return steps, nil
		case problemOf(name, err) == chunkstore.ProblemUnreadable:
			return nil, err
		default:
			p.blocked = true
			c.bad("", name, err)
			return steps, nil
		}
	}
	return steps, nil
}

// follows checks that a commit follows on the one before it: the last one that was planned,
// or one that the copy holds.
func (c *catchUp) follows(ctx context.Context, p *plan, steps []step, commit *chunkstore.Commit) error {
	before := p.before(commit.Writer, commit.Seq)
	var previous chunkstore.Hash
	if n := len(steps); n > 0 && steps[n-1].commit.Seq > before {
		before, previous = steps[n-1].commit.Seq, steps[n-1].commit.Hash
	} else if before > 0 {
		data, err := readSmall(ctx, c.handle.driver, chunkstore.CommitName(commit.Writer, before), chunkstore.MaxCommit)
		if err != nil {
			return c.to.failed(ctx, c.handle, err)
		}
		previous = chunkstore.HashOf(data)
	}
	if commit.Previous == previous || c.gap(ctx, p, commit, before, previous) {
		return nil
	}
	return fmt.Errorf("%w: it does not follow on commit %d of copy %s", chunkstore.ErrChain, before, c.to.Name)
}

// gap reports whether the commits between one that the copy will hold and a later one are
// lost everywhere, and not just others: every place is there, and where the later one comes
// from the earlier one is the same.
func (c *catchUp) gap(ctx context.Context, p *plan, commit *chunkstore.Commit, before uint64, previous chunkstore.Hash) bool {
	if !p.whole() || commit.Previous.IsZero() {
		return false
	}
	name := chunkstore.CommitName(commit.Writer, before)
	for i, src := range p.sources {
		if p.where[chunkstore.CommitName(commit.Writer, commit.Seq)]&(1<<i) == 0 || skipped(ctx, src, commit, before) {
			continue
		}
		if before == 0 {
			return true
		}
		data, err := readSmall(ctx, src.dst, name, chunkstore.MaxCommit)
		if err == nil && chunkstore.HashOf(data) == previous {
			return true
		}
	}
	return false
}

// skipped reports whether a source holds commits between two after all: a list that is made
// while somebody writes may show a later one and not an earlier one. It looks at the last
// hundred numbers.
func skipped(ctx context.Context, src source, commit *chunkstore.Commit, before uint64) bool {
	for seq := commit.Seq - 1; seq > before && seq+100 > commit.Seq; seq-- {
		if _, err := src.dst.Stat(ctx, chunkstore.CommitName(commit.Writer, seq)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// before returns the number of the commit of a writer that the copy holds before another; 0
// if there is none.
func (p *plan) before(writer string, seq uint64) uint64 {
	held := p.held[writer]
	if i, _ := slices.BinarySearch(held, seq); i > 0 {
		return held[i-1]
	}
	return 0
}

// mergeSteps puts the commits of several writers in the order of their times, each writer's
// own order untouched.
func mergeSteps(a, b []step) []step {
	merged := make([]step, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].commit.Time.After(b[0].commit.Time) {
			a, b = b, a
		}
		merged, a = append(merged, a[0]), a[1:]
	}
	return append(append(merged, a...), b...)
}

// needs returns the packs and the index of a commit that the copy lacks and that are not
// taken yet, and takes them.
func (p *plan) needs(commit *chunkstore.Commit, taken map[string]bool) []item {
	var needs []item
	for _, n := range neededBy(commit) {
		if size, ok := p.there[n.name]; ok && size == n.size || taken[n.name] {
			continue
		}
		taken[n.name] = true
		needs = append(needs, n)
	}
	return needs
}

// neededBy returns what must be there before a commit: its packs and its index.
func neededBy(commit *chunkstore.Commit) []item {
	var needed []item
	for _, o := range commit.Packs {
		needed = append(needed, item{chunkstore.PackName(o.Hash), o.Size, o.Hash})
	}
	return append(needed, item{chunkstore.IndexName(commit.Writer, commit.Seq), commit.Index.Size, commit.Index.Hash})
}

// planWaiting plans the packs that wait in the spool and that no commit needs yet.
func (c *catchUp) planWaiting(p *plan) {
	if c.set.spool == nil {
		return
	}
	needed := make(map[string]bool)
	for _, s := range p.steps {
		for _, n := range s.needs {
			needed[n.name] = true
		}
	}
	for _, w := range c.set.spool.waitingPacks() {
		if _, ok := p.there[w.name]; !ok && !needed[w.name] && p.where[w.name] != 0 {
			p.loose = append(p.loose, w)
		}
	}
}

// planHoles plans packs and indexes that the copy has lost: commits that it holds list them,
// and no later one retires them. It reads those commits only if another place holds something
// that nothing else explains.
func (c *catchUp) planHoles(ctx context.Context, p *plan) error {
	unexplained := p.unexplained(c.set)
	if len(unexplained) == 0 {
		return nil
	}
	holes := make(map[string]item)
	for writer, seqs := range p.held {
		for _, seq := range seqs {
			commit, err := c.readHeld(ctx, chunkstore.CommitName(writer, seq))
			if err != nil {
				return err
			}
			if commit != nil {
				noteHoles(holes, commit, unexplained)
			}
		}
	}
	for _, n := range holes {
		delete(unexplained, n.name)
		p.loose = append(p.loose, n)
	}
	c.set.noteOrphans(unexplained)
	slices.SortFunc(p.loose, func(a, b item) int { return cmp.Compare(a.name, b.name) })
	return nil
}

// noteHoles adds what a commit needs and is not there, and takes away what it retires.
func noteHoles(holes map[string]item, commit *chunkstore.Commit, lacking map[string]bool) {
	for _, n := range neededBy(commit) {
		if lacking[n.name] {
			holes[n.name] = n
		}
	}
	for _, o := range commit.Retired {
		delete(holes, chunkstore.PackName(o.Hash))
	}
}

// readHeld reads a commit that the copy holds; nil if it is damaged.
func (c *catchUp) readHeld(ctx context.Context, name string) (*chunkstore.Commit, error) {
	commit, err := readCommit(ctx, c.handle.driver, name, c.set.o.Vault)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && problemOf(name, err) == chunkstore.ProblemUnreadable:
		return nil, c.to.failed(ctx, c.handle, err)
	case err != nil:
		c.bad(c.to.Name, name, err)
		return nil, nil
	}
	return commit, nil
}

// unexplained returns the packs and indexes that other places hold, the copy lacks, and no
// commit that it lacks lists.
func (p *plan) unexplained(s *Set) map[string]bool {
	found := make(map[string]bool)
	for name := range p.where {
		kind := chunkstore.ParseName(name).Kind
		if (kind == chunkstore.PackObject || kind == chunkstore.IndexObject) && !s.isOrphan(name) {
			found[name] = true
		}
	}
	for _, st := range p.steps {
		for _, n := range st.needs {
			delete(found, n.name)
		}
	}
	for _, n := range p.loose {
		delete(found, n.name)
	}
	return found
}

// measure adds up what the plan costs.
func (p *plan) measure() {
	for _, o := range p.small {
		p.lack = p.lack.add(int64(len(o.data)))
	}
	for _, s := range p.steps {
		p.lack = p.lack.add(int64(len(s.file)))
		for _, n := range s.needs {
			p.lack = p.lack.add(n.size)
		}
	}
	for _, n := range p.loose {
		p.lack = p.lack.add(n.size)
	}
}

// Orphans are packs and indexes that no commit of a copy lists, left by a writer that was
// stopped. They are looked into once.
func (s *Set) isOrphan(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.orphans[name]
}

func (s *Set) noteOrphans(names map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.orphans, names)
}
