package copies

import (
	"context"
	"errors"
	"io/fs"

	"telekeep/chunkstore"
)

// emptySpool ends the waiting of what the copy holds now. What it only lists is stored there
// again, which changes nothing and makes sure that it is durable.
func (c *catchUp) emptySpool(ctx context.Context, p *plan) error {
	s := c.set
	if s.spool == nil {
		return nil
	}
	for _, name := range s.spool.queued() {
		size, ok := p.there[name]
		var err error
		switch {
		case ok && size == s.spool.length(name):
			err = c.confirm(ctx, name)
		case p.where[name] == 0:
			err = s.spool.look(ctx, name)
		default:
			err = c.dropStale(ctx, p, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// confirm makes sure that the copy holds an object of the spool.
func (c *catchUp) confirm(ctx context.Context, name string) error {
	data, err := readSmall(ctx, c.set.spool.queue, name, chunkstore.MaxPack*2)
	if errors.Is(err, fs.ErrNotExist) {
		return c.set.spool.forget(name) // another process was faster
	}
	if err != nil {
		return err
	}
	switch err := c.handle.driver.Put(ctx, name, data); {
	case errors.Is(err, fs.ErrExist):
		c.bad(c.to.Name, name, err)
		return nil
	case err != nil:
		return c.to.failed(ctx, c.handle, err)
	}
	return c.set.holds(ctx, name, []string{c.to.Name})
}

// dropStale ends the waiting of an index that no commit leads to, because its writer was
// stopped before it and took a later number since.
func (c *catchUp) dropStale(ctx context.Context, p *plan, name string) error {
	n := chunkstore.ParseName(name)
	commit := chunkstore.CommitName(n.Writer, n.Seq)
	_, there := p.there[commit]
	if n.Kind != chunkstore.IndexObject || there || p.where[commit] != 0 || c.set.spool.waits(commit) || n.Seq >= c.set.knownHeads()[n.Writer].Seq {
		return ctx.Err()
	}
	return c.set.spool.forget(name)
}
