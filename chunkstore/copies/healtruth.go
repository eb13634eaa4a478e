package copies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"telekeep/chunkstore"
)

// findWriters finds out which writers the vault has. A writer whose entry nothing proves
// and that not all copies know is named and takes no part: its commits could be anybody's.
func (h *healer) findWriters(ctx context.Context) error {
	for _, id := range h.writerIDs() {
		name := chunkstore.WriterName(id)
		valid := func(data []byte) error { return h.checkEntry(id, data) }
		var claims []claim
		faults := make(map[*member]error)
		for _, m := range h.there() {
			data, err := readSmall(ctx, m.Place, name, chunkstore.MaxSmall)
			if err == nil {
				err = valid(data)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				claims = append(claims, claim{m, data})
			} else if !errors.Is(err, fs.ErrNotExist) {
				faults[m] = err
			}
		}
		claims = h.withWitness(ctx, name, claims, valid)
		h.takeWriter(id, claims, faults)
	}
	return nil
}

// writerIDs are the writers that any place shows a trace of.
func (h *healer) writerIDs() []string {
	ids := make(map[string]bool)
	for _, m := range h.there() {
		for name := range m.sizes {
			switch n := chunkstore.ParseName(name); n.Kind {
			case chunkstore.WriterObject, chunkstore.SecretsObject, chunkstore.CommitObject:
				ids[n.Writer] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// checkEntry checks a writer's entry as far as the keys at hand allow.
func (h *healer) checkEntry(id string, data []byte) error {
	entry, err := chunkstore.ParseWriterEntry(data, h.vault.ID, id)
	if err == nil && h.o.Secrets != nil {
		err = entry.CheckMAC(h.o.Secrets.IDKey)
	}
	return err
}

// takeWriter decides which entry of a writer is right, if any.
func (h *healer) takeWriter(id string, claims []claim, faults map[*member]error) {
	name := chunkstore.WriterName(id)
	text := h.settle(claims)
	switch {
	case text == nil && len(claims) > 1:
		for _, c := range claims {
			h.fault(c.by, FaultDisputed, name, "copies hold different entries of this writer").Why = "this machine has no key that tells which is right"
		}
		return
	case text == nil:
		h.strangeWriter(id, faults)
		return
	case !h.knows(id, claims):
		for _, m := range h.there() {
			if h.traces(m, id) {
				h.fault(m, FaultWriterNew, name, "not all copies know this writer").Why = "only a machine that writes to the vault can tell whether it is one; run it there"
			}
		}
		return
	}
	entry, err := chunkstore.ParseWriterEntry(text, h.vault.ID, id)
	if err != nil {
		return // a claim is valid
	}
	h.writers[id] = &line{
		entry: entry, text: text, bySeq: make(map[uint64]*chunkstore.Commit), forked: make(map[uint64]bool),
		at: make(map[*member]map[uint64]chunkstore.Hash), entries: make(map[*member]bool),
	}
	for _, c := range claims {
		if c.by != nil && string(c.data) == string(text) {
			h.writers[id].entries[c.by] = true
		}
	}
}

// knows reports whether a writer is one of the vault's: by the id key, by what this
// machine keeps or remembers, or because every copy or most of them say so.
func (h *healer) knows(id string, claims []claim) bool {
	if h.o.Secrets != nil {
		return true
	}
	for _, c := range claims {
		if c.by == nil {
			return true
		}
	}
	remembered := slices.Clone(h.o.Heads)
	traces := 0
	for _, m := range h.there() {
		remembered = append(remembered, m.Heads...)
		if h.traces(m, id) {
			traces++
		}
	}
	return 2*len(claims) > len(h.there()) || traces == len(h.there()) ||
		slices.ContainsFunc(remembered, func(head chunkstore.Head) bool { return head.Writer == id })
}

// traces reports whether a place holds anything of a writer.
func (h *healer) traces(m *member, id string) bool {
	for name := range m.sizes {
		if n := chunkstore.ParseName(name); n.Writer == id {
			return true
		}
	}
	return false
}

// strangeWriter is a writer of which no copy has a valid entry.
func (h *healer) strangeWriter(id string, faults map[*member]error) {
	name := chunkstore.WriterName(id)
	for _, m := range h.there() {
		err, there := faults[m]
		forged := errors.Is(err, chunkstore.ErrForgedWriter) && h.o.Secrets != nil
		switch {
		case forged:
			f := h.fault(m, FaultForged, name, "it was not made by anybody who writes to this vault")
			h.aside = append(h.aside, setAside{m, id, f})
		case there:
			p := chunkstore.NewProblem(name, err)
			f := h.fault(m, kindOf(p.Kind), name, p.Detail)
			f.Why, f.Lost = noneGood, "what this writer stored: its commits cannot be checked"
		case h.traces(m, id):
			f := h.fault(m, FaultMissing, name, "there are commits or secrets of this writer")
			f.Why, f.Lost = noneGood, "what this writer stored: its commits cannot be checked"
		}
	}
}

const noneGood = "no copy has it good"

// findCommits reads the commits of all writers at all places.
func (h *healer) findCommits(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(h.writers)) {
		l := h.writers[id]
		for _, m := range h.there() {
			l.at[m] = make(map[uint64]chunkstore.Hash)
		}
		for _, seq := range h.seqs(id) {
			if err := h.findCommit(ctx, l, seq); err != nil {
				return err
			}
		}
		h.findForks(l)
		h.report.Commits += len(l.commits)
		h.report.Heads = append(h.report.Heads, chunkstore.HeadsOf(l.commits)...)
	}
	return nil
}

// seqs are the numbers of all commits of a writer that any place shows.
func (h *healer) seqs(id string) []uint64 {
	seqs := make(map[uint64]bool)
	for _, m := range h.there() {
		for name := range m.sizes {
			if n := chunkstore.ParseName(name); n.Kind == chunkstore.CommitObject && n.Writer == id {
				seqs[n.Seq] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seqs))
}

// findCommit reads one commit at all places. Most are the same, and checked once.
func (h *healer) findCommit(ctx context.Context, l *line, seq uint64) error {
	name := chunkstore.CommitName(l.entry.ID, seq)
	good := make(map[chunkstore.Hash]*chunkstore.Commit)
	for _, m := range h.there() {
		if !m.has(name) {
			continue
		}
		data, err := readSmall(ctx, m.Place, name, chunkstore.MaxCommit)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue // told when it is to be mended
		}
		hash := chunkstore.HashOf(data)
		if good[hash] == nil {
			c, err := chunkstore.ParseCommit(name, data, h.vault.ID, l.entry)
			if err != nil {
				continue
			}
			good[hash] = c
			l.commits, l.bySeq[seq] = append(l.commits, c), c
		}
		l.at[m][seq] = hash
	}
	l.forked[seq] = len(good) > 1
	return nil
}

// findForks finds commits that follow on the same one. Nobody but the writer can sign, so
// two machines have its secrets.
func (h *healer) findForks(l *line) {
	after := make(map[chunkstore.Hash]*chunkstore.Commit)
	for _, c := range l.commits {
		if other := after[c.Previous]; other != nil {
			l.forked[c.Seq], l.forked[other.Seq] = true, true
		}
		after[c.Previous] = c
	}
	for _, m := range h.there() {
		for seq := range l.at[m] {
			if l.forked[seq] {
				f := h.fault(m, FaultForked, chunkstore.CommitName(l.entry.ID, seq), "two commits of this writer follow on the same one: two machines write with its secrets, or they were stolen")
				f.Why = "both carry its signature"
			}
		}
	}
}

// good returns the commit with a number, if there is one and only one.
func (l *line) good(seq uint64) *chunkstore.Commit {
	if l.forked[seq] {
		return nil
	}
	return l.bySeq[seq]
}

// findKeys finds out which owners' key files there should be: those that the newest
// commits list, the newest of all last.
func (h *healer) findKeys(ctx context.Context) error {
	h.keys = make(map[string]keyWanted)
	if err := h.findNotes(ctx); err != nil {
		return err
	}
	var newest []*chunkstore.Commit
	for _, l := range h.writers {
		for _, c := range slices.Backward(l.commits) {
			if len(c.Keys) > 0 && !l.forked[c.Seq] {
				newest = append(newest, c)
				break
			}
		}
	}
	slices.SortFunc(newest, func(a, b *chunkstore.Commit) int { return a.Time.Compare(b.Time) })
	if len(newest) == 0 {
		return nil
	}
	last := newest[len(newest)-1]
	for _, k := range last.Keys {
		if h.removedKeys[chunkstore.KeyName(k.Name)] {
			continue
		}
		h.keys[chunkstore.KeyName(k.Name)] = keyWanted{
			Object: chunkstore.Object{Hash: k.Hash, Size: k.Size}, by: chunkstore.CommitName(last.Writer, last.Seq), disputed: h.rewritten(k),
		}
	}
	return nil
}

// rewritten reports whether commits list a key file with other bytes, too. Key files are
// never rewritten: whoever stole the writer's signing key could have the real one taken
// for damaged, and its owner locked out everywhere.
func (h *healer) rewritten(k chunkstore.OwnerKey) bool {
	for _, l := range h.writers {
		for _, c := range l.commits {
			if slices.ContainsFunc(c.Keys, func(other chunkstore.OwnerKey) bool { return other.Name == k.Name && other != k }) {
				return true
			}
		}
	}
	return false
}

// findPacks finds out which packs there should be, and how much there is to read.
func (h *healer) findPacks(context.Context) error {
	for _, l := range h.writers {
		retired := chunkstore.RetiredPacks(l.commits)
		for _, c := range l.commits {
			for _, p := range c.Packs {
				if _, known := h.packs[p.Hash]; !known && !retired[p.Hash] {
					h.packs[p.Hash] = packWanted{p, c}
				}
			}
		}
	}
	h.report.Packs = len(h.packs)
	if h.o.Skim {
		return nil
	}
	for _, m := range h.there() {
		for name, size := range m.sizes {
			switch n := chunkstore.ParseName(name); {
			case n.Kind == chunkstore.PackObject && h.packs[n.Hash].by != nil, n.Kind == chunkstore.IndexObject:
				h.total += size
			}
		}
	}
	return nil
}

// lostWith says what nobody can have if no copy has a pack.
func (p packWanted) lostWith() string {
	return fmt.Sprintf("%d bytes that commit %d of writer %s stored, %s", p.Size, p.by.Seq, p.by.Writer, p.by.Time.Format("2006-01-02"))
}
