package copies

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"telekeep/chunkstore"
)

// A tail is the newest commits of a writer, if a place lacks them.
type tail struct {
	m       *member
	line    *line
	after   uint64 // the last one that is there
	fault   *Fault
	commits int
	objects int
	bytes   int64
}

// miss counts an object that is missing with its commit.
func (h *healer) miss(w *wanted) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.quiet.objects++
	w.quiet.bytes += w.object.Size
}

// findTails finds out which places are behind, and which were set back.
func (h *healer) findTails(context.Context) error {
	for _, m := range h.there() {
		m.tails = make(map[string]*tail)
		for _, id := range slices.Sorted(maps.Keys(h.writers)) {
			h.findTail(m, h.writers[id])
		}
	}
	for _, head := range h.o.Heads {
		h.checkHead(head)
	}
	return nil
}

func (h *healer) findTail(m *member, l *line) {
	t := &tail{m: m, line: l}
	for _, c := range l.commits {
		if m.has(chunkstore.CommitName(c.Writer, c.Seq)) { // what is there and bad is no tail
			t.after = max(t.after, c.Seq)
		}
	}
	for _, c := range l.commits {
		if c.Seq > t.after && !l.forked[c.Seq] {
			t.commits++
		}
	}
	if t.commits == 0 {
		return
	}
	last := l.commits[len(l.commits)-1].Seq
	kind, detail := FaultBehind, fmt.Sprintf("it ends with commit %d of %d", t.after, last)
	for _, seen := range m.Heads {
		if seen.Writer == l.entry.ID && seen.Seq > t.after {
			kind = FaultRollback
			detail += fmt.Sprintf("; this machine has seen commit %d there: it was set back to an older state", seen.Seq)
		}
	}
	t.fault = h.fault(m, kind, chunkstore.CommitName(l.entry.ID, t.after+1), detail)
	m.tails[l.entry.ID] = t
}

// quiet returns the tail that a commit belongs to; nil if it is told by itself.
func (m *member) quiet(c *chunkstore.Commit) *tail {
	if t := m.tails[c.Writer]; t != nil && c.Seq > t.after {
		return t
	}
	return nil
}

// checkHead tells if the last commit that this machine remembers is at no copy.
func (h *healer) checkHead(head chunkstore.Head) {
	l := h.writers[head.Writer]
	if head.Seq == 0 || head.Vault != h.vault.ID {
		return
	}
	if l != nil && slices.ContainsFunc(l.commits, func(c *chunkstore.Commit) bool { return c.Hash == head.Hash }) {
		return
	}
	for _, m := range h.there() {
		f := h.fault(m, FaultRollback, chunkstore.CommitName(head.Writer, head.Seq), "this machine remembers this commit, and no copy has it: all were set back to an older state")
		f.Why, f.Lost = noneGood, "what was stored since then"
	}
}

// mendPacks mends packs and indexes, several at once, each at all places.
func (h *healer) mendPacks(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(h.o.Workers)
	hashes := slices.SortedFunc(maps.Keys(h.packs), func(a, b chunkstore.Hash) int { return bytes.Compare(a[:], b[:]) })
	for _, hash := range hashes {
		p := h.packs[hash]
		group.Go(func() error {
			h.mendListed(ctx, chunkstore.PackName(hash), p.Object, p.by, p.lostWith())
			return ctx.Err()
		})
	}
	for _, id := range slices.Sorted(maps.Keys(h.writers)) {
		l := h.writers[id]
		for _, c := range l.commits {
			if l.forked[c.Seq] {
				continue
			}
			group.Go(func() error {
				h.mendListed(ctx, chunkstore.IndexName(c.Writer, c.Seq), c.Index, c, fmt.Sprintf("the records of commit %d of writer %s; its media is still there", c.Seq, c.Writer))
				return ctx.Err()
			})
		}
	}
	return group.Wait()
}

// mendListed mends an object that a commit lists.
func (h *healer) mendListed(ctx context.Context, name string, o chunkstore.Object, by *chunkstore.Commit, lost string) {
	for _, m := range h.there() {
		if ctx.Err() != nil {
			return
		}
		detail := fmt.Sprintf("commit %d lists it", by.Seq)
		if h.newest(m, by) {
			detail = fmt.Sprintf("commit %d lists it, the newest one there", by.Seq)
		}
		h.mend(ctx, m, &wanted{
			name: name, limit: o.Size, object: o, lost: lost, quiet: m.quiet(by), detail: detail,
			valid: func(data []byte) error { return chunkstore.CheckBytes(name, data, o) },
		})
	}
}

// newest reports whether a commit is the last one of its writer at a place.
func (h *healer) newest(m *member, c *chunkstore.Commit) bool {
	for seq := range h.writers[c.Writer].at[m] {
		if seq > c.Seq {
			return false
		}
	}
	return h.writers[c.Writer].at[m][c.Seq] == c.Hash
}

// mendCommits mends the commits of each place from the first on. One whose packs or index
// another copy has and this place could not take stays away: what is there can be read.
func (h *healer) mendCommits(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(h.writers)) {
		l := h.writers[id]
		for _, m := range h.there() {
			for _, seq := range h.seqs(id) {
				h.mendCommit(ctx, m, l, seq)
			}
		}
		h.tellGaps(l)
	}
	for _, m := range h.there() {
		for _, t := range m.tails {
			h.tellTail(t)
		}
	}
	return ctx.Err()
}

func (h *healer) mendCommit(ctx context.Context, m *member, l *line, seq uint64) {
	name := chunkstore.CommitName(l.entry.ID, seq)
	if _, fine := l.at[m][seq]; fine || l.forked[seq] {
		return
	}
	c := l.good(seq)
	w := &wanted{
		name: name, limit: chunkstore.MaxCommit, small: true, detail: "other copies have it",
		lost: fmt.Sprintf("the records of commit %d of writer %s, if the writer made it; its media is still there", seq, l.entry.ID),
	}
	if c == nil {
		h.loneCommit(ctx, m, l, seq, w)
		return
	}
	w.valid = func(data []byte) error {
		if chunkstore.HashOf(data) == c.Hash {
			return nil
		}
		return h.whatCommit(l, name, data)
	}
	if t := m.quiet(c); t != nil {
		w.quiet = t
	}
	if missing := m.firstLacking(c); missing != "" && !h.o.Look {
		h.fault(m, FaultMissing, name, "other copies have it").Why = "what it lists is not there: " + missing
		return
	}
	h.mend(ctx, m, w)
}

// loneCommit is a commit that no copy has good.
func (h *healer) loneCommit(ctx context.Context, m *member, l *line, seq uint64, w *wanted) {
	if !m.has(w.name) {
		return
	}
	w.valid = func(data []byte) error {
		if err := h.whatCommit(l, w.name, data); err != nil {
			return err
		}
		return fmt.Errorf("%s: %w", w.name, chunkstore.ErrForked) // it was bad a moment ago
	}
	look := h.look(ctx, m, w)
	if ctx.Err() != nil {
		return
	}
	f := h.describe(m, w, look)
	f.Why, f.Lost = noneGood, w.lost
	// What this machine's own writer never made cannot be a damaged commit of it.
	ahead := slices.ContainsFunc(h.o.Heads, func(head chunkstore.Head) bool {
		return head.Writer == l.entry.ID && head.Vault == h.vault.ID && seq > head.Seq
	})
	if !ahead || h.o.Secrets == nil || h.o.Secrets.WriterID != l.entry.ID {
		return
	}
	f.Lost, f.Why = "", "nothing was changed; this machine never made a commit of this number"
	if h.o.Look {
		return
	}
	if err := h.moveAside(ctx, m, w.name); err != nil {
		f.Why = err.Error()
		return
	}
	f.Why, f.Healed = "", true
	h.report.mend(m.Name, w.name)
}

// whatCommit says what is wrong with the bytes of a commit that are not the good ones: of
// one whose signature is not the writer's, what it says about itself is told.
func (h *healer) whatCommit(l *line, name string, data []byte) error {
	_, err := chunkstore.ParseCommit(name, data, h.vault.ID, l.entry)
	if err == nil {
		return fmt.Errorf("%s: %w", name, chunkstore.ErrForked)
	}
	if _, unsigned := chunkstore.ParseCommit(name, data, h.vault.ID, nil); unsigned != nil {
		return unsigned // damaged, of another vault, of another place
	}
	return err
}

// firstLacking returns an object that a commit lists, that others have and the place not.
func (m *member) firstLacking(c *chunkstore.Commit) string {
	if name := chunkstore.IndexName(c.Writer, c.Seq); m.lacks[name] {
		return name
	}
	for _, p := range c.Packs {
		if name := chunkstore.PackName(p.Hash); m.lacks[name] {
			return name
		}
	}
	return ""
}

// tellGaps tells of commits that are at no copy, though the next one follows on them.
func (h *healer) tellGaps(l *line) {
	known := map[chunkstore.Hash]bool{{}: true}
	for _, c := range l.commits {
		known[c.Hash] = true
	}
	for _, c := range l.commits {
		if known[c.Previous] {
			continue
		}
		for _, m := range h.there() {
			if _, there := l.at[m][c.Seq]; there {
				f := h.fault(m, FaultChain, chunkstore.CommitName(c.Writer, c.Seq), "the commit before it is at no copy")
				f.Why, f.Lost = noneGood, "the records of that commit; its media is still there"
			}
		}
	}
}

// tellTail completes what is told of a place that was behind.
func (h *healer) tellTail(t *tail) {
	t.fault.Detail += "; it lacked " + t.words()
	if h.o.Look {
		t.fault.Why = "nothing was changed; other copies have them"
		return
	}
	for _, c := range t.line.commits {
		if name := chunkstore.CommitName(c.Writer, c.Seq); !t.line.forked[c.Seq] && !t.m.has(name) {
			t.fault.Why = "it still lacks " + name
			return
		}
	}
	t.fault.Healed, t.fault.From = true, "other copies"
}

// words is what the place lacked.
func (t *tail) words() string {
	commits, listed := "1 commit", t.objects-t.commits
	if t.commits != 1 {
		commits = fmt.Sprintf("%d commits", t.commits)
	}
	switch listed {
	case 0:
		return commits
	case 1:
		return fmt.Sprintf("%s, and 1 object of %d bytes that is listed there", commits, t.bytes)
	}
	return fmt.Sprintf("%s, and %d objects of %d bytes that are listed there", commits, listed, t.bytes)
}

// strays tells of packs and indexes that no commit of any copy lists.
func (h *healer) strays(context.Context) error {
	listed := make(map[chunkstore.Hash]bool)
	for _, l := range h.writers {
		for _, c := range l.commits {
			for _, p := range c.Packs {
				listed[p.Hash] = true
			}
		}
	}
	for _, m := range h.there() {
		for name := range m.sizes {
			switch n := chunkstore.ParseName(name); n.Kind {
			case chunkstore.PackObject:
				if !listed[n.Hash] {
					h.notice(m, FaultStray, name, "no commit lists it: being written now, left by a writer that was stopped, or a pack of another vault")
				}
			case chunkstore.IndexObject:
				if l := h.writers[n.Writer]; l != nil && l.bySeq[n.Seq] == nil && !m.has(chunkstore.CommitName(n.Writer, n.Seq)) {
					h.notice(m, FaultStray, name, "no commit belongs to it: left by a writer that was stopped")
				}
			}
		}
	}
	return nil
}
