package copies

import (
	"context"

	"telekeep/chunkstore"
)

// A CaughtUp is what a CatchUp did.
type CaughtUp struct {
	Copied Lack                  // what the copy got
	Absent []*chunkstore.Problem // what it lacks still: no place that is there has it whole
	Bad    []BadObject           // what was found damaged or false on the way
}

// A BadObject is an object of a copy that is not what it should be.
type BadObject struct {
	Copy    string
	Problem *chunkstore.Problem
}

// CatchUp copies to a copy what it lacks, from whichever places have it.
func (s *Set) CatchUp(ctx context.Context, name string, progress func(done, total int64)) (CaughtUp, error) {
	p, err := s.place(name)
	if err != nil {
		return CaughtUp{}, err
	}
	h, err := p.use(ctx, true)
	if err != nil {
		return CaughtUp{}, err
	}
	defer p.done(h)
	return CaughtUp{}, nil
}
