package copies

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"telekeep/chunkstore"
)

// A scrub reads packs, the least recently checked ones first, so that each is read within
// a number of days. It needs no commit for that: the name of a pack is its hash. What is
// bad is healed from any other place. What is missing it does not see; Heal with Skim does.
//
//	day 0        10        20        30
//	├─ all packs, a share of them at each call ─┤├─ again
//
// How much is read at a call follows from the time since the last one, so that the reads
// are spread evenly and a machine that was off catches up. When each pack was checked at
// each copy is remembered, so that a restart goes on where it was.

// ScrubOptions says how much a Scrub does.
type ScrubOptions struct {
	// Within is the time in which every pack of every copy is to be read. 0 means
	// DefaultWithin.
	Within time.Duration
	// Budget is how long this call may take; 0 means until all that is due is read.
	Budget time.Duration
	// Rest is called after each read with how long that took: it waits, so that others
	// get at the drive too. Nil means no rest.
	Rest func(ctx context.Context, took time.Duration)
	// Look heals nothing.
	Look bool
	// Progress is told how many of the bytes that are due now have been read; may be nil.
	Progress func(done, total int64)
}

// DefaultWithin is the time in which every pack is read.
const DefaultWithin = 30 * 24 * time.Hour

// A Scrubbed is what a Scrub did and how far it is.
type Scrubbed struct {
	Packs  int      `json:"packs"` // that were read by this call
	Bytes  int64    `json:"bytes"`
	Healed int      `json:"healed"`
	Faults []*Fault `json:"faults"`
	// Left is how many bytes, at all copies that are there, were not read within the time
	// that is set, and Total how many there are.
	Left  int64 `json:"left"`
	Total int64 `json:"total"`
	// Oldest is when the least recently checked pack was checked; zero if one never was.
	Oldest time.Time `json:"oldest"`
	// By is when everything will have been checked at this pace; zero if it is.
	By time.Time `json:"by"`
	// Bad is how many packs at all copies were bad when they were last checked.
	Bad int `json:"bad"`
}

// A due is a pack at one copy, and when it was last checked.
type due struct {
	m    *member
	hash chunkstore.Hash
	size int64
	last int64 // Unix seconds; 0: never
}

// Scrub reads packs for a while and heals those that are bad. Copies that are not there are
// left out. It fails if the memory of the copies does, and when ctx ends; what was checked
// until then is remembered.
func (s *Set) Scrub(ctx context.Context, o ScrubOptions) (*Scrubbed, error) {
	members, done := s.menders(ctx)
	defer done()
	return scrub(ctx, s.notes, members, o, s.o.Now)
}

func scrub(ctx context.Context, notes *notebook, members []Member, o ScrubOptions, now func() time.Time) (*Scrubbed, error) {
	if o.Within <= 0 {
		o.Within = DefaultWithin
	}
	r := &scrubber{o: o, notes: notes, now: now, found: &Scrubbed{Faults: []*Fault{}}}
	r.h = &healer{o: HealOptions{Look: o.Look}, report: &Comparison{}}
	if err := r.list(ctx, members); err != nil {
		return nil, err
	}
	share, err := r.share()
	if err != nil {
		return nil, err
	}
	runErr := r.run(ctx, share)
	return r.found, cmp.Or(r.sum(), runErr, ctx.Err())
}

// A scrubber is one call of Scrub.
type scrubber struct {
	o     ScrubOptions
	h     *healer
	notes *notebook
	now   func() time.Time
	queue []due // the least recently checked first
	found *Scrubbed
}

// list finds all packs of all places and when they were checked.
func (r *scrubber) list(ctx context.Context, members []Member) error {
	for _, one := range members {
		m := &member{Member: one, sizes: make(map[string]int64), lacks: make(map[string]bool)}
		err := m.Place.List(ctx, chunkstore.PacksFolder, func(name string, size int64) error {
			m.sizes[name] = size
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue // Set has noted how the place is
		}
		checked, err := r.notes.checks(m.Name)
		if err != nil {
			return err
		}
		r.h.members = append(r.h.members, m)
		for name, size := range m.sizes {
			if n := chunkstore.ParseName(name); n.Kind == chunkstore.PackObject {
				r.queue = append(r.queue, due{m, n.Hash, size, checked[n.Hash]})
				r.found.Total += size
				delete(checked, n.Hash)
			}
		}
		if err := r.notes.forgetChecks(m.Name, slices.Collect(maps.Keys(checked))); err != nil {
			return err
		}
	}
	slices.SortFunc(r.queue, func(a, b due) int {
		return cmp.Or(cmp.Compare(a.last, b.last), slices.Compare(a.hash[:], b.hash[:]), strings.Compare(a.m.Name, b.m.Name))
	})
	return nil
}

// firstSpan is for how long the first call reads: as if the last one had been so long ago.
const firstSpan = time.Hour

// share returns how many bytes are due now: what has to be read in the time since the last
// call so that everything is read in four fifths of the time that is set.
func (r *scrubber) share() (int64, error) {
	last, err := r.notes.lastScrub()
	if err != nil {
		return 0, err
	}
	span := firstSpan
	if !last.IsZero() {
		span = max(0, r.now().Sub(last))
	}
	part := min(1, float64(span)/(0.8*float64(r.o.Within)))
	return int64(part * float64(r.found.Total)), nil
}

// run reads what is due, until the budget is used up.
func (r *scrubber) run(ctx context.Context, share int64) error {
	began := time.Now() //nolint:forbidigo // measures only
	var read int64
	for i := range r.queue {
		d := &r.queue[i]
		if !r.isDue(d, read, share) {
			continue
		}
		if r.o.Budget > 0 && r.found.Packs > 0 && time.Since(began) >= r.o.Budget {
			break
		}
		if err := r.check(ctx, d); err != nil {
			return err
		}
		if read += d.size; r.o.Progress != nil {
			r.o.Progress(read, max(share, read))
		}
	}
	return r.notes.setLastScrub(r.now())
}

// isDue reports whether a pack is to be read now. One that was not read for four fifths of
// the time is, in any case. What was never read, and what was not for half of the time, is
// as far as it belongs to the share, so that not all come due at once.
func (r *scrubber) isDue(d *due, read, share int64) bool {
	age := r.now().Sub(time.Unix(d.last, 0))
	switch {
	case d.last == 0:
		return read == 0 || read+d.size <= share
	case age >= r.o.Within/5*4:
		return true
	}
	return age >= r.o.Within/2 && read+d.size <= share
}

// check reads one pack at one copy, mends it if it is bad, and remembers how it was.
func (r *scrubber) check(ctx context.Context, d *due) error {
	told := len(r.h.report.Faults)
	name := chunkstore.PackName(d.hash)
	w := &wanted{
		name: name, limit: chunkstore.MaxPack, object: chunkstore.Object{Hash: d.hash, Size: r.size(d)},
		lost:  "what it holds, unless it was retired",
		valid: func(data []byte) error { return checkPack(name, data, d.hash) },
	}
	start := r.h.report.Bytes
	r.h.rest = func(took time.Duration) {
		if r.o.Rest != nil {
			r.o.Rest(ctx, took)
		}
	}
	r.h.mend(ctx, d.m, w)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.found.Packs++
	r.found.Bytes += max(r.h.report.Bytes-start, 1)
	d.last = r.now().Unix()
	fault := ""
	for _, f := range r.h.report.Faults[told:] {
		r.found.Faults = append(r.found.Faults, f)
		if !f.Healed {
			fault = string(f.Kind)
		}
		if f.From != "" {
			r.found.Healed++
		}
	}
	return r.notes.check(d.m.Name, d.hash, d.last, fault)
}

// size returns how long a pack should be, as far as any copy shows it: files get cut off,
// they do not grow.
func (r *scrubber) size(d *due) int64 {
	size := d.size
	for _, m := range r.h.members {
		if n, ok := m.size(chunkstore.PackName(d.hash)); ok {
			size = max(size, n)
		}
	}
	return min(max(size, 1), chunkstore.MaxPack)
}

// checkPack checks the bytes of a pack by its name.
func checkPack(name string, data []byte, hash chunkstore.Hash) error {
	return chunkstore.CheckBytes(name, data, chunkstore.Object{Hash: hash, Size: int64(len(data))})
}

// sum says how far the scrub is.
func (r *scrubber) sum() error {
	limit := r.now().Add(-r.o.Within).Unix()
	oldest := make(map[string]int64)
	for _, d := range r.queue {
		if d.last <= limit {
			r.found.Left += d.size
		}
		if first, ok := oldest[d.m.Name]; !ok || d.last < first {
			oldest[d.m.Name] = d.last
		}
	}
	all := int64(-1)
	for name, at := range oldest {
		if err := r.notes.setOldest(name, at); err != nil {
			return err
		}
		if all < 0 || at < all {
			all = at
		}
	}
	if all > 0 {
		r.found.Oldest = unixTime(all)
	}
	if r.found.Left > 0 {
		part := float64(r.found.Left) / float64(r.found.Total)
		r.found.By = r.now().Add(time.Duration(part * 0.8 * float64(r.o.Within)))
	}
	var err error
	r.found.Bad, err = r.notes.bad()
	if err != nil {
		return memoryError(err)
	}
	return nil
}
