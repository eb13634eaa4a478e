package copies

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"telekeep/chunkstore"
)

// Status returns what is known of each copy, without asking any.
func (s *Set) Status() ([]Status, error) {
	var all []Status
	for _, p := range s.places {
		r, err := s.notes.row(p.Name)
		if err != nil {
			return nil, err
		}
		heads, err := s.notes.headsOf(p.Name)
		if err != nil {
			return nil, err
		}
		checked, err := s.notes.oldest(p.Name)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		st := Status{Name: p.Name, State: p.state, Err: p.err, LastSeen: r.seen, Caught: r.caught, Behind: p.missed, Free: -1, Checked: checked}
		if p.handle != nil {
			heads = maps.Clone(p.heads)
		}
		p.mu.Unlock()
		st.Heads = slices.SortedFunc(maps.Values(heads), func(a, b chunkstore.Head) int { return cmp.Compare(a.Writer, b.Writer) })
		all = append(all, st)
	}
	return all, nil
}

// Look asks each copy how it is, also those that rest because they failed, and lists all
// that are there, to tell exactly what each lacks.
func (s *Set) Look(ctx context.Context) ([]Status, error) {
	s.recheckAll(ctx)
	if err := s.reachAll(ctx, s.askedLongAgo); ctx.Err() != nil { // what is not there says so in its state
		return nil, err
	}
	all, err := s.Status()
	if err != nil {
		return nil, err
	}
	for i, p := range s.places {
		s.lookAt(ctx, p, &all[i])
	}
	return all, ctx.Err()
}

// askedLongAgo reports whether a place may answer otherwise than when it was asked last.
func (s *Set) askedLongAgo(p *place) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.due(p.tried)
}

// recheckAll looks whether what is open is still there, and gives up what is not.
func (s *Set) recheckAll(ctx context.Context) {
	var group sync.WaitGroup
	for _, p := range s.places {
		group.Go(func() {
			h := p.take()
			if h == nil {
				return
			}
			defer p.done(h)
			_ = p.recheck(ctx, h) // it says so in the state
		})
	}
	group.Wait()
}

// lookAt asks one copy for what is free, and finds out what it lacks.
func (s *Set) lookAt(ctx context.Context, p *place, st *Status) {
	h, err := p.use(ctx, false)
	if err != nil {
		return
	}
	defer p.done(h)
	st.LastSeen = s.o.Now()
	if f, ok := h.driver.(freer); ok {
		if free, err := f.Free(ctx); err == nil {
			st.Free = free
		}
	}
	if st.Behind, err = s.lack(ctx, p, h); err != nil && ctx.Err() == nil && st.Err == nil {
		st.Err = err
	}
	p.mu.Lock()
	st.State = p.state
	p.mu.Unlock()
}

// lack finds out what a copy lacks that others have, which corrects what was counted.
func (s *Set) lack(ctx context.Context, p *place, h *handle) (Lack, error) {
	sources, done := s.sources(ctx, p)
	defer done()
	before := p.missedNow()
	c := &catchUp{set: s, to: p, handle: h, told: make(map[string]bool)}
	plan, err := c.plan(ctx, sources)
	if err != nil {
		return before, err
	}
	if plan.blocked || !s.reached(p) && plan.empty() {
		return Lack{max(plan.lack.Objects, before.Objects), max(plan.lack.Bytes, before.Bytes)}, nil
	}
	p.mu.Lock()
	same := p.missed == before
	if same {
		p.missed = plan.lack
	}
	p.mu.Unlock()
	if !same {
		return plan.lack, nil
	}
	p.settleState(false)
	return plan.lack, s.notes.setMissed(p.Name, plan.lack)
}
