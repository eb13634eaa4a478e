package telegram

import (
	"container/heap"
	"context"
	"sync"
)

// queued names work in the state.
type queued struct {
	key string
	workSize
}

// A queue hands out the keys of work, least first: so are they made, to put the
// newest first. It holds some 100 bytes for a page of messages. Safe for
// concurrent use.
type queue struct {
	mu     sync.Mutex
	keys   keyHeap
	closed bool
	wake   chan struct{} // holds one token if something changed
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) add(key string) {
	q.mu.Lock()
	heap.Push(&q.keys, key)
	q.mu.Unlock()
	q.signal()
}

// close says that nothing will be added any more.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next waits for a key; false when the queue is empty and closed. One goroutine
// at a time may wait.
func (q *queue) next(ctx context.Context) (key string, ok bool, err error) {
	for {
		q.mu.Lock()
		if len(q.keys) > 0 {
			key = heap.Pop(&q.keys).(string)
			q.mu.Unlock()
			return key, true, ctx.Err()
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return "", false, nil
		}
		select {
		case <-ctx.Done():
			return "", false, ctx.Err()
		case <-q.wake:
		}
	}
}

// keyHeap is a heap of strings, for package heap.
type keyHeap []string

func (h keyHeap) Len() int           { return len(h) }
func (h keyHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h keyHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *keyHeap) Push(x any)        { *h = append(*h, x.(string)) }
func (h *keyHeap) Pop() any {
	last := len(*h) - 1
	key := (*h)[last]
	(*h)[last] = ""
	*h = (*h)[:last]
	return key
}
