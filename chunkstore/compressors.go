package chunkstore

import "sync"

// compressors lends compressors, one to each worker that needs one: it takes some 6 MiB,
// which a writer that has nothing to do should not hold.
type compressors struct {
	mu   sync.Mutex
	free []*compressor
}

func (c *compressors) get() (*compressor, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free); n > 0 {
		last := c.free[n-1]
		c.free = c.free[:n-1]
		return last, nil
	}
	return newCompressor()
}

// put takes a compressor back, and what it returned last is not valid any more.
func (c *compressors) put(one *compressor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, one)
}

// forget gives up the compressors that nobody uses.
func (c *compressors) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = nil
}
