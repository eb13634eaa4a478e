package chunkstore

import (
	"container/list"
	"sync"

	"telekeep/crypto"
)

// A chunkCache keeps the chunks that were read last, up to a number of bytes. The
// slices in it are shared and never change.
type chunkCache struct {
	limit int

	mu    sync.Mutex
	bytes int
	order *list.List // of *cachedChunk, the latest first
	byID  map[crypto.ID]*list.Element
}

type cachedChunk struct {
	id   crypto.ID
	data []byte
}

func newChunkCache(limit int) *chunkCache {
	return &chunkCache{limit: limit, order: list.New(), byID: make(map[crypto.ID]*list.Element)}
}

func (c *chunkCache) get(id crypto.ID) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byID[id]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedChunk).data, true
}

func (c *chunkCache) put(id crypto.ID, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byID[id]; ok || len(data) > c.limit {
		return
	}
	c.byID[id] = c.order.PushFront(&cachedChunk{id, data})
	c.bytes += len(data)
	for c.bytes > c.limit {
		oldest := c.order.Remove(c.order.Back()).(*cachedChunk)
		delete(c.byID, oldest.id)
		c.bytes -= len(oldest.data)
	}
}
