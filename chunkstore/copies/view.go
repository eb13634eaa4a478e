package copies

import (
	"context"
	"fmt"
	"io"

	"telekeep/chunkstore"
)

// Each returns the places that can be read now, each by itself: for whoever found that
// what the Set gave is bad, and knows what is good. See chunkstore.Several.
func (s *Set) Each(ctx context.Context) []chunkstore.Destination {
	var all []chunkstore.Destination
	for _, p := range s.candidates() {
		h, err := p.use(ctx, false)
		if err != nil {
			continue
		}
		p.done(h)
		all = append(all, &view{p})
	}
	return append(all, s.spooled()...)
}

// A view is one place of a Set, to read. It does not keep the place open.
type view struct{ *place }

// with calls f with the place opened.
func (v *view) with(ctx context.Context, f func(d Driver) error) error {
	h, err := v.use(ctx, false)
	if err != nil {
		return err
	}
	defer v.done(h)
	return f(h.driver)
}

// Put fails: a Set stores, with all that it checks before.
func (v *view) Put(_ context.Context, name string, _ []byte) error {
	return fmt.Errorf("put %s: a single copy is only read", name)
}

// Get implements chunkstore.Destination.
func (v *view) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	h, err := v.use(ctx, false)
	if err != nil {
		return nil, err
	}
	r, err := h.driver.Get(ctx, name)
	if err != nil {
		v.done(h)
		return nil, err
	}
	return &viewed{r, func() { v.done(h) }}, nil
}

// A viewed is an object that is being read; its place stays open meanwhile.
type viewed struct {
	io.ReadCloser
	done func()
}

func (r *viewed) Close() error {
	err := r.ReadCloser.Close()
	r.done()
	r.done = func() {}
	return err
}

// ReadAt implements chunkstore.Destination.
func (v *view) ReadAt(ctx context.Context, name string, p []byte, off int64) (n int, err error) {
	var end error
	err = v.with(ctx, func(d Driver) error {
		n, end = d.ReadAt(ctx, name, p, off)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, end
}

// Stat implements chunkstore.Destination.
func (v *view) Stat(ctx context.Context, name string) (size int64, err error) {
	err = v.with(ctx, func(d Driver) error {
		var err error
		size, err = d.Stat(ctx, name)
		return err
	})
	return size, err
}

// List implements chunkstore.Destination.
func (v *view) List(ctx context.Context, prefix string, visit func(name string, size int64) error) error {
	return v.with(ctx, func(d Driver) error { return d.List(ctx, prefix, visit) })
}
