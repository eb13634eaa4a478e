package copies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"telekeep/chunkstore"
)

// A source is a place, or a part of the spool, that a copy can get objects from.
type source struct {
	name   string // of the copy; "the spool"
	dst    chunkstore.Destination
	failed func(ctx context.Context, err error) // sorts an error; nil for the spool
	bar    func(err error)                      // says that something false lies there; nil for the spool
}

// maxSources is how many places and parts of the spool a set of bits has room for.
const maxSources = 64

// sources opens all places but one, and the spool, for as long as a round takes; done ends
// the use. Those that something is wrong with come last.
func (s *Set) sources(ctx context.Context, but *place) (all []source, done func()) {
	var uses []func()
	for _, p := range s.candidates() {
		if p == but || len(all) >= maxSources-2 {
			continue
		}
		h, err := p.use(ctx, false)
		if err != nil {
			continue
		}
		uses = append(uses, func() { p.done(h) })
		all = append(all, source{p.Name, h.driver, func(ctx context.Context, err error) { p.note(ctx, h, err) }, func(err error) { p.bar(h, err) }})
	}
	if s.spool != nil {
		all = append(all, source{name: "the spool", dst: s.spool.queue}, source{name: "the spool", dst: s.spool.keep})
	}
	return all, func() {
		for _, use := range uses {
			use()
		}
	}
}

// asks reports whether all places but one are among the sources.
func (s *Set) asks(sources []source) bool {
	n := 0
	for _, src := range sources {
		if src.failed != nil {
			n++
		}
	}
	return n == len(s.places)-1
}

// An item is an object that is to be copied: its name, length in bytes and hash.
type item struct {
	name string
	size int64
	hash chunkstore.Hash
}

// fetch reads an object whole from the first source that has it as it should be, into buf if
// that is long enough. n.size is its length, or the most it can be if exact is false; check
// looks at the bytes. ErrLost if no source has it.
func (c *catchUp) fetch(ctx context.Context, p *plan, n item, exact bool, buf []byte, check func([]byte) error) ([]byte, error) {
	for i, src := range p.sources {
		if p.where[n.name]&(1<<i) == 0 {
			continue
		}
		data, err := readWithin(ctx, src.dst, n, exact, buf)
		if err == nil {
			err = check(data)
		}
		if err == nil {
			return data, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if src.failed != nil && problemOf(n.name, err) == chunkstore.ProblemUnreadable {
			src.failed(ctx, err)
			p.unasked.Store(true)
		} else if !errors.Is(err, fs.ErrNotExist) {
			c.bad(src.name, n.name, err)
			if src.bar != nil && isFalse(err) {
				src.bar(err)
			}
		}
	}
	return nil, fmt.Errorf("%s: %w", n.name, ErrLost)
}

// readWithin is readExact, unless that takes too long.
func readWithin(ctx context.Context, d chunkstore.Destination, n item, exact bool, buf []byte) ([]byte, error) {
	ctx, cancel := within(ctx, n.size)
	defer cancel()
	return readExact(ctx, d, n, exact, buf)
}

// readExact reads an object that has a certain length, or is not longer than that.
func readExact(ctx context.Context, d chunkstore.Destination, n item, exact bool, buf []byte) ([]byte, error) {
	if !exact {
		return readSmall(ctx, d, n.name, n.size)
	}
	r, err := d.Get(ctx, n.name)
	if err != nil {
		return nil, err
	}
	defer r.Close() // read only
	if int64(cap(buf)) < n.size {
		buf = make([]byte, n.size)
	}
	buf = buf[:n.size]
	read, err := io.ReadFull(r, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return buf[:read], nil // too short, which the check finds
	}
	return buf, err
}
