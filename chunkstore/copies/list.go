package copies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"telekeep/chunkstore"
)

// A listed is what one place showed.
type listed struct {
	sizes    map[string]int64
	err      error
	there    bool // it could be asked
	complete bool // it held all that is known when it was asked
	barred   bool // something false lies there
}

// union gathers what lies below a prefix at all places and in the spool.
func (s *Set) union(ctx context.Context, prefix string) (map[string]int64, error) {
	lists := make([]listed, len(s.places))
	var group sync.WaitGroup
	for i, p := range s.places {
		group.Go(func() { lists[i] = s.listPlace(ctx, p, prefix) })
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("list %s: %w", prefix, ctx.Err())
	}
	if err := enough(lists); err != nil {
		return nil, fmt.Errorf("list %s: %w", prefix, err)
	}
	all := make(map[string]int64)
	trusted := slices.ContainsFunc(lists, func(l listed) bool { return l.complete && l.err == nil })
	for _, l := range lists {
		if l.err == nil && !(l.barred && trusted) { // nobody needs what is false
			merge(all, l.sizes)
		}
	}
	for _, d := range s.spooled() {
		err := d.List(ctx, prefix, func(name string, size int64) error {
			all[name] = max(all[name], size)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
	}
	return all, nil
}

func merge(all, sizes map[string]int64) {
	for name, size := range sizes {
		all[name] = max(all[name], size)
	}
}

// enough returns nil if a complete place was listed, or if none that could be asked failed.
func enough(lists []listed) error {
	var failed []error
	for _, l := range lists {
		switch {
		case !l.there:
		case l.err != nil:
			failed = append(failed, l.err)
		case l.complete:
			return nil
		}
	}
	return errors.Join(failed...)
}

// listPlace lists one place.
func (s *Set) listPlace(ctx context.Context, p *place, prefix string) listed {
	h, err := p.use(ctx, false)
	if err != nil {
		return listed{err: err}
	}
	defer p.done(h)
	l := listed{sizes: make(map[string]int64), there: true, complete: s.complete(p), barred: p.barredBy(h) != nil}
	l.err = listWithin(ctx, h.driver, prefix, func(name string, size int64) error {
		l.sizes[name] = size
		return nil
	})
	if l.err != nil && ctx.Err() == nil {
		l.err = p.failed(ctx, h, l.err)
	}
	return l
}

// listWithin lists a place, unless that takes too long.
func listWithin(ctx context.Context, d chunkstore.Destination, prefix string, visit func(name string, size int64) error) error {
	ctx, cancel := context.WithTimeout(ctx, listing)
	defer cancel()
	return d.List(ctx, prefix, visit)
}
