package chunkstore

import "sync"

// The capacities of chunk buffers in bytes. Photos and short texts fit into the first,
// nine in ten full chunks into the second; a buffer that turns out too small is
// exchanged for a larger one.
var bufferSizes = [...]int{128 << 10, 1536 << 10, MaxChunk}

// keptBuffers is how many unused buffers of each size are kept.
const keptBuffers = 8

// chunkBuffers lends buffers for the plaintext of chunks and takes them back.
type chunkBuffers struct {
	mu   sync.Mutex
	free [len(bufferSizes)][][]byte
}

// get returns an empty buffer with room for at least n ≤ MaxChunk bytes.
func (c *chunkBuffers) get(n int) []byte {
	class := 0
	for bufferSizes[class] < n {
		class++
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := len(c.free[class]); k > 0 {
		b := c.free[class][k-1]
		c.free[class] = c.free[class][:k-1]
		return b
	}
	return make([]byte, 0, bufferSizes[class])
}

// forget gives up the buffers that nobody uses.
func (c *chunkBuffers) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.free[:])
}

// put takes a buffer back; nobody may use it any more.
func (c *chunkBuffers) put(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for class, size := range bufferSizes {
		if cap(b) == size && len(c.free[class]) < keptBuffers {
			c.free[class] = append(c.free[class], b[:0])
		}
	}
}
